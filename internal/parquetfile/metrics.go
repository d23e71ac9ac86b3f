package parquetfile

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
)

// ColumnMetrics is what a file holds of a column.
type ColumnMetrics struct {
	Bytes         int64 // compressed, with the headers of pages
	Values, Nulls int64 // Values counts nulls as well
	// Low and High are the least and the greatest value, plain as in a page and
	// texts without their length; nil unless every value is between them.
	Low, High []byte
}

// Metrics returns what the file holds of each column, and the offsets at which
// its row groups begin. It is to be called after Close.
func (w *Writer) Metrics() (columns []ColumnMetrics, splits []int64) {
	columns = make([]ColumnMetrics, len(w.columns))
	for i, c := range w.columns {
		bounded := true
		for _, g := range w.groups {
			m := g.chunks[i]
			columns[i].Bytes += m.compressed
			columns[i].Values += m.totalRows
			columns[i].Nulls += m.totalNulls
			switch {
			case m.totalNulls == m.totalRows:
			case m.low == nil:
				bounded = false
			default:
				columns[i].widen(c.Kind, m.low, m.high)
			}
		}
		if !bounded {
			columns[i].Low, columns[i].High = nil, nil
		}
	}
	for _, g := range w.groups {
		splits = append(splits, g.chunks[0].start())
	}
	return columns, splits
}

func (m *ColumnMetrics) widen(kind Kind, low, high []byte) {
	if m.Low == nil || compareValues(kind, low, m.Low) < 0 {
		m.Low = low
	}
	if m.High == nil || compareValues(kind, high, m.High) > 0 {
		m.High = high
	}
}

// compareValues compares two values as bounds have them.
func compareValues(kind Kind, a, b []byte) int {
	switch kind {
	case Text, Bool:
		return bytes.Compare(a, b)
	case Int32:
		return cmp.Compare(int32(binary.LittleEndian.Uint32(a)), int32(binary.LittleEndian.Uint32(b)))
	case Float64:
		return cmp.Compare(math.Float64frombits(binary.LittleEndian.Uint64(a)), math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	return cmp.Compare(int64(binary.LittleEndian.Uint64(a)), int64(binary.LittleEndian.Uint64(b)))
}
