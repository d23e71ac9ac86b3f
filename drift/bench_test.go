package drift_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/quoll/quoll/drift"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/internal/usage"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
)

var records = flag.String("records", "", "measure with this file of audit records instead of the samples")

// samples are the records of those of normalise's own sample files whose names
// match, as one payload.
func samples(t testing.TB, pattern string) model.Payload {
	t.Helper()
	if *records != "" {
		body, err := os.ReadFile(*records)
		if err != nil {
			t.Fatal(err)
		}
		return model.Payload{Format: model.FormatAuditLines, Received: received, Body: body}
	}
	files, err := filepath.Glob("../normalise/testdata/" + pattern)
	if err != nil {
		t.Fatal(err)
	}
	var body strings.Builder
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(archive.Comment), "format: audit-") || strings.Contains(file, "broken") {
			continue
		}
		for _, f := range archive.Files {
			if f.Name == "body" {
				body.Write(f.Data)
			}
		}
	}
	return model.Payload{Format: model.FormatAuditLines, Received: received, Body: []byte(body.String())}
}

var received = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

func open(t testing.TB, path string, limits drift.Limits) *drift.Tracker {
	t.Helper()
	db, err := state.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	tracker, err := drift.Open(context.Background(), db, limits)
	if err != nil {
		t.Fatal(err)
	}
	return tracker
}

// What a survey costs when nothing is news: compare the two.
func BenchmarkNormalise(b *testing.B) {
	payload := samples(b, "*.txtar")
	if *records == "" {
		payload.Body = bytes.Repeat(payload.Body, 20)
	}
	b.Run("without", func(b *testing.B) { normaliseAll(b, normalise.New(normalise.Config{}), payload) })
	b.Run("surveyed", func(b *testing.B) {
		tracker := open(b, filepath.Join(b.TempDir(), "state.db"), drift.DefaultLimits())
		n := normalise.New(normalise.Config{Known: tracker})
		for range 5 {
			if err := tracker.Keep(b.Context(), 1, received, n.Payload(payload).Sightings); err != nil {
				b.Fatal(err)
			}
		}
		if left := len(n.Payload(payload).Sightings); left > 0 {
			b.Fatalf("%d sightings are left", left)
		}
		normaliseAll(b, n, payload)
	})
}

func normaliseAll(b *testing.B, n *normalise.Normaliser, payload model.Payload) {
	b.SetBytes(int64(len(payload.Body)))
	records, before := 0, usage.Processor()
	for b.Loop() {
		records = len(n.Payload(payload).Records)
	}
	b.ReportMetric(float64(usage.Processor()-before)/float64(records*b.N), "cpu-ns/record")
}
