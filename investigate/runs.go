package investigate

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/query"
)

// The states of a Run.
const (
	Running = "running"
	Done    = "done"
	Failed  = "failed"
	Stopped = "stopped" // with the process, or because it was taken away
)

// Bounds of the runs that are kept.
const (
	mostRunning = 2
	mostKept    = 50
	// keptBytes bounds the reports that are kept, as JSON. The newest is kept
	// whatever it has.
	keptBytes = 64 << 20
	// keptFor is how long a run is kept after it was started: a report holds what other
	// people wrote, and is made again when it is wanted.
	keptFor = 30 * 24 * time.Hour
	// sectionRows and sectionBytes bound each section of a report, so that one report
	// cannot fill the memory; the report says where it was cut.
	sectionRows  = 50_000
	sectionBytes = 4 << 20
)

// ErrBusy says that as many reports are prepared as may be at a time.
var ErrBusy = errors.New("two reports are being prepared: wait for one of them")

// ErrNotFound says that there is no such run, or none any more.
var ErrNotFound = errors.New("no such investigation")

// Run is a report in the making, or made.
type Run struct {
	ID      string
	By      string
	Subject Subject
	State   string
	Started time.Time
	Ended   time.Time // zero while it runs
	// Finished sections, of Total; Total is 0 before the first is begun.
	Finished, Total int
	Error           string // why it failed
	SHA256          string // of the report
	Sections        []Summary
}

// Summary is a section without its rows.
type Summary struct {
	Title, Says string
	Rows        int
	Truncated   bool
	SHA256      string
}

// Runs prepares reports in the background. It keeps the newest in the state database,
// so that a link to one works after a restart. It is safe for concurrent use.
type Runs struct {
	ask   Ask
	now   func() time.Time
	store store
	// keep bounds the reports that are kept, in bytes.
	keep int

	mu      sync.Mutex
	work    context.Context // of the process; nil: it starts or stops
	runs    []*run          // the oldest first
	working sync.WaitGroup
}

type run struct {
	Run
	stop context.CancelFunc
	size int // of the report as JSON, in bytes; 0 where there is none
}

// Open returns runs that ask so, and those of before in the state database.
func Open(ctx context.Context, db *sql.DB, ask Ask, now func() time.Time) (*Runs, error) {
	kept, err := openStore(ctx, db)
	if err != nil {
		return nil, err
	}
	r := &Runs{ask: ask, now: now, store: kept, keep: keptBytes}
	if r.runs, err = kept.load(ctx); err != nil {
		return nil, err
	}
	return r, r.trim(ctx)
}

// trimEvery is how often it is looked for runs that are too old.
const trimEvery = time.Hour

// Serve lets reports be prepared until ctx ends, stops those that are not done
// then, and returns nil.
func (r *Runs) Serve(ctx context.Context) error {
	r.mu.Lock()
	r.work = ctx
	r.mu.Unlock()
	for clock.Sleep(ctx, clock.System(), trimEvery) == nil {
		r.mu.Lock()
		_ = r.trim(ctx) // what could not go now goes in an hour
		r.mu.Unlock()
	}
	r.mu.Lock()
	r.work = nil
	r.mu.Unlock()
	r.working.Wait()
	return nil
}

// Start begins a report. The error is ErrBusy where too many are being made.
func (r *Runs) Start(s Subject, by string) (Run, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.work == nil || r.work.Err() != nil {
		return Run{}, errors.New("start an investigation: the process starts or stops")
	}
	running := 0
	for _, other := range r.runs {
		if other.State == Running {
			running++
		}
	}
	if running >= mostRunning {
		return Run{}, ErrBusy
	}
	ctx, stop := context.WithCancel(r.work)
	begun := &run{Run: Run{ID: uuid.NewString(), By: by, Subject: s, State: Running, Started: r.now().UTC()}, stop: stop}
	if err := r.store.keep(ctx, &begun.Run, packed{}); err != nil {
		stop()
		return Run{}, err
	}
	r.runs = append(r.runs, begun)
	if err := r.trim(ctx); err != nil {
		stop()
		begun.State = Failed // not one of those that run
		return Run{}, err
	}
	r.working.Go(func() {
		defer stop()
		r.prepare(ctx, begun)
	})
	return begun.Run, nil
}

