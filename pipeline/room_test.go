package pipeline

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/schema"
)

// TestADiskThatFillsUp has a disk of 100 GiB with less and less room: collecting slows
// down, stops before it is full, and goes on by itself. Nothing is dropped, and what
// Quoll writes down itself always passes.
func TestADiskThatFillsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const gib = 1 << 30
		var free atomic.Uint64
		r := openRiver(t, t.TempDir(), func(p *Parts) {
			p.Room = func() (uint64, uint64, error) { return free.Load(), 100 * gib, nil }
		})
		took := func(p model.Payload) (time.Duration, error) {
			time.Sleep(lookEvery)
			began := time.Now()
			_, err := r.Journal(t.Context(), p)
			return time.Since(began), err
		}
		n := 0
		next := func() model.Payload { n++; return auditLines(n, 1) }
		for _, c := range []struct {
			free     uint64
			pressure Pressure
			least    time.Duration
			most     time.Duration
		}{
			{50 * gib, PressureNone, 0, 0},
			{7 * gib / 2, PressureSlow, time.Millisecond, time.Second / 2},
			{gib + 1, PressureSlow, 19 * longestWait / 20, longestWait},
			{9 * gib / 2, PressureSlow, 0, 0}, // a little more turns nothing, and slows nothing
			{6 * gib, PressureNone, 0, 0},
			{gib - 1, PressureStop, 0, 0},
			{gib + 1, PressureStop, 0, 0},
			{2 * gib, PressureSlow, time.Millisecond, longestWait},
			{50 * gib, PressureNone, 0, 0},
		} {
			free.Store(c.free)
			wait, err := took(next())
			if stopped := c.pressure == PressureStop; errors.Is(err, ErrNoRoom) != stopped || err != nil && !strings.Contains(err.Error(), "makes room") {
				t.Errorf("%d bytes free: %v", c.free, err)
			} else if stopped {
				n--
			}
			if s := r.Status(); s.Pressure != c.pressure || s.Free != c.free || wait < c.least || wait > c.most {
				t.Errorf("%d bytes free: pressure %q, a payload waited %v", c.free, s.Pressure, wait)
			}
			own := model.Payload{Source: model.SourceQuoll, Format: model.FormatOwnRows, Name: "own", Received: time.Now(), Body: []byte("{}\n")}
			if wait, err := took(own); err != nil || wait != 0 {
				t.Errorf("%d bytes free: what Quoll writes down: %v after %v", c.free, err, wait)
			}
		}
		if err := r.Catchup(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rows := r.rows(t, schema.UnifiedAuditLog); rows != int64(n) {
			t.Errorf("%d rows of %d payloads that were taken", rows, n)
		}
		r.close()
	})
}

func TestADiskThatCannotBeAskedStopsNothing(t *testing.T) {
	r := openRiver(t, t.TempDir(), func(p *Parts) {
		p.Room = func() (uint64, uint64, error) { return 0, 0, errors.New("no answer") }
	})
	r.add(t, auditLines(0, 1))
	if s := r.Status(); s.Pressure != PressureNone {
		t.Errorf("%+v", s)
	}
}
