package duckdb

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// jsonWords returns the elements of a JSON array as text.
func jsonWords(text string) []string {
	var array []any
	if json.Unmarshal([]byte(text), &array) != nil {
		return nil
	}
	words := make([]string, len(array))
	for i, e := range array {
		words[i] = fmt.Sprint(e)
	}
	return words
}

func dynamicForms() map[string]form {
	return map[string]form{
		"bag_keys":        sqlJSON("(CASE WHEN json_type($1) = 'OBJECT' THEN CAST(to_json(json_keys($1)) AS VARCHAR) END)"),
		"bag_has_key":     bagHasKey,
		"bag_pack":        bagPack,
		"pack_present":    packPresent,
		"extract_json":    extractJSON,
		"bag_shape":       sqlJSON("(CASE WHEN json_type($1) = 'OBJECT' THEN CAST(json_structure($1) AS VARCHAR) END)"),
		"tohex":           toHex,
		"gettype":         getType,
		"dynamic_to_json": dynamicToJSON,
	}
}

// bagPack makes a bag of keys and values in turn.
func bagPack(g *generator, c *plan.Call, a []string, b *block) string {
	if len(a)%2 != 0 {
		g.fail("bag_pack() takes keys and values in turn, so an even number of arguments")
		return "NULL"
	}
	items := make([]string, len(a))
	for i, arg := range c.Args {
		if i%2 == 0 {
			items[i] = "coalesce(" + g.expr(&plan.Convert{X: arg, To: types.String}, b) + ", '')"
			if arg.Type() == types.String {
				items[i] = a[i]
			}
			continue
		}
		items[i] = g.jsonItem(arg, b)
	}
	return "CAST(json_object(" + strings.Join(items, ", ") + ") AS VARCHAR)"
}

// toHex writes an integer in base 16; a negative int has 32 bits, a long 64.
func toHex(_ *generator, c *plan.Call, a []string, _ *block) string {
	n := a[0]
	if c.Args[0].Type() == types.Int {
		n = "(CAST(" + n + " AS BIGINT) & 4294967295)"
	}
	text := "lower(to_hex(" + n + "))"
	if len(a) == 1 {
		return text
	}
	return "lpad(" + text + ", CAST(greatest(length(" + text + "), " + within(a[1], 0, 16) + ") AS INTEGER), '0')"
}

// packPresent leaves out what is null or empty.
func packPresent(g *generator, c *plan.Call, a []string, b *block) string {
	var parts []string
	for i := 0; i+1 < len(a); i += 2 {
		empty := a[i+1] + " IS NULL"
		if c.Args[i+1].Type() == types.String {
			empty = a[i+1] + " = ''"
		}
		parts = append(parts, "CASE WHEN "+empty+" THEN NULL ELSE CAST(to_json("+a[i]+") AS VARCHAR) || ':' || CAST(to_json("+g.jsonItem(c.Args[i+1], b)+") AS VARCHAR) END")
	}
	return "('{' || concat_ws(',', " + strings.Join(parts, ", ") + ") || '}')"
}

// bracketedName is a member as $['a b'] names it; DuckDB knows only $."a b".
var bracketedName = regexp.MustCompile(`\[['"]([^'"]+)['"]\]`)

// extractJSON reads one value by a path such as $.a.b[0].
func extractJSON(g *generator, c *plan.Call, a []string, b *block) string {
	route, _ := constantText(c.Args[0])
	if !strings.HasPrefix(route, "$") || strings.ContainsAny(route, "*?\x00") {
		g.fail("the JSON path %q cannot be used: it names one value, as $.a.b[0] does", route)
	}
	route = bracketedName.ReplaceAllString(route, `."$1"`)
	text := "(CASE WHEN json_valid(" + a[1] + ") THEN json_extract_string(" + a[1] + ", " + g.text(route) + ") END)"
	json := "(CASE WHEN json_valid(" + a[1] + ") THEN nullif(CAST(json_extract(" + a[1] + ", " + g.text(route) + ") AS VARCHAR), 'null') END)"
	if c.Of == types.Dynamic {
		return json
	}
	return fromDynamic(text, json, c.Of)
}

// getType names a type; of a dynamic value, that of what it holds.
func getType(g *generator, c *plan.Call, _ []string, b *block) string {
	t := c.Args[0].Type()
	if t != types.Dynamic {
		return "'" + t.String() + "'"
	}
	j := g.json(c.Args[0], b)
	return "(CASE json_type(" + j + ") WHEN 'ARRAY' THEN 'array' WHEN 'OBJECT' THEN 'dictionary' WHEN 'VARCHAR' THEN 'string' WHEN 'BOOLEAN' THEN 'bool'" +
		" WHEN 'DOUBLE' THEN 'double' WHEN 'UBIGINT' THEN 'long' WHEN 'BIGINT' THEN 'long' ELSE 'null' END)"
}

