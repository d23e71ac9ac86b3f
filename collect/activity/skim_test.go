package activity

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// scanned is all that a scan says of a body in pieces of the sizes that next returns.
func scanned(body []byte, partBytes int64, next func() int) string {
	s := scan{partBytes: partBytes}
	for rest := body; len(rest) > 0; {
		size := min(max(next(), 1), len(rest))
		if err := s.add(rest[:size]); err != nil {
			return err.Error()
		}
		rest = rest[size:]
	}
	records, err := s.end()
	return fmt.Sprint(records, err, s.parts())
}

// alike holds a body in one piece, and in pieces of any size, against what it is byte by
// byte.
func alike(t *testing.T, body []byte, seed uint64) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	partBytes := int64(random.IntN(200))
	want := scanned(body, partBytes, func() int { return 1 })
	for name, next := range map[string]func() int{
		"whole":      func() int { return len(body) },
		"in blocks":  func() int { return 64 },
		"in pieces":  func() int { return random.IntN(300) },
		"in smaller": func() int { return random.IntN(100) },
	} {
		if got := scanned(body, partBytes, next); got != want {
			t.Fatalf("%s: %s\nbyte by byte: %s\n%q", name, got, want, body)
		}
	}
}

// Bodies of the pieces that matter, sound ones and others.
func TestSkimmingIsLookingAtEachByte(t *testing.T) {
	pieces := []string{`"`, `\`, `\\`, `\"`, `,`, `[`, `]`, `{`, `}`, `"a":1`, ` `, `{"Id":"x","List":[1,{"a":"b,]"}]}`, strings.Repeat("text ", 20), strings.Repeat(`\`, 63)}
	random := rand.New(rand.NewPCG(3, 4))
	for round := range 20_000 {
		body := []byte("[")
		whole := round%2 == 0 // mostly sound
		for range random.IntN(60) {
			piece := pieces[random.IntN(len(pieces))]
			if whole && random.IntN(40) > 0 {
				piece = pieces[11] + ","
			}
			body = append(body, piece...)
		}
		alike(t, append(body, "1]\n"...), uint64(round))
	}
}

// A body longer than what is marked at once.
func TestSkimmingALongBody(t *testing.T) {
	record := `{"Id":"5c0ffee0","Text":"` + strings.Repeat(`a,\"]\\`, 300) + `","List":[[],{}]}`
	body := []byte("[" + strings.Join(slices.Repeat([]string{record}, 20), ",") + "]")
	if records, err := countRecords(body); err != nil || records != 20 {
		t.Errorf("%d records, %v", records, err)
	}
	for seed := range uint64(50) {
		alike(t, body, seed)
		alike(t, body[:len(body)-int(seed)*7], seed)
	}
}

func FuzzSkim(f *testing.F) {
	f.Add([]byte(`[{"Id":"a\"b\\","Members":[1,2,{"c":null}]},{"Id":"and a text that is longer than a block has bytes, so that there is one"}]`), uint64(1))
	f.Add([]byte(`[1,\"a backslash outside of a string, and then so much more of it that there are blocks behind it as well, ok"]`), uint64(2))
	f.Fuzz(func(t *testing.T, body []byte, seed uint64) { alike(t, body, seed) })
}
