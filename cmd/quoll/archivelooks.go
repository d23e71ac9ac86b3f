package main

import (
	"context"
	"slices"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/server"
)

// reconcileEvery is the time between two reconciliations of a server.
const reconcileEvery = 24 * time.Hour

// look is a look at the whole archive that is due at a time and then again and again.
type look struct {
	kind  string
	every time.Duration
	due   time.Time
}

// looks says when which look is due first: when the last one is long enough ago, but
// not while the server is busy with its start.
func (k *archiveKeeper) looks() []look {
	first := k.clock.Now().Add(k.after)
	due := func(last time.Time, every time.Duration) time.Time {
		if next := last.Add(every); next.After(first) {
			return next
		}
		return first
	}
	var reconciled, verified time.Time
	if last := readAgreement(k.node.paths.data); last != nil {
		reconciled = last.Time
	}
	if last := readVerification(k.node.paths.data); last != nil {
		verified = last.Time
	}
	looks := []look{{server.TaskReconcile, reconcileEvery, due(reconciled, reconcileEvery)}}
	if k.verifyEvery > 0 {
		looks = append(looks, look{server.TaskVerify, k.verifyEvery, due(verified, k.verifyEvery)})
	}
	return looks
}

// keepLooking starts each look when it is due until ctx ends. One that cannot start, as
// another is under way, is tried again every minute; of two that are due at once the
// first of the list goes first.
func keepLooking(ctx context.Context, c clock.Clock, looks []look, start func(kind string) error) {
	for {
		next := slices.MinFunc(looks, func(a, b look) int { return a.due.Compare(b.due) })
		if clock.Sleep(ctx, c, next.due.Sub(c.Now())) != nil {
			return
		}
		wait := next.every
		if start(next.kind) != nil {
			wait = time.Minute
		}
		at := slices.Index(looks, next)
		looks[at].due = c.Now().Add(wait)
	}
}
