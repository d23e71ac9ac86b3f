package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/quoll/quoll/internal/state"
)

// maxHeldTitles bounds the titles that a message repeats.
const maxHeldTitles = 20

// waiting is a message in the queue of a target.
type waiting struct {
	message  Message
	attempts int
}

// Deliver makes one attempt at each message that is due, target by target, in
// their order. A target that fails keeps the others from nothing.
func (n *Notifier) Deliver(ctx context.Context) error {
	var problems []error
	for _, t := range n.targets {
		if err := n.deliverTo(ctx, t); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", t.Name, err))
		}
	}
	return errors.Join(append(problems, n.forget(ctx))...)
}

// remember is how long the log has what came to an end. A message that is told
// again after that would be delivered again.
const remember = 180 * 24 * time.Hour

// forget drops from the log what was delivered or given up long ago. What waits or
// is held back stays.
func (n *Notifier) forget(ctx context.Context) error {
	before := n.clock.Now().Add(-remember).UnixMicro()
	if _, err := n.db.ExecContext(ctx, `DELETE FROM notify_delivery WHERE state IN ('delivered','told later','failed') AND due < ? AND done BETWEEN 1 AND ?`, before, before); err != nil {
		return fmt.Errorf("forget old deliveries: %w", err)
	}
	return nil
}

func (n *Notifier) deliverTo(ctx context.Context, t Target) error {
	due, err := n.due(ctx, t)
	if err != nil {
		return err
	}
	limit := t.PerHour
	if limit == 0 {
		limit = 60
	}
	for _, w := range due {
		now := n.clock.Now()
		var sent int
		if err := n.db.QueryRowContext(ctx, `SELECT count(*) FROM notify_delivery WHERE target=? AND state='delivered' AND done>?`, t.Name, now.Add(-time.Hour).UnixMicro()).Scan(&sent); err != nil {
			return err
		}
		if sent >= limit {
			if err := n.settle(ctx, t, w, "held", now, "", now); err != nil {
				return err
			}
			continue
		}
		if err := n.attempt(ctx, t, w); err != nil {
			return err
		}
	}
	return nil
}

func (n *Notifier) due(ctx context.Context, t Target) ([]waiting, error) {
	return n.read(ctx, `target=? AND state='waiting' AND due<=? ORDER BY sequence LIMIT 100`, t.Name, n.clock.Now().UnixMicro())
}

func (n *Notifier) held(ctx context.Context, t Target) ([]waiting, error) {
	return n.read(ctx, `target=? AND state='held' ORDER BY sequence`, t.Name)
}

func (n *Notifier) read(ctx context.Context, which string, args ...any) ([]waiting, error) {
	return state.All(ctx, n.db, "read notifications", func(row state.Row) (w waiting, err error) {
		var body []byte
		if err := row.Scan(&body, &w.attempts); err != nil {
			return w, err
		}
		return w, json.Unmarshal(body, &w.message)
	}, "SELECT message, attempts FROM notify_delivery WHERE "+which, args...)
}

// attempt sends a message, with the titles of what was held back before it.
func (n *Notifier) attempt(ctx context.Context, t Target, w waiting) error {
	m := w.message
	held, err := n.held(ctx, t)
	if err != nil {
		return err
	}
	m.HeldCount = len(held)
	for _, h := range held[:min(len(held), maxHeldTitles)] {
		m.HeldBack = append(m.HeldBack, h.message.Title)
	}
	text, err := t.text(m)
	if err == nil {
		err = n.sender.Send(ctx, t, m, text)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	now := n.clock.Now()
	w.attempts++
	switch {
	case err == nil:
		if err := n.settle(ctx, t, w, "delivered", now, "", now); err != nil {
			return err
		}
		for _, h := range held {
			if err := n.settle(ctx, t, h, "told later", now, "", now); err != nil {
				return err
			}
		}
		return nil
	case w.attempts >= retries.Tries:
		n.log.Error("a notification was given up", "target", t.Name, "incident", m.Number, "error", err)
		return n.settle(ctx, t, w, "failed", now, err.Error(), now)
	}
	return n.settle(ctx, t, w, "waiting", now.Add(retries.Delay(w.attempts, n.random)), err.Error(), time.Time{})
}

func (n *Notifier) settle(ctx context.Context, t Target, w waiting, state string, due time.Time, problem string, done time.Time) error {
	var at int64
	if !done.IsZero() {
		at = done.UnixMicro()
	}
	_, err := n.db.ExecContext(ctx, `UPDATE notify_delivery SET state=?, attempts=?, due=?, error=?, done=? WHERE target=? AND key=?`,
		state, w.attempts, due.UnixMicro(), problem, at, t.Name, w.message.Key)
	return err
}

// Delivery is a line of the log of deliveries.
type Delivery struct {
	Target, State, Title, Error string
	Incident                    int64
	Attempts                    int
	Due, Done                   time.Time // UTC; Done is zero while it waits
}

// Log returns the newest deliveries first, at most limit.
func (n *Notifier) Log(ctx context.Context, limit int) ([]Delivery, error) {
	return state.All(ctx, n.db, "read the log of deliveries", func(row state.Row) (d Delivery, err error) {
		var body []byte
		var due, done int64
		if err := row.Scan(&d.Target, &d.State, &body, &d.Error, &d.Attempts, &due, &done); err != nil {
			return d, err
		}
		var m Message
		if err := json.Unmarshal(body, &m); err != nil {
			return d, err
		}
		d.Title, d.Incident, d.Due = m.Title, m.Number, time.UnixMicro(due).UTC()
		if done != 0 {
			d.Done = time.UnixMicro(done).UTC()
		}
		return d, nil
	}, `SELECT target, state, message, error, attempts, due, done FROM notify_delivery ORDER BY sequence DESC, target LIMIT ?`, limit)
}
