package parquetpages

import (
	"encoding/binary"
	"io"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
)

// What a Footer keeps is a few numbers for each column. The library makes objects of all
// else too, which takes it ten times as long, and a first question over a year opens some
// thousand files. So the numbers are read here, and whatever is not as our files are is
// left to the library.

const (
	// tailBytes are the length of the footer and the magic number at the end of a file.
	tailBytes = 8
	// usualFooter is how much of the end of a file is read at first, and maxFooter the
	// longest footer that is read here.
	usualFooter = 24 << 10
	maxFooter   = 4 << 20
	// maxColumns bounds the columns of a file, and maxChunks those of all row groups.
	maxColumns = 4 << 10
	maxChunks  = 256 << 10
)

// quickFooter reads the footer of a file; nil if it is not as expected.
func quickFooter(from Source) *Footer {
	body := footerBody(from)
	if body == nil {
		return nil
	}
	r := footerReader{thrift: thrift{buf: body}, f: &Footer{index: map[string]int{}}}
	r.file()
	if r.ends() || r.other || len(r.f.chunks) != len(r.f.rows)*len(r.f.columns) || len(r.f.bounds) != len(r.f.rows)*r.f.numbers {
		return nil
	}
	return r.f
}

// footerBody returns the bytes of the footer, nil if they cannot be had.
func footerBody(from Source) []byte {
	size, err := from.Seek(0, io.SeekEnd)
	if err != nil || size < tailBytes {
		return nil
	}
	end := make([]byte, min(size, usualFooter))
	if _, err := from.ReadAt(end, size-int64(len(end))); err != nil {
		return nil
	}
	tail := end[len(end)-tailBytes:]
	length := int64(binary.LittleEndian.Uint32(tail))
	if string(tail[4:]) != "PAR1" || length > maxFooter || length > size-tailBytes {
		return nil
	}
	if have := int64(len(end)) - tailBytes; length <= have {
		return end[have-length:][:length]
	}
	body := make([]byte, length)
	if _, err := from.ReadAt(body, size-tailBytes-length); err != nil {
		return nil
	}
	return body
}

// footerReader reads the structures of a footer. other says that it is none of ours.
type footerReader struct {
	thrift
	f        *Footer
	other    bool
	unsigned map[int]bool // columns of numbers whose order may be another
}

// list calls item for each item of a list of structures or of texts.
func (r *footerReader) list(kind byte, item func()) {
	if kind != thriftList {
		r.other = true
		r.pass(kind)
		return
	}
	head := r.byte()
	count := uint64(head >> 4)
	if count == 15 {
		count = r.thrift.unsigned()
	}
	if head&15 != thriftStruct {
		r.other = r.other || count > 0
		count = 0
	}
	for ; count > 0 && !r.ends() && !r.other; count-- {
		item()
	}
}

func (r *footerReader) file() {
	r.structure(func(field int16, kind byte) {
		switch {
		case r.other:
			r.pass(kind)
		case field == 2:
			first := true
			r.list(kind, func() { r.column(first); first = false })
		case field == 4:
			r.list(kind, r.rowGroup)
		default:
			r.pass(kind)
		}
	})
}

func (r *footerReader) text() string {
	length := r.thrift.unsigned()
	start := r.at
	if r.advance(length); r.ends() {
		return ""
	}
	return string(r.buf[start:r.at])
}

// column reads an element of the schema, of which the first is the root.
func (r *footerReader) column(root bool) {
	name, of, repetition, children, typed, unsigned := "", int64(0), int64(0), int64(0), false, false
	r.structure(func(field int16, kind byte) {
		switch {
		case field == 1 && kind == thriftI32:
			of, typed = r.number(), true
		case field == 3 && kind == thriftI32:
			repetition = r.number()
		case field == 4 && kind == thriftBinary:
			name = r.text()
		case field == 5 && kind == thriftI32:
			children = r.number()
		case field == 6 && kind == thriftI32:
			const first, last = 11, 14 // numbers without a sign
			converted := r.number()
			unsigned = unsigned || converted >= first && converted <= last
		case field == 10 && kind == thriftStruct:
			const integer = 10
			r.structure(func(field int16, kind byte) {
				unsigned = unsigned || field == integer
				r.pass(kind)
			})
		default:
			r.pass(kind)
		}
	})
	if root {
		r.other = r.other || children < 0 || children > maxColumns
		return
	}
	if _, twice := r.f.index[name]; twice || !typed || children != 0 || repetition < 0 || repetition > 1 || of < 0 || of > int64(parquet.Types.FixedLenByteArray) || len(r.f.columns) == maxColumns {
		r.other = true
		return
	}
	c := footerColumn{kind: parquet.Type(of), optional: repetition == 1, number: r.f.numbers}
	if c.kind == parquet.Types.Int64 {
		if unsigned {
			if r.unsigned == nil {
				r.unsigned = map[int]bool{}
			}
			r.unsigned[len(r.f.columns)] = true
		}
		r.f.numbers++
	}
	r.f.index[name] = len(r.f.columns)
	r.f.columns = append(r.f.columns, c)
}

