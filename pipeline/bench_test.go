package pipeline

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/schema"
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
