package journal

import (
	"context"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
)

// Lend is Read for who needs the body of an entry only until something has been made
// of it. It is lent: whoever has the entry calls GiveBack once, when nothing refers to
// the body any more, and need not if something still does. Payload.Packed is nil where
// the entry comes from disk.
//
// What is read from disk is checked by two checksums that do not depend on each other:
// that of the entry, over the bytes stored, and that of the zstd frame, over the body.
// SHA256 is as it was written. Where a frame has none, as of entries of before, and
// where there is no frame, the body is held against SHA256, as Read does always.
func (j *Journal) Lend(ctx context.Context, after Position, yield func(Entry) error) error {
	return j.read(ctx, after, true, yield)
}

// loan is the memory of a body that is lent. It goes back when the last of its holders
// gives it back: one who does not keeps it from all others, and it is the garbage
// collector's.
type loan struct {
	holders atomic.Int32
	codec   *codec
	room    []byte // to decode into; nil for a body that was appended
	free    func() // of a body that was appended
}

// maxLoan is the largest body whose memory is kept for the next, in bytes: larger ones
// are rare, and would stay.
const maxLoan = 4 << 20

// GiveBack lets the memory of the body be used for another, if it was lent and nobody
// else has it. Neither the body nor a view of it may be used afterwards. What Read gives
// may be given back too.
func (e *Entry) GiveBack() {
	l := e.loan
	if l == nil {
		return
	}
	e.loan, e.Payload.Body = nil, nil
	l.giveBack()
}

func (l *loan) giveBack() {
	if l.holders.Add(-1) != 0 {
		return
	}
	if l.free != nil {
		l.free()
		return
	}
	if cap(l.room) <= maxLoan {
		l.codec.bodies.Put(l)
	}
}

// lendAppended returns an entry that was appended, whose body its maker wants back if
// there is a loan. The caller is the first holder.
func lendAppended(n *note) Entry {
	e := Entry{Position: n.header.position, SHA256: n.header.sha256, Payload: n.payload}
	if free := e.Payload.Free; free != nil {
		e.Payload.Free = nil
		e.loan = &loan{free: free}
		e.loan.holders.Store(1)
	}
	return e
}

// borrow returns memory for a body of that many bytes.
func (c *codec) borrow(size int64) *loan {
	l, ok := c.bodies.Get().(*loan)
	if !ok {
		l = &loan{codec: c}
	}
	if int64(cap(l.room)) < size {
		l.room = make([]byte, 0, size+size/8) // the next is rarely of the same size
	}
	l.holders.Store(1)
	return l
}

// lend is decode into memory that comes back. The content can be used again, unless the
// entry is kept: then it shares memory with it.
func (c *codec) lend(h *entryHeader, contents []byte) (e Entry, kept bool, err error) {
	if h.encoding != encodingZstd {
		e, err = c.decode(h, contents)
		return e, true, err
	}
	e, stored, err := begin(h, contents)
	if err != nil {
		return e, false, err
	}
	l := c.borrow(h.bodySize)
	// The capacity bounds what is decoded, whatever the frame claims.
	body, err := c.unpack(stored, l.room[:0:h.bodySize])
	if err != nil {
		return e, false, err
	}
	e.loan, e.Payload.Body = l, body
	if !isSummed(stored) {
		return e, false, checkBody(h, body)
	}
	if int64(len(body)) != h.bodySize {
		return e, false, errNotAsWritten
	}
	return e, false, nil
}

// isSummed says that a frame has a checksum of its content, which was checked when it
// was unpacked.
func isSummed(frame []byte) bool {
	var h zstd.Header
	return h.Decode(frame) == nil && h.HasCheckSum
}
