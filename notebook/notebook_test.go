package notebook

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/state"
)

func TestNotes(t *testing.T) {
	ctx := t.Context()
	db, err := state.Open(ctx, filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	now := time.Date(2026, 9, 14, 8, 0, 0, 123_456_789, time.UTC)
	s, err := Open(ctx, db, func() time.Time { now = now.Add(time.Minute); return now })
	if err != nil {
		t.Fatal(err)
	}
	add := func(n Note) Note {
		t.Helper()
		kept, err := s.Add(ctx, n)
		if err != nil {
			t.Fatal(err)
		}
		return kept
	}
	mine := add(Note{Kind: Query, Owner: "ines", Title: " Rules ", Query: "OfficeActivity", Range: "P7D"})
	shared := add(Note{Kind: Query, Owner: "kai", Shared: true, Title: "For all", Query: "T"})
	add(Note{Kind: Bookmark, Owner: "kai", Title: "Odd", Query: "T", Row: json.RawMessage(`{"UserId":"mara"}`), Remark: "look"})

	titles := func(who string) string {
		t.Helper()
		notes, err := s.List(ctx, who)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, n := range notes {
			all = append(all, n.Title)
		}
		return strings.Join(all, ",")
	}
	if titles("INES") != "For all,Rules" || titles("kai") != "Odd,For all" || titles("ade") != "For all" {
		t.Errorf("ines sees %q, kai %q, ade %q", titles("INES"), titles("kai"), titles("ade"))
	}
	notes, err := s.List(ctx, "kai")
	if err != nil || string(notes[0].Row) != `{"UserId":"mara"}` || notes[1].Row != nil || !notes[1].Created.Equal(shared.Created) {
		t.Errorf("%+v, %v", notes, err)
	}
	if err := s.Remove(ctx, "ines", shared.ID); !errors.Is(err, ErrUnknown) {
		t.Errorf("another's note: %v", err)
	}
	if err := s.Remove(ctx, "ines", mine.ID); err != nil || titles("ines") != "For all" {
		t.Errorf("%v, %q", err, titles("ines"))
	}
	for _, bad := range []Note{
		{}, {Kind: "poem", Title: "x", Query: "x"}, {Kind: Query, Title: " ", Query: "x"}, {Kind: Query, Title: "x", Query: " "},
		{Kind: Bookmark, Title: "x", Query: "x"}, {Kind: Bookmark, Title: "x", Query: "x", Row: json.RawMessage("{")},
		{Kind: Query, Title: "x", Query: "x", Row: json.RawMessage("{}")}, {Kind: Query, Title: strings.Repeat("x", MaxTitle+1), Query: "x"},
	} {
		if _, err := s.Add(ctx, bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
