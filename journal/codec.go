package journal

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/quoll/quoll/model"
)

// Below this size compression saves less than an entry header.
const minCompress = 256

// codec turns payloads into the content of entries and back. It is safe for
// concurrent use. What a journal does not use it does not allocate.
type codec struct {
	encoder func() (*zstd.Encoder, error)
	decoder func() (*zstd.Decoder, error)
	rooms   sync.Pool // of *[]byte, to encode into
	bodies  sync.Pool // of *loan, to decode into
}

func (c *codec) takeRoom() *[]byte {
	if room, ok := c.rooms.Get().(*[]byte); ok {
		return room
	}
	return new([]byte)
}

func newCodec() *codec {
	return &codec{
		// The fastest level keeps up with the disk, and audit records shrink several
		// times even so. The frame has a checksum of the body, see lend.
		encoder: sync.OnceValues(func() (*zstd.Encoder, error) {
			return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(true),
				zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
		}),
		// The limit makes the output no larger than the space given, whatever
		// the frame claims.
		decoder: sync.OnceValues(func() (*zstd.Decoder, error) {
			return zstd.NewReader(nil, zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxMemory(MaxBody))
		}),
	}
}

// content is an entry that has no place yet.
type content struct {
	payload model.Payload
	header  entryHeader
	meta    []byte
	stored  []byte
}

func (c *codec) encode(p *model.Payload) (content, error) {
	out := content{payload: *p, meta: encodeMetadata(p), stored: p.Body}
	out.header = entryHeader{kind: kindPayload, bodySize: int64(len(p.Body)), sha256: p.SHA256()}
	if len(p.Body) >= minCompress {
		encoder, err := c.encoder()
		if err != nil {
			return out, fmt.Errorf("prepare compression: %w", err)
		}
		room := c.takeRoom()
		*room = encoder.EncodeAll(p.Body, (*room)[:0])
		if len(*room) < len(p.Body)-len(p.Body)/8 {
			// It stays in memory for a while: no larger than it has to be.
			out.stored, out.header.encoding = slices.Clone(*room), encodingZstd
			out.payload.Packed = out.stored
		}
		c.rooms.Put(room)
	}
	out.header.metaSize = int64(len(out.meta))
	out.header.storedSize = int64(len(out.stored))
	return out, nil
}

// decode returns the payload of an entry whose content has been read. It shares
// memory with the content.
func (c *codec) decode(h *entryHeader, contents []byte) (Entry, error) {
	e, stored, err := begin(h, contents)
	if err != nil {
		return e, err
	}
	e.Payload.Body = stored
	if h.encoding == encodingZstd {
		if e.Payload.Body, err = c.unpack(stored, make([]byte, 0, h.bodySize)); err != nil {
			return e, err
		}
		e.Payload.Packed = stored
	}
	return e, checkBody(h, e.Payload.Body)
}

// begin returns an entry without its body, and the body as stored.
func begin(h *entryHeader, contents []byte) (e Entry, stored []byte, err error) {
	e = Entry{Position: h.position, SHA256: h.sha256}
	return e, contents[h.metaSize:], decodeMetadata(contents[:h.metaSize], &e.Payload)
}

func (c *codec) unpack(stored, room []byte) ([]byte, error) {
	decoder, err := c.decoder()
	if err != nil {
		return nil, fmt.Errorf("prepare decompression: %w", err)
	}
	body, err := decoder.DecodeAll(stored, room)
	if err != nil {
		return nil, fmt.Errorf("body cannot be decompressed: %w", err)
	}
	return body, nil
}

func checkBody(h *entryHeader, body []byte) error {
	if int64(len(body)) != h.bodySize || sha256.Sum256(body) != h.sha256 {
		return errNotAsWritten
	}
	return nil
}

var errNotAsWritten = errors.New("body does not have the hash it was written with")

// check returns ErrTooLarge for a payload the journal does not take.
func check(p *model.Payload) error {
	switch {
	case len(p.Body) > MaxBody:
		return fmt.Errorf("%w: body of %q has %d bytes, the limit is %d", ErrTooLarge, p.Name, len(p.Body), MaxBody)
	case len(p.Name) > MaxName:
		return fmt.Errorf("%w: a name has %d bytes, the limit is %d", ErrTooLarge, len(p.Name), MaxName)
	}
	for _, label := range []string{p.Tenant, string(p.Source), string(p.Format), p.ContentType} {
		if len(label) > MaxLabel {
			return fmt.Errorf("%w: a label of %q has %d bytes, the limit is %d", ErrTooLarge, p.Name, len(label), MaxLabel)
		}
	}
	return nil
}
