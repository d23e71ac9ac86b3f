package duckdb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/schema"
)

// keyColumns are, by table, the column of few values by which most standing
// queries choose their rows: what kind of act a row tells of.
var keyColumns = map[string]string{
	schema.UnifiedAuditLog: "Operation",
	schema.OfficeActivity:  "Operation",
	schema.CloudAppEvents:  "ActionType",
	schema.UrlClickEvents:  "ActionType",
}

// interest is what a standing query looks at in a table: some columns of the rows
// for whose key a condition holds.
type interest struct {
	table   string
	columns []string // in storage, sorted
	wide    bool     // one of them holds documents
	// key is the column of the conditions, all of which hold; empty where all rows
	// are looked at.
	key        string
	conditions []plan.Expr // over keyColumn
	// text is that of the conditions: two of the same text are the same.
	text string
}

// keyColumn stands for the key in conditions, whatever query they come from.
var keyColumn = &plan.Column{ID: 1, Name: "key", Type: types.String}

// interests says of each scan of a statement what it looks at. A scan that is left
// out is not understood.
func interests(s *plan.Statement) map[*plan.Scan]*interest {
	parents := map[plan.Node][]plan.Node{}
	var scans []*plan.Scan
	plan.Visit(s.Root, func(n plan.Node) {
		for _, input := range n.Inputs() {
			parents[input] = append(parents[input], n)
		}
		if scan, ok := n.(*plan.Scan); ok {
			scans = append(scans, scan)
		}
		for _, e := range plan.Exprs(n) {
			plan.VisitExpr(e, func(e plan.Expr) bool {
				if table, _ := plan.Table(e); table != nil {
					parents[table] = append(parents[table], n)
				}
				return true
			})
		}
	})
	found := map[*plan.Scan]*interest{}
	for _, scan := range scans {
		if table, ok := schema.Lookup(scan.Table); ok {
			found[scan] = interestOf(scan, table.TimeColumn, parents)
		}
	}
	return found
}

// interestOf says what a scan looks at; the window of the query is over timeColumn.
func interestOf(scan *plan.Scan, timeColumn string, parents map[plan.Node][]plan.Node) *interest {
	it := &interest{table: scan.Table, columns: []string{timeColumn}}
	var key *plan.Column
	for _, f := range scan.Fields {
		it.columns = append(it.columns, f.Source)
		it.wide = it.wide || f.Column.Type == types.Dynamic
		if f.Source == keyColumns[scan.Table] && f.Column.Type == types.String {
			key = f.Column
		}
	}
	slices.Sort(it.columns)
	it.columns = slices.Compact(it.columns)
	if key == nil {
		return it
	}
	// Conditions count as long as all rows of the scan go through them and nobody
	// else sees the rows before.
	for n := plan.Node(scan); len(parents[n]) == 1; n = parents[n][0] {
		above := parents[n][0]
		if f, ok := above.(*plan.Filter); ok {
			it.conditions = conjuncts(it.conditions, f.Predicate, key)
		} else if _, ok := above.(*plan.Project); !ok {
			break
		}
	}
	if len(it.conditions) > 0 {
		it.key = keyColumns[scan.Table]
	}
	for _, c := range it.conditions {
		it.text += conditionText(c) + ";"
	}
	return it
}

// conjuncts adds what must hold of the key alone for a predicate to hold.
func conjuncts(to []plan.Expr, predicate plan.Expr, key *plan.Column) []plan.Expr {
	if c, ok := predicate.(*plan.Call); ok && c.Function.Name == "and" {
		for _, a := range c.Args {
			to = conjuncts(to, a, key)
		}
		return to
	}
	if condition, ofKey, ok := overKey(predicate, key); ok && ofKey {
		return append(to, condition)
	}
	return to
}

// pure are the functions, beside operators, that may stand in a condition: they
// give the same for the same text.
var pure = []string{"not", "isempty", "isnotempty", "tolower", "toupper"}

// overKey returns an expression over keyColumn instead of key. ok is false if it
// has anything else in it but constants; ofKey says whether it has the key.
func overKey(e plan.Expr, key *plan.Column) (over plan.Expr, ofKey, ok bool) {
	switch e := e.(type) {
	case *plan.Literal:
		return e, false, true
	case *plan.Ref:
		return &plan.Ref{Column: keyColumn}, true, e.Column == key
	case *plan.Call:
		if e.Function.Kind != builtin.Operator && !slices.Contains(pure, e.Function.Name) || len(e.Order) > 0 {
			return nil, false, false
		}
		out := *e
		out.Args = make([]plan.Expr, len(e.Args))
		for i, a := range e.Args {
			arg, has, ok := overKey(a, key)
			if !ok {
				return nil, false, false
			}
			out.Args[i], ofKey = arg, ofKey || has
		}
		return &out, ofKey, true
	}
	return nil, false, false
}

// conditionText writes a condition so that two of the same text are the same.
func conditionText(e plan.Expr) string {
	switch e := e.(type) {
	case *plan.Literal:
		return fmt.Sprintf("%s:%q%s", e.Of, fmt.Sprint(e.Value), e.Exact)
	case *plan.Call:
		args := make([]string, len(e.Args))
		for i, a := range e.Args {
			args[i] = conditionText(a)
		}
		return fmt.Sprintf("%q(%s)", e.Function.Name, strings.Join(args, ","))
	}
	return "key"
}

// anyOf is true of a key for which all conditions of an interest hold.
func anyOf(interests []*interest) plan.Expr {
	either := &plan.Case{Else: truth(false), Of: types.Bool}
	for _, it := range interests {
		all := truth(true)
		for _, c := range it.conditions {
			all = &plan.Case{Branches: []plan.Branch{{When: c, Then: all}}, Else: truth(false), Of: types.Bool}
		}
		either.Branches = append(either.Branches, plan.Branch{When: all, Then: truth(true)})
	}
	return either
}

func truth(value bool) plan.Expr { return &plan.Literal{Of: types.Bool, Value: value} }
