package duckdb

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/kqltest"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
)

var (
	constantsOf    = flag.String("constants.of", "", "the one function that TestConstantsAndColumns calls")
	constantsRound = flag.Int("constants.rounds", 1, "how many lists of arguments TestConstantsAndColumns draws for each function, besides a value of each type")
	constantsWhole = flag.Bool("constants.whole", false, "call every function, not a part of them")
)

// nasty are the values that constants and columns are compared over, by type,
// as a query writes them. A column holds no ticks below a microsecond and no
// decimals, so none are here; less_exact.kqlt has those.
var nasty = map[types.Type][]string{
	types.Bool: {"true", "false", "bool(null)"},
	types.Int:  {"int(0)", "int(1)", "int(-1)", "int(7)", "int(2147483647)", "int(-2147483648)", "int(null)"},
	types.Long: {"long(0)", "long(1)", "long(-1)", "long(3)", "long(1700000000)", "long(9007199254740993)", "long(9223372036854775807)", "long(-9223372036854775808)", "long(null)"},
	types.Real: {"real(0)", "(-real(0))", "real(1.5)", "real(-2.5)", "real(0.1)", "real(1e-300)", "real(1.7976931348623157e308)", "real(9223372036854775808)", "real(1234567890.1234567)",
		"real(nan)", "real(+inf)", "real(-inf)", "real(null)", "real(1e15)", "real(1e16)", "real(1e-5)", "real(100)"},
	types.String: {"''", "' '", "'a'", "'Größe ẞ 😀'", "'İı'", "'0'", "'-0'", "'-0.0'", "' 12 '", "'+5'", "'1.5'", "'-1.5'", "'2.5'", "'1e3'", "'0x1F'", "'-0x1F'", "'1_000'", "'1,000'", "'.5'", "'5.'", "'9223372036854775807'", "'9223372036854775808'", "'1e400'", "'-1e400'", "'0x1p4'", "'1d'", "'١'", "'<&>'", "'1234567890123456789'", "'12345678901234567890.5'",
		"'NaN'", "'nan'", "'inf'", "'-Infinity'", "'true'", "'TRUE '", "'yes'", "'t'", "'2'", "'null'", "'\"q\"'", "'[1, 2.50]'", "'{\"a\": {\"b\": 1e2}}'", "'{\"a\":1,\"a\":2}'", "'{\"a\":'", "'2026-09-14'", "'2026-09-14T10:00:00.1234567+02:00'", "'14 Sep 2026'", "'9999-12-31 23:59:58'", "'10000-01-01'",
		"'1.02:03:04.5'", "'-1d'", "'25:00:00'", "'3'", "'74be27de-1e4e-49d9-b579-fe0b331d3642'", "'74BE27DE1E4E49D9B579FE0B331D3642'", "'{74be27de-1e4e-49d9-b579-fe0b331d3642}'", "'https://u:p@example.org:8080/a%20b?x=1&y=%C3%A9#f'", "'10.0.0.1/8'", "'fe80::1'", "'a\\tb\\n'", "'a\\0b'", "'O\\'Brien'", "'(a|b)+'", "'U+00E9 é é'"},
	types.Guid:     {"guid(74be27de-1e4e-49d9-b579-fe0b331d3642)", "guid(00000000-0000-0000-0000-000000000000)", "guid(null)"},
	types.DateTime: {"datetime(2026-09-14T10:30:00.123456Z)", "datetime(0001-01-01)", "datetime(9999-12-31 23:59:59.5)", "datetime(1970-01-01)", "datetime(2024-02-29 23:59:59)", "datetime(1582-10-10)", "datetime(null)"},
	types.TimeSpan: {"0s", "15tick", "-15tick", "1d", "(-36h)", "90m", "totimespan(9223372036854775807)", "(totimespan(-9223372036854775807) - 1tick)", "timespan(null)"},
	types.Dynamic: {"dynamic(null)", "dynamic(1)", "dynamic(1.5)", "dynamic(-0.0)", "dynamic(1e3)", "dynamic(9223372036854775807)", "parse_json('9223372036854775808')", "dynamic(true)", "dynamic('')", "dynamic('1.5')", "dynamic('a')", "dynamic('12')", "dynamic('2026-09-14')", "dynamic(datetime(2026-09-14))", "dynamic(time(1.02:03:04))", "dynamic('1.02:03:04')", "dynamic('true')",
		"dynamic('74be27de-1e4e-49d9-b579-fe0b331d3642')", "dynamic([])", "dynamic({})", "dynamic([1,2.5,null,'a',[1],{'b':2}])", "dynamic([3,1,2])", "dynamic([1.5,-2.5,0.0])", "dynamic(['b','a','é'])", "dynamic({'a':1,'b':[1,2],'c':null,'é':'x'})", "parse_json('{\"a\": 1.50 }')", "parse_json('no JSON')", "parse_json(' ')", "dynamic([[1,2],[3,4]])"},
}

