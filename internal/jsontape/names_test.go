package jsontape

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// FuzzNames parses two texts, each twice, with a tape that knows the names of those
// before: what it says of each is what a tape says that knows none.
func FuzzNames(f *testing.F) {
	for _, text := range []string{
		`{"a":1,"b":{"a":2},"c":[{"b":3}]}`, `{"a":1,"b":2}`, `{"a":1,"a":2}`, `{"a" :1}`, `{"a": 1}`, `{ "a":1}`, `{"a":}`, `{"a":1,}`,
		`{"a"}`, `{}`, `{"\u0061":1}`, "{\"\xff\":1}", "{\"a\":\"\xff\",\"b\":1}", `{"":1}`, `{"é":"é"}`, `[{"a":1}]`, `{"a":1`, `{"a":1,"`, `{"`, `{"a\":1}`,
		`{"` + strings.Repeat("long", 50) + `":1}`,
	} {
		f.Add(text, `{"a":1,"b":2}`)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		var knowing, plain Tape
		var names Names
		knowing.Know(&names)
		for _, text := range []string{first, second, first, second} {
			got, end, err := knowing.Parse(text, depth)
			want, wantEnd, wantErr := plain.Parse(text, depth)
			if end != wantEnd || err != wantErr || err == nil && knowing.spaced != plain.spaced || knowing.HasSurrogates() != plain.HasSurrogates() {
				t.Fatalf("%q: %d, %v; want %d, %v", text, end, err, wantEnd, wantErr)
			}
			if err != nil {
				continue
			}
			if !slices.Equal(knowing.nodes, plain.nodes) {
				t.Fatalf("%q: %v, want %v", text, knowing.nodes, plain.nodes)
			}
			if places := want.Places(nil); !slices.Equal(got.Places(nil), places) {
				t.Errorf("%q: places %v, want %v", text, got.Places(nil), places)
			}
		}
	})
}

// Objects with the same names in the same order have the same last name, and no others.
func TestNamesAreKnownInTheirOrder(t *testing.T) {
	var tape Tape
	var names Names
	tape.Know(&names)
	last := func(text string) *Name {
		v, err := tape.ParseAll(text, depth)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if inner := v.Get("in"); inner.LastName() != nil {
			t.Errorf("%s: an inner object has a last name", text)
		}
		return v.LastName()
	}
	seen := map[*Name]string{}
	for _, text := range []string{`{"a":1,"b":2}`, `{"b":2,"a":1}`, `{"a":1}`, `{"a":1,"b":2,"c":3}`, `{"a":1,"a":1}`, `{"in":{"a":1}}`} {
		name := last(text)
		if name == nil || seen[name] != "" {
			t.Errorf("%s has the last name of %q", text, seen[name])
		}
		if again := last(strings.ReplaceAll(text, "1", "[11]")); again != name {
			t.Errorf("%s has another last name the second time", text)
		}
		seen[name] = text
	}
	for _, text := range []string{`{"a" :1,"b":2}`, `{"\u0061":1}`, `{"` + strings.Repeat("x", maxWritten) + `":1}`, `{}`, `[]`, `1`} {
		if last(text) != nil {
			t.Errorf("%s has a last name", text)
		}
	}
}

// However many names a sender makes up, a bounded number is remembered.
func TestNamesAreBounded(t *testing.T) {
	var tape Tape
	var names Names
	tape.Know(&names)
	for i := range 2 * maxNames {
		if _, err := tape.ParseAll(fmt.Sprintf(`{"%d":1,"%d":1}`, i%60, i), depth); err != nil {
			t.Fatal(err)
		}
		if len(names.root.next) > maxNext || names.count > maxNames+1 {
			t.Fatalf("%d names, %d at first", names.count, len(names.root.next))
		}
	}
	tape.Parse(`{"first":1,"second":2}`, depth)
	wide := &names.root
	for i := range 2 * maxNext {
		tape.Parse(fmt.Sprintf(`{"w%d":1}`, i), depth)
	}
	if len(wide.next) > maxNext {
		t.Errorf("%d names follow one", len(wide.next))
	}
}
