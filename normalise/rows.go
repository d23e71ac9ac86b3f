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
func (w *worker) fill(row *schema.Sheet, to *target, v jsontape.Value, counts *Counts) {
	if to.kind == schema.TypeString && to.convert == nil && v.Kind() == jsontape.String && !v.Escaped() { // as most are
		if text := v.Raw(); text != "" {
			row.SetText(to.column, text, to.rank)
		}
		return
	}
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
	row.Set(to.column, value, to.rank)
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

// begin begins a row of a table, of which constants are in every row, and returns
// the sheet that it is written to.
func (w *worker) begin(t *schema.Table, constants []schema.Cell) *schema.Sheet {
	p := w.memory.pages[t]
	if p == nil {
		p = &page{Sheet: schema.NewSheet(t)}
		w.memory.pages[t] = p
	}
	p.constants = constants
	p.Begin()
	return p.Sheet
}
