package query_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/kqltest"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
)

// plainEngine is an engine besides DuckDB: it walks a plan over rows in Go. It is
// here to hold the seam, that nothing before the plan has to change for another
// engine, and does a part of the language; the rest it declines.
type plainEngine struct{ tables []kqltest.Table }

// Run implements query.Engine.
func (e *plainEngine) Run(_ context.Context, s *plan.Statement, o query.RunOptions) (*query.Execution, error) {
	if len(s.More) > 0 {
		return nil, fmt.Errorf("several tables: %w", kqltest.ErrNotComputed)
	}
	r := &plainRun{tables: e.tables, shared: map[*plan.Shared]relation{}}
	got := r.node(s.Root)
	if len(s.Order) > 0 {
		got = r.sorted(got, s.Order)
	}
	execution := &query.Execution{}
	for _, row := range got.rows {
		if len(execution.Rows) == o.Limits.Rows {
			execution.Truncated, execution.LimitReached = true, o.Limits.RecordLimitReached()
			break
		}
		out := make([]any, len(s.Output))
		for i, column := range s.Output {
			out[i] = r.output(row[got.at(column.Column)], column.Column.Type)
		}
		execution.Rows = append(execution.Rows, out)
	}
	if r.declined != "" {
		return nil, fmt.Errorf("%s: %w", r.declined, kqltest.ErrNotComputed)
	}
	return execution, nil
}

// SQL implements query.Engine: this engine's language is the plan.
func (e *plainEngine) SQL(_ context.Context, s *plan.Statement, _ query.RunOptions) (string, error) {
	return s.String(), nil
}

// plainRun is one run. It goes on after it declined something, with nulls, and
// says so at the end.
type plainRun struct {
	tables   []kqltest.Table
	shared   map[*plan.Shared]relation
	declined string
}

func (r *plainRun) decline(format string, args ...any) {
	r.declined = cmp.Or(r.declined, fmt.Sprintf(format, args...))
}

// relation is rows with the columns that their cells belong to. Cells are as in
// query.Result, but dynamic is JSON text and decimals are declined.
type relation struct {
	columns []*plan.Column
	rows    [][]any
}

func (t relation) at(c *plan.Column) int { return slices.Index(t.columns, c) }

func (r *plainRun) output(v any, t types.Type) any {
	text, ok := v.(string)
	if t != types.Dynamic || !ok {
		return v
	}
	parsed, _ := parseDynamic(text)
	return json.RawMessage(dynamicText(parsed))
}

func (r *plainRun) node(n plan.Node) relation {
	switch n := n.(type) {
	case *plan.Scan:
		return r.scan(n)
	case *plan.Values:
		out := relation{columns: n.Output}
		for _, row := range n.Rows {
			out.rows = append(out.rows, r.exprs(row, relation{}, nil))
		}
		return out
	case *plan.Filter:
		in := r.node(n.Input)
		in.rows = slices.DeleteFunc(slices.Clone(in.rows), func(row []any) bool { return r.expr(n.Predicate, in, row) != true })
		return in
	case *plan.Project:
		return r.project(n)
	case *plan.Aggregate:
		return r.aggregate(n)
	case *plan.Sort:
		return r.sorted(r.node(n.Input), n.Keys)
	case *plan.Limit:
		in := r.node(n.Input)
		in.rows = in.rows[:min(int64(len(in.rows)), max(n.Count, 0))]
		return in
	case *plan.Join:
		return r.join(n)
	case *plan.Union:
		return r.union(n)
	case *plan.Reference:
		return r.reference(n)
	}
	r.decline("%T", n)
	return relation{columns: n.Columns()}
}

func (r *plainRun) scan(n *plan.Scan) relation {
	table, ok := kqltest.Find(r.tables, n.Table)
	if !ok {
		r.decline("table %s", n.Table)
	}
	out := relation{columns: n.Columns()}
	for _, cells := range table.Rows {
		row := make([]any, len(n.Fields))
		for i, f := range n.Fields {
			row[i] = cells[slices.IndexFunc(table.Columns, func(c kqltest.Column) bool { return c.Name == f.Source })]
		}
		out.rows = append(out.rows, row)
	}
	return out
}

