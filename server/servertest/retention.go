package servertest

import (
	"context"
	"time"

	"github.com/quoll/quoll/server"
)

// retentionOf keeps mail for a year and the audit log for seven, and administrators'
// records for ten; one run has removed mail, and a hold kept some of it.
type retentionOf struct{ c *Canned }

func (r retentionOf) day() time.Time { return r.c.clock().UTC().Truncate(24 * time.Hour) }

func (r retentionOf) rules() []server.RetentionRule {
	cutoff := func(years int) *time.Time {
		at := r.day().AddDate(-years, 0, 0)
		return &at
	}
	return []server.RetentionRule{
		{Name: "administrators", Priority: 10, Keep: "10 years", Preset: "ten-years", Basis: "the longest that Microsoft Purview keeps an audit log", Tables: []string{"OfficeActivity", "UnifiedAuditLog"}, RecordTypes: []string{"ExchangeAdmin"}, Users: []string{}, Cutoff: cutoff(10)},
		{Name: "the audit log", Priority: 30, Keep: "7 years", Preset: "blueprint", Basis: "ASD's Blueprint for Secure Cloud: the unified audit log is kept for seven years", Tables: []string{"OfficeActivity", "UnifiedAuditLog"}, RecordTypes: []string{}, Users: []string{}, Cutoff: cutoff(7)},
		{Name: "mail", Priority: 50, Keep: "12 months", Preset: "ism-1988", Basis: "ISM-1988: event logs are retained in a searchable manner for at least 12 months", Tables: []string{"EmailEvents"}, RecordTypes: []string{}, Users: []string{}, Cutoff: cutoff(1)},
	}
}

func (r retentionOf) removed() server.TombstoneOf {
	newest := r.day().AddDate(-1, 0, 0).Add(-time.Minute)
	return server.TombstoneOf{
		Table: "EmailEvents", Rows: 1204, Digest: "5d9c68c6c50ed3d02a2fcf54f63993b6d8ba4c2b1a5f3c5f1f0f7a2d6f3d9e21", Dropped: 2, Rewritten: 1, Bytes: 182_340,
		Rules: []server.RemovedRows{{Name: "mail", Rows: 1204, Oldest: newest.Add(-71 * time.Hour), Newest: newest}},
		Held:  []server.RemovedRows{{Name: "H-2026-004", Rows: 17, Oldest: newest.Add(-70 * time.Hour), Newest: newest.Add(-68 * time.Hour)}},
	}
}

// Retention implements server.Retention.
func (r retentionOf) Retention(context.Context) (*server.RetentionState, error) {
	last, next := r.day().Add(30*time.Minute), r.day().Add(24*time.Hour+30*time.Minute)
	oldest := r.day().AddDate(0, -8, 0)
	from := r.day().AddDate(-1, -1, 0)
	return &server.RetentionState{
		Rules: r.rules(),
		Tables: []server.RetentionTable{
			{Table: "EmailEvents", Rows: 88_120, Bytes: 14_200_300, Oldest: &oldest, Rules: []string{"mail"}, Complete: true, Removed: 1204},
			{Table: "OfficeActivity", Rows: 412_003, Bytes: 61_118_020, Oldest: &oldest, Rules: []string{"administrators", "the audit log"}, Complete: true},
			{Table: "SentinelAudit", Rows: 310, Bytes: 60_221, Oldest: &oldest, Rules: []string{}},
		},
		Holds:   []server.RetentionHold{{ID: "H-2026-004", Tenants: []string{}, Tables: []string{"EmailEvents"}, Users: []string{"ada@coast.example"}, From: &from}},
		LastRun: &last, NextRun: &next,
	}, nil
}

// Explain implements server.Retention.
func (r retentionOf) Explain(_ context.Context, row server.RetentionRow) (*server.RetentionVerdict, error) {
	v := &server.RetentionVerdict{RetentionRow: row, Keep: "forever", Considered: []server.ConsideredRule{}}
	switch row.Table {
	case "EmailEvents":
		ends := row.Time.Truncate(24*time.Hour).AddDate(1, 0, 1)
		v.Winner, v.Keep, v.Ends, v.OutOfDate = "mail", "12 months", &ends, !r.c.clock().Before(ends)
		v.Considered = []server.ConsideredRule{{Rule: "administrators", Why: "it is about other tables"}, {Rule: "the audit log", Why: "it is about other tables"}, {Rule: "mail", Matches: true}}
	case "SentinelAudit", "OfficeActivity":
	default:
		return nil, &server.Failure{Code: server.CodeBadRequest, Message: "there is no table \"" + row.Table + "\""}
	}
	return v, nil
}

// Preview implements server.Retention.
func (r retentionOf) Preview(context.Context) (*server.RetentionPreview, error) {
	of := r.removed()
	of.Digest = ""
	return &server.RetentionPreview{Day: r.day(), Tables: []server.TombstoneOf{of}}, nil
}

// Tombstones implements server.Retention.
func (r retentionOf) Tombstones(context.Context) ([]server.Tombstone, error) {
	return []server.Tombstone{{
		Run: "00000000000000000001", Time: r.day().Add(30 * time.Minute), Day: r.day(), Position: 40_201, Finished: true, Signed: true, Recorded: 40_230, SHA256: "5f0c9b1e2d3a4c5b6a798877665544332211ffeeddccbbaa0099887766554433", Tables: []server.TombstoneOf{r.removed()},
	}}, nil
}
