package bind

import (
	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// lookup is a plugin that pairs the rows of the table before it with those of
// another where a condition is true.
type lookup struct {
	left, right *relation
	on          plan.Expr
	key         *plan.Column // of the right side
	unmatched   bool         // keep the rows of the left side without a partner
	withKey     bool         // keep the key
}

// pairs gives the rows of the left side with their partners.
func (l *lookup) pairs() *relation {
	out := l.left.derive()
	out.order, out.serialized = nil, false
	out.node = &plan.Filter{Input: &plan.Join{Kind: plan.Cross, Left: l.left.node, Right: l.right.node}, Predicate: l.on}
	for _, f := range l.right.fields {
		if f.column != l.key || l.withKey {
			out.fields = append(out.fields, field{out.unique(f.name), f.column})
		}
	}
	return out
}

// numbered gives the rows of rel with a number, which is the last field of the
// table.
func (b *binder) numbered(rel *relation) *letTable {
	number := b.newColumn("row", types.Long)
	base := rel.derive()
	call := &plan.Call{Function: b.functions.Must("row_number"), Of: types.Long}
	base.node = &plan.Window{Input: rel.node, Partition: rel.partition, Define: []plan.Definition{{Column: number, Expr: call}}}
	base.fields = append(base.fields, field{"", number})
	return &letTable{shared: &plan.Shared{Node: base.node, Once: true}, rel: base}
}

// last takes the last field of a relation off.
func (r *relation) last() *plan.Column {
	n := len(r.fields) - 1
	column := r.fields[n].column
	r.fields = r.fields[:n]
	return column
}

// withUnmatched adds the rows of the left side without a partner. table has the
// left side with numbers, and row is the number in pairs.
func (b *binder) withUnmatched(table *letTable, pairs *relation, row *plan.Column, width int) *relation {
	pairs.fields = append(pairs.fields, field{"", row})
	matched := &letTable{shared: &plan.Shared{Node: pairs.node, Once: true}, rel: pairs}
	first, second, all := b.reference(matched), b.reference(matched), b.reference(table)
	first.last()
	rest := &plan.Join{Kind: plan.LeftAnti, Left: all.node, Right: second.node}
	rest.On = []plan.JoinKey{{Left: all.last(), Right: second.last()}}

	union := &plan.Union{From: []plan.Node{first.node, rest}, Items: make([][]plan.Expr, 2)}
	out := pairs.derive()
	out.node, out.fields, out.aliases, out.ingestion = union, nil, map[string]*plan.Column{}, nil
	moved := map[*plan.Column]*plan.Column{}
	for i, f := range first.fields {
		c := b.newColumn(f.name, f.column.Type)
		union.Output = append(union.Output, c)
		out.fields = append(out.fields, field{f.name, c})
		moved[f.column] = c
		var none plan.Expr = missing(f.column.Type)
		if i < width {
			none = &plan.Ref{Column: all.fields[i].column}
		}
		union.Items[0] = append(union.Items[0], &plan.Ref{Column: f.column})
		union.Items[1] = append(union.Items[1], none)
	}
	for name, c := range first.aliases {
		if moved[c] != nil {
			out.aliases[name] = moved[c]
		}
	}
	return out
}

// missing is the value of a column in a row without a partner.
func missing(t types.Type) *plan.Literal {
	if t == types.String {
		return &plan.Literal{Of: t, Value: ""}
	}
	return &plan.Literal{Of: t}
}

// geoLookup binds geo_polygon_lookup and geo_line_lookup.
func (b *binder) geoLookup(op *syntax.EvaluateOperator, rel *relation, s *scope) *relation {
	name := op.Plugin.Func.Text
	args := op.Plugin.Args
	if len(args) < 4 {
		b.errorf(op.Plugin.Span(), "%s() takes a table, the column of it with the shapes, and longitude and latitude", name)
		return b.nothing()
	}
	right := b.tabular(args[0], s).derive()
	options, ok := b.lookupOptions(op.Plugin, s)
	if !ok {
		return b.nothing()
	}
	var table *letTable
	left := rel.derive()
	if options.unmatched {
		table = b.numbered(rel)
		left = b.reference(table)
	}
	shape := b.scalar(args[1], rows(right, s))
	lng, lat := b.scalar(args[2], rows(left, s)), b.scalar(args[3], rows(left, s))
	if bad(shape) || bad(lng) || bad(lat) {
		return b.nothing()
	}
	if shape.Type() != types.Dynamic {
		b.errorf(args[1].Span(), "the shapes must be a dynamic column, and this is a %s", shape.Type())
		return b.nothing()
	}
	l := &lookup{left: left, right: right, unmatched: options.unmatched, withKey: options.withKey}
	if ref, isColumn := shape.(*plan.Ref); isColumn {
		l.key = ref.Column
	}
	lng, lat = convert(lng, types.Real), convert(lat, types.Real)
	bounds := b.inBounds(right, lng, lat, shape, options.radius)
	l.on = b.nearShape(name, lng, lat, shape, options.radius)
	l.on = b.callBuiltin("and", types.Bool, bounds, l.on)
	if table == nil {
		return l.pairs()
	}
	row := left.last()
	return b.withUnmatched(table, l.pairs(), row, len(left.fields))
}

// geoBound is known to the native functions, not to queries.
var geoBound = &builtin.Function{Name: "quoll_geo_bound", Stage: "native"}

// inBounds compares a place with the rectangle around a shape, whose sides
// become columns of right. An engine can do that for all pairs at little cost.
func (b *binder) inBounds(right *relation, lng, lat, shape, radius plan.Expr) plan.Expr {
	if radius == nil {
		radius = &plan.Literal{Of: types.Real, Value: 0.0}
	}
	var items []item
	for side, name := range []string{"south", "north", "west", "east"} {
		args := []plan.Expr{shape, radius, &plan.Literal{Of: types.Long, Value: int64(side)}}
		items = append(items, item{name: name, expr: &plan.Call{Function: geoBound, Args: args, Of: types.Real}})
	}
	var all plan.Expr
	for i, c := range b.define(right, items) {
		low, high := plan.Expr(&plan.Ref{Column: c}), lat
		if i >= 2 {
			high = lng
		}
		if i%2 == 1 {
			low, high = high, low
		}
		is := b.callBuiltin("<=", types.Bool, low, high)
		if all == nil {
			all = is
			continue
		}
		all = b.callBuiltin("and", types.Bool, all, is)
	}
	return all
}

// nearShape is the condition of a lookup: in the polygon, or not farther from
// the shape than a radius.
func (b *binder) nearShape(plugin string, lng, lat, shape, radius plan.Expr) plan.Expr {
	function := "geo_distance_point_to_line"
	if plugin == "geo_polygon_lookup" {
		function = "geo_distance_point_to_polygon"
		if radius == nil {
			return b.callBuiltin("geo_point_in_polygon", types.Bool, lng, lat, shape)
		}
	}
	return b.callBuiltin("<=", types.Bool, b.callBuiltin(function, types.Real, lng, lat, shape), radius)
}

// lookupOptions are the arguments of a lookup behind the columns.
type lookupOptions struct {
	radius             plan.Expr
	unmatched, withKey bool
}

// lookupOptions reads the options, which may be given by name. The radius
// around a shape is a hint on how to search and has no meaning here.
func (b *binder) lookupOptions(call *syntax.Call, s *scope) (o lookupOptions, ok bool) {
	order := []string{"radius", "return_unmatched", "lookup_area_radius", "return_lookup_key"}
	for i, x := range call.Args[4:] {
		option := ""
		if i < len(order) {
			option = order[i]
		}
		if named, isNamed := x.(*syntax.Named); isNamed && len(named.Names) == 1 {
			option = named.Names[0].Text
		}
		value := b.scalar(x, constants(s))
		if bad(value) {
			return o, false
		}
		switch option {
		case "radius":
			o.radius = convert(value, types.Real)
		case "return_unmatched":
			o.unmatched = isTrue(value)
		case "return_lookup_key":
			o.withKey = isTrue(value)
		case "lookup_area_radius":
		default:
			b.errorf(x.Span(), "no such option of %s(); options are %s", call.Func.Text, enumerate(order))
			return o, false
		}
	}
	if o.radius == nil && call.Func.Text == "geo_line_lookup" {
		b.errorf(call.Span(), "geo_line_lookup() needs the distance in metres up to which a line is a match")
		return o, false
	}
	return o, true
}

func isTrue(e plan.Expr) bool {
	l, ok := e.(*plan.Literal)
	return ok && l.Value == true
}
