package pipeline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/schema"
)

func payloads(list ...model.Payload) func(func(model.Payload) error) error {
	return func(yield func(model.Payload) error) error {
		for _, p := range list {
			if err := yield(p); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestImportCountsAndRepeatingItChangesNothing(t *testing.T) {
	dir := t.TempDir()
	r := openRiver(t, dir, nil)
	odd := auditLines(100, 1)
	odd.Body = append(odd.Body, "this is no JSON\n"...)
	odd.Line = 31
	var parts []model.Payload
	for i := range 20 { // more than may be outstanding
		parts = append(parts, auditLines(i*5, 6))
	}
	parts = append(parts, odd, parts[3])
	calls := 0
	s, err := r.Import(t.Context(), "audit.jsonl", payloads(parts...), func(ImportSummary) { calls++ })
	if err != nil {
		t.Fatal(err)
	}
	// The last record of the 20 parts is also the one of the odd part.
	if s.Records != 20*6+2+6 || s.Added != 101 || s.Duplicates != 20+6 || s.Rejected != 1 || s.Payloads != 22 || s.Skipped != 1 || calls != 22 {
		t.Errorf("summary %+v, %d calls", s, calls)
	}
	if len(s.Reasons) != 1 || s.Rows[schema.UnifiedAuditLog] != 101 {
		t.Errorf("reasons %v, rows %v", s.Reasons, s.Rows)
	}
	content, err := os.ReadFile(r.rejects.Path(21))
	if err != nil || !strings.Contains(string(content), `"line":32`) || !strings.Contains(string(content), "this is no JSON") {
		t.Errorf("reject file %s, %v", content, err)
	}
	last := r.journal.Last()
	r.close()

	r = openRiver(t, dir, nil)
	if err := r.Catchup(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, err := r.Import(t.Context(), "audit.jsonl", payloads(parts...), nil)
	if err != nil {
		t.Fatal(err)
	}
	if again.Added != 0 || again.Records != s.Records || again.Duplicates != s.Records-1 || again.Rejected != 1 || again.Skipped != 22 {
		t.Errorf("repeated: %+v", again)
	}
	if r.journal.Last() != last || r.rows(t, schema.UnifiedAuditLog) != 101 {
		t.Errorf("journal at %d, want %d; %d rows", r.journal.Last(), last, r.rows(t, schema.UnifiedAuditLog))
	}
}

func TestImportBesideARunningRiver(t *testing.T) {
	r := openRiver(t, t.TempDir(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	for i := range 10 {
		s, err := r.Import(t.Context(), "part", payloads(auditLines(i*10, 10)), nil)
		if err != nil || s.Added != 10 {
			t.Fatalf("%+v, %v", s, err)
		}
		if n := r.rows(t, schema.UnifiedAuditLog); n != int64(10*(i+1)) {
			t.Fatalf("%d rows are visible after import %d", n, i)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestAFailedImportCanBeRepeated(t *testing.T) {
	r := openRiver(t, filepath.Join(t.TempDir()), nil)
	broken := errors.New("the file ends in the middle")
	s, err := r.Import(t.Context(), "audit.jsonl", func(yield func(model.Payload) error) error {
		return errors.Join(yield(auditLines(0, 5)), broken)
	}, nil)
	if !errors.Is(err, broken) || s.Name != "audit.jsonl" {
		t.Fatalf("%+v, %v", s, err)
	}
	s, err = r.Import(t.Context(), "audit.jsonl", payloads(auditLines(0, 5), auditLines(5, 5)), nil)
	if err != nil || s.Records != 10 || s.Added+s.Duplicates != 10 {
		t.Errorf("%+v, %v", s, err)
	}
	if n := r.rows(t, schema.UnifiedAuditLog); n != 10 {
		t.Errorf("%d rows", n)
	}
}
