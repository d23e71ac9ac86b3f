package library

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/state"
)

func open(t *testing.T) *Store {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	now := time.Date(2026, 9, 14, 8, 0, 0, 0, time.UTC)
	s, err := Open(t.Context(), db, func() time.Time { now = now.Add(time.Minute); return now })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWatchlistVersions(t *testing.T) {
	s, ctx := open(t), t.Context()
	keep := func(csv string) (Watchlist, error) {
		columns, rows, err := ParseCSV([]byte(csv))
		if err != nil {
			return Watchlist{}, err
		}
		return s.ImportWatchlist(ctx, Watchlist{Version: Version{Author: "ada"}, Alias: "vip-users", SearchKey: "Upn", Columns: columns, Rows: rows})
	}
	if _, err := keep("\ufeffUpn, Why\nada@coast.example,\"minister, and more\"\n"); err != nil {
		t.Fatal(err)
	}
	second, err := keep("Upn,Why\nada@coast.example,m\nbo@coast.example,c\n")
	if err != nil || second.Number != 2 {
		t.Fatalf("version %d, %v", second.Number, err)
	}
	for version, rows := range map[int64]int{0: 2, 1: 1, 2: 2} {
		w, err := s.Watchlist(ctx, "vip-users", version)
		if err != nil || len(w.Rows) != rows || w.RowCount != rows || w.Columns[1] != "Why" {
			t.Errorf("version %d: %+v, %v", version, w, err)
		}
	}
	if err := s.RemoveWatchlist(ctx, "vip-users", "bo"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Watchlist(ctx, "vip-users", 0); !errors.Is(err, ErrUnknown) {
		t.Errorf("a list that was taken away: %v", err)
	}
	if _, err := s.Watchlist(ctx, "vip-users", 2); err != nil {
		t.Errorf("its old version: %v", err)
	}
	if all, err := s.Watchlists(ctx); err != nil || len(all) != 0 {
		t.Errorf("lists %v, %v", all, err)
	}
	if err := s.RemoveWatchlist(ctx, "vip-users", "bo"); !errors.Is(err, ErrUnknown) {
		t.Errorf("taken away twice: %v", err)
	}
	if third, err := keep("Upn\nx\n"); err != nil || third.Number != 4 {
		t.Errorf("after it was taken away: version %d, %v", third.Number, err)
	}
	versions, err := s.WatchlistVersions(ctx, "vip-users")
	if err != nil || len(versions) != 4 || !versions[1].Removed || versions[1].Author != "bo" {
		t.Errorf("versions %+v, %v", versions, err)
	}
	for name, csv := range map[string]string{"no key": "A,B\n1,2\n", "twice": "Upn,Upn\n1,2\n", "reserved": "Upn,SearchKey\n1,2\n", "ragged": "Upn\n1,2\n", "empty": "", "no text": "Upn\n\xff\n"} {
		if _, err := keep(csv); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFunctionVersions(t *testing.T) {
	s, ctx := open(t), t.Context()
	for _, body := range []string{"T | take 1", "T | take 2"} {
		if _, err := s.SaveFunction(ctx, Function{Version: Version{Author: "ada"}, Name: "Few", Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	f, err := s.Function(ctx, "Few", 0)
	if err != nil || f.Number != 2 || f.Body != "T | take 2" {
		t.Errorf("%+v, %v", f, err)
	}
	if f, err := s.Function(ctx, "Few", 1); err != nil || f.Body != "T | take 1" {
		t.Errorf("%+v, %v", f, err)
	}
	if err := s.RemoveFunction(ctx, "Few", "bo"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Function(ctx, "Few", 0); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if all, err := s.Functions(ctx); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	if all, err := s.FunctionVersions(ctx, "Few"); err != nil || len(all) != 3 {
		t.Errorf("%v, %v", all, err)
	}
	for _, f := range []Function{{Name: "1st", Body: "T"}, {Name: "a b", Body: "T"}, {Name: "Empty", Body: " "}} {
		f.Author = "ada"
		if _, err := s.SaveFunction(ctx, f); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", f.Name, err)
		}
	}
}
