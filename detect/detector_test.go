package detect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/query"
)

// row is an event of the fake table.
type row struct {
	at, ingested time.Time
	there        time.Time // when it is visible, where a test says so
	user, what   string
}

// fakeTable answers the rule's query with the rows of its window, and the
// question for late rows.
type fakeTable struct {
	rows    []row
	broken  map[string]error // by query text
	mu      sync.Mutex
	queries []query.Request
	// expectFails is what Expect says of all queries.
	expectFails error
}

var lateQuestion = regexp.MustCompile(`^\['T'\] \| where ingestion_time\(\) > datetime\((.*?)\) and ingestion_time\(\) <= datetime\((.*?)\) `)

func (f *fakeTable) Expect(_ context.Context, text string, _ time.Duration) ([]*query.Interest, error) {
	if strings.Contains(text, "mistake") {
		return nil, errors.New("does not compile")
	}
	if f.expectFails != nil {
		return nil, f.expectFails
	}
	return []*query.Interest{{Table: "T"}}, nil
}

func (f *fakeTable) Meets(context.Context, *query.Interest, []string) ([]bool, error) {
	return nil, errors.New("the table has no key")
}

func (f *fakeTable) Query(_ context.Context, r query.Request) (*query.Result, error) {
	f.mu.Lock()
	f.queries = append(f.queries, r)
	f.mu.Unlock()
	if err := f.broken[r.Text]; err != nil {
		return nil, err
	}
	if m := lateQuestion.FindStringSubmatch(r.Text); m != nil {
		return f.arrivals(m[1], m[2])
	}
	result := &query.Result{Columns: []query.Column{{Name: "TimeGenerated", Type: types.DateTime}, {Name: "UserId", Type: types.String}, {Name: "What", Type: types.String}}}
	for _, row := range f.rows {
		if !row.at.Before(r.From) && row.at.Before(r.To) {
			result.Rows = append(result.Rows, []any{row.at, row.user, row.what})
		}
	}
	return result, nil
}

func (f *fakeTable) arrivals(after, upTo string) (*query.Result, error) {
	from, err := time.Parse(time.RFC3339Nano, after)
	if err != nil {
		return nil, err
	}
	to, err := time.Parse(time.RFC3339Nano, upTo)
	if err != nil {
		return nil, err
	}
	result := &query.Result{}
	for _, row := range f.rows {
		if row.ingested.After(from) && !row.ingested.After(to) {
			result.Rows = append(result.Rows, []any{row.at.Truncate(time.Minute)})
		}
	}
	return result, nil
}

// fakeSink keeps alerts and counts how often each was raised.
type fakeSink struct {
	mu     sync.Mutex
	alerts map[string]model.Alert
	raised map[string]int
}

func (f *fakeSink) Raise(_ context.Context, a model.Alert) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.alerts[a.ID] = a
	f.raised[a.ID]++
	return nil
}

func (f *fakeSink) Alert(_ context.Context, id string) (*model.Alert, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a, ok := f.alerts[id]
	if !ok {
		return nil, fmt.Errorf("no alert %s", id)
	}
	return &a, nil
}

// bench is a detector over fakes, with time in the test's hand.
type bench struct {
	t     *testing.T
	table *fakeTable
	sink  *fakeSink
	now   time.Time
	*Detector
}

func (b *bench) Now() time.Time                       { return b.now }
func (b *bench) NewTimer(d time.Duration) clock.Timer { return clock.System().NewTimer(d) }