func (r *plainRun) project(n *plan.Project) relation {
	in, out := r.node(n.Input), relation{columns: n.Columns()}
	for _, row := range in.rows {
		made := make([]any, 0, len(out.columns))
		for _, c := range n.Pass {
			made = append(made, row[in.at(c)])
		}
		for _, d := range n.Define {
			made = append(made, r.expr(d.Expr, in, row))
		}
		out.rows = append(out.rows, made)
	}
	return out
}

func (r *plainRun) aggregate(n *plan.Aggregate) relation {
	in, out := r.node(n.Input), relation{columns: n.Columns()}
	var order []string
	keys, groups := map[string][]any{}, map[string][][]any{}
	if len(n.Keys) == 0 {
		order = []string{""}
	}
	for _, row := range in.rows {
		key := make([]any, len(n.Keys))
		for i, d := range n.Keys {
			key[i] = r.expr(d.Expr, in, row)
		}
		name := keyOf(key)
		if _, known := groups[name]; !known && len(n.Keys) > 0 {
			order = append(order, name)
		}
		keys[name], groups[name] = key, append(groups[name], row)
	}
	for _, name := range order {
		row := keys[name]
		row = row[:len(n.Keys):len(n.Keys)]
		for _, d := range n.Aggregates {
			row = append(row, r.aggregated(d.Expr, relation{in.columns, groups[name]}))
		}
		out.rows = append(out.rows, row)
	}
	return out
}

// keyOf makes values a map's key; nulls are equal, and -0 is 0.
func keyOf(values []any) string {
	var text strings.Builder
	for _, v := range values {
		if f, ok := v.(float64); ok && f == 0 {
			v = 0.0
		}
		fmt.Fprintf(&text, "%T %v\x00", v, v)
	}
	return text.String()
}

func (r *plainRun) sorted(in relation, keys []plan.SortKey) relation {
	in.rows = slices.Clone(in.rows)
	slices.SortStableFunc(in.rows, func(x, y []any) int {
		for _, k := range keys {
			i := in.at(k.Column)
			if c := r.sortOrder(x[i], y[i], k); c != 0 {
				return c
			}
		}
		return 0
	})
	return in
}

func (r *plainRun) sortOrder(x, y any, k plan.SortKey) int {
	first := 1
	if k.NullsFirst {
		first = -1
	}
	switch {
	case x == nil && y == nil:
		return 0
	case x == nil:
		return first
	case y == nil:
		return -first
	case k.Descending:
		return r.compare(y, x)
	}
	return r.compare(x, y)
}

func (r *plainRun) union(n *plan.Union) relation {
	out := relation{columns: n.Output}
	for i, from := range n.From {
		in := r.node(from)
		for _, row := range in.rows {
			out.rows = append(out.rows, r.exprs(n.Items[i], in, row))
		}
	}
	return out
}

func (r *plainRun) reference(n *plan.Reference) relation {
	target, ok := r.shared[n.Target]
	if !ok {
		target = r.node(n.Target.Node)
		r.shared[n.Target] = target
	}
	out := relation{columns: n.Output}
	for _, row := range target.rows {
		made := make([]any, len(n.Output))
		for i, c := range n.Source {
			if n.Output[i] != nil {
				made[i] = row[target.at(c)]
			}
		}
		out.rows = append(out.rows, made)
	}
	return out
}

// partners are the rows of a join's right side by their keys, and which of them
// found one.
type partners struct {
	rows  map[string][]int
	found map[int]bool
}

func (r *plainRun) join(n *plan.Join) relation {
	left, right, out := r.node(n.Left), r.node(n.Right), relation{columns: n.Columns()}
	beside := partners{map[string][]int{}, map[int]bool{}}
	for i, row := range right.rows {
		if key, ok := joinKey(right, row, n.On, func(k plan.JoinKey) *plan.Column { return k.Right }); ok {
			beside.rows[key] = append(beside.rows[key], i)
		}
	}
	seen := map[string]bool{}
	for _, row := range left.rows {
		key, ok := joinKey(left, row, n.On, func(k plan.JoinKey) *plan.Column { return k.Left })
		var with []int
		if ok && !(n.Kind == plan.InnerUnique && seen[key]) {
			seen[key], with = true, beside.rows[key]
		}
		for _, i := range with {
			beside.found[i] = true
		}
		out.rows = append(out.rows, leftRows(n.Kind, row, right, with)...)
	}
	for i, row := range right.rows {
		switch found := beside.found[i]; {
		case n.Kind == plan.RightSemi && found, n.Kind == plan.RightAnti && !found:
			out.rows = append(out.rows, row)
		case (n.Kind == plan.RightOuter || n.Kind == plan.FullOuter) && !found:
			out.rows = append(out.rows, append(nothing(left), row...))
		}
	}
	return out
}

