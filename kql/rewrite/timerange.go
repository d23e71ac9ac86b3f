package rewrite

import (
	"slices"
	"time"

	"github.com/quoll/quoll/kql/budget"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// PushTimeRanges tells a scan which times the filters above it ask for. The
// filters stay: the ranges are hints by which the engine leaves out files. The
// time column is the field named TimeGenerated; what is asked of other columns, the
// time of ingestion among them, is told apart.
//
// A filter counts if what stands between it and the scan neither needs the rows
// that it leaves out nor is read by another node.
func PushTimeRanges(s *plan.Statement, work *budget.Budget) {
	p := pusher{work: work, parents: map[plan.Node]int{}}
	plan.Visit(s.Root, func(n plan.Node) {
		work.Spend(1)
		for _, input := range n.Inputs() {
			p.parents[input]++
		}
	})
	plan.Visit(s.Root, func(n plan.Node) {
		if f, ok := n.(*plan.Filter); ok {
			p.filter(f.Input, f.Predicate)
		}
	})
}

type pusher struct {
	work    *budget.Budget
	parents map[plan.Node]int
}

// times are those that a column must have, both ends included; zero is no bound.
type times struct {
	column   *plan.Column
	from, to time.Time
}

// filter pushes what a condition on the rows of n says about times.
func (p *pusher) filter(n plan.Node, predicate plan.Expr) {
	p.work.Spend(1)
	c, ok := predicate.(*plan.Call)
	if !ok {
		return
	}
	if c.Function.Name == "and" {
		for _, a := range c.Args {
			p.filter(n, a)
		}
		return
	}
	if len(c.Args) != 2 {
		return
	}
	if t, ok := instant(c.Args[1]); ok {
		p.compared(n, c.Args[0], c.Function.Name, t)
	} else if t, ok := instant(c.Args[0]); ok {
		p.compared(n, c.Args[1], mirrored[c.Function.Name], t)
	}
}

var mirrored = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}

func instant(e plan.Expr) (time.Time, bool) {
	l, ok := e.(*plan.Literal)
	if !ok {
		return time.Time{}, false
	}
	t, ok := l.Value.(time.Time)
	return t, ok
}

func (p *pusher) compared(n plan.Node, e plan.Expr, op string, t time.Time) {
	var asked times
	held := t.Truncate(time.Microsecond) // what engines compare with
	switch op {
	case ">", ">=":
		asked.from = held
	case "<": // the next day begins with the end of this one
		asked.to = t.Add(-time.Nanosecond)
	case "<=":
		asked.to = t
	case "==":
		asked.from, asked.to = held, t
	default:
		return
	}
	p.expression(n, e, asked)
}

// expression pushes the times that an expression over the columns of n must have.
// What a time is rounded down to is not after it, and less than a step before.
func (p *pusher) expression(n plan.Node, e plan.Expr, asked times) {
	switch e := e.(type) {
	case *plan.Ref:
		asked.column = e.Column
		p.below(n, asked)
	case *plan.Call:
		step, ok := rounding(e)
		if !ok {
			return
		}
		if !asked.to.IsZero() {
			asked.to = asked.to.Add(step - time.Nanosecond)
		}
		p.expression(n, e.Args[0], asked)
	}
}

// rounding returns the step to which a call rounds down.
func rounding(c *plan.Call) (time.Duration, bool) {
	const day = 24 * time.Hour
	switch {
	case c.Function.Name == "startofday" && len(c.Args) == 1:
		return day, true
	case c.Function.Name != "bin" || len(c.Args) != 2:
		return 0, false
	}
	l, ok := c.Args[1].(*plan.Literal)
	if !ok {
		return 0, false
	}
	step, ok := l.Value.(types.Ticks)
	if !ok || step <= 0 || step > types.Ticks(366*day/100) {
		return 0, false
	}
	return time.Duration(step) * 100, true
}

// below pushes times of a column of n towards the scans that it comes from.
func (p *pusher) below(n plan.Node, asked times) {
	p.work.Spend(1)
	if p.parents[n] > 1 {
		return
	}
	switch n := n.(type) {
	case *plan.Scan:
		narrow(n, asked)
	case *plan.Filter:
		p.below(n.Input, asked)
	case *plan.Sort:
		p.below(n.Input, asked)
	case *plan.Unnest:
		p.below(n.Input, asked)
	case *plan.Project:
		p.defined(n.Input, n.Define, asked)
	case *plan.Aggregate:
		p.keyed(n, asked)
	case *plan.Reference:
		if i := slices.Index(n.Output, asked.column); i >= 0 {
			asked.column = n.Source[i]
			p.below(n.Target.Node, asked)
		}
	case *plan.Union:
		if i := slices.Index(n.Output, asked.column); i >= 0 {
			for k, input := range n.From {
				p.expression(input, n.Items[k][i], asked)
			}
		}
	case *plan.Join:
		p.joined(n, asked)
	}
}

func (p *pusher) defined(input plan.Node, define []plan.Definition, asked times) {
	for _, d := range define {
		p.work.Spend(1)
		if d.Column == asked.column {
			if ref, ok := d.Expr.(*plan.Ref); !ok || ref.Column != d.Column {
				p.expression(input, d.Expr, asked)
				return
			}
		}
	}
	p.below(input, asked)
}

// keyed pushes times of a key: they leave out whole groups.
func (p *pusher) keyed(n *plan.Aggregate, asked times) {
	for _, k := range n.Keys {
		if k.Column == asked.column {
			p.defined(n.Input, n.Keys, asked)
		}
	}
}

// joined pushes times of a side of which every row that is left makes rows of its
// own; innerunique takes one of the left rows of a key, and which one would change.
func (p *pusher) joined(n *plan.Join, asked times) {
	left, right := false, false
	switch n.Kind {
	case plan.Inner, plan.Cross:
		left, right = true, true
	case plan.LeftOuter, plan.LeftSemi, plan.LeftAnti:
		left = true
	case plan.InnerUnique, plan.RightOuter, plan.RightSemi, plan.RightAnti:
		right = true
	}
	if left && slices.Contains(n.Left.Columns(), asked.column) {
		p.below(n.Left, asked)
	}
	if right && slices.Contains(n.Right.Columns(), asked.column) {
		p.below(n.Right, asked)
	}
}

// TimeColumn is the name in storage of the column that scans are cut by.
const TimeColumn = "TimeGenerated"

func narrow(scan *plan.Scan, asked times) {
	for _, f := range scan.Fields {
		switch {
		case f.Column != asked.column:
		case f.Source == TimeColumn:
			tighten(&scan.From, &scan.To, asked)
		default:
			i := slices.IndexFunc(scan.Ranges, func(r plan.Range) bool { return r.Source == f.Source })
			if i < 0 {
				i, scan.Ranges = len(scan.Ranges), append(scan.Ranges, plan.Range{Source: f.Source})
			}
			tighten(&scan.Ranges[i].From, &scan.Ranges[i].To, asked)
		}
	}
}

func tighten(from, to *time.Time, asked times) {
	if asked.from.After(*from) {
		*from = asked.from
	}
	if !asked.to.IsZero() && (to.IsZero() || asked.to.Before(*to)) {
		*to = asked.to
	}
}
