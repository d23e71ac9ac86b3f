package duckdb

import (
	"github.com/quoll/quoll/kql/native/all"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// convert writes a conversion. What cannot be converted gives NULL, and the
// empty string for a string; never an error.
func (g *generator) convert(e *plan.Convert, b *block) string {
	from := e.X.Type()
	switch {
	case !types.Converts(from, e.To):
		return "CAST(NULL AS " + sqlType(e.To) + ")"
	case from == types.Dynamic && e.To.Integer():
		return fromDynamic(g.dynamicText(e.X, b), g.json(e.X, b), e.To)
	case from == types.Dynamic:
		return fromDynamic(g.dynamicText(e.X, b), "", e.To)
	case e.To == types.Dynamic && from == types.String:
		text := g.expr(e.X, b)
		return "nullif(CASE WHEN json_valid(" + text + ") THEN " + text + " WHEN trim(" + text + ") = '' THEN NULL ELSE CAST(to_json(" + text + ") AS VARCHAR) END, 'null')"
	case e.To == types.Dynamic:
		return "CAST(to_json(" + jsonScalar(g.expr(e.X, b), from) + ") AS VARCHAR)"
	case e.To == types.String:
		return toText(g.expr(e.X, b), from)
	case from == types.String:
		return fromText(g.expr(e.X, b), e.To)
	}
	return convertNumber(g.expr(e.X, b), from, e.To)
}

// dynamicText returns the text of a dynamic value: a string without quotes,
// anything else as JSON, NULL for null.
func (g *generator) dynamicText(e plan.Expr, b *block) string {
	if c, ok := e.(*plan.Call); ok && (c.Function.Name == "member" || c.Function.Name == "element") {
		return g.path(c, b, true)
	}
	if l, ok := e.(*plan.Literal); ok && l.Value == nil {
		return "CAST(NULL AS VARCHAR)"
	}
	if source, ok := parsed(e); ok {
		text := g.expr(source, b)
		return "(CASE WHEN json_valid(" + text + ") THEN json_extract_string(" + text + ", '$') ELSE " + text + " END)"
	}
	return "json_extract_string(" + g.json(e, b) + ", '$')"
}

// fromJSON converts JSON text to a type.
func fromJSON(text string, t types.Type) string {
	if t == types.Dynamic {
		return text
	}
	return fromDynamic("json_extract_string("+text+", '$')", text, t)
}

// fromDynamic converts a dynamic value, of which text is the text, and json the JSON,
// which only integers need.
func fromDynamic(text, json string, t types.Type) string {
	switch t {
	case types.String:
		return "coalesce(" + text + ", '')"
	case types.Int, types.Long:
		return integerOf(text, json, t)
	}
	return fromText(text, t)
}

// integerOf cuts a number with decimals, as a real is cut; a string of such a number
// is none, as anywhere. A cast to DECIMAL would do too and takes twenty times as long.
func integerOf(text, json string, t types.Type) string {
	cut := "CASE WHEN json_type(" + json + ") <> 'VARCHAR' THEN TRY_CAST(trunc(TRY_CAST(" + text + " AS DOUBLE)) AS BIGINT) END"
	whole := "TRY_CAST(" + text + " AS BIGINT)"
	return "TRY_CAST((CASE WHEN contains(" + text + ", '.') OR contains(lower(" + text + "), 'e') THEN " + cut + " ELSE " + whole + " END) AS " + sqlType(t) + ")"
}

// fromText converts a string to a type.
func fromText(text string, t types.Type) string {
	switch t {
	case types.Int, types.Long:
		return "(CASE WHEN contains(" + text + ", '.') OR contains(lower(" + text + "), 'e') THEN NULL ELSE TRY_CAST(" + text + " AS " + sqlType(t) + ") END)"
	case types.Real, types.Decimal:
		return "TRY_CAST(" + text + " AS DOUBLE)"
	case types.Bool:
		return "(CASE lower(trim(" + text + ")) WHEN 'true' THEN true WHEN 'false' THEN false WHEN '1' THEN true WHEN '0' THEN false END)"
	case types.DateTime:
		return datetimeOf(text)
	case types.TimeSpan:
		return readAs("read_timespan", text)
	case types.Guid:
		return "lower(CAST(TRY_CAST(" + text + " AS UUID) AS VARCHAR))"
	}
	return text
}

// datetimeOf reads the form that nearly all texts have by the engine, and any other
// as the constants of a query are read: the engine knows few of those forms, takes
// years of two digits to be of the first century, and leaves out some zones.
func datetimeOf(text string) string {
	const usual = `'[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?Z?)?'`
	return "(CASE WHEN regexp_full_match(" + text + ", " + usual + ") THEN TRY_CAST(" + text + " AS TIMESTAMP) ELSE " + readAs("read_datetime", text) + " END)"
}

// readAs reads a text as the constants of a query are read. The call is short, so
// that it needs no query's number to be ended by.
func readAs(name, text string) string {
	return all.Functions()[name].SQLName() + "(CAST(0 AS BIGINT), " + text + ")"
}

// toText converts a value to a string; null gives the empty string.
func toText(text string, t types.Type) string {
	switch t {
	case types.String:
		return text
	case types.Dynamic:
		return "coalesce(json_extract_string(" + guard(text) + ", '$'), '')"
	}
	return "coalesce(" + toTextOrNull(text, t) + ", '')"
}

func toTextOrNull(text string, t types.Type) string {
	switch t {
	case types.Bool:
		return "(CASE WHEN " + text + " THEN 'true' WHEN NOT " + text + " THEN 'false' END)"
	case types.Real, types.Decimal:
		return "(CASE WHEN isfinite(" + text + ") THEN regexp_replace(CAST(" + text + ` AS VARCHAR), '\.0$', '') WHEN isnan(` + text + ") THEN 'NaN' WHEN " + text + " > 0 THEN 'Infinity' WHEN " + text + " < 0 THEN '-Infinity' END)"
	case types.DateTime:
		// The last microsecond of a day stands for its last tick, as endofday() has it.
		return "replace(strftime(" + text + ", '%Y-%m-%dT%H:%M:%S.%f0Z'), '23:59:59.9999990Z', '23:59:59.9999999Z')"
	case types.TimeSpan:
		return timespanText(text)
	case types.Guid:
		return text
	}
	return "CAST(" + text + " AS VARCHAR)"
}

// magnitude is the absolute value of a timespan. The least one has none, and
// loses a tick.
func magnitude(t string) string {
	return "abs(" + t + " + CAST(" + t + " < -9223372036854775807 AS BIGINT))"
}

// timespanText prints [-][d.]hh:mm:ss[.fffffff].
func timespanText(t string) string {
	a := magnitude(t)
	return "(CASE WHEN " + t + " < 0 THEN '-' ELSE '' END" +
		" || CASE WHEN " + a + " >= 864000000000 THEN CAST(" + a + " // 864000000000 AS VARCHAR) || '.' ELSE '' END" +
		" || printf('%02d:%02d:%02d', " + a + " // 36000000000 % 24, " + a + " // 600000000 % 60, " + a + " // 10000000 % 60)" +
		" || CASE WHEN " + a + " % 10000000 > 0 THEN printf('.%07d', " + a + " % 10000000) ELSE '' END)"
}

// convertNumber converts between numbers, bools, datetimes and timespans.
func convertNumber(text string, from, to types.Type) string {
	switch {
	case to == types.Bool:
		return "(" + text + " <> 0)"
	case from == types.Bool:
		return "CAST(" + text + " AS " + sqlType(to) + ")"
	case (to == types.Long || to == types.Int) && (from == types.Real || from == types.Decimal):
		return "TRY_CAST(trunc(" + text + ") AS " + sqlType(to) + ")"
	case from == types.DateTime && to.Numeric():
		return "TRY_CAST((epoch_us(" + text + ") + 62135596800000000) * 10 AS " + sqlType(to) + ")"
	case to == types.DateTime && from.Numeric():
		return "(CASE WHEN " + text + " BETWEEN 0 AND 3155378975999999999 THEN make_timestamp(CAST(" + text + " AS BIGINT) // 10 - 62135596800000000) END)"
	}
	return "TRY_CAST(" + text + " AS " + sqlType(to) + ")"
}
