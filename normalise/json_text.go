package normalise

import (
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

// appendCompact writes v without space, members in the order of the source.
func (w *worker) appendCompact(dst []byte, v *fastjson.Value) []byte {
	return w.appendJSON(dst, v, false)
}

// appendJSON writes v without space, strings in their shortest escape, numbers
// as written; members in the order of the source or, for the canonical form,
// sorted by the bytes of their keys, equal keys staying in their order.
func (w *worker) appendJSON(dst []byte, v *fastjson.Value, sorted bool) []byte {
	switch v.Type() {
	case fastjson.TypeObject:
		object, _ := v.Object()
		return w.appendObject(dst, object, sorted)
	case fastjson.TypeArray:
		items, _ := v.Array()
		dst = append(dst, '[')
		for i, item := range items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = w.appendJSON(dst, item, sorted)
		}
		return append(dst, ']')
	case fastjson.TypeString:
		text, _ := v.StringBytes()
		return appendString(dst, text)
	}
	return v.MarshalTo(dst)
}

func (w *worker) appendObject(dst []byte, object *fastjson.Object, sorted bool) []byte {
	base := len(w.pairs)
	object.Visit(func(key []byte, value *fastjson.Value) {
		w.pairs = append(w.pairs, pair{unsafeString(key), value})
	})
	end := len(w.pairs)
	if sorted {
		slices.SortStableFunc(w.pairs[base:end], func(a, b pair) int { return strings.Compare(a.key, b.key) })
	}
	dst = append(dst, '{')
	for i := base; i < end; i++ {
		if i > base {
			dst = append(dst, ',')
		}
		dst = appendString(dst, w.pairs[i].key)
		dst = append(dst, ':')
		dst = w.appendJSON(dst, w.pairs[i].value, sorted)
	}
	clear(w.pairs[base:])
	w.pairs = w.pairs[:base]
	return append(dst, '}')
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
