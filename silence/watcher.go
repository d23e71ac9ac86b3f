package silence

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quoll/quoll/internal/clock"
)

// Count is how many records of an operation happened in an hour.
type Count struct {
	Series
	Hour    time.Time // its beginning, UTC
	Records int64
	// Lag is that of the latest of them, from happening to being visible; zero
	// when a search of the past brought them all.
	Lag time.Duration
}

// Counter counts the records that are visible now and happened in [from, to),
// by operation and hour. Hours without records are left out.
type Counter interface {
	Counts(ctx context.Context, from, to time.Time) ([]Count, error)
}

// Dependencies are what a Watcher works with. All are needed but Busy.
type Dependencies struct {
	DB      *sql.DB // of internal/state
	Counter Counter
	// Reached says up to when everything that a source offers of a content type
	// is collected, or the zero time if it is not collected: then nothing of it
	// is missed.
	Reached func(tenant, contentType string) time.Time
	// Busy says whether much came in since it was last asked. The first look of all waits
	// meanwhile: it counts weeks, in which no silence can be known yet.
	Busy   func() bool
	Clock  clock.Clock
	Logger *slog.Logger
}

const (
	// every is the time between two looks, retry that after a failure.
	every, retry = time.Hour, 5 * time.Minute
	// calm is the time in which little came in when the first look of all begins, and
	// mostCalms how many of them it waits at most.
	calm, mostCalms = 5 * time.Second, 120
	// recount is how far back hours are counted again at every look, and
	// recountDaily once a day: records come late.
	recount, recountDaily = 48 * time.Hour, 8 * 24 * time.Hour
	// lagMemory is how long it is remembered how late records were, leastLag and
	// mostLag bound what is made of it.
	lagMemory         = 28 * 24 * time.Hour
	leastLag, mostLag = 2 * time.Hour, 72 * time.Hour
	// mostCounts bounds the counts of one question.
	mostCounts = 500_000
)

// Watcher counts, learns and raises alarms.
type Watcher struct {
	Dependencies
	store *store

	daily time.Time // day of the last look that counted further back

	mu     sync.Mutex
	alarms []Alarm
}

// New prepares the tables in the state.
func New(ctx context.Context, deps Dependencies) (*Watcher, error) {
	s, err := openStore(ctx, deps.DB)
	if err != nil {
		return nil, err
	}
	return &Watcher{Dependencies: deps, store: s}, nil
}

// Run looks every hour until ctx ends, and then returns nil. A look that fails
// is logged and tried again soon.
func (w *Watcher) Run(ctx context.Context) error {
	w.awaitCalm(ctx)
	for ctx.Err() == nil {
		wait := every
		if err := w.Look(ctx); err != nil && ctx.Err() == nil {
			wait = retry
			w.Logger.Warn("looking for silent sources failed; it is tried again", "error", err, "after", wait)
		}
		if clock.Sleep(ctx, w.Clock, wait) != nil {
			break
		}
	}
	return nil
}

// awaitCalm waits before the first look of all until a backlog is worked off, a while at
// most: each question brings the rows that are in memory just then to the engine.
func (w *Watcher) awaitCalm(ctx context.Context) {
	if w.Busy == nil {
		return
	}
	if counted, err := w.store.counted(ctx); err != nil || !counted.IsZero() {
		return // the look will meet the error, too
	}
	for range mostCalms {
		if clock.Sleep(ctx, w.Clock, calm) != nil || !w.Busy() {
			return
		}
	}
}

// Alarms returns what was silent at the last look, the widest first.
func (w *Watcher) Alarms() []Alarm {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.alarms)
}

// Look counts what is new and judges every series.
func (w *Watcher) Look(ctx context.Context) error {
	now := w.Clock.Now().UTC()
	if err := w.count(ctx, now); err != nil {
		return fmt.Errorf("count records: %w", err)
	}
	alarms, err := w.judge(ctx, now)
	if err != nil {
		return fmt.Errorf("judge silence: %w", err)
	}
	w.replace(alarms)
	return nil
}

