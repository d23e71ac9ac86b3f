package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/hold"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/retention"
	"github.com/quoll/quoll/server"
)

// disposalDesk disposes of what the archive has kept for its minimum.
type disposalDesk struct {
	holds holdDesk
	node  *node
	// seal waits until the archive has a journal position under its checkpoint.
	seal func(ctx context.Context, position uint64) error
}

func conflict(format string, args ...any) error {
	return &server.Failure{Code: server.CodeConflict, Message: fmt.Sprintf(format, args...)}
}

// errBusy refuses what would make a certificate beside another.
var errBusy = conflict("something is being disposed of, or an erasure is being planned or carried out; list them later")

// cutoff is the time before which payloads may go.
func (d disposalDesk) cutoff() (time.Time, error) {
	if d.node.archive == nil {
		return time.Time{}, conflict("the archive cannot be opened: %v", d.node.archiveProblem)
	}
	if d.node.paths.minimum == "" {
		return time.Time{}, conflict("no minimum is set: nothing is disposed of before archive_minimum in the configuration says how long it is kept at least")
	}
	minimum, err := retention.ParsePeriod(d.node.paths.minimum)
	if err != nil {
		return time.Time{}, err
	}
	if minimum.Forever {
		return time.Time{}, conflict("archive_minimum is forever: nothing is ever disposed of")
	}
	return minimum.Cutoff(d.holds.now()), nil
}

// due are the objects that may go: received before a time, and covered by no hold.
func (d disposalDesk) due(ctx context.Context, before time.Time) (objects []archive.ObjectLeaf, err error) {
	holds, err := d.holds.kept(ctx)
	if err != nil {
		return nil, err
	}
	prover, err := d.node.openProver()
	if err != nil {
		return nil, err
	}
	defer prover.Close()
	return prover.Disposable(ctx, before, func(l archive.PayloadLeaf) bool {
		received, err := time.Parse(time.RFC3339Nano, l.Received)
		// What a payload tells of happened before it came, however long before; of
		// which tables and users is not looked for: in doubt it is held.
		return err != nil || len(hold.Covering(holds, hold.Extent{Tenant: l.Tenant, To: received.AddDate(0, 0, 1)})) > 0
	})
}

func (d disposalDesk) view(ctx context.Context, p hold.Proposal) (server.Disposal, error) {
	v := server.Disposal{ID: strconv.FormatInt(p.ID, 10), Reason: p.Reason, Minimum: p.Minimum, Before: p.Before, By: p.By, At: p.At, Done: moment(p.Done)}
	var objects []archive.ObjectLeaf
	if p.Certificate == nil {
		var err error
		if objects, err = d.due(ctx, p.Before); err != nil {
			return v, err
		}
	} else {
		c, err := archive.OpenDisposal(p.Certificate, d.node.archive.VerifierKey())
		if err != nil {
			return v, err
		}
		objects, v.ConfirmedBy = c.Objects, c.Confirmed.By
	}
	v.Objects = len(objects)
	for _, o := range objects {
		v.Payloads += uint64(o.Payloads)
	}
	return v, nil
}

// Disposals implements server.Disposals.
func (d disposalDesk) Disposals(ctx context.Context) ([]server.Disposal, error) {
	all, err := d.holds.store.Proposals(ctx)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	if _, err := d.cutoff(); err != nil {
		return nil, err
	}
	var views []server.Disposal
	for _, p := range all {
		v, err := d.view(ctx, p)
		if err != nil {
			return nil, err
		}
		views = append(views, v)
	}
	return views, nil
}

// Propose implements server.Disposals.
func (d disposalDesk) Propose(ctx context.Context, before *time.Time, reason, actor string) (*server.Disposal, error) {
	p := hold.Proposal{Minimum: d.node.paths.minimum, Reason: reason, By: actor, At: d.holds.now().UTC()}
	view, err := d.propose(ctx, &p, before)
	what := act{operation: "Propose disposal", kind: "Disposal", id: strconv.FormatInt(p.ID, 10), description: "proposed to dispose of payloads", properties: map[string]any{"Before": p.Before, "Minimum": p.Minimum, "Reason": reason, "Objects": view.Objects, "Payloads": view.Payloads}}
	if err := d.holds.acts.done(ctx, what, err); err != nil {
		return nil, err
	}
	return &view, nil
}

func (d disposalDesk) propose(ctx context.Context, p *hold.Proposal, before *time.Time) (view server.Disposal, err error) {
	if p.Before, err = d.cutoff(); err != nil {
		return view, err
	}
	if before != nil && before.After(p.Before) {
		return view, conflict("what was received from %s on has not been kept for its minimum of %s", p.Before.Format(time.RFC3339), p.Minimum)
	}
	if before != nil {
		p.Before = before.UTC()
	}
	if view, err = d.view(ctx, *p); err != nil {
		return view, err
	}
	if view.Objects == 0 {
		return view, conflict("nothing that was received before %s may go: it is there no more, covered by a hold, or in one object with what is", p.Before.Format(time.RFC3339))
	}
	if p.ID, err = d.holds.store.Propose(ctx, *p); err != nil {
		return view, holdFailure(err)
	}
	view.ID = strconv.FormatInt(p.ID, 10)
	return view, nil
}