func arrayForms() map[string]form {
	const list = "CAST(json_extract($1, '$[*]') AS JSON[])"
	const length = "greatest(CAST(json_array_length($1) AS BIGINT), 1)"
	const turn = "((($2 % " + length + ") + " + length + ") % " + length + ")" // how far, for a count of either sign
	// What is neither number nor null makes the sum null.
	const texts = "CAST(json_extract_string($1, '$[*]') AS VARCHAR[])"
	total := sqlJSON("(CASE WHEN json_type($1) = 'ARRAY' AND len(list_filter(" + texts + ", lambda e: e IS NOT NULL AND TRY_CAST(e AS DOUBLE) IS NULL)) = 0 THEN coalesce(list_sum(list_transform(" + texts + ", lambda e: TRY_CAST(e AS DOUBLE))), 0) END)")
	array := func(template string) form {
		return sqlJSON("(CASE WHEN json_type($1) = 'ARRAY' THEN CAST(to_json(" + template + ") AS VARCHAR) END)")
	}
	at := func(i string) string {
		return "(CASE WHEN " + i + " < 0 THEN greatest(CAST(json_array_length($1) AS BIGINT) + greatest(" + i + ", -2147483647), 0) ELSE least(" + i + ", 2147483646) END)"
	}
	all := map[string]form{
		"pack_array": packArray,
		"array_length": func(g *generator, c *plan.Call, a []string, b *block) string {
			if c.Args[0].Type() == types.Long {
				return a[0] // see rewrite.CountSets
			}
			return fill("(CASE WHEN json_type($1) = 'ARRAY' THEN CAST(json_array_length($1) AS BIGINT) END)", g.jsonArgs(c, a, b))
		},
		"array_concat":       arrayConcat,
		"array_slice":        array(list + "[" + at("$2") + " + 1:" + at("$3") + " + 1]"),
		"array_reverse":      array("list_reverse(" + list + ")"),
		"array_sum":          total,
		"series_sum":         total,
		"array_rotate_left":  array("list_concat(" + list + "[" + turn + " + 1:], " + list + "[:" + turn + "])"),
		"array_rotate_right": array("list_concat(" + list + "[CAST(json_array_length($1) AS BIGINT) - " + turn + " + 1:], " + list + "[:CAST(json_array_length($1) AS BIGINT) - " + turn + "])"),
		"array_split":        arraySplit,
		"set_has_element": func(g *generator, c *plan.Call, a []string, b *block) string {
			j := g.json(c.Args[0], b)
			return "(CASE WHEN json_type(" + j + ") = 'ARRAY' THEN coalesce(list_contains(list_transform(" + jsonElements(j) + ", lambda e: CAST(e AS VARCHAR)), CAST(to_json(" + g.jsonItem(c.Args[1], b) + ") AS VARCHAR)), false) ELSE false END)"
		},
		"set_equals": sqlJSON("(CASE WHEN json_type($1) = 'ARRAY' AND json_type($2) = 'ARRAY' THEN list_sort(list_distinct(CAST(json_extract($1, '$[*]') AS VARCHAR[]))) = list_sort(list_distinct(CAST(json_extract($2, '$[*]') AS VARCHAR[]))) ELSE false END)"),
		"range":      rangeArray,
		"repeat": func(g *generator, c *plan.Call, a []string, b *block) string {
			item := g.jsonItem(c.Args[0], b)
			most := "1048576"
			if t := c.Args[0].Type(); t == types.Dynamic || t == types.String {
				most += ", " + repeatedBytes + " // (strlen(CAST(" + a[0] + " AS VARCHAR)) + 1)"
			}
			return "CAST(to_json(list_resize([" + item + "], greatest(least(" + a[1] + ", " + most + "), 0), " + item + ")) AS VARCHAR)"
		},
	}
	return all
}

// repeatedBytes bounds the array that repeat() makes of a long value.
const repeatedBytes = "67108864"

// packArray makes an array of its arguments, each of which has its own type.
func packArray(g *generator, c *plan.Call, _ []string, b *block) string {
	items := make([]string, len(c.Args))
	for i, a := range c.Args {
		items[i] = g.jsonItem(a, b)
	}
	return "CAST(json_array(" + strings.Join(items, ", ") + ") AS VARCHAR)"
}