func (r *Runs) prepare(ctx context.Context, a *run) {
	ask := func(ctx context.Context, q query.Request) (*query.Result, error) {
		q.Limits.Rows, q.Limits.Bytes = sectionRows, sectionBytes
		return r.ask(ctx, q)
	}
	report, err := Prepare(ctx, a.Subject, ask, func(done, total int) {
		r.mu.Lock()
		defer r.mu.Unlock()
		a.Finished, a.Total = done, total
	})
	var body packed
	if err == nil {
		body, err = pack(report)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	a.Ended = r.now().UTC()
	switch {
	case ctx.Err() != nil:
		a.State = Stopped
	case err != nil:
		a.State, a.Error = Failed, err.Error()
	default:
		a.State, a.SHA256, a.Finished = Done, report.SHA256, a.Total
		for _, s := range report.Sections {
			a.Sections = append(a.Sections, Summary{s.Title, s.Says, len(s.Rows), s.Truncated, s.SHA256})
		}
	}
	if _, err := r.find(a.ID); err != nil {
		return // it was taken away
	}
	// The end of the process stops a run, and not the note of that.
	ctx = context.WithoutCancel(ctx)
	if a.State != Done {
		body = packed{}
	}
	err = r.store.keep(ctx, &a.Run, body)
	if err == nil {
		a.size = body.size
		err = r.trim(ctx)
	}
	if err != nil {
		a.State, a.Error = Failed, err.Error()
	}
}

// trim lets go of those that are too old, and of the oldest that are over, until the
// rest is within bounds. The caller holds r.mu.
func (r *Runs) trim(ctx context.Context) error {
	kept := 0
	for _, a := range r.runs {
		kept += a.size
	}
	old := r.now().Add(-keptFor)
	for len(r.runs) > 0 {
		i := slices.IndexFunc(r.runs, func(a *run) bool { return a.State != Running })
		if i < 0 {
			return nil
		}
		a := r.runs[i]
		over := i < len(r.runs)-1 && (len(r.runs) > mostKept || kept > r.keep)
		if !over && !a.Started.Before(old) {
			return nil
		}
		if err := r.store.remove(ctx, a.ID); err != nil {
			return err
		}
		kept -= a.size
		r.runs = slices.Delete(r.runs, i, i+1)
	}
	return nil
}

// List returns what is kept, the newest first.
func (r *Runs) List() []Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Run, 0, len(r.runs))
	old := r.now().Add(-keptFor)
	for _, a := range slices.Backward(r.runs) {
		if !a.Started.Before(old) || a.State == Running {
			all = append(all, a.Run)
		}
	}
	return all
}

// Get returns one; the error is ErrNotFound.
func (r *Runs) Get(id string) (Run, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, err := r.find(id)
	if err != nil {
		return Run{}, err
	}
	return a.Run, nil
}

// Report returns what a run that is done found. The error is ErrNotFound, or says
// why there is no report.
func (r *Runs) Report(ctx context.Context, id string) (*Report, error) {
	a, err := r.Get(id)
	if err != nil {
		return nil, err
	}
	if a.State != Done {
		return nil, &NoReportError{a.State}
	}
	body, err := r.store.report(ctx, id)
	if err != nil {
		return nil, err
	}
	report := &Report{}
	if err := json.Unmarshal(body, report); err != nil {
		return nil, fmt.Errorf("read the report of investigation %s: %w", id, err)
	}
	return report, nil
}

// NoReportError says that a run has no report, by its state.
type NoReportError struct{ State string }

func (e *NoReportError) Error() string { return "there is no report: the investigation is " + e.State }

// Remove takes a run away, and stops it where it is not done. The error is
// ErrNotFound.
func (r *Runs) Remove(ctx context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, err := r.find(id)
	if err != nil {
		return err
	}
	a.stop()
	if err := r.store.remove(ctx, id); err != nil {
		return err
	}
	r.runs = slices.DeleteFunc(r.runs, func(other *run) bool { return other == a })
	return nil
}

func (r *Runs) find(id string) (*run, error) {
	i := slices.IndexFunc(r.runs, func(a *run) bool { return a.ID == id })
	if i < 0 || r.runs[i].State != Running && r.runs[i].Started.Before(r.now().Add(-keptFor)) {
		return nil, ErrNotFound
	}
	return r.runs[i], nil
}
