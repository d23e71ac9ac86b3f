package bind

import (
	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// sessionLayer is a call of row_window_session(). Where a session begins
// depends on where the one before began, so that no window of SQL gives it: the
// times are gathered in order, a native function finds the sessions, and each
// row takes the one at its place.
type sessionLayer struct {
	column, number, ticks, restart *plan.Column
	// distances, in ticks, from the first time and from the time before end a
	// session; nil for a distance that is the same for all rows.
	distances [2]*plan.Column
	call      *plan.Call
}

// sessionStarts is known to the native functions, not to queries.
var sessionStarts = &builtin.Function{Name: "quoll_session_starts", Stage: "native"}

func (b *binder) session(call *plan.Call, r *rowScope) plan.Expr {
	s := &sessionLayer{
		column: b.newColumn(call.Function.Name, types.DateTime), number: b.newColumn("number", types.Long),
		ticks: b.newColumn("ticks", types.Long), restart: b.newColumn("restart", types.Bool), call: call,
	}
	for i := range s.distances {
		if !constant(call.Args[1+i]) {
			s.distances[i] = b.newColumn("distance", types.Long)
		}
	}
	r.windows.layers = append(r.windows.layers, windowLayer{session: s})
	return &plan.Ref{Column: s.column}
}

// attachSession numbers the rows and joins each with the start of its session.
func (b *binder) attachSession(s *sessionLayer, rel *relation) {
	restart := plan.Expr(&plan.Literal{Of: types.Bool, Value: false})
	if len(s.call.Args) > 3 {
		restart = s.call.Args[3]
	}
	inputs := &plan.Project{Input: rel.node, Pass: rel.node.Columns(), Define: []plan.Definition{
		{Column: s.ticks, Expr: convert(s.call.Args[0], types.Long)}, {Column: s.restart, Expr: restart},
	}}
	for i, c := range s.distances {
		if c != nil {
			inputs.Define = append(inputs.Define, plan.Definition{Column: c, Expr: convert(s.call.Args[1+i], types.Long)})
		}
	}
	number := &plan.Call{Function: b.functions.Must("row_number"), Of: types.Long}
	numbered := &plan.Window{Input: inputs, Define: []plan.Definition{{Column: s.number, Expr: number}}, Partition: rel.partition, Order: rel.order}
	// Both sides must see the same numbers, also where the order leaves a choice.
	shared := &plan.Shared{Node: numbered, Once: true}
	columns := numbered.Columns()
	left := &plan.Reference{Target: shared, Output: columns, Source: columns}
	starts, on := b.sessionStarts(s, shared, rel.partition)
	start := starts.Columns()[len(starts.Columns())-1]
	join := &plan.Join{Kind: plan.LeftOuter, Left: left, Right: starts, On: on}
	rel.node = &plan.Project{Input: join, Pass: columns, Define: []plan.Definition{{Column: s.column, Expr: convert(&plan.Ref{Column: start}, types.DateTime)}}}
	if len(rel.order) == 0 {
		rel.order = []plan.SortKey{{Column: s.number}}
	}
}

// sessionStarts gives a row for each number, with the start of its session in
// the last column, and how these rows go with the numbered ones.
func (b *binder) sessionStarts(s *sessionLayer, shared *plan.Shared, partition []*plan.Column) (plan.Node, []plan.JoinKey) {
	in := &plan.Reference{Target: shared}
	copied := func(c *plan.Column) *plan.Column {
		fresh := b.newColumn(c.Name, c.Type)
		in.Output, in.Source = append(in.Output, fresh), append(in.Source, c)
		return fresh
	}
	lists := &plan.Aggregate{Input: in}
	var on []plan.JoinKey
	for _, c := range partition {
		key := copied(c)
		lists.Keys = append(lists.Keys, plan.Definition{Column: key, Expr: &plan.Ref{Column: key}})
		on = append(on, plan.JoinKey{Left: c, Right: key})
	}
	order := []plan.SortKey{{Column: copied(s.number)}}
	gathered := func(c *plan.Column) plan.Expr {
		list := b.newColumn(c.Name, types.Dynamic)
		call := &plan.Call{Function: b.functions.Must("make_list_with_nulls"), Args: []plan.Expr{&plan.Ref{Column: copied(c)}}, Of: types.Dynamic, Order: order}
		lists.Aggregates = append(lists.Aggregates, plan.Definition{Column: list, Expr: call})
		return &plan.Ref{Column: list}
	}
	args := []plan.Expr{gathered(s.ticks), gathered(s.restart)}
	for i, c := range s.distances {
		if c == nil {
			args = append(args, convert(convert(s.call.Args[1+i], types.Long), types.Dynamic))
			continue
		}
		args = append(args, gathered(c))
	}
	found := &plan.Call{Function: sessionStarts, Args: args, Of: types.Dynamic}
	start, index, place := b.newColumn("start", types.Long), b.newColumn("index", types.Long), b.newColumn("place", types.Long)
	rows := &plan.Unnest{Input: lists, Items: []plan.UnnestItem{{Array: found, Column: start}}, Index: index}
	next := b.callBuiltin("+", types.Long, &plan.Ref{Column: index}, &plan.Literal{Of: types.Long, Value: int64(1)})
	out := &plan.Project{Input: rows, Pass: append(keyColumns(lists), index), Define: []plan.Definition{{Column: place, Expr: next}, {Column: b.newColumn("start", types.Long), Expr: &plan.Ref{Column: start}}}}
	return out, append(on, plan.JoinKey{Left: s.number, Right: place})
}

func keyColumns(a *plan.Aggregate) []*plan.Column {
	keys := make([]*plan.Column, len(a.Keys))
	for i, k := range a.Keys {
		keys[i] = k.Column
	}
	return keys
}
