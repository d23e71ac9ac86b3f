package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/operations"
	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/server"
)

const (
	// indexLook is the time between two looks at what is to be indexed, and
	// indexEvery the time after which also what fills no index is.
	indexLook  = time.Hour
	indexEvery = 24 * time.Hour
)

// operationsIndexer makes the indexes of operations of a node: each a payload of
// its own in the journal, followed by its head.
type operationsIndexer struct {
	node       *node
	normaliser *normalise.Normaliser
	clock      clock.Clock
	log        *slog.Logger

	mu      sync.Mutex
	known   bool // covered was read from the archive
	covered uint64
	head    uint64    // position of the last head
	since   time.Time // when the last span ended
}

func newOperationsIndexer(n *node, c clock.Clock) *operationsIndexer {
	return &operationsIndexer{node: n, normaliser: normalise.New(normalise.Config{WorkspaceID: n.workspace}), clock: c, log: n.log, since: c.Now()}
}

// run works until ctx ends, and then returns nil. What fails is tried again.
func (x *operationsIndexer) run(ctx context.Context) error {
	for {
		if clock.Sleep(ctx, x.clock, indexLook) != nil {
			return nil
		}
		x.mu.Lock()
		all := x.clock.Now().Sub(x.since) >= indexEvery
		x.mu.Unlock()
		if _, err := x.extend(ctx, all); err != nil && ctx.Err() == nil {
			x.log.Error("indexing operations failed; it is tried again", "error", err, "after", indexLook)
		}
	}
}

// extend indexes what was journalled since, as far as it fills indexes, or all of
// it, and returns the position of the last head.
func (x *operationsIndexer) extend(ctx context.Context, all bool) (uint64, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.find(ctx); err != nil {
		return 0, err
	}
	last := uint64(x.node.journal.Last())
	// Heads are journalled too: with nothing else since, there is nothing new.
	if x.head != 0 && last <= x.head || x.covered >= last {
		return x.head, nil
	}
	builder := operations.NewBuilder(x.normaliser, x.covered+1)
	whole := untrimmed{open: x.node.openProver}
	defer whole.close()
	done := errors.New("enough")
	err := x.node.journal.Read(ctx, journal.Position(x.covered), func(e journal.Entry) error {
		if uint64(e.Position) > last {
			return done
		}
		p, err := whole.payload(ctx, e)
		if err != nil {
			return err
		}
		builder.Add(uint64(e.Position), p)
		if !builder.Full() {
			return nil
		}
		if err := x.write(ctx, builder, uint64(e.Position)); err != nil {
			return err
		}
		builder = operations.NewBuilder(x.normaliser, x.covered+1)
		return nil
	})
	if err != nil && !errors.Is(err, done) {
		return 0, fmt.Errorf("index operations: %w", err)
	}
	if all && x.covered < last {
		if err := x.write(ctx, builder, last); err != nil {
			return 0, err
		}
	}
	return x.head, nil
}

// find reads from the archive how far the indexes reach. One that was journalled
// and not archived yet is made again, which does no harm.
func (x *operationsIndexer) find(ctx context.Context) error {
	if x.known {
		return nil
	}
	covered, head, err := x.node.indexed(ctx)
	if err != nil {
		return err
	}
	x.covered, x.head, x.known = covered, head, true
	return nil
}

// indexed returns the position up to which indexes of operations are in the archive,
// and that of the last head.
func (n *node) indexed(ctx context.Context) (covered, head uint64, err error) {
	prover, err := n.openProver()
	if err != nil {
		return 0, 0, err
	}
	defer prover.Close()
	// By the names of the leaves: what was disposed of must not be indexed again.
	var extents []operations.Extent
	if _, _, err = prover.Collect(ctx, model.SourceLedger, func(l archive.PayloadLeaf) bool {
		var e operations.Extent
		if _, err := fmt.Sscanf(l.Name, "%d-%d.", &e.First, &e.Last); err == nil && isHead(l) {
			extents, head = append(extents, e), l.Position
		}
		return false
	}, nil); err != nil {
		return 0, 0, err
	}
	return operations.Covered(extents), head, nil
}

// write journals an index and its head, and goes on behind it.
func (x *operationsIndexer) write(ctx context.Context, b *operations.Builder, last uint64) error {
	index, err := b.Finish(last)
	if err != nil {
		return err
	}
	list, err := x.node.journal.Append(ctx, x.payload(model.FormatOperations, index, index.List()))
	if err != nil {
		return fmt.Errorf("journal index of operations: %w", err)
	}
	index.Head.List = uint64(list)
	head, err := x.node.journal.Append(ctx, x.payload(model.FormatOperationsHead, index, index.Head.Line()))
	if err != nil {
		return fmt.Errorf("journal head of an index of operations: %w", err)
	}
	x.covered, x.head, x.since = last, uint64(head), x.clock.Now()
	return nil
}

