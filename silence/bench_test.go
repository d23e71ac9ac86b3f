package silence

import (
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
)

// BenchmarkLook is an hourly look at one tenant of 40 operations with eight
// weeks behind it, without the question to the tables.
func BenchmarkLook(b *testing.B) {
	db, err := state.Open(b.Context(), filepath.Join(b.TempDir(), "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	at := &still{Clock: clock.System(), now: begin.Add(8 * weekHours * time.Hour)}
	c := &tenantCounter{synthetic: newSynthetic(3), clock: at, lag: 3 * time.Hour}
	c.grow(8*weekHours, func(time.Time) float64 { return 1 })
	w, err := New(b.Context(), Dependencies{
		DB: db, Counter: c, Clock: at, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Reached: func(string, string) time.Time { return at.now },
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := w.Look(b.Context()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := w.Look(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
