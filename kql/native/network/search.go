package network

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

func searchFunctions() []native.Function {
	pair := []types.Type{types.String, types.String}
	return []native.Function{
		call("has_ipv4", pair, types.Bool, func(args []any) (any, error) { return hasAny(args, isWhole), nil }),
		list("has_any_ipv4", func(args []any) (any, error) { return hasAny(args, isWhole), nil }),
		call("has_ipv4_prefix", pair, types.Bool, func(args []any) (any, error) { return hasAny(args, isPrefix), nil }),
		list("has_any_ipv4_prefix", func(args []any) (any, error) { return hasAny(args, isPrefix), nil }),
	}
}

// hasAny reports whether one of the valid texts behind the first argument
// begins an IPv4 address that stands in the first argument by itself.
func hasAny(args []any, valid func(string) bool) bool {
	source := text(args[0])
	found := false
	each(args[1:], func(wanted string) bool {
		found = valid(wanted) && hasAddress(source, wanted)
		return !found
	})
	return found
}

func isWhole(s string) bool {
	_, end, ok := readOctets(s)
	return ok && end == len(s)
}

// isPrefix takes a whole address, and one to three parts with a dot behind.
func isPrefix(s string) bool {
	if isWhole(s) {
		return true
	}
	if !strings.HasSuffix(s, ".") || len(s) > len("255.255.255.") {
		return false
	}
	missing := 4 - strings.Count(s, ".")
	return missing > 0 && isWhole(s+strings.TrimSuffix(strings.Repeat("0.", missing), "."))
}

// hasAddress looks for wanted at the begin of an address. A whole address has
// no address but itself with that begin, since no digit may follow it.
func hasAddress(source, wanted string) bool {
	for at := 0; ; {
		i := strings.Index(source[at:], wanted)
		if i < 0 {
			return false
		}
		at += i
		if _, length, ok := readOctets(source[at:]); ok && opens(source[:at]) && closes(source[at+length:]) && (length == len(wanted) || strings.HasSuffix(wanted, ".")) {
			return true
		}
		at++
	}
}

// opens reports whether an address may begin behind before: no letter or digit
// is next to it, nor a dot that makes it part of a longer number.
func opens(before string) bool {
	if rest, ok := strings.CutSuffix(before, "."); ok && endsInDigit(rest) {
		return false
	}
	r, _ := utf8.DecodeLastRuneInString(before)
	return before == "" || !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

func closes(after string) bool {
	if rest, ok := strings.CutPrefix(after, "."); ok && rest != "" && rest[0] >= '0' && rest[0] <= '9' {
		return false
	}
	r, _ := utf8.DecodeRuneInString(after)
	return after == "" || !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

func endsInDigit(s string) bool {
	return s != "" && s[len(s)-1] >= '0' && s[len(s)-1] <= '9'
}
