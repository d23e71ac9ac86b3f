package split

import "bytes"

// JSON finds the next JSON object in data: in a line of its own, spread over
// lines, one behind the other, in one or several arrays, or in the list of a
// wrapper {"records":[…]} or {"value":[…]}. atEnd says that nothing follows
// data. data must start where the last token ended.
//
// The limits: no string holds a line break, as JSON demands. A text, a number or
// a word in a list is a broken token of its own, anything else that is no object
// is one up to the end of its line. Behind a broken
// object the search goes on at the next line that starts an object and is
// indented no deeper; where there is no such line, as in an array that is
// written in one line, everything up to the end is one broken token.
func (s *Scanner) JSON(data []byte, atEnd bool) Token {
	start, unsure := skipFiller(data)
	if unsure && !atEnd {
		return Token{Kind: More, Start: start}
	}
	if start == len(data) {
		if atEnd {
			return Token{Kind: End, Start: start, End: start}
		}
		return Token{Kind: More, Start: start}
	}
	if data[start] != '{' {
		return s.scalar(data, start, atEnd)
	}
	// Most records end soon, and looking for the end of a line would cost as much as
	// all of a text that is one line.
	reach, limited := s.near(data[start:])
	end, closed := balance(reach)
	if !closed && limited {
		reach, limited = s.reach(data[start:])
		end, closed = balance(reach)
	}
	switch {
	case closed:
		return s.passed(Token{Kind: Record, Start: start, End: start + end})
	case !limited && !atEnd:
		return Token{Kind: More, Start: start}
	}
	s.inVain(end)
	kind := Broken
	if len(reach) == s.window && end == len(reach) {
		kind = TooLong
	}
	return s.passed(Token{Kind: kind, Start: start, End: start + resync(data, start, len(reach))})
}

// Filler returns the length of what stands before the first record of data, or
// of what is taken for one: space, separators, the opening of a list or of a
// wrapper around one. data must start where a token ended, and nothing may
// follow it.
func Filler(data []byte) int {
	start, _ := skipFiller(data)
	return start
}

// Resync returns where scanning should go on in an object data[start:end] that
// turned out to be no valid JSON: behind its first line when a later line of it
// starts an object of its own, at end otherwise.
func Resync(data []byte, start, end int) int {
	return start + resync(data, start, end-start)
}

// skipFiller returns the position of the first byte that is neither space nor
// the punctuation of a list. unsure says that the bytes there may turn out to
// be the opening of a wrapper.
func skipFiller(data []byte) (at int, unsure bool) {
	for at < len(data) {
		switch c := data[at]; {
		case c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == ',' || c == '[' || c == ']' || c == '}':
			at++
		case c == 0xEF && bytes.HasPrefix(data[at:], []byte("\xEF\xBB\xBF")):
			at += 3
		case c == 0xEF && len(data)-at < 3:
			return at, true
		case c == '{':
			n, unsure := wrapper(data[at:])
			if n == 0 {
				return at, unsure
			}
			at += n
		default:
			return at, false
		}
	}
	return at, false
}

// wrapper returns the length of {"records":[ or {"value":[ at the start of
// data, whatever the space between; 0 when there is something else, with
// unsure set when data is too short to tell.
func wrapper(data []byte) (n int, unsure bool) {
	at := 1 + spaces(data[1:])
	name := 0
	for _, w := range [...]string{`"records"`, `"value"`} {
		if bytes.HasPrefix(data[at:], []byte(w)) {
			name = len(w)
		} else if len(data)-at < len(w) && bytes.HasPrefix([]byte(w), data[at:]) {
			unsure = true
		}
	}
	if name == 0 {
		return 0, unsure
	}
	at += name
	for _, c := range []byte(":[") {
		at += spaces(data[at:])
		if at == len(data) {
			return 0, true
		}
		if data[at] != c {
			return 0, false
		}
		at++
	}
	return at, false
}

