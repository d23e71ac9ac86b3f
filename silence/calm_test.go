package silence

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
)

// asking notes when it is asked first, and ends the run.
type asking struct {
	began, asked time.Time
	end          context.CancelFunc
}

func (a *asking) Counts(context.Context, time.Time, time.Time) ([]Count, error) {
	if a.asked.IsZero() {
		a.asked = time.Now()
	}
	if time.Since(a.began) > time.Hour {
		a.end()
	}
	return nil, nil
}

// The first look of all waits for a backlog, ten minutes at most; later ones, also after a
// restart, do not.
func TestTheFirstLookWaitsForABacklog(t *testing.T) {
	for name, c := range map[string]struct {
		busy int // times
		want time.Duration
	}{
		"nothing comes": {0, 5 * time.Second}, "a backlog": {3, 20 * time.Second}, "no end": {1 << 30, 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			synctest.Test(t, func(t *testing.T) {
				for round, want := range []time.Duration{c.want, 0} {
					db, err := state.Open(t.Context(), path)
					if err != nil {
						t.Fatal(err)
					}
					ctx, cancel := context.WithCancel(t.Context())
					a := &asking{began: time.Now(), end: cancel}
					times := 0
					w, err := New(ctx, Dependencies{
						DB: db, Counter: a, Clock: clock.System(), Logger: slog.New(slog.DiscardHandler),
						Reached: func(string, string) time.Time { return time.Time{} },
						Busy:    func() bool { times++; return times <= c.busy },
					})
					if err == nil {
						err = w.Run(ctx)
					}
					if err != nil {
						t.Fatal(err)
					}
					if waited := a.asked.Sub(a.began); waited != want {
						t.Errorf("round %d: the first look came after %v, want %v", round, waited, want)
					}
					if err := db.Close(); err != nil {
						t.Fatal(err)
					}
				}
			})
		})
	}
}
