package split_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/quoll/quoll/internal/split"
)

const window = 1 << 20

type find func(s *split.Scanner, data []byte, atEnd bool) split.Token

func json(s *split.Scanner, data []byte, atEnd bool) split.Token { return s.JSON(data, atEnd) }
func table(s *split.Scanner, data []byte, atEnd bool) split.Token {
	return s.CSV(data, atEnd)
}

// scan lists the tokens of text, shown to the scanner step bytes at a time.
func scan(t *testing.T, next find, text string, step int) []string {
	t.Helper()
	var got []string
	s := split.NewScanner(window)
	data := []byte(text)
	shown := min(step, len(data))
	for at := 0; ; {
		token := next(s, data[at:shown], shown == len(data))
		switch token.Kind {
		case split.More:
			if shown == len(data) {
				t.Fatalf("asks for more at the end of %q", text)
			}
			shown = min(shown+step, len(data))
			continue
		case split.End:
			return got
		case split.Record:
			got = append(got, string(data[at+token.Start:at+token.End]))
		case split.Broken, split.TooLong:
			got = append(got, "broken:"+string(data[at+token.Start:at+token.End]))
		}
		if token.End == 0 {
			t.Fatalf("no progress at %d of %q", at, text)
		}
		at += token.End
	}
}

func TestJSON(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"space", " \r\n\t", nil},
		{"empty array", "[]\n", nil},
		{"lines", "{\"a\":1}\r\n\n{\"b\":\"}\"}", []string{`{"a":1}`, `{"b":"}"}`}},
		{"byte order mark", "\xEF\xBB\xBF{}", []string{`{}`}},
		{"one behind the other", `{"a":1}{"b":2}`, []string{`{"a":1}`, `{"b":2}`}},
		{"array", `[{"a":[1,{"b":2}]}, {"c":"\""}]`, []string{`{"a":[1,{"b":2}]}`, `{"c":"\""}`}},
		{"arrays", "[{\"a\":1}]\n[{\"b\":2}]", []string{`{"a":1}`, `{"b":2}`}},
		{"indented", "[\n  {\n    \"a\": 1\n  },\n  {}\n]\n", []string{"{\n    \"a\": 1\n  }", "{}"}},
		{"wrapper", `{ "records" : [{"a":1},{"b":2}]}`, []string{`{"a":1}`, `{"b":2}`}},
		{"no wrapper", `{"records":{"a":1}}`, []string{`{"records":{"a":1}}`}},
		{"no wrapper either", `{"recorder":1}`, []string{`{"recorder":1}`}},
		{"part of an array", `,{"a":1},`, []string{`{"a":1}`}},
		{"cut line", "{\"a\":1,\n{\"b\":2}\n", []string{"broken:{\"a\":1,\n", `{"b":2}`}},
		{"open quote", "{\"a\":\"x}\n{\"b\":2}", []string{"broken:{\"a\":\"x}\n", `{"b":2}`}},
		{"open quote, indented",
			"[\n {\n  \"a\": \"x,\n  \"m\": [\n   {\"n\":1}]\n },\n {\"b\":2}\n]",
			[]string{"broken:{\n  \"a\": \"x,\n  \"m\": [\n   {\"n\":1}]\n },\n", `{"b":2}`}},
		{"garbage", "garbage, all of it\n{\"b\":2}", []string{"broken:garbage, all of it", `{"b":2}`}},
		{"scalars", "[1,null, \"x\"]\n{}", []string{"broken:1", "broken:null", `broken:"x"`, `{}`}},
		{"foreign elements before records", `["x, {\"y\"", {"a":1},"", {"b":2} ,"z"]`,
			[]string{`broken:"x, {\"y\""`, `{"a":1}`, `broken:""`, `{"b":2}`, `broken:"z"`}},
		{"words before records", `[NaN, {"a":1},undefined,{"b":2},1,{"c":3}]`,
			[]string{"broken:NaN", `{"a":1}`, "broken:undefined", `{"b":2}`, "broken:1", `{"c":3}`}},
		{"a name, not an element", "\"a\": {\"b\":1},\n{}", []string{`broken:"a": {"b":1},`, `{}`}},
		{"cut at the end", `[{"a":1},{"b":`, []string{`{"a":1}`, `broken:{"b":`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, step := range []int{1, 2, 7, 1 << 20} {
				if got := scan(t, json, c.text, step); !reflect.DeepEqual(got, c.want) {
					t.Errorf("in steps of %d bytes: got %q, want %q", step, got, c.want)
				}
			}
		})
	}
}