func spaces(data []byte) int {
	for i, c := range data {
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return i
		}
	}
	return len(data)
}

// balance looks for the bracket that closes the one at the start of data.
// Without it, end is where the search stopped: at the end of data, or at a line
// break inside a string.
func balance(data []byte) (end int, closed bool) {
	open := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			open++
		case '}', ']':
			open--
			if open == 0 {
				return i + 1, true
			}
		case '"':
			i = stringEnd(data, i)
			if i < len(data) && data[i] == '\n' {
				return i, false
			}
		}
	}
	return len(data), false
}

// stringEnd returns the position of the quote that closes the string opened at
// data[at], of the first line break in it, or len(data).
func stringEnd(data []byte, at int) int {
	for i := at + 1; i < len(data); i++ {
		switch data[i] {
		case '"', '\n':
			return i
		case '\\':
			i++
		}
	}
	return len(data)
}

// resync returns how many of the next reach bytes behind start to give up.
func resync(data []byte, start, reach int) int {
	indent := indentOf(data, start)
	limit := start + reach
	for at := start; ; {
		n := bytes.IndexByte(data[at:limit], '\n')
		if n < 0 {
			return reach
		}
		at += n + 1
		line := data[at:limit]
		blank := 0
		for blank < len(line) && (line[blank] == ' ' || line[blank] == '\t') {
			blank++
		}
		first := bytes.TrimLeft(line[blank:min(len(line), blank+64)], ",[ \t")
		if blank <= indent && len(first) > 0 && first[0] == '{' {
			return at - start
		}
	}
}

// indentOf returns how many blanks the line of data[at] starts with.
func indentOf(data []byte, at int) int {
	line := bytes.LastIndexByte(data[:at], '\n') + 1
	n := 0
	for line+n < at && (data[line+n] == ' ' || data[line+n] == '\t') {
		n++
	}
	return n
}

// scalar returns what stands where an object should: one element of a list,
// otherwise the rest of the line.
func (s *Scanner) scalar(data []byte, start int, atEnd bool) Token {
	reach := data[start:min(len(data), start+s.window)]
	limited := len(data)-start > s.window
	if n := element(reach); n > 0 {
		return s.passed(Token{Kind: Broken, Start: start, End: start + n})
	}
	line := bytes.IndexByte(reach, '\n')
	if line >= 0 {
		reach = reach[:line]
	}
	switch {
	case line < 0 && limited:
		return Token{Kind: TooLong, Start: start, End: start + len(reach)}
	case line < 0 && !atEnd:
		return Token{Kind: More, Start: start}
	}
	return Token{Kind: Broken, Start: start, End: start + len(bytes.TrimRight(reach, "\r"))}
}

// element returns the length of the text, number or literal at the start of data
// that is an element of a list, as what follows in its line shows; 0 if it is none. Of words
// that JSON does not have, only what an object follows is taken for one: the rest
// may be a line of anything.
func element(data []byte) int {
	end := 0
	if data[0] == '"' {
		end = stringEnd(data, 0) + 1
	} else {
		for end < len(data) && isWord(data[end]) {
			end++
		}
	}
	if end == 0 || end >= len(data) {
		return 0
	}
	after := end + blanks(data[end:])
	if after == len(data) || data[after] != ',' && data[after] != ']' {
		return 0
	}
	if data[0] == '"' || isLiteral(data[:end]) {
		return end
	}
	next := after + 1 + blanks(data[after+1:])
	if next < len(data) && data[next] == '{' {
		return end
	}
	return 0
}

// blanks returns the length of the space at the start of data, up to its line end.
func blanks(data []byte) int { return len(data) - len(bytes.TrimLeft(data, " \t\r")) }

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '+' || c == '.'
}

func isLiteral(word []byte) bool {
	switch string(word) {
	case "true", "false", "null":
		return true
	}
	return len(bytes.Trim(word, "+-.0123456789eE")) == 0
}
