package termfilter

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// A text of JSON is looked into as it is stored, and with the escapes in its strings
// replaced by what they stand for: that is what a string in it means. An engine that
// writes the document again does the same, but leaves those that JSON cannot do
// without.

// forms hands over the forms that a text of JSON may be read in: the whole of it as it is,
// and of the others the stretches that differ. What is no JSON gives any text. The forms are
// in buffer, which is returned for the next one.
func forms(text, buffer []byte, use func(text []byte)) []byte {
	use(text)
	for done := 0; ; {
		at := bytes.IndexByte(text[done:], '\\')
		if at < 0 {
			return buffer
		}
		start := startOfStretch(text[done : done+at])
		end, rewritten := endOfStretch(text[done+at:])
		stretch := text[done+start : done+at+end]
		buffer = replaced(stretch, buffer, false)
		use(buffer)
		if rewritten {
			buffer = replaced(stretch, buffer, true)
			use(buffer)
		}
		done += at + end
	}
}

// apart is how many characters that are no letters, digits, backslashes or outside of ASCII
// keep what is before them from what is behind: of what a filter knows, nothing reaches over
// so many. In JSON they mostly stand around each string.
const apart = 3

// startOfStretch returns where the stretch begins that goes on behind a text without
// backslashes: what is before does not matter to it.
func startOfStretch(text []byte) int {
	for between, i := 0, len(text)-1; i >= 0; i-- {
		if !isPlain(text[i]) {
			between = 0
		} else if between++; between == apart {
			return i
		}
	}
	return 0
}

// endOfStretch returns where the stretch ends that has the escape that a text begins with,
// and whether an escape in it is one that JSON can do without.
func endOfStretch(text []byte) (end int, rewritten bool) {
	for between, i := 0, 0; i < len(text); {
		if text[i] == '\\' && i+1 < len(text) {
			r, size := escaped(text[i:])
			short := needed[r]
			rewritten = rewritten || short == 0 || short != text[i+1]
			between, i = 0, i+size
			continue
		}
		if !isPlain(text[i]) {
			between = 0
		} else if between++; between == apart {
			return i + 1 - apart, rewritten
		}
		i++
	}
	return len(text), rewritten
}

func isPlain(c byte) bool { return c < utf8.RuneSelf && c != '\\' && kinds[c] == other }

// Rewritten returns a text of JSON with all escapes in its strings replaced that JSON can do
// without, as engines write it.
func Rewritten(text []byte) []byte { return replaced(text, nil, true) }

// replaced returns a text with its escapes replaced, with json but those that a string
// needs, in buffer.
func replaced(text, buffer []byte, json bool) []byte {
	out := buffer[:0]
	at := bytes.IndexByte(text, '\\')
	for at >= 0 && at+1 < len(text) {
		out = append(out, text[:at]...)
		r, size := escaped(text[at:])
		switch short := needed[r]; {
		case json && short != 0:
			out = append(out, '\\', short)
		case json && r < ' ':
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = utf8.AppendRune(out, r)
		}
		text = text[at+size:]
		at = bytes.IndexByte(text, '\\')
	}
	return append(out, text...)
}

// needed are the characters that stand behind a backslash in a string, and how.
var needed = map[rune]byte{'"': '"', '\\': '\\', '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't'}

// escaped reads the escape that a text begins with.
func escaped(text []byte) (r rune, size int) {
	switch c := text[1]; c {
	case 'n':
		return '\n', 2
	case 't':
		return '\t', 2
	case 'r':
		return '\r', 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'u':
		return unicodeEscape(text)
	default:
		if c < utf8.RuneSelf {
			return rune(c), 2
		}
		return utf8.RuneError, 1
	}
}

// unicodeEscape reads an escape of four hexadecimal digits, or the two of a
// surrogate pair.
func unicodeEscape(text []byte) (r rune, size int) {
	unit := func(text []byte) (rune, bool) {
		if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
			return 0, false
		}
		n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
		return rune(n), err == nil
	}
	first, ok := unit(text)
	if !ok {
		return utf8.RuneError, 2
	}
	if second, ok := unit(text[6:]); ok {
		if pair := utf16.DecodeRune(first, second); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return first, 6
}
