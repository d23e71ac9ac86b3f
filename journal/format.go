package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/quoll/quoll/model"
)

// The layout of docs/formats/journal.md. Integers are little endian.
const (
	segmentMagic  = "QUOLLJNL"
	formatVersion = 1
	headerSize    = 40

	entryMagic      = "QJE1"
	entryHeaderSize = 80

	// A metadata block has five strings and three numbers with a tag and a
	// length each.
	maxMetadata = MaxName + 4*MaxLabel + 128
)

type kind uint8

const (
	kindPayload kind = 1
	kindMark    kind = 2 // says only up to where the segment is durable
)

type encoding uint8

const (
	encodingIdentity encoding = 0
	encodingZstd     encoding = 1
)

type salt [8]byte

// castagnoli is a constant: crc32 builds the table once and never changes it.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is CRC-32C over the segment's salt and the parts. The salt is random,
// so that neither the bytes of an older file nor a payload made to look like an
// entry pass for one.
func (s salt) checksum(parts ...[]byte) uint32 {
	sum := crc32.Update(0, castagnoli, s[:])
	for _, p := range parts {
		sum = crc32.Update(sum, castagnoli, p)
	}
	return sum
}

func encodeSegmentHeader(first Position, s salt) []byte {
	b := make([]byte, headerSize)
	copy(b, segmentMagic)
	binary.LittleEndian.PutUint32(b[8:], formatVersion)
	binary.LittleEndian.PutUint32(b[12:], headerSize)
	binary.LittleEndian.PutUint64(b[16:], uint64(first))
	copy(b[24:32], s[:])
	binary.LittleEndian.PutUint32(b[36:], crc32.Checksum(b[:36], castagnoli))
	return b
}

func decodeSegmentHeader(b []byte) (first Position, s salt, err error) {
	if len(b) < headerSize {
		return 0, s, fmt.Errorf("segment header has %d of %d bytes", len(b), headerSize)
	}
	b = b[:headerSize]
	if string(b[:8]) != segmentMagic {
		return 0, s, errors.New("not a journal segment: magic is wrong")
	}
	if binary.LittleEndian.Uint32(b[36:]) != crc32.Checksum(b[:36], castagnoli) {
		return 0, s, errors.New("checksum of the segment header is wrong")
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != formatVersion {
		return 0, s, fmt.Errorf("segment has format version %d, this program reads %d", v, formatVersion)
	}
	if binary.LittleEndian.Uint32(b[12:]) != headerSize || binary.LittleEndian.Uint32(b[32:]) != 0 {
		return 0, s, errors.New("segment header has fields this program does not know")
	}
	copy(s[:], b[24:32])
	return Position(binary.LittleEndian.Uint64(b[16:])), s, nil
}

// entryHeader is the fixed part of an entry.
type entryHeader struct {
	kind       kind
	encoding   encoding
	metaSize   int64
	storedSize int64 // bytes of the body as stored
	bodySize   int64 // bytes of the body as received
	position   Position
	durable    int64 // bytes of the segment that were durable when this was written
	sha256     [32]byte
	contentSum uint32
}

func (h *entryHeader) size() int64 { return entryHeaderSize + h.metaSize + h.storedSize }

func (h *entryHeader) append(dst []byte, s salt) []byte {
	at := len(dst)
	dst = append(dst, entryMagic...)
	dst = binary.LittleEndian.AppendUint32(dst, 0) // the header's checksum, below
	dst = binary.LittleEndian.AppendUint32(dst, h.contentSum)
	dst = append(dst, byte(h.kind), byte(h.encoding), 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(h.metaSize))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(h.storedSize))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(h.bodySize))
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.position))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.durable))
	dst = append(dst, h.sha256[:]...)
	binary.LittleEndian.PutUint32(dst[at+4:], s.checksum(dst[at+8:]))
	return dst
}

