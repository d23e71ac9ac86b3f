package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/hold"
	"github.com/quoll/quoll/archive/mentions"
	"github.com/quoll/quoll/archive/operations"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/schema"
	"github.com/quoll/quoll/server"
)

// Carrying out an erasure. Records of others are journalled again and under the log
// before anything goes, and so is the certificate. Then rows go from the tables,
// bodies from the archive, and at last from the journal, each of which may be done
// again after a crash; indexes of operations over what went are made anew.

func (d erasureDesk) carryOut(ctx context.Context, e *hold.Erasure) (*server.Erasure, error) {
	if err := d.alone(ctx, e); err != nil {
		return nil, err
	}
	if err := d.unheld(ctx, e); err != nil {
		return nil, err
	}
	if e.Certificate == nil {
		if err := d.prepare(ctx, e); err != nil {
			return nil, err
		}
	}
	settings, err := d.node.paths.archiveConfig()
	if err != nil {
		return nil, err
	}
	c, err := archive.OpenDisposal(e.Certificate, d.node.archive.VerifierKey())
	if err != nil {
		return nil, err
	}
	if !archive.Aside(settings, c) {
		return nil, conflict("files that were made for it, beside the archive's key, are lost; plan the erasure anew")
	}
	salt := e.Salt
	if err := d.erase(ctx, e, c); err != nil {
		return nil, err
	}
	if err := d.holds.store.Erased(ctx, e.ID); err != nil {
		return nil, err
	}
	done, err := d.holds.store.Erasure(ctx, e.ID)
	if err != nil {
		return nil, err
	}
	view, err := d.view(done)
	if err == nil {
		view.Salt = salt
	}
	return view, err
}

// alone refuses a second certificate beside one that is not carried out, which would
// have its number.
func (d erasureDesk) alone(ctx context.Context, e *hold.Erasure) error {
	if open, err := unfinished(ctx, d.holds.store, 0, e.ID); err != nil || open != "" {
		return errors.Join(conflictIf(open), err)
	}
	return nil
}

func conflictIf(open string) error {
	if open == "" {
		return nil
	}
	return conflict("%s is signed and not carried out: go on with it first", open)
}

// unfinished names what is signed and not done, but for a disposal and an erasure.
func unfinished(ctx context.Context, store *hold.Store, disposal, erasure int64) (string, error) {
	proposals, err := store.Proposals(ctx)
	if err != nil {
		return "", err
	}
	for _, p := range proposals {
		if p.ID != disposal && p.Certificate != nil && p.Done.IsZero() {
			return fmt.Sprintf("disposal %d", p.ID), nil
		}
	}
	erasures, err := store.Erasures(ctx)
	if err != nil {
		return "", err
	}
	for i := range erasures {
		if e := &erasures[i]; e.ID != erasure && e.Certificate != nil && e.Done.IsZero() {
			return fmt.Sprintf("erasure %d", e.ID), nil
		}
	}
	return "", nil
}

// unheld refuses where a hold covers any of it now.
func (d erasureDesk) unheld(ctx context.Context, e *hold.Erasure) error {
	holds, err := d.holds.kept(ctx)
	if err != nil {
		return err
	}
	prover, err := d.node.openProver()
	if err != nil {
		return err
	}
	defer prover.Close()
	for _, position := range e.Positions {
		l, err := prover.Leaf(ctx, position)
		if err != nil {
			return err
		}
		received, err := time.Parse(time.RFC3339Nano, l.Received)
		if err != nil {
			return fmt.Errorf("journal position %d: %w", position, err)
		}
		if held := hold.Covering(holds, hold.Extent{Tenant: l.Tenant, To: received.AddDate(0, 0, 1)}); len(held) > 0 {
			return conflict("the hold %q may cover the payload of journal position %d: nothing is erased while it holds", held[0].Name, position)
		}
	}
	return nil
}

