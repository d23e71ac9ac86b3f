package termfilter

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// wholeForms is forms without stretches.
func wholeForms(text []byte, use func(text []byte)) {
	use(text)
	use(replaced(text, nil, false))
	use(replaced(text, nil, true))
}

type known struct {
	hash   uint64
	weight int
}

func knownOf(forms func(use func(text []byte))) map[known]bool {
	set := map[known]bool{}
	forms(func(text []byte) {
		each(text, false, false, func(hash uint64, weight int) { set[known{hash, weight}] = true })
	})
	return set
}

func stretchesAreWhole(t *testing.T, text []byte) {
	t.Helper()
	got := knownOf(func(use func([]byte)) { forms(text, nil, use) })
	want := knownOf(func(use func([]byte)) { wholeForms(text, use) })
	if !maps.Equal(got, want) {
		t.Fatalf("%q: %d hashes, want %d", text, len(got), len(want))
	}
}

// Filters know the same of a text whose escapes are undone stretch by stretch as of one
// that is undone as a whole.
func TestStretchesSayWhatTheWholeDoes(t *testing.T) {
	pieces := []string{
		`\"`, `\/`, `\\`, `\n`, `\u0041`, `\u002e`, `\ud83d\ude00`, `\ud83d`, `\x`, "\\\b", `\`, `"`, `,`, `:`, `.`, `@`, `[`, `]`, ` `, `","`, `":"`, `":`, `,"`, `. . `,
		"203", "0", "113", "7", "2001", "db8", "fe80", "443", "8080", "ines", "okafor", "example", "com", "é", "日本", "word", "1e5",
		"203.0.113.7", "203.0.113.7:443", "[2001:db8::1]:443", "2001:db8::1", "ines.okafor@example.com", `{"Id":"a\/b"}`,
	}
	random := rand.New(rand.NewPCG(5, 6))
	for range 60_000 {
		var text strings.Builder
		for range random.IntN(14) {
			text.WriteString(pieces[random.IntN(len(pieces))])
		}
		stretchesAreWhole(t, []byte(text.String()))
	}
}

// An escape is looked at with what is around it in its string, and not with all of a record.
func TestStretchesAreShort(t *testing.T) {
	record := `{"Id":"1","Url":"https:\/\/example.com\/a","More":"` + strings.Repeat("text ", 200) + `","ClientIP":"203.0.113.7","Agent":"a\/b"}`
	var texts []string
	forms([]byte(record), nil, func(text []byte) { texts = append(texts, string(bytes.Clone(text))) })
	want := []string{record, `":"https://example.com/a`, `":"https://example.com/a`, `":"a/b"}`, `":"a/b"}`}
	if !slices.Equal(texts, want) {
		t.Errorf("%q", texts[1:])
	}
}

func FuzzStretches(f *testing.F) {
	f.Add([]byte(`{"Id":"1","Url":"https:\/\/203.0.113.7:443\/a","Inner":"{\"a\":\"b\\u0041c\"}"}`))
	f.Add([]byte("000000000\\\b00"))
	f.Add([]byte("\\\x00"))
	f.Fuzz(func(t *testing.T, text []byte) { stretchesAreWhole(t, text) })
}
