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

	"golang.org/x/mod/sumdb/note"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/operations"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/server"
)

// ahead is a clock that runs some time ahead.
type ahead struct {
	clock.Clock
	by time.Duration
}

func (a ahead) Now() time.Time { return a.Clock.Now().Add(a.by) }

// A proof of absence over an encrypted archive needs a key. Where the beginning was
// disposed of, it says from where on it holds, and nothing that went is indexed again.
func TestAbsenceOverWhatIsEncryptedAndDisposedOf(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	data, key := filepath.Join(dir, "q"), filepath.Join(dir, "archive.agekey")
	recipient, err := quoll(t, "archive", "keygen", "--out", key)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	p := paths{data: data, archive: data + "-archive", origin: defaultOrigin, recipients: strings.TrimSpace(recipient), identities: key, minimum: "7 years"}
	n, err := openNode(ctx, p, commandSettings(), log)
	if err != nil {
		t.Fatal(err)
	}
	defer n.close()
	later := ahead{clock.System(), 8 * 366 * 24 * time.Hour}
	comes := func(at time.Time, user string) {
		t.Helper()
		body := `{"Id":"` + user + `","RecordType":1,"CreationTime":"` + at.UTC().Format("2006-01-02T15:04:05") + `","Operation":"New-InboxRule","OrganizationId":"11111111-2222-3333-4444-555555555555","UserType":0,"Workload":"Exchange","UserId":"` + user + `@coast.example"}` + "\n"
		if _, err := n.journal.Append(ctx, model.Payload{Source: model.SourceFile, Format: model.FormatAuditLines, Name: user, Line: 1, Received: at, Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
	}
	index := func(c clock.Clock) {
		t.Helper()
		err := n.archiveAll(ctx)
		if err == nil {
			_, err = newOperationsIndexer(n, c).extend(ctx, true)
		}
		if err = errors.Join(err, n.archiveAll(ctx)); err != nil {
			t.Fatal(err)
		}
	}
	question := func(user string, from time.Time) server.AbsenceRequest {
		return server.AbsenceRequest{Tenant: "11111111-2222-3333-4444-555555555555", Operation: "New-InboxRule", Subject: user + "@coast.example", From: from, To: from.Add(time.Hour)}
	}
	verifier, err := note.NewVerifier(n.archive.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	prover, err := n.openProver()
	if err != nil {
		t.Fatal(err)
	}
	defer prover.Close()

	now := time.Now()
	comes(now, "ada")
	index(clock.System())
	a, err := proveAbsence(ctx, prover, questionOf(question("bob", now.Add(-time.Minute))), nil)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := a.Check(verifier, nil, 0); err != nil || v.First != 1 || v.Last == 0 {
		t.Errorf("encrypted, with the key: %v, %+v", err, v)
	}
	locked, err := archive.OpenProver(p.archive, n.archive.VerifierKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer locked.Close()
	if _, err := proveAbsence(ctx, locked, questionOf(question("bob", now)), nil); !errors.Is(err, archive.ErrEncrypted) {
		t.Errorf("encrypted, without a key: %v", err)
	}

	holds, err := newHoldDesk(ctx, n, &acts{journal: n.journal, workspace: n.workspace, clock: later, log: log})
	if err != nil {
		t.Fatal(err)
	}
	holds.now = later.Now
	d := disposalDesk{holds, n, func(context.Context, uint64) error { return n.archiveAll(ctx) }}
	comes(later.Now(), "cas")
	if err := n.archiveAll(ctx); err != nil {
		t.Fatal(err)
	}
	proposed, err := d.Propose(ctx, nil, "its class has passed", "ines")
	if err == nil {
		_, err = d.Confirm(ctx, proposed.ID, "bo")
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := proveAbsence(ctx, prover, questionOf(question("bob", now)), nil); !errors.Is(err, operations.ErrUncovered) {
		t.Errorf("all indexes were disposed of: %v", err)
	}
	index(later)
	if a, err = proveAbsence(ctx, prover, questionOf(question("ada", later.Now())), nil); err != nil {
		t.Fatal(err)
	}
	v, err := a.Check(verifier, nil, 0)
	if err != nil || v.First != a.Begins || v.First < 2 || v.Records != 1 {
		t.Errorf("after the disposal: %v, %+v", err, v)
	}
	list, err := listOperations(ctx, prover, true)
	if err != nil || len(list.Wrong) > 0 || len(list.Indexes) != 1 || list.Indexes[0].First != a.Begins {
		t.Errorf("indexes made again: %+v, %v", list, err)
	}
	if _, err := prover.Payload(ctx, 1); !errors.Is(err, archive.ErrDisposed) {
		t.Errorf("what went: %v", err)
	}
}
