package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/silence"
)

// heardRecords counts what is in the audit log's table.
type heardRecords struct{ query *query.Service }

// Counts implements silence.Counter. Imported records came by no feed that could
// fall silent, and are left out. Those that a search of the past brought count,
// but say nothing of how late records are.
func (h heardRecords) Counts(ctx context.Context, from, to time.Time) ([]silence.Count, error) {
	question := fmt.Sprintf(`UnifiedAuditLog
| where TimeGenerated >= datetime(%s) and TimeGenerated < datetime(%s) and ContentType != ''
| summarize Records = count(), Lag = maxif(ingestion_time() - TimeGenerated, ingestion_time() - TimeGenerated < 3d) by Tenant = tolower(OrganizationId), ContentType, RecordTypeName, Operation, Hour = bin(TimeGenerated, 1h)`,
		from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339))
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

// reachedBy says how far collectors have come.
func reachedBy(collectors []collect.Collector) func(tenant, contentType string) time.Time {
	return func(tenant, contentType string) time.Time {
		for _, c := range collectors {
			status := c.Status()
			if status.Tenant != tenant {
				continue
			}
			for _, s := range status.Streams {
				if s.ContentType == contentType {
					return s.Cursor
				}
			}
		}
		return time.Time{}
	}
}

// mostWarnings bounds what is told of one stream; the log has all of it.
const mostWarnings = 20

// heard is a collector whose status also warns of what has fallen silent.
type heard struct {
	collect.Collector
	watcher *silence.Watcher
}

// Status implements collect.Collector.
func (h heard) Status() collect.Status {
	status := h.Collector.Status()
	for _, a := range h.watcher.Alarms() {
		if a.Series.Tenant != status.Tenant {
			continue
		}
		problem := silenceProblem(a)
		for i := range status.Streams {
			if s := &status.Streams[i]; s.ContentType == a.Series.ContentType && len(s.Warnings) < mostWarnings {
				s.Warnings = append(s.Warnings, problem)
			}
		}
		if a.Series.ContentType == "" && len(status.Streams) > 0 {
			status.Warnings = append(status.Warnings, problem)
		}
	}
	return status
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