func newBench(t *testing.T, rules ...*Rule) *bench {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	b := &bench{t: t, table: &fakeTable{broken: map[string]error{}}, sink: &fakeSink{alerts: map[string]model.Alert{}, raised: map[string]int{}}, now: noon}
	b.Detector, err = New(t.Context(), DefaultConfig(), db, rules, b.table, b.sink, b, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// after moves time on, lets rows come in now, and ticks.
func (b *bench) after(d time.Duration, rows ...row) error {
	b.t.Helper()
	b.now = b.now.Add(d)
	for _, r := range rows {
		r.ingested = b.now.Add(-10 * time.Second)
		b.table.rows = append(b.table.rows, r)
	}
	return b.Tick(b.t.Context())
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

const ruleText = `
id: r1
name: Something
kind: Scheduled
severity: Medium
version: 1.0.0
queryFrequency: 5m
queryPeriod: 1h
triggerOperator: gt
triggerThreshold: 0
query: T
entityMappings:
  - entityType: Account
    fieldMappings:
      - {identifier: FullName, columnName: UserId}
eventGroupingSettings: {aggregationKind: AlertPerResult}
`

func rule(t *testing.T, changes ...string) *Rule {
	t.Helper()
	r, err := ParseRule("rule.yaml", []byte(strings.NewReplacer(changes...).Replace(ruleText)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What is learnt today is matched with the whole of the past, once.
func TestRulesThatMatchIndicatorsRunBackwards(t *testing.T) {
	b := newBench(t, rule(t, "severity: Medium", "severity: Medium\ntags: [MatchesIndicators]"), rule(t, "id: r1", "id: r2"))
	b.must(b.after(0))
	b.table.rows = append(b.table.rows, row{at: noon.AddDate(0, -11, 0), user: "ada", what: "x"}, row{at: noon.AddDate(-2, 0, 0), user: "bo", what: "x"})
	for _, want := range []int{1, 0} {
		if n, err := b.Backwards(t.Context(), b.now.AddDate(-1, 0, 0)); err != nil || n != want {
			t.Errorf("%d alerts, %v; want %d", n, err, want)
		}
		b.now = b.now.Add(time.Hour)
	}
	if len(b.sink.alerts) != 1 {
		t.Errorf("alerts %v", b.sink.alerts)
	}
}

func TestAnAlertIsRaisedOnceHoweverOftenItsWindowSlides(t *testing.T) {
	b := newBench(t, rule(t))
	b.must(b.after(0, row{at: noon.Add(-time.Minute), user: "ada", what: "x"}))
	for range 30 {
		b.must(b.after(5 * time.Minute))
	}
	if len(b.sink.alerts) != 1 {
		t.Fatalf("got %d alerts", len(b.sink.alerts))
	}
	for id, n := range b.sink.raised {
		if n != 1 {
			t.Errorf("alert %s was raised %d times", id, n)
		}
	}
}

func TestLateRowsAreFoundInWindowsThatHaveRun(t *testing.T) {
	b := newBench(t, rule(t))
	b.must(b.after(0))
	b.must(b.after(5 * time.Minute))
	if len(b.sink.alerts) != 0 {
		t.Fatal("alert out of nothing")
	}
	b.must(b.after(2*time.Hour, row{at: noon.Add(-30 * time.Hour), user: "ada", what: "late"}))
	if len(b.sink.alerts) != 1 {
		t.Fatalf("got %d alerts from a row that is 32 hours late, want 1", len(b.sink.alerts))
	}
}

func TestRowsAboutOneSubjectGrowItsAlert(t *testing.T) {
	b := newBench(t, rule(t))
	b.must(b.after(0, row{at: noon.Add(-time.Minute), user: "ada", what: "1"}, row{at: noon.Add(-time.Minute), user: "ben", what: "1"}))
	b.must(b.after(5*time.Minute, row{at: noon.Add(3 * time.Minute), user: "ada", what: "2"}))
	if len(b.sink.alerts) != 2 {
		t.Fatalf("got %d alerts, want one about each person", len(b.sink.alerts))
	}
	totals := map[string]int{}
	for _, a := range b.sink.alerts {
		totals[a.Entities[0].Identifiers["FullName"]] = a.Evidence.Total
	}
	if totals["ada"] != 2 || totals["ben"] != 1 {
		t.Errorf("rows by person: %v", totals)
	}
	// Hours later it is another story.
	b.must(b.after(5*time.Hour, row{at: noon.Add(5 * time.Hour), user: "ada", what: "3"}))
	if len(b.sink.alerts) != 3 {
		t.Errorf("got %d alerts, want a new one", len(b.sink.alerts))
	}
}

func TestAFailingRuleStopsNobodyAndMissesNothing(t *testing.T) {
	b := newBench(t, rule(t, "query: T", "query: broken"), rule(t, "id: r1", "id: r2"), rule(t, "id: r1", "id: r3", "query: T", "query: mistake"))
	b.table.broken["broken"] = errors.New("engine on fire")
	if err := b.after(0, row{at: noon.Add(-time.Minute), user: "ada", what: "x"}); err == nil {
		t.Error("the failure was not reported")
	}
	if len(b.sink.alerts) != 1 {
		t.Fatalf("got %d alerts, want that of the sound rule", len(b.sink.alerts))
	}
	health, err := b.Health(t.Context())
	b.must(err)
	if !strings.Contains(health[0].LastError, "on fire") || health[1].LastError != "" || !strings.Contains(health[2].LastError, "compile") {
		t.Errorf("health: %+v", health)
	}
	delete(b.table.broken, "broken")
	b.must(b.after(10 * time.Second))
	if len(b.sink.alerts) != 2 {
		t.Errorf("got %d alerts: the window that failed was not run again", len(b.sink.alerts))
	}
}

func TestARuleThatGoesOnFailingIsTriedLessOften(t *testing.T) {
	b := newBench(t, rule(t, "query: T", "query: broken"))
	b.table.broken["broken"] = errors.New("took too long")
	var attempts []time.Duration
	for b.now.Before(noon.Add(time.Hour)) {
		asked := len(b.table.queries)
		_ = b.after(10 * time.Second)
		if len(b.table.queries) > asked {
			attempts = append(attempts, b.now.Sub(noon))
		}
	}
	// At the next tick, then after pauses that double up to five minutes.
	for i, want := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second} {
		if attempts[i] != want {
			t.Fatalf("tried after %v", attempts)
		}
	}
	if n := len(attempts); n > 20 || attempts[n-1]-attempts[n-2] != longestPause {
		t.Errorf("tried after %v", attempts)
	}
	// A clock that is set back prolongs no pause.
	b.now = b.now.Add(-time.Hour)
	asked := len(b.table.queries)
	_ = b.after(10 * time.Second)
	if len(b.table.queries) == asked {
		t.Error("the rule waits until the clock is where it was")
	}
}

func TestARestartGoesOnWhereItWas(t *testing.T) {
	b := newBench(t, rule(t))
	b.must(b.after(0, row{at: noon.Add(-time.Minute), user: "ada", what: "x"}))
	again, err := New(t.Context(), DefaultConfig(), b.store.db, []*Rule{rule(t)}, b.table, b.sink, b, slog.New(slog.DiscardHandler))
	b.must(err)
	b.Detector = again
	b.must(b.after(3*time.Hour, row{at: noon.Add(time.Hour), user: "ben", what: "while away"}))
	if len(b.sink.alerts) != 2 {
		t.Errorf("got %d alerts, want 2: one before the restart, one for what happened meanwhile", len(b.sink.alerts))
	}
}

func TestSuppressionHoldsARuleBack(t *testing.T) {
	b := newBench(t, rule(t, "query: T", "query: T\nsuppressionEnabled: true\nsuppressionDuration: 1h"))
	b.must(b.after(0, row{at: noon.Add(-time.Minute), user: "ada", what: "x"}))
	b.must(b.after(10*time.Minute, row{at: noon.Add(5 * time.Minute), user: "ben", what: "x"}))
	if len(b.sink.alerts) != 1 {
		t.Fatalf("got %d alerts within the suppression", len(b.sink.alerts))
	}
	b.must(b.after(55 * time.Minute))
	if len(b.sink.alerts) != 2 {
		t.Errorf("got %d alerts after it", len(b.sink.alerts))
	}
}

func TestThresholdCountsRows(t *testing.T) {
	b := newBench(t, rule(t, "triggerThreshold: 0", "triggerThreshold: 2", "AlertPerResult", "SingleAlert"))
	b.must(b.after(0, row{at: noon.Add(-2 * time.Minute), user: "ada", what: "1"}, row{at: noon.Add(-time.Minute), user: "ada", what: "2"}))
	if len(b.sink.alerts) != 0 {
		t.Fatal("two rows are not more than two")
	}
	b.must(b.after(5*time.Minute, row{at: noon, user: "ada", what: "3"}))
	if len(b.sink.alerts) != 1 {
		t.Fatalf("got %d alerts", len(b.sink.alerts))
	}
}

func TestAlertDetailsComeFromTheRow(t *testing.T) {
	b := newBench(t, rule(t, "query: T", "query: T\nalertDetailsOverride: {alertDisplayNameFormat: '{{What}} by {{ UserId }}'}\ncustomDetails: {Thing: What}"))
	b.must(b.after(0, row{at: noon.Add(-time.Minute), user: "ada", what: "theft"}))
	for _, a := range b.sink.alerts {
		if a.Name != "theft by ada" || a.CustomDetails["Thing"][0] != "theft" {
			t.Errorf("name %q, details %v", a.Name, a.CustomDetails)
		}
		if !a.Start.Equal(noon.Add(-time.Minute)) || !a.Watermark.Equal(noon) {
			t.Errorf("start %s, watermark %s", a.Start, a.Watermark)
		}
	}
}

func TestTwoRulesOfOneIDAreRefused(t *testing.T) {
	b := newBench(t)
	_, err := New(t.Context(), DefaultConfig(), b.store.db, []*Rule{rule(t), rule(t)}, b.table, b.sink, b, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "same id r1") {
		t.Errorf("error %v", err)
	}
}
