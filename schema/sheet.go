package schema

import (
	"slices"

	"github.com/quoll/quoll/kql/types"
)

// Sheet is rows of one table, column by column: normalise writes it while it
// reads a payload, and lake takes its columns over as they are. A row is begun,
// gets its values, and is ended; what was not ended is no row. It is for one
// goroutine at a time.
type Sheet struct {
	table  *Table
	series []Series // by column
	used   []int    // columns that have values, in the order of their first one
	ranks  []uint16 // by column: of the value of the row at work
	rows   int
	open   bool // a row is at work
}

// Series is the values of one column of a sheet.
type Series struct {
	// Rows are the rows that have a value, in their order.
	Rows []uint32
	// Text is the values of a text column one behind the other, Ends where each
	// one ends.
	Text []byte
	Ends []uint32
	// Views are the values of a dynamic column, which are long: they share memory
	// with the payload.
	Views []string
	// Bits are the values of all other columns, a number, a time or a boolean as
	// Value has it.
	Bits []uint64
	// Constant is the value of every row, where it is not null; all else is empty
	// then.
	Constant Value

	kind   types.Type
	class  class
	inUse  bool
	unsure bool // of some text or view it is not known whether it is UTF-8
}

// AreText says that all texts and Views are known to be valid UTF-8.
func (c *Series) AreText() bool { return !c.unsure }

// class is how the values of a column are kept.
type class uint8

const (
	classNone class = iota // no value
	classText
	classView
	classInt
	classLong
	classReal
	classBool
	classTime
)

func classOf(t types.Type) class {
	switch t {
	case types.Unknown:
		return classNone
	case types.Dynamic:
		return classView
	case types.Int:
		return classInt
	case types.Long, types.TimeSpan:
		return classLong
	case types.Real:
		return classReal
	case types.Bool:
		return classBool
	case types.DateTime:
		return classTime
	}
	return classText
}

// isText says that the values are texts, of which a column of either class takes
// those of the other.
func (c class) isText() bool { return c == classText || c == classView }

// NewSheet returns an empty sheet.
func NewSheet(t *Table) *Sheet {
	s := &Sheet{table: t, series: make([]Series, len(t.Columns)), ranks: make([]uint16, len(t.Columns))}
	for i, c := range t.Columns {
		s.series[i].kind, s.series[i].class = c.Type, classOf(c.Type)
	}
	return s
}

// Begin begins a row. A row that was begun and not ended is forgotten.
func (s *Sheet) Begin() {
	s.forget()
	s.open = true
}

func (s *Sheet) forget() {
	if !s.open {
		return
	}
	s.open = false
	for _, column := range s.used {
		if s.Has(column) {
			s.series[column].drop()
		}
	}
}

// Set gives the row at work a value. Of several values for a column the one of
// lowest rank counts, and the first of equal rank. A null, and a value that is not
// of the column's type, is none.
func (s *Sheet) Set(column int, v Value, rank int) {
	c := &s.series[column]
	if v.kind != c.kind && !c.fits(v.kind) {
		return
	}
	if s.takes(c, column, rank) {
		c.add(uint32(s.rows), v)
	}
}

// SetText is Set of a text that was read as JSON, for a column of a type that is kept as
// a text: it is known to be valid UTF-8, of which texts are most, and nobody need look
// again.
func (s *Sheet) SetText(column int, text string, rank int) {
	c := &s.series[column]
	if c.class != classText || !s.takes(c, column, rank) {
		return
	}
	c.Rows = append(c.Rows, uint32(s.rows))
	c.Text = append(c.Text, text...)
	c.Ends = append(c.Ends, uint32(len(c.Text)))
}

// SetParsed is SetText for a dynamic column.
func (s *Sheet) SetParsed(column int, text string, rank int) {
	c := &s.series[column]
	if c.class != classView || !s.takes(c, column, rank) {
		return
	}
	c.Rows = append(c.Rows, uint32(s.rows))
	c.Views = append(c.Views, text)
}

// fits says that values of a type may be kept with those of the column's.
func (c *Series) fits(t types.Type) bool {
	other := classOf(t)
	return other == c.class || other.isText() && c.class.isText()
}

// takes says that a value of a rank counts, and makes room for it.
func (s *Sheet) takes(c *Series, column, rank int) bool {
	if n := len(c.Rows); n > 0 && c.Rows[n-1] == uint32(s.rows) {
		if uint16(rank) >= s.ranks[column] {
			return false
		}
		c.drop()
	}
	if !c.inUse {
		c.inUse = true
		s.used = append(s.used, column)
	}
	s.ranks[column] = uint16(rank)
	return true
}

// Has says that the row at work has a value in a column.
func (s *Sheet) Has(column int) bool {
	c := &s.series[column]
	return len(c.Rows) > 0 && c.Rows[len(c.Rows)-1] == uint32(s.rows)
}

// Value returns the value that the row at work has in a column, null for none.
func (s *Sheet) Value(column int) Value { return s.value(column, uint32(s.rows)) }

