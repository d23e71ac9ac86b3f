package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/archive/copies"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/retention"
)

// TestRepairAndDrillAfterAnExpiry loses and damages files of a lake of which retention
// has removed rows: what is built anew from the journal, and what a drill restores from
// the archive, has the rows that were left and none that went. The journal is trimmed:
// what gives no rows any more is in the archive alone, and is restored from there.
func TestRepairAndDrillAfterAnExpiry(t *testing.T) {
	ctx, data := t.Context(), filepath.Join(t.TempDir(), "q")
	log := slog.New(slog.DiscardHandler)
	n, err := openNode(ctx, paths{data: data, archive: data + "-archive", origin: defaultOrigin}, commandSettings(), log)
	if err != nil {
		t.Fatal(err)
	}
	audit := &acts{journal: n.journal, workspace: n.workspace, clock: clock.System(), log: log}
	lines := []byte(auditLine(1, "ada@coast.example", 500) + auditLine(2, "bo@coast.example", 500) + auditLine(3, "bo@coast.example", 5) + auditLine(4, "cas@coast.example", 4))
	var old strings.Builder
	for i := range 400 {
		sum := sha256.Sum256([]byte{byte(i), byte(i >> 8)}) // so that it cannot be packed into nothing
		old.WriteString(strings.Replace(auditLine(100+i, "old@coast.example", 600), `"UserKey":"k"`, fmt.Sprintf(`"UserKey":"%x"`, sum), 1))
	}
	payload := model.Payload{Source: model.SourceFile, Format: model.FormatAuditLines, Name: "audit", Line: 1, Received: time.Now(), Body: lines}
	expired := payload
	expired.Received, expired.Body = time.Now().AddDate(0, 0, -600), []byte(old.String())
	if _, err := n.journal.Append(ctx, expired, payload); err != nil {
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
	if err := errors.Join(n.catchUp(ctx), n.pipeline.Flush(ctx), n.archiveAll(ctx), n.archiveRows(ctx), keeper.expire(ctx), n.catchUp(ctx), n.pipeline.Flush(ctx), n.archiveAll(ctx), n.archiveRows(ctx), keeper.trim(ctx)); err != nil {
		t.Fatal(err)
	}
	if keeper.trimmedPayloads != 0 {
		t.Errorf("%d payloads were trimmed that no index of operations has", keeper.trimmedPayloads)
	}
	indexer := newOperationsIndexer(n, clock.System())
	if _, err := indexer.extend(ctx, true); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(n.archiveAll(ctx), keeper.trim(ctx), n.archiveAll(ctx), indexAnew(ctx, n, indexer), n.catchUp(ctx), n.pipeline.Flush(ctx), n.archiveAll(ctx), n.archiveRows(ctx)); err != nil {
		t.Fatal(err)
	}
	if f := keeper.figures(); f.TrimmedPayloads != 1 || f.TrimmedBytes == 0 || f.Failing {
		t.Errorf("%+v", f)
	}
	n.copiers = []*copies.Copier{copies.New(copies.Target{}, copies.Dependencies{})} // that has nothing yet
	none := func(position uint64, _ [32]byte, _ model.Payload) error {
		return fmt.Errorf("the copy has position %d", position)
	}
	if err := errors.Join(n.archived(ctx, 1, 2, func(uint64) bool { return true }, none), n.close()); err != nil {
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
	runs("check", false, "1 payloads of the journal are in the archive alone", "lake", "check")
	runs("check", false, "the lake is whole", "lake", "check")
	restored := filepath.Join(t.TempDir(), "r")
	if out, err := quoll(t, "archive", "restore", "--archive", data+"-archive", "--key", filepath.Join(data, "keys", "archive.pub"), "--data", restored); err != nil {
		t.Errorf("restore: %v, %s", err, out)
	}
	if out, err := quoll(t, "query", "--data", restored, "--output", "csv", `UnifiedAuditLog | summarize T=strcat(count(), " ", countif(UserId startswith "old"))`); err != nil || !strings.Contains(out, "404 400") {
		t.Errorf("from the archive alone: %v, %s", err, out)
	}
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

// indexAnew compares the index of a trimmed journal with the one that was made before.
func indexAnew(ctx context.Context, n *node, before *operationsIndexer) error {
	again := newOperationsIndexer(n, clock.System())
	again.known = true // of nothing
	if _, err := again.extend(ctx, true); err != nil {
		return err
	}
	err := n.journal.Read(ctx, 0, func(e journal.Entry) error {
		if e.Payload.Format == model.FormatOperations {
			if c := bytes.Count(e.Payload.Body, []byte("old@coast.example")); c < 400 {
				return fmt.Errorf("an index has %d of 400 entries of what was trimmed", c)
			}
		}
		return nil
	})
	if err == nil && before.covered >= again.covered {
		err = fmt.Errorf("the index reaches %d, and before %d", again.covered, before.covered)
	}
	return err
}
