package duckdb

import (
	"github.com/quoll/quoll/kql/plan"
)

func addressForms() map[string]form {
	return map[string]form{
		"has_ipv4":                 searched("has_ipv4"),
		"has_ipv4_prefix":          searched("has_ipv4_prefix"),
		"parse_url":                parseURL,
		"parse_urlquery":           sql("('{\"Query Parameters\":' || " + queryParameters("ltrim($1, '?')") + " || '}')"),
		"parse_path":               parsePath,
		"parse_version":            sql("(CASE WHEN regexp_matches($1, '^\\d+(\\.\\d+){0,3}$') THEN CAST(" + versionPart("1") + " * 1e24 + " + versionPart("2") + " * 1e16 + " + versionPart("3") + " * 1e8 + " + versionPart("4") + " AS DOUBLE) END)"),
		"geo_info_from_ip_address": sql("CAST(NULL AS VARCHAR)"),
	}
}

// searched asks a native function only where the text is there at all.
func searched(name string) form {
	return sql("(CASE WHEN contains($1, $2) THEN " + nativeName(name) + "($1, $2) ELSE false END)")
}

func versionPart(n string) string {
	return "CAST(coalesce(nullif(split_part($1, '.', " + n + "), ''), '0') AS DOUBLE)"
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
