package normalise

import (
	"math"
	"strconv"
	"strings"
	"unsafe"

	"github.com/quoll/quoll/internal/jsontape"
	"github.com/quoll/quoll/schema"
)

// convert returns v as a value of a column. A JSON null and an empty text are
// the absent value. fits is false when there is a value that the column cannot
// hold.
func (w *worker) convert(v jsontape.Value, kind schema.Type) (value schema.Value, fits bool) {
	if isAbsent(v) {
		return schema.Null(), true
	}
	switch kind {
	case schema.TypeString:
		return schema.String(w.toText(v)), true
	case schema.TypeDynamic:
		return schema.Dynamic(w.toDynamic(v)), true
	case schema.TypeBool:
		b, ok := toBool(v)
		return schema.Bool(b), ok
	case schema.TypeInt:
		n, ok := toInt64(v)
		return schema.Int(int32(n)), ok && n >= math.MinInt32 && n <= math.MaxInt32
	case schema.TypeLong:
		n, ok := toInt64(v)
		return schema.Long(n), ok
	case schema.TypeReal:
		f, ok := toFloat64(v)
		return schema.Real(f), ok
	case schema.TypeDateTime:
		t, ok := parseTime(stringOf(v))
		return schema.DateTime(t), ok
	}
	return schema.Null(), false
}

// isAbsent says that v is none, a null or an empty text.
func isAbsent(v jsontape.Value) bool {
	switch v.Kind() {
	case jsontape.None, jsontape.Null:
		return true
	case jsontape.String:
		return v.Raw() == ""
	}
	return false
}

// toText writes v into a string column: a text as it is, a boolean as True or
// False, a number as written, objects and arrays as compact JSON with the key
// order of the record.
func (w *worker) toText(v jsontape.Value) string {
	switch v.Kind() {
	case jsontape.String:
		return w.textOf(v)
	case jsontape.True:
		return "True"
	case jsontape.False:
		return "False"
	}
	return w.compact(v)
}

// textOf returns the text of a string, which shares memory with the payload
// unless the payload has it with escapes.
func (w *worker) textOf(v jsontape.Value) string {
	if !v.Escaped() {
		return v.Raw()
	}
	w.buffer = v.AppendText(w.buffer[:0])
	return w.text.string(w.buffer)
}

// compact returns v as JSON without space.
func (w *worker) compact(v jsontape.Value) string {
	if text, ok := v.Compact(); ok {
		return text
	}
	w.buffer = w.appendCompact(w.buffer[:0], v)
	return w.text.string(w.buffer)
}

// toDynamic writes v into a dynamic column. A text that holds a JSON object or
// array becomes that object or array, as when Log Analytics takes a text into a
// dynamic column; any other text stays a text.
func (w *worker) toDynamic(v jsontape.Value) string {
	if v.Kind() == jsontape.String {
		return w.parseDynamic(w.textOf(v))
	}
	return w.compact(v)
}

// parseDynamic returns the JSON of a text for a dynamic column.
func (w *worker) parseDynamic(text string) string {
	if inner := w.parseInner(text); inner.Kind() != jsontape.None {
		return w.compact(inner)
	}
	w.buffer = appendString(w.buffer[:0], text)
	return w.text.string(w.buffer)
}

// parseInner returns the object or array that text holds, none when it holds
// something else. It is valid until the next call.
func (w *worker) parseInner(text string) jsontape.Value {
	text = strings.TrimSpace(text)
	if text == "" || text[0] != '{' && text[0] != '[' {
		return jsontape.Value{}
	}
	value, _, err := parseClean(&w.inner, text)
	if err != nil {
		return jsontape.Value{}
	}
	return value
}

func toBool(v jsontape.Value) (value, ok bool) {
	switch v.Kind() {
	case jsontape.True:
		return true, true
	case jsontape.False:
		return false, true
	}
	text := stringOf(v)
	switch {
	case text == "1" || strings.EqualFold(text, "true"):
		return true, true
	case text == "0" || strings.EqualFold(text, "false"):
		return false, true
	}
	return false, false
}

// toInt64 reads a whole number, written as a number or as a text. It keeps all
// 64 bits, and takes 1.0 and 1e3.
func toInt64(v jsontape.Value) (int64, bool) {
	text := stringOf(v)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return 0, false
	}
	return int64(f), true
}

func toFloat64(v jsontape.Value) (float64, bool) {
	f, err := strconv.ParseFloat(stringOf(v), 64)
	return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}

// stringOf returns the text of a string and the digits of a number, "" for
// other values. It is valid as long as v.
func stringOf(v jsontape.Value) string {
	switch v.Kind() {
	case jsontape.String:
		return v.Text()
	case jsontape.Number:
		return v.Raw()
	}
	return ""
}

// unsafeString returns b as a string without copying: for look-ups and
// comparisons only, as it changes with b.
func unsafeString(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b))
}
