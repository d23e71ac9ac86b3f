package roads

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/pipeline"
	"github.com/quoll/quoll/simulate/lives"
)

// river is what the roads lead into, on a disk in memory.
type river struct {
	*lives.Process
	machine *lives.Machine
	seen    *sightings
	log     *logText
}

func openRiver(t *testing.T) *river {
	t.Helper()
	r := &river{seen: &sightings{at: map[string]time.Time{}}, log: &logText{}}
	var err error
	r.machine, err = lives.NewMachine(1)
	must(t, err)
	r.Process, err = r.machine.Boot(t.Context(), lives.Config{
		Clock: clock.System(),
		Watch: func(l *lake.Lake) pipeline.Lake { r.seen.Lake = l; return r.seen },
	})
	must(t, err)
	return r
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
	var runs []func(context.Context) error
	for _, c := range collectors {
		runs = append(runs, c.Run)
	}
	if err := r.Run(ctx, runs...); err != nil {
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
