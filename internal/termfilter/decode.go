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

// forms hands over the forms that a text of JSON may be read in. What is no JSON
// gives any text. The forms are in buffer, which is returned for the next one.
func forms(text, buffer []byte, use func(text []byte)) []byte {
	use(text)
	if bytes.IndexByte(text, '\\') < 0 {
		return buffer
	}
	buffer = replaced(text, buffer, false)
	use(buffer)
	if bytes.Contains(text, []byte(`\u`)) || bytes.Contains(text, []byte(`\/`)) {
		buffer = replaced(text, buffer, true)
		use(buffer)
	}
	return buffer
}

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
