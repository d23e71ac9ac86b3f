package servertest

import (
	"context"
	"time"

	"github.com/quoll/quoll/server"
)

// SchemaDrift implements server.Drift: a new operation with its field, a field
// that changed its type, and a record type without a name.
func (c *Canned) SchemaDrift(_ context.Context, f server.DriftFilter) (*server.DriftList, error) {
	now := c.clock().UTC()
	at := func(ago time.Duration) (time.Time, *time.Time) {
		happened := now.Add(-ago - 20*time.Minute)
		return now.Add(-ago), &happened
	}
	all := []server.DriftEntry{
		{What: "operation", RecordType: "6", RecordTypeName: "SharePointFileOperation", Operation: "FileTranscriptRequested", RecordID: "d1000000-0000-4000-8000-000000000001", Position: 4211},
		{What: "field", RecordType: "6", RecordTypeName: "SharePointFileOperation", Operation: "FileTranscriptRequested", Field: "TranscriptLanguage", Type: "string", Example: "en-AU", RecordID: "d1000000-0000-4000-8000-000000000001", Position: 4211},
		{What: "field", RecordType: "50", RecordTypeName: "ExchangeItemAggregated", Operation: "MailItemsAccessed", Field: "OperationCount", Type: "string", NewType: true, Example: "2", RecordID: "d1000000-0000-4000-8000-000000000002", Position: 4180},
		{What: "recordType", RecordType: "519", RecordID: "d1000000-0000-4000-8000-000000000003", Position: 3902},
	}
	list := &server.DriftList{Counts: map[string]int{}, Overflow: map[string]int{}}
	for i, e := range all {
		e.FirstSeen, e.Happened = at(time.Duration(1+12*i) * time.Hour)
		if f.RecordType != "" && f.RecordType != e.RecordType && f.RecordType != e.RecordTypeName || e.FirstSeen.Before(f.Since) {
			continue
		}
		list.Counts[e.What]++
		if f.What != "" && f.What != e.What {
			continue
		}
		list.Total++
		if list.Total > f.Offset && len(list.Entries) < f.Limit {
			list.Entries = append(list.Entries, e)
		}
	}
	return list, nil
}
