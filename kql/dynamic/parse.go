package dynamic

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds nesting, so that hostile text cannot use up the stack.
const maxDepth = 1000

// Parse reads JSON text (RFC 8259). A number without fraction and exponent is
// an int64 where it fits, else a float64. Of equal keys the last value counts.
//
// It reads by itself rather than with encoding/json, whose tokens cost several
// times as much, because it stands before every call of a native function.
func Parse(text string) (any, error) {
	p := parser{text: text}
	v, err := p.value(0)
	if err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if p.space(); p.at < len(text) {
		return nil, errors.New("read JSON: text behind the value")
	}
	return v, nil
}

type parser struct {
	text string
	at   int
}

func (p *parser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\r', '\n':
			p.at++
		default:
			return
		}
	}
}

// take steps over c behind white space, if it is there.
func (p *parser) take(c byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *parser) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("more than %d levels deep", maxDepth)
	}
	p.space()
	if p.at == len(p.text) {
		return nil, errors.New("the text ends before its value does")
	}
	switch p.text[p.at] {
	case '[':
		p.at++
		return p.array(depth)
	case '{':
		p.at++
		return p.bag(depth)
	case '"':
		return p.string()
	case 't':
		return true, p.word("true")
	case 'f':
		return false, p.word("false")
	case 'n':
		return nil, p.word("null")
	}
	return p.number()
}

func (p *parser) word(word string) error {
	if !strings.HasPrefix(p.text[p.at:], word) {
		return fmt.Errorf("no value at byte %d", p.at)
	}
	p.at += len(word)
	return nil
}

func (p *parser) array(depth int) (any, error) {
	array := []any{}
	if p.take(']') {
		return array, nil
	}
	for {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		array = append(array, v)
		if p.take(']') {
			return array, nil
		}
		if !p.take(',') {
			return nil, fmt.Errorf("no comma between elements at byte %d", p.at)
		}
	}
}

func (p *parser) bag(depth int) (any, error) {
	bag := NewBag()
	if p.take('}') {
		return bag, nil
	}
	for {
		if p.space(); p.at == len(p.text) || p.text[p.at] != '"' {
			return nil, fmt.Errorf("no name of a member at byte %d", p.at)
		}
		key, err := p.string()
		if err != nil {
			return nil, err
		}
		if !p.take(':') {
			return nil, fmt.Errorf("no colon behind a name at byte %d", p.at)
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		bag.Set(key, v)
		if p.take('}') {
			return bag, nil
		}
		if !p.take(',') {
			return nil, fmt.Errorf("no comma between members at byte %d", p.at)
		}
	}
}

// string reads a text. One with escapes, or that is no UTF-8, is left to
// encoding/json, which knows all of them.
func (p *parser) string() (string, error) {
	start := p.at
	escaped := false
	for i := start + 1; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '\\':
			escaped = true
			i++
		case c == '"':
			p.at = i + 1
			if s := p.text[start+1 : i]; !escaped && utf8.ValidString(s) {
				return s, nil
			}
			var s string
			if err := json.Unmarshal([]byte(p.text[start:p.at]), &s); err != nil {
				return "", err
			}
			return s, nil
		case c < 0x20:
			return "", fmt.Errorf("a control character at byte %d", i)
		}
	}
	return "", errors.New("a text has no end")
}

func (p *parser) number() (any, error) {
	start := p.at
	whole := true
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c >= '0' && c <= '9' || c == '-':
		case c == '.' || c == 'e' || c == 'E' || c == '+':
			whole = false
		default:
			return number(p.text[start:p.at], whole, start)
		}
		p.at++
	}
	return number(p.text[start:p.at], whole, start)
}

func number(text string, whole bool, at int) (any, error) {
	if !isNumber(text) {
		return nil, fmt.Errorf("no value at byte %d", at)
	}
	if whole {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
	}
	f, _ := strconv.ParseFloat(text, 64) // out of range gives an infinity
	return f, nil
}

// isNumber holds text to JSON's grammar of a number, which is narrower than
// Go's.
func isNumber(text string) bool {
	text = strings.TrimPrefix(text, "-")
	rest := strings.TrimLeft(text, digits)
	if rest == text || text[0] == '0' && len(text)-len(rest) > 1 {
		return false
	}
	if fraction, ok := strings.CutPrefix(rest, "."); ok {
		if rest = strings.TrimLeft(fraction, digits); rest == fraction {
			return false
		}
	}
	if rest == "" {
		return true
	}
	if rest[0] != 'e' && rest[0] != 'E' {
		return false
	}
	exponent := rest[1:]
	if exponent != "" && (exponent[0] == '+' || exponent[0] == '-') {
		exponent = exponent[1:]
	}
	return exponent != "" && strings.TrimLeft(exponent, digits) == ""
}

const digits = "0123456789"
