// Package dynamic is KQL's dynamic value in Go: read from JSON text and written
// to it, with the order of a bag's members and the difference between 1 and 1.0
// kept.
//
// A value is nil, bool, int64, float64, string, []any or *Bag. The package
// knows nothing of functions.
package dynamic

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds nesting, so that hostile text cannot use up the stack.
const maxDepth = 1000

// Bag is a property bag. Its members keep their order.
type Bag struct {
	keys   []string
	values map[string]any
}

// NewBag returns an empty bag.
func NewBag() *Bag { return &Bag{values: map[string]any{}} }

// Set sets a member; a new one is the last.
func (b *Bag) Set(key string, value any) {
	if _, ok := b.values[key]; !ok {
		b.keys = append(b.keys, key)
	}
	b.values[key] = value
}

// Get returns a member.
func (b *Bag) Get(key string) (any, bool) {
	v, ok := b.values[key]
	return v, ok
}

// Keys returns the members' names in order. The caller does not change them.
func (b *Bag) Keys() []string { return b.keys }

// Len counts the members.
func (b *Bag) Len() int { return len(b.keys) }

// Parse reads JSON text. A number without fraction and exponent is an int64
// where it fits, else a float64. Of equal keys the last value counts.
func Parse(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	v, err := parseValue(d, 0)
	if err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read JSON: text behind the value")
	}
	return v, nil
}

func parseValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("more than %d levels deep", maxDepth)
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '[' {
			return parseArray(d, depth)
		}
		return parseBag(d, depth)
	case json.Number:
		return number(string(t)), nil
	}
	return token, nil
}

func parseArray(d *json.Decoder, depth int) (any, error) {
	array := []any{}
	for d.More() {
		v, err := parseValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		array = append(array, v)
	}
	_, err := d.Token()
	return array, err
}

func parseBag(d *json.Decoder, depth int) (any, error) {
	bag := NewBag()
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := parseValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		bag.Set(key.(string), v)
	}
	_, err := d.Token()
	return bag, err
}

func number(text string) any {
	if !strings.ContainsAny(text, ".eE") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	}
	f, _ := strconv.ParseFloat(text, 64) // out of range gives an infinity
	return f
}

// Text writes a value as JSON. Infinities and NaN, which JSON lacks, become
// the strings "Infinity", "-Infinity" and "NaN". A type that is no dynamic
// value is a broken invariant.
func Text(v any) string { return string(Append(nil, v)) }

// Append appends the JSON of v to dst.
func Append(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case float64:
		return appendReal(dst, v)
	case string:
		return appendString(dst, v)
	case []any:
		return appendArray(dst, v)
	case []float64:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendReal(dst, e)
		}
		return append(dst, ']')
	case *Bag:
		return appendBag(dst, v)
	}
	panic(fmt.Sprintf("dynamic: a %T is no dynamic value", v))
}

func appendArray(dst []byte, array []any) []byte {
	dst = append(dst, '[')
	for i, e := range array {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = Append(dst, e)
	}
	return append(dst, ']')
}

func appendBag(dst []byte, bag *Bag) []byte {
	dst = append(dst, '{')
	for i, key := range bag.keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, key)
		dst = append(dst, ':')
		dst = Append(dst, bag.values[key])
	}
	return append(dst, '}')
}

// appendReal writes a float64 so that it stays one: 2 is written 2.0.
func appendReal(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	}
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e17) {
		format = 'e'
	}
	n := len(dst)
	dst = strconv.AppendFloat(dst, f, format, -1, 64)
	if !bytes.ContainsAny(dst[n:], ".e") {
		dst = append(dst, ".0"...)
	}
	return dst
}

func appendString(dst []byte, s string) []byte {
	plain := utf8.ValidString(s)
	for i := 0; plain && i < len(s); i++ {
		plain = s[i] >= 0x20 && s[i] != '"' && s[i] != '\\' && s[i] != 0x7f
	}
	if plain {
		return append(append(append(dst, '"'), s...), '"')
	}
	var buffer bytes.Buffer
	e := json.NewEncoder(&buffer)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic("dynamic: " + err.Error()) // a string can always be written
	}
	return append(dst, bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))...)
}

// Real returns a number as a float64.
func Real(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}
