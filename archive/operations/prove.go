package operations

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"

	"github.com/quoll/quoll/archive/proof"
)

// Committed is a head as the log has it.
type Committed struct {
	Head      *proof.Head
	Text      []byte // of the head
	Leaf      []byte
	Inclusion proof.Inclusion
}

// PresentError says that there is such a record: nothing of the kind is proved.
type PresentError struct{ Entry proof.Entry }

func (e *PresentError) Error() string {
	return fmt.Sprintf("there is such a record: %q about %q at %s, record %d of the payload at journal position %d", e.Entry.Operation, e.Entry.Subject, e.Entry.Time, e.Entry.Record, e.Entry.Position)
}

// ErrUncovered: there is no index of operations.
var ErrUncovered = errors.New("no index of operations is in the archive")

// Extent is the journal positions that an index is of, both ends included.
type Extent struct{ First, Last uint64 }

// Covered returns the position up to which indexes cover the journal from 1 on without
// a hole; 0 if none begins there.
func Covered(extents []Extent) uint64 {
	longest := map[uint64]uint64{}
	for _, e := range extents {
		longest[e.First] = max(longest[e.First], e.Last)
	}
	covered := uint64(0)
	for last := longest[1]; last > covered; last = longest[covered+1] {
		covered = last
	}
	return covered
}

// Chain picks heads that cover the journal without a hole and reach furthest, and of
// those that do, the ones that begin first: with position 1, unless indexes of the
// beginning were disposed of. Where a crash left two for one beginning, it takes the
// longer.
func Chain(heads []Committed) ([]Committed, error) {
	longest := map[uint64]int{}
	for i := range heads {
		h := heads[i].Head
		if other, ok := longest[h.First]; !ok || heads[other].Head.Last <= h.Last {
			longest[h.First] = i
		}
	}
	var best []Committed
	for _, first := range slices.Sorted(maps.Keys(longest)) {
		if n := len(best); n > 0 && first <= best[n-1].Head.Last {
			continue // within the chain
		}
		var chain []Committed
		for next := first; ; {
			i, ok := longest[next]
			if !ok {
				break
			}
			chain = append(chain, heads[i])
			next = heads[i].Head.Last + 1
		}
		if len(best) == 0 || chain[len(chain)-1].Head.Last > best[len(best)-1].Head.Last {
			best = chain
		}
	}
	if len(best) == 0 {
		return nil, ErrUncovered
	}
	return best, nil
}

// Prove makes the proof that no record is what the question asks for, over a chain
// of heads. list gives the entries of an index, by the position in its head; those
// whose bounds tell enough are not read. The error is a *PresentError if there is
// such a record.
func Prove(ctx context.Context, chain []Committed, q proof.Question, list func(ctx context.Context, position uint64) ([]byte, error)) ([]proof.Span, error) {
	spans := make([]proof.Span, 0, len(chain))
	for i := range chain {
		c := &chain[i]
		s := proof.Span{Index: c.Inclusion.Index, Leaf: string(c.Leaf), Hashes: proof.HashTexts(c.Inclusion.Hashes), Head: string(c.Text)}
		if h := c.Head; h.Entries > 0 && h.Latest >= q.From && h.Earliest < q.To {
			text, err := list(ctx, h.List)
			if err != nil {
				return nil, fmt.Errorf("read the index of positions %d to %d: %w", h.First, h.Last, err)
			}
			x, err := Open(h, text)
			if err != nil {
				return nil, err
			}
			if s.Before, s.After, err = x.apart(q); err != nil {
				return nil, err
			}
		}
		spans = append(spans, s)
	}
	return spans, nil
}

// apart finds the neighbours of the place where the record would be.
func (x *Index) apart(q proof.Question) (before, after *proof.Neighbour, err error) {
	from := proof.Entry{Tenant: q.Tenant, Operation: q.Operation, Subject: q.Subject, Time: q.From}
	at := sort.Search(len(x.lines), func(i int) bool {
		e, parseErr := proof.ParseEntry(x.lines[i])
		err = errors.Join(err, parseErr)
		return parseErr == nil && e.Compare(&from) >= 0
	})
	if err != nil {
		return nil, nil, err
	}
	if at < len(x.lines) {
		e, err := proof.ParseEntry(x.lines[at])
		if err != nil {
			return nil, nil, err
		}
		if e.Tenant == q.Tenant && e.Operation == q.Operation && e.Subject == q.Subject && e.Time < q.To {
			return nil, nil, &PresentError{*e}
		}
		if after, err = x.neighbour(at); err != nil {
			return nil, nil, err
		}
	}
	if at > 0 {
		before, err = x.neighbour(at - 1)
	}
	return before, after, err
}

func (x *Index) neighbour(n int) (*proof.Neighbour, error) {
	hashes, err := x.tree.Prove(int64(n))
	if err != nil {
		return nil, fmt.Errorf("prove entry %d of %d: %w", n, len(x.lines), err)
	}
	return &proof.Neighbour{N: int64(n), Entry: string(slices.Clone(x.lines[n])), Hashes: hashes}, nil
}
