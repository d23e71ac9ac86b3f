package normalise

import (
	"bytes"
	"slices"
	"strings"

	"github.com/valyala/fastjson"
)

// We write JSON ourselves: fastjson escapes strings as Go does (\x00,
// \U0001f600), which is no JSON.

// pair is a member of an object.
type pair struct {
	key   string
	value *fastjson.Value
}

// form says how JSON is written: as it is but for space, or otherwise.
type form uint8

const (
	// sorted orders members by the bytes of their keys, equal keys staying in
	// their order: the canonical form.
	sorted form = 1 << iota
	// noAnnotations leaves out what OData adds: members with "@odata." in their
	// name.
	noAnnotations
	// alike leaves out members that are null, and writes the time of a record in
	// one way: what the roads of one record may differ in.
	alike
)

// appendCompact writes v without space, members in the order of the source.
func (w *worker) appendCompact(dst []byte, v *fastjson.Value) []byte {
	return w.appendJSON(dst, v, 0)
}

// appendJSON writes v without space, strings in their shortest escape, numbers
// as written, members in the order of the source unless the form says more.
func (w *worker) appendJSON(dst []byte, v *fastjson.Value, f form) []byte {
	switch v.Type() {
	case fastjson.TypeObject:
		object, _ := v.Object()
		return w.appendObject(dst, object, f)
	case fastjson.TypeArray:
		items, _ := v.Array()
		dst = append(dst, '[')
		for i, item := range items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = w.appendJSON(dst, item, f)
		}
		return append(dst, ']')
	case fastjson.TypeString:
		text, _ := v.StringBytes()
		return appendString(dst, text)
	}
	return v.MarshalTo(dst)
}

func (w *worker) appendObject(dst []byte, object *fastjson.Object, f form) []byte {
	base := len(w.pairs)
	object.Visit(func(key []byte, value *fastjson.Value) {
		if f.leavesOut(key, value) {
			return
		}
		w.pairs = append(w.pairs, pair{unsafeString(key), value})
	})
	end := len(w.pairs)
	if f&sorted != 0 {
		slices.SortStableFunc(w.pairs[base:end], func(a, b pair) int { return strings.Compare(a.key, b.key) })
	}
	dst = append(dst, '{')
	for i := base; i < end; i++ {
		if i > base {
			dst = append(dst, ',')
		}
		dst = appendString(dst, w.pairs[i].key)
		dst = append(dst, ':')
		if f&alike != 0 && w.pairs[i].key == "CreationTime" {
			dst = w.appendTime(dst, w.pairs[i].value, f)
			continue
		}
		dst = w.appendJSON(dst, w.pairs[i].value, f)
	}
	clear(w.pairs[base:])
	w.pairs = w.pairs[:base]
	return append(dst, '}')
}

func (f form) leavesOut(key []byte, value *fastjson.Value) bool {
	return f&noAnnotations != 0 && bytes.Contains(key, []byte("@odata.")) || f&alike != 0 && value.Type() == fastjson.TypeNull
}

// appendTime writes a time that can be read in the way of most records: UTC,
// without zone, and without a fraction that is zero.
func (w *worker) appendTime(dst []byte, v *fastjson.Value, f form) []byte {
	at, ok := parseTime(stringOf(v))
	if !ok {
		return w.appendJSON(dst, v, f)
	}
	return appendString(dst, at.Format("2006-01-02T15:04:05.999999999"))
}

// appendString writes text, which must be valid UTF-8, as a JSON string.
func appendString[T []byte | string](dst []byte, text T) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	done := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[done:i]...)
		done = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	dst = append(dst, text[done:]...)
	return append(dst, '"')
}