func arrayConcat(g *generator, c *plan.Call, _ []string, b *block) string {
	items := make([]string, len(c.Args))
	for i, a := range c.Args {
		j := g.json(a, b)
		items[i] = "coalesce(" + whenArray(j, jsonElements(j)) + ", CAST([] AS JSON[]))"
	}
	if len(items) == 1 {
		return "CAST(to_json(" + items[0] + ") AS VARCHAR)"
	}
	return "CAST(to_json(list_concat(" + strings.Join(items, ", ") + ")) AS VARCHAR)"
}

// rangeArray makes an array of at most 1,048,576 values, as Kusto does. No
// argument stands in a lambda, since DuckDB takes no subquery there.
func rangeArray(_ *generator, c *plan.Call, a []string, _ *block) string {
	step := "1"
	if t := c.Args[0].Type(); t == types.TimeSpan || t == types.DateTime {
		step = "36000000000" // an hour
	}
	if len(a) > 2 {
		step = a[2]
	}
	const bound = "1048576"
	t := c.Args[0].Type()
	from, to := a[0], a[1]
	if t == types.DateTime {
		from, to, step = "epoch_us("+from+")", "epoch_us("+to+")", step+" // 10"
	}
	wide := func(x string) string { return "CAST(" + x + " AS DOUBLE)" }
	count := "1 + CAST(greatest(least(coalesce(floor((" + wide(to) + " - " + wide(from) + ") / nullif(" + wide(step) + ", 0)), -1), " + bound + " - 1), -1) AS BIGINT)"
	if !t.Integer() && t != types.DateTime && t != types.TimeSpan {
		filled := func(x string) string { return "list_resize([" + wide(x) + "], " + count + ", " + wide(x) + ")" }
		return "CAST(to_json(list_transform(list_zip(range(0, " + count + "), " + filled(from) + ", " + filled(step) + "), lambda p: p[2] + p[1] * p[3])) AS VARCHAR)"
	}
	series := "CAST(" + from + " AS BIGINT), CAST(" + from + " + " + step + " * (" + count + " - 1) AS BIGINT), CAST(" + step + " AS BIGINT)"
	list := "CASE WHEN " + count + " > 0 THEN generate_series(" + series + ") ELSE [] END"
	switch t {
	case types.DateTime:
		list = "list_transform(" + list + ", lambda i: " + toTextOrNull("make_timestamp(i)", t) + ")"
	case types.TimeSpan:
		list = "list_transform(" + list + ", lambda i: " + toTextOrNull("i", t) + ")"
	}
	return "CAST(to_json(" + list + ") AS VARCHAR)"
}

// arraySplit cuts an array at one position or at several.
func arraySplit(g *generator, c *plan.Call, a []string, b *block) string {
	j := g.json(c.Args[0], b)
	list := jsonElements(j)
	at := "[CAST(" + a[1] + " AS BIGINT)]"
	if c.Args[1].Type() == types.Dynamic {
		at = "list_filter(list_transform(" + textElements(g.json(c.Args[1], b)) + ", lambda e: TRY_CAST(e AS BIGINT)), lambda e: e IS NOT NULL)"
	}
	length := "CAST(json_array_length(" + j + ") AS BIGINT)"
	cuts := "list_concat([CAST(0 AS BIGINT)], list_transform(" + at + ", lambda p: least(CASE WHEN p < 0 THEN greatest(" + length + " + p, 0) ELSE p END, " + length + ")), [" + length + "])"
	return whenArray(j, "CAST(to_json(list_transform(range(1, len("+cuts+")), lambda i: "+list+"[("+cuts+")[i] + 1:("+cuts+")[i + 1]])) AS VARCHAR)")
}

// bagHasKey looks among the keys; a JSON path is followed by the native
// function.
func bagHasKey(g *generator, c *plan.Call, a []string, b *block) string {
	if key, ok := constantText(c.Args[1]); !ok || strings.HasPrefix(key, "$") {
		text, _ := g.native(c, b)
		return text
	}
	return sqlJSON("(CASE WHEN json_type($1) = 'OBJECT' THEN list_contains(json_keys($1), $2) ELSE false END)")(g, c, a, b)
}

// dynamicToJSON writes what is not dynamic as tostring() does.
func dynamicToJSON(g *generator, c *plan.Call, a []string, b *block) string {
	if t := c.Args[0].Type(); t != types.Dynamic {
		return toText(a[0], t)
	}
	text, _ := g.native(c, b)
	return text
}