func (r *footerReader) rowGroup() {
	rows, before := int64(-1), len(r.f.chunks)
	r.structure(func(field int16, kind byte) {
		switch {
		case r.other:
			r.pass(kind)
		case field == 1:
			r.list(kind, func() { r.chunk(len(r.f.chunks) - before) })
		case field == 3 && kind == thriftI64:
			rows = r.number()
		default:
			r.pass(kind)
		}
	})
	r.f.rows = append(r.f.rows, rows)
	r.other = r.other || rows < 0 || len(r.f.chunks)-before != len(r.f.columns) || len(r.f.chunks) > maxChunks
}

// chunk reads where a column of a row group is.
func (r *footerReader) chunk(column int) {
	if column >= len(r.f.columns) {
		r.other = true
		return
	}
	there := false
	r.structure(func(field int16, kind byte) {
		switch {
		case r.other:
			r.pass(kind)
		case field == 3 && kind == thriftStruct:
			r.other, there = there, true // one that comes twice is another column's
			r.place(column)
		case field == 1 || field >= 8: // in another file, or encrypted
			r.other = true
			r.pass(kind)
		default:
			r.pass(kind)
		}
	})
	r.other = r.other || !there
}

func (r *footerReader) place(column int) {
	var c footerChunk
	var of bounds
	kindOf, length, first, dictionary := int64(-1), int64(-1), int64(-1), int64(0)
	hasDictionary := false
	r.structure(func(field int16, kind byte) {
		switch {
		case field == 1 && kind == thriftI32:
			kindOf = r.number()
		case field == 4 && kind == thriftI32:
			c.codec = compress.Compression(r.number())
		case field == 6 && kind == thriftI64:
			c.unpacked = r.number()
		case field == 7 && kind == thriftI64:
			length = r.number()
		case field == 9 && kind == thriftI64:
			first = r.number()
		case field == 11 && kind == thriftI64:
			dictionary, hasDictionary = r.number(), true
		case field == 12 && kind == thriftStruct:
			of = r.bounds()
		case field == 14 && kind == thriftI64:
			c.bloom = r.number()
		case field == 15 && kind == thriftI32:
			c.bloomSize = int32(r.number())
		default:
			r.pass(kind)
		}
	})
	if c.next = first; hasDictionary {
		c.next = dictionary
	}
	if kindOf != int64(r.f.columns[column].kind) || length < 0 || c.next < 0 || c.next > 1<<60 || length > 1<<60 {
		r.other = true
		return
	}
	c.end = c.next + length
	r.f.chunks = append(r.f.chunks, c)
	if r.f.columns[column].kind == parquet.Types.Int64 {
		of.known = of.known && !r.unsigned[column]
		r.f.bounds = append(r.f.bounds, of)
	}
}

// bounds reads the least and the greatest number of statistics.
func (r *footerReader) bounds() (b bounds) {
	least, most := false, false
	number := func() (n int64, ok bool) {
		length := r.thrift.unsigned()
		start := r.at
		if r.advance(length); r.ends() || length != 8 {
			return 0, false
		}
		return int64(binary.LittleEndian.Uint64(r.buf[start:])), true
	}
	r.structure(func(field int16, kind byte) {
		switch {
		case field == 5 && kind == thriftBinary:
			b.most, most = number()
		case field == 6 && kind == thriftBinary:
			b.least, least = number()
		default:
			r.pass(kind)
		}
	})
	if b.known = least && most; !b.known {
		return bounds{}
	}
	return b
}
