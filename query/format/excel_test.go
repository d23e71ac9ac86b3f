package format_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/query/format"
)

func TestExcel(t *testing.T) {
	at := time.Date(2026, 9, 14, 8, 25, 40, 250_000_000, time.UTC)
	result := &query.Result{
		Columns: []query.Column{
			{Name: "Who", Type: types.String}, {Name: "N", Type: types.Long}, {Name: "Share", Type: types.Real},
			{Name: "At", Type: types.DateTime}, {Name: "More", Type: types.Dynamic}, {Name: "Yes", Type: types.Bool},
		},
		Rows: [][]any{
			{"=HYPERLINK(\"https://attacker.example\")", int64(3), 0.5, at, json.RawMessage(`{"a":1}`), true},
			{strings.Repeat("é", 40_000), int64(math.MaxInt64), math.Inf(1), time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC), nil, nil},
			{"of a server", json.Number("7"), json.Number("2.5"), "2026-09-14T08:25:40.2500000Z", nil, false},
		},
		More: []*query.Result{{Name: "By [day]/week", Columns: []query.Column{{Name: "Day", Type: types.String}}, Rows: [][]any{{"Monday"}}}},
	}
	var b bytes.Buffer
	if err := format.Write(&b, result, format.Options{Format: "xlsx"}); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if sheets := strings.Join(book.GetSheetList(), "|"); sheets != "Results|By dayweek 2" {
		t.Errorf("sheets %s", sheets)
	}
	for cell, want := range map[string]string{
		"A1": "Who", "A2": "=HYPERLINK(\"https://attacker.example\")", "B2": "3", "C2": "0.5", "E2": `{"a":1}`, "F2": "TRUE",
		"B3": "9223372036854775807", "C3": "Infinity", "D3": "1601-01-01T00:00:00.0000000Z", "E3": "", "B4": "7", "C4": "2.5",
	} {
		if got, err := book.GetCellValue("Results", cell); err != nil || got != want {
			t.Errorf("%s is %q, want %q (%v)", cell, got, want, err)
		}
	}
	// The library shows no fractions of a second; the values have them.
	serial := float64(at.Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC))) / float64(24*time.Hour)
	for _, cell := range []string{"D2", "D4"} {
		raw, _ := book.GetCellValue("Results", cell, excelize.Options{RawCellValue: true})
		if n, err := strconv.ParseFloat(raw, 64); err != nil || math.Abs(n-serial)*86_400 > 0.001 {
			t.Errorf("%s is day %s, want %f (%v)", cell, raw, serial, err)
		}
	}
	if formula, err := book.GetCellFormula("Results", "A2"); err != nil || formula != "" {
		t.Errorf("text became the formula %q (%v)", formula, err)
	}
	if long, _ := book.GetCellValue("Results", "A3"); len([]rune(long)) != 32_767 || !strings.HasSuffix(long, "…") {
		t.Errorf("a long text has %d characters", len([]rune(long)))
	}
}

func TestExcelSaysWhatASheetCannotHold(t *testing.T) {
	result := &query.Result{Columns: []query.Column{{Name: "N", Type: types.Long}}, Rows: make([][]any, 1_048_576)}
	err := format.Write(&bytes.Buffer{}, result, format.Options{Format: "xlsx"})
	if err == nil || !strings.Contains(err.Error(), "1048576 rows, and a sheet holds 1048575") {
		t.Errorf("got %v", err)
	}
}
