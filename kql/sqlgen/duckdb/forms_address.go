package duckdb

import (
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

func addressForms() map[string]form {
	return map[string]form{
		"has_ipv4":                 searched("has_ipv4"),
		"has_ipv4_prefix":          searched("has_ipv4_prefix"),
		"parse_version":            sql("(CASE WHEN regexp_matches($1, '^\\d{1,8}(\\.\\d{1,8}){0,3}$') THEN CAST(" + versionPart("1") + " || " + versionPart("2") + " || " + versionPart("3") + " || " + versionPart("4") + " AS DECIMAL(38, 0)) END)"),
		"geo_info_from_ip_address": sql("CAST(NULL AS VARCHAR)"),
	}
}

// searched asks a native function only where the text is there at all.
func searched(name string) form {
	return func(g *generator, _ *plan.Call, a []string, _ *block) string {
		return fill("(CASE WHEN contains($1, $2) THEN "+g.nativeNamed(name, a...)+" ELSE false END)", a)
	}
}

// versionPart gives a part of a version with eight digits. All four together
// are more than a real holds, and versions that differ in the last one must
// not be equal.
func versionPart(n string) string { return "lpad(split_part($1, '.', " + n + "), 8, '0')" }

func codingForms() map[string]form {
	return map[string]form{
		"base64_encode_tostring": sql("to_base64(encode($1))"),
		"hash_md5":               sql("md5($1)"),
		"hash_sha1":              sql("sha1($1)"),
		"hash_sha256":            sql("sha256($1)"),
		"hash":                   hash,
		"hash_many":              hashMany,
		"hash_combine":           hashCombine,
		"new_guid":               sql("CAST(uuid() AS VARCHAR)"),
	}
}

// hash asks the native function of the argument's type, since the bytes that
// are hashed differ.
func hash(g *generator, c *plan.Call, args []string, b *block) string {
	mod := "CAST(NULL AS BIGINT)"
	if len(args) > 1 {
		mod = args[1]
	}
	return g.hashOf(args[0], c.Args[0].Type(), mod)
}

func (g *generator) hashOf(text string, t types.Type, mod string) string {
	kind := "string"
	switch t {
	case types.Long, types.TimeSpan:
		kind = "long"
	case types.DateTime:
		kind, text = "long", convertNumber(text, types.DateTime, types.Long)
	case types.Real, types.Decimal:
		kind = "real"
	case types.Int, types.Bool, types.Guid:
		kind = t.String()
	case types.Dynamic:
		text = toText(text, t)
	}
	return g.nativeNamed("hash_of_"+kind, text, mod)
}

// hashMany combines the hashes of its arguments.
func hashMany(g *generator, c *plan.Call, args []string, _ *block) string {
	for i, a := range c.Args {
		args[i] = g.hashOf(args[i], a.Type(), "CAST(NULL AS BIGINT)")
	}
	return g.nativeNamed("hash_combine", args...)
}

// hashCombine combines hashes. What is no integer, and so no hash, counts with
// its own.
func hashCombine(g *generator, c *plan.Call, args []string, _ *block) string {
	for i, a := range c.Args {
		if !a.Type().Integer() {
			args[i] = g.hashOf(args[i], a.Type(), "CAST(NULL AS BIGINT)")
		}
	}
	return g.nativeNamed("hash_combine", args...)
}
