package silence

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
)

// still is a clock that is set by hand.
type still struct {
	clock.Clock
	now time.Time
}

func (s *still) Now() time.Time { return s.now }

// tenantCounter counts the records of a synthetic tenant that are not late.
type tenantCounter struct {
	*synthetic
	clock *still
	lag   time.Duration
	asked []time.Time // beginnings of the spans that were asked for
	fail  error
}

func (c *tenantCounter) Counts(_ context.Context, from, to time.Time) ([]Count, error) {
	c.asked = append(c.asked, from)
	var counts []Count
	for hour := from; hour.Before(to); hour = hour.Add(time.Hour) {
		i := int(hour.Sub(begin) / time.Hour)
		if i < 0 || i >= len(c.rows[0].counts) || hour.Add(time.Hour+c.lag).After(c.clock.now) {
			continue
		}
		for _, row := range c.rows {
			if n := row.counts[i]; n > 0 {
				counts = append(counts, Count{row.Series, hour, int64(n), c.lag})
			}
		}
	}
	return counts, c.fail
}

func TestWatcherLearnsRemembersAndEnds(t *testing.T) {
	open := func(path string, c *tenantCounter, log *strings.Builder) *Watcher {
		t.Helper()
		db, err := state.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		w, err := New(t.Context(), Dependencies{
			DB: db, Counter: c, Clock: c.clock, Logger: slog.New(slog.NewTextHandler(log, nil)),
			Reached: func(_, contentType string) time.Time {
				if contentType == "DLP.All" {
					return time.Time{} // not collected any more
				}
				return c.clock.now
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	path := filepath.Join(t.TempDir(), "state.db")
	at := &still{Clock: clock.System(), now: begin.Add(4 * weekHours * time.Hour)}
	c := &tenantCounter{synthetic: newSynthetic(3), clock: at, lag: 3 * time.Hour}
	c.grow(4*weekHours+30, func(time.Time) float64 { return 1 })
	silenced := 4*weekHours + 30 // on a Tuesday morning
	for i := range c.rows {
		if c.rows[i].ContentType == "Audit.Exchange" || c.rows[i].ContentType == "DLP.All" {
			c.rows[i].rate = 0
		}
	}
	c.grow(36, func(time.Time) float64 { return 1 })

	var log strings.Builder
	w := open(path, c, &log)
	look := func() []Alarm {
		t.Helper()
		if err := w.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		return w.Alarms()
	}
	if got := look(); len(got) != 0 {
		t.Errorf("alarms %+v while all is well", got)
	}
	if len(c.asked) != memoryWeeks {
		t.Errorf("asked %d times for the weeks before, want once each", len(c.asked))
	}
	c.asked = nil
	for hours := 4*weekHours + 6; hours <= silenced; hours += 6 { // live, so that lags are learnt
		at.now = begin.Add(time.Duration(hours) * time.Hour)
		if got := look(); len(got) != 0 {
			t.Errorf("alarms %+v while all is well", got)
		}
	}
	if last := c.asked[len(c.asked)-1]; at.now.Sub(last) > recount+7*time.Hour { // six since the look before, and what is left of an hour
		t.Errorf("asked for what happened since %v at %v: too much for every look", last, at.now)
	}

	at.now = begin.Add(time.Duration(silenced+30) * time.Hour)
	alarms := look()
	want := Series{c.name, "Audit.Exchange", "", ""}
	if len(alarms) != 1 || alarms[0].Series != want || alarms[0].Probability >= highest || alarms[0].Expected < 1 {
		t.Fatalf("alarms %+v, want one of %v", alarms, want)
	}
	if since := begin.Add(time.Duration(silenced) * time.Hour); alarms[0].Since.After(since) || since.Sub(alarms[0].Since) > 3*time.Hour {
		t.Errorf("silent since %v, want about %v", alarms[0].Since, since)
	}
	if !strings.Contains(log.String(), "a source is silent") {
		t.Errorf("nothing in the log:\n%s", log.String())
	}

	// What is learnt survives a restart, which asks for a few days only.
	c.asked = nil
	w = open(path, c, &log)
	if got := look(); len(got) != 1 || len(c.asked) > 2 {
		t.Errorf("after a restart: alarms %+v, asked for %v", got, c.asked)
	}
	c.fail = errors.New("the engine is busy")
	if err := w.Look(t.Context()); err == nil || len(w.Alarms()) != 1 {
		t.Errorf("a look that failed: %v, alarms %+v", err, w.Alarms())
	}
	c.fail = nil

	for i := range c.rows { // it is heard again
		if c.rows[i].ContentType == "Audit.Exchange" {
			c.rows[i].rate = 50
		}
	}
	c.grow(24, func(time.Time) float64 { return 1 })
	at.now = begin.Add(time.Duration(len(c.rows[0].counts)) * time.Hour)
	if got := look(); len(got) != 0 {
		t.Errorf("alarms %+v after it was heard again", got)
	}
	if !strings.Contains(log.String(), "is heard again") {
		t.Errorf("the end is not in the log:\n%s", log.String())
	}
}

func TestWeeksAreKeptToTheCount(t *testing.T) {
	var counts [weekHours]uint32
	for i := range counts {
		counts[i] = uint32(i*i*i*i) % (1<<31 - 1)
	}
	if got := decodeWeek(encodeWeek(&counts)); got != counts {
		t.Errorf("read %v, wrote %v", got, counts)
	}
	if got := decodeWeek(nil); got != [weekHours]uint32{} {
		t.Errorf("read %v of nothing", got)
	}
}