func (x *operationsIndexer) payload(format model.Format, index *operations.Index, body []byte) model.Payload {
	return model.Payload{
		Source: model.SourceLedger, Format: format, Name: fmt.Sprintf("%d-%d.%s", index.Head.First, index.Head.Last, format), Received: x.clock.Now().UTC(), Body: body,
	}
}

func isHead(l archive.PayloadLeaf) bool { return l.Format == string(model.FormatOperationsHead) }

// committed are the heads among payloads of the ledger.
func committed(taken []archive.Proved) ([]operations.Committed, error) {
	var heads []operations.Committed
	for i := range taken {
		p := &taken[i]
		if !isHead(p.Leaf) {
			continue
		}
		head, err := proof.ParseHead(p.Body)
		if err != nil {
			return nil, fmt.Errorf("journal position %d: %w", p.Leaf.Position, err)
		}
		heads = append(heads, operations.Committed{Head: head, Text: p.Body, Leaf: p.Line, Inclusion: p.Inclusion})
	}
	return heads, nil
}

func questionOf(r server.AbsenceRequest) proof.Question {
	return proof.Question{
		Tenant: proof.Normal(r.Tenant), Operation: proof.Normal(r.Operation), Subject: proof.Normal(r.Subject), From: proof.NormalTime(r.From), To: proof.NormalTime(r.To),
	}
}

// proveAbsence makes the proof from what an archive has: the heads, and of the
// tenant's certificates the latest for each content type and day.
func proveAbsence(ctx context.Context, prover *archive.Prover, q proof.Question, progress func(done, total int64)) (*proof.Absence, error) {
	types := map[string]bool{}
	checkpoint, taken, err := prover.Collect(ctx, model.SourceLedger, func(l archive.PayloadLeaf) bool {
		if l.Format != string(model.FormatCertificate) || proof.Normal(l.Tenant) != q.Tenant {
			return isHead(l)
		}
		types[l.ContentType] = true
		// The name begins with the day. Records of the last one may still have
		// been created at the source on the next.
		return len(l.Name) > 10 && l.Name[:10] >= q.From[:10] && l.Name[:10] <= dayAfter(q.To)
	}, progress)
	if err != nil {
		return nil, err
	}
	heads, err := committed(taken)
	if err != nil {
		return nil, err
	}
	chain, err := operations.Chain(heads)
	if err != nil {
		return nil, err
	}
	a := &proof.Absence{Question: q, Checkpoint: checkpoint}
	if first := chain[0].Head.First; first > 1 {
		a.Begins = first
	}
	a.Spans, err = operations.Prove(ctx, chain, q, func(ctx context.Context, position uint64) ([]byte, error) {
		proved, err := prover.Payload(ctx, position)
		if err != nil {
			return nil, err
		}
		return proved.Body, nil
	})
	if err != nil {
		return nil, err
	}
	for contentType := range types {
		a.ContentTypes = append(a.ContentTypes, contentType)
	}
	slices.Sort(a.ContentTypes)
	a.Certificates = latestCertificates(taken)
	a.Stamped, err = prover.StampedTree(ctx, checkpoint, a.Leaves())
	return a, err
}

// dayAfter is the last day on which a record before a time may be looked for.
func dayAfter(to string) string {
	at, err := time.Parse(proof.EntryTime, to)
	if err != nil {
		return ""
	}
	return at.Add(24*time.Hour - time.Microsecond).Format(time.DateOnly)
}

// latestCertificates takes of each day and content type the one that was archived
// last: it supersedes the others.
func latestCertificates(taken []archive.Proved) []string {
	latest := map[string]archive.Proved{}
	for _, p := range taken {
		if p.Leaf.Format == string(model.FormatCertificate) {
			latest[p.Leaf.Name[:10]+" "+p.Leaf.ContentType] = p
		}
	}
	var kept []archive.Proved
	for _, p := range latest {
		kept = append(kept, p)
	}
	slices.SortFunc(kept, func(a, b archive.Proved) int { return cmp.Compare(a.Leaf.Position, b.Leaf.Position) })
	var texts []string
	for _, p := range kept {
		texts = append(texts, strings.Clone(string(p.Body)))
	}
	return texts
}
