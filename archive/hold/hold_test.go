package hold

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/state"
)

var day = time.Date(2026, 9, 14, 0, 0, 0, 0, time.UTC)

func open(t *testing.T) *Store {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	now := day
	s, err := Open(t.Context(), db, func() time.Time { now = now.Add(time.Minute); return now })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func add(t *testing.T, s *Store, name string, scope Scope) *Hold {
	t.Helper()
	h, err := s.Add(t.Context(), Hold{Name: name, Reason: "claim", By: "ines (local user)", Scope: scope})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAnotherPersonReleases(t *testing.T) {
	s, ctx := open(t), t.Context()
	h := add(t, s, "Claim", Scope{Tables: []string{"EmailEvents"}, From: day.Add(123456789)})
	if _, err := s.Add(ctx, Hold{Name: "CLAIM", Reason: "r", By: "bo"}); !errors.Is(err, ErrTaken) {
		t.Errorf("a second of that name: %v", err)
	}
	for _, by := range []string{"ines", "INES (API token)", "ines (local user)"} {
		if _, err := s.Release(ctx, h.ID, by, "settled"); !errors.Is(err, ErrSamePerson) {
			t.Errorf("released by %s: %v", by, err)
		}
	}
	if _, err := s.Release(ctx, h.ID, "bo", ""); !errors.Is(err, ErrInvalid) {
		t.Errorf("without a reason: %v", err)
	}
	if _, err := s.Release(ctx, 99, "bo", "settled"); !errors.Is(err, ErrUnknown) {
		t.Errorf("one that is none: %v", err)
	}
	if _, err := s.Release(ctx, h.ID, "bo", "settled"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Release(ctx, h.ID, "kai", "settled"); !errors.Is(err, ErrReleased) {
		t.Errorf("released twice: %v", err)
	}
	all, err := s.Holds(ctx)
	if err != nil || len(all) != 1 || all[0].Active() || all[0].Release.By != "bo" || all[0].Release.Why != "settled" || !all[0].Scope.equal(&h.Scope) || !all[0].Since.Equal(h.Since) {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestWhatAHoldCovers(t *testing.T) {
	everything := Scope{}
	mail := Scope{Tenant: "T1", Tables: []string{"EmailEvents"}, User: "Mara@coast.example", From: day, To: day.AddDate(0, 1, 0)}
	inside := Extent{Tenant: "t1", Table: "EmailEvents", User: "mara@coast.example", From: day.AddDate(0, 0, 3), To: day.AddDate(0, 0, 4)}
	with := func(change func(*Extent)) Extent { e := inside; change(&e); return e }
	for name, c := range map[string]struct {
		scope  Scope
		extent Extent
		want   bool
	}{
		"everything":                     {everything, inside, true},
		"inside":                         {mail, inside, true},
		"nothing said":                   {mail, Extent{}, true},
		"another tenant":                 {mail, with(func(e *Extent) { e.Tenant = "t2" }), false},
		"another table":                  {mail, with(func(e *Extent) { e.Table = "EmailUrlInfo" }), false},
		"another user":                   {mail, with(func(e *Extent) { e.User = "bo@coast.example" }), false},
		"any user":                       {mail, with(func(e *Extent) { e.User = "" }), true},
		"ends where it begins":           {mail, with(func(e *Extent) { e.From, e.To = day.AddDate(0, 0, -1), day }), false},
		"reaches in":                     {mail, with(func(e *Extent) { e.From, e.To = day.AddDate(0, 0, -1), day.Add(1) }), true},
		"begins where it ends":           {mail, with(func(e *Extent) { e.From, e.To = day.AddDate(0, 1, 0), day.AddDate(0, 2, 0) }), false},
		"without an end, from long ago":  {mail, with(func(e *Extent) { e.From, e.To = day.AddDate(-1, 0, 0), time.Time{} }), true},
		"without a beginning, to before": {mail, with(func(e *Extent) { e.From, e.To = time.Time{}, day }), false},
	} {
		if got := c.scope.Covers(c.extent); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	released := Hold{Release: &Release{}}
	if covering := Covering([]Hold{{Scope: mail}, released}, inside); len(covering) != 1 {
		t.Errorf("covering %v", covering)
	}
}

// What somebody takes out of the state by hand is found by the acts, and put
// back.
func TestTheActsKnowWhatTheStateLost(t *testing.T) {
	s, ctx := open(t), t.Context()
	var acts Acts
	take := func(operation string, h *Hold) {
		t.Helper()
		text, err := json.Marshal(h.Properties())
		if err == nil {
			err = acts.Take(operation, h.Since, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	kept := add(t, s, "kept", Scope{})
	gone := add(t, s, "gone", Scope{User: "mara@coast.example", To: day})
	forged := add(t, s, "forged", Scope{Tables: []string{"EmailEvents"}})
	narrowed := add(t, s, "narrowed", Scope{})
	for _, h := range []*Hold{kept, gone, forged, narrowed} {
		take(ActAdd, h)
	}
	ended := add(t, s, "ended", Scope{})
	take(ActAdd, ended)
	ended, err := s.Release(ctx, ended.ID, "bo", "settled")
	if err != nil {
		t.Fatal(err)
	}
	take(ActRelease, ended)
	for _, statement := range []string{`DELETE FROM hold WHERE name='gone'`, `UPDATE hold SET released_by='bo', released_why='x', released_at=1 WHERE name='forged'`, `UPDATE hold SET user='nobody' WHERE name='narrowed'`} {
		if _, err := s.db.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	all, err := s.Holds(ctx)
	if err != nil {
		t.Fatal(err)
	}
	missing := Missing(all, acts.Holds(), day)
	if len(missing) != 3 || missing[0].Name != "gone" || missing[1].Name != "forged" || missing[2].Name != "narrowed" {
		t.Fatalf("missing %+v", missing)
	}
	for _, h := range missing {
		if err := s.Restore(ctx, h); err != nil {
			t.Fatal(err)
		}
	}
	if all, err = s.Holds(ctx); err != nil || len(Missing(all, acts.Holds(), day)) != 0 || len(Covering(all, Extent{})) != 4 {
		t.Errorf("%+v, %v", all, err)
	}
	// A release of this minute may be on its way to the acts.
	if _, err := s.Release(ctx, kept.ID, "bo", "settled"); err != nil {
		t.Fatal(err)
	}
	if all, err = s.Holds(ctx); err != nil || len(Missing(all, acts.Holds(), day)) != 0 || len(Missing(all, acts.Holds(), day.Add(time.Hour))) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestHoldsThatSayTooLittleAreRefused(t *testing.T) {
	s := open(t)
	good := Hold{Name: "n", Reason: "r", By: "ines"}
	for name, change := range map[string]func(*Hold){
		"no name":   func(h *Hold) { h.Name = " " },
		"no reason": func(h *Hold) { h.Reason = "" },
		"nobody":    func(h *Hold) { h.By = "" },
		"backwards": func(h *Hold) { h.Scope.From, h.Scope.To = day, day },
		"no table":  func(h *Hold) { h.Scope.Tables = []string{""} },
	} {
		h := good
		change(&h)
		if _, err := s.Add(t.Context(), h); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