// prepare journals records of others again, makes the files that shall stand for
// objects, and signs the certificate.
func (d erasureDesk) prepare(ctx context.Context, e *hold.Erasure) error {
	subject, err := mentions.NewSubject(e.Names)
	if err != nil {
		return err
	}
	prover, err := d.node.openProver()
	if err != nil {
		return err
	}
	defer prover.Close()
	kept, keys, err := d.keepOthers(ctx, prover, subject, e.Positions)
	if err != nil {
		return err
	}
	earlier, err := prover.Disposals()
	if err != nil {
		return err
	}
	settings, err := d.node.paths.archiveConfig()
	if err != nil {
		return err
	}
	sequence, now := len(earlier)+1, d.holds.now().UTC()
	made, err := prover.Rewrite(ctx, settings, sequence, e.Positions)
	if err != nil {
		return err
	}
	for i := range made {
		for _, k := range kept {
			if k.Position >= made[i].Object.First && k.Position <= made[i].Object.Last {
				made[i].Kept = append(made[i].Kept, k)
			}
		}
	}
	objects, err := rowsObjects(ctx, prover, e.Positions, keys)
	if err != nil {
		return errors.Join(err, archive.ClearAside(settings, made))
	}
	v, err := d.view(e)
	if err != nil {
		return err
	}
	e.Certificate, err = archive.SignDisposal(settings, &archive.Disposal{
		Sequence: sequence, Reason: e.Reason, Minimum: cmp.Or(d.node.paths.minimum, "none is set"), Proposed: archive.Word{By: e.By, At: e.At}, Confirmed: archive.Word{By: e.ApprovedBy, At: e.ApprovedAt},
		Issued: now, Objects: objects, Subject: subjectHash(e.Salt, e.Names), Younger: v.Found.Younger, Erased: made,
	})
	if err != nil {
		return errors.Join(err, archive.ClearAside(settings, made))
	}
	for key := range keys {
		e.Keys = append(e.Keys, hex.EncodeToString(key[:]))
	}
	slices.Sort(e.Keys)
	return d.holds.store.KeepErasure(ctx, e)
}

// keepOthers journals what payloads have of others, and has it under the log.
func (d erasureDesk) keepOthers(ctx context.Context, prover *archive.Prover, subject *mentions.Subject, positions []uint64) (kept []archive.KeptRecords, keys map[schema.Key]struct{}, err error) {
	normaliser := normalise.New(normalise.Config{WorkspaceID: d.node.workspace})
	keys = map[schema.Key]struct{}{}
	for _, position := range positions {
		proved, err := prover.Payload(ctx, position)
		if err != nil {
			return nil, nil, err
		}
		if proved.Leaf.Format == string(model.FormatOperations) {
			continue
		}
		p, err := proved.Leaf.Payload(proved.Body)
		if err != nil {
			return nil, nil, err
		}
		divided, err := subject.Divide(p, normaliser)
		if err != nil || divided == nil {
			return nil, nil, errors.Join(fmt.Errorf("journal position %d is no longer what the plan found", position), err)
		}
		for _, key := range divided.Keys {
			keys[key] = struct{}{}
		}
		if len(divided.Rest) == 0 {
			continue
		}
		// As old as the payload that it is out of, also for the minimum that it is kept.
		p.Source, p.Body, p.Packed, p.Name, p.Offset, p.Line = model.SourceQuoll, divided.Rest, nil, fmt.Sprintf("erased/%d/%s", position, proved.Leaf.SHA256), 0, 0
		as, err := d.node.journal.Append(ctx, p)
		if err != nil {
			return nil, nil, fmt.Errorf("journal records of others: %w", err)
		}
		sum := p.SHA256()
		kept = append(kept, archive.KeptRecords{Position: position, As: uint64(as), SHA256: hex.EncodeToString(sum[:]), Records: divided.Others})
	}
	return kept, keys, d.seal(ctx, uint64(d.node.journal.Last()))
}

// rowsObjects are the objects of data files that have rows of some records.
func rowsObjects(ctx context.Context, prover *archive.Prover, positions []uint64, keys map[schema.Key]struct{}) ([]archive.ObjectLeaf, error) {
	return prover.ObjectsWithRows(ctx, func(l archive.RowsLeaf) bool {
		at, _ := slices.BinarySearch(positions, l.First)
		return at < len(positions) && positions[at] <= l.Last
	}, func(data []byte) (bool, error) { return lake.HasKeys(data, keys) })
}

