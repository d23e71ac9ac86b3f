package duckdb

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestTextFunctions(t *testing.T) {
	for _, c := range []struct {
		function, text, needle string
		want                   bool
	}{
		{"quoll_has", "New-InboxRule Forward", "inboxrule", true},
		{"quoll_has", "NewInboxRule", "InboxRule", false},
		{"quoll_has", "InboxRules", "InboxRule", false},
		{"quoll_has", "xRule Rule", "rule", true}, // the second place counts
		{"quoll_has", "a_b", "b", true},
		{"quoll_has", "a1b", "b", false},
		{"quoll_has", "setup.exe", ".exe", true},
		{"quoll_has", "setup.exes", ".exe", false},
		{"quoll_has", "mail@contoso.com", "contoso.com", true},
		{"quoll_has", "", "x", false},
		{"quoll_has", "x", "", true},
		{"quoll_has", "", "", true},
		{"quoll_has", "GRÜSSE aus Köln", "köln", true},
		{"quoll_has", "éKöln", "köln", false},
		{"quoll_has", "Kölné", "köln", false},
		{"quoll_has", "ПРИВЕТ мир", "привет", true},
		{"quoll_has", "\u212Aelvin", "kelvin", false}, // the Kelvin sign is no k
		{"quoll_has_cs", "Admin admin2", "admin", false},
		{"quoll_has_cs", "Admin admin", "admin", true},
		{"quoll_hasprefix", "the Forwarding rule", "forward", true},
		{"quoll_hasprefix", "theForwarding rule", "forward", false},
		{"quoll_hasprefix_cs", "Forwarding", "forward", false},
		{"quoll_hassuffix", "the Forwarding rule", "WARDING", true},
		{"quoll_hassuffix", "Forwardings", "warding", false},
		{"quoll_contains", "https://Evil.Example/a", "evil.example", true},
		{"quoll_contains", "aab", "AB", true},
		{"quoll_contains", "straße", "STRASSE", false},
		{"quoll_contains", "STRAẞE", "straße", false}, // simple upper case of ß is ß
		{"quoll_contains_cs", "abc", "B", false},
		{"quoll_startswith", "Ünïcode", "üNÏ", true},
		{"quoll_startswith", "xabc", "abc", false},
		{"quoll_endswith", "report.PDF", ".pdf", true},
		{"quoll_endswith", "naïVE", "ÏVe", true},
		{"quoll_endswith", "pdf.", "pdf", false},
		{"quoll_endswith_cs", "a.PDF", ".pdf", false},
		{"quoll_equals", "Bob@Contoso.com", "bob@contoso.COM", true},
		{"quoll_equals", "bob", "bobby", false},
		{"quoll_equals", "", "", true},
		{"quoll_equals", "", "x", false},
		{"quoll_equals", "x", "", false},
		{"quoll_equals", "ſ", "s", false}, // long s folds into ASCII, which .NET's comparison does not do
	} {
		if got := textMatches(c.function, c.text, c.needle); got != c.want {
			t.Errorf("%s(%q, %q) = %v", c.function, c.text, c.needle, got)
		}
	}
}

// textOracle is the same comparisons over decoded runes, written for clarity.
func textOracle(function, text, needle string) bool {
	t, n := []rune(text), []rune(needle)
	if !strings.HasSuffix(function, "_cs") {
		t, n = foldRunes(t), foldRunes(n)
	}
	equalAt := func(i int) bool {
		return i >= 0 && i+len(n) <= len(t) && string(t[i:i+len(n)]) == string(n)
	}
	switch strings.TrimSuffix(function, "_cs") {
	case "quoll_equals":
		return string(t) == string(n)
	case "quoll_startswith":
		return equalAt(0)
	case "quoll_endswith":
		return equalAt(len(t) - len(n))
	}
	if len(n) == 0 {
		return true
	}
	left := strings.Contains(function, "_has") && !strings.Contains(function, "suffix") && isTermRune(n[0])
	right := strings.Contains(function, "_has") && !strings.Contains(function, "prefix") && isTermRune(n[len(n)-1])
	for i := range t {
		end := i + len(n)
		if equalAt(i) && !(left && i > 0 && isTermRune(t[i-1])) && !(right && end < len(t) && isTermRune(t[end])) {
			return true
		}
	}
	return false
}

func isTermRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func foldRunes(runes []rune) []rune {
	folded := make([]rune, len(runes))
	for i, r := range runes {
		folded[i] = r
		if upper := unicode.ToUpper(r); r < utf8.RuneSelf || upper >= utf8.RuneSelf {
			folded[i] = upper
		}
	}
	return folded
}

func FuzzTextFunctions(f *testing.F) {
	f.Add("New-InboxRule Forward", "inboxrule")
	f.Add("éKölné köln", "KÖLN")
	f.Add("aaaaaab", "aab")
	f.Add("ab", strings.Repeat("é", 300))
	f.Fuzz(func(t *testing.T, text, needle string) {
		if !utf8.ValidString(text) || !utf8.ValidString(needle) {
			return // the engine takes valid UTF-8 only
		}
		// A needle taken from the text is found more often than a random one.
		runes := []rune(text)
		needles := []string{needle, strings.ToUpper(needle)}
		if len(runes) > 4 {
			needles = append(needles, strings.ToLower(string(runes[1:len(runes)/2])), string(runes[len(runes)/2:]))
		}
		for function := range textFunctions {
			for _, n := range needles {
				if got, want := textMatches(function, text, n), textOracle(function, text, n); got != want {
					t.Errorf("%s(%q, %q) = %v, want %v", function, text, n, got, want)
				}
			}
		}
	})
}
