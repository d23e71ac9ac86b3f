package activity

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
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

// What brackets alone make of a body is bounded, as all of it is too large to keep.
func TestNestingIsBounded(t *testing.T) {
	s := scan{partBytes: 1 << 20}
	piece := bytes.Repeat([]byte("["), 1<<16)
	for range maxNesting >> 16 {
		if err := s.add(piece); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.add(piece); err == nil || !strings.Contains(err.Error(), "nested deeper") || cap(s.open) > 2*maxNesting {
		t.Errorf("error %v with %d brackets kept", err, cap(s.open))
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

// countRecords scans a body in one piece.
func countRecords(body []byte) (int64, error) {
	var s scan
	if err := s.add(body); err != nil {
		return 0, err
	}
	return s.end()
}

// However a body arrives, the scan says the same of it.
func TestPiecesMakeNoDifference(t *testing.T) {
	bodies := []string{`[1]]`, `["\"]`, `{"error":{}}`, "\ufeff [{\"a\":\"\\\\\\\"]\"}]\n", "\xef\xbb[1]", `["a text longer than a word, \\ and more of it \" to the end"]`}
	for body := range arrays {
		bodies = append(bodies, body)
	}
	for _, body := range bodies {
		want, wantErr := countRecords([]byte(body))
		for size := 1; size < len(body); size++ {
			got, err := countPieces([]byte(body), size)
			if got != want || (err == nil) != (wantErr == nil) {
				t.Errorf("%q in pieces of %d: %d, %v; in one: %d, %v", body, size, got, err, want, wantErr)
			}
		}
	}
}

// Parts are the body when they are put together, begin and end between two
// records, and are no larger than asked for unless one record is.
func TestPartsAreCutBetweenRecords(t *testing.T) {
	var records []string
	for i := range 200 {
		records = append(records, `{"n":`+strconv.Itoa(i)+`,"text":"`+strings.Repeat(`],[\"`, i%40)+`","list":[1,[2,3]]}`)
	}
	for _, between := range []string{",\r\n", ","} {
		partsAreCut(t, "\n["+strings.Join(records, between)+"]\n", records)
	}
}

// partsAreCut cuts a body of these records in parts of several sizes.
func partsAreCut(t *testing.T, body string, records []string) {
	for _, size := range []int64{1, 100, 300, 5000, 1 << 20} {
		s := scan{partBytes: size}
		if err := s.add([]byte(body)); err != nil {
			t.Fatal(err)
		}
		parts := s.parts()
		found := []string{}
		for i := 1; i < len(parts); i++ {
			part := body[parts[i-1]:parts[i]]
			var some []json.RawMessage
			text := strings.TrimSpace(part)
			if i > 1 {
				text = "[" + text
			}
			if i < len(parts)-1 {
				text = strings.TrimSuffix(text, ",") + "]"
			}
			if err := json.Unmarshal([]byte(text), &some); err != nil {
				t.Fatalf("part %d of size %d: %v in %q", i, size, err, text)
			}
			for _, one := range some {
				found = append(found, string(one))
			}
			if int64(len(part)) > size && len(some) > 1 {
				t.Errorf("a part of %d records has %d bytes, asked for were %d", len(some), len(part), size)
			}
		}
		if !slices.Equal(found, records) {
			t.Errorf("in parts of %d bytes: %d records, want %d", size, len(found), len(records))
		}
	}
}

// Escaped quotes and runs of backslashes at every distance from the beginning of a
// string, in pieces of every size.
func TestEscapesAtEveryDistance(t *testing.T) {
	for distance := range 36 {
		for pairs := range 4 {
			for _, escaped := range []string{"", `\"`, `\"]`, `\"b\"`} {
				text := strings.Repeat("a", distance) + strings.Repeat(`\\`, pairs) + escaped + strings.Repeat(`\\`, pairs)
				body := []byte(`["` + text + `","],[","` + text + `tail of a long text"]`)
				if !json.Valid(body) {
					t.Fatalf("%q is not valid", body)
				}
				for size := 1; size <= len(body); size++ {
					if got, err := countPieces(body, size); err != nil || got != 3 {
						t.Fatalf("%q in pieces of %d has %d records, %v; want 3", body, size, got, err)
					}
					open := append(slices.Clone(body[:len(body)-2]), `\"]`...)
					if _, err := countPieces(open, size); err == nil {
						t.Fatalf("%q in pieces of %d passes for whole", open, size)
					}
				}
			}
		}
	}
}

// countPieces scans a body in pieces.
func countPieces(body []byte, size int) (int64, error) {
	var s scan
	for piece := range slices.Chunk(body, size) {
		if err := s.add(piece); err != nil {
			return 0, err
		}
	}
	return s.end()
}
