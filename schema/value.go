package schema

import (
	"math"
	"strconv"
	"time"

	"github.com/quoll/quoll/kql/types"
)

// Value is one scalar of a row. The zero Value is the null of every type; in a
// string column it stands for the empty string, because a KQL string is never
// null. Text may share memory with the payload it was parsed from.
type Value struct {
	text string
	bits uint64
	kind types.Type // types.Unknown is null
}

// Null returns the zero Value.
func Null() Value { return Value{} }

// String returns a value for a string column.
func String(s string) Value { return Value{kind: types.String, text: s} }

// Guid returns a value for a guid column: the GUID's text.
func Guid(s string) Value { return Value{kind: types.Guid, text: s} }

// Dynamic returns a value for a dynamic column. jsonText must be valid JSON in
// valid UTF-8; it is kept as it is.
func Dynamic(jsonText string) Value { return Value{kind: types.Dynamic, text: jsonText} }

// Bool returns a value for a bool column.
func Bool(b bool) Value {
	if b {
		return Value{kind: types.Bool, bits: 1}
	}
	return Value{kind: types.Bool}
}

// Int returns a value for an int column (32 bits).
func Int(i int32) Value { return Value{kind: types.Int, bits: uint64(int64(i))} }

// Long returns a value for a long column (64 bits).
func Long(i int64) Value { return Value{kind: types.Long, bits: uint64(i)} }

// Real returns a value for a real column.
func Real(f float64) Value { return Value{kind: types.Real, bits: math.Float64bits(f)} }

// DateTime returns a value for a datetime column: the instant, cut to
// microseconds.
func DateTime(t time.Time) Value {
	return Value{kind: types.DateTime, bits: uint64(t.UnixMicro())}
}

// TimeSpan returns a value for a timespan column.
func TimeSpan(t types.Ticks) Value { return Value{kind: types.TimeSpan, bits: uint64(t)} }

// Type returns the type of the value, types.Unknown for null.
func (v Value) Type() types.Type { return v.kind }

// IsNull says that the value is absent.
func (v Value) IsNull() bool { return v.kind == types.Unknown }

// Text returns the text of a string, guid or dynamic, and "" for other types.
func (v Value) Text() string { return v.text }

// Int64 returns the number of an int or long, the ticks of a timespan, and the
// microseconds since 1970 UTC of a datetime; 0 for other types.
func (v Value) Int64() int64 {
	switch v.kind {
	case types.Int, types.Long, types.TimeSpan, types.DateTime:
		return int64(v.bits)
	}
	return 0
}

// Float64 returns the number of a real, and 0 for other types.
func (v Value) Float64() float64 {
	if v.kind != types.Real {
		return 0
	}
	return math.Float64frombits(v.bits)
}

// IsTrue returns the value of a bool, and false for other types.
func (v Value) IsTrue() bool { return v.kind == types.Bool && v.bits != 0 }

// Time returns the instant of a datetime in UTC, and the zero time for others.
func (v Value) Time() time.Time {
	if v.kind != types.DateTime {
		return time.Time{}
	}
	return time.UnixMicro(int64(v.bits)).UTC()
}

// String writes the value for people: null, the text, or the number. It is no
// KQL literal.
func (v Value) String() string {
	switch v.kind {
	case types.Bool:
		return strconv.FormatBool(v.IsTrue())
	case types.Int, types.Long, types.TimeSpan:
		return strconv.FormatInt(v.Int64(), 10)
	case types.Real:
		return strconv.FormatFloat(v.Float64(), 'g', -1, 64)
	case types.DateTime:
		return v.Time().Format("2006-01-02T15:04:05.999999Z")
	case types.String, types.Guid, types.Dynamic:
		return v.text
	}
	return "null"
}
