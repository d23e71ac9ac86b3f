package lake

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/schema"
)

// benchRecord is an audit record of about 1.3 KB with the columns that a file
// access fills, in both audit tables.
func benchRecord(id int) schema.Record {
	at := noon.Add(time.Duration(id) * 50 * time.Millisecond)
	user := fmt.Sprintf("person%d@example.org", id%3000)
	operation := []string{"FileAccessed", "FileModified", "MailItemsAccessed", "UserLoggedIn"}[id%4]
	document := fmt.Sprintf(`{"Id":"%d","Operation":%q,"UserId":%q,"ClientIP":"192.0.2.%d","Extended":"%s"}`,
		id, operation, user, id%250, strings.Repeat(fmt.Sprintf("value %d, ", id%977), 110))
	key := schema.NewKey("tenant", "audit", fmt.Sprint(id))
	return schema.Record{Key: key, Digest: digest(uint64(id)), Rows: []schema.Row{
		row(schema.UnifiedAuditLog, "TimeGenerated", schema.DateTime(at), "Id", schema.String(fmt.Sprintf("%x", key)),
			"RecordType", schema.Long(6), "RecordTypeName", schema.String("SharePointFileOperation"),
			"Operation", schema.String(operation), "OrganizationId", schema.String("11111111-2222-4333-8444-555555555555"),
			"UserType", schema.Long(0), "UserKey", schema.String("i:0h.f|membership|"+user), "UserId", schema.String(user),
			"Workload", schema.String("SharePoint"), "ClientIP", schema.String(fmt.Sprintf("192.0.2.%d", id%250)),
			"Record", schema.Dynamic(document)),
		row(schema.OfficeActivity, "TimeGenerated", schema.DateTime(at), "RecordType", schema.String("SharePointFileOperation"),
			"Operation", schema.String(operation), "UserId", schema.String(user), "OfficeWorkload", schema.String("SharePoint"),
			"ClientIP", schema.String(fmt.Sprintf("192.0.2.%d", id%250)),
			"OfficeObjectId", schema.String(fmt.Sprintf("https://example.sharepoint.com/sites/s%d/document%d.docx", id%100, id))),
	}}
}

func benchBatches(records, perBatch int) []Batch {
	var batches []Batch
	for from := 0; from < records; from += perBatch {
		b := Batch{Position: uint64(len(batches) + 1), Ingested: noon}
		for id := from; id < min(from+perBatch, records); id++ {
			b.Records = append(b.Records, benchRecord(id))
		}
		batches = append(batches, b)
	}
	return batches
}

// BenchmarkApply measures records that become visible, two rows each.
func BenchmarkApply(b *testing.B) {
	for _, perBatch := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("%d a batch", perBatch), func(b *testing.B) {
			batches := benchBatches(20_000, perBatch)
			b.ReportAllocs()
			records := 0
			for b.Loop() {
				b.StopTimer()
				l := openLake(b, b.TempDir())
				b.StartTimer()
				for i := range batches {
					apply(b, l, batches[i])
				}
				set, err := l.Acquire(schema.UnifiedAuditLog)
				if err != nil {
					b.Fatal(err)
				}
				set.Release()
				records += 20_000
				b.StopTimer()
				l.Close()
				b.StartTimer()
			}
			b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkFlush measures rows that become durable: 50,000 records in two
// tables, one day.
func BenchmarkFlush(b *testing.B) {
	batches := benchBatches(50_000, 1000)
	rows, bytes := 0.0, 0.0
	for b.Loop() {
		b.StopTimer()
		l := openLake(b, filepath.Join(b.TempDir(), "lake"))
		for i := range batches {
			apply(b, l, batches[i])
		}
		b.StartTimer()
		if err := l.Flush(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		for _, s := range l.Stats() {
			rows += float64(s.Rows)
			bytes += float64(s.Bytes)
		}
		l.Close()
		b.StartTimer()
	}
	b.ReportMetric(rows/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(bytes/rows, "B/row")
}

// BenchmarkOpen measures the start of a lake with 100,000 rows in 2 files, and
// with the first Apply, which needs the keys.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	l := openLake(b, dir)
	for _, batch := range benchBatches(50_000, 1000) {
		apply(b, l, batch)
	}
	flush(b, l)
	l.Close()
	for _, withApply := range []bool{false, true} {
		b.Run(fmt.Sprint("apply ", withApply), func(b *testing.B) {
			for b.Loop() {
				l := openLake(b, dir)
				if withApply {
					apply(b, l, Batch{Position: 1000, Ingested: noon})
				}
				b.StopTimer()
				l.Close()
				b.StartTimer()
			}
		})
	}
}

// BenchmarkOpenEmpty measures the start of a lake without rows.
func BenchmarkOpenEmpty(b *testing.B) {
	dir := b.TempDir()
	openLake(b, dir).Close()
	for b.Loop() {
		openLake(b, dir).Close()
	}
}

// BenchmarkKeys measures the memory that the keys of a million records take,
// and how long it takes to remember one.
func BenchmarkKeys(b *testing.B) {
	const records = 1_000_000
	keys := make([]schema.Key, records)
	for i := range keys {
		keys[i] = schema.NewKey("tenant", "audit", fmt.Sprint(i))
	}
	var before, after runtime.MemStats
	for b.Loop() {
		b.StopTimer()
		runtime.GC()
		runtime.ReadMemStats(&before)
		b.StartTimer()
		set := newKeySet(newKeyStore(), 0, false)
		for _, key := range keys {
			set.add(key, schema.Digest{})
		}
		b.StopTimer()
		runtime.GC()
		runtime.ReadMemStats(&after)
		if set.size() != records {
			b.Fatal(set.size())
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/records, "B/key")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*records), "ns/key")
}