// aside are functions that give another value each time, that say where a row
// comes from, or that only a table can be given to.
var aside = []string{"rand", "new_guid", "ingestion_time", "extent_id", "extentid", "toscalar", "materialize", "table", "pack_all", "bag_pack_columns",
	"column_names_of", "assert", "estimate_data_size", "bin_auto", "column_ifexists", "columnifexists", "cursor_after", "cursor_before_or_at"}

const nastyRows = 12

// nastyColumns is a table of nasty values. Of each type there are as many columns as
// a call may have arguments, each a pass over the values that begins elsewhere.
type nastyColumns struct {
	kqltest.Table
	written map[string][]string // how a query writes each value of a column
}

const columnsEach = 5

func columnName(t types.Type, i int) string { return t.String() + strconv.Itoa(i) }

// newNasty draws which value stands in which row.
func newNasty(t testing.TB, r *rand.Rand, rows int) *nastyColumns {
	n := &nastyColumns{Table: kqltest.Table{Name: "T"}, written: map[string][]string{}}
	n.Rows = make([][]any, rows)
	n.add("k", types.Int, make([]string, rows), func(row int) any { return int32(row) })
	s := hostileService(t)
	for _, kind := range everyType {
		values := nasty[kind]
		if values == nil {
			continue
		}
		cells := cellsOf(t, s, values)
		for i := range columnsEach {
			order := r.Perm(len(values))
			written := make([]string, rows)
			for row := range written {
				written[row] = values[order[row%len(order)]]
			}
			n.add(columnName(kind, i), kind, written, func(row int) any { return cells[order[row%len(order)]] })
		}
	}
	return n
}

func (n *nastyColumns) add(name string, t types.Type, written []string, cell func(row int) any) {
	n.Columns = append(n.Columns, kqltest.Column{Name: name, Type: t})
	n.written[name] = written
	for row := range n.Rows {
		n.Rows[row] = append(n.Rows[row], cell(row))
	}
}

// cellsOf asks for what constants mean.
func cellsOf(t testing.TB, s *query.Service, written []string) []any {
	result, err := s.Query(context.Background(), query.Request{Text: "print " + strings.Join(written, ", ")})
	if err != nil {
		t.Fatal(err)
	}
	cells := slices.Clone(result.Rows[0])
	for i, c := range cells {
		if raw, ok := c.(json.RawMessage); ok {
			cells[i] = string(raw)
		}
	}
	return cells
}

// template is a call whose arguments are columns, or constants in both forms
// where a parameter takes no other.
type template struct {
	function string
	args     []string // names of columns, or constants
	form     func(args []string) string
}

func (c template) overColumns() string { return c.form(c.args) }

// overConstants writes the call with the values of one row.
func (c template) overConstants(n *nastyColumns, row int) string {
	args := slices.Clone(c.args)
	for i, a := range args {
		if values, ok := n.written[a]; ok {
			args[i] = values[row]
		}
	}
	return c.form(args)
}

// computed writes the call with values of one row that are constant, and yet are
// computed when the query runs.
func (c template) computed(n *nastyColumns, row int) string {
	args := slices.Clone(c.args)
	for i, a := range args {
		if values, ok := n.written[a]; ok {
			a = values[row]
		}
		if !strings.HasPrefix(a, "typeof(") {
			args[i] = "toscalar(print x = " + a + ")"
		}
	}
	return c.form(args)
}

// templates are calls of a function: one with each type that the first
// argument may have, and some with types at random for every argument.
func templates(r *rand.Rand, f *builtin.Function, rounds int) []template {
	form := func(args []string) string {
		if f.Kind == builtin.Operator {
			return operation(f.Name, args)
		}
		return f.Name + "(" + strings.Join(args, ", ") + ")"
	}
	var all []template
	seen := map[string]bool{}
	for _, o := range f.Overloads {
		least, most := o.Bounds()
		first := everyType
		if len(o.Params) > 0 {
			first = taken(o.Params[0])
		}
		for round := range len(first) + rounds {
			n := len(o.Params)
			if most < 0 {
				n += r.IntN(2)
			} else if most > least {
				n = least + r.IntN(most-least+1)
			}
			args := make([]string, n)
			for i := range args {
				args[i] = drawn(r, o.Param(i), i)
			}
			if n > 0 && !o.Params[0].Constant && o.Params[0].Accept != builtin.TypeName {
				args[0] = columnName(first[round%len(first)], 0)
			}
			key := strings.Join(args, ",")
			if !seen[key] {
				seen[key] = true
				all = append(all, template{f.Name, args, form})
			}
		}
	}
	return all
}

