package termfilter_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/quoll/quoll/internal/termfilter"
)

// built returns the filters of parts of a thousand rows, each of which has a number of
// its own and what all have.
func built(parts int) []byte {
	var b termfilter.Builder
	for part := range parts {
		for row := range 1000 {
			b.Text(fmt.Appendf(nil, "part%d row%d from 10.0.%d.7 by user%d@contoso.example", part, row, part, part), false)
		}
		b.Part(1000)
	}
	return append([]byte("what a file begins with"), b.Bytes()...)
}

func TestPartsThatLackATermAreLeftOut(t *testing.T) {
	body := built(4)
	r := bytes.NewReader(body)
	f, err := termfilter.Open(r, int64(len(body)))
	if err != nil || f.Rows() != 4000 {
		t.Fatalf("%v rows: %v", f, err)
	}
	text := func(s string) *termfilter.Sought { return termfilter.Text(s, true, true, false) }
	second, fourth := termfilter.Span{First: 1000, End: 2000}, termfilter.Span{First: 3000, End: 4000}
	for _, c := range []struct {
		name   string
		sought *termfilter.Sought
		want   []termfilter.Span
	}{
		{"a word", text("PART1"), []termfilter.Span{second}},
		{"an address, whose numbers are in all", text("10.0.3.7"), []termfilter.Span{fourth}},
		{"an address of mail", text("user1@contoso.example"), []termfilter.Span{second}},
		{"a word of all", text("contoso"), []termfilter.Span{{First: 0, End: 4000}}},
		{"a word of none", text("nowhere"), nil},
		{"one of two", &termfilter.Sought{Any: []*termfilter.Sought{text("part1"), text("part3")}}, []termfilter.Span{second, fourth}},
		{"both of two", &termfilter.Sought{All: []*termfilter.Sought{text("part1"), text("part3")}}, nil},
		{"one of none", &termfilter.Sought{Any: []*termfilter.Sought{}}, nil},
		{"nothing that is kept", text("by"), []termfilter.Span{{First: 0, End: 4000}}},
	} {
		got, err := f.Spans(r, c.sought)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v (%v)", c.name, got, c.want, err)
		}
	}
}

// What is added to a part is found there, and what was there before still is.
func TestAPartIsExtended(t *testing.T) {
	whole := built(3)
	filters := whole[len("what a file begins with"):]
	var parts []termfilter.Span
	err := termfilter.Extend(filters, func(rows termfilter.Span, add func([]byte)) {
		if parts = append(parts, rows); rows.First == 1000 {
			add([]byte("added later"))
		}
	})
	if err != nil || len(parts) != 3 || parts[2] != (termfilter.Span{First: 2000, End: 3000}) {
		t.Fatalf("%v, %v", parts, err)
	}
	f, err := termfilter.Open(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]termfilter.Span{"later": {parts[1]}, "part2": {parts[2]}, "contoso": {{First: 0, End: 3000}}} {
		if got, err := f.Spans(bytes.NewReader(whole), termfilter.Text(text, true, true, false)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	if err := termfilter.Extend([]byte("no filters"), nil); !errors.Is(err, termfilter.ErrDamaged) {
		t.Errorf("%v", err)
	}
}

// Whatever byte of directory and tail is another, the filters are none or damaged.
func TestADamagedDirectoryIsNotBelieved(t *testing.T) {
	body := built(2)
	for at := len(body) - 56; at < len(body); at++ {
		body[at] ^= 0x10
		f, err := termfilter.Open(bytes.NewReader(body), int64(len(body)))
		if f != nil || err != nil && !errors.Is(err, termfilter.ErrDamaged) {
			t.Errorf("byte %d: %v, %v", at, f, err)
		}
		body[at] ^= 0x10
	}
}
