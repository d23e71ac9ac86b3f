package bind

import (
	"slices"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// joinKinds maps what a query writes to the kind of join.
var joinKinds = map[string]plan.JoinKind{
	"innerunique": plan.InnerUnique, "inner": plan.Inner, "leftouter": plan.LeftOuter, "rightouter": plan.RightOuter,
	"fullouter": plan.FullOuter, "leftsemi": plan.LeftSemi, "rightsemi": plan.RightSemi, "leftanti": plan.LeftAnti,
	"rightanti": plan.RightAnti, "anti": plan.LeftAnti, "leftantisemi": plan.LeftAnti, "rightantisemi": plan.RightAnti,
}

// join binds join and lookup.
func (b *binder) join(op *syntax.JoinOperator, rel *relation, s *scope) *relation {
	left, right := rel.derive(), b.tabular(op.Right, s).derive()
	kind, ok := b.joinKind(op, s)
	if !ok {
		return b.nothing()
	}
	if len(op.On) == 0 {
		b.errorf(op.Span(), "join needs the columns to join on: on Column, or on $left.A == $right.B")
		return b.nothing()
	}
	node := &plan.Join{Kind: kind}
	for _, x := range op.On {
		keys, ok := b.joinKeys(x, left, right, s)
		if !ok {
			return b.nothing()
		}
		node.On = append(node.On, keys...)
	}
	if len(left.partition) > 0 && !b.joinParts(op, node, left) {
		return b.nothing()
	}
	node.Left, node.Right = left.node, right.node
	return b.joined(op, node, left, right)
}

// joinParts lets a join run over the parts of its left side. The right side is
// the same for all of them, so it is joined once; innerunique keeps one row for
// each key of each part.
func (b *binder) joinParts(op *syntax.JoinOperator, node *plan.Join, left *relation) bool {
	switch node.Kind {
	case plan.RightOuter, plan.FullOuter, plan.RightSemi, plan.RightAnti:
		b.errorf(op.Span(), "inside of partition and mv-apply a join keeps the rows of its left side: inner, innerunique, leftouter, leftsemi, leftanti")
		return false
	case plan.InnerUnique:
		number := b.newColumn("row_number", types.Long)
		window := &plan.Window{Input: left.node, Partition: slices.Clone(left.partition)}
		for _, k := range node.On {
			window.Partition = append(window.Partition, k.Left)
		}
		window.Define = []plan.Definition{{Column: number, Expr: &plan.Call{Function: b.functions.Must("row_number"), Of: types.Long}}}
		one := &plan.Literal{Of: types.Long, Value: int64(1)}
		left.node = &plan.Filter{Input: window, Predicate: b.callBuiltin("==", types.Bool, &plan.Ref{Column: number}, one)}
		node.Kind = plan.Inner
	}
	return true
}

func (b *binder) joinKind(op *syntax.JoinOperator, s *scope) (plan.JoinKind, bool) {
	kind := plan.InnerUnique
	if op.Lookup {
		kind = plan.LeftOuter
	}
	for _, p := range op.Properties {
		if p.Name.Text != "kind" {
			continue // hints do not change what a query means
		}
		word := propertyWord(p)
		k, ok := joinKinds[word]
		if !ok || op.Lookup && k != plan.LeftOuter && k != plan.Inner {
			names := make([]string, 0, len(joinKinds))
			for name, k := range joinKinds {
				if !op.Lookup || k == plan.LeftOuter || k == plan.Inner {
					names = append(names, name)
				}
			}
			slices.Sort(names)
			b.src.Add(source.Diagnostic{Span: p.Span(), Message: `no kind "` + word + `"; kinds are ` + enumerate(names), Remedy: didYouMean(word, names)})
			return "", false
		}
		kind = k
	}
	return kind, true
}

// propertyWord returns the value of a property written as a name or a literal.
func propertyWord(p *syntax.Property) string { return wordOf(p.Value) }

// joinKeys binds one condition: a column of both sides, or equalities between
// the sides joined by and.
func (b *binder) joinKeys(x syntax.Expr, left, right *relation, s *scope) ([]plan.JoinKey, bool) {
	switch x := x.(type) {
	case *syntax.Paren:
		return b.joinKeys(x.X, left, right, s)
	case *syntax.Name:
		l, r := left.find(x.Text), right.find(x.Text)
		switch {
		case l == nil && left.open == nil:
			b.noColumn(x.Span(), x.Text, left)
		case r == nil && right.open == nil:
			b.noColumn(x.Span(), x.Text, right)
		case l != nil && r != nil:
			key, ok := b.joinKey(x, &plan.Ref{Column: l}, &plan.Ref{Column: r}, left, right)
			return []plan.JoinKey{key}, ok
		default:
			return b.openKey(x, left, right)
		}
		return nil, false
	case *syntax.Binary:
		if x.Op == "and" {
			a, ok1 := b.joinKeys(x.X, left, right, s)
			c, ok2 := b.joinKeys(x.Y, left, right, s)
			return append(a, c...), ok1 && ok2
		}
		if x.Op == "==" {
			return b.equality(x, left, right, s)
		}
	}
	b.errorf(x.Span(), "join compares columns of both sides with ==: on Column, or on $left.A == $right.B")
	return nil, false
}

// openKey joins on a member of an unpacked bag.
func (b *binder) openKey(x *syntax.Name, left, right *relation) ([]plan.JoinKey, bool) {
	l, r := b.name(x, rows(left, newScope(nil))), b.name(x, rows(right, newScope(nil)))
	if bad(l) || bad(r) {
		return nil, false
	}
	key, ok := b.joinKey(x, l, r, left, right)
	return []plan.JoinKey{key}, ok
}

func (b *binder) equality(x *syntax.Binary, left, right *relation, s *scope) ([]plan.JoinKey, bool) {
	row := &rowScope{scope: s, rel: &relation{}, left: left, right: right}
	first, second := b.scalar(x.X, row), b.scalar(x.Y, row)
	if bad(first) || bad(second) {
		return nil, false
	}
	if reads(first, right) || reads(second, left) {
		first, second = second, first
	}
	if !reads(first, left) || !reads(second, right) {
		b.errorf(x.Span(), "a join's condition compares a column of $left with one of $right")
		return nil, false
	}
	key, ok := b.joinKey(x, first, second, left, right)
	return []plan.JoinKey{key}, ok
}

func reads(e plan.Expr, rel *relation) bool {
	found := false
	plan.VisitExpr(e, func(e plan.Expr) bool {
		if ref, ok := e.(*plan.Ref); ok && slices.Contains(rel.node.Columns(), ref.Column) {
			found = true
		}
		return !found
	})
	return found
}

// joinKey makes columns of the two sides of a condition, of one type.
func (b *binder) joinKey(x syntax.Expr, l, r plan.Expr, left, right *relation) (plan.JoinKey, bool) {
	lt, rt := l.Type(), r.Type()
	if lt == types.Dynamic && rt == types.Dynamic {
		l, r = convert(l, types.String), convert(r, types.String)
	} else if cl, cr, ok := comparands(l, r, true); ok {
		l, r = cl, cr
	} else {
		b.errorf(x.Span(), "cannot join a %s with a %s", lt, rt)
		return plan.JoinKey{}, false
	}
	return plan.JoinKey{
		Left:  b.define(left, []item{{name: "key", expr: l}})[0],
		Right: b.define(right, []item{{name: "key", expr: r}})[0],
	}, true
}

// joined names the columns of a join: those of the left side, then those of
// the right side, with a number behind a name that is taken. Lookup leaves out
// the right side's keys.
func (b *binder) joined(op *syntax.JoinOperator, node *plan.Join, left, right *relation) *relation {
	out := &relation{node: node, aliases: left.aliases, ingestion: left.ingestion, open: left.open, partition: left.partition}
	switch node.Kind {
	case plan.LeftSemi, plan.LeftAnti:
		out.fields = left.fields
		return out
	case plan.RightSemi, plan.RightAnti:
		out.fields, out.aliases, out.ingestion, out.open = right.fields, right.aliases, right.ingestion, right.open
		return out
	}
	out.fields = slices.Clone(left.fields)
	if out.open == nil {
		out.open = right.open
	}
	for _, f := range right.fields {
		isKey := slices.ContainsFunc(node.On, func(k plan.JoinKey) bool { return k.Right == f.column })
		if op.Lookup && isKey {
			continue
		}
		out.fields = append(out.fields, field{out.uniqueBeside(f.name, right), f.column})
	}
	out.aliases = map[string]*plan.Column{}
	for name, c := range left.aliases {
		out.aliases[name] = c
	}
	for name, c := range right.aliases {
		for i := 0; i < 10; i++ {
			numbered := name
			if i > 0 {
				numbered += string(rune('0' + i))
			}
			if out.aliases[numbered] == nil {
				out.aliases[numbered] = c
				break
			}
		}
	}
	return out
}
