package termfilter_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/quoll/quoll/internal/termfilter"
)

// homedRow is a row with texts in its homes and in another column.
type homedRow struct {
	homes [2]string
	other string
}

var homeColumns = []string{"ClientIP", "UserId"}

const homedBlock = 16

// homed returns the filters of rows.
func homed(t *testing.T, rows []homedRow) (*termfilter.Filter, *bytes.Reader) {
	t.Helper()
	terms := termfilter.NewTerms(len(rows), homedBlock)
	terms.Homes()
	for column := range homeColumns {
		for row, r := range rows {
			terms.Home(row, []byte(r.homes[column]))
		}
	}
	for column := range homeColumns {
		for row, r := range rows {
			terms.Text(row, []byte(r.homes[column]), false)
		}
	}
	last, block := "", -1
	for row, r := range rows {
		if r.other == last && terms.Block(row) == block {
			terms.Again(row)
			continue
		}
		terms.Text(row, []byte(r.other), true)
		last, block = r.other, terms.Block(row)
	}
	b := termfilter.Builder{Homes: homeColumns}
	b.Part(terms)
	body := b.Bytes()
	f, err := termfilter.Open(bytes.NewReader(body), int64(len(body)))
	if err != nil || f == nil {
		t.Fatalf("%v, %v", f, err)
	}
	return f, bytes.NewReader(body)
}

func somebody(random *rand.Rand) (address, other string) {
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	v4 := func() string {
		return fmt.Sprintf("%d.%d.%d.%d", random.IntN(3), random.IntN(3), random.IntN(2), random.IntN(3))
	}
	v6 := func() string { return fmt.Sprintf("fe80::%x:%d:%x", random.IntN(3), random.IntN(3), random.IntN(3)) }
	mail := func() string { return pick("ann", "bob.ann", "eve") + "@" + pick("a.com", "b.com", "a.org") }
	return pick(v4(), v4()+pick(":1234", ":12345"), v6(), "["+v6()+"]:23456", mail(), ""), pick(v4(), v6(), mail(), v4()+"."+v4(), v4()+" "+mail(), "x")
}

// Whatever a row has outside of its homes is in them, or in a block that is named.
func TestNothingIsMissedElsewhere(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		rows := make([]homedRow, 200)
		for i := range rows {
			r := &rows[i]
			r.homes[0], _ = somebody(random)
			r.homes[1], _ = somebody(random)
			_, r.other = somebody(random)
			if random.IntN(2) == 0 {
				r.other = r.homes[0] + `\n` + r.homes[1]
			}
			if i > 0 && random.IntN(4) == 0 {
				r.other = rows[i-1].other
			}
			r.other = `{"a":"` + r.other + `"}`
		}
		f, r := homed(t, rows)
		for range 100 {
			needle, other := somebody(random)
			if random.IntN(2) == 0 {
				needle = other
			}
			sought := termfilter.Text(needle, true, true, false)
			blocks, ok, err := f.Elsewhere(r, 0, sought, homeColumns)
			if err != nil || ok != sought.Placed() {
				t.Fatalf("seed %d, %q: %v, %v", seed, needle, ok, err)
			}
			if !ok {
				continue
			}
			for i, row := range rows {
				missing := slices.ContainsFunc(sought.Places(), func(p termfilter.Place) bool {
					return !slices.ContainsFunc(row.homes[:], func(home string) bool {
						if p.In([]byte(home)) && p.Piece != nil && !p.Piece.In(home) {
							t.Errorf("seed %d: a term of %q is in %q and its piece is not", seed, needle, home)
						}
						return p.In([]byte(home))
					})
				})
				var m termfilter.Matcher
				if !missing || !m.In([]byte(row.other), true, sought) {
					continue
				}
				if !slices.ContainsFunc(blocks, func(s termfilter.Span) bool { return s.First <= int64(i) && int64(i) < s.End }) {
					t.Fatalf("seed %d: row %d %q is missed for %q", seed, i, row, needle)
				}
			}
		}
	}
}

// What is in homes alone, or everywhere in them too, needs no look elsewhere; who asks of
// other homes is not told.
func TestHomesAreEnough(t *testing.T) {
	rows := make([]homedRow, 4*homedBlock)
	for i := range rows {
		rows[i] = homedRow{[2]string{"203.0.113.5", "ann@example.com"}, `{"a":"203.0.113.5","b":"ann@example.com"}`}
	}
	rows[20].other = `{"a":"198.51.100.7"}`
	rows[50].homes[0] = ""
	f, r := homed(t, rows)
	for needle, want := range map[string]string{
		"203.0.113.5": "[{48 64}]", "ann@example.com": "[]", "198.51.100.7": "[{16 32}]", "192.0.2.1": "[]",
	} {
		blocks, ok, err := f.Elsewhere(r, 0, termfilter.Text(needle, true, true, false), homeColumns)
		if got := fmt.Sprint(blocks); err != nil || !ok || got != want {
			t.Errorf("%s: %s, %t, %v, want %s", needle, got, ok, err, want)
		}
	}
	for _, columns := range [][]string{{"ClientIP"}, {"UserId"}, nil, {"ClientIP", "UserId", "Id"}} {
		if _, ok, err := f.Elsewhere(r, 0, termfilter.Text("192.0.2.1", true, true, false), columns); ok || err != nil {
			t.Errorf("homes %v: %t, %v", columns, ok, err)
		}
	}
	if _, ok, _ := f.Elsewhere(r, 0, termfilter.Text("word", true, true, false), homeColumns); ok {
		t.Error("a word is looked for in homes")
	}
}

// A check misses what filters lack of rows, and nothing else.
func TestElsewhereIsChecked(t *testing.T) {
	rows := []homedRow{{[2]string{"203.0.113.5", ""}, `{"a":"203.0.113.5"}`}, {[2]string{"", ""}, `{"a":"203.0.113.5"}`}}
	f, r := homed(t, rows)
	for want, home := range map[int]string{0: "203.0.113.5", 1: "203.0.113.6"} {
		// With another home the first row lacks an address there, of which the filters know
		// in the same block: only other addresses are missed.
		c, err := termfilter.NewChecker(r, f, homeColumns)
		if err != nil {
			t.Fatal(err)
		}
		c.Home([]byte(home))
		c.Text([]byte(`{"a":"203.0.113.5"}`), true)
		if want == 1 {
			c.Text([]byte(`{"a":"203.0.113.6"}`), true)
		}
		c.Row()
		if c.Missing() != want {
			t.Errorf("home %s: %d missing, want %d", home, c.Missing(), want)
		}
	}
}
