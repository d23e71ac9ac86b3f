package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/server"
)

// Nothing goes before its minimum, nothing that a hold covers, nothing by one
// person; what goes leaves a certificate under the log, and the rest verifies.
func TestDisposals(t *testing.T) {
	data, ctx := filepath.Join(t.TempDir(), "q"), t.Context()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	n, err := openNode(ctx, paths{data: data, archive: data + "-archive", origin: defaultOrigin}, commandSettings(), log)
	if err != nil {
		t.Fatal(err)
	}
	holds, err := newHoldDesk(ctx, n, &acts{journal: n.journal, workspace: n.workspace, clock: clock.System(), log: log})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	holds.now = func() time.Time { return now }
	d := disposalDesk{holds, n, func(ctx context.Context, _ uint64) error { return n.archiveAll(ctx) }}
	for _, tenant := range []string{"t1", "t2"} {
		if _, err := n.journal.Append(ctx, model.Payload{Tenant: tenant, Source: model.SourceFile, Format: model.FormatAuditLines, Name: "old", Received: now, Body: []byte("\n")}); err != nil {
			t.Fatal(err)
		}
		if err := n.archiveAll(ctx); err != nil { // an object each
			t.Fatal(err)
		}
	}
	refused := func(want string, err error) {
		t.Helper()
		var failure *server.Failure
		if !errors.As(err, &failure) || !strings.Contains(failure.Message, want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	propose := func() (*server.Disposal, error) { return d.Propose(ctx, nil, "its class has passed", "ines") }
	_, err = propose()
	refused("no minimum is set", err)
	n.paths.minimum, d.node = "7 years", n
	_, err = propose()
	refused("nothing that was received before", err)
	tomorrow := now.AddDate(0, 0, 1)
	_, err = d.Propose(ctx, &tomorrow, "r", "ines")
	refused("has not been kept for its minimum of 7 years", err)

	now = now.AddDate(8, 0, 0)
	if _, err := holds.AddHold(ctx, server.Hold{Name: "Claim", Reason: "counsel", By: "ines", Scope: server.HoldScope{Tenant: "t2"}}); err != nil {
		t.Fatal(err)
	}
	proposed, err := propose()
	if err != nil || proposed.Objects != 1 || proposed.Payloads != 1 || proposed.Done != nil {
		t.Fatalf("proposed %+v, %v", proposed, err)
	}
	_, err = d.Confirm(ctx, proposed.ID, "ines (API token)")
	refused("another person has to", err)
	done, err := d.Confirm(ctx, proposed.ID, "bo")
	if err != nil || done.Objects != 1 || done.Done == nil || done.ConfirmedBy != "bo" {
		t.Fatalf("confirmed %+v, %v", done, err)
	}
	_, err = d.Confirm(ctx, proposed.ID, "kai")
	if err == nil {
		t.Error("done twice")
	}
	report, err := archive.Verify(ctx, n.paths.archive, n.archive.VerifierKey(), nil)
	if err != nil || !report.OK() || report.Disposed != 1 {
		t.Errorf("verify: %+v, %v", report, err)
	}
	if all, err := d.Disposals(ctx); err != nil || len(all) != 1 || all[0].Done == nil {
		t.Errorf("list %+v, %v", all, err)
	}
	if err := n.catchUp(ctx); err != nil {
		t.Fatal(err)
	}
	r, err := reconcileArchive(ctx, n, nil)
	if err != nil || !r.Passed {
		t.Errorf("reconcile: %+v, %v", r, err)
	}
	if err := n.close(); err != nil {
		t.Fatal(err)
	}
	out, err := quoll(t, "archive", "restore", "--archive", data+"-archive", "--key", filepath.Join(data, "keys", "archive.pub"), "--data", data+"-restored")
	if err != nil || !strings.Contains(out, "payloads") {
		t.Errorf("restore: %q, %v", out, err)
	}
}

// Who confirms twice at once, as by two clicks, disposes once: two certificates would
// have one number, and the one that comes second could never be carried out.
func TestDisposalsOneAtATime(t *testing.T) {
	e := newErasing(t)
	ctx := t.Context()
	e.deliver("old", auditBlob(1, "ada@coast.example"))
	if err := e.node.archiveAll(ctx); err != nil {
		t.Fatal(err)
	}
	desk := disposalDesk{e.holds, e.node, e.desk.seal}
	now := time.Now().AddDate(8, 0, 0)
	desk.holds.now = func() time.Time { return now }
	proposed, err := desk.Propose(ctx, nil, "its class has passed", "ines")
	if err != nil {
		t.Fatal(err)
	}
	again := errors.New("not tried")
	second := desk
	desk.holds.now = func() time.Time { // while the first is at work
		if again != nil && again.Error() == "not tried" {
			_, again = second.Confirm(ctx, proposed.ID, "bo")
		}
		return now
	}
	if done, err := desk.Confirm(ctx, proposed.ID, "bo"); err != nil || done.Done == nil {
		t.Errorf("confirmed %+v, %v", done, err)
	}
	e.refused("something is being disposed of", again)
}
