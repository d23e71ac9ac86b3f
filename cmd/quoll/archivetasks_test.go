package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/server"
)

const keeperTenant = "11111111-2222-3333-4444-555555555555"

// openKeeper is a node at work, with a keeper of its archive.
func openKeeper(t *testing.T) (*archiveKeeper, note.Verifier) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "q")
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	settings := commandSettings()
	settings.sealAfter = time.Millisecond
	n, err := openNode(t.Context(), paths{data: dir, archive: dir + "-archive", origin: defaultOrigin}, settings, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- n.pipeline.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-done, n.close()); err != nil {
			t.Error(err)
		}
	})
	key, err := os.ReadFile(n.paths.verifier())
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(key)))
	if err != nil {
		t.Fatal(err)
	}
	audit := &acts{journal: n.journal, workspace: n.workspace, clock: clock.System(), log: log}
	return &archiveKeeper{
		node: n, reporter: &reporter{node: n, started: time.Now()}, audit: audit, indexer: newOperationsIndexer(n, clock.System()), clock: clock.System(), log: log, ctx: ctx,
	}, verifier
}

func (k *archiveKeeper) journal(t *testing.T, lines string) {
	t.Helper()
	_, err := k.node.pipeline.Journal(t.Context(), model.Payload{Source: model.SourceFile, Format: model.FormatAuditLines, Name: "audit", Line: 1, Received: time.Now(), Body: []byte(lines)})
	if err != nil {
		t.Fatal(err)
	}
}

// finish waits for a task.
func (k *archiveKeeper) finish(t *testing.T, kind string) *server.ArchiveDetail {
	t.Helper()
	if _, err := k.StartTask(t.Context(), kind); err != nil {
		t.Fatal(err)
	}
	k.running.Wait()
	detail, err := k.Archive(t.Context())
	if err != nil || detail.Task.Ended == nil || detail.Task.Error != "" {
		t.Fatalf("%+v, error %v", detail.Task, err)
	}
	return detail
}

// TestAServerLooksAfterItsArchive verifies and reconciles while the river runs,
// breaks a file, and proves what is there and what is not, with what the
// certificates say.
func TestAServerLooksAfterItsArchive(t *testing.T) {
	k, verifier := openKeeper(t)
	k.journal(t, `{"CreationTime":"2026-09-14T08:25:40","Id":"a1","Operation":"Send","OrganizationId":"`+keeperTenant+`","RecordType":2,"Workload":"Exchange","UserId":"ada@coast.example"}`)
	certificate := certificateOfDay(t, k.node.paths)
	if _, err := k.node.pipeline.Journal(t.Context(), model.Payload{
		Tenant: keeperTenant, Source: model.SourceLedger, Format: model.FormatCertificate, ContentType: "Audit.Exchange", Name: "2026-09-14-Audit.Exchange.1.certificate", Received: time.Now(), Body: certificate,
	}); err != nil {
		t.Fatal(err)
	}
	if err := k.awaitSealed(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if detail := k.finish(t, server.TaskVerify); !detail.Verified.Passed || detail.Task.Total == 0 {
		t.Errorf("verified: %+v", detail.Verified)
	}
	if err := errors.Join(k.node.catchUp(t.Context()), k.node.pipeline.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	if detail := k.finish(t, server.TaskReconcile); !detail.Reconciliation.Passed || detail.Reconciliation.Position < 2 {
		t.Errorf("reconciled: %+v", detail.Reconciliation)
	}
	request := server.AbsenceRequest{Tenant: keeperTenant, Operation: "New-InboxRule", Subject: "ADA@coast.example", From: time.Date(2026, 9, 14, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 9, 15, 0, 0, 0, 0, time.UTC)}
	file, err := k.Absence(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := proof.Read(bytes.NewReader(file.Data))
	if err != nil {
		t.Fatal(err)
	}
	v, err := bundle.Absence.Check(verifier, nil, 0)
	if err != nil || v.Last < 2 || len(v.Days) != 2 || !v.Days[0].Complete() || v.Days[1].Certified {
		t.Errorf("%+v, error %v", v, err)
	}
	request.Operation = "send"
	var failure *server.Failure
	if _, err := k.Absence(t.Context(), request); !errors.As(err, &failure) || failure.Code != server.CodeConflict {
		t.Errorf("of a record that is there: %v", err)
	}
	if file, err := k.Evidence(t.Context(), server.EvidenceRequest{ID: "a1"}); err != nil || file.Name != "position-1.evidence.tar" {
		t.Errorf("evidence: %+v, error %v", file, err)
	}
	if _, err := k.Evidence(t.Context(), server.EvidenceRequest{ID: "nothing"}); !errors.As(err, &failure) || failure.Code != server.CodeNotFound {
		t.Errorf("evidence of nothing: %v", err)
	}
	k.breakAndFind(t)
}

// breakAndFind flips a bit of each file of the tables: the row that tells of it is
// what the rule looks for.
func (k *archiveKeeper) breakAndFind(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(k.node.paths.lake(), "quoll", "UnifiedAuditLog", "data", "*", "*.parquet"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		content[100] ^= 1
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	detail := k.finish(t, server.TaskReconcile)
	hours, err := k.Hours(t.Context(), server.HourFilter{Differing: true, Limit: 10})
	if err != nil || detail.Reconciliation.Passed || hours.Total != 1 || hours.Hours[0].Lake.Rows != 0 || hours.Hours[0].Archive.Rows != 1 {
		t.Errorf("%+v, %+v, error %v", detail.Reconciliation, hours, err)
	}
	if err := k.node.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	result, err := querier{k.node.query}.Query(t.Context(), server.QueryRequest{Text: `SentinelAudit | summarize Acts = count() by OperationName, Status | sort by OperationName asc, Status asc`})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range result.Rows {
		got = append(got, row[0].(string)+" "+row[1].(string))
	}
	if want := "Prove absence Failure, Prove absence Success, Prove record Failure, Prove record Success, Reconcile archive Failure, Reconcile archive Success, Verify archive Success"; strings.Join(got, ", ") != want {
		t.Errorf("acts: %s", strings.Join(got, ", "))
	}
}

// certificateOfDay is a complete day, signed by the archive's key.
func certificateOfDay(t *testing.T, p paths) []byte {
	t.Helper()
	config := archive.DefaultConfig(p.archive, p.keyFile())
	config.Origin = p.origin
	signed, err := archive.SignCertificate(config, &archive.Certificate{
		Tenant: keeperTenant, ContentType: "Audit.Exchange", Day: time.Date(2026, 9, 14, 0, 0, 0, 0, time.UTC), Sequence: 1,
		Closed: time.Date(2026, 9, 15, 6, 0, 0, 0, time.UTC), Issued: time.Date(2026, 9, 15, 7, 0, 0, 0, time.UTC), Hours: strings.Repeat("C", 24),
	})
	if err != nil {
		t.Fatal(err)
	}
	return signed
}
