package rewrite

import (
	"slices"
	"strings"

	"github.com/quoll/quoll/kql/budget"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// PushTerms tells a scan which texts its filters ask for in any column. The filters
// stay: what is sought is a hint by which the engine leaves out parts of files.
//
// A filter counts if only filters, projections, references and unions stand between
// it and the scan, and if no other node reads the same rows.
func PushTerms(s *plan.Statement, work *budget.Budget) {
	p := &termPusher{work: work, parents: map[plan.Node]int{}}
	plan.Visit(s.Root, func(n plan.Node) {
		work.Spend(1)
		for _, input := range n.Inputs() {
			p.parents[input]++
		}
	})
	plan.Visit(s.Root, func(n plan.Node) {
		switch n := n.(type) {
		case *plan.Filter:
			p.push(n.Input, []plan.Expr{n.Predicate}, nil)
		case *plan.Join:
			p.join(n)
		}
	})
}

type termPusher struct {
	work    *budget.Budget
	parents map[plan.Node]int
}

// values says what the columns above a node are of its own.
type values struct {
	of    map[*plan.Column]plan.Expr
	below *values // those of the node beneath, in which of is written
}

// join asks each side, of which rows without a partner give nothing, for what the keys of
// the other are.
func (p *termPusher) join(n *plan.Join) {
	var keepsLeft, keepsRight bool // rows without a partner
	switch n.Kind {
	case plan.Inner, plan.InnerUnique, plan.LeftSemi, plan.RightSemi:
	case plan.LeftOuter, plan.LeftAnti:
		keepsLeft = true
	case plan.RightOuter, plan.RightAnti:
		keepsRight = true
	default:
		return
	}
	var ofLeft, ofRight []plan.Expr
	for _, k := range n.On {
		if k.Left.Type != types.String || k.Right.Type != types.String {
			continue
		}
		ofLeft = append(ofLeft, among{k.Left, rowsOf(n.Right, k.Right)})
		ofRight = append(ofRight, among{k.Right, rowsOf(n.Left, k.Left)})
	}
	if !keepsLeft {
		p.push(n.Left, ofLeft, nil)
	}
	if !keepsRight {
		p.push(n.Right, ofRight, nil)
	}
}

// among is the condition that a column is one of some values. It stands in no plan.
type among struct {
	column *plan.Column
	values *plan.Rows
}

func (among) Type() types.Type { return types.Bool }

// rowsOf are the values of a column of a node, or of what it refers to.
func rowsOf(n plan.Node, c *plan.Column) *plan.Rows {
	for {
		reference, ok := n.(*plan.Reference)
		if !ok {
			return &plan.Rows{Node: n, Column: c}
		}
		i := slices.Index(reference.Output, c)
		if i < 0 {
			return &plan.Rows{Node: n, Column: c}
		}
		n, c = reference.Target.Node, reference.Source[i]
	}
}

// push brings predicates over the rows of n down to the scans beneath it. up are the
// nodes in between, the nearest to n last.
func (p *termPusher) push(n plan.Node, predicates []plan.Expr, up *values) {
	for p.parents[n] <= 1 {
		p.work.Spend(1)
		switch node := n.(type) {
		case *plan.Scan:
			r := &termReader{work: p.work, scan: node}
			conditions := []*plan.Sought{node.Sought}
			for _, e := range predicates {
				conditions = append(conditions, r.condition(e, order(up)))
			}
			node.Sought = plan.SoughtAll(conditions...)
			return
		case *plan.Filter:
			n = node.Input
		case *plan.Project:
			of := map[*plan.Column]plan.Expr{}
			for _, d := range node.Define {
				of[d.Column] = d.Expr
			}
			up, n = &values{of, up}, node.Input
		case *plan.Aggregate:
			// What a group's key is not, its rows are not needed for; of what is computed of
			// a group nothing is known.
			of := map[*plan.Column]plan.Expr{}
			for _, d := range node.Keys {
				of[d.Column] = d.Expr
			}
			up, n = &values{of, up}, node.Input
		case *plan.Reference:
			of := map[*plan.Column]plan.Expr{}
			for i, c := range node.Output {
				if c != nil && c != node.Source[i] {
					of[c] = &plan.Ref{Column: node.Source[i]}
				}
			}
			up, n = &values{of, up}, node.Target.Node
		case *plan.Union:
			for i, from := range node.From {
				of := map[*plan.Column]plan.Expr{}
				for j, c := range node.Output {
					of[c] = node.Items[i][j]
				}
				p.push(from, predicates, &values{of, up})
			}
			return
		default:
			return
		}
	}
}

// order returns the steps from the predicate down to the scan.
func order(up *values) []map[*plan.Column]plan.Expr {
	var steps []map[*plan.Column]plan.Expr
	for ; up != nil; up = up.below {
		steps = append([]map[*plan.Column]plan.Expr{up.of}, steps...)
	}
	return steps
}

// termReader finds what a predicate asks for of the rows of a scan. Each expression
// is written in the columns above the first of the steps that are left.
type termReader struct {
	work *budget.Budget
	scan *plan.Scan
}

// condition returns what must be in a row for which the predicate is true: nil asks
// for nothing.
func (r *termReader) condition(e plan.Expr, steps []map[*plan.Column]plan.Expr) *plan.Sought {
	r.work.Spend(1)
	switch e := e.(type) {
	case *plan.Literal:
		if e.Value == false {
			return plan.SoughtAny()
		}
	case *plan.Ref:
		if of, rest, ok := behind(e.Column, steps); ok {
			return r.condition(of, rest)
		}
	case *plan.Call:
		return r.call(e, steps)
	case among:
		return r.among(&plan.Ref{Column: e.column}, e.values, steps)
	}
	return nil
}

// among returns what must be in a row of which a text is among some values.
func (r *termReader) among(e plan.Expr, values *plan.Rows, steps []map[*plan.Column]plan.Expr) *plan.Sought {
	found, column := r.text(e, steps)
	if found != storedText && !found.dynamic() {
		return nil
	}
	return &plan.Sought{Among: values, Whole: r.isString(column), Begins: true, Ends: true, Number: found.dynamic(), Columns: []string{column}}
}

// isString says whether a column in storage is of type string: the text of one of another
// type may be written otherwise.
func (r *termReader) isString(source string) bool {
	return slices.ContainsFunc(r.scan.Fields, func(f plan.Field) bool { return f.Source == source && f.Column.Type == types.String })
}

// shapes are the operators that find a text, and whether it begins and ends where a
// term does.
var shapes = map[string]struct{ begins, ends bool }{
	"==": {true, true}, "=~": {true, true},
	"has": {true, true}, "has_cs": {true, true},
	"hasprefix": {true, false}, "hasprefix_cs": {true, false},
	"hassuffix": {false, true}, "hassuffix_cs": {false, true},
	"contains": {}, "contains_cs": {},
	"startswith": {true, false}, "startswith_cs": {true, false},
	"endswith": {false, true}, "endswith_cs": {false, true},
	"in": {true, true}, "in~": {true, true}, "matches regex": {}, "has_any": {true, true}, "has_all": {true, true},
}

func (r *termReader) call(c *plan.Call, steps []map[*plan.Column]plan.Expr) *plan.Sought {
	name := c.Function.Name
	switch name {
	case "and", "or", "has_all", "has_any", "in", "in~":
	default:
		if len(c.Args) != 2 {
			return nil
		}
	}
	if name == "and" || name == "or" {
		conditions := make([]*plan.Sought, len(c.Args))
		for i, a := range c.Args {
			conditions[i] = r.condition(a, steps)
		}
		if name == "and" {
			return plan.SoughtAll(conditions...)
		}
		return plan.SoughtAny(conditions...)
	}
	shape, ok := shapes[name]
	if !ok {
		return nil
	}
	value, items := c.Args[0], c.Args[1:]
	if _, constant := value.(*plan.Literal); constant && name == "==" {
		value, items = c.Args[1], c.Args[:1]
	}
	found, column := r.text(value, steps)
	if found == unknownText {
		return nil
	}
	sought := func(text string, begins, ends bool) *plan.Sought {
		return &plan.Sought{Text: text, Begins: begins, Ends: ends, Number: found.dynamic() && !plan.WithinString(text), Part: found == partText, Columns: []string{column}}
	}
	conditions := make([]*plan.Sought, len(items))
	for i, item := range items {
		if rows, ok := item.(*plan.Rows); ok && name == "in" && value.Type() == types.String && rows.Column.Type == types.String {
			conditions[i] = r.among(value, rowsOf(rows.Node, rows.Column), steps)
			continue
		}
		l, ok := item.(*plan.Literal)
		text, isText := "", false
		if ok && l.Of == types.String {
			text, isText = l.Value.(string)
		}
		switch {
		case !isText || text == "":
		case name == "matches regex":
			if found != emptyText { // a pattern may match nothing
				r.work.Spend(len(text))
				conditions[i] = patternLiterals(text, sought)
			}
		case found == emptyText:
			conditions[i] = plan.SoughtAny()
		case name == "in~":
			conditions[i] = pieces(text, true, true, lowered, sought)
		default:
			conditions[i] = sought(text, shape.begins, shape.ends)
		}
	}
	if name == "has_all" {
		return plan.SoughtAll(conditions...)
	}
	return plan.SoughtAny(conditions...)
}

// textKind says what the text of an expression is.
type textKind int

const (
	unknownText textKind = iota
	storedText           // a text of the row as it is stored
	dynamicText          // that of a dynamic value
	partText             // that of a part of one
	emptyText
)

func (k textKind) dynamic() bool { return k == dynamicText || k == partText }

// text returns what the text of an expression is, and of which column in storage.
func (r *termReader) text(e plan.Expr, steps []map[*plan.Column]plan.Expr) (kind textKind, column string) {
	r.work.Spend(1)
	switch e := e.(type) {
	case *plan.Literal:
		if e.Value == nil || e.Value == "" {
			return emptyText, ""
		}
	case *plan.Convert:
		t := e.X.Type()
		if e.To != types.String || t != types.Dynamic && t != types.Guid && t != types.String {
			return unknownText, ""
		}
		return r.partOf(e.X, steps)
	case *plan.Ref:
		if of, rest, ok := behind(e.Column, steps); ok {
			return r.partOf(of, rest)
		}
		return r.stored(e.Column)
	}
	return unknownText, ""
}

// partOf returns what the text of an expression is that may be a part of a dynamic value.
func (r *termReader) partOf(e plan.Expr, steps []map[*plan.Column]plan.Expr) (kind textKind, column string) {
	whole := part(e)
	kind, column = r.text(whole, steps)
	if kind == dynamicText && whole != e {
		kind = partText
	}
	return kind, column
}

// part returns the dynamic value of which an expression gives a member or an element:
// its text is a part of the whole one's.
func part(e plan.Expr) plan.Expr {
	for {
		c, ok := e.(*plan.Call)
		if !ok || c.Function.Name != "member" && c.Function.Name != "element" || c.Args[0].Type() != types.Dynamic {
			return e
		}
		e = c.Args[0]
	}
}

// stored says what a column of the scan is.
func (r *termReader) stored(c *plan.Column) (textKind, string) {
	for _, f := range r.scan.Fields {
		if f.Column != c || strings.HasPrefix(f.Source, "quoll_") {
			continue
		}
		switch c.Type {
		case types.String, types.Guid:
			return storedText, f.Source
		case types.Dynamic:
			return dynamicText, f.Source
		}
	}
	return unknownText, ""
}

// behind returns what a column is, written in the columns of the steps that are left,
// if one of the steps makes it.
func behind(c *plan.Column, steps []map[*plan.Column]plan.Expr) (plan.Expr, []map[*plan.Column]plan.Expr, bool) {
	for i, of := range steps {
		e, ok := of[c]
		if !ok {
			continue
		}
		if ref, self := e.(*plan.Ref); self && ref.Column == c {
			continue
		}
		return e, steps[i+1:], true
	}
	return nil, nil, false
}