func TestResync(t *testing.T) {
	data := []byte("{\"a\":{]\n{\"b\":2}}\nrest")
	if got := split.Resync(data, 0, len(data)-5); got != 8 {
		t.Errorf("goes on at %d, want 8: the second line starts an object", got)
	}
	flat := []byte(`{"a":{]}}`)
	if got := split.Resync(flat, 0, len(flat)); got != len(flat) {
		t.Errorf("goes on at %d, want %d", got, len(flat))
	}
}

func TestTooLongIsSkipped(t *testing.T) {
	long := `{"a":"` + strings.Repeat("x", 100<<10) + "\"}\n{\"b\":1}"
	s := split.NewScanner(64 << 10)
	token := s.JSON([]byte(long), true)
	if token.Kind != split.TooLong || token.End != 64<<10 {
		t.Fatalf("token = %+v, want the first 64 KiB as too long", token)
	}
}

// In a file of one line that is longer than the window, an element that is no
// object takes nothing with it.
func TestElementInALongLine(t *testing.T) {
	for _, foreign := range []string{`"x"`, "1", "NaN"} {
		text := "[" + foreign + `,{"a":1},` + strings.Repeat(`{"b":2},`, 20_000) + `{"c":3}]`
		s := split.NewScanner(64 << 10)
		token := s.JSON([]byte(text), true)
		if token.Kind != split.Broken || token.End != 1+len(foreign) {
			t.Errorf("%s: token = %+v, want it alone", foreign, token)
		}
	}
}

// Searches in vain do not make a long record behind them go unrecognised, in
// one line or in several.
func TestLongRecordsBehindBrokenOnes(t *testing.T) {
	broken := "{\"a\":{\n"
	long := "{\"a\":\"" + strings.Repeat("x", 500<<10) + "\"}"
	indented := "[{\n \"a\":\"" + strings.Repeat("x", 500<<10) + "\"\n}]"
	for name, c := range map[string]struct {
		text    string
		records int
	}{
		"one line":      {strings.Repeat(broken, 1000) + long + "\n" + long, 2},
		"several lines": {broken + indented + "\n" + broken + indented, 2},
	} {
		records := 0
		for _, token := range scan(t, json, c.text, len(c.text)) {
			if !strings.HasPrefix(token, "broken:") {
				records++
			}
		}
		if records != c.records {
			t.Errorf("%s: %d records, want %d", name, records, c.records)
		}
	}
}

// That the searches add up to no more than a few passes shows where it ends:
// behind many broken records in a row, a record in several lines is looked for
// in 64 KiB only, until enough of the text was passed. One in a line of its own
// is found still.
func TestBrokenRecordsCostLittle(t *testing.T) {
	broken := strings.Repeat("{\"a\":{\n", 30)
	indented := "{\n \"a\":\"" + strings.Repeat("x", 100<<10) + "\"\n}\n"
	rest := strings.Repeat("{\"a\":1}\n", 200_000)
	text := broken + indented + rest + indented
	tokens := scan(t, json, text, len(text))
	given, records := 0, 0
	for _, token := range tokens {
		if strings.HasPrefix(token, "broken:") {
			given++
		} else {
			records++
		}
	}
	if given <= 30 || records != 200_001 {
		t.Errorf("%d broken, %d records: want only the first indented record given up", given, records)
	}
}

