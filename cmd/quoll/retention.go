package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/metrics"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/pipeline"
	"github.com/quoll/quoll/retention"
	"github.com/quoll/quoll/schema"
	"github.com/quoll/quoll/server"
)

// How often retention runs, how soon after the start, and after a failure.
const (
	expireEvery = 24 * time.Hour
	expireFirst = time.Minute
	expireAgain = time.Hour
)

// retentionKeeper removes once a day what is out of date, and answers what people
// ask about it. Without rules it removes nothing.
type retentionKeeper struct {
	node   *node
	policy *retention.Policy
	holds  lake.Holds
	audit  *acts
	clock  clock.Clock
	log    *slog.Logger

	trimmer *pipeline.Trimmer // of the journal; nil until the first run

	mu         sync.Mutex
	last, next time.Time
	problem    string
	problemMet time.Time
	// Since the start.
	removedRows, freedBytes       int64
	trimmedPayloads, trimmedBytes int64
}

// run expires once a day until ctx ends.
func (k *retentionKeeper) run(ctx context.Context) error {
	if len(k.policy.Rules()) == 0 && k.node.lake.Floors().Last() == nil {
		return nil // and there was never anything
	}
	next := k.clock.Now().Add(expireFirst)
	for {
		k.set(func() { k.next = next.UTC() })
		if clock.Sleep(ctx, k.clock, next.Sub(k.clock.Now())) != nil {
			return nil
		}
		next = k.clock.Now().Add(expireEvery)
		err := k.expire(ctx)
		if err == nil {
			err = k.trim(ctx)
		}
		switch {
		case errors.Is(err, lake.ErrHoldsChanged):
			next = k.clock.Now().Add(expireFirst)
		case err != nil && ctx.Err() == nil:
			k.log.Error("retention failed; it is tried again", "error", err, "after", expireAgain)
			next = k.clock.Now().Add(expireAgain)
		}
	}
}

func (k *retentionKeeper) set(change func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change()
}

func (k *retentionKeeper) terms(ctx context.Context) (lake.Terms, error) {
	holds, err := k.holds.RetentionHolds(ctx)
	if err != nil {
		return lake.Terms{}, fmt.Errorf("ask what is held: %w", err) // and nothing is removed
	}
	return lake.Terms{Policy: k.policy, Holds: holds, Ask: k.holds, Day: k.clock.Now().UTC()}, nil
}

// expire runs retention once and writes it down.
func (k *retentionKeeper) expire(ctx context.Context) error {
	terms, err := k.terms(ctx)
	var run *lake.Tombstone
	if err == nil {
		run, err = k.node.lake.Expire(ctx, terms)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	err = errors.Join(err, k.recordAll(ctx))
	if run == nil || run.Ended.IsZero() { // the others are written down with their tombstones
		what := act{operation: "Expire rows", kind: "Retention", description: "nothing was out of date", properties: map[string]any{"Day": terms.Day.Format(time.DateOnly), "Rules": k.policy.Rules()}}
		if err != nil {
			what.description = "could not remove what is out of date"
		}
		err = k.audit.done(ctx, what, err)
	}
	k.set(func() {
		if k.problem, k.problemMet = "", (time.Time{}); err != nil {
			k.problem, k.problemMet = err.Error(), k.clock.Now().UTC()
		} else {
			k.last = k.clock.Now().UTC()
		}
		if run != nil {
			for _, t := range run.Tables {
				k.removedRows, k.freedBytes = k.removedRows+t.Rows, k.freedBytes+t.Bytes
			}
		}
	})
	return err
}

// recordAll writes down every run that is not written down yet, as an act of
// Quoll's own, by which it comes under the archive's log. A crash may have it
// written down twice: its key is the same, so that it is one row.
func (k *retentionKeeper) recordAll(ctx context.Context) error {
	for _, t := range k.node.lake.Tombstones() {
		if t.Recorded > 0 || !settled(&t) {
			continue
		}
		position, err := k.record(ctx, &t)
		if err == nil {
			err = k.node.lake.Record(ctx, t.Run, position)
		}
		if err != nil {
			return fmt.Errorf("write down run %d of retention: %w", t.Run, err)
		}
	}
	return nil
}

// settled says whether a run has an outcome: it ended, or it was broken off after it
// had removed something, and all of that is certain.
func settled(t *lake.Tombstone) bool {
	if !t.Ended.IsZero() {
		return true
	}
	return len(t.Tables) > 0 && !slices.ContainsFunc(t.Tables, func(r lake.Removal) bool { return !t.Done[r.Table] })
}

func (k *retentionKeeper) record(ctx context.Context, t *lake.Tombstone) (uint64, error) {
	var rows int64
	for _, removal := range t.Tables {
		rows += removal.Rows
	}
	description := fmt.Sprintf("removed %d rows that were out of date from %d tables", rows, len(t.Tables))
	if t.Ended.IsZero() {
		description += ", and was broken off"
	}
	row := k.audit.row(ctx, act{
		operation: "Expire rows", kind: "Retention", name: fmt.Sprintf("run %d", t.Run), description: description,
		properties: map[string]any{
			"Run": t.Run, "Began": t.Began, "Ended": t.Ended, "Day": t.Day.Format(time.DateOnly), "Position": t.Position,
			"Tables": t.Tables, "Rules": t.Rules, "Holds": t.Holds,
		},
	})
	key := removalKey(t)
	body, err := json.Marshal(map[string]any{"table": schema.SentinelAudit, "key": key, "row": row})
	if err != nil {
		return 0, err
	}
	sum, err := t.Sum()
	if err != nil {
		return 0, err
	}
	position, err := k.audit.journal.Append(ctx, model.Payload{
		Source: model.SourceQuoll, Format: model.FormatOwnRows, ContentType: schema.SentinelAudit, Name: key + "/" + sum, Received: k.clock.Now().UTC(), Body: append(body, '\n'),
	})
	return uint64(position), err
}

// figures are those of metrics; nil without rules.
func (k *retentionKeeper) figures() *metrics.Retention {
	if len(k.policy.Rules()) == 0 {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return &metrics.Retention{
		LastRun: k.last, RemovedRows: k.removedRows, FreedBytes: max(k.freedBytes, 0), TrimmedPayloads: k.trimmedPayloads, TrimmedBytes: k.trimmedBytes, Failing: k.problem != "",
	}
}

// state is how retention is, for health; false where there is none.
func (k *retentionKeeper) state() (part server.PartState, there bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.policy.Rules()) == 0 {
		return part, false
	}
	part = kept("retention", k.problem)
	if k.problem != "" {
		part.Met, part.Remedy = moment(k.problemMet), "It is tried again each hour, and nothing is lost meanwhile. quoll lake check says whether files are damaged."
	}
	return part, true
}
