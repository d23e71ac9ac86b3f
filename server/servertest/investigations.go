package servertest

import (
	"context"
	"fmt"
	"time"

	"github.com/quoll/quoll/server"
)

// investigationRuns is how long a report of Canned takes, by its clock.
const investigationRuns = 2 * time.Second

// StartInvestigation implements server.Investigations.
func (c *Canned) StartInvestigation(_ context.Context, r server.InvestigationRequest) (*server.Investigation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	begun := server.Investigation{ID: fmt.Sprintf("canned-%d", len(c.reports)+1), InvestigationRequest: r, By: "Canned", State: "running", Started: c.clock().UTC(), Total: 8}
	c.reports = append([]server.Investigation{begun}, c.reports...)
	return &begun, nil
}

// Investigations implements server.Investigations.
func (c *Canned) Investigations(context.Context) ([]server.Investigation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []server.Investigation
	for _, one := range c.reports {
		all = append(all, c.now(one))
	}
	return all, nil
}

// now is a report as far as it would be by now.
func (c *Canned) now(one server.Investigation) server.Investigation {
	over := one.Started.Add(investigationRuns)
	if c.clock().Before(over) {
		one.Done = int(c.clock().Sub(one.Started) * 8 / investigationRuns)
		return one
	}
	one.State, one.Done, one.Ended = "done", 8, &over
	one.SHA256 = "6b1f0c9d2e5a48d79c31f07be2a64d85f3901c7e6ab8d24f5e07913c8ab6d2f4"
	for i, title := range []string{"Messages opened", "Folders synchronised", "Rules and forwarding", "Files taken", "Mail sent", "Messages deleted", "Sign-ins", "Not seen"} {
		one.Sections = append(one.Sections, server.InvestigationSection{Title: title, Says: "Canned rows of this kind.", Rows: 1 + i%3, SHA256: one.SHA256})
	}
	return one
}

// Investigation implements server.Investigations.
func (c *Canned) Investigation(ctx context.Context, id string) (*server.Investigation, error) {
	all, err := c.Investigations(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].ID == id {
			return &all[i], nil
		}
	}
	return nil, server.ErrNotFound
}

// InvestigationReport implements server.Investigations: one row in a section.
func (c *Canned) InvestigationReport(ctx context.Context, id, format string) ([]byte, error) {
	one, err := c.Investigation(ctx, id)
	if err != nil {
		return nil, err
	}
	switch {
	case one.State != "done":
		return nil, &server.Failure{Code: server.CodeConflict, Message: "there is no report: the investigation is " + one.State}
	case format == "html":
		return []byte("<!doctype html><title>Mailbox exposure</title><h1>Mailbox exposure</h1>"), nil
	}
	sections := ""
	for i, s := range one.Sections {
		if i > 0 {
			sections += ","
		}
		sections += fmt.Sprintf(`{"title":%q,"says":%q,"query":"UnifiedAuditLog | take 1","columns":["TimeGenerated","Id"],"rows":[["2026-09-14T08:00:00.0000000Z","%d"]],"sha256":%q}`, s.Title, s.Says, i, s.SHA256)
	}
	return fmt.Appendf(nil, `{"subject":{"user":%q,"from":%q,"to":%q},"sections":[%s],"sha256":%q}`, one.User, one.From.Format(time.RFC3339), one.To.Format(time.RFC3339), sections, one.SHA256), nil
}

// RemoveInvestigation implements server.Investigations.
func (c *Canned) RemoveInvestigation(_ context.Context, id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.reports {
		if c.reports[i].ID == id {
			c.reports = append(c.reports[:i], c.reports[i+1:]...)
			return nil
		}
	}
	return server.ErrNotFound
}
