package detect

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/query"
)

// visible is the fake table as it is at a time: rows that have come in.
type visible struct {
	*fakeTable
	now func() time.Time
}

func (v visible) Query(ctx context.Context, r query.Request) (*query.Result, error) {
	now := v.now()
	there := &fakeTable{broken: v.broken}
	for _, row := range v.rows {
		if !row.there.After(now) {
			there.rows = append(there.rows, row)
		}
	}
	return there.Query(ctx, r)
}

// stamp gives rows that have come in by now their ingestion time, by a clock
// that is off.
func (v visible) stamp(off time.Duration) {
	for i := range v.rows {
		if r := &v.rows[i]; r.ingested.IsZero() && !r.there.After(v.now()) {
			r.ingested = r.there.Add(off)
		}
	}
}

// wrongClock is a clock that can be off.
type wrongClock struct {
	clock.Clock
	off time.Duration
}

func (c *wrongClock) Now() time.Time { return c.Clock.Now().Add(c.off) }

// oracle sees all rows in order and evaluates each window of the grid: what a
// user has done, by the windows in which the threshold is passed.
func oracle(r *Rule, rows []row, first, last time.Time) []string {
	var found []string
	for end := gridBefore(first, time.Duration(r.QueryFrequency)); !end.After(last); end = end.Add(time.Duration(r.QueryFrequency)) {
		w := r.windowEnding(end)
		var inside []string
		for _, row := range rows {
			if !row.at.Before(w.Start) && row.at.Before(w.End) {
				inside = append(inside, row.user+" "+row.what)
			}
		}
		if len(inside) > r.TriggerThreshold {
			found = append(found, inside...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// alerted returns what the alerts in a sink stand on, and how often the most
// frequent of it is alerted about.
func alerted(s *fakeSink) (found []string, most int) {
	times := map[string]int{}
	for _, a := range s.alerts {
		for _, cells := range a.Evidence.Rows {
			key := strings.Trim(string(cells[1]), `"`) + " " + strings.Trim(string(cells[2]), `"`)
			times[key]++
			most = max(most, times[key])
			found = append(found, key)
		}
	}
	slices.Sort(found)
	return slices.Compact(found), most
}

// However rows arrive, the detector finds what the oracle finds, and each row
// once. Rows are late by hours, the process is restarted, its clock jumps, the
// engine fails.
func TestTheDetectorFindsWhatAnOracleFinds(t *testing.T) {
	seeds := 40
	if testing.Short() {
		seeds = 12
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { liveThrough(t, uint64(seed)) })
	}
}

func liveThrough(t *testing.T, seed uint64) {
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	// What the disk does is not the matter here.
	if _, err := db.ExecContext(t.Context(), "PRAGMA synchronous=OFF"); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(seed, 7))
		clk := &wrongClock{Clock: clock.System()}
		frequency := time.Duration(1+random.IntN(10)) * time.Minute
		r := rule(t)
		r.QueryFrequency, r.QueryPeriod, r.TriggerThreshold = Duration(frequency), Duration(frequency*time.Duration(1+random.IntN(5))), random.IntN(3)
		table := visible{&fakeTable{broken: map[string]error{}}, time.Now}
		sink := &fakeSink{alerts: map[string]model.Alert{}, raised: map[string]int{}}
		config := DefaultConfig()
		config.Windows = 5000
		open := func() *Detector {
			d, err := New(t.Context(), config, db, []*Rule{r}, table, sink, clk, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		began := time.Now()
		for i := range 40 {
			at := began.Add(time.Duration(random.Int64N(int64(8 * time.Hour))))
			user, burst := []string{"ada", "ben"}[random.IntN(2)], 1
			if seed%6 == 5 && i < 4 { // more rows than an alert keeps as evidence
				burst = maxEvidenceRows/2 + random.IntN(2*maxEvidenceRows)
			}
			for k := range burst {
				late := time.Duration(random.Int64N(int64(time.Hour)))
				if random.IntN(4) == 0 {
					late = time.Duration(random.Int64N(int64(20 * time.Hour)))
				}
				table.rows = append(table.rows, row{at: at, there: at.Add(late), user: user, what: fmt.Sprint(i, ".", k)})
			}
		}
		d := open()
		_ = d.Tick(t.Context())
		for time.Since(began) < 34*time.Hour {
			time.Sleep(time.Duration(5+random.IntN(600)) * time.Second)
			table.stamp(clk.off)
			switch random.IntN(12) {
			case 0:
				d = open()
			case 1: // an absence
				time.Sleep(time.Duration(random.Int64N(int64(2 * time.Hour))))
			case 2:
				clk.off = time.Duration(random.Int64N(int64(40*time.Minute))) - 20*time.Minute
			case 3:
				table.broken["T"] = fmt.Errorf("engine on fire")
			case 4, 5, 6:
				delete(table.broken, "T")
			}
			table.stamp(clk.off)
			_ = d.Tick(t.Context()) // what fails is tried again
		}
		table.stamp(clk.off)
		clk.off = 0
		delete(table.broken, "T")
		for range 5 {
			time.Sleep(time.Hour)
			if err := d.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		want := oracle(r, table.rows, began, time.Now())
		got, most := alerted(sink)
		total, whole := 0, true
		for _, a := range sink.alerts {
			total += a.Evidence.Total
			whole = whole && !a.Evidence.Truncated
			if shown := min(a.Evidence.Total, maxEvidenceRows); len(a.Evidence.Rows) != shown || a.Evidence.Truncated != (a.Evidence.Total > shown) {
				t.Errorf("an alert on %d rows shows %d, truncated: %v", a.Evidence.Total, len(a.Evidence.Rows), a.Evidence.Truncated)
			}
		}
		if !whole {
			got = slices.DeleteFunc(slices.Clone(want), func(row string) bool { _, found := slices.BinarySearch(got, row); return total != len(want) && !found })
		}
		if !slices.Equal(got, want) || total != len(want) || most > 1 {
			t.Errorf("every %s over %s, more than %d rows:\n got %v (the same up to %d times)\nwant %v", frequency, time.Duration(r.QueryPeriod), r.TriggerThreshold, got, most, want)
		}
	})
}

// An NRT rule alerts within 60 seconds of its row's being visible, however late
// the row is.
func TestNRTAlertsWithinAMinute(t *testing.T) {
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	synctest.Test(t, func(t *testing.T) {
		r := rule(t, "kind: Scheduled", "kind: NRT")
		table := visible{&fakeTable{broken: map[string]error{}}, time.Now}
		sink := &fakeSink{alerts: map[string]model.Alert{}, raised: map[string]int{}}
		d, err := New(t.Context(), DefaultConfig(), db, []*Rule{r}, table, sink, clock.System(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now().Add(10 * time.Minute)
		for i := range 20 {
			seen := began.Add(time.Duration(i)*5*time.Minute + time.Duration(i)*3*time.Second)
			late := []time.Duration{2 * time.Second, 90 * time.Second, 40 * time.Minute, 5 * time.Hour}[i%4]
			table.rows = append(table.rows, row{at: seen.Add(-late), there: seen, ingested: seen, user: fmt.Sprintf("u%d", i), what: "x"})
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- d.Run(ctx) }()
		time.Sleep(3 * time.Hour)
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if len(sink.alerts) != 20 {
			t.Fatalf("%d alerts, want 20", len(sink.alerts))
		}
		for _, a := range sink.alerts {
			for _, row := range table.rows {
				if took := a.Raised.Sub(row.ingested); strings.Contains(string(a.Evidence.Rows[0][1]), `"`+row.user+`"`) && took > time.Minute {
					t.Errorf("%s was alerted about %s after it was visible", row.user, took)
				}
			}
		}
	})
}
