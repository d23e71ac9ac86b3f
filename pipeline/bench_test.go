package pipeline

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/usage"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/schema"
	"github.com/quoll/quoll/tenantsim/world"
)

// BenchmarkVisible measures the time from a durable payload of ten records to
// rows that a reader sees, with the real journal, normaliser and lake.
func BenchmarkVisible(b *testing.B) {
	r := openRiver(b, b.TempDir(), nil)
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		r.add(b, auditLines(i*10, 10))
		start := time.Now()
		for r.lake.Applied() < uint64(r.journal.Last()) {
			time.Sleep(100 * time.Microsecond)
		}
		if n := r.rows(b, schema.UnifiedAuditLog); n != int64(i*10+10) {
			b.Fatalf("%d rows after %d payloads", n, i+1)
		}
		took = append(took, time.Since(start))
	}
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkCatchup measures a replay of a journal: 100 payloads of 500 records.
func BenchmarkCatchup(b *testing.B) {
	records := 0
	for b.Loop() {
		b.StopTimer()
		r := openRiver(b, b.TempDir(), nil)
		for i := range 100 {
			r.add(b, auditLines(i*500, 500))
		}
		b.StartTimer()
		if err := r.Catchup(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		records += 50_000
		if r.lake.Applied() != uint64(r.journal.Last()) || r.journal.Last() != journal.Position(100) {
			b.Fatal(r.lake.Applied())
		}
		r.close()
		b.StartTimer()
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkRiver measures what a day's records of the simulated tenant cost in
// processor time from the journal to committed files: of several days the cheapest,
// as whatever else the machine does only adds. Wall time says nothing on a machine
// that others use.
func BenchmarkRiver(b *testing.B) {
	payloads, records := simulatedDay(b)
	least := map[string]time.Duration{}
	keep := func(what string, took time.Duration) {
		if was, ok := least[what]; !ok || took < was {
			least[what] = took
		}
	}
	for b.Loop() {
		b.StopTimer()
		r := openRiver(b, b.TempDir(), nil)
		before := usage.Processor()
		b.StartTimer()
		for _, p := range payloads {
			r.add(b, p)
		}
		journalled := usage.Processor()
		if err := r.Catchup(b.Context()); err != nil {
			b.Fatal(err)
		}
		visible := usage.Processor()
		if err := r.Flush(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		done := usage.Processor()
		keep("journal", journalled-before)
		keep("rows", visible-journalled)
		keep("files", done-visible)
		keep("rows-and-files", done-journalled)
		keep("all", done-before)
		r.close()
		b.StartTimer()
	}
	for what, took := range least {
		b.ReportMetric(float64(took.Nanoseconds())/float64(records)/1000, what+"-CPU-µs/record")
	}
}

// simulatedDay returns blobs of about 180 records.
func simulatedDay(b *testing.B) (payloads []model.Payload, records int) {
	start := time.Date(2026, 9, 14, 0, 0, 0, 0, time.UTC)
	w := world.New(world.Config{Seed: 4, TenantID: "5c0ffee0-1234-4321-8765-0123456789ab", Start: start, Volume: 5})
	day, err := w.Advance(start.Add(24 * time.Hour))
	if err != nil {
		b.Fatal(err)
	}
	byType := map[string][][]byte{}
	for _, record := range day.Audit {
		name := record.ContentTypes[0]
		byType[name] = append(byType[name], record.Body)
	}
	for name, bodies := range byType {
		for part := range slices.Chunk(bodies, 180) {
			payloads = append(payloads, model.Payload{
				Tenant: "5c0ffee0-1234-4321-8765-0123456789ab", Source: model.SourceActivity, Format: model.FormatAuditArray,
				ContentType: name, Received: start, Body: slices.Concat([]byte("["), bytes.Join(part, []byte(",")), []byte("]")),
			})
			records += len(part)
		}
	}
	return payloads, records
}
