package bind

import (
	"encoding/json"
	"errors"
	"strconv"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// External is what externaldata names.
type External struct {
	Columns []Column
	Sources []string // addresses
	// Format is "csv", "json" and the like; empty where the query does not say.
	Format            string
	IgnoreFirstRecord bool
}

// externalData binds externaldata. The files are read now, so that the plan
// holds rows and the engine reaches nothing.
func (b *binder) externalData(x *syntax.ExternalData, s *scope) *relation {
	asked, ok := b.external(x, s)
	if !ok {
		return b.nothing()
	}
	if b.options.External == nil {
		b.src.Add(source.Diagnostic{
			Span: x.Span(), Message: "externaldata is off: a query reads tables and nothing else",
			Remedy: "import the file, or name it as a watchlist; whoever runs Quoll can name hosts to read from in the configuration",
		})
		return b.nothing()
	}
	rows, known := b.externals[x]
	if !known {
		var err error
		if rows, err = b.options.External(asked); err != nil {
			b.notRead(x, err)
			return b.nothing()
		}
		if b.externals == nil {
			b.externals = map[*syntax.ExternalData][][]any{}
		}
		b.externals[x] = rows
	}
	return b.externalRows(asked.Columns, rows)
}

func (b *binder) notRead(x *syntax.ExternalData, err error) {
	d := source.Diagnostic{Span: x.Sources[0].Span(), Message: err.Error()}
	var helpful interface{ Remedy() string }
	if errors.As(err, &helpful) {
		d.Remedy = helpful.Remedy()
	}
	b.src.Add(d)
}

// external reads what the query says.
func (b *binder) external(x *syntax.ExternalData, s *scope) (asked External, ok bool) {
	seen := map[string]bool{}
	for _, c := range x.Columns {
		if seen[c.Name.Text] {
			b.errorf(c.Span(), "the column %q is declared twice", c.Name.Text)
			return asked, false
		}
		seen[c.Name.Text] = true
		asked.Columns = append(asked.Columns, Column{Name: c.Name.Text, Type: c.Type})
	}
	if len(x.Sources) == 0 || len(x.Columns) == 0 {
		b.errorf(x.Span(), "externaldata takes columns and addresses: externaldata (a:string) ['https://host/path']")
		return asked, false
	}
	for _, source := range x.Sources {
		l, ok := b.scalar(source, constants(s)).(*plan.Literal)
		if !ok || l.Of != types.String {
			b.errorf(source.Span(), "an address is a constant string")
			return asked, false
		}
		text, _ := l.Value.(string)
		asked.Sources = append(asked.Sources, text)
	}
	for _, p := range x.Properties {
		switch name := p.Names[0].Text; name {
		case "format":
			asked.Format = wordOf(p.X)
		case "ignoreFirstRecord":
			asked.IgnoreFirstRecord = wordOf(p.X) == "true"
		case "charset", "zipPattern":
		default:
			b.src.Add(source.Diagnostic{Span: p.Span(), Message: `externaldata does not take "` + name + `"`, Remedy: "properties are format and ignoreFirstRecord"})
			return asked, false
		}
	}
	return asked, true
}

// wordOf is the text of a property's value, however it is written.
func wordOf(x syntax.Expr) string {
	switch x := x.(type) {
	case *syntax.Name:
		return x.Text
	case *syntax.Literal:
		switch v := x.Value.(type) {
		case string:
			return v
		case bool:
			return strconv.FormatBool(v)
		}
	}
	return ""
}

// chunk is how many rows of a file one constant holds.
const chunk = 1000

// externalRows makes a table of rows: arrays of arrays, taken apart by the
// engine, which is quicker than as many constants.
func (b *binder) externalRows(columns []Column, rows [][]any) *relation {
	values := &plan.Values{Output: []*plan.Column{b.newColumn("chunk", types.Dynamic)}}
	for start := 0; start < len(rows); start += chunk {
		text, err := json.Marshal(rows[start:min(start+chunk, len(rows))])
		if err != nil {
			panic("bind: rows of an external file: " + err.Error()) // strings and JSON that was read
		}
		values.Rows = append(values.Rows, []plan.Expr{&plan.Literal{Of: types.Dynamic, Value: string(text)}})
	}
	row := b.newColumn("row", types.Dynamic)
	out := &relation{node: b.unnested(values, &plan.Ref{Column: values.Output[0]}, row, nil)}
	items := make([]item, len(columns))
	for i, c := range columns {
		cell := b.callBuiltin("element", types.Dynamic, &plan.Ref{Column: row}, &plan.Literal{Of: types.Long, Value: int64(i)})
		items[i] = item{name: c.Name, named: true, expr: convert(cell, c.Type)}
	}
	for i, c := range b.define(out, items) {
		out.fields = append(out.fields, field{items[i].name, c})
	}
	return out
}
