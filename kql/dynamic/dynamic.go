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
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

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
		dst = Append(dst, bag.values[i])
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