// decodeEntryHeader reads the header of the entry at a byte offset and checks
// everything that can be checked without the content.
func decodeEntryHeader(b []byte, s salt, offset int64) (entryHeader, error) {
	var h entryHeader
	if len(b) < entryHeaderSize {
		return h, fmt.Errorf("entry header has %d of %d bytes", len(b), entryHeaderSize)
	}
	b = b[:entryHeaderSize]
	if string(b[:4]) != entryMagic {
		return h, errors.New("magic of the entry is wrong")
	}
	if binary.LittleEndian.Uint32(b[4:]) != s.checksum(b[8:]) {
		return h, errors.New("checksum of the entry header is wrong")
	}
	h = entryHeader{
		contentSum: binary.LittleEndian.Uint32(b[8:]),
		kind:       kind(b[12]),
		encoding:   encoding(b[13]),
		metaSize:   int64(binary.LittleEndian.Uint32(b[16:])),
		storedSize: int64(binary.LittleEndian.Uint32(b[20:])),
		bodySize:   int64(binary.LittleEndian.Uint32(b[24:])),
		position:   Position(binary.LittleEndian.Uint64(b[32:])),
		durable:    int64(binary.LittleEndian.Uint64(b[40:])),
	}
	copy(h.sha256[:], b[48:])
	switch {
	case h.kind != kindPayload && h.kind != kindMark, h.encoding > encodingZstd,
		binary.LittleEndian.Uint16(b[14:]) != 0, binary.LittleEndian.Uint32(b[28:]) != 0:
		return h, errors.New("entry has fields this program does not know")
	case h.metaSize > maxMetadata, h.bodySize > MaxBody, h.storedSize > h.bodySize:
		return h, errors.New("entry has sizes out of range")
	case h.kind == kindMark && h.size() != entryHeaderSize:
		return h, errors.New("mark has content")
	case h.durable < headerSize || h.durable > offset:
		return h, errors.New("entry claims bytes durable that come after it")
	}
	return h, nil
}

// The tags of the metadata block. A field that is zero is left out.
const (
	tagTenant = iota + 1
	tagSource
	tagFormat
	tagContentType
	tagName
	tagOffset
	tagLine
	tagReceived
)

// encodeMetadata writes what is known about a payload as (tag, length, value)
// in ascending order of tags. Strings are kept byte for byte: names of files
// need not be UTF-8.
func encodeMetadata(p *model.Payload) []byte {
	var b []byte
	field := func(tag int, value []byte) {
		if len(value) > 0 {
			b = binary.AppendUvarint(b, uint64(tag))
			b = binary.AppendUvarint(b, uint64(len(value)))
			b = append(b, value...)
		}
	}
	number := func(tag int, value int64) {
		if value != 0 {
			field(tag, binary.AppendVarint(nil, value))
		}
	}
	field(tagTenant, []byte(p.Tenant))
	field(tagSource, []byte(p.Source))
	field(tagFormat, []byte(p.Format))
	field(tagContentType, []byte(p.ContentType))
	field(tagName, []byte(p.Name))
	number(tagOffset, p.Offset)
	number(tagLine, p.Line)
	if !p.Received.IsZero() {
		seconds := binary.AppendVarint(nil, p.Received.Unix())
		field(tagReceived, binary.AppendUvarint(seconds, uint64(p.Received.Nanosecond())))
	}
	return b
}

func decodeMetadata(b []byte, p *model.Payload) error {
	last := uint64(0)
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 || tag <= last {
			return errors.New("metadata has a bad tag")
		}
		last, b = tag, b[n:]
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return errors.New("metadata has a bad length")
		}
		value := b[n : n+int(size)]
		b = b[n+int(size):]
		if err := setMetadata(tag, value, p); err != nil {
			return err
		}
	}
	return nil
}

func setMetadata(tag uint64, value []byte, p *model.Payload) (err error) {
	switch tag {
	case tagTenant:
		p.Tenant = string(value)
	case tagSource:
		p.Source = model.Source(value)
	case tagFormat:
		p.Format = model.Format(value)
	case tagContentType:
		p.ContentType = string(value)
	case tagName:
		p.Name = string(value)
	case tagOffset:
		p.Offset, err = number(value)
	case tagLine:
		p.Line, err = number(value)
	case tagReceived:
		seconds, n := binary.Varint(value)
		nanos, m := uint64(0), 0
		if n > 0 {
			nanos, m = binary.Uvarint(value[n:])
		}
		if n <= 0 || m <= 0 || n+m != len(value) || nanos >= 1e9 {
			return errors.New("metadata has a bad time")
		}
		p.Received = time.Unix(seconds, int64(nanos)).UTC()
	default:
		return fmt.Errorf("metadata has tag %d, written by a newer version", tag)
	}
	return err
}

func number(value []byte) (int64, error) {
	v, n := binary.Varint(value)
	if n != len(value) {
		return 0, errors.New("metadata has a bad number")
	}
	return v, nil
}
