package push

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/state"
)

func TestAListenerHasACalendar(t *testing.T) {
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	totals, err := openTotals(t.Context(), db, "127.0.0.1:8486", "tenant")
	if err != nil {
		t.Fatal(err)
	}
	at := func(hour float64) time.Time {
		return time.Date(2026, 9, 18, 0, 0, 0, 0, time.UTC).Add(time.Duration(hour * float64(time.Hour)))
	}
	for _, hour := range []float64{8.2, 8.9, 11} {
		if err := totals.add(t.Context(), delivered{Lines: 5, Bytes: 70, payloads: 1}, at(hour)); err != nil {
			t.Fatal(err)
		}
	}
	if err := totals.listened(t.Context(), time.Minute, at(9.5)); err != nil {
		t.Fatal(err)
	}
	calendars, err := Calendars(t.Context(), db, collect.Window{From: at(0), To: at(24)}, at(11.5))
	if err != nil || len(calendars) != 1 || calendars[0].Name != "push/127.0.0.1:8486" || calendars[0].Stream.Tenant != "tenant" {
		t.Fatalf("%+v, %v", calendars, err)
	}
	var letters strings.Builder
	for _, h := range calendars[0].Hours {
		letters.WriteByte(h.State[0])
	}
	// Pushed to, listened, not there, not over.
	if got, want := letters.String(), "ccow"; got != want {
		t.Errorf("hours %s, want %s", got, want)
	}
	if h := calendars[0].Hours[0]; h.Listed != 2 || h.Records != 10 || h.Bytes != 140 {
		t.Errorf("the first hour is %+v", h)
	}
	if counts, _, err := totals.read(t.Context()); err != nil || counts.Records != 15 {
		t.Errorf("totals %+v, %v", counts, err)
	}
}
