package bind

import (
	"slices"
	"strconv"
	"strings"

	"github.com/quoll/quoll/kql/source"
)

// noColumn reports a column that r does not have.
func (b *binder) noColumn(span source.Span, name string, r *relation) {
	names := r.names()
	message := `no column "` + name + `"`
	if r.name != "" {
		message += " in table " + r.name
	}
	remedy := didYouMean(name, names)
	if near := r.nearestAlias(name); remedy == "" && near != "" {
		remedy = `did you mean "` + near + `"?`
	}
	if strings.EqualFold(name, "null") {
		remedy = "isnull(x) asks for null, and isempty(x) for a text that is empty; long(null) is a null"
	}
	b.src.Add(source.Diagnostic{Span: span, Message: message + "; columns are " + enumerate(nearestFirst(name, names)), Remedy: remedy})
}

func (r *relation) nearestAlias(name string) string {
	var aliases []string
	for alias, c := range r.aliases {
		if r.shows(c) {
			aliases = append(aliases, alias)
		}
	}
	slices.Sort(aliases)
	return nearest(name, aliases)
}

// functionHabits are functions of other languages, in lower case.
var functionHabits = map[string]string{
	"lower": "tolower", "lcase": "tolower", "upper": "toupper", "ucase": "toupper", "len": "strlen", "length": "strlen",
	"concat": "strcat", "substr": "substring", "mid": "substring", "ifnull": "coalesce", "nvl": "coalesce", "if": "iff",
	"getdate": "now", "sysdate": "now", "today": "now", "to_string": "tostring", "str": "tostring", "to_date": "todatetime",
	"date_trunc": "bin", "datetrunc": "bin", "average": "avg", "mean": "avg", "values": "make_set", "group_concat": "make_list",
	"string_agg": "make_list", "array_agg": "make_list", "mvcount": "array_length", "countdistinct": "dcount", "dc": "dcount",
	"first": "arg_min", "last": "arg_max", "regexp_extract": "extract", "regexp_replace": "replace_regex", "instr": "indexof",
	"json_extract": "parse_json", "spath": "parse_json", "pack_dictionary": "bag_pack", "std": "stdev", "stddev": "stdev", "median": "percentile",
}

// mostNames is how many names a message lists.
const mostNames = 12

// enumerate lists names for a message, the first ones of many.
func enumerate(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	if len(names) > mostNames {
		return strings.Join(names[:mostNames], ", ") + " and " + strconv.Itoa(len(names)-mostNames) + " more"
	}
	return strings.Join(names, ", ")
}

// nearestFirst returns the names as they are when a message lists them all,
// else those first that look most like name.
func nearestFirst(name string, names []string) []string {
	if len(names) <= mostNames {
		return names
	}
	sorted := slices.Clone(names)
	distance := make(map[string]int, len(names))
	for _, n := range names {
		distance[n] = unlikeness(name, n)
	}
	slices.SortStableFunc(sorted, func(a, b string) int { return distance[a] - distance[b] })
	return sorted
}

// unlikeness is how much two names differ; one that holds the other is near.
func unlikeness(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	d := source.Distance(a, b, len(a)+len(b)+1)
	if len(a) > 2 && strings.Contains(b, a) || len(b) > 2 && strings.Contains(a, b) {
		return min(d, 2)
	}
	return d
}

func didYouMean(name string, names []string) string {
	if near := nearest(name, names); near != "" {
		return `did you mean "` + near + `"?`
	}
	return ""
}

// nearest returns the name that looks most like name, or the empty string.
func nearest(name string, names []string) string {
	best, least := "", 1+len(name)/3
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return n
		}
		d := source.Distance(strings.ToLower(name), strings.ToLower(n), least+1)
		if d < least || d == least && best != "" && len(n) > len(best) {
			best, least = n, d
		}
	}
	return best
}
