package activity

import (
	"encoding/json"
	"strings"
	"testing"
)

var arrays = map[string]int64{
	`[]`:                                 0,
	" \r\n[ \t]\n":                       0,
	"\ufeff[1]":                          1,
	`[{}]`:                               1,
	`[{"a":1},{"b":[1,2,{}]}]`:           2,
	`["]", "\"", "\\", "a\\\"]"]`:        4,
	`[1, -2.5e3 ,true,null]`:             4,
	`[[],[[]]]`:                          2,
	`[{"Parameters":"[{\"x\":\"}\"}]"}]`: 1,
}

func TestCountRecords(t *testing.T) {
	for body, want := range arrays {
		if got, err := countRecords([]byte(body)); err != nil || got != want {
			t.Errorf("%q has %d records, %v; want %d", body, got, err, want)
		}
	}
	for _, body := range []string{"", " ", "null", `{"error":{}}`, "<html>", `[1]]`, `[1] 2`, `[}`, `[{]}`, `["`, `["\"]`, `[[1]`, `"["`, `]`} {
		if got, err := countRecords([]byte(body)); err == nil {
			t.Errorf("%q counts as %d records, want an error", body, got)
		}
	}
}

func TestEveryTruncationIsNoticed(t *testing.T) {
	for body := range arrays {
		body = strings.TrimSpace(body)
		for cut := range len(body) {
			if _, err := countRecords([]byte(body[:cut])); err == nil {
				t.Errorf("%q passes for whole, cut from %q", body[:cut], body)
			}
		}
	}
}

// FuzzCountRecords holds the scan against the standard library: whatever that
// calls an array, the scan takes, with the same number of elements.
func FuzzCountRecords(f *testing.F) {
	for body := range arrays {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := countRecords(body)
		var elements []json.RawMessage
		if json.Unmarshal(body, &elements) != nil || elements == nil {
			return // stricter than the scan, which only must not panic
		}
		if err != nil || got != int64(len(elements)) {
			t.Errorf("%q has %d records, %v; encoding/json finds %d", body, got, err, len(elements))
		}
	})
}

// BenchmarkCompleteness compares the scan with a full check of the syntax.
func BenchmarkCompleteness(b *testing.B) {
	record := `{"CreationTime":"2026-09-14T08:22:33","Id":"40706737-0000-4000-8000-dedd3260e24a","Operation":"New-InboxRule","Parameters":[{"Name":"ForwardTo","Value":"a@example.com"}],"ExtendedProperties":"{\"a\":\"b\"}"}`
	body := []byte("[" + strings.Repeat(record+",", 5000) + record + "]")
	b.Run("scan", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			if _, err := countRecords(body); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			if !json.Valid(body) {
				b.Fatal("not valid")
			}
		}
	})
}
