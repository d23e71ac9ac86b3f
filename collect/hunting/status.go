package hunting

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/graph"
	"github.com/quoll/quoll/model"
)

// statusTimeout bounds the database's part of a status.
const statusTimeout = 5 * time.Second

// problem puts an error into words.
func problem(err error, now time.Time) *collect.Problem {
	if err == nil {
		return nil
	}
	p := &collect.Problem{
		Time: now, Code: graph.CodeOf(err), Detail: err.Error(), Cause: "The hunting query failed.",
		Remedy: "Nothing to do if it passes. If it lasts for hours, look at the service health page of Microsoft 365.",
	}
	switch {
	case errors.Is(err, errStorage):
		p.Cause, p.Remedy = "Quoll could not store what it collected.", "Check the disk of this machine: is it full, or not writable?"
	case errors.Is(err, graph.ErrCredential):
		p.Cause, p.Remedy = "Microsoft Entra refuses the application.", "Check tenant, client id and credential in the configuration."
	case graph.Throttled(err):
		p.Cause, p.Remedy = "Microsoft asks for fewer hunting queries.", "Nothing to do: Quoll waits and goes on. If it lasts, find the other clients of advanced hunting, or collect fewer tables."
	case graph.StatusOf(err) == http.StatusForbidden:
		p.Cause = "The application lacks the permission to hunt."
		p.Remedy = "In the Microsoft Entra admin center open App registrations, the application, API permissions; add the application permission ThreatHunting.Read.All of \"Microsoft Graph\" and grant admin consent."
	case graph.StatusOf(err) == http.StatusBadRequest:
		p.Cause, p.Remedy = "Microsoft does not accept the query.", "The tenant may not have the table: it comes with a licence of Defender. Leave it out of tables in the configuration, or wait for the licence."
	case graph.StatusOf(err) == 0:
		p.Cause, p.Remedy = "The server cannot be reached.", "Check the network, the name resolution and the proxy of this machine."
	}
	return p
}

// blocked reports whether a person has to mend what a problem is about.
func blocked(err error) bool {
	return errors.Is(err, graph.ErrCredential) || graph.StatusOf(err) == http.StatusForbidden
}

// Status implements collect.Collector. A stream is a table.
func (c *Collector) Status() collect.Status {
	ctx, cancel := context.WithTimeout(context.Background(), statusTimeout)
	defer cancel()
	now := c.clock.Now()
	status := collect.Status{Name: "hunting/" + c.cfg.TenantID, Source: model.SourceHunting, Tenant: c.cfg.TenantID, Health: collect.HealthRunning}
	for _, t := range c.tables {
		one := t.status(ctx, now)
		if one.Problem != nil && (status.Problem == nil || collect.Worst(status.Health, one.Health) != status.Health) {
			status.Problem = one.Problem
		}
		status.Health = collect.Worst(status.Health, one.Health)
		status.Streams = append(status.Streams, one)
	}
	if c.stopped.Load() {
		status.Health = collect.HealthStopped
	}
	return status
}

func (t *table) status(ctx context.Context, now time.Time) collect.StreamStatus {
	m, err := t.marks.read(ctx, t.name)
	t.mu.Lock()
	polls, trouble, refused := t.polls, t.problem, t.refused
	t.mu.Unlock()
	s := collect.StreamStatus{
		ContentType: t.name, Health: collect.HealthRunning, LastSuccess: m.lastSuccess, LastBlob: m.lastJournalled, LastJournalled: m.lastJournalled,
		Cursor: m.through, Counts: collect.Counts{Journalled: m.queries, Gaps: m.gaps, Records: m.rows, Bytes: m.bytes}, Problem: trouble,
	}
	if !s.Cursor.IsZero() {
		s.Lag = max(now.Sub(s.Cursor), 0)
	}
	s.Failures, s.Errors = t.trouble.Failures()
	switch {
	case err != nil:
		s.Health, s.Problem = collect.HealthDegraded, problem(errors.Join(errStorage, err), now)
	case refused:
		s.Health = collect.HealthBlocked
	case trouble != nil:
		s.Health = collect.HealthDegraded
	case polls == 0:
		s.Health = collect.HealthStarting
	}
	return s
}
