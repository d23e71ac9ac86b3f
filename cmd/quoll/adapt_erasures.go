package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/hold"
	"github.com/quoll/quoll/archive/mentions"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/retention"
	"github.com/quoll/quoll/server"
)

// erasureDesk erases one person's data. No act, certificate or error that stays has
// whose they are.
type erasureDesk struct {
	holds holdDesk
	node  *node
	// seal waits until the archive has a journal position under its checkpoint.
	seal func(ctx context.Context, position uint64) error
	// detached work goes on when who asked for it has left: reading an archive may
	// take longer than they wait. The list says what became of it.
	detached bool
}

// begin refuses one beside another, or a disposal, that is at work.
func (d erasureDesk) begin(ctx context.Context) (context.Context, error) {
	if !d.holds.busy.TryLock() {
		return ctx, errBusy
	}
	if d.detached {
		ctx = context.WithoutCancel(ctx)
	}
	return ctx, nil
}

func erasureFailure(err error) error {
	switch {
	case errors.Is(err, hold.ErrApprovesOwn), errors.Is(err, hold.ErrNotApproved):
		return conflict("%v", err)
	case errors.Is(err, mentions.ErrNames):
		return &server.Failure{Code: server.CodeBadRequest, Message: err.Error()}
	}
	return holdFailure(err)
}

func (d erasureDesk) view(e *hold.Erasure) (*server.Erasure, error) {
	v := &server.Erasure{ID: strconv.FormatInt(e.ID, 10), Names: notNilNames(e.Names), Reason: e.Reason, By: e.By, At: e.At, ApprovedBy: e.ApprovedBy, ApprovedAt: moment(e.ApprovedAt), Done: moment(e.Done)}
	if err := json.Unmarshal(e.Found, &v.Found); err != nil {
		return nil, fmt.Errorf("read erasure %d: %w", e.ID, err)
	}
	if s, err := mentions.NewSubject(e.Names); err == nil {
		v.Found.Forms = s.Forms()
	}
	if e.Certificate == nil {
		return v, nil
	}
	c, err := archive.OpenDisposal(e.Certificate, d.node.archive.VerifierKey())
	if err != nil {
		return nil, err
	}
	v.Sequence, v.Subject = c.Sequence, c.Subject
	return v, nil
}

func notNilNames(names []string) []string {
	if names == nil {
		return []string{}
	}
	return names
}

// usable refuses where there is no archive.
func (d erasureDesk) usable() error {
	if d.node.archive == nil {
		return conflict("the archive cannot be opened: %v", d.node.archiveProblem)
	}
	return nil
}

// Erasures implements server.Erasures.
func (d erasureDesk) Erasures(ctx context.Context) ([]server.Erasure, error) {
	if err := d.usable(); err != nil {
		return nil, err
	}
	all, err := d.holds.store.Erasures(ctx)
	if err != nil {
		return nil, err
	}
	var views []server.Erasure
	for i := range all {
		v, err := d.view(&all[i])
		if err != nil {
			return nil, err
		}
		views = append(views, *v)
	}
	return views, nil
}

// PlanErasure implements server.Erasures.
func (d erasureDesk) PlanErasure(ctx context.Context, names []string, reason, actor string) (*server.Erasure, error) {
	subject, err := mentions.NewSubject(names)
	if err != nil {
		return nil, erasureFailure(err) // it repeats the names, and no act has those
	}
	if ctx, err = d.begin(ctx); err != nil {
		return nil, err
	}
	defer d.holds.busy.Unlock()
	var view *server.Erasure
	e, err := d.plan(ctx, subject, names, reason, actor)
	if err == nil {
		view, err = d.view(e)
	}
	what := act{operation: "Plan erasure", kind: "Erasure", description: "planned to erase one person's data"}
	if view != nil {
		what.id, what.properties = view.ID, erasureNumbers(view)
	}
	return view, d.holds.acts.done(ctx, what, erasureFailure(err))
}

// erasureNumbers are what an act tells.
func erasureNumbers(v *server.Erasure) map[string]any {
	return map[string]any{"Payloads": v.Found.Payloads, "Records": v.Found.Records, "Others": v.Found.Others, "Younger": v.Found.Younger, "Certificate": v.Sequence}
}

func (d erasureDesk) plan(ctx context.Context, subject *mentions.Subject, names []string, reason, actor string) (*hold.Erasure, error) {
	if err := d.usable(); err != nil {
		return nil, err
	}
	if err := d.seal(ctx, uint64(d.node.journal.Last())); err != nil {
		return nil, err
	}
	positions, found, err := d.find(ctx, subject)
	if err != nil {
		return nil, err
	}
	if len(positions) == 0 {
		return nil, conflict("no payload in the archive has any of these names but Quoll's own, of which %d have", sum(found.Remaining))
	}
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	text, err := json.Marshal(found)
	if err != nil {
		return nil, err
	}
	id, err := d.holds.store.PlanErasure(ctx, hold.Erasure{Names: names, Salt: hex.EncodeToString(salt), Reason: reason, By: actor, Positions: positions, Found: text})
	if err != nil {
		return nil, err
	}
	return d.holds.store.Erasure(ctx, id)
}

