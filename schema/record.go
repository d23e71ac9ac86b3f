package schema

import (
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"unsafe"
)

// Cell is a value in a column, named by its position in the table.
type Cell struct {
	Column int
	Value  Value
}

// Row is one row of a table: a place in a sheet, or cells by themselves. It is
// sparse: a string column without a value is "", any other column without a value
// is null. No column has two cells.
type Row struct {
	Table *Table
	Cells []Cell // none of a row in a sheet

	sheet *Sheet
	at    uint32
}

// Value returns the value of the column at that position, null when the row
// has none.
func (r *Row) Value(column int) Value {
	if r.sheet != nil {
		return r.sheet.value(column, r.at)
	}
	for i := range r.Cells {
		if r.Cells[i].Column == column {
			return r.Cells[i].Value
		}
	}
	return Value{}
}

// All goes through the values that are not null, in any order.
func (r *Row) All() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		for _, c := range r.Cells {
			if !c.Value.IsNull() && !yield(c.Column, c.Value) {
				return
			}
		}
		if r.sheet == nil {
			return
		}
		for _, column := range r.sheet.used {
			if v := r.sheet.value(column, r.at); !v.IsNull() && !yield(column, v) {
				return
			}
		}
	}
}

// InSheet returns the sheet that the row is in and which of its rows it is; nil
// for a row of cells.
func (r *Row) InSheet() (s *Sheet, at int) { return r.sheet, int(r.at) }

// Key is the identity of a raw record: the first 16 bytes of a SHA-256 over
// its tenant, kind and ids.
type Key [16]byte

// Digest tells contents of a record apart: the first 8 bytes of SHA-256 over
// its canonical JSON. Records of equal content have equal digests, whatever
// the order of their keys and the space between them.
type Digest [8]byte

// Record is the rows that one raw record became, over all tables.
type Record struct {
	Key    Key
	Digest Digest
	Rows   []Row
}

// NewKey returns the key of a record: parts are written one after the other,
// each behind its length as a big-endian 32-bit number, and hashed. The first
// parts are the tenant and the kind of record, the rest what tells records of
// that kind apart.
func NewKey(parts ...string) Key {
	buffer := make([]byte, 0, 256)
	size := 0
	for _, part := range parts {
		size += 4 + len(part)
	}
	if size <= cap(buffer) {
		for _, part := range parts {
			buffer = binary.BigEndian.AppendUint32(buffer, uint32(len(part)))
			buffer = append(buffer, part...)
		}
		sum := sha256.Sum256(buffer)
		return Key(sum[:16])
	}
	hash := sha256.New()
	for _, part := range parts {
		buffer = binary.BigEndian.AppendUint32(buffer, uint32(len(part)))
		if len(part) > cap(buffer)-len(buffer) { // all of a record: not worth a copy
			hash.Write(buffer)
			hash.Write(unsafe.Slice(unsafe.StringData(part), len(part)))
			buffer = buffer[:0]
			continue
		}
		buffer = append(buffer, part...)
	}
	hash.Write(buffer)
	var sum [sha256.Size]byte
	hash.Sum(sum[:0])
	return Key(sum[:16])
}

// NewDigest returns the digest of a canonical text.
func NewDigest(canonical []byte) Digest {
	sum := sha256.Sum256(canonical)
	return Digest(sum[:8])
}
