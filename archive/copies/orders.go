package copies

import (
	"context"
	"time"

	"github.com/quoll/quoll/archive"
)

// purger is a store that can remove. One that locks does once the lock has run
// out, and fails before.
type purger interface {
	// Purge removes an object for good; there need be none.
	Purge(ctx context.Context, name string) error
}

// clearEvery is how often a store is asked again to remove what it would not.
const clearEvery = time.Hour

// standIn copies the files that stand for objects by certificates of erasure, before
// the head that has the certificates.
func (c *Copier) standIn(ctx context.Context, s *archive.Snapshot) error {
	for sequence := c.note.Stands + 1; sequence <= s.Orders(); sequence++ {
		files, _ := s.Order(sequence)
		for _, e := range files {
			data, err := s.StandIn(e)
			if err != nil {
				return err
			}
			if err := c.create(ctx, e.File, data); err != nil {
				return err
			}
		}
	}
	c.note.Stands = s.Orders()
	return nil
}

// clear removes what certificates say should go, and keeps in the status what the
// store does not let go: a lock is no trouble, it runs out.
func (c *Copier) clear(ctx context.Context, s *archive.Snapshot) error {
	now := c.deps.Clock.Now()
	if c.note.Rid == s.Orders() || now.Before(c.cleared.Add(clearEvery)) && c.Status().Stale > 0 {
		return nil
	}
	c.cleared = now
	left, problem := 0, "it cannot remove"
	rid := c.note.Rid
	for sequence := c.note.Rid + 1; sequence <= s.Orders(); sequence++ {
		_, stale := s.Order(sequence)
		for _, name := range stale {
			err := ctx.Err()
			if store, ok := c.target.Store.(purger); ok && err == nil {
				err = store.Purge(ctx, name)
			} else if !ok {
				left++
				continue
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				left, problem = left+1, err.Error()
			}
		}
		if left == 0 {
			rid = sequence
		}
	}
	c.mu.Lock()
	c.status.Stale, c.status.StaleProblem = left, ""
	if left > 0 {
		c.status.StaleProblem = problem
	}
	c.mu.Unlock()
	if rid == c.note.Rid {
		return nil
	}
	c.note.Rid = rid
	return c.writeNote()
}
