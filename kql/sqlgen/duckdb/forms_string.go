package duckdb

import (
	"regexp/syntax"
	"strings"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

func stringForms() map[string]form {
	return map[string]form{
		"strcat":         sql("concat($*)"),
		"strcat_delim":   sql("concat_ws($*)"),
		"strcat_array":   sqlJSON("coalesce((CASE WHEN json_type($1) = 'ARRAY' THEN " + joined("list_transform("+textElements("$1")+", lambda e: coalesce(e, ''))", "$2") + " END), '')"),
		"strcmp":         sql("CAST(CASE WHEN $1 < $2 THEN -1 WHEN $1 > $2 THEN 1 ELSE 0 END AS BIGINT)"),
		"strrep":         sqlBy(map[int]string{2: "repeat($1, least($2, 1024))", 3: joined("list_transform(range(0, least(greatest($2, 0), 1024)), lambda i: $1)", "$3")}),
		"strlen":         sql("length($1)"),
		"string_size":    sql("CAST(strlen($1) AS BIGINT)"),
		"toupper":        sql("upper($1)"),
		"tolower":        sql("lower($1)"),
		"substring":      substring,
		"indexof":        indexOf,
		"reverse":        sql("reverse($1)"),
		"split":          split,
		"replace_string": sql("(CASE WHEN $2 = '' THEN $1 ELSE replace($1, $2, $3) END)"),
		"countof":        countOf,
		"translate":      sql("(CASE WHEN $2 = '' THEN translate($3, $1, '') ELSE translate($3, $1, rpad($2, CAST(greatest(length($1), length($2)) AS INTEGER), right($2, 1))) END)"),

		"unicode_codepoints_from_string": sql("(CASE WHEN $1 = '' THEN '[]' ELSE CAST(to_json(list_transform(string_split($1, ''), lambda c: unicode(c))) AS VARCHAR) END)"),
		"unicode_codepoints_to_string":   codepoints,

		"isascii":       sql("(NOT regexp_matches($1, '[^\\x00-\\x7F]'))"),
		"isutf8":        sql("true"),
		"has_any_index": sqlJSON("coalesce(CAST(list_position(list_transform(CAST(json_extract_string($2, '$[*]') AS VARCHAR[]), lambda e: quoll_has($1, e)), true) - 1 AS BIGINT), -1)"),
	}
}

// joined puts a list together. The engine wants its separator constant, so a
// character of private use stands for it until the end.
func joined(list, separator string) string {
	return "replace(array_to_string(" + list + ", '\uE000'), '\uE000', " + separator + ")"
}

// position cuts a position in a text to what the engine takes.
func position(n string) string {
	return within(n, -2147483647, 2147483646)
}

// within cuts a number to a range. Null stays null, which least() and
// greatest() of the engine would pass over.
func within(n string, least, most int64) string {
	return "(CASE WHEN " + n + " < " + itoa(least) + " THEN " + itoa(least) + " WHEN " + n + " > " + itoa(most) + " THEN " + itoa(most) + " ELSE " + n + " END)"
}

// substring counts from 0; a negative start counts from the end.
func substring(_ *generator, _ *plan.Call, a []string, _ *block) string {
	for i := 1; i < len(a); i++ {
		a[i] = position(a[i])
	}
	start := "(CASE WHEN " + a[1] + " < 0 THEN greatest(length(" + a[0] + ") + " + a[1] + ", 0) ELSE " + a[1] + " END + 1)"
	if len(a) == 2 {
		return "substring(" + a[0] + ", " + start + ")"
	}
	return "(CASE WHEN " + a[2] + " < 0 THEN substring(" + a[0] + ", " + start + ") ELSE substring(" + a[0] + ", " + start + ", " + a[2] + ") END)"
}

// indexOf finds a place; it is null for a length below -1 and for an occurrence
// below 0.
func indexOf(g *generator, c *plan.Call, a []string, _ *block) string {
	null := ""
	if len(a) > 3 {
		null = a[3] + " < -1"
	}
	if len(a) > 4 {
		null += " OR " + a[4] + " < 0"
	}
	text := place(c, a)
	if null == "" {
		return text
	}
	return "(CASE WHEN NOT (" + null + ") THEN " + text + " END)"
}

// place finds the n-th occurrence behind a start and within a length.
func place(c *plan.Call, a []string) string {
	if len(a) == 2 {
		return "(strpos(" + a[0] + ", " + a[1] + ") - 1)"
	}
	for i := 2; i < min(len(a), 4); i++ {
		a[i] = position(a[i])
	}
	start := "(CASE WHEN " + a[2] + " < 0 THEN greatest(length(" + a[0] + ") + " + a[2] + ", 0) ELSE " + a[2] + " END)"
	part := "substring(" + a[0] + ", " + start + " + 1)"
	if len(a) > 3 {
		part = "(CASE WHEN " + a[3] + " < 0 THEN " + part + " ELSE substring(" + a[0] + ", " + start + " + 1, " + a[3] + ") END)"
	}
	first := "(CASE WHEN strpos(" + part + ", " + a[1] + ") = 0 THEN -1 ELSE strpos(" + part + ", " + a[1] + ") - 1 + " + start + " END)"
	if len(a) < 5 {
		return first
	}
	n, written := constantInt(c.Args[4])
	if written && n <= 1 {
		return first
	}
	// The n-th occurrence stands behind n-1 others and the text between. The
	// length counts from the one before, so that it bounds the first alone.
	rest := "(CASE WHEN " + first + " >= 0 THEN substring(" + a[0] + ", " + start + " + 1) ELSE '' END)"
	pieces := "string_split(" + rest + ", " + a[1] + ")"
	later := "(CASE WHEN len(" + pieces + ") > " + a[4] + " THEN " + start + " + length(array_to_string(" + pieces + "[:" + a[4] + "], " + a[1] + ")) ELSE -1 END)"
	if written {
		return later
	}
	return "(CASE WHEN " + a[4] + " > 1 THEN " + later + " ELSE " + first + " END)"
}

// split gives an array of strings. An empty delimiter does not cut.
func split(g *generator, c *plan.Call, a []string, _ *block) string {
	pieces := "string_split(" + a[0] + ", " + a[1] + ")"
	if d, ok := constantText(c.Args[1]); !ok || d == "" {
		pieces = "(CASE WHEN " + a[1] + " = '' THEN [" + a[0] + "] ELSE " + pieces + " END)"
	}
	if len(a) > 2 {
		pieces = pieces + "[" + position(a[2]) + " + 1:" + position(a[2]) + " + 1]"
	}
	return "CAST(to_json(" + pieces + ") AS VARCHAR)"
}

// countOf counts matches; those of a plain string may overlap.
func countOf(g *generator, c *plan.Call, a []string, b *block) string {
	kind := "normal"
	if len(c.Args) > 2 {
		kind, _ = constantText(c.Args[2])
	}
	if kind == "regex" {
		pattern := g.pattern(c.Args[1], b)
		return "CAST(len(regexp_extract_all(" + a[0] + ", " + pattern + ")) AS BIGINT)"
	}
	if s, ok := constantText(c.Args[1]); ok && s != "" && !overlapsItself(s) {
		return "((length(" + a[0] + ") - length(replace(" + a[0] + ", " + a[1] + ", ''))) // length(" + a[1] + "))"
	}
	return "(CASE WHEN " + a[1] + " = '' THEN 0 ELSE CAST(len(list_filter(range(1, length(" + a[0] + ") + 1), lambda i: starts_with(substring(" + a[0] + ", i), " + a[1] + "))) AS BIGINT) END)"
}

// overlapsItself reports whether one match of s can begin inside another.
func overlapsItself(s string) bool {
	for i := 1; i < len(s); i++ {
		if strings.HasPrefix(s, s[i:]) {
			return true
		}
	}
	return false
}

func codepoints(g *generator, c *plan.Call, a []string, b *block) string {
	parts := make([]string, len(a))
	for i, arg := range c.Args {
		if arg.Type() == types.Dynamic {
			if l, ok := arg.(*plan.Literal); ok && l.Value == nil {
				parts[i] = "''"
				continue
			}
			j := g.json(arg, b)
			parts[i] = "coalesce(array_to_string(list_transform(" + textElements(j) + ", lambda e: " + codepoint("TRY_CAST(e AS BIGINT)") + "), ''), '')"
			continue
		}
		if arg.Type().Integer() {
			parts[i] = codepoint(a[i])
		} else {
			parts[i] = "''"
		}
	}
	return "concat(" + strings.Join(parts, ", ") + ")"
}

func codepoint(n string) string {
	return "(CASE WHEN " + n + " BETWEEN 1 AND 55295 OR " + n + " BETWEEN 57344 AND 1114111 THEN chr(CAST(" + n + " AS INTEGER)) END)"
}

func regexForms() map[string]form {
	all := map[string]form{
		"extract":       extract,
		"extract_all":   extractAll,
		"replace_regex": replaceRegex(0, 1, 2),
		"replace":       replaceRegex(2, 0, 1),
		"trim":          trimRegex("^(?:$)", "(?:$)$"),
		"trim_start":    trimRegex("^(?:$)"),
		"trim_end":      trimRegex("(?:$)$"),
		"regex_quote":   sql(`regexp_replace($1, '([\\.+*?()|\[\]{}^$#\s-])', '\\\1', 'g')`),
		"indexof_regex": func(g *generator, c *plan.Call, a []string, b *block) string {
			if len(a) > 2 {
				text, _ := g.native(c, b)
				return text
			}
			pattern := g.pattern(c.Args[1], b)
			before := "regexp_extract(" + a[0] + ", '(?s)^(.*?)(?:' || " + pattern + " || ')', 1)"
			return "(CASE WHEN regexp_matches(" + a[0] + ", " + pattern + ") THEN CAST(length(" + before + ") AS BIGINT) ELSE -1 END)"
		},
	}
	for name, f := range all {
		all[name] = computedPattern(f)
	}
	return all
}

// computedPattern takes a regular expression that is no constant, and so may be
// none, as one that matches nothing.
func computedPattern(f form) form {
	return func(g *generator, c *plan.Call, args []string, b *block) string {
		text := f(g, c, args, b)
		for i, a := range c.Args {
			if _, ok := constantText(a); !ok && c.Function.Overloads[0].Param(i).Name == "regex" {
				return orNothing("TRY("+text+")", c.Of)
			}
		}
		return text
	}
}

// orNothing gives a string where there may be NULL.
func orNothing(text string, t types.Type) string {
	if t == types.String {
		return "coalesce(" + text + ", '')"
	}
	return text
}

// pattern writes a regular expression after checking it, since the engine
// would end the query with an error of its own. Go and DuckDB both read RE2.
func (g *generator) pattern(e plan.Expr, b *block) string {
	if p, ok := constantText(e); ok {
		if _, err := syntax.Parse(p, syntax.Perl); err != nil {
			g.fail("the regular expression %q cannot be read: %w", p, err)
		}
	}
	return g.expr(e, b)
}

func regexMatch(g *generator, c *plan.Call, a []string, b *block) string {
	matches := "regexp_matches(" + a[0] + ", " + g.pattern(c.Args[1], b) + ")"
	if _, ok := constantText(c.Args[1]); !ok {
		return "coalesce(TRY(" + matches + "), false)" // a pattern of the data may be none
	}
	return matches
}

func groups(pattern string) int {
	p, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0
	}
	return p.MaxCap()
}

