package plan

import "strings"

// WithinString reports whether a text that stands in a JSON document can only stand within
// one string of it, so that neither white space nor the form of a number makes a
// difference: without escapes it is in every way to write the document.
func WithinString(sought string) bool {
	folded := strings.ToLower(sought)
	if strings.ContainsAny(folded, "\",{}[]\\") || strings.HasPrefix(folded, ":") || strings.Contains(folded, "inf") || strings.Contains(folded, "nan") {
		return false
	}
	letters := false
	for _, r := range folded {
		if r < ' ' {
			return false
		}
		letters = letters || r >= 'a' && r <= 'z' && r != 'e' || r >= 0x80
	}
	return letters || strings.Count(folded, ".") > 1
}
