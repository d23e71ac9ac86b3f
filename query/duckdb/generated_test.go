package duckdb

import (
	"context"
	"errors"
	"flag"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/kqltest"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
)

var (
	generatedRounds = flag.Int("generated.rounds", 0, "how often TestGeneratedCalls goes through the vocabulary; 0 is once")
	generatedSeed   = flag.Uint64("generated.seed", 1, "what TestGeneratedCalls draws its arguments from")
	generatedOnly   = flag.String("generated.only", "", "the one function that TestGeneratedCalls calls")
)

// hostileTable has a column of each type, with the values that functions
// stumble over: nulls, the ends of every range, texts that are not what a
// function reads, and dynamic texts that are no JSON.
func hostileTable(name string) kqltest.Table {
	table := kqltest.Table{Name: name, Columns: []kqltest.Column{
		{Name: "TimeGenerated", Type: types.DateTime}, {Name: "b", Type: types.Bool}, {Name: "i", Type: types.Int},
		{Name: "l", Type: types.Long}, {Name: "r", Type: types.Real}, {Name: "s", Type: types.String},
		{Name: "g", Type: types.Guid}, {Name: "t", Type: types.DateTime}, {Name: "d", Type: types.TimeSpan},
		{Name: "x", Type: types.Dynamic}, {Name: "y", Type: types.Dynamic},
	}}
	at := time.Date(2026, 9, 14, 10, 30, 0, 0, time.UTC)
	first := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	last := time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)
	guid := "74be27de-1e4e-49d9-b579-fe0b331d3642"
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	table.Rows = [][]any{
		{at, true, int32(1), int64(1), 1.5, "ann", guid, at, types.Ticks(864000000000), `[1,2,3.5,4]`, `{"a":1,"b":[1,2],"c":null}`},
		{at, false, int32(-1), int64(-1), -0.5, "", nil, first, types.Ticks(-1), `{"type":"Point","coordinates":[1,2]}`, `no JSON`},
		{nil, nil, nil, nil, nil, "", nil, nil, nil, nil, nil},
		{last, true, int32(math.MaxInt32), int64(math.MaxInt64), math.MaxFloat64, "größe 😀 \x01 '\"\\", guid, last, types.Ticks(math.MaxInt64), `["a",1,null,[1],{"b":2},true]`, `{"a":`},
		{first, false, int32(math.MinInt32), int64(math.MinInt64), math.NaN(), "([a", "", first, types.Ticks(math.MinInt64), `{}`, deep},
		{at, true, int32(0), int64(0), math.Inf(1), "192.168.1.1/24", guid, at, types.Ticks(0), `"text"`, `[]`},
		{at, true, int32(77), int64(1 << 40), 1e-300, `{"a":[1]}`, guid, at, types.Ticks(1), `[[0,0],[1,0],[1,1],[0,0]]`, `NaN`},
		{at, true, int32(5), int64(5), math.Inf(-1), "2026-09-14T10:00:00Z", guid, at, types.Ticks(600000000), `1e308`, `[1e400,-1,9223372036854775808]`},
	}
	if name == "Empty" {
		table.Rows = nil
	}
	return table
}

// generator writes calls whose arguments are drawn from what is hostile.
type callGenerator struct{ *rand.Rand }

// hostile are the expressions of a type; those named first are columns.
var hostile = map[types.Type][]string{
	types.Bool:     {"b", "b", "true", "bool(null)"},
	types.Int:      {"i", "i", "int(null)", "int(2147483647)", "int(-2147483648)", "int(0)"},
	types.Long:     {"l", "l", "0", "1", "-1", "3", "9223372036854775807", "(-9223372036854775807 - 1)", "long(null)", "-9223372036854775807", "1000000"},
	types.Real:     {"r", "r", "real(null)", "1e308", "-1e308", "real(nan)", "real(+inf)", "0.0", "-0.5", "1e-308", "45.5"},
	types.Decimal:  {"decimal(1.5)", "decimal(null)", "decimal(0)", "decimal(99999999999999999999999999999999999999)", "todecimal(s)", "todecimal(l)"},
	types.String:   {"s", "s", "''", "'größe 😀'", "'([a'", "'\\\\'", "'a\\0b'", "'$.a'", "'a'", "'day'", "'192.168.1.1/24'", "'{\"a\":1}'", "'no JSON'", "'POINT(1 2)'", "'%'", "'yyyy-MM-dd fffffffff'", "','", "tostring(x)", "'\\u202e'"},
	types.Guid:     {"g", "guid(null)", "guid(74be27de-1e4e-49d9-b579-fe0b331d3642)"},
	types.DateTime: {"t", "t", "datetime(null)", "datetime(0001-01-01)", "datetime(9999-12-31 23:59:59.9999999)", "now()", "TimeGenerated"},
	types.TimeSpan: {"d", "d", "timespan(null)", "1d", "1tick", "0s", "-1h", "totimespan(9223372036854775807)", "totimespan(-9223372036854775807 - 1)"},
	types.Dynamic: {"x", "y", "x", "y", "dynamic(null)", "dynamic([])", "dynamic({})", "dynamic('a')", "dynamic([[[[1]]]])", "dynamic([1,null,'a'])", "dynamic([1,2,3,4,5])",
		"dynamic({'type':'Point','coordinates':[1,2]})", "dynamic({'type':'Polygon','coordinates':[[[0,0],[1,0],[1,1],[0,0]]]})", "dynamic({'a':{'b':1}})", "range(1, 300, 1)", "pack_array(s, l, r, t, d, g, b)",
		"dynamic([1e308,-1e308,1e308])", "dynamic(['a','b'])", "dynamic(1)", "series_fit_line(x)", "dynamic({'type':'LineString','coordinates':[[0,0],[1e300,1]]})"},
}

