package server

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/quoll/quoll/kql/types"
)

// maxExactInteger is the largest integer below which every integer is exact in
// a JSON number as browsers read it (2^53 - 1, ECMA-262 MAX_SAFE_INTEGER).
const maxExactInteger = 1<<53 - 1

// datetimeLayout is how Kusto writes a datetime: ISO 8601, UTC, seven digits
// of a second (ticks of 100 ns).
const datetimeLayout = "2006-01-02T15:04:05.0000000Z"

// appendCell appends the JSON form of one cell of a result.
//
//	nil                     null
//	bool, int               as they are
//	long                    number; text beyond ±(2^53 - 1), where numbers stop being exact
//	real                    number; "NaN", "Infinity", "-Infinity" as text, as Kusto does
//	string, guid, decimal   text
//	datetime                text, ISO 8601 in UTC with seven digits
//	timespan                text, [-][d.]hh:mm:ss[.fffffff]
//	dynamic                 the JSON value itself
func appendCell(b []byte, cell any) []byte {
	switch v := cell.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		return appendText(b, v)
	case bool:
		return strconv.AppendBool(b, v)
	case int32:
		return strconv.AppendInt(b, int64(v), 10)
	case int64:
		return appendLong(b, v)
	case int:
		return appendLong(b, int64(v))
	case float64:
		return appendReal(b, v)
	case time.Time:
		return append(v.UTC().AppendFormat(append(b, '"'), datetimeLayout), '"')
	case types.Ticks:
		return append(append(append(b, '"'), v.String()...), '"')
	case json.RawMessage:
		return appendDynamic(b, v)
	default:
		panic(fmt.Sprintf("server: cell of Go type %T passed checkCells", cell))
	}
}

// checkCells finds a row of the wrong width or a cell that has no JSON form, so
// that it can be answered as an error before anything is written.
func checkCells(columns int, rows [][]any) error {
	for i, row := range rows {
		if len(row) != columns {
			return fmt.Errorf("encode result: row %d has %d cells for %d columns", i, len(row), columns)
		}
		for _, cell := range row {
			switch cell.(type) {
			case nil, string, int64, float64, bool, time.Time, json.RawMessage, types.Ticks, int32, int:
			default:
				return fmt.Errorf("encode result: row %d has a cell of Go type %T, which is no type of KQL", i, cell)
			}
		}
	}
	return nil
}

func appendLong(b []byte, v int64) []byte {
	if v > maxExactInteger || v < -maxExactInteger {
		return append(strconv.AppendInt(append(b, '"'), v, 10), '"')
	}
	return strconv.AppendInt(b, v, 10)
}

func appendReal(b []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(b, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(b, `"-Infinity"`...)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}

// appendDynamic passes the text of a dynamic through. Text that is no JSON, or
// nests too deep for a reader, travels as a string rather than spoiling the
// whole answer.
func appendDynamic(b []byte, v json.RawMessage) []byte {
	if len(v) == 0 {
		return append(b, "null"...)
	}
	if !json.Valid(v) {
		return appendText(b, string(v))
	}
	return append(b, v...)
}

// appendText appends a JSON string; invalid UTF-8 becomes U+FFFD.
func appendText(b []byte, s string) []byte {
	if plain(s) {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	// Marshalling a string cannot fail.
	quoted, _ := json.Marshal(s)
	return append(b, quoted...)
}

// plain reports whether s needs no escape in JSON.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7F || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
