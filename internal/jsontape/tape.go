// Package jsontape reads JSON text into a tape: one pass that checks the text
// by RFC 8259, finds where every value begins and ends, and copies nothing.
//
// What passes is JSON: no control characters in strings, no escapes that JSON
// does not have, no leading zeros, valid UTF-8, nesting up to a bound. Members
// keep their order and may repeat. It must not know what the text is about.
//
// A tape is memory that is used again: values are good until the tape is
// parsed into once more, and as long as the text they were read from does not
// change.
package jsontape

import (
	"errors"
	"math"
)

// The errors of Parse. They do not say where: the text is the caller's secret,
// and whoever wants to explain can parse it once more with encoding/json.
var (
	// ErrInvalid is returned for text that does not begin with JSON.
	ErrInvalid = errors.New("no valid JSON")
	// ErrTooDeep is returned for values nested deeper than the tape allows.
	ErrTooDeep = errors.New("nested too deep")
	// ErrEncoding is returned for text that would be JSON if its strings were
	// valid UTF-8.
	ErrEncoding = errors.New("no valid UTF-8")
)

// Kind is what a value is.
type Kind uint8

// The kinds. The zero Kind is no value.
const (
	None Kind = iota
	Null
	True
	False
	Number
	String
	Array
	Object
)

// node is one value, or the key of a member, which comes before its value.
type node struct {
	kind    Kind
	escaped bool // a string with a backslash in it
	odd     bool // one of its escapes is not the shortest of its character
	// start and end bound the text: of a string without its quotes, of an
	// array or object with its brackets.
	start, end uint32
	// after is the index of the first node behind the value and all in it.
	after uint32
	// size is the number of items or members.
	size uint32
}

// Tape holds parsed values. The zero Tape is ready for use, by one goroutine.
type Tape struct {
	text  string
	nodes []node
	// surrogates says that a string has an escape of the form \ud…, which may
	// be half of a character.
	surrogates bool
	maxDepth   int
	depth      int
	badText    bool // a string was no valid UTF-8
	spaced     bool // there is white space in the value
	odd        bool // a string is odd

	names    *Names   // nil: none are known again
	lastName *Name    // of the outermost object
	places   []uint32 // of its members, if it is known
}

// maxText is the longest text, because places have 32 bits.
const maxText = math.MaxUint32

// Parse reads one value at the start of text, after white space, and returns it
// and the number of bytes up to its end, which is known with ErrEncoding too. What
// follows is not looked at. Values nested deeper than maxDepth are an error.
func (t *Tape) Parse(text string, maxDepth int) (Value, int, error) {
	t.text, t.nodes, t.maxDepth, t.depth = text, t.nodes[:0], maxDepth, 0
	t.surrogates, t.badText, t.spaced, t.odd = false, false, false, false
	t.lastName, t.places = nil, t.places[:0]
	if len(text) > maxText {
		return Value{}, 0, ErrInvalid
	}
	end, err := t.whole(skipSpace(text, 0))
	if err != nil {
		return Value{}, 0, err
	}
	if t.badText {
		return Value{}, end, ErrEncoding
	}
	return Value{t, 0}, end, nil
}

func (t *Tape) whole(i int) (int, error) {
	if t.names != nil && i < len(t.text) && t.text[i] == '{' {
		return t.outermost(i)
	}
	return t.value(i)
}

// ParseAll reads text that is one value and white space, and nothing else.
func (t *Tape) ParseAll(text string, maxDepth int) (Value, error) {
	v, end, err := t.Parse(text, maxDepth)
	if (err == nil || err == ErrEncoding) && skipSpace(text, end) != len(text) {
		return Value{}, ErrInvalid
	}
	return v, err
}

// HasSurrogates says whether the last text parsed has an escape that may be
// half of a character, as \ud83d is. JSON allows such a half alone; many
// readers do not.
func (t *Tape) HasSurrogates() bool { return t.surrogates }

// space passes the white space at i, inside of a value.
func (t *Tape) space(i int) int {
	if i < len(t.text) && t.text[i] > ' ' {
		return i
	}
	end := skipSpace(t.text, i)
	t.spaced = t.spaced || end > i
	return end
}

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

