package pipeline

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/quoll/quoll/normalise"
)

// nothing is a Known to whom everything is news.
type nothing struct{}

func (nothing) Has(uint64) bool { return false }

// drifts takes note of what it is given, and may fail.
type drifts struct {
	positions []uint64
	received  []time.Time
	fail      bool
}

func (d *drifts) Keep(ctx context.Context, position uint64, received time.Time, sightings []normalise.Sighting) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(sightings) > 0 {
		d.positions, d.received = append(d.positions, position), append(d.received, received)
	}
	if d.fail {
		return errors.New("the disk is full")
	}
	return nil
}

// What is sighted is handed over in the order of the journal, though payloads
// are normalised side by side, and rows do not depend on it.
func TestDriftIsKeptInOrder(t *testing.T) {
	for _, fail := range []bool{false, true} {
		kept := &drifts{fail: fail}
		r := openRiver(t, t.TempDir(), func(p *Parts) {
			p.Normaliser, p.Drift = normalise.New(normalise.Config{Known: nothing{}}), kept
		})
		for i := range 20 {
			p := auditLines(i*10, 10)
			p.Received = time.Date(2026, 9, 14, i, 0, 0, 0, time.UTC)
			r.add(t, p)
		}
		if err := r.Catchup(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(kept.positions) != 20 || !slices.IsSorted(kept.positions) || kept.received[19].Hour() != 19 {
			t.Errorf("positions %v, last received %v", kept.positions, kept.received[19])
		}
		if n := r.rows(t, "UnifiedAuditLog"); n != 200 {
			t.Errorf("%d rows, want 200 (keeping fails: %v)", n, fail)
		}
	}
}
