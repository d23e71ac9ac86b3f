package eventhub

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/entra"
	"github.com/quoll/quoll/model"
)

const (
	// statusTimeout bounds the database's part of a status.
	statusTimeout = 5 * time.Second
	// alarmPatience is how long messages may be outstanding before their deadline
	// is anybody's concern: after a pause of ours much is old, and read within
	// minutes.
	alarmPatience = 15 * time.Minute
	// alarmEvery is how often the log says it again while it lasts.
	alarmEvery  = 6 * time.Hour
	codeExpires = "content-expires"
)

// health is what the collector remembers of its session; totals are in the
// database. The collector's mutex guards it.
type health struct {
	stopped  bool
	problem  *collect.Problem
	blocked  bool
	trouble  *collect.Trouble
	looked   time.Time // when the namespace last answered
	assigned map[place]*assigned
}

// assigned is one partition that this process reads.
type assigned struct {
	latest      time.Time // message journalled last
	caughtUp    time.Time // when nothing was last outstanding
	outstanding int64
	behind      time.Time // since when something is seen to be outstanding; zero: nothing is
}

// oldest is a time before which nothing outstanding was taken by the hub; zero
// when that is not known.
func (a *assigned) oldest() time.Time {
	if a.caughtUp.After(a.latest) {
		return a.caughtUp
	}
	return a.latest
}

// assignedTo notes that a partition is this process's, as far as the state knows
// it. What was known to be outstanding stays so.
func (c *Collector) assignedTo(p place, k kept) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.health.assigned[p]; known != nil {
		known.latest, known.caughtUp = k.latest, k.caughtUp
		return
	}
	c.health.assigned[p] = &assigned{latest: k.latest, caughtUp: k.caughtUp}
}

func (c *Collector) journalled(m *mark) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a := c.health.assigned[m.place]; a != nil && m.next >= 0 {
		a.latest = m.latest
		a.outstanding = max(a.outstanding-m.messages, 0)
	}
}

// looked takes what a look found. Partitions that are not held by then are others';
// until then they stay known, as it is them that the alarm is about while the
// namespace does not answer.
func (c *Collector) looked(held, outstanding map[place]int64, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.health.looked, c.health.problem, c.health.blocked = at, nil, false
	c.health.trouble.Works(at)
	for p := range c.health.assigned {
		if _, ours := held[p]; !ours {
			delete(c.health.assigned, p)
		}
	}
	for p, n := range outstanding {
		a := c.health.assigned[p]
		if a == nil {
			continue
		}
		a.outstanding = n
		switch {
		case n == 0:
			a.caughtUp, a.behind = at, time.Time{}
		case a.behind.IsZero():
			a.behind = at
		}
	}
}

func (c *Collector) failed(err error) {
	now := c.clock.Now()
	p, blocked := explain(err, now)
	p.Detail = c.redact(err.Error())
	c.mu.Lock()
	c.health.problem, c.health.blocked = p, blocked
	c.health.trouble.Failed(p, blocked)
	for _, a := range c.health.assigned {
		if a.behind.IsZero() { // for all we know
			a.behind = now
		}
	}
	c.mu.Unlock()
	c.sound(now)
}

func (c *Collector) stopped() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.health.stopped = true
}

// hooks show trouble that the client goes on retrying by itself.
type hooks struct{ c *Collector }

var (
	_ kgo.HookBrokerConnect    = hooks{}
	_ kgo.HookGroupManageError = hooks{}
)

// OnBrokerConnect implements kgo.HookBrokerConnect.
func (h hooks) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		h.c.failed(fmt.Errorf("connect: %w", err))
	}
}

// OnGroupManageError implements kgo.HookGroupManageError.
func (h hooks) OnGroupManageError(err error) {
	if !ignorable(err) {
		h.c.failed(fmt.Errorf("group: %w", err))
	}
}

