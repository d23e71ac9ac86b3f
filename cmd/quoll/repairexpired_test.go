package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/retention"
)

// TestRepairAndDrillAfterAnExpiry loses and damages files of a lake of which retention
// has removed rows: what is built anew from the journal, and what a drill restores from
// the archive, has the rows that were left and none that went.
func TestRepairAndDrillAfterAnExpiry(t *testing.T) {
	ctx, data := t.Context(), filepath.Join(t.TempDir(), "q")
	log := slog.New(slog.DiscardHandler)
	n, err := openNode(ctx, paths{data: data, archive: data + "-archive", origin: defaultOrigin}, commandSettings(), log)
	if err != nil {
		t.Fatal(err)
	}
	audit := &acts{journal: n.journal, workspace: n.workspace, clock: clock.System(), log: log}
	lines := []byte(auditLine(1, "ada@coast.example", 500) + auditLine(2, "bo@coast.example", 500) + auditLine(3, "bo@coast.example", 5) + auditLine(4, "cas@coast.example", 4))
	if _, err := n.journal.Append(ctx, model.Payload{Source: model.SourceFile, Format: model.FormatAuditLines, Name: "audit", Line: 1, Received: time.Now(), Body: lines}); err != nil {
		t.Fatal(err)
	}
	holds, err := newHoldDesk(ctx, n, audit)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := retention.NewPolicy([]retention.Rule{{Name: "year", Priority: 1, Keep: retention.Period{Months: 12}, Tables: []string{"UnifiedAuditLog", "OfficeActivity"}}})
	if err != nil {
		t.Fatal(err)
	}
	keeper := &retentionKeeper{node: n, policy: policy, holds: holds, audit: audit, clock: clock.System(), log: log}
	if err := errors.Join(n.catchUp(ctx), n.pipeline.Flush(ctx), n.archiveAll(ctx), n.archiveRows(ctx), keeper.expire(ctx), n.catchUp(ctx), n.pipeline.Flush(ctx), n.archiveAll(ctx), n.archiveRows(ctx), n.close()); err != nil {
		t.Fatal(err)
	}
	runs := func(what string, fails bool, want string, args ...string) {
		t.Helper()
		out, err := quoll(t, append(args, "--data", data)...)
		if (err != nil) != fails || !strings.Contains(out, want) {
			t.Errorf("%s: %v, %q; want %q", what, err, out, want)
		}
	}
	rows := func(what string) {
		t.Helper()
		runs(what, false, "2 2", "query", "--output", "csv", `UnifiedAuditLog | summarize T=strcat(count(), " ", countif(TimeGenerated > ago(30d)))`)
	}
	rows("after the expiry")
	runs("check", false, "whole", "lake", "check")
	runs("drill", false, "rows equal", "archive", "drill")
	files, err := filepath.Glob(filepath.Join(data, "lake", "quoll", "UnifiedAuditLog", "data", "*", "*.parquet"))
	if err != nil || len(files) != 2 {
		t.Fatalf("files %v, %v", files, err)
	}
	whole, err := os.ReadFile(files[1])
	if err != nil {
		t.Fatal(err)
	}
	whole[len(whole)/2] ^= 1
	if err := errors.Join(os.Remove(files[0]), os.WriteFile(files[1], whole, 0o600)); err != nil {
		t.Fatal(err)
	}
	runs("what is lost", true, filepath.Base(files[0]), "lake", "check", "--quick")
	runs("what is damaged", false, "the lake is whole again, rebuilt from the journal", "lake", "check", "--repair")
	rows("repaired")
	runs("drill of what was repaired", false, "rows equal", "archive", "drill")
	if _, err := quoll(t, "archive", "prove", "--data", data, "--data-file", "1", "--out", filepath.Join(t.TempDir(), "file.tar")); err == nil || !strings.Contains(err.Error(), "the archive has the hash alone") {
		t.Errorf("a file that was not kept: %v", err)
	}
	runs("reconciliation", false, "tables and archive are equal", "archive", "reconcile")
	runs("the archive", false, "which adds up", "archive", "verify")
}
