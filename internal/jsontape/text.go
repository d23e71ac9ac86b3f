package jsontape

import (
	"math/bits"
	"strings"
	"unicode/utf8"
	"unsafe"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// word returns the eight bytes at i, which must be there, the first lowest.
func word(s string, i int) uint64 {
	b := (*[8]byte)(unsafe.Pointer(unsafe.StringData(s[i : i+8])))
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// stops has a bit set in some byte if any byte of w is a quote, a backslash, a
// control character or not ASCII. It may be set for bytes above one that stops,
// never for none: of a byte that is ASCII each difference is negative only where it
// stops, and others are set by themselves.
func stops(w uint64) uint64 {
	quote, slash := w^'"'*ones, w^'\\'*ones
	return ((quote - ones) | (slash - ones) | (w - ' '*ones) | w) & highs
}

// string reads the rest of a string whose text begins at i, and returns where
// the string ends, its quote included.
func (t *Tape) string(i int) (int, error) {
	s, start := t.text, i
	escaped, odd, ascii := false, false, true
	for {
		for i+8 <= len(s) {
			if stop := stops(word(s, i)); stop != 0 {
				i += bits.TrailingZeros64(stop) >> 3
				break
			}
			i += 8
		}
		if i >= len(s) {
			return i, ErrInvalid
		}
		switch c := s[i]; {
		case c == '"':
			t.nodes = append(t.nodes, node{kind: String, escaped: escaped, odd: odd, start: uint32(start), end: uint32(i), after: uint32(len(t.nodes) + 1)})
			if !ascii && !utf8.ValidString(s[start:i]) {
				t.badText = true
			}
			return i + 1, nil
		case c < ' ':
			return i, ErrInvalid
		case c == '\\':
			n := t.escape(i + 1)
			if n == 0 {
				return i, ErrInvalid
			}
			escaped = true
			if !isShortest(s[i+1]) {
				odd, t.odd = true, true
			}
			i += 1 + n
		default:
			ascii = ascii && c < utf8.RuneSelf
			i++
		}
	}
}

// escape returns the length of what follows a backslash, 0 when it is no
// escape.
func (t *Tape) escape(i int) int {
	s := t.text
	if i >= len(s) {
		return 0
	}
	switch s[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 1
	case 'u':
		if i+5 > len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) || !isHex(s[i+3]) || !isHex(s[i+4]) {
			return 0
		}
		if s[i+1]|0x20 == 'd' && s[i+2] >= '8' { // letters are above digits
			t.surrogates = true
		}
		return 5
	}
	return 0
}

// isShortest says that an escape is as every writer has it that escapes only what
// must be: there is no shorter one of its character.
func isShortest(c byte) bool {
	switch c {
	case '"', '\\', 'n', 'r', 't':
		return true
	}
	return false
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// appendUnescaped writes the text of a string that has escapes. A half of a
// surrogate pair alone becomes the replacement character.
func appendUnescaped(dst []byte, s string) []byte {
	for {
		at := strings.IndexByte(s, '\\')
		if at < 0 {
			return append(dst, s...)
		}
		dst = append(dst, s[:at]...)
		s = s[at+1:]
		c := s[0]
		s = s[1:]
		switch c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			var r rune
			r, s = unescapeRune(s)
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
	}
}

// unescapeRune reads four hexadecimal digits and, for the first half of a pair,
// the escape of the second.
func unescapeRune(s string) (rune, string) {
	r := hexRune(s)
	s = s[4:]
	if r < 0xD800 || r > 0xDFFF {
		return r, s
	}
	if r < 0xDC00 && len(s) >= 6 && s[0] == '\\' && s[1] == 'u' {
		if low := hexRune(s[2:]); low >= 0xDC00 && low <= 0xDFFF {
			return (r-0xD800)<<10 + (low - 0xDC00) + 0x10000, s[6:]
		}
	}
	return utf8.RuneError, s
}

func hexRune(s string) rune {
	var r rune
	for i := range 4 {
		c := s[i]
		switch {
		case c <= '9':
			c -= '0'
		default:
			c = c | 0x20 - 'a' + 10
		}
		r = r<<4 | rune(c)
	}
	return r
}
