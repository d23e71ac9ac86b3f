package main

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
)

func TestCellsAreComparedByValue(t *testing.T) {
	at := time.Date(2026, 9, 14, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		got  any
		want string
		same bool
	}{
		{nil, "", true}, {nil, "null", true}, {nil, "0", false},
		{true, "1", true}, {true, "True", true}, {true, "false", false}, {false, "", false},
		{int64(5), "5", true}, {int64(5), "5.0", true}, {int64(5), "6", false}, {int32(1234), "1,234", true},
		{2.0 / 3, "0.666666666666667", true}, {2.0 / 3, "0.66", false}, {math.NaN(), "NaN", true}, {math.Inf(-1), "-∞", true},
		{at, "2026-09-14T08:00:00Z", true}, {at, "2026-09-14 08:00:00.0000000", true}, {at, "2026-09-14", false},
		{types.Ticks(36_000_000_000), "01:00:00", true}, {types.Ticks(36_000_000_000), "02:00:00", false},
		{"a", "a", true}, {"a", "b", false}, {"", "", true}, {`a\\b`, `a\\\\b`, true},
		{"https://a.b/c", "[https://a.b/c](https://a.b/c)", true}, {"https://a.b/c", "[here](https://a.b/c)", false},
		{`{"a":[1.5]}`, `{"a": [1.50]}`, true}, {`{"a":[1.5]}`, `{"a": [1.51]}`, false},
		{json.RawMessage(`[1,2]`), "[1, 2.0]", true}, {json.RawMessage(`["a","b"]`), "['a','b']", true}, {json.RawMessage(`["a"]`), "[b]", false},
		{json.RawMessage(`{"a":1,"b":[true]}`), `{ "b": [1], "a": 1 }`, true}, {json.RawMessage(`{"a":1}`), `{}`, false},
		{json.RawMessage(`[1,2,3,4,5]`), "[1, 2, ..., 5]", true}, {json.RawMessage(`[1,2,3,4,5]`), "[1, ..., 6]", false},
	} {
		if same := sameCell(c.got, c.want); same != c.same {
			t.Errorf("%v (%T) and %q: %v", c.got, c.got, c.want, same)
		}
	}
}

func TestRingsMayBeginAnywhere(t *testing.T) {
	got := json.RawMessage(`{"coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}`)
	if !sameCell(got, `{"coordinates":[[[1,0],[1,1],[0,0],[1,0]]]}`) {
		t.Error("the same ring")
	}
	if sameCell(got, `{"coordinates":[[[1,1],[1,0],[0,0],[1,1]]]}`) {
		t.Error("the ring the other way round")
	}
}

func TestRowsWithoutOrderAreASet(t *testing.T) {
	result := &query.Result{Rows: [][]any{{int64(1)}, {int64(2)}, {int64(2)}}}
	if !sameRows(result, [][]string{{"2"}, {"1"}, {"2"}}, false) {
		t.Error("the same rows in another order")
	}
	if sameRows(result, [][]string{{"2"}, {"1"}, {"2"}}, true) {
		t.Error("order counts here")
	}
	if sameRows(result, [][]string{{"2"}, {"1"}, {"1"}}, false) {
		t.Error("other rows")
	}
}
