package duckdb

import (
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

func mathForms() map[string]form {
	all := map[string]form{
		"bin":    bin,
		"bin_at": binAt,
		"abs": func(_ *generator, c *plan.Call, a []string, _ *block) string {
			if c.Of == types.Real || c.Of == types.Decimal {
				return "abs(CAST(" + a[0] + " AS DOUBLE))"
			}
			return "TRY_CAST(abs(CAST(" + a[0] + " AS HUGEINT)) AS BIGINT)"
		},
		"round": func(_ *generator, c *plan.Call, a []string, _ *block) string {
			if len(a) < 2 {
				a = append(a, "0")
			}
			return "TRY_CAST(round(" + a[0] + ", " + clamped(a[1], 300) + ") AS " + sqlType(c.Of) + ")"
		},
		"ceiling": func(_ *generator, c *plan.Call, a []string, _ *block) string {
			if c.Of.Integer() {
				return a[0]
			}
			return "ceil(" + a[0] + ")"
		},
		"pow":      sql("(CASE WHEN $1 >= 0 OR $2 = trunc($2) THEN pow($1, $2) ELSE CAST('nan' AS DOUBLE) END)"),
		"sqrt":     sql("(CASE WHEN $1 >= 0 THEN sqrt($1) END)"),
		"exp":      sql("exp($1)"),
		"exp2":     sql("pow(2, $1)"),
		"exp10":    sql("pow(10, $1)"),
		"log":      sql("(CASE WHEN $1 > 0 THEN ln($1) END)"),
		"log2":     sql("(CASE WHEN $1 > 0 THEN log2($1) END)"),
		"log10":    sql("(CASE WHEN $1 > 0 THEN log10($1) END)"),
		"sign":     sql("CAST(sign($1) AS DOUBLE)"),
		"isnan":    sql("isnan($1)"),
		"isinf":    sql("isinf($1)"),
		"isfinite": sql("isfinite($1)"),
		"rand":     sqlBy(map[int]string{0: "random()", 1: "floor(random() * $1)"}),
		"pi":       sql("pi()"),
		"sin":      sql("(CASE WHEN isfinite($1) THEN sin($1) END)"),
		"cos":      sql("(CASE WHEN isfinite($1) THEN cos($1) END)"),
		"tan":      sql("(CASE WHEN isfinite($1) THEN tan($1) END)"),
		"asin":     sql("(CASE WHEN abs($1) <= 1 THEN asin($1) END)"),
		"acos":     sql("(CASE WHEN abs($1) <= 1 THEN acos($1) END)"),
		"atan":     sql("atan($1)"),
		"atan2":    sql("atan2($1, $2)"),
		"cot":      sql("(CASE WHEN isfinite($1) AND $1 <> 0 THEN cot($1) END)"),
		"degrees":  sql("degrees($1)"),
		"radians":  sql("radians($1)"),

		"binary_and":         sql("($1 & $2)"),
		"binary_or":          sql("($1 | $2)"),
		"binary_xor":         sql("xor($1, $2)"),
		"binary_not":         sql("(~$1)"),
		"binary_shift_left":  sql("TRY_CAST(CAST($1 AS HUGEINT) * pow(2, $2 % 64)::HUGEINT AS BIGINT)"),
		"binary_shift_right": sql("($1 >> CAST($2 % 64 AS BIGINT))"),
		"bitset_count_ones":  sql("CAST(bit_count($1) AS BIGINT)"),
	}
	return all
}

// sinceYearOne are the microseconds from year 1 to 1970.
const sinceYearOne = "62135596800000000"

// bin rounds down. A datetime is counted from year 1, as Kusto does, which
// matters for sizes that do not divide a day.
func bin(_ *generator, c *plan.Call, a []string, _ *block) string {
	switch c.Of {
	case types.Real, types.Decimal:
		return "(floor(" + a[0] + " / nullif(CAST(" + a[1] + " AS DOUBLE), 0)) * " + a[1] + ")"
	case types.DateTime:
		span, ok := constantSpan(c.Args[1])
		if unit, known := timeUnits[span]; ok && known {
			return "date_trunc('" + unit + "', " + a[0] + ")"
		}
		if ok && span > 0 && span%10 == 0 {
			at := "(epoch_us(" + a[0] + ") + " + sinceYearOne + ")"
			return "make_timestamp(" + at + " - " + at + " % " + itoa(int64(span)/10) + " - " + sinceYearOne + ")"
		}
		at := "((CAST(epoch_us(" + a[0] + ") AS HUGEINT) + 62135596800000000) * 10)"
		return ofTicks(at + " - " + at + " % nullif(" + a[1] + ", 0)")
	}
	return binInteger(a[0], a[1], c.Of)
}

// ofTicks makes a time of ticks since year 1, less what is below a microsecond.
func ofTicks(ticks string) string {
	return inYears("make_timestamp(TRY_CAST((" + ticks + ") // 10 - 62135596800000000 AS BIGINT))")
}

// timeUnits are the spans for which cutting off is the same as counting from
// year 1, and quicker.
var timeUnits = map[types.Ticks]string{
	types.TicksPerSecond: "second", 60 * types.TicksPerSecond: "minute", 3600 * types.TicksPerSecond: "hour", 86400 * types.TicksPerSecond: "day",
}

func constantSpan(e plan.Expr) (types.Ticks, bool) {
	l, ok := e.(*plan.Literal)
	if !ok {
		return 0, false
	}
	span, ok := l.Value.(types.Ticks)
	return span, ok
}

func binInteger(value, size string, t types.Type) string {
	s := "nullif(CAST(" + size + " AS HUGEINT), 0)"
	return "TRY_CAST(" + value + " - ((" + value + " % " + s + ") + abs(" + s + ")) % " + s + " AS " + sqlType(t) + ")"
}

// binAt counts from a fixed point.
func binAt(_ *generator, c *plan.Call, a []string, _ *block) string {
	switch c.Of {
	case types.Real, types.Decimal:
		return "(floor((" + a[0] + " - " + a[2] + ") / nullif(CAST(" + a[1] + " AS DOUBLE), 0)) * " + a[1] + " + " + a[2] + ")"
	case types.DateTime:
		from := "((CAST(epoch_us(" + a[0] + ") AS HUGEINT) - epoch_us(" + a[2] + ")) * 10)"
		size := "nullif(abs(CAST(" + a[1] + " AS HUGEINT)), 0)"
		return ofTicks("(CAST(epoch_us(" + a[0] + ") AS HUGEINT) + 62135596800000000) * 10 - ((" + from + " % " + size + ") + " + size + ") % " + size)
	}
	distance := "(CAST(" + a[0] + " AS HUGEINT) - " + a[2] + ")"
	return wide(a[2], "+", binInteger(distance, a[1], types.Long), c.Of)
}