func sum(counts map[string]int) (total int) {
	for _, n := range counts {
		total += n
	}
	return total
}

// find reads every payload of the archive for the names.
func (d erasureDesk) find(ctx context.Context, subject *mentions.Subject) (positions []uint64, found server.ErasureFound, err error) {
	found = server.ErasureFound{Minimum: cmp.Or(d.node.paths.minimum, "none is set"), Remaining: map[string]int{}, Holds: []string{}, Forms: []string{}}
	holds, err := d.holds.kept(ctx)
	if err != nil {
		return nil, found, err
	}
	prover, err := d.node.openProver()
	if err != nil {
		return nil, found, err
	}
	defer prover.Close()
	normaliser := normalise.New(normalise.Config{WorkspaceID: d.node.workspace})
	err = prover.Payloads(ctx, 0, func(p model.Payload, l archive.PayloadLeaf) error {
		found.Searched++
		if !subject.In(p.Body) {
			return nil
		}
		if mentions.Kept(p.Format) && p.Format != model.FormatOperations {
			found.Remaining[cmp.Or(p.ContentType, string(p.Format))]++
			return nil
		}
		positions = append(positions, l.Position)
		d.count(&found, holds, &l, p.Received)
		if p.Format == model.FormatOperations { // made anew
			return nil
		}
		divided, err := subject.Divide(p, normaliser)
		if err != nil {
			return fmt.Errorf("journal position %d: %w", l.Position, err)
		}
		found.Payloads, found.Records, found.Others = found.Payloads+1, found.Records+divided.Mentions, found.Others+divided.Others
		return nil
	})
	return positions, found, err
}

// count takes a payload into the report: its age, and the holds that may cover it. A
// payload tells of many people and of what happened before it came.
func (d erasureDesk) count(found *server.ErasureFound, holds []hold.Hold, l *archive.PayloadLeaf, received time.Time) {
	for _, h := range hold.Covering(holds, hold.Extent{Tenant: l.Tenant, To: received.AddDate(0, 0, 1)}) {
		if !slices.Contains(found.Holds, h.Name) {
			found.Holds = append(found.Holds, h.Name)
		}
	}
	if d.young(received) {
		found.Younger++
	}
	if found.First.IsZero() || received.Before(found.First) {
		found.First = received
	}
	if received.After(found.Last) {
		found.Last = received
	}
}

// young says whether a payload has not been kept for the minimum.
func (d erasureDesk) young(received time.Time) bool {
	minimum, err := retention.ParsePeriod(d.node.paths.minimum)
	if err != nil {
		return false // none is set
	}
	return minimum.Forever || !received.Before(minimum.Cutoff(d.holds.now()))
}

// ApproveErasure implements server.Erasures.
func (d erasureDesk) ApproveErasure(ctx context.Context, id, actor string) (*server.Erasure, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, server.ErrNotFound
	}
	var view *server.Erasure
	err = d.usable()
	if err == nil {
		var e *hold.Erasure
		if e, err = d.holds.store.ApproveErasure(ctx, number, actor); err == nil {
			view, err = d.view(e)
		}
	}
	what := act{operation: "Approve erasure", kind: "Erasure", id: id, description: "approved the erasure of one person's data as the second person"}
	if view != nil {
		what.properties = erasureNumbers(view)
	}
	return view, d.holds.acts.done(ctx, what, erasureFailure(err))
}

// RunErasure implements server.Erasures. After a crash it goes on with the
// certificate that was signed.
func (d erasureDesk) RunErasure(ctx context.Context, id, actor string) (*server.Erasure, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, server.ErrNotFound
	}
	if ctx, err = d.begin(ctx); err != nil {
		return nil, err
	}
	defer d.holds.busy.Unlock()
	var view *server.Erasure
	err = d.usable()
	if err == nil {
		var e *hold.Erasure
		if e, err = d.holds.store.Approved(ctx, number); err == nil {
			view, err = d.carryOut(ctx, e)
		}
	}
	what := act{operation: "Carry out erasure", kind: "Erasure", id: id, description: "erased one person's data, as two people had said", properties: map[string]any{}}
	if view != nil {
		what.properties = erasureNumbers(view)
	}
	return view, d.holds.acts.done(ctx, what, erasureFailure(err))
}

// subjectHash is what a certificate says of whom it is about.
func subjectHash(salt string, names []string) string {
	lower := make([]string, len(names))
	for i, name := range names {
		lower[i] = strings.ToLower(strings.TrimSpace(name))
	}
	slices.Sort(lower)
	sum := sha256.Sum256([]byte(salt + "\n" + strings.Join(lower, "\n") + "\n"))
	return hex.EncodeToString(sum[:])
}
