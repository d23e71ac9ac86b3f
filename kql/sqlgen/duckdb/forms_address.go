package duckdb

import (
	"strings"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// An IPv4 address is computed with as a number. The pattern takes what Kusto
// takes: four parts of decimal digits, and a prefix length behind a slash.
const ipv4Pattern = `'^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:/(?:3[0-2]|[12]?\d))?$'`

func isIPv4(text string) string { return "regexp_matches(" + text + ", " + ipv4Pattern + ")" }

// ipv4Bits gives the number of an address without its prefix.
func ipv4Bits(text string) string {
	part := func(n string) string {
		return "CAST(split_part(split_part(" + text + ", '/', 1), '.', " + n + ") AS BIGINT)"
	}
	return "(" + part("1") + " * 16777216 + " + part("2") + " * 65536 + " + part("3") + " * 256 + " + part("4") + ")"
}

// ipv4Prefix gives the prefix length behind the slash, or 32.
func ipv4Prefix(text string) string {
	return "CAST(coalesce(nullif(split_part(" + text + ", '/', 2), ''), '32') AS BIGINT)"
}

// network cuts a number to its first bits.
func network(bits, prefix string) string {
	kept := "(32 - " + within(prefix, 0, 32) + ")"
	return "((" + bits + " >> " + kept + ") << " + kept + ")"
}

func whenIPv4(value string, texts ...string) string {
	terms := make([]string, len(texts))
	for i, t := range texts {
		terms[i] = isIPv4(t)
	}
	return "(CASE WHEN " + strings.Join(terms, " AND ") + " THEN " + value + " END)"
}

// inRange compares an address with a network as far as the prefix reaches.
func inRange(ip, ipRange string) string {
	prefix := ipv4Prefix(ipRange)
	return network(ipv4Bits(ip), prefix) + " = " + network(ipv4Bits(ipRange), prefix)
}

func addressForms() map[string]form {
	return map[string]form{
		"parse_ipv4": func(_ *generator, _ *plan.Call, a []string, _ *block) string {
			return whenIPv4(network(ipv4Bits(a[0]), ipv4Prefix(a[0])), a[0])
		},
		"parse_ipv4_mask": func(_ *generator, _ *plan.Call, a []string, _ *block) string {
			return whenIPv4(network(ipv4Bits(a[0]), "least("+a[1]+", 32)"), a[0])
		},
		"format_ipv4":   formatIPv4,
		"ipv4_compare":  compareIPv4,
		"ipv4_is_match": matchIPv4,
		"ipv4_is_in_range": func(_ *generator, _ *plan.Call, a []string, _ *block) string {
			return whenIPv4(inRange(a[0], a[1]), a[0], a[1])
		},
		"ipv4_is_in_any_range": inAnyRange,
		"ipv4_is_private": func(_ *generator, _ *plan.Call, a []string, _ *block) string {
			var terms []string
			for _, r := range []string{"'10.0.0.0/8'", "'172.16.0.0/12'", "'192.168.0.0/16'"} {
				terms = append(terms, inRange(a[0], r))
			}
			return whenIPv4("("+strings.Join(terms, " OR ")+")", a[0])
		},
		"ipv4_netmask_suffix":      func(_ *generator, _ *plan.Call, a []string, _ *block) string { return whenIPv4(ipv4Prefix(a[0]), a[0]) },
		"has_ipv4":                 sql("(" + isIPv4("$2") + " AND regexp_matches($1, '(^|[^0-9A-Za-z.])' || regexp_escape($2) || '($|[^0-9A-Za-z.])'))"),
		"has_ipv4_prefix":          sql("regexp_matches($1, '(^|[^0-9A-Za-z.])' || regexp_escape($2))"),
		"has_any_ipv4":             hasAnyIPv4,
		"parse_url":                parseURL,
		"parse_urlquery":           sql("('{\"Query Parameters\":' || " + queryParameters("ltrim($1, '?')") + " || '}')"),
		"parse_path":               parsePath,
		"parse_version":            sql("(CASE WHEN regexp_matches($1, '^\\d+(\\.\\d+){0,3}$') THEN CAST(" + versionPart("1") + " * 1e24 + " + versionPart("2") + " * 1e16 + " + versionPart("3") + " * 1e8 + " + versionPart("4") + " AS DOUBLE) END)"),
		"geo_info_from_ip_address": sql("CAST(NULL AS VARCHAR)"),
	}
}

func versionPart(n string) string {
	return "CAST(coalesce(nullif(split_part($1, '.', " + n + "), ''), '0') AS DOUBLE)"
}

func formatIPv4(_ *generator, c *plan.Call, a []string, _ *block) string {
	bits := a[0]
	valid := "true"
	if c.Args[0].Type() == types.String || c.Args[0].Type() == types.Dynamic {
		text := toText(a[0], c.Args[0].Type())
		valid, bits = isIPv4(text), ipv4Bits(text)
	} else if c.Args[0].Type().Integer() {
		valid = a[0] + " BETWEEN 0 AND 4294967295"
	} else {
		return "''"
	}
	if len(a) > 1 {
		bits = network(bits, a[1])
	}
	text := "concat(" + bits + " >> 24, '.', (" + bits + " >> 16) & 255, '.', (" + bits + " >> 8) & 255, '.', " + bits + " & 255)"
	return "(CASE WHEN " + valid + " THEN " + text + " ELSE '' END)"
}

// shortest is the prefix that two addresses are compared by.
func shortest(a []string) string {
	prefixes := ipv4Prefix(a[0]) + ", " + ipv4Prefix(a[1])
	if len(a) > 2 {
		prefixes += ", " + a[2]
	}
	return "least(" + prefixes + ")"
}

func compareIPv4(_ *generator, _ *plan.Call, a []string, _ *block) string {
	p := shortest(a)
	return whenIPv4("CAST(sign("+network(ipv4Bits(a[0]), p)+" - "+network(ipv4Bits(a[1]), p)+") AS BIGINT)", a[0], a[1])
}

func matchIPv4(_ *generator, _ *plan.Call, a []string, _ *block) string {
	p := shortest(a)
	return whenIPv4("("+network(ipv4Bits(a[0]), p)+" = "+network(ipv4Bits(a[1]), p)+")", a[0], a[1])
}

func inAnyRange(g *generator, c *plan.Call, a []string, b *block) string {
	var terms []string
	for i, arg := range c.Args[1:] {
		if arg.Type() == types.Dynamic {
			terms = append(terms, "coalesce(len(list_filter("+g.textList(arg, b)+", lambda r: "+isIPv4("r")+" AND "+whenIPv4(inRange(a[0], "r"), "r")+")), 0) > 0")
			continue
		}
		text := toText(a[i+1], arg.Type())
		terms = append(terms, "coalesce("+whenIPv4(inRange(a[0], text), text)+", false)")
	}
	return whenIPv4("("+strings.Join(terms, " OR ")+")", a[0])
}

func hasAnyIPv4(g *generator, c *plan.Call, a []string, b *block) string {
	has := func(ip string) string {
		return "(" + isIPv4(ip) + " AND regexp_matches(" + a[0] + ", '(^|[^0-9A-Za-z.])' || regexp_escape(" + ip + ") || '($|[^0-9A-Za-z.])'))"
	}
	var terms []string
	for i, arg := range c.Args[1:] {
		if arg.Type() == types.Dynamic {
			terms = append(terms, "coalesce(len(list_filter("+g.textList(arg, b)+", lambda r: "+has("r")+")), 0) > 0")
			continue
		}
		terms = append(terms, has(toText(a[i+1], arg.Type())))
	}
	return "(" + strings.Join(terms, " OR ") + ")"
}

// queryParameters gives the parameters of a URL's query as JSON text. A name
// that comes twice keeps its first value.
func queryParameters(query string) string {
	pairs := "list_filter(string_split(" + query + ", '&'), lambda p: p <> '')"
	entry := "CAST(to_json(split_part(p, '=', 1)) AS VARCHAR) || ':' || CAST(to_json(CASE WHEN contains(p, '=') THEN substring(p, length(split_part(p, '=', 1)) + 2) ELSE '' END) AS VARCHAR)"
	return "('{' || coalesce(array_to_string(list_transform(" + pairs + ", lambda p: " + entry + "), ','), '') || '}')"
}

// parseURL takes a URL apart with one pattern.
func parseURL(_ *generator, _ *plan.Call, a []string, _ *block) string {
	const pattern = `'^([A-Za-z][A-Za-z0-9+.-]*):(?://)?(?:([^:@/?#]*)(?::([^@/?#]*))?@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d+))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$'`
	part := func(n string) string { return "regexp_extract(" + a[0] + ", " + pattern + ", " + n + ")" }
	item := func(name, n string) string {
		return `'"` + name + `":' || CAST(to_json(` + part(n) + `) AS VARCHAR) || `
	}
	return "('{' || " + item("Scheme", "1") + "',' || " + item("Host", "4") + "',' || " + item("Port", "5") + "',' || " + item("Path", "6") + "',' || " +
		item("Username", "2") + "',' || " + item("Password", "3") + `',"Query Parameters":' || ` + queryParameters(part("7")) + " || ',' || " + item("Fragment", "8") + "'}')"
}

// parsePath takes a file path of Windows, Unix or a share apart.
func parsePath(_ *generator, _ *plan.Call, a []string, _ *block) string {
	scheme := `regexp_extract(` + a[0] + `, '^([A-Za-z][A-Za-z0-9+.-]*)://', 1)`
	file := `regexp_extract(` + a[0] + `, '([^\\/]*)$', 1)`
	name := "split_part(" + file + ", ':', 1)"
	directory := `regexp_replace(substring(` + a[0] + `, 1, length(` + a[0] + `) - length(` + file + `)), '[\\/]+$', '')`
	item := func(key, text string) string { return `'"` + key + `":' || CAST(to_json(` + text + `) AS VARCHAR) || ` }
	return "('{' || " + item("Scheme", scheme) + "',' || " + item("RootPath", `regexp_extract(`+a[0]+`, '^([A-Za-z]:)', 1)`) + "',' || " +
		item("DirectoryPath", directory) + "',' || " + item("DirectoryName", `regexp_extract(`+directory+`, '([^\\/]*)$', 1)`) + "',' || " +
		item("Filename", name) + "',' || " + item("Extension", `regexp_extract(`+name+`, '\.([^.]*)$', 1)`) + "',' || " +
		item("AlternateDataStreamName", "split_part("+file+", ':', 2)") + "'}')"
}

func codingForms() map[string]form {
	hash := "CAST(hash($1) >> 1 AS BIGINT)"
	return map[string]form{
		"base64_encode_tostring": sql("to_base64(encode($1))"),
		"base64_decode_tostring": sql("(CASE WHEN length($1) % 4 = 0 AND regexp_matches($1, '^[A-Za-z0-9+/]*={0,2}$') THEN coalesce(TRY(decode(from_base64($1))), '') ELSE '' END)"),
		"url_encode":             sql("replace(url_encode($1), '%20', '+')"),
		"url_encode_component":   sql("url_encode($1)"),
		"url_decode":             sql("coalesce(TRY(url_decode($1)), $1)"),
		"hash_md5":               sql("md5($1)"),
		"hash_sha1":              sql("sha1($1)"),
		"hash_sha256":            sql("sha256($1)"),
		"hash":                   sqlBy(map[int]string{1: hash, 2: "(" + hash + " % nullif($2, 0))"}),
		"new_guid":               sql("CAST(uuid() AS VARCHAR)"),
	}
}