// taken are the types that a parameter takes, of which columns can be.
func taken(p builtin.Param) []types.Type {
	switch p.Accept {
	case builtin.AnyNumber:
		return []types.Type{types.Int, types.Long, types.Real, types.Dynamic}
	case builtin.AnyInteger:
		return []types.Type{types.Int, types.Long, types.Dynamic}
	case builtin.AnySum:
		return []types.Type{types.Int, types.Long, types.Real, types.TimeSpan, types.DateTime, types.Dynamic}
	case builtin.Exactly:
		switch p.Type {
		case types.Decimal:
			return []types.Type{types.Long, types.Real, types.Dynamic}
		case types.Real:
			return []types.Type{types.Real, types.Long, types.Int, types.Dynamic}
		case types.Long:
			return []types.Type{types.Long, types.Int, types.Dynamic}
		case types.Dynamic:
			return []types.Type{types.Dynamic}
		}
		return []types.Type{p.Type, types.Dynamic}
	}
	return []types.Type{types.Bool, types.Int, types.Long, types.Real, types.String, types.Guid, types.DateTime, types.TimeSpan, types.Dynamic}
}

// drawn is an argument for a parameter: a column of a type it takes.
func drawn(r *rand.Rand, p builtin.Param, i int) string {
	if p.Accept == builtin.TypeName {
		return "typeof(" + everyType[r.IntN(len(everyType))].String() + ")"
	}
	all := taken(p)
	t := all[0]
	if r.IntN(3) > 0 {
		t = all[r.IntN(len(all))]
	}
	if p.Constant || regexp.MustCompile(`^(regex|pattern|timezone|unit|part|period)$`).MatchString(p.Name) {
		return constantFor(r, p, t)
	}
	return columnName(t, i%columnsEach)
}

func constantFor(r *rand.Rand, p builtin.Param, t types.Type) string {
	switch {
	case strings.Contains(p.Name, "zone"):
		return "'US/Pacific'"
	case p.Name == "unit" || p.Name == "part" || p.Name == "period":
		return []string{"'day'", "'hour'", "'month'", "'week_of_year'"}[r.IntN(4)]
	case p.Name == "regex" || p.Name == "pattern":
		return []string{"'a|b'", "'([0-9]+)'", "'$'", "'(?i)É'"}[r.IntN(4)]
	}
	return nasty[t][r.IntN(len(nasty[t]))]
}

// A call of constants gives what the same call of the same values in columns
// gives: in the compiler, in the engine's own folding, and row by row.
func TestConstantsAndColumns(t *testing.T) {
	r := rand.New(rand.NewPCG(*generatedSeed, 1))
	rows := nastyRows
	if *constantsWhole {
		rows = len(nasty[types.String])
	}
	n := newNasty(t, r, rows)
	c := comparison{T: t, n: n, s: serviceOver(t, n.Table)}
	for i, f := range builtin.All().Functions() {
		switch {
		case f.Kind != builtin.Scalar && f.Kind != builtin.Operator && f.Kind != builtin.Context, slices.Contains(aside, f.Name), f.Of != "":
			continue
		case *constantsOf != "" && *constantsOf != f.Name:
			continue
		case *constantsOf == "" && !*constantsWhole && i%7 != 0 && !strings.HasPrefix(f.Name, "to"):
			continue
		}
		c.compare(templates(r, f, *constantsRound))
	}
	t.Logf("%d values compared, %d calls of constants refused", c.compared, c.refused)
	if *constantsOf == "" && c.compared < 500 {
		t.Errorf("only %d values were compared", c.compared)
	}
}

type comparison struct {
	*testing.T
	n                 *nastyColumns
	s                 *query.Service
	compared, refused int
}

