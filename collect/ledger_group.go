package collect

import (
	"context"
	"database/sql"
	"fmt"
	"sync"

	"github.com/quoll/quoll/internal/state"
)

// group lets changes that come at the same time share a transaction, and so one
// commit and one fsync: the first that finds nobody at work leads, and those
// that come meanwhile are the next transaction.
type group struct {
	db *sql.DB

	mu      sync.Mutex // held for moments only
	leading bool
	waiting []*ledgerChange
	streams map[Stream]bool // those that have a row for sure
}

// ledgerChange is one call of update.
type ledgerChange struct {
	ctx    context.Context
	stream Stream
	change func(*sql.Tx) error
	done   chan error // one value, buffered
}

// maxShared bounds the changes in one transaction.
const maxShared = 64

// do makes a change durable, alone or with others. An error of the change undoes
// that change and no other.
func (g *group) do(ctx context.Context, s Stream, change func(*sql.Tx) error) error {
	c := &ledgerChange{ctx, s, change, make(chan error, 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, c)
	lead := !g.leading
	g.leading = true
	g.mu.Unlock()
	if lead {
		if g.round(); g.more() {
			go g.lead() // for those who came meanwhile; this caller has its answer
		}
	}
	return <-c.done
}

func (g *group) lead() {
	for g.round(); g.more(); g.round() {
	}
}

// more says whether anybody waits, and ends the lead if nobody does.
func (g *group) more() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.leading = len(g.waiting) > 0
	return g.leading
}

// round takes those who wait into a transaction.
func (g *group) round() {
	g.mu.Lock()
	n := min(len(g.waiting), maxShared)
	taken := g.waiting[:n:n]
	g.waiting = g.waiting[n:]
	g.mu.Unlock()
	errs, err := make([]error, 1), error(nil)
	if n == 1 {
		errs[0] = g.alone(taken[0])
	} else {
		errs, err = g.together(taken)
	}
	for i, c := range taken {
		if err != nil {
			errs[i] = err
		}
		if errs[i] == nil {
			g.mu.Lock()
			g.streams[c.stream] = true
			g.mu.Unlock()
		}
		c.done <- errs[i]
	}
}

func (g *group) alone(c *ledgerChange) error {
	return state.Change(c.ctx, g.db, func(tx *sql.Tx) error { return g.apply(c, tx) })
}

// together returns the error of each change, and the one that met all.
func (g *group) together(changes []*ledgerChange) (errs []error, err error) {
	errs = make([]error, len(changes))
	// One caller that gives up must not take the others with it.
	ctx := context.WithoutCancel(changes[0].ctx)
	tx, err := g.db.BeginTx(ctx, nil)
	if err != nil {
		return errs, err
	}
	defer func() { _ = tx.Rollback() }() // no effect after Commit; its error adds nothing before
	for i, c := range changes {
		if errs[i] = c.ctx.Err(); errs[i] != nil {
			continue
		}
		if _, err := tx.ExecContext(ctx, "SAVEPOINT change"); err != nil {
			return errs, err
		}
		if errs[i] = g.apply(c, tx); errs[i] != nil {
			if _, err := tx.ExecContext(ctx, "ROLLBACK TO change"); err != nil {
				return errs, fmt.Errorf("undo a change that failed (%w): %w", errs[i], err)
			}
		}
		if _, err := tx.ExecContext(ctx, "RELEASE change"); err != nil {
			return errs, err
		}
	}
	return errs, tx.Commit()
}

// apply makes the change, and the row of its stream unless that is there.
func (g *group) apply(c *ledgerChange, tx *sql.Tx) error {
	g.mu.Lock()
	known := g.streams[c.stream]
	g.mu.Unlock()
	if known {
		return c.change(tx)
	}
	_, err := tx.ExecContext(context.WithoutCancel(c.ctx), `INSERT INTO collect_stream (tenant, content_type) VALUES (?, ?) ON CONFLICT DO NOTHING`, c.stream.Tenant, c.stream.ContentType)
	if err != nil {
		return err
	}
	return c.change(tx)
}
