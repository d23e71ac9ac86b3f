package rewrite

import (
	"time"

	"github.com/quoll/quoll/kql/budget"
	"github.com/quoll/quoll/kql/plan"
)

// PushTimeRanges tells a scan which times its filters ask for. The filters
// stay: the range is a hint by which the engine leaves out files. The time
// column is the field named TimeGenerated.
//
// A filter counts if only filters, projections and references stand between it
// and the scan, and if no other node reads the same rows.
func PushTimeRanges(s *plan.Statement, work *budget.Budget) {
	p := pusher{work: work, parents: map[plan.Node]int{}, source: map[*plan.Column]*plan.Column{}}
	plan.Visit(s.Root, func(n plan.Node) {
		work.Spend(1)
		for _, input := range n.Inputs() {
			p.parents[input]++
		}
		if r, ok := n.(*plan.Reference); ok {
			for i, c := range r.Output {
				if c != r.Source[i] { // a column that is handed on is its own source
					p.source[c] = r.Source[i]
				}
			}
		}
	})
	plan.Visit(s.Root, func(n plan.Node) {
		f, ok := n.(*plan.Filter)
		if !ok {
			return
		}
		if scan := p.below(f.Input); scan != nil {
			p.narrow(scan, f.Predicate)
		}
	})
}

type pusher struct {
	work    *budget.Budget
	parents map[plan.Node]int
	// source maps the columns of references to those they take their values from.
	source map[*plan.Column]*plan.Column
}

// below returns the scan under n, if all of its rows come to n and to nothing
// else.
func (p *pusher) below(n plan.Node) *plan.Scan {
	for p.parents[n] <= 1 {
		p.work.Spend(1)
		switch node := n.(type) {
		case *plan.Scan:
			return node
		case *plan.Filter:
			n = node.Input
		case *plan.Project:
			n = node.Input
		case *plan.Reference:
			n = node.Target.Node
		default:
			return nil
		}
	}
	return nil
}

// TimeColumn is the name in storage of the column that scans are cut by.
const TimeColumn = "TimeGenerated"

func (p *pusher) narrow(scan *plan.Scan, predicate plan.Expr) {
	p.work.Spend(1)
	c, ok := predicate.(*plan.Call)
	if !ok {
		return
	}
	if c.Function.Name == "and" {
		for _, a := range c.Args {
			p.narrow(scan, a)
		}
		return
	}
	if len(c.Args) != 2 {
		return
	}
	op := c.Function.Name
	t, bound := p.operands(scan, c.Args[0], c.Args[1])
	if !bound {
		t, bound = p.operands(scan, c.Args[1], c.Args[0])
		op = mirrored[op]
	}
	if !bound {
		return
	}
	if (op == ">" || op == ">=" || op == "==") && t.After(scan.From) {
		scan.From = t
	}
	if (op == "<" || op == "<=" || op == "==") && (scan.To.IsZero() || t.Before(scan.To)) {
		scan.To = t
	}
}

var mirrored = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}

// operands returns the constant that the scan's time column is compared with.
func (p *pusher) operands(scan *plan.Scan, x, y plan.Expr) (time.Time, bool) {
	ref, ok1 := x.(*plan.Ref)
	literal, ok2 := y.(*plan.Literal)
	if !ok1 || !ok2 {
		return time.Time{}, false
	}
	t, ok := literal.Value.(time.Time)
	if !ok {
		return time.Time{}, false
	}
	column := ref.Column
	for p.source[column] != nil {
		p.work.Spend(1)
		column = p.source[column]
	}
	for _, f := range scan.Fields {
		if f.Column == column && f.Source == TimeColumn {
			return t, true
		}
	}
	return time.Time{}, false
}
