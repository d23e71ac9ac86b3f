package normalise

import (
	"strings"

	"github.com/quoll/quoll/internal/jsontape"
	"github.com/quoll/quoll/schema"
)

// target is a column that a raw field goes to.
type target struct {
	column int
	kind   schema.Type
	name   string // Table.Column, for counts
	// rank orders the fields that can fill the column: the lowest wins.
	rank int
	// convert is nil where the type of the column says how.
	convert func(*worker, jsontape.Value) (schema.Value, bool)
}

// fill converts v into the column of the row.
func (w *worker) fill(row *rowBuilder, to *target, v jsontape.Value, counts *Counts) {
	var value schema.Value
	var fits bool
	if to.convert != nil {
		value, fits = to.convert(w, v)
	} else {
		value, fits = w.convert(v, to.kind)
	}
	if !fits {
		count(&counts.Values, to.name)
		return
	}
	row.set(to.column, value, to.rank)
}

// targetsOf returns the columns of a table by the raw field they are read from,
// for sources that start with prefix.
func targetsOf(t *schema.Table, prefix string) map[string][]target {
	fields := make(map[string][]target)
	for i, c := range t.Columns {
		if c.Source == "" {
			continue
		}
		for rank, source := range strings.Split(c.Source, " | ") {
			field, ok := strings.CutPrefix(source, prefix)
			if !ok || strings.Contains(field, ".") {
				continue
			}
			fields[field] = append(fields[field], target{column: i, kind: c.Type, name: t.Name + "." + c.Name, rank: rank})
		}
	}
	return fields
}

// constants returns the cells that are the same in every row of a table: the
// workspace, the labels, and what the platform says of every row.
func constants(t *schema.Table, workspace, sourceSystem string) []schema.Cell {
	var cells []schema.Cell
	for _, c := range [...]struct{ name, text string }{
		{"TenantId", workspace},
		{"SourceSystem", sourceSystem},
		{"Type", t.Name},
		{"_IsBillable", "True"},
	} {
		if column, ok := t.Column(c.name); ok && c.text != "" {
			cells = append(cells, schema.Cell{Column: column, Value: schema.String(c.text)})
		}
	}
	return cells
}

// mustColumn returns the position of a column that is known to exist.
func mustColumn(t *schema.Table, name string) int {
	column, ok := t.Column(name)
	if !ok {
		panic("normalise: table " + t.Name + " has no column " + name)
	}
	return column
}

// rowBuilder gathers the cells of one row, one for a column.
type rowBuilder struct {
	cells []schema.Cell
	at    []uint16 // by column: 1 + position in cells, 0 for none
	rank  []uint16 // by column: of the field that filled it
}

func (b *rowBuilder) reset(t *schema.Table) {
	b.cells = b.cells[:0]
	if len(b.at) < len(t.Columns) {
		b.at = make([]uint16, len(t.Columns))
		b.rank = make([]uint16, len(t.Columns))
	}
	clear(b.at)
}

// set fills a column. Of several values the one of lowest rank counts, and the
// first of equal rank: a repeated key does not overwrite.
func (b *rowBuilder) set(column int, value schema.Value, rank int) {
	if value.IsNull() {
		return
	}
	if at := b.at[column]; at > 0 {
		if uint16(rank) < b.rank[column] {
			b.cells[at-1].Value = value
			b.rank[column] = uint16(rank)
		}
		return
	}
	b.cells = append(b.cells, schema.Cell{Column: column, Value: value})
	b.at[column] = uint16(len(b.cells))
	b.rank[column] = uint16(rank)
}

func (b *rowBuilder) setAll(cells []schema.Cell) {
	for _, c := range cells {
		b.set(c.Column, c.Value, 0)
	}
}

// row returns the gathered cells as a row of its own.
func (w *worker) row(b *rowBuilder, t *schema.Table) schema.Row {
	return schema.Row{Table: t, Cells: w.cells.copy(b.cells)}
}

// text returns the text of a column, "" when it is not set.
func (b *rowBuilder) text(column int) string {
	if at := b.at[column]; at > 0 {
		return b.cells[at-1].Value.Text()
	}
	return ""
}
