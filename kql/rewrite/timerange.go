package rewrite

import (
	"time"

	"github.com/quoll/quoll/kql/plan"
)

// PushTimeRanges tells a scan which times its filters ask for. The filters
// stay: the range is a hint by which the engine leaves out files. The time
// column is the field named TimeGenerated.
//
// A filter counts if only filters, projections and plain sorts stand between
// it and the scan, and if no other node reads the same rows.
func PushTimeRanges(s *plan.Statement) {
	parents := map[plan.Node]int{}
	plan.Visit(s.Root, func(n plan.Node) {
		for _, input := range n.Inputs() {
			parents[input]++
		}
	})
	plan.Visit(s.Root, func(n plan.Node) {
		f, ok := n.(*plan.Filter)
		if !ok {
			return
		}
		if scan := below(f.Input, parents); scan != nil {
			narrow(scan, f.Predicate)
		}
	})
}

// below returns the scan under n, if all of its rows come to n and to nothing
// else.
func below(n plan.Node, parents map[plan.Node]int) *plan.Scan {
	for parents[n] <= 1 {
		switch node := n.(type) {
		case *plan.Scan:
			return node
		case *plan.Filter:
			n = node.Input
		case *plan.Project:
			n = node.Input
		default:
			return nil
		}
	}
	return nil
}

// TimeColumn is the name in storage of the column that scans are cut by.
const TimeColumn = "TimeGenerated"

func narrow(scan *plan.Scan, predicate plan.Expr) {
	c, ok := predicate.(*plan.Call)
	if !ok {
		return
	}
	if c.Function.Name == "and" {
		for _, a := range c.Args {
			narrow(scan, a)
		}
		return
	}
	if len(c.Args) != 2 {
		return
	}
	op := c.Function.Name
	t, bound := operands(scan, c.Args[0], c.Args[1])
	if !bound {
		t, bound = operands(scan, c.Args[1], c.Args[0])
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
func operands(scan *plan.Scan, x, y plan.Expr) (time.Time, bool) {
	ref, ok1 := x.(*plan.Ref)
	literal, ok2 := y.(*plan.Literal)
	if !ok1 || !ok2 {
		return time.Time{}, false
	}
	t, ok := literal.Value.(time.Time)
	if !ok {
		return time.Time{}, false
	}
	for _, f := range scan.Fields {
		if f.Column == ref.Column && f.Source == TimeColumn {
			return t, true
		}
	}
	return time.Time{}, false
}