func TestCSV(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"lines", "a,b\r\n1,2\r\n", []string{"a,b\r\n", "1,2\r\n"}},
		{"no line end", "a\n1", []string{"a\n", "1"}},
		{"blank lines", "\na\n\r\n\nb\n", []string{"a\n", "b\n"}},
		{"quoted line end", "a,\"x\r\ny\",b\nc\n", []string{"a,\"x\r\ny\",b\n", "c\n"}},
		{"quoted quote", "\"a\"\"\n\"\"b\"\nc\n", []string{"\"a\"\"\n\"\"b\"\n", "c\n"}},
		{"quote in a plain field", "a\"b,c\nd\n", []string{"a\"b,c\n", "d\n"}},
		{"lone quote in a quoted field", "\"a\"b\",c\nd\n", []string{"\"a\"b\",c\n", "d\n"}},
		{"open quote", "a,\"b\nc\nd", []string{"broken:a,\"b\n", "c\n", "d"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, step := range []int{1, 3, 1 << 20} {
				if got := scan(t, table, c.text, step); !reflect.DeepEqual(got, c.want) {
					t.Errorf("in steps of %d bytes: got %q, want %q", step, got, c.want)
				}
			}
		})
	}
}

func TestFields(t *testing.T) {
	for line, want := range map[string][]string{
		"a,b\r\n":                  {"a", "b"},
		",\n":                      {"", ""},
		"\"x\r\ny\",\"\"\"q\"\"\"": {"x\r\ny", `"q"`},
		"\"a\"b\",c":               {`a"b`, "c"},
		"a\"b,\"\"":                {`a"b`, ""},
	} {
		if got := split.Fields(nil, []byte(line)); !reflect.DeepEqual(got, want) {
			t.Errorf("fields of %q = %q, want %q", line, got, want)
		}
	}
}

// Where encoding/csv reads a text without complaint, we read the same, but for
// the line ends inside fields, which it changes.
func FuzzCSV(f *testing.F) {
	f.Add("a,b\n1,\"x\n\"\"y\"\"\"\n")
	f.Add("a\r\n\"\"\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "\r") {
			return
		}
		reader := csv.NewReader(strings.NewReader(text))
		reader.FieldsPerRecord = -1
		want, err := reader.ReadAll()
		if err != nil {
			return
		}
		var got [][]string
		for _, line := range scan(t, table, text, 1<<20) {
			got = append(got, split.Fields(nil, []byte(line)))
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	})
}

// Whatever the text and however it is cut up, every byte that is no filler is
// in a token, and the tokens are the same.
func FuzzJSON(f *testing.F) {
	f.Add("[{\"a\":1},\n{\"b\":\"x\n{}]", 3)
	f.Add("{\"records\":[{}]}", 1)
	f.Fuzz(func(t *testing.T, text string, step int) {
		if len(text) > 32<<10 {
			return
		}
		whole := scan(t, json, text, len(text)+1)
		parts := scan(t, json, text, 1+abs(step)%64)
		if !reflect.DeepEqual(whole, parts) {
			t.Errorf("%q: %q in one go, %q in steps", text, whole, parts)
		}
		rest := text
		for _, token := range whole {
			token = strings.TrimPrefix(token, "broken:")
			before, after, found := strings.Cut(rest, token)
			if !found {
				t.Fatalf("token %q is not in the rest of %q", token, text)
			}
			filler(t, text, before)
			rest = after
		}
		filler(t, text, rest)
	})
}

func filler(t *testing.T, text, skipped string) {
	t.Helper()
	for _, w := range []string{`"records"`, `"value"`, "\xEF\xBB\xBF"} {
		skipped = strings.ReplaceAll(skipped, w, "")
	}
	if left := bytes.Trim([]byte(skipped), " \r\n\t,[]{}:"); len(left) > 0 {
		t.Errorf("%q: %q is in no token", text, left)
	}
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}