// lastNumbered is the last group that DuckDB's regexp_extract gives by number.
const lastNumbered = 9

// group gives a group of the first match, or nothing. Groups beyond the ninth
// are asked for by names for all of them.
func group(text, pattern string, n int64) string {
	if n <= lastNumbered {
		return "regexp_extract(" + text + ", " + pattern + ", " + itoa(n) + ")"
	}
	names := make([]string, n)
	for i := range names {
		names[i] = "'" + itoa(int64(i)+1) + "'"
	}
	return "regexp_extract(" + text + ", " + pattern + ", [" + strings.Join(names, ", ") + "])['" + itoa(n) + "']"
}

// extract gives a group of the first match; a group that is not there gives
// nothing.
func extract(g *generator, c *plan.Call, a []string, b *block) string {
	pattern := g.pattern(c.Args[0], b)
	most := lastNumbered // of a computed pattern, of which the groups are not known yet
	if p, ok := constantText(c.Args[0]); ok {
		most = groups(p)
	}
	n, ok := constantInt(c.Args[1])
	text := "''"
	switch {
	case !ok:
		text = "''"
		for i := most; i >= 0; i-- {
			text = "CASE " + a[1] + " WHEN " + itoa(int64(i)) + " THEN " + group(a[2], pattern, int64(i)) + " ELSE " + text + " END"
		}
		text = "(" + text + ")"
	case n >= 0 && n <= int64(most):
		text = group(a[2], pattern, n)
	}
	if len(a) > 3 && c.Of != types.String {
		if c.Of == types.Dynamic {
			return "CAST(to_json(nullif(" + text + ", '')) AS VARCHAR)"
		}
		return fromText(text, c.Of)
	}
	return "coalesce(" + text + ", '')"
}

