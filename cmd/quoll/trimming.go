package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/pipeline"
)

// trim takes out of the journal what retention has left without rows and the archive
// has, and writes it down. Without an archive the journal is never trimmed.
func (k *retentionKeeper) trim(ctx context.Context) error {
	n := k.node
	if n.archive == nil {
		return nil
	}
	if k.trimmer == nil {
		k.trimmer = &pipeline.Trimmer{
			Journal: n.journal, Lake: n.lake, Normaliser: normalise.New(normalise.Config{WorkspaceID: n.workspace}), Held: n.archived, State: n.state, Clock: k.clock,
		}
	}
	done, err := k.trimmer.Trim(ctx, pipeline.TrimTerms{Policy: k.policy, Holds: k.holds, Through: func(ctx context.Context) (uint64, error) {
		covered, _, err := n.indexed(ctx)
		return covered, err
	}})
	k.set(func() {
		k.trimmedPayloads, k.trimmedBytes = k.trimmedPayloads+done.Payloads, k.trimmedBytes+done.Bytes
		if err != nil && ctx.Err() == nil {
			k.problem, k.problemMet = err.Error(), k.clock.Now().UTC()
		}
	})
	if done.Payloads > 0 || err != nil && ctx.Err() == nil && !errors.Is(err, lake.ErrHoldsChanged) {
		what := act{
			operation: "Trim journal", kind: "Retention", description: fmt.Sprintf("took the bodies of %d payloads out of the journal, which the archive has", done.Payloads),
			properties: map[string]any{"Payloads": done.Payloads, "Bytes": done.Bytes, "First": done.First, "Last": done.Last},
		}
		err = k.audit.done(context.WithoutCancel(ctx), what, err)
	}
	return err
}

// archived implements pipeline.Held: what the archive has now, and every copy of it.
func (n *node) archived(ctx context.Context, first, last uint64, wanted func(uint64) bool, use func(position uint64, sum [32]byte, place model.Payload) error) error {
	size := int64(-1)
	for _, copier := range n.copiers {
		s := copier.Status()
		if s.Lasting {
			return nil // what that copy has is not known
		}
		if size < 0 || s.Published < size {
			size = s.Published
		}
	}
	prover, err := n.openProver()
	if err != nil {
		return err
	}
	defer prover.Close()
	return prover.Held(ctx, first, last, size, wanted, func(l archive.PayloadLeaf) error {
		place, err := l.Place(model.ContentTrimmed)
		if err != nil {
			return err
		}
		sum, err := hex.DecodeString(l.SHA256)
		if err != nil || len(sum) != 32 {
			return fmt.Errorf("the hash of journal position %d in the log is %q", l.Position, l.SHA256)
		}
		return use(l.Position, [32]byte(sum), place)
	})
}

// untrimmed reads from the archive the payloads that are there alone, an object at a
// time.
type untrimmed struct {
	open   func() (*archive.Prover, error) // when the first is needed, if prover is nil
	prover *archive.Prover

	first, last uint64 // of the object that was read last
	payloads    map[uint64]model.Payload
}

// payload returns that of an entry of the journal. What has gone from the archive too
// stays what the journal has in its place: an index made of it says so.
func (u *untrimmed) payload(ctx context.Context, e journal.Entry) (model.Payload, error) {
	at := uint64(e.Position)
	if !pipeline.IsTrimmed(e.Payload) {
		return e.Payload, nil
	}
	if at < u.first || at > u.last {
		if err := u.read(ctx, at); err != nil {
			return model.Payload{}, err
		}
	}
	if p, there := u.payloads[at]; there {
		return p, nil
	}
	return e.Payload, nil
}

func (u *untrimmed) read(ctx context.Context, position uint64) (err error) {
	if u.prover == nil {
		if u.prover, err = u.open(); err != nil {
			return err
		}
	}
	u.payloads = map[uint64]model.Payload{}
	o, err := u.prover.ObjectOf(ctx, position, func(p model.Payload, l archive.PayloadLeaf) { u.payloads[l.Position] = p })
	u.first, u.last = o.First, o.Last
	return err
}

// close closes what was opened.
func (u *untrimmed) close() error {
	if u.prover == nil || u.open == nil {
		return nil
	}
	return u.prover.Close()
}
