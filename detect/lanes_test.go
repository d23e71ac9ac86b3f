package detect

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/query"
)

// slowly answers queries that have the word slow after so long, unless they are
// ended before, and counts how many it answers at a time.
type slowly struct {
	visible
	after  time.Duration
	places chan struct{}
}

func (s slowly) Query(ctx context.Context, r query.Request) (*query.Result, error) {
	if strings.Contains(r.Text, "slow") {
		select {
		case s.places <- struct{}{}:
			defer func() { <-s.places }()
		default:
			return nil, fmt.Errorf("more than %d slow queries at a time", cap(s.places))
		}
		select {
		case <-time.After(s.after):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return s.visible.Query(ctx, r)
}

// slowRule is a rule of a kind whose query is slow.
func slowRule(t *testing.T, number int, kind string) *Rule {
	t.Helper()
	return rule(t, "id: r1", fmt.Sprintf("id: slow%d", number), "kind: Scheduled", "kind: "+kind, "query: ", "query: slow ", "severity: Medium", "severity: Medium\ntags: [MatchesIndicators]")
}

// However slow other rules are, scheduled ones without end and an NRT rule that
// runs away, an NRT rule alerts within 60 seconds of its row's being visible; and so
// it does while rules run backwards.
func TestSlowRulesDoNotHoldUpNRT(t *testing.T) {
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	synctest.Test(t, func(t *testing.T) {
		rules := []*Rule{rule(t, "kind: Scheduled", "kind: NRT"), slowRule(t, 0, "NRT")}
		for n := range 5 {
			rules = append(rules, slowRule(t, n+1, "Scheduled"))
		}
		table := slowly{visible{&fakeTable{broken: map[string]error{}}, time.Now}, 45 * time.Second, make(chan struct{}, 4)}
		sink := &fakeSink{alerts: map[string]model.Alert{}, raised: map[string]int{}}
		d, err := New(t.Context(), DefaultConfig(), db, rules, table, sink, clock.System(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now().Add(10 * time.Minute)
		for i := range 10 {
			seen := began.Add(time.Duration(i)*4*time.Minute + time.Duration(i)*7*time.Second)
			table.rows = append(table.rows, row{at: seen.Add(-2 * time.Second), there: seen, ingested: seen, user: fmt.Sprintf("u%d", i), what: "x"})
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- d.Run(ctx) }()
		time.Sleep(12 * time.Minute)
		if _, err := d.Backwards(ctx, began.Add(-time.Hour)); err != nil {
			t.Errorf("backwards: %v", err)
		}
		time.Sleep(50 * time.Minute)
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		told := 0
		for _, a := range sink.alerts {
			if a.RuleID != rules[0].ID {
				continue
			}
			for _, row := range table.rows {
				if !strings.Contains(string(a.Evidence.Rows[0][1]), `"`+row.user+`"`) {
					continue
				}
				told++
				if took := a.Raised.Sub(row.ingested); took > time.Minute {
					t.Errorf("%s was alerted about %s after it was visible", row.user, took)
				}
			}
		}
		if told != 10 {
			t.Errorf("%d alerts of the NRT rule, want 10", told)
		}
		health, err := d.Health(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range health {
			if h.Runs == 0 {
				t.Errorf("%s never ran: %+v", h.RuleID, h)
			}
		}
	})
}

// Two rules of a lane run at a time, and one rule never beside itself.
func TestLanesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lane{workers: 2}
		var order []int
		gate := make(chan struct{})
		for n := range 4 {
			l.submit(func() {
				<-gate
				l.mu.Lock()
				defer l.mu.Unlock()
				order = append(order, n)
			})
		}
		synctest.Wait()
		if l.running != 2 || len(l.queue) != 2 {
			t.Errorf("%d run, %d wait", l.running, len(l.queue))
		}
		close(gate)
		synctest.Wait()
		if l.running != 0 || len(order) != 4 {
			t.Errorf("%d run still, %v ran", l.running, order)
		}
	})
	a := &atWork{}
	if !a.try("r") || a.try("r") {
		t.Error("a rule is taken twice")
	}
	a.free("r")
	if !a.try("r") {
		t.Error("a rule that has run is not free")
	}
}
