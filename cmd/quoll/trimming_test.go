package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/server"
)

// An index of operations spans what was disposed of, what is in the archive alone and
// what has one person's data: when those go it is made anew of what there is, and says
// how much of it there is no more.
func TestErasureBesideWhatWasTrimmed(t *testing.T) {
	e, ctx := newErasing(t), t.Context()
	defer e.node.close()
	now := e.now
	e.now = now.AddDate(-8, 0, 0)
	e.deliver("old", auditBlob(0, "bo@coast.example"))
	e.now = now
	e.deliver("first", auditBlob(1, "kai@coast.example", "bo@coast.example"))
	e.deliver("second", auditBlob(3, "ada@coast.example"))
	if _, err := newOperationsIndexer(e.node, clock.System()).extend(ctx, true); err != nil {
		t.Fatal(err)
	}
	if err := e.node.archiveAll(ctx); err != nil {
		t.Fatal(err)
	}
	prover, err := e.node.openProver()
	if err != nil {
		t.Fatal(err)
	}
	defer prover.Close()
	places := map[journal.Position]model.Payload{}
	for _, position := range []uint64{1, 2} {
		l, err := prover.Leaf(ctx, position)
		if err != nil {
			t.Fatal(err)
		}
		if places[journal.Position(position)], err = l.Place(model.ContentTrimmed); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.node.journal.Trim(ctx, places); err != nil {
		t.Fatal(err)
	}
	desk := disposalDesk{e.holds, e.node, e.desk.seal}
	proposed, err := desk.Propose(ctx, nil, "its class has passed", "ines")
	if err == nil {
		_, err = desk.Confirm(ctx, proposed.ID, "bo")
	}
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.desk.PlanErasure(ctx, []string{"ada@coast.example"}, "request 17", "ines")
	if err == nil {
		_, err = e.desk.ApproveErasure(ctx, p.ID, "bo")
	}
	if err == nil {
		_, err = e.desk.RunErasure(ctx, p.ID, "ines")
	}
	if err != nil {
		t.Fatal(err)
	}
	if users := e.users(); slices.Contains(users, "ada@coast.example") {
		t.Errorf("rows of %v", users)
	}
	a, err := proveAbsence(ctx, prover, questionOf(server.AbsenceRequest{
		Tenant: erasedTenant, Operation: "Set-Mailbox", Subject: "nobody@coast.example", From: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC),
	}), nil)
	if err != nil {
		t.Fatal(err)
	}
	// Of "first", which is in the archive alone, both records; of the others none.
	if head := a.Spans[0].Head; !strings.Contains(head, `"records":2,`) || !strings.Contains(head, `"erased":2`) {
		t.Errorf("the head of the index: %s", head)
	}
}
