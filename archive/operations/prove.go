package operations

import (
	"context"
	"errors"
	"fmt"
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

// ErrUncovered: no index of operations begins with the first journal position.
var ErrUncovered = errors.New("no index of operations covers the beginning of the log")

// Chain picks heads that cover the journal from position 1 without a hole, as far
// as it goes. Where a crash left two for one beginning, it takes the longer.
func Chain(heads []Committed) ([]Committed, error) {
	longest := map[uint64]int{}
	for i := range heads {
		h := heads[i].Head
		if other, ok := longest[h.First]; !ok || heads[other].Head.Last <= h.Last {
			longest[h.First] = i
		}
	}
	var chain []Committed
	for next := uint64(1); ; {
		i, ok := longest[next]
		if !ok {
			break
		}
		chain = append(chain, heads[i])
		next = heads[i].Head.Last + 1
	}
	if len(chain) == 0 {
		return nil, ErrUncovered
	}
	return chain, nil
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
