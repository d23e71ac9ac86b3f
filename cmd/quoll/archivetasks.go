package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/operations"
	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/server"
)

// archiveKeeper does what looks at the whole archive, one thing at a time, when
// people ask for it and on a schedule; and answers what the Archive page asks.
type archiveKeeper struct {
	node     *node
	reporter *reporter
	names    *roster
	audit    *acts
	indexer  *operationsIndexer
	after    time.Duration // of the start, before the first look
	// verifyEvery is the time between two verifications; zero: when asked for alone.
	verifyEvery time.Duration
	clock       clock.Clock
	log         *slog.Logger

	mu       sync.Mutex
	ctx      context.Context // of the server's work
	task     *server.ArchiveTask
	days     []server.CertifiedDay
	daysRead time.Time
	running  sync.WaitGroup
}

// run reconciles and verifies on their schedules until ctx ends.
func (k *archiveKeeper) run(ctx context.Context) error {
	k.mu.Lock()
	k.ctx = ctx
	k.mu.Unlock()
	defer func() {
		k.mu.Lock()
		k.ctx = nil // nothing is started any more
		k.mu.Unlock()
		k.running.Wait()
	}()
	keepLooking(ctx, k.clock, k.looks(), func(kind string) error {
		_, err := k.StartTask(ctx, kind)
		return err
	})
	return nil
}

// StartTask implements server.Archive.
func (k *archiveKeeper) StartTask(ctx context.Context, kind string) (*server.ArchiveTask, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.node.archive == nil:
		return nil, &server.Failure{Code: server.CodeConflict, Message: "the archive cannot be opened: " + k.node.archiveProblem.Error()}
	case k.ctx == nil || k.ctx.Err() != nil:
		return nil, &server.Failure{Code: server.CodeUnavailable, Message: "the server starts or stops"}
	case k.task != nil && k.task.Ended == nil:
		return nil, &server.Failure{Code: server.CodeConflict, Message: "another look at the whole archive is under way: " + k.task.Kind}
	}
	k.task = &server.ArchiveTask{Kind: kind, Started: k.clock.Now().UTC()}
	started := *k.task
	// Who asked need not wait, but stands in the row.
	work := server.ForCaller(k.ctx, ctx)
	k.running.Go(func() { k.work(work, kind) })
	return &started, nil
}

