package split

import (
	"bytes"
	"strings"
)

// CSV finds the next line of a comma-separated text (RFC 4180), which a quoted
// field may spread over several lines of the file. The token includes the line
// end. Blank lines are filler. A quote inside a field that does not start with
// one is text, as is a lone quote inside a quoted field.
//
// The limit: a quote that is never closed makes its first line a broken token,
// and scanning goes on behind that line.
func (s *Scanner) CSV(data []byte, atEnd bool) Token {
	start := 0
	for start < len(data) && (data[start] == '\n' || data[start] == '\r') {
		start++
	}
	if start == len(data) {
		if atEnd {
			return Token{Kind: End, Start: start, End: start}
		}
		return Token{Kind: More, Start: start}
	}
	reach, limited := s.reach(data[start:])
	end, quoted, done := csvLine(reach)
	switch {
	case done:
		return s.passed(Token{Kind: Record, Start: start, End: start + end})
	case !limited && !atEnd:
		return Token{Kind: More, Start: start}
	case !limited && !quoted:
		return Token{Kind: Record, Start: start, End: start + end} // the last line, without a line end
	}
	s.inVain(end)
	if n := bytes.IndexByte(reach, '\n'); n >= 0 {
		return s.passed(Token{Kind: Broken, Start: start, End: start + n + 1})
	}
	if limited {
		return Token{Kind: TooLong, Start: start, End: start + len(reach)}
	}
	return Token{Kind: Broken, Start: start, End: start + len(reach)}
}

// csvLine returns the end of the line at the start of data. done says that its
// line end was found, quoted that data ends inside quotes.
func csvLine(data []byte) (end int, quoted, done bool) {
	fieldStart := true
	for i := 0; i < len(data); i++ {
		c := data[i]
		if quoted {
			n := bytes.IndexByte(data[i:], '"')
			if n < 0 {
				return len(data), true, false
			}
			i += n
			if i+1 < len(data) && !closesField(data[i+1]) {
				if data[i+1] == '"' {
					i++
				}
				continue
			}
			quoted = false
			continue
		}
		switch c {
		case '\n':
			return i + 1, false, true
		case '"':
			quoted = fieldStart
			fieldStart = false
		case ',':
			fieldStart = true
		default:
			fieldStart = false
		}
	}
	return len(data), quoted, false
}

// closesField says that a quote before c closes the field.
func closesField(c byte) bool { return c == ',' || c == '\n' || c == '\r' }

// Fields appends the fields of one CSV line, as CSV returns it, to dst. Line
// ends inside quoted fields are kept as they are.
func Fields(dst []string, line []byte) []string {
	line = bytes.TrimSuffix(line, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	text := string(line)
	for {
		if !strings.HasPrefix(text, `"`) {
			field, rest, more := strings.Cut(text, ",")
			dst = append(dst, field)
			if !more {
				return dst
			}
			text = rest
			continue
		}
		field, rest, more := quotedField(text[1:])
		dst = append(dst, field)
		if !more {
			return dst
		}
		text = rest
	}
}

// quotedField reads a field behind its opening quote.
func quotedField(text string) (field, rest string, more bool) {
	var b strings.Builder
	for {
		n := strings.IndexByte(text, '"')
		if n < 0 {
			b.WriteString(text)
			return b.String(), "", false
		}
		b.WriteString(text[:n])
		text = text[n+1:]
		switch {
		case text == "":
			return b.String(), "", false
		case text[0] == ',':
			return b.String(), text[1:], true
		case text[0] == '"':
			text = text[1:]
			b.WriteByte('"')
		case text[0] == '\r' || text[0] == '\n':
			// Behind the closing quote: a stray line end at the end of the line.
			return b.String(), "", false
		default:
			b.WriteByte('"')
		}
	}
}