// value reads the value at i and returns where it ends.
func (t *Tape) value(i int) (int, error) {
	if i >= len(t.text) {
		return i, ErrInvalid
	}
	switch c := t.text[i]; c {
	case '"':
		return t.string(i + 1)
	case '{':
		return t.object(i)
	case '[':
		return t.array(i)
	case 't':
		return t.literal(i, "true", True)
	case 'f':
		return t.literal(i, "false", False)
	case 'n':
		return t.literal(i, "null", Null)
	}
	return t.number(i)
}

func (t *Tape) literal(i int, word string, kind Kind) (int, error) {
	end := i + len(word)
	if end > len(t.text) || t.text[i:end] != word {
		return i, ErrInvalid
	}
	t.scalar(kind, i, end)
	return end, nil
}

func (t *Tape) scalar(kind Kind, start, end int) {
	t.nodes = append(t.nodes, node{kind: kind, start: uint32(start), end: uint32(end), after: uint32(len(t.nodes) + 1)})
}

// open begins an array or object and returns its place on the tape.
func (t *Tape) open(kind Kind, start int) (int, error) {
	if t.depth++; t.depth > t.maxDepth {
		return 0, ErrTooDeep
	}
	t.nodes = append(t.nodes, node{kind: kind, start: uint32(start)})
	return len(t.nodes) - 1, nil
}

func (t *Tape) close(at, end, size int) int {
	t.depth--
	n := &t.nodes[at]
	n.end, n.after, n.size = uint32(end), uint32(len(t.nodes)), uint32(size)
	return end
}

func (t *Tape) object(i int) (int, error) {
	at, err := t.open(Object, i)
	if err != nil {
		return i, err
	}
	s := t.text
	if i = t.space(i + 1); i < len(s) && s[i] == '}' {
		return t.close(at, i+1, 0), nil
	}
	for size := 1; ; size++ {
		if i >= len(s) || s[i] != '"' {
			return i, ErrInvalid
		}
		if i, err = t.string(i + 1); err != nil {
			return i, err
		}
		if i = t.space(i); i >= len(s) || s[i] != ':' {
			return i, ErrInvalid
		}
		if i, err = t.value(t.space(i + 1)); err != nil {
			return i, err
		}
		if i = t.space(i); i >= len(s) {
			return i, ErrInvalid
		}
		switch s[i] {
		case ',':
			i = t.space(i + 1)
		case '}':
			return t.close(at, i+1, size), nil
		default:
			return i, ErrInvalid
		}
	}
}

func (t *Tape) array(i int) (int, error) {
	at, err := t.open(Array, i)
	if err != nil {
		return i, err
	}
	s := t.text
	if i = t.space(i + 1); i < len(s) && s[i] == ']' {
		return t.close(at, i+1, 0), nil
	}
	for size := 1; ; size++ {
		if i, err = t.value(i); err != nil {
			return i, err
		}
		if i = t.space(i); i >= len(s) {
			return i, ErrInvalid
		}
		switch s[i] {
		case ',':
			i = t.space(i + 1)
		case ']':
			return t.close(at, i+1, size), nil
		default:
			return i, ErrInvalid
		}
	}
}

// number reads a number at i.
func (t *Tape) number(i int) (int, error) {
	s, start := t.text, i
	if i < len(s) && s[i] == '-' {
		i++
	}
	digits := countDigits(s, i)
	if digits == 0 || digits > 1 && s[i] == '0' {
		return i, ErrInvalid
	}
	i += digits
	if i < len(s) && s[i] == '.' {
		if digits = countDigits(s, i+1); digits == 0 {
			return i, ErrInvalid
		}
		i += 1 + digits
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if digits = countDigits(s, i); digits == 0 {
			return i, ErrInvalid
		}
		i += digits
	}
	t.scalar(Number, start, i)
	return i, nil
}

func countDigits(s string, i int) int {
	n := 0
	for i+n < len(s) && s[i+n] >= '0' && s[i+n] <= '9' {
		n++
	}
	return n
}