// extractAll gives the matches of one group as strings, of several as arrays.
func extractAll(g *generator, c *plan.Call, a []string, b *block) string {
	pattern, source := g.pattern(c.Args[0], b), a[len(a)-1]
	p, _ := constantText(c.Args[0])
	chosen := chosenGroups(c, p)
	if len(chosen) == 1 {
		return "(CASE WHEN regexp_matches(" + source + ", " + pattern + ") THEN CAST(to_json(regexp_extract_all(" + source + ", " + pattern + ", " + itoa(int64(chosen[0])) + ")) AS VARCHAR) END)"
	}
	items := make([]string, len(chosen))
	for i, group := range chosen {
		items[i] = "regexp_extract_all(" + source + ", " + pattern + ", " + itoa(int64(group)) + ")[i]"
	}
	first := "regexp_extract_all(" + source + ", " + pattern + ", 0)"
	return "(CASE WHEN regexp_matches(" + source + ", " + pattern + ") THEN CAST(to_json(list_transform(range(1, len(" + first + ") + 1), lambda i: [" + strings.Join(items, ", ") + "])) AS VARCHAR) END)"
}

// chosenGroups returns the capture groups that extract_all gives: those that
// are asked for by number or name, else all, else the whole match.
func chosenGroups(c *plan.Call, pattern string) []int {
	count := groups(pattern)
	var chosen []int
	if len(c.Args) == 3 {
		names := []string{}
		if p, err := syntax.Parse(pattern, syntax.Perl); err == nil {
			names = p.CapNames()
		}
		list, _ := constantText(c.Args[1])
		for _, word := range jsonWords(list) {
			for i := 0; i <= count; i++ {
				if itoa(int64(i)) == word || i < len(names) && i > 0 && names[i] == word {
					chosen = append(chosen, i)
					break
				}
			}
		}
	}
	if len(chosen) == 0 {
		for i := 1; i <= count; i++ {
			chosen = append(chosen, i)
		}
	}
	if len(chosen) == 0 {
		chosen = []int{0}
	}
	return chosen
}

// replaceRegex replaces every match; the arguments' places differ.
func replaceRegex(source, pattern, rewrite int) form {
	return func(g *generator, c *plan.Call, a []string, b *block) string {
		return "regexp_replace(" + a[source] + ", " + g.pattern(c.Args[pattern], b) + ", " + a[rewrite] + ", 'g')"
	}
}

// trimRegex removes matches at the ends.
func trimRegex(ends ...string) form {
	return func(g *generator, c *plan.Call, a []string, b *block) string {
		pattern := g.pattern(c.Args[0], b)
		text := a[1]
		for _, end := range ends {
			before, after, _ := strings.Cut(end, "$)")
			text = "regexp_replace(" + text + ", '" + before + "' || " + pattern + " || ')" + after + "', '')"
		}
		return text
	}
}
