package parquetpages

import (
	"encoding/binary"
	"fmt"
)

// header is what is in front of a page.
type header struct {
	kind, encoding, levels   int32
	values                   int64
	packed, unpacked, length int // bytes of the body, packed and not, and of the header
}

// Numbers of the format.
const (
	pageData       = 0
	pageDictionary = 2

	encodingPlain           = 0
	encodingPlainDictionary = 2
	encodingRLE             = 3
	encodingDictionary      = 8
)

// usualHeader is the length within which headers are, but for those with statistics, and
// maxHeader bounds how far the end of one is looked for.
const (
	usualHeader = 64
	maxHeader   = 256 << 10
)

// readHeader reads the header at a place, of a chunk that ends at end. read returns bytes
// of the file.
func readHeader(read func(at int64, length int) ([]byte, error), at, end int64) (h header, err error) {
	for length := int64(usualHeader); ; length *= 16 {
		buffer, err := read(at, int(min(length, end-at)))
		if err != nil {
			return header{}, fmt.Errorf("read page: %w", err)
		}
		t := thrift{buf: buffer}
		h = header{kind: -1}
		t.structure(func(field int16, kind byte) { h.field(&t, field, kind) })
		if t.damaged {
			return header{}, fmt.Errorf("%w: a header cannot be read", ErrDamaged)
		}
		if !t.short {
			h.length = t.at
			break
		}
		if int64(len(buffer)) == end-at {
			return header{}, fmt.Errorf("%w: a header does not end", ErrDamaged)
		}
		if length > maxHeader {
			return header{}, fmt.Errorf("%w: a header has more than %d bytes", ErrUnsupported, length)
		}
	}
	if h.packed < 0 || h.unpacked < 0 || h.values < 0 || at+int64(h.length)+int64(h.packed) > end {
		return header{}, fmt.Errorf("%w: a page is longer than its column", ErrDamaged)
	}
	if h.unpacked > maxPage || h.packed > maxPage {
		return header{}, fmt.Errorf("%w: a page has %d bytes", ErrUnsupported, h.unpacked)
	}
	return h, nil
}

func (h *header) field(t *thrift, field int16, kind byte) {
	switch {
	case kind == thriftI32 && field == 1:
		h.kind = int32(t.number())
	case kind == thriftI32 && field == 2:
		h.unpacked = int(t.number())
	case kind == thriftI32 && field == 3:
		h.packed = int(t.number())
	case kind == thriftStruct && (field == 5 || field == 7): // of a data page, of a dictionary
		t.structure(func(field int16, kind byte) {
			switch {
			case kind == thriftI32 && field == 1:
				h.values = t.number()
			case kind == thriftI32 && field == 2:
				h.encoding = int32(t.number())
			case kind == thriftI32 && field == 3:
				h.levels = int32(t.number())
			default:
				t.pass(kind)
			}
		})
	default:
		t.pass(kind)
	}
}

// The types of Thrift's compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftStruct = 12
)

// thrift reads structures in Thrift's compact protocol. What is short, or damaged, reads
// as ends.
type thrift struct {
	buf            []byte
	at             int
	deep           int
	short, damaged bool
}

func (t *thrift) ends() bool { return t.short || t.damaged }

func (t *thrift) byte() byte {
	if t.at >= len(t.buf) {
		t.short = true
		return 0
	}
	t.at++
	return t.buf[t.at-1]
}

func (t *thrift) unsigned() uint64 {
	v, n := binary.Uvarint(t.buf[min(t.at, len(t.buf)):])
	if n <= 0 {
		t.short, t.damaged = n == 0, n < 0
		return 0
	}
	t.at += n
	return v
}

func (t *thrift) number() int64 {
	v := t.unsigned()
	return int64(v>>1) ^ -int64(v&1)
}

// structure hands over the fields of a structure, each of which is to be read.
func (t *thrift) structure(field func(number int16, kind byte)) {
	if t.deep++; t.deep > 8 {
		t.damaged = true
	}
	number := int16(0)
	for !t.ends() {
		b := t.byte()
		if b == 0 {
			break
		}
		if delta := b >> 4; delta > 0 {
			number += int16(delta)
		} else {
			number = int16(t.number())
		}
		field(number, b&15)
	}
	t.deep--
}

// pass reads past a value.
func (t *thrift) pass(kind byte) {
	switch kind {
	case thriftTrue, thriftFalse:
	case thriftByte:
		t.byte()
	case thriftI16, thriftI32, thriftI64:
		t.unsigned()
	case thriftDouble:
		t.advance(8)
	case thriftBinary:
		t.advance(t.unsigned())
	case thriftStruct:
		t.structure(func(_ int16, kind byte) { t.pass(kind) })
	case thriftList, thriftSet:
		if t.deep++; t.deep > 8 {
			t.damaged = true
			return
		}
		b := t.byte()
		size := uint64(b >> 4)
		if size == 15 {
			size = t.unsigned()
		}
		for ; size > 0 && !t.ends(); size-- {
			if kind := b & 15; kind == thriftTrue || kind == thriftFalse {
				t.byte()
			} else {
				t.pass(kind)
			}
		}
		t.deep--
	default:
		t.damaged = true
	}
}

func (t *thrift) advance(n uint64) {
	if n > uint64(len(t.buf)-t.at) {
		t.short = true
		return
	}
	t.at += int(n)
}
