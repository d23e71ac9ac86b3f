package lake

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/quoll/quoll/schema"
)

// anOnly is a condition with up to so many others in it.
func anOnly(r *rand.Rand, others int) Only {
	if others > 0 && r.IntN(2) == 0 {
		parts := make([]Only, r.IntN(4))
		for i := range parts {
			parts[i] = anOnly(r, others/len(parts))
		}
		if r.IntN(2) == 0 {
			return Only{Any: parts}
		}
		return Only{All: parts}
	}
	column := []string{"Operation", "UserId", "ClientIP", "Id", "Id"}[r.IntN(5)]
	piece := []string{"1", "OP1", "oP", "u", "", "10.0.0.1", "00", "u9", "777"}[r.IntN(9)]
	has := func(text string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(piece)) }
	switch r.IntN(5) {
	case 0:
		return Only{Column: column, Holds: func(text string) bool { return !has(text) }}
	case 1:
		return Only{Column: column, Piece: piece, Holds: func(text string) bool { return strings.EqualFold(text, piece) }}
	case 2:
		return Only{Column: column, Piece: piece, Holds: func(text string) bool { return has(text) && len(text)%2 == 0 }}
	}
	return Only{Column: column, Piece: piece, Holds: has}
}

func metBy(o Only, text func(column string) string) bool {
	met := func(o Only) bool { return metBy(o, text) }
	switch {
	case o.Any != nil:
		return slices.ContainsFunc(o.Any, met)
	case o.All != nil:
		return !slices.ContainsFunc(o.All, func(o Only) bool { return !met(o) })
	}
	return o.Holds(text(o.Column))
}

// Conditions on several columns, in dictionaries and not, are met by the rows by which they
// are met one by one.
func TestRowsThatMeetConditionsAreCounted(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 9))
	for range 2 {
		l, acts := actsLake(t, r, 150)
		set, err := l.Acquire(schema.UnifiedAuditLog)
		if err != nil {
			t.Fatal(err)
		}
		defer set.Release()
		some := 0
		for range 250 {
			asked := Counting{Groups: 1000, Only: []Only{anOnly(r, 6), anOnly(r, 3)}}
			if r.IntN(2) == 0 {
				asked.By = []By{{Column: "UserId"}}
			}
			want, got := map[string]int64{}, map[string]int64{}
			for i, a := range acts {
				text := func(column string) string {
					if column == "Id" {
						return fmt.Sprint(i)
					}
					return a.of(column)
				}
				if !slices.ContainsFunc(asked.Only, func(o Only) bool { return !metBy(o, text) }) {
					want[fmt.Sprint(a.keyOf(asked.By))]++
				}
			}
			countSet(t, r, set, &asked, Between{}).Each(func(texts []string, _ []int64, rows int64) { got[fmt.Sprint(texts)] += rows })
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%+v: %v, want %v", asked, got, want)
			}
			if len(want) > 0 {
				some++
			}
		}
		if some < 30 {
			t.Errorf("%d of 250 had rows", some)
		}
	}
}

// Spans are put together, and what is common to two lists is found, as by rows.
func TestSpansOfTwoLists(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	list := func() (spans []Span, rows [60]bool) {
		for at := int64(r.IntN(5)); at < 50; at += 1 + int64(r.IntN(9)) {
			s := Span{First: at, End: at + 1 + int64(r.IntN(6))}
			spans, at = append(spans, s), s.End
			for i := s.First; i < s.End; i++ {
				rows[i] = true
			}
		}
		if r.IntN(8) == 0 {
			return nil, [60]bool{}
		}
		return spans, rows
	}
	rowsOf := func(spans []Span) (rows [60]bool) {
		last := int64(-1)
		for _, s := range spans {
			if s.First < last || s.End <= s.First {
				t.Fatalf("not in order: %v", spans)
			}
			last = s.End
			for i := s.First; i < s.End; i++ {
				rows[i] = true
			}
		}
		return rows
	}
	for range 3000 {
		a, inA := list()
		b, inB := list()
		var either, both [60]bool
		for i := range inA {
			either[i], both[i] = inA[i] || inB[i], inA[i] && inB[i]
		}
		if got := rowsOf(common(a, b)); got != both {
			t.Fatalf("common of %v and %v: %v", a, b, common(a, b))
		}
		if got := rowsOf(together(a, b)); got != either {
			t.Fatalf("%v and %v together: %v", a, b, together(a, b))
		}
	}
}