// End ends the row at work.
func (s *Sheet) End() Row {
	s.open = false
	s.rows++
	return Row{Table: s.table, sheet: s, at: uint32(s.rows - 1)}
}

// Complete gives all rows these values in columns where they have none. It ends
// the sheet: no row may be begun afterwards.
func (s *Sheet) Complete(constants []Cell) {
	s.forget()
	for _, cell := range constants {
		c := &s.series[cell.Column]
		if !c.inUse {
			c.inUse = true
			s.used = append(s.used, cell.Column)
		}
		if len(c.Rows) == 0 {
			c.Constant = cell.Value
		} else if len(c.Rows) < s.rows {
			c.fill(cell.Value, s.rows)
		}
	}
}

// maxKept is the bytes that an empty sheet keeps for the rows to come.
const maxKept = 1 << 20

// Reset makes the sheet empty, and lets go of what it refers to. Its rows must not
// be in use.
func (s *Sheet) Reset() {
	room := maxKept
	for i := range s.series {
		c := &s.series[i]
		if c.inUse {
			c.reset()
		}
		if size := c.memory(); size > room {
			*c = Series{kind: c.kind, class: c.class}
		} else {
			room -= size
		}
	}
	s.used, s.rows, s.open = s.used[:0], 0, false
}

// Table returns the table of the rows.
func (s *Sheet) Table() *Table { return s.table }

// Len is how many rows were ended.
func (s *Sheet) Len() int { return s.rows }

// Used are the columns that have values in any row. The caller must not change
// them.
func (s *Sheet) Used() []int { return s.used }

// Series returns the values of a column, which the caller must not change.
func (s *Sheet) Series(column int) *Series { return &s.series[column] }

func (s *Sheet) value(column int, row uint32) Value {
	c := &s.series[column]
	if !c.Constant.IsNull() {
		return c.Constant
	}
	if i, ok := c.find(row); ok {
		return c.at(i)
	}
	return Value{}
}

// find returns the place of a row's value.
func (c *Series) find(row uint32) (int, bool) {
	if n := uint32(len(c.Rows)); row < n && c.Rows[row] == row { // every row before has one
		return int(row), true
	}
	return slices.BinarySearch(c.Rows, row)
}

// Between returns the places of the values of the rows from from to before to.
func (c *Series) Between(from, to uint32) (low, high int) {
	low, _ = c.find(from)
	if high = low + int(to-from); high <= len(c.Rows) && high > low && c.Rows[high-1] == to-1 {
		return low, high
	}
	high, _ = slices.BinarySearch(c.Rows, to)
	return low, high
}

// at returns the value at a place.
func (c *Series) at(i int) Value {
	switch c.class {
	case classText:
		start := uint32(0)
		if i > 0 {
			start = c.Ends[i-1]
		}
		return Value{kind: c.kind, text: string(c.Text[start:c.Ends[i]])}
	case classView:
		return Value{kind: c.kind, text: c.Views[i]}
	}
	return Value{kind: c.kind, bits: c.Bits[i]}
}

func (c *Series) add(row uint32, v Value) {
	c.Rows = append(c.Rows, row)
	switch c.class {
	case classText:
		c.unsure = true
		c.Text = append(c.Text, v.text...)
		c.Ends = append(c.Ends, uint32(len(c.Text)))
	case classView:
		c.unsure = true
		c.Views = append(c.Views, v.text)
	default:
		c.Bits = append(c.Bits, v.bits)
	}
}

// drop takes the last value away.
func (c *Series) drop() {
	n := len(c.Rows) - 1
	c.Rows = c.Rows[:n]
	switch c.class {
	case classText:
		c.Ends = c.Ends[:n]
		c.Text = c.Text[:endOf(c.Ends)]
	case classView:
		c.Views[n] = ""
		c.Views = c.Views[:n]
	default:
		c.Bits = c.Bits[:n]
	}
}

func endOf(ends []uint32) uint32 {
	if len(ends) == 0 {
		return 0
	}
	return ends[len(ends)-1]
}

// fill gives the value to those of the rows that have none.
func (c *Series) fill(v Value, rows int) {
	whole := Series{kind: c.kind, class: c.class, inUse: true}
	next := 0
	for row := range uint32(rows) {
		if next < len(c.Rows) && c.Rows[next] == row {
			whole.add(row, c.at(next))
			next++
			continue
		}
		whole.add(row, v)
	}
	*c = whole
}

func (c *Series) reset() {
	clear(c.Views)
	c.Rows, c.Ends, c.Views, c.Bits, c.Text = c.Rows[:0], c.Ends[:0], c.Views[:0], c.Bits[:0], c.Text[:0]
	c.Constant, c.inUse, c.unsure = Value{}, false, false
}

// memory returns the bytes that the values have room in.
func (c *Series) memory() int {
	return cap(c.Text) + 4*(cap(c.Rows)+cap(c.Ends)) + 8*cap(c.Bits) + 16*cap(c.Views)
}
