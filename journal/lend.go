package journal

import (
	"context"

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

// loan is the memory of a body that is lent.
type loan struct {
	codec *codec
	room  []byte
}

// maxLoan is the largest body whose memory is kept for the next, in bytes: larger ones
// are rare, and would stay.
const maxLoan = 4 << 20

// GiveBack lets the memory of the body be used for another, if it was lent. Neither the
// body nor a view of it may be used afterwards.
func (e *Entry) GiveBack() {
	l := e.loan
	if l == nil {
		return
	}
	e.loan, e.Payload.Body = nil, nil
	if cap(l.room) <= maxLoan {
		l.codec.bodies.Put(l)
	}
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
