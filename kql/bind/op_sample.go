package bind

import (
	"strings"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// sample gives random rows, or some of the different values of a column.
func (b *binder) sample(op *syntax.SampleOperator, rel *relation, s *scope) *relation {
	n, ok := b.rowCount(op.Count, s)
	if !ok {
		return b.nothing()
	}
	r := rel.derive()
	if op.Of != nil {
		distinct := b.grouped(r, b.keys([]syntax.Expr{op.Of}, r, s), &aggregation{binder: b}, nil)
		return b.first(distinct, n)
	}
	random := b.define(r, []item{{name: "random", expr: b.callBuiltin("rand", types.Real)}})[0]
	r.order = []plan.SortKey{{Column: random}}
	r = b.first(r, n)
	r.order, r.serialized = nil, false
	return r
}

// getSchema gives a row for each column, or with kind=csl all of them as one
// text.
func (b *binder) getSchema(op *syntax.GetSchemaOperator, rel *relation) *relation {
	for _, p := range op.Properties {
		if word := propertyWord(p); word != "csl" {
			b.errorf(p.Span(), "getschema has the kind csl and no other")
			return b.nothing()
		}
	}
	if len(op.Properties) > 0 {
		return b.schemaText(rel)
	}
	values := &plan.Values{}
	out := &relation{node: values}
	for _, c := range []struct {
		name string
		of   types.Type
	}{{"ColumnName", types.String}, {"ColumnOrdinal", types.Long}, {"DataType", types.String}, {"ColumnType", types.String}} {
		column := b.newColumn(c.name, c.of)
		values.Output = append(values.Output, column)
		out.fields = append(out.fields, field{c.name, column})
	}
	for i, f := range rel.fields {
		values.Rows = append(values.Rows, []plan.Expr{
			&plan.Literal{Of: types.String, Value: f.name}, &plan.Literal{Of: types.Long, Value: int64(i)},
			&plan.Literal{Of: types.String, Value: dataTypes[f.column.Type]}, &plan.Literal{Of: types.String, Value: f.column.Type.String()},
		})
	}
	return out
}

// schemaText gives the columns as they are declared in a datatable.
func (b *binder) schemaText(rel *relation) *relation {
	declared := make([]string, len(rel.fields))
	for i, f := range rel.fields {
		declared[i] = columnText(f.name) + ":" + f.column.Type.String()
	}
	c := b.newColumn("Schema", types.String)
	row := []plan.Expr{&plan.Literal{Of: types.String, Value: strings.Join(declared, ",")}}
	return &relation{node: &plan.Values{Output: []*plan.Column{c}, Rows: [][]plan.Expr{row}}, fields: []field{{"Schema", c}}}
}

// columnText writes a name as a query must, in brackets unless it is a word.
func columnText(name string) string {
	for i, c := range name {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return "['" + strings.NewReplacer("\\", "\\\\", "'", "\\'").Replace(name) + "']"
		}
	}
	return name
}

// assertSchema reports a table that has other columns than those named.
func (b *binder) assertSchema(op *syntax.AssertSchemaOperator, rel *relation) *relation {
	if rel.open != nil {
		return rel
	}
	for i, c := range op.Columns {
		if i >= len(rel.fields) || rel.fields[i].name != c.Name.Text || rel.fields[i].column.Type != c.Type {
			b.errorf(c.Span(), "the table does not have the column %s:%s in place %d", c.Name.Text, c.Type, i+1)
			return b.nothing()
		}
	}
	if len(rel.fields) > len(op.Columns) {
		b.errorf(op.Span(), "the table has %d columns, not %d", len(rel.fields), len(op.Columns))
		return b.nothing()
	}
	return rel
}

// dataTypes are the .NET names that getschema gives.
var dataTypes = map[types.Type]string{
	types.Bool: "System.SByte", types.Int: "System.Int32", types.Long: "System.Int64", types.Real: "System.Double",
	types.Decimal: "System.Data.SqlTypes.SqlDecimal", types.String: "System.String", types.DateTime: "System.DateTime",
	types.TimeSpan: "System.TimeSpan", types.Dynamic: "System.Object", types.Guid: "System.Guid",
}