// deadline returns when the hub deletes the first of what is outstanding, zero
// when nothing is or nobody knows.
func (h *health) deadline(cfg *Config, hub string) (first time.Time, outstanding int64, since time.Time) {
	for p, a := range h.assigned {
		if p.hub != hub || a.behind.IsZero() {
			continue
		}
		outstanding += a.outstanding
		oldest := a.oldest()
		if oldest.IsZero() {
			continue
		}
		if end := oldest.Add(cfg.Retention); first.IsZero() || end.Before(first) {
			first, since = end, a.behind
		}
	}
	return first, outstanding, since
}

// alarm is the warning that messages are about to be lost, or nil.
func (h *health) alarm(cfg *Config, hub string, now time.Time) *collect.Problem {
	first, outstanding, since := h.deadline(cfg, hub)
	if cfg.ExpiryAlarm == 0 || first.IsZero() || now.Sub(since) < alarmPatience || now.Add(cfg.ExpiryAlarm).Before(first) {
		return nil
	}
	what := fmt.Sprintf("%d messages of %s are outstanding and will be lost", outstanding, hub)
	if outstanding == 0 {
		what = "What came to " + hub + " since it was last read may be lost"
	}
	return &collect.Problem{
		Time: now.UTC(), Code: codeExpires,
		Cause:  fmt.Sprintf("%s: the hub keeps messages for %v, and deletes the first of them from %s on.", what, cfg.Retention, first.UTC().Format("2006-01-02 15:04 UTC")),
		Remedy: "End the trouble that keeps them from being read before then, or raise the retention of the hub (and retention in the configuration).",
	}
}

// Status implements collect.Collector. A stream is a hub, as far as this process
// reads it. Its cursor is the time up to which everything that came is
// journalled; counts are of payloads, except the backlog, which is messages.
func (c *Collector) Status() collect.Status {
	ctx, cancel := context.WithTimeout(context.Background(), statusTimeout)
	defer cancel()
	all, err := c.offsets.totals(ctx)
	now := c.clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	status := collect.Status{Name: "eventhub/" + c.cfg.Namespace, Source: model.SourceEventHub, Tenant: c.cfg.Tenant, Health: collect.HealthRunning, Problem: c.health.problem}
	if c.tokens != nil {
		status.CredentialEnds = c.tokens.Expires()
		if w := entra.Warning(c.cfg.Application.Kind(), status.CredentialEnds, now); w != nil {
			status.Warnings = append(status.Warnings, *w)
		}
	}
	if err != nil {
		status.Problem, _ = explain(fmt.Errorf("%w: %w", errStorage, err), now)
	}
	switch {
	case c.health.stopped:
		status.Health = collect.HealthStopped
	case c.health.blocked:
		status.Health = collect.HealthBlocked
	case status.Problem != nil:
		status.Health = collect.HealthDegraded
	case c.health.looked.IsZero():
		status.Health = collect.HealthStarting
	}
	for _, hub := range c.cfg.Hubs {
		s := c.stream(hub, all[hub], status.Health, now)
		status.Streams = append(status.Streams, s)
		if status.Health != collect.HealthStopped {
			status.Health = collect.Worst(status.Health, s.Health)
		}
	}
	return status
}

func (c *Collector) stream(hub string, t totals, health collect.Health, now time.Time) collect.StreamStatus {
	s := collect.StreamStatus{
		ContentType: collect.DefenderTable(hub), Health: health,
		LastSuccess: c.health.looked, LastBlob: t.latest, LastJournalled: t.landed, Cursor: t.caughtUp,
		Counts:  collect.Counts{Journalled: t.payloads, Gaps: t.gaps, Bytes: t.bytes},
		Problem: c.health.problem,
	}
	s.Failures, s.Errors = c.health.trouble.Failures()
	s.NextExpiry, s.Counts.Listed, _ = c.health.deadline(&c.cfg, hub)
	if s.Counts.Listed > 0 {
		s.Cursor = t.latest
	}
	if !s.Cursor.IsZero() {
		s.Lag = max(now.Sub(s.Cursor), 0)
	}
	if warning := c.health.alarm(&c.cfg, hub, now); warning != nil {
		s.Warnings = append(s.Warnings, *warning)
		if s.Health != collect.HealthStopped {
			s.Health = collect.Worst(s.Health, collect.HealthDegraded)
		}
		if s.Problem == nil {
			s.Problem = warning
		}
	}
	return s
}
