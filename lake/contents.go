package lake

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/quoll/quoll/schema"
)

// Sum stands for the values of a row: the first 16 bytes of a SHA-256 over the
// columns that have one, but TimeGenerated, which stands beside it, and Type,
// which names the table. A row that is stored and one that is made again of its
// record have the same sum, as long as the mapping is the same.
type Sum [16]byte

// Content is what one row of a table holds, in short.
type Content struct {
	Key      schema.Key
	Digest   schema.Digest
	Position uint64
	// Time is TimeGenerated, in microseconds since 1970 in UTC. The row has none
	// of its own where it is the time of ingestion.
	Time    int64
	OwnTime bool
	Sum     Sum
}

// Contents hands over every row that a table holds at this moment, in files and
// in memory, whatever is written meanwhile. A file that is missing or damaged is
// told to broken, and the rest of the table is read; rows of it may have been
// handed over before.
func (l *Lake) Contents(ctx context.Context, name string, use func(Content) error, broken func(path string, err error)) error {
	set, err := l.Acquire(name)
	if err != nil {
		return err
	}
	defer set.Release()
	columns := columnsOf(set.Table)
	summer := newSummer(set.Table, columns)
	for _, f := range set.Files {
		err := l.files.readBatches(ctx, f, columns, func(b batch) error { return summer.batch(b.records, use) })
		if errors.Is(err, ErrDamaged) || errors.Is(err, fs.ErrNotExist) {
			broken(f.Path, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("read table %s: %w", name, err)
		}
	}
	for _, f := range set.Fresh {
		if err := summer.batch(f.Batch, use); err != nil {
			return fmt.Errorf("read table %s: %w", name, err)
		}
	}
	return nil
}

// ContentOf returns what the row of a record will hold once it is stored. It is
// not its own time where the row has none.
func ContentOf(r *schema.Record, row *schema.Row, position uint64) Content {
	c := Content{Key: r.Key, Digest: r.Digest, Position: position}
	timeColumn, _ := row.Table.Column(row.Table.TimeColumn)
	if at := row.Value(timeColumn); at.Type() == row.Table.Columns[timeColumn].Type {
		c.Time, c.OwnTime = at.Int64(), true
	}
	var text []byte
	for i, column := range row.Table.Columns {
		if i == timeColumn || column.Name == typeColumn {
			continue
		}
		text = appendValue(text, i, kindOf(column.Type), row.Value(i))
	}
	c.Sum = sumOf(text)
	return c
}

// typeColumn names the table in each of its rows.
const typeColumn = "Type"

func sumOf(text []byte) Sum {
	sum := sha256.Sum256(text)
	return Sum(sum[:])
}

// appendValue appends a column's value as vector.add stores it: what is absent,
// null, empty or of another type, says nothing.
func appendValue(text []byte, column int, k kind, value schema.Value) []byte {
	if value.IsNull() || kindOf(value.Type()) != k {
		return text
	}
	switch k {
	case kindText:
		s := value.Text()
		if !utf8.ValidString(s) {
			s = strings.ToValidUTF8(s, "\uFFFD")
		}
		return appendText(text, column, s)
	case kindFloat64:
		return appendNumber(text, column, math.Float64bits(value.Float64()))
	case kindBool:
		return appendNumber(text, column, numberOf(value.IsTrue()))
	case kindInt32:
		return appendNumber(text, column, uint64(int64(int32(value.Int64()))))
	}
	return appendNumber(text, column, uint64(value.Int64()))
}

func appendText(text []byte, column int, s string) []byte {
	if s == "" {
		return text
	}
	text = binary.BigEndian.AppendUint16(text, uint16(column))
	text = binary.BigEndian.AppendUint32(text, uint32(len(s)))
	return append(text, s...)
}

func appendNumber(text []byte, column int, bits uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint16(text, uint16(column)), bits)
}

func numberOf(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// summer reads what is stored.
type summer struct {
	columns []column
	time    int
	kind    int // position of Type, or -1
	text    []byte
}

func newSummer(t *schema.Table, columns []column) *summer {
	s := &summer{columns: columns, kind: -1}
	s.time, _ = t.Column(t.TimeColumn)
	if i, ok := t.Column(typeColumn); ok {
		s.kind = i
	}
	return s
}

func (s *summer) batch(r arrow.RecordBatch, use func(Content) error) error {
	hidden := len(s.columns) - hiddenColumns
	ingested, times := r.Column(hidden).(*array.Timestamp), r.Column(s.time).(*array.Timestamp)
	high, low := r.Column(hidden+1).(*array.Int64), r.Column(hidden+2).(*array.Int64)
	digest, position := r.Column(hidden+3).(*array.Int64), r.Column(hidden+4).(*array.Int64)
	for row := range int(r.NumRows()) {
		s.text = s.text[:0]
		for i := range hidden {
			if i != s.time && i != s.kind {
				s.text = appendStored(s.text, i, r.Column(i), row)
			}
		}
		c := Content{Position: uint64(position.Value(row)), Time: int64(times.Value(row)), Sum: sumOf(s.text)}
		c.OwnTime = c.Time != int64(ingested.Value(row))
		c.Key, c.Digest = keyOf(high.Value(row), low.Value(row), digest.Value(row))
		if err := use(c); err != nil {
			return err
		}
	}
	return nil
}

// appendStored is appendValue for a value in a column.
func appendStored(text []byte, column int, values arrow.Array, row int) []byte {
	if values.IsNull(row) {
		return text
	}
	switch a := values.(type) {
	case *array.String:
		return appendText(text, column, a.Value(row))
	case *array.Int32:
		return appendNumber(text, column, uint64(int64(a.Value(row))))
	case *array.Int64:
		return appendNumber(text, column, uint64(a.Value(row)))
	case *array.Float64:
		return appendNumber(text, column, math.Float64bits(a.Value(row)))
	case *array.Boolean:
		return appendNumber(text, column, numberOf(a.Value(row)))
	case *array.Timestamp:
		return appendNumber(text, column, uint64(a.Value(row)))
	}
	return text
}
