package duckdb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"time"

	duckdriver "github.com/duckdb/duckdb-go/v2"

	"github.com/quoll/quoll/kql/types"
)

// columnType returns the type of DuckDB that holds a type of KQL. Datetimes are
// in UTC to the microsecond, timespans are ticks, dynamic is JSON text, a guid
// is text in lower case.
func columnType(t types.Type) (string, error) {
	switch t {
	case types.Bool:
		return "BOOLEAN", nil
	case types.Int:
		return "INTEGER", nil
	case types.Long, types.TimeSpan:
		return "BIGINT", nil
	case types.Real, types.Decimal:
		return "DOUBLE", nil
	case types.String, types.Dynamic, types.Guid:
		return "VARCHAR", nil
	case types.DateTime:
		return "TIMESTAMP", nil
	}
	return "", fmt.Errorf("no column type for %s", t)
}

// cell turns a value that the driver gives into a cell of a result, and says
// how many bytes it takes.
func cell(value any, t types.Type) (any, int64, error) {
	if value == nil {
		if t == types.String {
			return "", 0, nil
		}
		return nil, 1, nil
	}
	switch t {
	case types.String, types.Guid:
		if s, ok := value.(string); ok {
			return s, int64(len(s)), nil
		}
	case types.Dynamic:
		if s, ok := value.(string); ok {
			return dynamicCell(s), int64(len(s)), nil
		}
	case types.Bool:
		if b, ok := value.(bool); ok {
			return b, 1, nil
		}
	case types.DateTime:
		if at, ok := value.(time.Time); ok {
			return lastTick(at.UTC()), 8, nil
		}
	case types.Real:
		if f, ok := realCell(value); ok {
			return f, 8, nil
		}
	case types.Decimal:
		if s, ok := decimalCell(value); ok {
			return s, int64(len(s)), nil
		}
	case types.Int, types.Long, types.TimeSpan:
		if n, ok := integerCell(value); ok {
			return sizedInteger(n, t), 8, nil
		}
	}
	return nil, 0, fmt.Errorf("the engine gave a %T for a %s", value, t)
}

// lastTick gives the last microsecond of a day as its last tick: that is what
// endofday() and its kin end in, and the engine has whole microseconds.
func lastTick(t time.Time) time.Time {
	const day = 24 * time.Hour
	if t.Nanosecond() == 999_999_000 && t.Truncate(day).Add(day-time.Microsecond).Equal(t) {
		return t.Add(900)
	}
	return t
}

// dynamicCell returns JSON, without blanks between its parts. Text that is no
// JSON, which a source may have sent, becomes a JSON string.
func dynamicCell(s string) any {
	var compact bytes.Buffer
	if json.Compact(&compact, []byte(s)) == nil {
		return json.RawMessage(compact.Bytes())
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil
	}
	return json.RawMessage(text)
}

func sizedInteger(n int64, t types.Type) any {
	switch t {
	case types.Int:
		return int32(n)
	case types.TimeSpan:
		return types.Ticks(n)
	}
	return n
}

func integerCell(value any) (int64, bool) {
	switch v := value.(type) {
	case int64:
		return v, true
	case int32:
		return int64(v), true
	case int16:
		return int64(v), true
	case int8:
		return int64(v), true
	case uint8:
		return int64(v), true
	case uint16:
		return int64(v), true
	case uint32:
		return int64(v), true
	case uint64:
		return int64(v), true // Kusto's long wraps around too
	case *big.Int:
		return v.Int64(), v.IsInt64()
	}
	return 0, false
}

func realCell(value any) (float64, bool) {
	switch v := value.(type) {
	case float64:
		return v, true
	case float32:
		return float64(v), true
	case duckdriver.Decimal:
		return v.Float64(), true
	}
	n, ok := integerCell(value)
	return float64(n), ok
}

func decimalCell(value any) (string, bool) {
	switch v := value.(type) {
	case duckdriver.Decimal:
		return trimDecimal(v.String()), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case string:
		return v, true
	}
	n, ok := integerCell(value)
	return strconv.FormatInt(n, 10), ok
}

// trimDecimal removes the zeros that a fixed scale puts at the end.
func trimDecimal(s string) string {
	for i := range len(s) {
		if s[i] != '.' {
			continue
		}
		end := len(s)
		for end > i+1 && s[end-1] == '0' {
			end--
		}
		if end == i+1 {
			end = i
		}
		return s[:end]
	}
	return s
}
