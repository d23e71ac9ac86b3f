package roads

import (
	"context"
	"database/sql"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/internal/state/statetest"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/pipeline"
)

// river is journal, normaliser and lake of one process, on a disk in memory.
type river struct {
	state    *sql.DB
	pipeline *pipeline.Pipeline
	seen     *sightings
	log      *logText
	closers  []func() error
}

func openRiver(t *testing.T) *river {
	t.Helper()
	r := &river{seen: &sightings{at: map[string]time.Time{}}, log: &logText{}}
	disk := durabletest.New(nil)
	open := func(name string) *statetest.Database {
		db, err := statetest.New(name)
		must(t, err)
		r.closers = append(r.closers, db.Close)
		return db
	}
	state, catalog := open("state.db"), open("catalog.db")
	kept, err := journal.Open(journal.Config{Dir: "/data/journal", SegmentBytes: 1 << 20, FS: disk})
	must(t, err)
	r.closers = append(r.closers, kept.Close)
	r.state = state.Open(disk)
	r.closers = append(r.closers, r.state.Close)
	rows := lake.DefaultConfig("/data/lake")
	rows.FS = disk
	rows.OpenCatalog = func(context.Context, string) (*sql.DB, error) { return catalog.Open(disk), nil }
	tables, err := lake.Open(t.Context(), rows, slog.New(slog.DiscardHandler))
	must(t, err)
	r.closers = append(r.closers, tables.Close)
	r.seen.Lake = tables
	pace := pipeline.DefaultConfig()
	pace.Workers, pace.Prefetch, pace.SealEvery = 1, 2, time.Minute
	r.pipeline, err = pipeline.New(t.Context(), pace, pipeline.Parts{
		Journal: kept, Lake: r.seen, Normaliser: normalise.New(normalise.Config{WorkspaceID: "simulated"}),
		State: r.state, Clock: clock.System(), Logger: slog.New(slog.DiscardHandler),
	})
	must(t, err)
	return r
}

func (r *river) close(t *testing.T) {
	t.Helper()
	for i := len(r.closers) - 1; i >= 0; i-- {
		must(t, r.closers[i]())
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// run lets collectors work until ctx ends, and then stops in the order of the
// river.
func (r *river) run(ctx context.Context, t *testing.T, collectors []collect.Collector) {
	t.Helper()
	keep, stopKeeping := context.WithCancel(context.WithoutCancel(ctx))
	defer stopKeeping()
	kept := make(chan error, 1)
	go func() { kept <- r.pipeline.Run(keep) }()
	var group sync.WaitGroup
	for _, c := range collectors {
		group.Go(func() {
			if err := c.Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	stopKeeping()
	if err := <-kept; err != nil {
		t.Error(err)
	}
}

// sightings note when each record could be seen first.
type sightings struct {
	*lake.Lake
	mu sync.Mutex
	at map[string]time.Time // by the record's own id
}

// Apply implements pipeline.Lake.
func (s *sightings) Apply(ctx context.Context, b lake.Batch) (lake.Applied, error) {
	applied, err := s.Lake.Apply(ctx, b)
	if err != nil {
		return applied, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range b.Records {
		id := idOf(r.Rows)
		if _, known := s.at[id]; !known {
			s.at[id] = time.Now()
		}
	}
	return applied, nil
}

func (s *sightings) of(id string) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.at[id]
	return at, ok
}

// logText is a log that can be read while it is written.
type logText struct {
	mu sync.Mutex
	strings.Builder
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Builder.Write(p)
}

// lines returns those that have all the parts.
func (l *logText) lines(parts ...string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []string
lines:
	for line := range strings.Lines(l.String()) {
		for _, part := range parts {
			if !strings.Contains(line, part) {
				continue lines
			}
		}
		found = append(found, line)
	}
	return found
}