// count brings the counts up to date, a week at a time.
func (w *Watcher) count(ctx context.Context, now time.Time) error {
	counted, err := w.store.counted(ctx)
	if err != nil {
		return err
	}
	today := now.Truncate(24 * time.Hour)
	from := now.Add(-memoryWeeks * weekHours * time.Hour)
	switch {
	case counted.IsZero():
	case w.daily.Equal(today):
		from = counted.Add(-recount)
	default:
		from = counted.Add(-recountDaily)
	}
	for from = from.Truncate(time.Hour); from.Before(now); from = from.Add(weekHours * time.Hour) {
		to := from.Add(weekHours * time.Hour)
		if to.After(now) {
			to = now
		}
		counts, err := w.Counter.Counts(ctx, from, to)
		if err != nil {
			return err
		}
		if len(counts) > mostCounts {
			return fmt.Errorf("%d counts from %s to %s are more than the %d that are kept", len(counts), from.Format(time.RFC3339), to.Format(time.RFC3339), mostCounts)
		}
		if err := w.store.save(ctx, counts, to, !counted.IsZero()); err != nil {
			return err
		}
	}
	w.daily = today
	return nil
}

// sum is the counts of everything below a series that is not an operation.
type sum struct {
	counts  []uint32
	records float64
	lag     float64 // of its operations, each times its records, in seconds
}

// judge looks at everything that is kept.
func (w *Watcher) judge(ctx context.Context, now time.Time) ([]Alarm, error) {
	lags, err := w.store.lags(ctx, now.Add(-lagMemory))
	if err != nil {
		return nil, err
	}
	return newView(now, lags, w.Reached).alarms(func(start time.Time, n int, use func(Series, []uint32) error) error {
		return w.store.each(ctx, start, n, use)
	})
}

// view is one look at all series.
type view struct {
	now, start time.Time
	hours      int
	lags       map[Series][]int64
	reached    func(tenant, contentType string) time.Time

	sums   map[Series]*sum
	until  map[Series]time.Time // how far tenants and content types were collected
	silent map[Series]Alarm
}

func newView(now time.Time, lags map[Series][]int64, reached func(tenant, contentType string) time.Time) *view {
	start := now.Add(-(memoryWeeks + 1) * weekHours * time.Hour).Truncate(time.Hour)
	return &view{
		now: now, start: start, hours: int(now.Sub(start) / time.Hour), lags: lags, reached: reached,
		sums: map[Series]*sum{}, until: map[Series]time.Time{}, silent: map[Series]Alarm{},
	}
}

