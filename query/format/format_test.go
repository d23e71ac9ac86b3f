package format_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/quoll/quoll/internal/parquetrows"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/query/format"
)

func sample() *query.Result {
	return &query.Result{
		Columns: []query.Column{{Name: "Who", Type: types.String}, {Name: "N", Type: types.Long}, {Name: "At", Type: types.DateTime}, {Name: "More", Type: types.Dynamic}},
		Rows: [][]any{
			{"ann", int64(3), time.Date(2026, 9, 14, 8, 25, 40, 0, time.UTC), json.RawMessage(`{"a":1}`)},
			{"a name that is long\x1b[2J\u009b", int64(12345), nil, nil},
		},
	}
}

func write(t *testing.T, result *query.Result, o format.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := format.Write(&b, result, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTableFitsTheTerminal(t *testing.T) {
	text := write(t, sample(), format.Options{Format: "table", Width: 50})
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if n := len([]rune(line)); n > 50 {
			t.Errorf("a line has %d columns: %q", n, line)
		}
	}
	if !strings.Contains(text, "…") || !strings.Contains(text, "    3  ") {
		t.Errorf("nothing is cut, or numbers are not right:\n%s", text)
	}
	if strings.ContainsAny(text, "\x1b\u009b") {
		t.Errorf("a control character is sent to the terminal: %q", text)
	}
}

func TestARowThatWouldBeCutStandsVertically(t *testing.T) {
	one := sample()
	one.Rows = one.Rows[:1]
	if text := write(t, one, format.Options{Format: "table", Width: 30}); !strings.HasPrefix(text, "── row 1\nWho   ann\nN     3\n") {
		t.Errorf("got\n%s", text)
	}
	if text := write(t, one, format.Options{Format: "table", Width: 200}); !strings.HasPrefix(text, "Who  N  At") {
		t.Errorf("got\n%s", text)
	}
	if text := write(t, one, format.Options{Format: "table", Vertical: true}); !strings.HasPrefix(text, "── row 1\n") {
		t.Errorf("got\n%s", text)
	}
}

func TestLines(t *testing.T) {
	if text := write(t, sample(), format.Options{Format: "csv"}); !strings.HasPrefix(text, "Who,N,At,More\nann,3,2026-09-14T08:25:40.0000000Z,\"{\"\"a\"\":1}\"\n") {
		t.Errorf("got\n%s", text)
	}
	for _, name := range []string{"json", "jsonl"} {
		if text := write(t, sample(), format.Options{Format: name}); !strings.HasPrefix(text, `{"Who":"ann","N":3,"At":"2026-09-14T08:25:40.0000000Z","More":{"a":1}}`+"\n") {
			t.Errorf("%s: got\n%s", name, text)
		}
	}
	if err := format.Write(&bytes.Buffer{}, sample(), format.Options{Format: "xml"}); err == nil || !strings.Contains(err.Error(), "table, csv, json, jsonl, parquet, xlsx") {
		t.Errorf("xml: %v", err)
	}
}

// A server gives numbers and times as text; the file is the same.
func TestParquet(t *testing.T) {
	remote := sample()
	remote.Rows = [][]any{{"ann", json.Number("3"), "2026-09-14T08:25:40Z", json.RawMessage(`{"a":1}`)}, {"bob", json.Number("12345"), nil, nil}}
	for name, result := range map[string]*query.Result{"own": sample(), "of a server": remote} {
		text := write(t, result, format.Options{Format: "parquet"})
		reader, err := file.NewParquetReader(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		err = parquetrows.Read(t.Context(), reader, nil, 10, func(rows arrow.RecordBatch) error {
			if rows.NumRows() != 2 || rows.Schema().Field(2).Type.String() != "timestamp[us, tz=UTC]" {
				t.Errorf("%s: %d rows, %s", name, rows.NumRows(), rows.Schema())
			}
			if cell := rows.Column(1).ValueStr(1); cell != "12345" {
				t.Errorf("%s: the second number is %s", name, cell)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestFormatOfAFile(t *testing.T) {
	for name, want := range map[string]string{"a.csv": "csv", "a.PARQUET": "parquet", "a.jsonl": "jsonl", "a.txt": "", "json": "", "a.table": ""} {
		if got := format.OfFile(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
