package servertest

import (
	"context"
	"strings"
	"time"

	"github.com/quoll/quoll/server"
)

// reconciliation is one that found everything equal.
func reconciliation(began time.Time) *server.Reconciliation {
	digest := func(first string) string { return strings.Repeat(first, 32) }
	table := func(name string, rows int64, hours int, first string) server.ReconciledTable {
		side := server.ReconciledSide{Rows: rows, Digest: digest(first)}
		return server.ReconciledTable{Table: name, Lake: side, Archive: side, Hours: hours}
	}
	return &server.Reconciliation{
		Time: began, Seconds: 38.4, Passed: true, Position: 40_127, HoursSHA256: digest("c0"),
		Detail: "255,040 rows of 5 tables, hour by hour in 331 hours, are the same in the tables and in the archive, up to journal position 40127",
		Tables: []server.ReconciledTable{
			table("OfficeActivity", 98_140, 72, "1f"), table("UnifiedAuditLog", 132_511, 72, "2e"), table("EmailEvents", 8_409, 65, "3d"), table("EmailUrlInfo", 15_002, 65, "4c"), table("UrlClickEvents", 611, 57, "5b"),
		},
	}
}

// Archive implements server.Archive.
func (c *Canned) Archive(ctx context.Context) (*server.ArchiveDetail, error) {
	status, err := c.Status(ctx)
	if err != nil {
		return nil, err
	}
	detail := &server.ArchiveDetail{ArchiveStatus: *status.Archive}
	day := c.clock().UTC().AddDate(0, 0, -2)
	for i, contentType := range []string{"Audit.Exchange", "Audit.SharePoint", "Audit.General"} {
		detail.Days = append(detail.Days, server.CertifiedDay{
			TenantID: TenantID, TenantName: "Wattle Works", ContentType: contentType, Day: day.Format(time.DateOnly), Sequence: 1 + i%2, Listed: 120 + int64(i), Fetched: 120, Expired: int64(i), Gaps: int64(i),
		})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.task != nil {
		task := *c.task
		detail.Task = &task
	}
	return detail, nil
}

// Hours implements server.Archive. Nothing differs.
func (c *Canned) Hours(_ context.Context, f server.HourFilter) (*server.ReconciledHours, error) {
	began := c.clock().UTC().Add(-4 * time.Hour)
	if f.Differing {
		return &server.ReconciledHours{Time: &began}, nil
	}
	side := server.ReconciledSide{Rows: 1_204, Digest: strings.Repeat("1f", 32)}
	hour := began.Truncate(time.Hour)
	return &server.ReconciledHours{Time: &began, Total: 1, Hours: []server.ReconciledHour{{Table: "OfficeActivity", Hour: &hour, Lake: side, Archive: side}}}, nil
}

// StartTask implements server.Archive: what is started has ended at once.
func (c *Canned) StartTask(_ context.Context, kind string) (*server.ArchiveTask, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock().UTC()
	c.task = &server.ArchiveTask{Kind: kind, Started: now, Ended: &now, Done: 40_127, Total: 40_127}
	started := *c.task
	started.Ended = nil
	return &started, nil
}

// Evidence implements server.Archive.
func (c *Canned) Evidence(_ context.Context, r server.EvidenceRequest) (*server.EvidenceFile, error) {
	if r.ID == "none" {
		return nil, server.ErrNotFound
	}
	return &server.EvidenceFile{Name: "position-812.evidence.tar", Data: []byte("canned evidence")}, nil
}

// Absence implements server.Archive. There is a record of everything about the
// victim.
func (c *Canned) Absence(_ context.Context, r server.AbsenceRequest) (*server.EvidenceFile, error) {
	if strings.EqualFold(r.Subject, victim) {
		return nil, &server.Failure{Code: server.CodeConflict, Message: "there is such a record: record 3 of the payload at journal position 812"}
	}
	return &server.EvidenceFile{Name: "absence.evidence.tar", Data: []byte("canned absence")}, nil
}
