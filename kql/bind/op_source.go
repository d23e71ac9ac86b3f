package bind

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// print gives one row. Columns without a name are print_0, print_1 and so on.
func (b *binder) print(op *syntax.PrintOperator, s *scope) *relation {
	one := b.newColumn("row", types.Bool)
	r := &relation{node: &plan.Values{Output: []*plan.Column{one}, Rows: [][]plan.Expr{{&plan.Literal{Of: types.Bool, Value: true}}}}}
	items := withoutBeyond(b.items(op.Columns, r, s))
	for i := range items {
		if !items[i].given && !items[i].part {
			items[i].name = "print_" + strconv.Itoa(i)
		}
	}
	var define []plan.Definition
	out := &relation{}
	for _, it := range items {
		if bad(it.expr) {
			return b.nothing()
		}
		c := b.newColumn(it.name, it.expr.Type())
		define = append(define, plan.Definition{Column: c, Expr: it.expr})
		out.fields = append(out.fields, field{out.unique(it.name), c})
	}
	out.node = &plan.Project{Input: r.node, Define: define}
	return out
}

// rangeTable binds `range x from a to b step c`.
func (b *binder) rangeTable(op *syntax.RangeOperator, s *scope) *relation {
	row := constants(s)
	from, to, step := b.scalar(op.From, row), b.scalar(op.To, row), b.scalar(op.Step, row)
	if bad(from) || bad(to) || bad(step) {
		return b.nothing()
	}
	t, ok := types.Common(from.Type(), to.Type())
	stepType := t
	if t == types.DateTime {
		stepType = types.TimeSpan
	}
	if t.Numeric() && step.Type().Numeric() {
		t, _ = types.Common(t, step.Type())
		stepType = t
	}
	if t == types.Int {
		t, stepType = types.Long, types.Long
	}
	if !ok || !t.Summable() && t != types.DateTime || !types.Widens(step.Type(), stepType) {
		b.errorf(op.Span(), "range cannot count from a %s to a %s by a %s", from.Type(), to.Type(), step.Type())
		return b.nothing()
	}
	c := b.newColumn(op.Name.Text, t)
	node := &plan.Generate{Output: c, From: convert(from, t), To: convert(to, t), Step: convert(step, stepType)}
	return &relation{node: node, fields: []field{{op.Name.Text, c}}, serialized: true}
}

// render keeps what the client draws; rows are not changed.
func (b *binder) render(op *syntax.RenderOperator, rel *relation) *relation {
	kind := op.Visualization
	if !slices.Contains(charts, kind.Text) {
		b.src.Add(source.Diagnostic{Span: kind.Span(), Message: `render has no "` + kind.Text + `"; it has ` + enumerate(charts), Remedy: didYouMean(kind.Text, charts)})
		return b.nothing()
	}
	r := rel.derive()
	r.visualization = &plan.Visualization{Kind: op.Visualization.Text, Properties: map[string]string{}}
	for _, p := range op.Properties {
		r.visualization.Properties[p.Name.Text] = renderValue(p.Value)
	}
	return r
}

// charts are what render can draw.
var charts = []string{
	"table", "list", "barchart", "piechart", "ladderchart", "timechart", "linechart", "anomalychart", "pivotchart", "areachart",
	"stackedareachart", "scatterchart", "timepivot", "columnchart", "timeline", "3Dchart", "card", "treemap", "plotly", "graph", "sankey",
}

func renderValue(x syntax.Expr) string {
	switch x := x.(type) {
	case *syntax.Name:
		return x.Text
	case *syntax.NameList:
		names := make([]string, len(x.Names))
		for i, n := range x.Names {
			names[i] = n.Text
		}
		return strings.Join(names, ",")
	case *syntax.Unary:
		return string(x.Op) + renderValue(x.X)
	case *syntax.Literal:
		switch v := x.Value.(type) {
		case string:
			return v
		case bool:
			return strconv.FormatBool(v)
		case int64:
			return strconv.FormatInt(v, 10)
		case float64:
			return strconv.FormatFloat(v, 'g', -1, 64)
		case time.Time:
			return types.FormatDateTime(v)
		case types.Ticks:
			return v.String()
		}
	}
	return ""
}

// as names the table so far for the operators behind it.
func (b *binder) as(op *syntax.AsOperator, rel *relation, s *scope) *relation {
	once := slices.ContainsFunc(op.Properties, func(p *syntax.Property) bool {
		return p.Name.Text == "hint.materialized" && propertyWord(p) == "true"
	})
	t := b.share(op.Name.Text, rel, once)
	s.values[op.Name.Text] = &value{table: t}
	out := b.reference(t)
	out.name = op.Name.Text
	return out
}

// serialize marks the rows as ordered, as they come, and adds columns.
func (b *binder) serialize(op *syntax.SerializeOperator, rel *relation, s *scope) *relation {
	r := rel.derive()
	r.serialized = true
	return b.extend(op.Columns, r, s)
}
