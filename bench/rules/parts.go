package main

import (
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/rules"
)

// schedules are those that published rules have, how often and how far back.
var schedules = []struct{ frequency, period string }{
	{"5m", "1h"}, {"5m", "1d"}, {"15m", "1h"}, {"15m", "1d"}, {"1h", "1h"}, {"1h", "1d"}, {"1h", "14d"}, {"1d", "1d"}, {"1d", "7d"}, {"1d", "14d"},
}

var (
	frequencyLine = regexp.MustCompile(`(?m)^queryFrequency:.*$`)
	periodLine    = regexp.MustCompile(`(?m)^queryPeriod:.*$`)
	idLine        = regexp.MustCompile(`(?m)^id:.*$`)
	threshold     = regexp.MustCompile(`>=? \d+\b`)
)

// variations returns the rules that ship and then variations of them: other
// schedules and other thresholds.
func variations(n int) ([]*detect.Rule, error) {
	names, err := fs.Glob(rules.Files, "*.yaml")
	if err != nil {
		return nil, err
	}
	var all []*detect.Rule
	for round := 0; len(all) < n; round++ {
		for i, name := range names {
			if strings.HasSuffix(name, ".test.yaml") || len(all) == n {
				continue
			}
			text, err := fs.ReadFile(rules.Files, name)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				text = vary(text, round, i)
			}
			r, err := detect.ParseRule(fmt.Sprintf("%d-%s", round, name), text)
			if err != nil {
				return nil, err
			}
			all = append(all, r)
		}
	}
	return all, nil
}

func vary(text []byte, round, i int) []byte {
	s := schedules[(i+3*round)%len(schedules)]
	text = idLine.ReplaceAll(text, fmt.Appendf(nil, "id: 00000000-0000-4000-8000-%06d%06d", round, i))
	text = frequencyLine.ReplaceAll(text, []byte("queryFrequency: "+s.frequency))
	text = periodLine.ReplaceAll(text, []byte("queryPeriod: "+s.period))
	return threshold.ReplaceAllFunc(text, func(found []byte) []byte {
		operator, number, _ := strings.Cut(string(found), " ")
		if v, err := strconv.Atoi(number); err == nil && v > 1 {
			return fmt.Appendf(nil, "%s %d", operator, v+round)
		}
		return found
	})
}

// querier answers rules, and counts.
type querier struct {
	service *query.Service
	asked   atomic.Int64
}

// Query implements detect.Querier.
func (q *querier) Query(ctx context.Context, r query.Request) (*query.Result, error) {
	if r.Standing {
		q.asked.Add(1)
	}
	return q.service.Query(ctx, r)
}

// Expect implements detect.Querier.
func (q *querier) Expect(ctx context.Context, text string, reach time.Duration) ([]*query.Interest, error) {
	return q.service.Expect(ctx, text, reach)
}

// Meets implements detect.Querier.
func (q *querier) Meets(ctx context.Context, it *query.Interest, keys []string) ([]bool, error) {
	return q.service.Meets(ctx, it, keys)
}

// sink keeps alerts in memory.
type sink struct {
	mu     sync.Mutex
	alerts map[string]model.Alert
}

// Raise implements detect.Sink.
func (s *sink) Raise(_ context.Context, a model.Alert) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.alerts == nil {
		s.alerts = map[string]model.Alert{}
	}
	s.alerts[a.ID] = a
	return nil
}

// Alert implements detect.Sink.
func (s *sink) Alert(_ context.Context, id string) (*model.Alert, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.alerts[id]
	if !ok {
		return nil, fmt.Errorf("no alert %s", id)
	}
	return &a, nil
}

// hands are a clock that is set.
type hands struct {
	mu  sync.Mutex
	now time.Time
}

// Now implements clock.Clock.
func (h *hands) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

// NewTimer implements clock.Clock; who looks once waits for nothing.
func (h *hands) NewTimer(d time.Duration) clock.Timer { return clock.System().NewTimer(d) }

func (h *hands) set(t time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = t
}