// Confirm implements server.Disposals. After a crash it goes on with the
// certificate that was signed.
func (d disposalDesk) Confirm(ctx context.Context, id, actor string) (*server.Disposal, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, server.ErrNotFound
	}
	if !d.holds.busy.TryLock() {
		return nil, errBusy
	}
	defer d.holds.busy.Unlock()
	p, err := d.holds.store.Confirmable(ctx, number, actor)
	var view server.Disposal
	if err == nil {
		view, err = d.confirm(ctx, p, actor)
	}
	what := act{operation: "Confirm disposal", kind: "Disposal", id: id, description: "disposed of payloads as the second person", properties: map[string]any{"Objects": view.Objects, "Payloads": view.Payloads}}
	if err := d.holds.acts.done(ctx, what, holdFailure(err)); err != nil {
		return nil, err
	}
	return &view, nil
}

func (d disposalDesk) confirm(ctx context.Context, p *hold.Proposal, actor string) (view server.Disposal, err error) {
	latest, err := d.cutoff()
	if err != nil {
		return view, err
	}
	if p.Before.After(latest) {
		return view, conflict("the minimum is longer now: nothing received from %s on may go", latest.Format(time.RFC3339))
	}
	if err := d.stillDue(ctx, p); err != nil {
		return view, err
	}
	if p.Certificate == nil {
		if p.Certificate, err = d.certificate(ctx, p, actor); err != nil {
			return view, err
		}
		if err := d.holds.store.KeepCertificate(ctx, p.ID, p.Certificate); err != nil {
			return view, err
		}
	}
	// Journalled again after a crash, it is twice in the log, which does no harm.
	position, err := d.node.journal.Append(ctx, model.Payload{
		Source: model.SourceLedger, Format: model.FormatCertificate, ContentType: "Disposal", Name: fmt.Sprintf("disposal-%d.certificate", p.ID), Received: d.holds.now().UTC(), Body: p.Certificate,
	})
	if err != nil {
		return view, fmt.Errorf("journal the certificate: %w", err)
	}
	if err := d.seal(ctx, uint64(position)); err != nil {
		return view, err
	}
	if err := d.node.archive.Dispose(ctx, p.Certificate); err != nil {
		return view, err
	}
	if err := d.holds.store.Disposed(ctx, p.ID); err != nil {
		return view, err
	}
	p.Done = d.holds.now().UTC()
	return d.view(ctx, *p)
}

// stillDue refuses a certificate that was signed before a crash, if a hold has come
// over what it names and is still there; and a second one beside it, which would have
// its number.
func (d disposalDesk) stillDue(ctx context.Context, p *hold.Proposal) error {
	all, err := d.holds.store.Proposals(ctx)
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.ID != p.ID && other.Certificate != nil && other.Done.IsZero() {
			return conflict("proposal %d is confirmed and not done: confirm it again first", other.ID)
		}
	}
	if open, err := unfinished(ctx, d.holds.store, p.ID, 0); err != nil || open != "" {
		return errors.Join(conflictIf(open), err)
	}
	if p.Certificate == nil {
		return nil
	}
	c, err := archive.OpenDisposal(p.Certificate, d.node.archive.VerifierKey())
	if err != nil {
		return err
	}
	due, err := d.due(ctx, p.Before)
	if err != nil {
		return err
	}
	for _, o := range c.Objects {
		_, err := os.Stat(filepath.Join(d.node.paths.archive, filepath.FromSlash(o.Object)))
		if err == nil && !slices.Contains(due, o) {
			return conflict("a hold covers %s now", o.Object)
		}
	}
	return nil
}

// certificate signs what may go now: a hold that came after the proposal counts.
func (d disposalDesk) certificate(ctx context.Context, p *hold.Proposal, actor string) ([]byte, error) {
	objects, err := d.due(ctx, p.Before)
	if err != nil {
		return nil, err
	}
	if len(objects) == 0 {
		return nil, conflict("nothing of it may go now: it is there no more, or a hold covers it")
	}
	prover, err := d.node.openProver()
	if err != nil {
		return nil, err
	}
	defer prover.Close()
	earlier, err := prover.Disposals()
	if err != nil {
		return nil, err
	}
	settings, err := d.node.paths.archiveConfig()
	if err != nil {
		return nil, err
	}
	now := d.holds.now().UTC()
	return archive.SignDisposal(settings, &archive.Disposal{
		Sequence: len(earlier) + 1, Reason: p.Reason, Minimum: p.Minimum, Before: p.Before, Proposed: archive.Word{By: p.By, At: p.At}, Confirmed: archive.Word{By: actor, At: now}, Issued: now, Objects: objects,
	})
}
