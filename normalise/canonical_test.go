package normalise

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quoll/quoll/internal/jsontape"
)

// The canonical form is defined here once more, as plainly as can be: what stands as
// it is in a record must not differ from what is written anew.
func TestCanonicalFormIsTheSameHoweverItIsWritten(t *testing.T) {
	records := []string{
		`{"b":1,"a":{"x":1,"y":[{"k":1},{"k":2}]},"c":[]}`,
		`{"a":{"y":1,"x":2}}`,
		`{"a":[{"x":1},{"z":1,"y":2}]}`,
		`{"a":{"b":{"c":{"e":1,"d":2}}}}`,
		`{"a":{"x":null}}`, `{"a":null}`, `{"a":[null]}`, `{"a":[{"x":[null,{"y":null}]}]}`,
		`{"a":{"CreationTime":"2026-09-14T08:21:07Z"}}`, `{"a":[{"CreationTime":"2026-09-14T08:21:07.000"}]}`,
		`{"CreationTime":"2026-09-14T08:21:07Z","Id":"1"}`, `{"CreationTime":["2026-09-14T08:21:07Z"]}`,
		`{"CreationTime":{"CreationTime":"2026-09-14T08:21:07.5Z"}}`,
		`{"a":{"x@odata.type":"#y","x":1}}`, `{"a@odata.type":"#y","a":[1]}`, `{"a":[{"@odata.type":1}]}`,
		`{"a":{"x":1,"x":2},"a":{"x":3,"x":3}}`,
		`{"a":{"\u0078":1,"b":2}}`, `{"a":{"b":1,"\u0061":2}}`, `{"\u0061":[1],"A":2}`,
		`{"a":"\"\\\n\r\t"}`, `{"a":"\/"}`, `{"a":"\b\f"}`, `{"a":"\u000A\u000a\u001f\u00e4\u0022"}`, `{"a":"\ud83d\ude00"}`,
		`{"a":["\\"]}`, `{"a":["\/"]}`, `{"a":{"b":"x\/"}}`, `{"a":{"b":"x\n"},"c":["\t","\u0009"]}`,
		`{"a":{"b":"x\"y"}}`, `{"a":{"b\n":1,"b\t":2}}`, `{"a":{"":1},"":{}}`,
		`{"a": {"b":1}}`, `{"a":[1, 2]}`, "{\"a\":{\"b\"\n:1}}", `{"a":1.0,"b":-1e+5,"c":true,"d":false}`,
	}
	records = append(append(records, recorded(t)...), drawn(5000)...)
	w := newWorker()
	p := newAuditPlan("")
	for _, text := range records {
		object, err := w.tape.ParseAll(text, maxDepth)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		record := w.shape(object, p)
		got := string(w.appendCanonical(nil, &record))
		if want := string(plainCanonical(nil, object)); got != want {
			t.Errorf("%.300s\nis   %.300s\nnot  %.300s", text, got, want)
		}
	}
}

// drawn returns records of members that stand as they are beside such as do not.
func drawn(count int) (records []string) {
	r := rand.New(rand.NewPCG(61, 0))
	names := []string{"A", "B", "C", "CreationTime", "D", "E", "a", "b", "x@odata.type", `\u0062`, `q\"`}
	values := []string{
		`1`, `"x"`, `""`, `true`, `null`, `[]`, `{}`, `[1,"y"]`, `{"a":1,"b":[2]}`, `{"b":1,"a":2}`, `{"a":null}`, `"\/"`, `"\n"`, `"é"`,
		`"2026-09-14T08:21:07"`, `"2026-99-14T08:21:07"`, `"2026-09-14T08:21:07Z"`, `"2026-09-14 08:21:07"`, `"2026-09-14T08:21\n07"`,
	}
	for range count {
		var members []string
		name := 0
		for range r.IntN(9) {
			if name++; r.IntN(3) == 0 || name == len(names) { // mostly in their order, as in most records
				name = r.IntN(len(names))
			}
			members = append(members, `"`+names[name]+`":`+values[r.IntN(len(values))])
		}
		comma := ","
		if r.IntN(10) == 0 {
			comma = " ,"
		}
		records = append(records, "{"+strings.Join(members, comma)+"}")
	}
	return records
}

func plainCanonical(dst []byte, v jsontape.Value) []byte {
	switch v.Kind() {
	case jsontape.Array:
		dst = append(dst, '[')
		for items, first := v.Items(), true; items.Next(); first = false {
			if !first {
				dst = append(dst, ',')
			}
			dst = plainCanonical(dst, items.Value())
		}
		return append(dst, ']')
	case jsontape.String:
		return appendString(dst, v.Text())
	case jsontape.Object:
		type member struct {
			name  string
			value jsontape.Value
		}
		var all []member
		for members := v.Members(); members.Next(); {
			name, value := members.Key().Text(), members.Value()
			if value.Kind() != jsontape.Null && !strings.Contains(name, "@odata.") {
				all = append(all, member{name, value})
			}
		}
		slices.SortStableFunc(all, func(a, b member) int { return strings.Compare(a.name, b.name) })
		dst = append(dst, '{')
		for i, m := range all {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendString(dst, m.name), ':')
			at, ok := parseTime(stringOf(m.value))
			if m.name == "CreationTime" && ok {
				dst = appendString(dst, at.Format("2006-01-02T15:04:05.999999999"))
				continue
			}
			dst = plainCanonical(dst, m.value)
		}
		return append(dst, '}')
	}
	return append(dst, v.Raw()...)
}

// recorded returns the JSON objects that the golden files read.
func recorded(t *testing.T) (records []string) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no files", err)
	}
	var tape jsontape.Tape
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); {
			line := strings.TrimRight(strings.TrimSpace(lines.Text()), ",")
			if v, err := tape.ParseAll(line, maxDepth); err == nil && v.Kind() == jsontape.Object && v.Len() > 0 {
				records = append(records, line)
			}
		}
	}
	if len(records) < 30 {
		t.Fatalf("%d records are too few", len(records))
	}
	return records
}
