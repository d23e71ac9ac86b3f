package parquetfile

import "encoding/binary"

// The types of Thrift's compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftI32    = 5
	thriftI64    = 6
	thriftBinary = 8
	thriftList   = 9
	thriftStruct = 12
)

// thrift writes structures in Thrift's compact protocol, in which the format
// has its headers and its footer. Fields are written in ascending order.
type thrift struct {
	buf  []byte
	last []int16 // number of the last field, of each open structure
}

func (t *thrift) reset() { t.buf, t.last = t.buf[:0], append(t.last[:0], 0) }

func (t *thrift) field(number int16, kind byte) {
	last := &t.last[len(t.last)-1]
	if delta := number - *last; delta > 0 && delta < 16 {
		t.buf = append(t.buf, byte(delta)<<4|kind)
	} else {
		t.buf = append(t.buf, kind)
		t.buf = binary.AppendVarint(t.buf, int64(number))
	}
	*last = number
}

func (t *thrift) int32(number int16, v int32) {
	t.field(number, thriftI32)
	t.buf = binary.AppendVarint(t.buf, int64(v))
}

func (t *thrift) int64(number int16, v int64) {
	t.field(number, thriftI64)
	t.buf = binary.AppendVarint(t.buf, v)
}

func (t *thrift) bool(number int16, v bool) {
	if v {
		t.field(number, thriftTrue)
	} else {
		t.field(number, thriftFalse)
	}
}

func (t *thrift) binary(number int16, v []byte) {
	t.field(number, thriftBinary)
	t.bytes(v)
}

func (t *thrift) bytes(v []byte) {
	t.buf = binary.AppendUvarint(t.buf, uint64(len(v)))
	t.buf = append(t.buf, v...)
}

// begin opens a structure in a field, end closes it.
func (t *thrift) begin(number int16) {
	t.field(number, thriftStruct)
	t.element()
}

// element opens a structure in a list.
func (t *thrift) element() { t.last = append(t.last, 0) }

func (t *thrift) end() {
	t.buf = append(t.buf, 0)
	t.last = t.last[:len(t.last)-1]
}

// list begins a list whose elements follow.
func (t *thrift) list(number int16, kind byte, size int) {
	t.field(number, thriftList)
	if size < 15 {
		t.buf = append(t.buf, byte(size)<<4|kind)
		return
	}
	t.buf = append(t.buf, 0xF0|kind)
	t.buf = binary.AppendUvarint(t.buf, uint64(size))
}

// varint writes a number in a list.
func (t *thrift) varint(v int64) { t.buf = binary.AppendVarint(t.buf, v) }