var everyType = []types.Type{types.Bool, types.Int, types.Long, types.Real, types.Decimal, types.String, types.Guid, types.DateTime, types.TimeSpan, types.Dynamic}

func (g callGenerator) of(all ...types.Type) string {
	list := hostile[all[g.IntN(len(all))]]
	return list[g.IntN(len(list))]
}

func (g callGenerator) argument(p builtin.Param) string {
	if g.IntN(40) == 0 {
		return g.of(everyType...)
	}
	switch p.Accept {
	case builtin.AsText:
		return g.of(append([]types.Type{types.String, types.String, types.String}, everyType...)...)
	case builtin.AnyNumber:
		return g.of(types.Int, types.Long, types.Real, types.Decimal)
	case builtin.AnyInteger:
		return g.of(types.Int, types.Long)
	case builtin.AnySum:
		return g.of(types.Int, types.Long, types.Real, types.Decimal, types.TimeSpan, types.DateTime)
	case builtin.TypeName:
		return "typeof(" + everyType[g.IntN(len(everyType))].String() + ")"
	case builtin.ColumnName:
		return []string{"b", "i", "l", "r", "s", "g", "t", "d", "x", "y"}[g.IntN(10)]
	case builtin.Exactly:
		if g.IntN(10) == 0 {
			return g.of(p.Type, types.Dynamic)
		}
		return g.of(p.Type)
	}
	return g.of(everyType...)
}

// scalar wraps an argument now and then in the one value of a table.
func (g callGenerator) scalar(text string) string {
	if g.IntN(25) > 0 {
		return text
	}
	return "toscalar(T | take 1 | project " + text + ")"
}

func (g callGenerator) call(f *builtin.Function) string {
	o := f.Overloads[g.IntN(len(f.Overloads))]
	least, most := o.Bounds()
	n := len(o.Params)
	if most < 0 {
		n += g.IntN(3)
	} else if most > least {
		n = least + g.IntN(most-least+1)
	}
	args := make([]string, n)
	for i := range args {
		args[i] = g.argument(o.Param(i))
		if a := o.Param(i).Accept; a != builtin.TypeName && a != builtin.ColumnName {
			args[i] = g.scalar(args[i])
		}
	}
	if f.Kind == builtin.Operator {
		return operation(f.Name, args)
	}
	return f.Name + "(" + strings.Join(args, ", ") + ")"
}

// operation writes the call of an operator.
func operation(name string, args []string) string {
	switch {
	case len(args) == 1:
		return "-(" + args[0] + ")"
	case strings.Contains(name, "between"):
		for len(args) < 3 {
			args = append(args, args[0])
		}
		return "(" + args[0] + " " + name + " (" + args[1] + " .. " + args[2] + "))"
	case strings.HasPrefix(strings.TrimPrefix(name, "!"), "in") || strings.HasPrefix(name, "has_a"):
		return "(" + args[0] + " " + name + " (" + strings.Join(args[1:], ", ") + "))"
	case name == "member":
		return "x[" + args[1] + "]"
	case name == "element":
		return "y[" + args[1] + "]"
	}
	return "(" + args[0] + " " + name + " " + args[1] + ")"
}