// alarms goes over the operations twice: to add them up, and to judge them among
// their surroundings. each hands over their counts from an hour on.
func (v *view) alarms(each func(start time.Time, n int, use func(Series, []uint32) error) error) ([]Alarm, error) {
	err := each(v.start, v.hours, func(s Series, counts []uint32) error {
		lag := lagOf(v.lags[s])
		for _, above := range []Series{{s.Tenant, s.ContentType, s.RecordType, ""}, {s.Tenant, s.ContentType, "", ""}, {s.Tenant, "", "", ""}} {
			v.sums[above] = v.sums[above].add(counts, lag)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	v.askReached()
	for s, total := range v.sums {
		v.look(s, total.counts, total.usualLag())
	}
	err = each(v.start, v.hours, func(s Series, counts []uint32) error {
		v.look(s, counts, lagOf(v.lags[s]))
		return nil
	})
	return widest(v.silent), err
}

// askReached asks how far each content type was collected; a tenant is as far as
// the last of its content types.
func (v *view) askReached() {
	for s := range v.sums {
		if s.ContentType == "" || s.RecordType != "" {
			continue
		}
		at := v.reached(s.Tenant, s.ContentType)
		v.until[s] = at
		tenant := Series{Tenant: s.Tenant}
		if before, ok := v.until[tenant]; !at.IsZero() && (!ok || at.Before(before)) {
			v.until[tenant] = at
		}
	}
}

// look judges one series up to where all of it must have arrived.
func (v *view) look(s Series, counts []uint32, lag time.Duration) {
	end := v.now.Add(-lag)
	if until := v.until[Series{Tenant: s.Tenant, ContentType: s.ContentType}]; until.Before(end) {
		end = until
	}
	hours := min(int(end.Sub(v.start)/time.Hour), v.hours)
	if hours <= 0 {
		return
	}
	first := v.start.Unix() / 3600
	alarm, ok := judge(past{first, counts[:hours]}, func(from, to int) float64 { return liveliness(v.around(s))(from, to) })
	if ok {
		alarm.Series = s
		v.silent[s] = alarm
	}
}

// around returns the record types of a tenant that have nothing to do with a
// series.
func (v *view) around(s Series) []past {
	var others []past
	for other, total := range v.sums {
		within := other.ContentType == s.ContentType && (s.RecordType == "" || other.RecordType == s.RecordType)
		if other.Tenant == s.Tenant && other.RecordType != "" && s.ContentType != "" && !within {
			others = append(others, past{v.start.Unix() / 3600, total.counts})
		}
	}
	return others
}

// widest leaves out alarms below others: when a record type is silent, so are
// its operations. The rest is in order.
func widest(silent map[Series]Alarm) []Alarm {
	var alarms []Alarm
	for s, alarm := range silent {
		covered := false
		for _, above := range []Series{{Tenant: s.Tenant}, {Tenant: s.Tenant, ContentType: s.ContentType}, {s.Tenant, s.ContentType, s.RecordType, ""}} {
			if _, ok := silent[above]; ok && above != s {
				covered = true
			}
		}
		if !covered {
			alarms = append(alarms, alarm)
		}
	}
	slices.SortFunc(alarms, func(a, b Alarm) int { return strings.Compare(a.Series.String(), b.Series.String()) })
	return alarms
}

// String names a series: "Audit.Exchange / ExchangeItem / Send of <tenant>".
func (s Series) String() string {
	return s.Name() + " of " + s.Tenant
}

// Name is the series without its tenant; "everything" for all of that. A table
// that is watched as a whole is its own record type, and named once.
func (s Series) Name() string {
	if s.ContentType == "" {
		return "everything"
	}
	name := s.ContentType
	for _, part := range []string{s.RecordType, s.Operation} {
		if part != "" && part != s.ContentType {
			name += " / " + part
		}
	}
	return name
}

func (t *sum) add(counts []uint32, lag time.Duration) *sum {
	if t == nil {
		t = &sum{counts: make([]uint32, len(counts))}
	}
	records := 0.0
	for i, n := range counts {
		t.counts[i] += n
		records += float64(n)
	}
	t.records += records
	t.lag += records * lag.Seconds()
	return t
}

// usualLag is the mean over what is in it: of all of it, something is heard as
// soon as the quicker part is there.
func (t *sum) usualLag() time.Duration {
	if t.records == 0 {
		return mostLag
	}
	return time.Duration(t.lag / t.records * float64(time.Second))
}

// lagOf is how late records of a series usually are at the most: what three days
// of four do not exceed.
func lagOf(days []int64) time.Duration {
	if len(days) == 0 {
		return mostLag
	}
	slices.Sort(days)
	lag := time.Duration(days[(len(days)-1)*3/4]) * time.Second
	return min(max(lag, leastLag), mostLag)
}

// replace keeps the alarms of a look, and logs what is new and what has ended.
func (w *Watcher) replace(alarms []Alarm) {
	w.mu.Lock()
	before := w.alarms
	w.alarms = alarms
	w.mu.Unlock()
	has := func(in []Alarm, s Series) bool {
		return slices.ContainsFunc(in, func(a Alarm) bool { return a.Series == s })
	}
	for _, a := range alarms {
		if !has(before, a.Series) {
			w.Logger.Warn("a source is silent", "series", a.Series.Name(), "tenant", a.Series.Tenant, "since", a.Since,
				"expected", a.Expected, "probability", a.Probability, "longestGap", a.LongestGap)
		}
	}
	for _, a := range before {
		if !has(alarms, a.Series) {
			w.Logger.Info("a silent source is heard again, or is no longer missed", "series", a.Series.Name(), "tenant", a.Series.Tenant, "since", a.Since)
		}
	}
}