// leftRows are what a row of the left side makes with its partners.
func leftRows(kind plan.JoinKind, row []any, right relation, with []int) (rows [][]any) {
	switch kind {
	case plan.RightSemi, plan.RightAnti:
		return nil
	case plan.LeftSemi, plan.LeftAnti:
		if (len(with) > 0) == (kind == plan.LeftSemi) {
			rows = append(rows, row)
		}
		return rows
	}
	for _, i := range with {
		rows = append(rows, slices.Concat(row, right.rows[i]))
	}
	if len(with) == 0 && (kind == plan.LeftOuter || kind == plan.FullOuter) {
		rows = append(rows, slices.Concat(row, nothing(right)))
	}
	return rows
}

func joinKey(in relation, row []any, on []plan.JoinKey, side func(plan.JoinKey) *plan.Column) (string, bool) {
	values := make([]any, len(on))
	for i, k := range on {
		if values[i] = row[in.at(side(k))]; values[i] == nil {
			return "", false
		}
		if n, ok := values[i].(int32); ok {
			values[i] = int64(n)
		}
	}
	return keyOf(values), true
}

// nothing is the row of a side without a partner.
func nothing(side relation) []any {
	row := make([]any, len(side.columns))
	for i, c := range side.columns {
		if c.Type == types.String {
			row[i] = ""
		}
	}
	return row
}

// scripted is plainEngine as the scripts of the language want it. It counts.
type scripted struct{ computed, declined *int }

// Run implements kqltest.Engine.
func (s scripted) Run(ctx context.Context, statement *plan.Statement, tables []kqltest.Table) ([][]any, string, error) {
	execution, err := (&plainEngine{tables}).Run(ctx, statement, query.RunOptions{Limits: query.DefaultLimits()})
	if err != nil {
		*s.declined++
		return nil, "", err
	}
	*s.computed++
	return execution.Rows, "", nil
}

// The rows in the scripts are those that DuckDB gives. An engine that shares
// nothing with it but the plan gives the same, where it does not decline.
func TestAnotherEngineGivesTheRowsOfTheScripts(t *testing.T) {
	computed, declined := 0, 0
	kqltest.Run(t, scripted{&computed, &declined})
	t.Logf("%d plans computed, %d declined", computed, declined)
	if least := 350; computed < least {
		t.Errorf("%d plans were computed, fewer than %d; %d were declined", computed, least, declined)
	}
}

// A service takes the other engine as it takes DuckDB: text, limits, mistakes.
func TestAServiceRunsOnAnotherEngine(t *testing.T) {
	tables := []kqltest.Table{{Name: "Mail", Columns: []kqltest.Column{{Name: "Sender", Type: types.String}, {Name: "Size", Type: types.Long}}, Rows: [][]any{
		{"ann@a.example", int64(3)}, {"bob@a.example", nil}, {"ann@a.example", int64(math.MaxInt64)}, {"cat@b.example", int64(5)},
	}}}
	catalog := kqltest.NewCatalog(tables)
	compile := func(text string, options bind.Options) (*plan.Statement, error) {
		return kql.CompileWith(text, catalog, options)
	}
	service := query.NewService(compile, &plainEngine{tables}, func() time.Time { return kqltest.Now })
	ask := func(text string, rows int) (*query.Result, error) {
		return service.Query(t.Context(), query.Request{Text: text, Limits: query.Limits{Rows: rows}})
	}
	result, err := ask("Mail | where Size > 1 | extend Twice = Size * 2 | summarize n = count(), most = max(Twice) by Domain = tostring(split(Sender, '@')[1]) | sort by Domain asc", 10)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(result.Columns, result.Rows), "[{Domain string} {n long} {most long}] [[a.example 2 6] [b.example 1 10]]"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if result, err = ask("Mail | take 3", 2); err != nil || !result.Truncated || !strings.Contains(result.PartialFailure, "record count limit 2") {
		t.Errorf("a limit: %+v, %v", result, err)
	}
	if _, err = ask("Mail | where Sizes > 1", 2); err == nil || !strings.Contains(err.Error(), `"Size"`) {
		t.Errorf("a mistake: %v", err)
	}
}
