package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/server"
)

const erasedTenant = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"

// auditBlob is a content blob of audit records, one for each user.
func auditBlob(from int, users ...string) []byte {
	records := make([]string, len(users))
	for i, user := range users {
		n := from + i
		records[i] = fmt.Sprintf(`{"Id":"%08d-0000-4000-8000-000000000000","RecordType":1,"CreationTime":"2026-05-01T08:%02d:00","Operation":"Set-Mailbox","OrganizationId":"%s","UserType":2,"UserKey":"k","Workload":"Exchange","UserId":"%s","ResultStatus":"Succeeded"}`, n, n, erasedTenant, user)
	}
	return []byte("[" + strings.Join(records, ",") + "]")
}

// erasing is a data directory with payloads of two people, and the desk that erases.
type erasing struct {
	t     *testing.T
	data  string
	node  *node
	desk  erasureDesk
	holds holdDesk
	now   time.Time
}

func newErasing(t *testing.T) *erasing {
	t.Helper()
	e := &erasing{t: t, data: filepath.Join(t.TempDir(), "q"), now: time.Now()}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	n, err := openNode(t.Context(), paths{data: e.data, archive: e.data + "-archive", origin: defaultOrigin, minimum: "7 years"}, commandSettings(), log)
	if err != nil {
		t.Fatal(err)
	}
	e.node = n
	if e.holds, err = newHoldDesk(t.Context(), n, &acts{journal: n.journal, workspace: n.workspace, clock: clock.System(), log: log}); err != nil {
		t.Fatal(err)
	}
	e.desk = erasureDesk{holds: e.holds, node: n, seal: func(ctx context.Context, _ uint64) error { return n.archiveAll(ctx) }}
	return e
}

func (e *erasing) deliver(name string, body []byte) {
	e.t.Helper()
	_, err := e.node.journal.Append(e.t.Context(), model.Payload{Tenant: erasedTenant, Source: model.SourceActivity, Format: model.FormatAuditArray, ContentType: "Audit.Exchange", Name: name, Received: e.now, Body: body})
	if err == nil {
		err = e.node.archiveAll(e.t.Context())
	}
	if err == nil {
		err = e.node.catchUp(e.t.Context())
	}
	if err == nil {
		err = e.node.lake.Flush(e.t.Context())
	}
	if err != nil {
		e.t.Fatal(err)
	}
}

// users are those of the audit log's rows.
func (e *erasing) users() []string {
	e.t.Helper()
	result, err := querier{e.node.query}.Query(e.t.Context(), server.QueryRequest{Text: "UnifiedAuditLog | order by TimeGenerated asc | project UserId"})
	if err != nil {
		e.t.Fatal(err)
	}
	var users []string
	for _, row := range result.Rows {
		user, _ := row[0].(string)
		users = append(users, user)
	}
	return users
}

// holding are the files below both folders that have a text.
func (e *erasing) holding(text string, except ...string) []string {
	e.t.Helper()
	var found []string
	for _, dir := range []string{e.data, e.data + "-archive"} {
		err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(name)
			if strings.Contains(strings.ToLower(string(data)), text) && !slices.ContainsFunc(except, func(part string) bool { return strings.Contains(name, part) }) {
				at := strings.Index(strings.ToLower(string(data)), text)
				found = append(found, fmt.Sprintf("%s %q", name, data[max(0, at-150):min(len(data), at+100)]))
			}
			return err
		})
		if err != nil {
			e.t.Fatal(err)
		}
	}
	return found
}

func (e *erasing) refused(want string, err error) {
	e.t.Helper()
	var failure *server.Failure
	if !errors.As(err, &failure) || !strings.Contains(failure.Message, want) {
		e.t.Errorf("error %v, want %q", err, want)
	}
}