func (k *archiveKeeper) work(ctx context.Context, kind string) {
	var err error
	switch kind {
	case server.TaskVerify:
		err = k.verify(ctx)
	case server.TaskReconcile:
		err = k.reconcile(ctx)
	}
	if err != nil && ctx.Err() == nil {
		k.log.Error("a look at the whole archive failed", "kind", kind, "error", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.clock.Now().UTC()
	k.task.Ended = &now
	if err != nil {
		k.task.Error = err.Error()
	}
}

func (k *archiveKeeper) progress(done, total int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.task.Done, k.task.Total = done, total
}

func (k *archiveKeeper) reconcile(ctx context.Context) error {
	r, err := reconcileArchive(ctx, k.node, k.progress)
	if err != nil {
		return err
	}
	if !r.Passed {
		k.log.Error("the tables are not what the archive has", "detail", r.Detail)
	}
	return r.writeDown(ctx, k.audit)
}

func (k *archiveKeeper) verify(ctx context.Context) error {
	key, err := os.ReadFile(k.node.paths.verifier())
	if err != nil {
		return fmt.Errorf("read verifier key: %w", err)
	}
	var trust archive.Trust
	if trust.Identities, err = archive.ReadIdentities(k.node.paths.identities); err != nil {
		return err
	}
	if err := (&stampFlags{}).trust(&trust, k.node.paths.stampRoots); err != nil {
		return err
	}
	report, err := archive.VerifyTrusting(ctx, k.node.paths.archive, string(key), trust, k.progress)
	if err != nil {
		return err
	}
	if err := noteVerification(k.node.paths.data, k.clock.Now(), &report, trust.StampRoots != nil); err != nil {
		return err
	}
	detail := fmt.Sprintf("%d payloads, %d leaves", report.Payloads, report.Size)
	if report.Sealed > 0 {
		detail += fmt.Sprintf("; of %d further payloads the files alone, which no key was given for", report.Sealed)
	}
	problems := []string{}
	for i := range report.Problems[:min(len(report.Problems), mostWarnings)] {
		problems = append(problems, report.Problems[i].String())
	}
	if !report.OK() {
		detail = problems[0]
		k.log.Error("the archive is not whole", "first", detail, "problems", len(report.Problems)+report.Omitted)
	}
	return k.audit.found(ctx, act{
		operation: "Verify archive", kind: "Archive", description: detail,
		properties: map[string]any{"Leaves": report.Size, "Root": report.Root, "Position": report.Last, "Problems": problems},
	}, report.OK(), detail)
}

// Archive implements server.Archive.
func (k *archiveKeeper) Archive(ctx context.Context) (*server.ArchiveDetail, error) {
	status, err := k.reporter.Status(ctx)
	if err != nil {
		return nil, err
	}
	detail := &server.ArchiveDetail{ArchiveStatus: *status.Archive}
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := k.clock.Now(); now.Sub(k.daysRead) > countedFor {
		k.days, k.daysRead = k.certifiedDays(), now
	}
	detail.Days = k.days
	if k.task != nil {
		task := *k.task
		detail.Task = &task
	}
	return detail, nil
}

// Hours implements server.Archive.
func (k *archiveKeeper) Hours(_ context.Context, f server.HourFilter) (*server.ReconciledHours, error) {
	last := readAgreement(k.node.paths.data)
	if last == nil {
		return &server.ReconciledHours{}, nil
	}
	hours, total, err := readHours(k.node.paths.data, f)
	return &server.ReconciledHours{Time: &last.Time, Total: total, Hours: hours}, err
}

// Evidence implements server.Archive.
func (k *archiveKeeper) Evidence(ctx context.Context, r server.EvidenceRequest) (*server.EvidenceFile, error) {
	prover, err := k.node.openProver()
	if err != nil {
		return nil, err
	}
	defer prover.Close()
	o := proveOptions{id: r.ID, position: r.Position, record: -1}
	if r.Record != nil {
		o.record = *r.Record
	}
	e, proved, _, err := o.evidence(ctx, prover, k.node.workspace)
	what := act{operation: "Prove record", kind: "Archive", name: r.ID, description: "made a bundle of evidence", properties: map[string]any{"Position": r.Position, "Record": o.record}}
	if err == nil {
		what.properties["Position"] = proved.Leaf.Position
	}
	if err = k.audit.done(ctx, what, err); err != nil {
		return nil, evidenceFailure(err)
	}
	var b bytes.Buffer
	if err := e.Write(&b); err != nil {
		return nil, err
	}
	return &server.EvidenceFile{Name: fmt.Sprintf("position-%d.evidence.tar", proved.Leaf.Position), Data: b.Bytes()}, nil
}

// Absence implements server.Archive.
func (k *archiveKeeper) Absence(ctx context.Context, r server.AbsenceRequest) (*server.EvidenceFile, error) {
	if k.node.archive == nil {
		return nil, &server.Failure{Code: server.CodeConflict, Message: "the archive cannot be opened: " + k.node.archiveProblem.Error()}
	}
	a, err := k.absence(ctx, r)
	what := act{
		operation: "Prove absence", kind: "Archive", name: r.Subject, description: "asked for a proof that no record is there",
		properties: map[string]any{"Tenant": r.Tenant, "Operation": r.Operation, "Subject": r.Subject, "From": r.From, "To": r.To},
	}
	if err = k.audit.done(ctx, what, err); err != nil {
		return nil, evidenceFailure(err)
	}
	var b bytes.Buffer
	if err := a.Write(&b); err != nil {
		return nil, err
	}
	return &server.EvidenceFile{Name: "absence.evidence.tar", Data: b.Bytes()}, nil
}

// absence indexes what was journalled by now, and proves under a checkpoint that
// has the index.
func (k *archiveKeeper) absence(ctx context.Context, r server.AbsenceRequest) (*proof.Absence, error) {
	head, err := k.indexer.extend(ctx, true)
	if err != nil {
		return nil, err
	}
	if err := k.awaitSealed(ctx, head); err != nil {
		return nil, err
	}
	prover, err := k.node.openProver()
	if err != nil {
		return nil, err
	}
	defer prover.Close()
	return proveAbsence(ctx, prover, questionOf(r), nil)
}

// sealPatience is how long the archive may take to follow the journal.
const sealPatience = time.Minute

// awaitSealed has the archive seal what it has until it reaches a position.
func (k *archiveKeeper) awaitSealed(ctx context.Context, position uint64) error {
	for waited := time.Duration(0); k.node.archive.Sealed() < position; waited += 200 * time.Millisecond {
		if waited >= sealPatience {
			return &server.Failure{Code: server.CodeConflict, Message: fmt.Sprintf("the archive is at journal position %d and does not reach %d yet; try again later", k.node.archive.Sealed(), position)}
		}
		if err := k.node.archive.Flush(ctx); err != nil {
			return err
		}
		if err := clock.Sleep(ctx, k.clock, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// settle waits until all that is journalled by now is visible to queries and under
// a checkpoint.
func (k *archiveKeeper) settle(ctx context.Context) error {
	head := uint64(k.node.journal.Last())
	if err := k.awaitSealed(ctx, head); err != nil {
		return err
	}
	for waited := time.Duration(0); k.node.lake.Applied() < head; waited += 50 * time.Millisecond {
		if waited >= sealPatience {
			return &server.Failure{Code: server.CodeConflict, Message: "the tables are behind the journal; try again later"}
		}
		if err := clock.Sleep(ctx, k.clock, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// evidenceFailure is an error of proving as the user may read it.
func evidenceFailure(err error) error {
	var usage *exitError
	var present *operations.PresentError
	switch {
	case errors.As(err, &present):
		return &server.Failure{Code: server.CodeConflict, Message: present.Error()}
	case errors.Is(err, archive.ErrNotFound):
		return &server.Failure{Code: server.CodeNotFound, Message: err.Error()}
	case errors.Is(err, archive.ErrDamaged), errors.Is(err, archive.ErrEncrypted), errors.Is(err, archive.ErrDisposed), errors.Is(err, operations.ErrUncovered):
		return &server.Failure{Code: server.CodeConflict, Message: archiveError(err).Error()}
	case errors.As(err, &usage):
		return &server.Failure{Code: server.CodeBadRequest, Message: err.Error()}
	}
	return err
}