// compare asks for each call over the columns, and for all its rows over
// constants at once; what the compiler refuses of these is asked one by one.
func (c *comparison) compare(all []template) {
	for i, call := range all {
		over, err := c.ask("T | sort by k asc | project v = " + call.overColumns())
		if err != nil || over.Truncated {
			continue // which arguments fit, and how much, is for other tests
		}
		written := make([]string, len(c.n.Rows))
		for row := range written {
			written[row] = "v" + strconv.Itoa(row) + " = " + call.overConstants(c.n, row)
		}
		constants, err := c.ask("print " + strings.Join(written, ", "))
		if err == nil {
			c.compareComputed(call, i%len(written), constants)
		}
		for row := range written {
			if err == nil {
				c.same(call, row, over.Columns[0], over.Rows[row][0], constants.Columns[row], constants.Rows[0][row])
				continue
			}
			if one, err := c.ask("print " + written[row]); err == nil {
				c.same(call, row, over.Columns[0], over.Rows[row][0], one.Columns[0], one.Rows[0][0])
				continue
			}
			c.refused++
		}
	}
}

// compareComputed asks for one row over constants that are computed.
func (c *comparison) compareComputed(call template, row int, constants *query.Result) {
	one, err := c.ask("print v = " + call.computed(c.n, row))
	if err != nil {
		c.refused++
		return
	}
	c.compared++
	if column := constants.Columns[row]; one.Columns[0].Type != column.Type && column.Type != types.Int || !alike(one.Rows[0][0], constants.Rows[0][row], column.Type) {
		c.Errorf("%s\n  computed: %s %s\n  as constants: %s %s", call.overConstants(c.n, row), one.Columns[0].Type, shown(one.Rows[0][0]), column.Type, shown(constants.Rows[0][row]))
	}
}

func (c *comparison) ask(text string) (*query.Result, error) {
	return c.s.Query(context.Background(), query.Request{Text: text, Limits: query.Limits{Time: slowest}})
}

func (c *comparison) same(call template, row int, column query.Column, over any, constant query.Column, value any) {
	c.compared++
	if column.Type == constant.Type && alike(over, value, column.Type) || strings.HasPrefix(call.overColumns(), "-(int") && constant.Type == types.Int {
		return // a constant int stays one when it is negated, as in Microsoft's binder
	}
	c.Errorf("%s\n  in a column: %s %s\n  as constants: %s %s", call.overConstants(c.n, row), column.Type, shown(over), constant.Type, shown(value))
}

func shown(v any) string {
	if raw, ok := v.(json.RawMessage); ok {
		return string(raw)
	}
	if f, ok := v.(float64); ok && f == 0 && math.Signbit(f) {
		return "-0"
	}
	return fmt.Sprintf("%#v", v)
}

// alike compares cells. A time may differ below a microsecond, and a decimal
// after 15 digits: constants keep more than columns can.
func alike(x, y any, t types.Type) bool {
	switch x := x.(type) {
	case nil:
		return y == nil
	case float64:
		y, ok := y.(float64)
		return ok && (math.Float64bits(x) == math.Float64bits(y) || math.IsNaN(x) && math.IsNaN(y))
	case time.Time:
		y, ok := y.(time.Time)
		return ok && x.Sub(y).Abs() < 2*time.Microsecond
	case string:
		y, ok := y.(string)
		return ok && (x == y || t == types.Decimal && aboutEqual(x, y))
	case json.RawMessage:
		y, ok := y.(json.RawMessage)
		return ok && string(x) == string(y)
	}
	return x == y
}

// aboutEqual compares the digits of decimals; what no real holds is infinite in a
// column.
func aboutEqual(x, y string) bool {
	a, err1 := strconv.ParseFloat(x, 64)
	b, err2 := strconv.ParseFloat(y, 64)
	return err1 == nil && (err2 == nil || errors.Is(err2, strconv.ErrRange)) && (math.IsInf(a, 0) || math.Abs(a-b) <= 1e-15*math.Abs(a))
}

// A string inside a dynamic value is converted as a string is.
func TestStringsInDynamicValues(t *testing.T) {
	n := newNasty(t, rand.New(rand.NewPCG(*generatedSeed, 2)), len(nasty[types.String]))
	s := serviceOver(t, n.Table)
	for _, to := range []string{"tostring", "tolong", "toint", "todouble", "todecimal", "tobool", "todatetime", "totimespan", "toguid"} {
		text := "T | sort by k asc | project string0, s = " + to + "(string0), a = " + to + "(pack_array(string0)[0]), b = " + to + "(bag_pack('a', string0).a)"
		result, err := s.Query(context.Background(), query.Request{Text: text})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range result.Rows {
			for _, other := range row[2:] {
				if !alike(row[1], other, result.Columns[1].Type) {
					t.Errorf("%s(%q) is %s of the string and %s of it in a dynamic value", to, row[0], shown(row[1]), shown(other))
				}
			}
		}
	}
}