// erase does what a certificate says, as far as it is not done.
func (d erasureDesk) erase(ctx context.Context, e *hold.Erasure, c *archive.Disposal) error {
	// Journalled again after a crash, it is twice in the log, which does no harm.
	now := d.holds.now().UTC()
	gone, err := erasedKeys{c.Sequence, e.Keys}.payload(now)
	if err != nil {
		return err
	}
	position, err := d.node.journal.Append(ctx, model.Payload{
		Source: model.SourceLedger, Format: model.FormatCertificate, ContentType: "Erasure", Name: fmt.Sprintf("erasure-%d.certificate", e.ID), Received: now, Body: e.Certificate,
	}, gone)
	if err != nil {
		return fmt.Errorf("journal the certificate: %w", err)
	}
	if err := d.seal(ctx, uint64(position)); err != nil {
		return err
	}
	keys, err := parseKeys(e.Keys)
	if err != nil {
		return err
	}
	if _, err := d.node.lake.Erase(ctx, c.Sequence, keys); err != nil {
		return err
	}
	if err := d.node.archive.Dispose(ctx, e.Certificate); err != nil {
		return err
	}
	prover, err := d.node.openProver()
	if err != nil {
		return err
	}
	defer prover.Close()
	if err := d.eraseJournal(ctx, prover, c); err != nil {
		return err
	}
	return d.indexAgain(ctx, prover, c)
}

func parseKeys(texts []string) ([]schema.Key, error) {
	keys := make([]schema.Key, 0, len(texts))
	for _, text := range texts {
		b, err := hex.DecodeString(text)
		if err != nil || len(b) != len(schema.Key{}) {
			return nil, fmt.Errorf("%q is no key of a record", text)
		}
		keys = append(keys, schema.Key(b))
	}
	return keys, nil
}

// eraseJournal puts the same places into the journal that a restore would.
func (d erasureDesk) eraseJournal(ctx context.Context, prover *archive.Prover, c *archive.Disposal) error {
	places := map[journal.Position]model.Payload{}
	for i := range c.Erased {
		for _, position := range c.Erased[i].Positions {
			l, err := prover.Leaf(ctx, position)
			if err != nil {
				return err
			}
			if places[journal.Position(position)], err = l.Place(archive.ErasedContent); err != nil {
				return err
			}
		}
	}
	return d.node.journal.Erase(ctx, places)
}

// indexAgain makes the indexes of operations anew that cover what went.
func (d erasureDesk) indexAgain(ctx context.Context, prover *archive.Prover, c *archive.Disposal) error {
	_, taken, err := prover.Collect(ctx, model.SourceLedger, isHead, nil)
	if err != nil {
		return err
	}
	heads, err := committed(taken)
	if err != nil {
		return err
	}
	chain, err := operations.Chain(heads)
	if errors.Is(err, operations.ErrUncovered) {
		return nil
	}
	if err != nil {
		return err
	}
	indexer, whole := newOperationsIndexer(d.node, clock.System()), untrimmed{prover: prover}
	for i := range chain {
		h := chain[i].Head
		if !touches(c, h.First, h.Last) {
			continue
		}
		builder := operations.NewBuilder(indexer.normaliser, h.First)
		enough := errors.New("enough")
		err := d.node.journal.Read(ctx, journal.Position(h.First-1), func(e journal.Entry) error {
			if uint64(e.Position) > h.Last {
				return enough
			}
			p, err := whole.payload(ctx, e)
			if err != nil {
				return err
			}
			builder.Add(uint64(e.Position), p)
			return nil
		})
		if err != nil && !errors.Is(err, enough) {
			return fmt.Errorf("index operations anew: %w", err)
		}
		if err := indexer.write(ctx, builder, h.Last); err != nil {
			return err
		}
	}
	return d.seal(ctx, uint64(d.node.journal.Last()))
}

// touches says whether anything between two positions was erased.
func touches(c *archive.Disposal, first, last uint64) bool {
	for i := range c.Erased {
		for _, position := range c.Erased[i].Positions {
			if position >= first && position <= last {
				return true
			}
		}
	}
	return false
}
