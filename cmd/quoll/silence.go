package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/schema"
	"github.com/quoll/quoll/silence"
)

// heardTables are watched as wholes, beside the operations of the audit log:
// what is made of it for Sentinel, and what Defender sends.
var heardTables = []string{
	schema.OfficeActivity, schema.EmailEvents, schema.EmailAttachmentInfo, schema.EmailUrlInfo, schema.EmailPostDeliveryEvents,
	schema.UrlClickEvents, schema.AlertInfo, schema.AlertEvidence, schema.CloudAppEvents,
}

// busyEntries is how many entries of the journal between two questions are a backlog.
const busyEntries = 64

// busy says each time whether a backlog came in since the time before.
func busy(last func() journal.Position) func() bool {
	before := last()
	return func() bool {
		now := last()
		came := now - before
		before = now
		return came > busyEntries
	}
}

// heardRecords counts what is in the tables.
type heardRecords struct {
	query *query.Service
	// defender is the tenant whose Defender is collected. Its tables do not say
	// which tenant a row is of, so that it is empty when there are several.
	defender string
}

const (
	heardWindow = `TimeGenerated >= datetime(%s) and TimeGenerated < datetime(%s)`
	heardCounts = `Records = count(), Lag = maxif(ingestion_time() - TimeGenerated, ingestion_time() - TimeGenerated < 3d)`
)

// Counts implements silence.Counter. Imported records of the audit log came by no
// feed that could fall silent, and are left out. Those that a search of the past
// brought count, but say nothing of how late records are.
func (h heardRecords) Counts(ctx context.Context, from, to time.Time) ([]silence.Count, error) {
	window := fmt.Sprintf(heardWindow, from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339))
	counts, err := h.count(ctx, "UnifiedAuditLog | where "+window+" and ContentType != '' | summarize "+heardCounts+
		" by Tenant = tolower(OrganizationId), ContentType, RecordTypeName, Operation, Hour = bin(TimeGenerated, 1h)")
	for _, table := range heardTables {
		if err != nil {
			return nil, err
		}
		var more []silence.Count
		switch {
		case table == schema.OfficeActivity:
			more, err = h.count(ctx, table+" | where "+window+" | summarize "+heardCounts+" by Tenant = tolower(OrganizationId), Hour = bin(TimeGenerated, 1h)")
		case h.defender != "":
			more, err = h.count(ctx, table+" | where "+window+" | summarize "+heardCounts+" by Tenant = '"+h.defender+"', Hour = bin(TimeGenerated, 1h)")
		}
		for _, c := range more {
			c.ContentType, c.RecordType = table, table
			counts = append(counts, c)
		}
	}
	return counts, err
}

func (h heardRecords) count(ctx context.Context, question string) ([]silence.Count, error) {
	result, err := h.query.Query(ctx, query.Request{Text: question})
	if err != nil {
		return nil, err
	}
	if result.Truncated {
		return nil, fmt.Errorf("more operations and hours than a result of %d rows holds", len(result.Rows))
	}
	counts := make([]silence.Count, 0, len(result.Rows))
	for _, row := range result.Rows {
		c := silence.Count{Series: silence.Series{
			Tenant: text(result, row, "Tenant"), ContentType: text(result, row, "ContentType"),
			RecordType: text(result, row, "RecordTypeName"), Operation: text(result, row, "Operation"),
		}}
		c.Hour, _ = cell(result, row, "Hour").(time.Time)
		c.Records, _ = cell(result, row, "Records").(int64)
		if lag, ok := cell(result, row, "Lag").(types.Ticks); ok {
			c.Lag = time.Duration(lag) * 100
		}
		counts = append(counts, c)
	}
	return counts, nil
}

// defenderTenant returns the one tenant whose Defender is collected, if it is one.
func defenderTenant(collectors []collect.Collector) string {
	tenants := map[string]bool{}
	for _, c := range collectors {
		if status := c.Status(); status.Source != model.SourceActivity {
			tenants[status.Tenant] = true
		}
	}
	if len(tenants) != 1 {
		return ""
	}
	for tenant := range tenants {
		return tenant
	}
	return ""
}

// brings says whether a stream brings rows of what is watched under a name: a
// content type, a table of Defender, or what is made of all of the audit log. A
// hub or a folder that is not named after a table holds any of them.
func brings(source model.Source, stream, name string) bool {
	audit := source == model.SourceActivity
	switch {
	case stream == name:
		return true
	case name == schema.OfficeActivity:
		return audit
	default:
		return !audit && slices.Contains(heardTables, name) && !collect.IsDefenderTable(stream)
	}
}

// reachedBy says how far collectors have come. A table that several roads bring
// is as far as the furthest of them, and what is made of several content types as
// far as the last.
func reachedBy(collectors func() []collect.Collector) func(tenant, contentType string) time.Time {
	return func(tenant, contentType string) time.Time {
		var furthest time.Time
		for _, c := range collectors() {
			status := c.Status()
			if status.Tenant != tenant {
				continue
			}
			var last time.Time
			for _, s := range status.Streams {
				if brings(status.Source, s.ContentType, contentType) && (last.IsZero() || s.Cursor.Before(last)) {
					last = s.Cursor
				}
			}
			if last.After(furthest) {
				furthest = last
			}
		}
		return furthest
	}
}

// mostWarnings bounds what is told of one stream; the log has all of it.
const mostWarnings = 20

// heard is a collector whose status also warns of what has fallen silent, and of
// what came that is not the tenant's.
type heard struct {
	collect.Collector
	watcher *silence.Watcher
	flows   flows
}

// Status implements collect.Collector.
func (h heard) Status() collect.Status {
	status := h.Collector.Status()
	for _, a := range h.alarms() {
		if a.Series.Tenant != status.Tenant {
			continue
		}
		problem, brought, told := silenceProblem(a), a.Series.ContentType == "", false
		for i := range status.Streams {
			s := &status.Streams[i]
			brought = brought || brings(status.Source, s.ContentType, a.Series.ContentType)
			if s.ContentType != a.Series.ContentType {
				continue
			}
			told = true
			if len(s.Warnings) < mostWarnings {
				s.Warnings = append(s.Warnings, problem)
			}
		}
		if brought && !told && len(status.Streams) > 0 {
			status.Warnings = append(status.Warnings, problem)
		}
	}
	h.flows.warn(&status)
	return status
}

func (h heard) alarms() []silence.Alarm {
	if h.watcher == nil {
		return nil
	}
	return h.watcher.Alarms()
}

// silenceProblem puts an alarm in words.
func silenceProblem(a silence.Alarm) collect.Problem {
	return collect.Problem{
		Time: a.Until, Code: "silent",
		Cause: fmt.Sprintf("%s is silent since %s: about %.0f records are usual in such a time, and none happened in the %s up to %s. The longest pause in the %d days before was %s.",
			a.Series.Name(), a.Since.Format("2006-01-02 15:04"), math.Max(a.Expected, 1), hoursText(a.Until.Sub(a.Since)), a.Until.Format("2006-01-02 15:04"),
			int(a.History.Hours()/24), hoursText(a.LongestGap)),
		Remedy: "Look whether auditing of it was switched off, a licence ended or a policy changed, and whether the same is missing in Microsoft Purview. If it is gone for good, the warning ends by itself within weeks.",
		Detail: fmt.Sprintf("probability of such a silence by chance: %.1g", a.Probability),
	}
}

func hoursText(d time.Duration) string { return fmt.Sprintf("%d h", int(d.Hours())) }