// queries returns the queries that use a call in every place where one can
// stand.
func (g callGenerator) queries(f *builtin.Function) []string {
	call := g.call(f)
	table := "T"
	if g.IntN(4) == 0 {
		table = "Empty"
	}
	switch f.Kind {
	case builtin.Aggregate:
		return []string{
			table + " | summarize v = " + call, table + " | summarize v = " + call + " by b",
			"T | make-series v = " + call + " default = 0 on t from datetime(2026-09-01) to datetime(2026-09-03) step 1d by b",
			table + " | top-nested 3 of b by v = " + call,
			table + " | mv-apply z = x on (summarize v = " + call + ")",
		}
	case builtin.Window:
		return []string{table + " | sort by l asc | extend v = " + call}
	case builtin.Plugin:
		return []string{table + " | evaluate " + call}
	}
	return []string{
		table + " | extend v = " + call,
		table + " | where isnotnull(" + call + ")",
		table + " | where " + call,
		table + " | summarize take_any(s), make_list(" + call + ") by v = " + call,
		table + " | sort by " + call + " asc",
		table + " | mv-expand v = " + call,
		table + " | mv-expand v = " + call + " to typeof(long)",
		table + " | extend k = " + call + " | join kind=leftouter (T | extend k = " + call + ") on k",
		table + " | extend k = " + call + " | distinct k | union (T | extend k = tostring(" + call + "))",
		"print v = toscalar(" + table + " | project " + call + "), w = (" + call + ")",
		table + " | top 3 by " + call + " | serialize p = prev(" + call + ") | extend q = parse_json(tostring(" + call + ")).a[0]",
	}
}

// steadySource gives the same batches each time, so that they are loaded once.
type steadySource map[string]lake.Fresh

func newSteadySource(t testing.TB, tables []kqltest.Table) steadySource {
	s := steadySource{}
	for i, table := range tables {
		batch, err := tableBatch(table)
		if err != nil {
			t.Fatal(err)
		}
		s[table.Name] = lake.Fresh{ID: uint64(i + 1), Batch: batch}
	}
	return s
}

func (s steadySource) Acquire(name string) (*ReadSet, error) {
	return &ReadSet{TimeColumn: "TimeGenerated", Release: func() {}, Fresh: []lake.Fresh{s[name]}}, nil
}

// hostileService answers queries over the tables T and Empty.
func hostileService(t testing.TB) *query.Service {
	return serviceOver(t, hostileTable("T"), hostileTable("Empty"))
}

// serviceOver answers queries over tables.
func serviceOver(t testing.TB, tables ...kqltest.Table) *query.Service {
	config := DefaultConfig()
	config.MemoryBytes = 512 << 20
	engine := openEngine(t, config, newSteadySource(t, tables))
	catalog := kqltest.NewCatalog(tables)
	compile := func(text string, options bind.Options) (*plan.Statement, error) {
		return kql.CompileWith(text, catalog, options)
	}
	return query.NewService(compile, engine, func() time.Time { return kqltest.Now })
}

// refusal is what is wrong with how a query ended, or nothing.
func refusal(err error) error {
	var mistakes *source.Error
	if err == nil || errors.Is(err, ErrMemory) || errors.Is(err, query.ErrRefused) || errors.As(err, &mistakes) && len(mistakes.Diagnostics) > 0 {
		return nil
	}
	return err
}

// TestGeneratedCalls calls every function of the vocabulary with every type
// that its signature takes and the values that are hard, in every place: what
// compiles runs, and nothing hangs.
func TestGeneratedCalls(t *testing.T) {
	each, rounds := 3, max(*generatedRounds, 1)
	if testing.Short() {
		each = 1
	}
	s := hostileService(t)
	g := callGenerator{rand.New(rand.NewPCG(*generatedSeed, 0))}
	ran := 0
	for range rounds {
		for _, f := range builtin.All().Functions() {
			if *generatedOnly != "" && f.Name != *generatedOnly || f.Of != "" {
				continue
			}
			all := g.queries(f)
			for range min(each, len(all)) {
				if runGenerated(t, s, f.Name, all[g.IntN(len(all))]) {
					ran++
				}
			}
		}
	}
	if *generatedOnly == "" && ran < 100 {
		t.Errorf("only %d queries ran: the generator writes too much that does not compile", ran)
	}
	t.Logf("%d queries ran", ran)
}

// slowest is how long one generated query may take. It is generous, since the
// machine may be busy; what hangs takes longer.
const slowest = 20 * time.Second

func runGenerated(t *testing.T, s *query.Service, function, text string) (ran bool) {
	started := time.Now()
	_, err := s.Query(context.Background(), query.Request{Text: text, Limits: query.Limits{Rows: 1000, Time: slowest}})
	if took := time.Since(started); took > time.Second {
		t.Logf("%v: %s", took, text)
	}
	if wrong := refusal(err); wrong != nil {
		t.Errorf("%s\nFAIL %s: %v", text, function, wrong)
	}
	return err == nil
}
