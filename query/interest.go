package query

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

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

// Interest is what a query looks at in a table: some columns of the rows for whose
// key all conditions hold. What other rows there are changes nothing of its answer.
type Interest struct {
	Table   string
	Columns []string // in storage, sorted
	Wide    bool     // one of them holds documents
	// Key is the column of the conditions; empty where all rows are looked at.
	Key        string
	Conditions []plan.Expr // over InterestKey
	// Text is that of the conditions: two of the same text are the same.
	Text string
}

// KeyColumn returns the column of a table in storage that conditions of interests are
// over; empty if there is none.
func KeyColumn(table string) string { return keyColumns[table] }

// InterestKey stands for the key in conditions, whatever query they come from.
var InterestKey = &plan.Column{ID: 1, Name: "key", Type: types.String}

// Interests says of each scan of a statement what it looks at. A scan that is left
// out is not understood.
func Interests(s *plan.Statement) map[*plan.Scan]*Interest {
	readers := plan.Readers(s.Root)
	found := map[*plan.Scan]*Interest{}
	plan.Visit(s.Root, func(n plan.Node) {
		scan, ok := n.(*plan.Scan)
		if !ok {
			return
		}
		if table, ok := schema.Lookup(scan.Table); ok {
			found[scan] = interestOf(scan, table.TimeColumn, readers)
		}
	})
	return found
}

// interestOf says what a scan looks at; the window of the query is over timeColumn.
func interestOf(scan *plan.Scan, timeColumn string, readers map[plan.Node][]plan.Node) *Interest {
	it := &Interest{Table: scan.Table, Columns: []string{timeColumn}}
	var key *plan.Column
	for _, f := range scan.Fields {
		it.Columns = append(it.Columns, f.Source)
		it.Wide = it.Wide || f.Column.Type == types.Dynamic
		if f.Source == keyColumns[scan.Table] && f.Column.Type == types.String {
			key = f.Column
		}
	}
	slices.Sort(it.Columns)
	it.Columns = slices.Compact(it.Columns)
	if key == nil {
		return it
	}
	// Conditions count as long as all rows of the scan go through them and nobody
	// else sees the rows before.
	for n := plan.Node(scan); len(readers[n]) == 1; n = readers[n][0] {
		above := readers[n][0]
		if f, ok := above.(*plan.Filter); ok {
			it.Conditions = conjuncts(it.Conditions, f.Predicate, key)
		} else if _, ok := above.(*plan.Project); !ok {
			break
		}
	}
	if len(it.Conditions) > 0 {
		it.Key = keyColumns[scan.Table]
	}
	for _, c := range it.Conditions {
		it.Text += conditionText(c) + ";"
	}
	return it
}

// conjuncts adds what must hold of the key alone for a predicate to hold.
func conjuncts(to []plan.Expr, predicate plan.Expr, key *plan.Column) []plan.Expr {
	if condition, ofKey, ok := overKey(predicate, key); ok && ofKey {
		return append(to, condition)
	}
	c, ok := predicate.(*plan.Call)
	switch {
	case !ok:
	case c.Function.Name == "and":
		for _, a := range c.Args {
			to = conjuncts(to, a, key)
		}
	case c.Function.Name == "or":
		if either, ok := disjunct(c, key); ok {
			to = append(to, either)
		}
	}
	return to
}

// disjunct returns what must hold of the key for one of the arguments of a call of
// "or" to hold; ok is false if one of them says nothing of the key.
func disjunct(c *plan.Call, key *plan.Column) (either plan.Expr, ok bool) {
	out := *c
	out.Args = make([]plan.Expr, len(c.Args))
	for i, a := range c.Args {
		all := conjuncts(nil, a, key)
		if len(all) == 0 {
			return nil, false
		}
		// Of several one will do: what it lets through beyond the others is looked at
		// in vain.
		out.Args[i] = all[0]
	}
	return &out, true
}

// pure are the functions, beside operators, that may stand in a condition: they
// give the same for the same text.
var pure = []string{"not", "isempty", "isnotempty", "tolower", "toupper"}

// overKey returns an expression over InterestKey instead of key. ok is false if it
// has anything else in it but constants; ofKey says whether it has the key.
func overKey(e plan.Expr, key *plan.Column) (over plan.Expr, ofKey, ok bool) {
	switch e := e.(type) {
	case *plan.Literal:
		return e, false, true
	case *plan.Ref:
		return &plan.Ref{Column: InterestKey}, true, e.Column == key
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

// Expecter is an engine that reads less for a query if it knows of it, and of others
// that look at the same, before it is first asked.
type Expecter interface {
	// Expect says that a statement will be asked again and again, over windows that
	// long.
	Expect(s *plan.Statement, reach time.Duration)
}

// Expect says that a query will be asked again and again, as a standing one, over
// windows that long. It returns what the query looks at, scan by scan.
func (s *Service) Expect(ctx context.Context, text string, reach time.Duration) (reads []*Interest, err error) {
	defer caught(&err)
	statement, err := s.Compile(ctx, text)
	if err != nil {
		return nil, err
	}
	if e, ok := s.engine.(Expecter); ok {
		e.Expect(statement, reach)
	}
	return Reads(statement), nil
}

// Reads says what a statement looks at, scan by scan, in no order.
func Reads(s *plan.Statement) []*Interest {
	var all []*Interest
	for _, s := range append([]*plan.Statement{s}, s.More...) {
		all = slices.AppendSeq(all, maps.Values(Interests(s)))
		for _, table := range plan.Tables(s) {
			if !slices.ContainsFunc(all, func(it *Interest) bool { return it.Table == table }) {
				all = append(all, &Interest{Table: table}) // not understood: all rows
			}
		}
	}
	return all
}

// Meets says of each key whether all conditions of an interest hold of it.
func (s *Service) Meets(ctx context.Context, it *Interest, keys []string) (holds []bool, err error) {
	defer caught(&err)
	input := &plan.Values{Output: []*plan.Column{InterestKey}}
	for _, key := range keys {
		input.Rows = append(input.Rows, []plan.Expr{&plan.Literal{Of: types.String, Value: key}})
	}
	var node plan.Node = input
	for _, c := range it.Conditions {
		node = &plan.Filter{Input: node, Predicate: c}
	}
	execution, err := s.engine.Run(ctx, &plan.Statement{Root: node, Output: []plan.Output{{Name: InterestKey.Name, Column: InterestKey}}}, RunOptions{Limits: GreatestLimits()})
	if err != nil {
		return nil, fmt.Errorf("compare %d keys with what a query looks at: %w", len(keys), err)
	}
	met := make(map[any]bool, len(execution.Rows))
	for _, row := range execution.Rows {
		met[row[0]] = true
	}
	holds = make([]bool, len(keys))
	for i, key := range keys {
		holds[i] = met[key]
	}
	return holds, nil
}