func (e *erasing) reconcile(when string) {
	e.t.Helper()
	if err := e.node.catchUp(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
	if r, err := reconcileArchive(e.t.Context(), e.node, nil); err != nil || !r.Passed {
		e.t.Errorf("reconcile %s: %+v, %v", when, r, err)
	}
}

// One person's records go everywhere, by two people's words and only where nothing
// holds them; those of others stay, are proved, and everything still agrees.
func TestErasure(t *testing.T) {
	e := newErasing(t)
	ctx := t.Context()
	e.deliver("first", auditBlob(0, "bo@coast.example", "ada@coast.example", "kai@coast.example"))
	e.deliver("second", auditBlob(3, "bo@coast.example"))
	e.deliver("third", auditBlob(4, "Ada@Coast.example"))
	indexer := newOperationsIndexer(e.node, clock.System())
	if _, err := indexer.extend(ctx, true); err != nil {
		t.Fatal(err)
	}
	if err := e.node.archiveAll(ctx); err != nil {
		t.Fatal(err)
	}
	plan := func() (*server.Erasure, error) {
		return e.desk.PlanErasure(ctx, []string{"ada@coast.example"}, "request 17", "ines")
	}
	_, err := e.desk.PlanErasure(ctx, []string{"nobody@coast.example"}, "r", "ines")
	e.refused("no payload in the archive has any of these names", err)
	_, err = e.desk.PlanErasure(ctx, []string{"ada"}, "r", "ines")
	e.refused("name one to ten addresses", err)
	p, err := plan()
	if err != nil || p.Found.Payloads != 2 || p.Found.Records != 2 || p.Found.Others != 2 || p.Found.Younger != 3 || len(p.Found.Holds) != 0 {
		t.Fatalf("planned %+v, %v", p, err)
	}
	_, err = e.desk.RunErasure(ctx, p.ID, "ines")
	e.refused("nobody has approved it", err)
	_, err = e.desk.ApproveErasure(ctx, p.ID, "ines (local user)")
	e.refused("another person has to", err)
	if _, err := e.desk.ApproveErasure(ctx, p.ID, "bo"); err != nil {
		t.Fatal(err)
	}
	held, err := e.holds.AddHold(ctx, server.Hold{Name: "Claim", Reason: "counsel", By: "ines", Scope: server.HoldScope{Tenant: erasedTenant}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.desk.RunErasure(ctx, p.ID, "ines")
	e.refused(`the hold "Claim" may cover`, err)
	if len(e.users()) != 5 {
		t.Errorf("rows went under a hold: %v", e.users())
	}
	if _, err := e.holds.ReleaseHold(ctx, held.ID, "kai", "settled"); err != nil {
		t.Fatal(err)
	}
	e.holds.busy.Lock()
	_, err = e.desk.RunErasure(ctx, p.ID, "ines")
	e.refused("an erasure is being planned or carried out", err)
	e.holds.busy.Unlock()
	done, err := e.desk.RunErasure(ctx, p.ID, "ines")
	if err != nil || done.Done == nil || done.Sequence != 1 || done.Subject != subjectHash(done.Salt, []string{"ADA@coast.example"}) || len(done.Names) != 0 {
		t.Fatalf("erased %+v, %v", done, err)
	}
	_, err = e.desk.RunErasure(ctx, p.ID, "ines")
	e.refused("it was done already", err)

	if users := e.users(); !slices.Equal(users, []string{"bo@coast.example", "kai@coast.example", "bo@coast.example"}) {
		t.Errorf("rows of %v", users)
	}
	report, err := archive.Verify(ctx, e.node.paths.archive, e.node.archive.VerifierKey(), nil)
	if err != nil || !report.OK() || report.Erased != 3 { // two payloads, and the index that had her operations
		t.Errorf("verify: %+v, %v", report, err)
	}
	e.reconcile("after it")
	// What is delivered again stays away from the tables.
	e.deliver("again", auditBlob(0, "bo@coast.example", "ada@coast.example", "kai@coast.example"))
	if users := e.users(); len(users) != 3 {
		t.Errorf("delivered again: rows of %v", users)
	}
	e.reconcile("delivered again")

	// A record of another person, out of the same payload, is proved where it is now.
	prover, err := e.node.openProver()
	if err != nil {
		t.Fatal(err)
	}
	defer prover.Close()
	if _, err := prover.Payload(ctx, 1); !errors.Is(err, archive.ErrErased) {
		t.Errorf("prove what was erased: %v", err)
	}
	certificates, err := prover.Disposals()
	if err != nil || len(certificates) != 1 {
		t.Fatalf("%v, %v", certificates, err)
	}
	var kept archive.KeptRecords
	for _, o := range certificates[0].Erased {
		for _, k := range o.Kept {
			kept = k
		}
	}
	proved, err := prover.Payload(ctx, kept.As)
	if err != nil || kept.Position != 1 || kept.Records != 2 || proved.Leaf.SHA256 != kept.SHA256 || !strings.Contains(proved.Leaf.Name, "erased/1/") || !strings.Contains(string(proved.Body), "kai@coast.example") || strings.Contains(strings.ToLower(string(proved.Body)), "ada@") {
		t.Errorf("kept %+v: %v", kept, err)
	}
	// The proof of absence says that something was erased.
	a, err := proveAbsence(ctx, prover, questionOf(server.AbsenceRequest{Tenant: erasedTenant, Operation: "Set-Mailbox", Subject: "ada@coast.example", From: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC)}), nil)
	if err != nil || !strings.Contains(a.Spans[0].Head, `"erased":2`) {
		t.Errorf("proof of absence: %+v, %v", a, err)
	}
	if list, err := listOperations(ctx, prover, true); err != nil || len(list.Wrong) > 0 {
		t.Errorf("indexes: %+v, %v", list, err)
	}
	if err := e.node.close(); err != nil {
		t.Fatal(err)
	}
	// She is in no file but in what was delivered after it, which is in the journal and
	// packed in the archive.
	if found := e.holding("ada@coast.example", ".journal"); len(found) > 0 {
		t.Errorf("files that have her: %v", found)
	}
	out, err := quoll(t, "lake", "check", "--data", e.data)
	if err != nil {
		t.Errorf("lake check: %q, %v", out, err)
	}
	out, err = quoll(t, "archive", "restore", "--archive", e.data+"-archive", "--key", filepath.Join(e.data, "keys", "archive.pub"), "--data", e.data+"-restored")
	if err != nil || !strings.Contains(out, "payloads") {
		t.Errorf("restore: %q, %v", out, err)
	}
	// Nor does the restored machine take what was delivered again, of which the archive
	// has her record.
	out, err = quoll(t, "query", "--data", e.data+"-restored", "--format", "csv", "UnifiedAuditLog | order by TimeGenerated asc | project UserId")
	if strings.Join(strings.Fields(out), " ") != "UserId bo@coast.example kai@coast.example bo@coast.example" || err != nil {
		t.Errorf("restored: rows of %q, %v", out, err)
	}
}

// An erasure that is broken off after any of its steps goes on when it is run again.
func TestErasureGoesOn(t *testing.T) {
	e := newErasing(t)
	ctx := t.Context()
	e.deliver("first", auditBlob(0, "bo@coast.example", "ada@coast.example"))
	p, err := e.desk.PlanErasure(ctx, []string{"ada@coast.example"}, "request 17", "ines")
	if err == nil {
		_, err = e.desk.ApproveErasure(ctx, p.ID, "bo")
	}
	if err != nil {
		t.Fatal(err)
	}
	whole := e.desk.seal
	broken := errors.New("the machine stopped")
	for n := 1; ; n++ { // at the nth time that something is to be under the log
		sealed := 0
		e.desk.seal = func(ctx context.Context, position uint64) error {
			if sealed++; sealed == n {
				return broken
			}
			return whole(ctx, position)
		}
		_, err := e.desk.RunErasure(ctx, p.ID, "ines")
		if err == nil {
			if n < 3 {
				t.Errorf("only %d steps", n)
			}
			break
		}
		if !errors.Is(err, broken) {
			t.Fatalf("step %d: %v", n, err)
		}
		report, err := archive.Verify(ctx, e.node.paths.archive, e.node.archive.VerifierKey(), nil)
		if err != nil || !report.OK() {
			t.Fatalf("step %d: %v, %v", n, report.Problems, err)
		}
	}
	if users := e.users(); !slices.Equal(users, []string{"bo@coast.example"}) {
		t.Errorf("rows of %v", users)
	}
	e.desk.seal = whole
	e.reconcile("after it")
	if err := e.node.close(); err != nil {
		t.Fatal(err)
	}
	if found := e.holding("ada@coast.example"); len(found) > 0 {
		t.Errorf("files that have her: %v", found)
	}
}
