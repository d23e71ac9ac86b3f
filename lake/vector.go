package lake

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/quoll/quoll/schema"
)

// vector collects the values of one column and becomes an Arrow array. It is
// filled sparsely: pad makes up for the rows that had no value, all at once,
// so that a column that a record does not use costs nothing per record.
// Arrow's own builders want a call per row and column, which for tables of a
// hundred columns of which a record fills twenty is most of the work.
type vector struct {
	kind kind
	text bool // absent is "" and not null
	n    int  // values so far
	null int  // nulls among them

	offsets []int32 // kindText: 0, and the end of each value in data
	data    []byte
	i32     []int32
	i64     []int64 // kindInt64, kindTime
	f64     []float64
	bits    []byte // kindBool
	valid   []byte // bitmap; nil as long as nothing is null
}

// newVector returns an empty vector.
func newVector(c column) *vector {
	v := &vector{kind: c.kind, text: c.text || c.hidden}
	if c.kind == kindText {
		v.offsets = []int32{0}
	}
	return v
}

// reserve makes room in an empty vector for that many values and, in a text column, that
// many bytes, and somewhat more.
func (v *vector) reserve(values, bytes int) {
	values += values / 16
	switch v.kind {
	case kindText:
		v.offsets = slices.Grow(v.offsets, values)
		v.data = slices.Grow(v.data, bytes+bytes/16)
	case kindInt32:
		v.i32 = slices.Grow(v.i32, values)
	case kindFloat64:
		v.f64 = slices.Grow(v.f64, values)
	case kindInt64, kindTime:
		v.i64 = slices.Grow(v.i64, values)
	}
}

// pad adds absent values until the vector has n.
func (v *vector) pad(n int) {
	count := n - v.n
	if count <= 0 {
		return
	}
	if !v.text {
		v.markNull(count)
	}
	switch v.kind {
	case kindText:
		end := int32(len(v.data))
		v.offsets = slices.Grow(v.offsets, count)
		for range count {
			v.offsets = append(v.offsets, end)
		}
	case kindInt32:
		v.i32 = append(v.i32, make([]int32, count)...)
	case kindInt64, kindTime:
		v.i64 = append(v.i64, make([]int64, count)...)
	case kindFloat64:
		v.f64 = append(v.f64, make([]float64, count)...)
	case kindBool:
		v.bits = growBits(v.bits, n)
	}
	v.n = n
}

// markNull notes that the next count values are null.
func (v *vector) markNull(count int) {
	if v.valid == nil {
		v.valid = growBits(nil, v.n+count)
		bitutil.SetBitsTo(v.valid, 0, int64(v.n), true)
	} else {
		v.valid = growBits(v.valid, v.n+count)
	}
	v.null += count
}

func (v *vector) markValid() {
	if v.valid != nil {
		v.valid = growBits(v.valid, v.n+1)
		bitutil.SetBit(v.valid, v.n)
	}
	v.n++
}

// growBits returns b with room for n bits; new bits are zero.
func growBits(b []byte, n int) []byte {
	if need := (n + 7) / 8; need > len(b) {
		b = append(b, make([]byte, need-len(b))...)
	}
	return b
}

// add appends a value that is not null. A value of another type than the
// column's is taken as null: normalise is wrong then, and a wrong number would
// be worse than none.
func (v *vector) add(value schema.Value) {
	if kindOf(value.Type()) != v.kind || value.IsNull() {
		v.pad(v.n + 1)
		return
	}
	switch v.kind {
	case kindText:
		v.addText(value.Text())
	case kindInt32:
		v.i32 = append(v.i32, int32(value.Int64()))
		v.markValid()
	case kindFloat64:
		v.f64 = append(v.f64, value.Float64())
		v.markValid()
	case kindBool:
		v.addBool(value.IsTrue())
	default:
		v.addInt64(value.Int64())
	}
}

// addText replaces what is no UTF-8: one such value makes engines refuse the
// whole file.
func (v *vector) addText(s string) {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	v.addValid(s)
}

// addValid appends a text that is known to be valid UTF-8.
func (v *vector) addValid(s string) {
	v.data = append(v.data, s...)
	v.offsets = append(v.offsets, int32(len(v.data)))
	v.markValid()
}

func (v *vector) addInt64(i int64) {
	v.i64 = append(v.i64, i)
	v.markValid()
}

func (v *vector) addBool(b bool) {
	v.setBit(b)
	v.markValid()
}

// clear makes the vector empty, in the memory that it has. Arrays of it must not be
// read any more.
func (v *vector) clear() {
	v.n, v.null = 0, 0
	if v.offsets != nil {
		v.offsets = v.offsets[:1]
	}
	v.data, v.i32, v.i64, v.f64, v.bits, v.valid = v.data[:0], v.i32[:0], v.i64[:0], v.f64[:0], v.bits[:0], nil
}

// array hands the values over to an Arrow array, in memory that fits if asked for.
// The vector must not be used as long as the array is. Memory is Go's: the garbage
// collector takes it when no batch refers to it, and nobody needs to release
// anything.
func (v *vector) array(fit bool) arrow.Array {
	var valid *memory.Buffer
	if v.null > 0 {
		valid = memory.NewBufferBytes(v.valid)
	}
	buffers := []*memory.Buffer{valid, nil}
	switch v.kind {
	case kindText:
		buffers[1] = memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(fitted(v.offsets, fit)))
		buffers = append(buffers, memory.NewBufferBytes(fitted(v.data, fit)))
	case kindInt32:
		buffers[1] = memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(fitted(v.i32, fit)))
	case kindFloat64:
		buffers[1] = memory.NewBufferBytes(arrow.Float64Traits.CastToBytes(fitted(v.f64, fit)))
	case kindBool:
		buffers[1] = memory.NewBufferBytes(v.bits)
	default:
		buffers[1] = memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(fitted(v.i64, fit)))
	}
	data := array.NewData(v.kind.arrowType(), v.n, buffers, nil, v.null, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// absentArray returns a column of absent values over zeros, of which there must be
// eight bytes for each row and one more.
func absentArray(k kind, text bool, rows int, zeros []byte) arrow.Array {
	nulls := 0
	buffers := []*memory.Buffer{nil, nil}
	if !text {
		nulls = rows
		buffers[0] = memory.NewBufferBytes(zeros[:(rows+7)/8])
	}
	switch k {
	case kindText:
		buffers[1] = memory.NewBufferBytes(zeros[:4*(rows+1)])
		buffers = append(buffers, memory.NewBufferBytes([]byte{}))
	case kindBool:
		buffers[1] = memory.NewBufferBytes(zeros[:(rows+7)/8])
	default:
		buffers[1] = memory.NewBufferBytes(zeros[:int64(rows)*k.width()])
	}
	data := array.NewData(k.arrowType(), rows, buffers, nil, nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// fitted returns values in memory of which they fill at least half, if asked for.
func fitted[T any](values []T, fit bool) []T {
	if fit && cap(values) > 2*len(values) {
		return append([]T{}, values...)
	}
	return values
}

// setBit stores a bool at the end without counting it.
func (v *vector) setBit(b bool) {
	v.bits = growBits(v.bits, v.n+1)
	if b {
		bitutil.SetBit(v.bits, v.n)
	}
}
