package duckdb

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// quoteName writes an identifier. A NUL would end the text for the engine.
func quoteName(name string) string {
	clean := strings.ReplaceAll(strings.ToValidUTF8(name, "\uFFFD"), "\x00", "\uFFFD")
	if clean == "" {
		clean = " " // the engine has no empty name; the result has its own
	}
	return `"` + strings.ReplaceAll(clean, `"`, `""`) + `"`
}

// text writes a string constant. In DuckDB only the quote is special between
// quotes, and a NUL ends the query, so it is written as chr(0).
//
// Constants are written out rather than bound, because DuckDB plans a prepared
// statement before it knows its parameters: it could not leave out row groups,
// fold a pattern or choose a join by them.
func (g *generator) text(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "'", "''")
	if strings.ContainsRune(s, 0) {
		return "('" + strings.ReplaceAll(s, "\x00", "' || chr(0) || '") + "')"
	}
	return "'" + s + "'"
}

func (g *generator) literal(l *plan.Literal) string {
	switch v := l.Value.(type) {
	case nil:
		if l.Of == types.String {
			return "''"
		}
		if l.Of == types.Unknown {
			return "NULL"
		}
		return "CAST(NULL AS " + sqlType(l.Of) + ")"
	case bool:
		return strconv.FormatBool(v)
	case int32:
		return "CAST(" + strconv.Itoa(int(v)) + " AS INTEGER)"
	case int64:
		return integer(v)
	case types.Ticks:
		return integer(int64(v))
	case float64:
		return real(v)
	case string:
		return g.text(v)
	case time.Time:
		return timestamp(v)
	}
	g.fail("no SQL for a constant of type %T", l.Value)
	return "NULL"
}

func integer(n int64) string {
	if n == math.MinInt64 {
		return "CAST('-9223372036854775808' AS BIGINT)"
	}
	return "CAST(" + strconv.FormatInt(n, 10) + " AS BIGINT)"
}

// real writes a number. The engine would take -0 for an integer, which has no sign.
func real(f float64) string {
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if math.IsNaN(f) || math.IsInf(f, 0) || f == 0 && math.Signbit(f) {
		text = "'" + text + "'"
	}
	return "CAST(" + text + " AS DOUBLE)"
}

// timestamp cuts what is less than a microsecond: stored times are whole
// microseconds.
func timestamp(t time.Time) string {
	return "TIMESTAMP '" + t.UTC().Truncate(time.Microsecond).Format("2006-01-02 15:04:05.000000") + "'"
}

// sqlType returns the type of DuckDB that holds values of a type.
func sqlType(t types.Type) string {
	switch t {
	case types.Bool:
		return "BOOLEAN"
	case types.Int:
		return "INTEGER"
	case types.Long, types.TimeSpan:
		return "BIGINT"
	case types.Real, types.Decimal:
		return "DOUBLE"
	case types.DateTime:
		return "TIMESTAMP"
	}
	return "VARCHAR"
}
