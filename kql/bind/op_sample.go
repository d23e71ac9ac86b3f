package bind

import (
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

// getSchema gives a row for each column.
func (b *binder) getSchema(rel *relation) *relation {
	values := &plan.Values{}
	out := &relation{node: values}
	for _, c := range []struct {
		name string
		of   types.Type
	}{{"ColumnName", types.String}, {"ColumnOrdinal", types.Int}, {"DataType", types.String}, {"ColumnType", types.String}} {
		column := b.newColumn(c.name, c.of)
		values.Output = append(values.Output, column)
		out.fields = append(out.fields, field{c.name, column})
	}
	for i, f := range rel.fields {
		values.Rows = append(values.Rows, []plan.Expr{
			&plan.Literal{Of: types.String, Value: f.name}, &plan.Literal{Of: types.Int, Value: int32(i)},
			&plan.Literal{Of: types.String, Value: dataTypes[f.column.Type]}, &plan.Literal{Of: types.String, Value: f.column.Type.String()},
		})
	}
	return out
}

// dataTypes are the .NET names that getschema gives.
var dataTypes = map[types.Type]string{
	types.Bool: "System.SByte", types.Int: "System.Int32", types.Long: "System.Int64", types.Real: "System.Double",
	types.Decimal: "System.Data.SqlTypes.SqlDecimal", types.String: "System.String", types.DateTime: "System.DateTime",
	types.TimeSpan: "System.TimeSpan", types.Dynamic: "System.Object", types.Guid: "System.Guid",
}
