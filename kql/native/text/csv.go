package text

import "strings"

// parseCSV splits the first record of CSV text (RFC 4180) into its fields. A
// quote inside of a field that does not begin with one is just a character,
// and a missing last quote ends the field with the text.
func parseCSV(source string) any {
	fields := []any{}
	for {
		field, rest, more := nextField(source)
		fields = append(fields, field)
		if !more {
			return fields
		}
		source = rest
	}
}

// nextField reads one field; more says that a comma stood behind it.
func nextField(s string) (field, rest string, more bool) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ",\r\n")
		if end < 0 {
			return s, "", false
		}
		return s[:end], s[end+1:], s[end] == ','
	}
	var b strings.Builder
	s = s[1:]
	for {
		before, after, found := strings.Cut(s, `"`)
		b.WriteString(before)
		if !found {
			return b.String(), "", false
		}
		if !strings.HasPrefix(after, `"`) {
			tail, rest, more := nextField(strings.TrimPrefix(after, " "))
			return b.String() + strings.TrimRight(tail, " "), rest, more
		}
		b.WriteByte('"')
		s = after[1:]
	}
}
