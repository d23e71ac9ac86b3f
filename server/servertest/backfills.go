package servertest

import (
	"context"
	"time"

	"github.com/quoll/quoll/server"
)

// backfillsOf is the backfills of the canned services, whose incidents have a
// List, too.
type backfillsOf struct{ *Canned }

// Start implements server.Backfills. What lies more than 180 days back is
// refused.
func (c backfillsOf) Start(_ context.Context, r server.BackfillRequest) (*server.Backfill, error) {
	now := c.clock().UTC()
	if r.From.Before(now.Add(-180 * 24 * time.Hour)) {
		return nil, &server.Failure{Code: server.CodeBadRequest, Message: "the tenant keeps audit records for 180 days"}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	one := server.Backfill{
		ID: "c1", TenantID: TenantID, TenantName: "Wattle Works", From: r.From, To: r.To, State: server.BackfillRunning, Started: now, Open: 31,
	}
	c.searches = append([]server.Backfill{one}, c.searches...)
	return &one, nil
}

// List implements server.Backfills.
func (c backfillsOf) List(context.Context) ([]server.Backfill, error) {
	now := c.clock().UTC().Truncate(time.Second)
	ended := now.Add(-20 * time.Minute)
	from := now.Add(-30 * 24 * time.Hour)
	c.mu.Lock()
	defer c.mu.Unlock()
	return append(c.searches[:len(c.searches):len(c.searches)], []server.Backfill{
		{
			ID: "c0", TenantID: TenantID, TenantName: "Wattle Works", From: from.Add(-90 * 24 * time.Hour), To: from, State: server.BackfillRunning, Started: now.Add(-10 * time.Minute),
			DoneSeconds: 9 * 24 * 3600, Open: 81, Running: 5, Queries: 14, Pages: 240, Found: 239_871, Bytes: 471_000_111, Splits: 1,
			Records: 231_871, Added: 231_870, Duplicates: 1, Rows: map[string]int{"UnifiedAuditLog": 231_870, "OfficeActivity": 150_004},
			Problem: "submit audit search: HTTP 429: TooManyRequests: Too many audit log queries.",
		},
		{
			ID: "b9", TenantID: TenantID, TenantName: "Wattle Works", From: from, To: now.Add(-24 * time.Hour), State: server.BackfillDone, Started: now.Add(-3 * time.Hour), Ended: &ended,
			CoveredSeconds: 24 * 3600, DoneSeconds: 29 * 24 * 3600, Queries: 28, Pages: 301, Found: 300_120, Bytes: 600_000_000, Records: 300_120, Added: 279_000, Duplicates: 21_119, Revisions: 1,
			Rows:    map[string]int{"UnifiedAuditLog": 279_000, "OfficeActivity": 190_000},
			Missing: []server.MissingSpan{{From: from.Add(5 * time.Hour), To: from.Add(5*time.Hour + time.Minute), Reason: "read records of audit search: the page is not whole"}},
		},
	}...), nil
}
