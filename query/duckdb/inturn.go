package duckdb

import (
	"context"
	"slices"
	"time"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
)

// inTurn is a statement that gives rows of a union as they are, whose inputs can be asked
// one after the other. The engine works on all inputs of a union at once, and each takes
// buffers for all columns of the result: a search through all tables took twice the memory
// and the time that its tables take in turn.
type inTurn struct {
	path  []plan.Node // from the root down to the union, without it
	union *plan.Union
	limit *plan.Limit   // on the path, or nil
	key   *plan.SortKey // the time that orders the rows, or nil
	at    int           // the column of the output with it
}

// turns returns how the inputs of a statement's union are asked in turn. It is nil where
// the statement does more with rows of several inputs than put them together, where inputs
// share something, or where the rows are in another order than that of a time.
func (r *reader) turns(s *plan.Statement) *inTurn {
	if r.options.Standing {
		return nil
	}
	t := &inTurn{}
	if !t.descend(s.Root) || len(t.union.From) < 2 || !t.inOrder(s, r.engine.coming.few) {
		return nil
	}
	for _, readers := range plan.Readers(s.Root) {
		if len(readers) > 1 {
			return nil
		}
	}
	return t
}

// descend follows the path from a node down to the union.
func (t *inTurn) descend(n plan.Node) bool {
	if union, ok := n.(*plan.Union); ok {
		t.union = union
		return true
	}
	if slices.ContainsFunc(plan.Exprs(n), readsTable) {
		return false // it would be read once for each input, and need not give the same
	}
	t.path = append(t.path, n)
	switch n := n.(type) {
	case *plan.Project:
		return t.descend(n.Input)
	case *plan.Filter:
		return t.descend(n.Input)
	case *plan.Limit:
		for _, above := range t.path[:len(t.path)-1] { // a limit chooses of all rows, whatever becomes of them above
			if _, ok := above.(*plan.Project); !ok {
				return false
			}
		}
		t.limit = n
		return t.descend(n.Input)
	case *plan.Sort:
		if t.limit == nil || t.limit.Input != plan.Node(n) || len(n.Keys) != 1 {
			return false
		}
		t.key = &n.Keys[0]
		return t.descend(n.Input)
	}
	return false
}

// inOrder reports whether the rows are asked for in no order, or in that of the key.
func (t *inTurn) inOrder(s *plan.Statement, few int64) bool {
	if t.key == nil {
		return len(s.Order) == 0
	}
	if t.limit.Count > few {
		return false
	}
	t.at = slices.IndexFunc(s.Output, func(o plan.Output) bool { return o.Column == t.key.Column })
	return t.at >= 0 && t.key.Column.Type == types.DateTime && len(s.Order) == 1 && s.Order[0] == *t.key
}

func readsTable(e plan.Expr) (reads bool) {
	plan.VisitExpr(e, func(e plan.Expr) bool {
		if table, _ := plan.Table(e); table != nil {
			reads = true
		}
		return !reads
	})
	return reads
}

// part is the statement over one input of the union, of which so many rows are wanted.
func (t *inTurn) part(s *plan.Statement, input int, rows int64) *plan.Statement {
	var root plan.Node = &plan.Union{Output: t.union.Output, From: t.union.From[input : input+1], Items: t.union.Items[input : input+1]}
	for _, n := range slices.Backward(t.path) {
		switch n := n.(type) {
		case *plan.Project:
			root = &plan.Project{Input: root, Pass: n.Pass, Define: n.Define}
		case *plan.Filter:
			root = &plan.Filter{Input: root, Predicate: n.Predicate}
		case *plan.Sort:
			root = &plan.Sort{Input: root, Keys: n.Keys}
		case *plan.Limit:
			root = &plan.Limit{Input: root, Count: rows}
		}
	}
	part := *s
	part.Root, part.More = root, nil
	return &part
}

// soFar is what a statement gave so far where it is asked in turn.
type soFar struct {
	rows  int
	bytes int64
}

// inTurn asks the inputs of a union one after the other, until there are as many rows as
// are wanted.
func (e *Engine) inTurn(ctx context.Context, r *reader, s *plan.Statement, t *inTurn, careful bool) (*query.Execution, error) {
	r.part = true
	defer func() { r.part, r.before = false, soFar{} }()
	all := &query.Execution{}
	for i := range t.union.From {
		var rows int64
		if t.limit != nil {
			if rows = t.limit.Count - int64(r.given(all)); rows <= 0 {
				break
			}
		}
		part, err := e.runOnce(ctx, r, t.part(s, i, rows), careful)
		if err != nil {
			return nil, err
		}
		all.Rows, all.Handed = append(all.Rows, part.Rows...), all.Handed+part.Handed
		r.before = soFar{len(all.Rows), r.before.bytes + r.bytes}
		if part.Truncated {
			all.Truncated, all.LimitReached = true, part.LimitReached
			break
		}
	}
	return all, nil
}

// merged asks each input for as many of its first rows as are wanted of all, and takes the
// first of them; nil where they are more together than an answer may have.
func (e *Engine) merged(ctx context.Context, r *reader, s *plan.Statement, t *inTurn, careful bool) (*query.Execution, error) {
	all, err := e.inputs(ctx, r, s, t, careful)
	if all == nil || err != nil {
		return nil, err
	}
	slices.SortStableFunc(all.Rows, t.compare)
	all.Rows = all.Rows[:min(t.limit.Count, int64(len(all.Rows)))]
	if r.hands() {
		err = r.hand(all, s)
	}
	return all, err
}

func (e *Engine) inputs(ctx context.Context, r *reader, s *plan.Statement, t *inTurn, careful bool) (*query.Execution, error) {
	r.part, r.hold = true, true
	defer func() { r.part, r.hold = false, false }()
	all, bytes := &query.Execution{}, int64(0)
	for i := range t.union.From {
		part, err := e.runOnce(ctx, r, t.part(s, i, t.limit.Count), careful)
		if err != nil {
			return nil, err
		}
		all.Rows, bytes = append(all.Rows, part.Rows...), bytes+r.bytes
		if part.Truncated || bytes > r.options.Limits.Bytes {
			return nil, nil
		}
	}
	return all, nil
}

// compare orders rows by the key.
func (t *inTurn) compare(a, b []any) int {
	x, isX := a[t.at].(time.Time)
	y, isY := b[t.at].(time.Time)
	switch {
	case isX != isY && isX == t.key.NullsFirst:
		return 1
	case isX != isY:
		return -1
	case t.key.Descending:
		return y.Compare(x)
	}
	return x.Compare(y)
}
