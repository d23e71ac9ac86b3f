package activity

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/backoff"
	"github.com/quoll/quoll/internal/clock"
)

const (
	opList  = "list content"
	opFetch = "fetch content"

	// goneTries is how often in a row the API has to say that a blob does not
	// exist before it is believed: most of a day. A fault of the service that says
	// so of everything lasts for hours, and what is given up is not asked for again.
	goneTries = 100
	// expiredTries is that of one whose time is over: about half an hour.
	expiredTries = 10
	// overdue is how long after its expiration a blob is still tried, because
	// measured lifetimes are longer than the documented one.
	overdue = 24 * time.Hour
	// overdueAsked is for how long the server must have been heard before a blob is
	// given up for its age: after an outage it is tried some more times first.
	overdueAsked = 30 * time.Minute
	// readAhead is how many due blobs are taken from the ledger at a time.
	readAhead = 64
	// idle bounds the wait of a worker without work, unless listings are further
	// apart. They and failures wake workers long before; this is for a clock that
	// was set.
	idle = time.Hour
	// patience is how many attempts in a row have to fail before a worker
	// pauses: one bad blob among good ones must not slow them down.
	patience = 3
)

var (
	// blobPolicy spaces the attempts at one blob, for as long as it lives.
	blobPolicy = backoff.Policy{First: 5 * time.Second, Max: 15 * time.Minute}
	// pausePolicy spaces attempts while the trouble is the server's or ours.
	pausePolicy = backoff.Policy{First: 5 * time.Second, Max: 5 * time.Minute}
)

// errStorage says that the sink or the ledger failed, which is no blob's fault.
var errStorage = errors.New("storage failed")

// work is what the workers of one stream share.
type work struct {
	turn chan struct{} // held while taking; a channel, so that waiting can be given up
	wake chan struct{} // holds one token when there may be something to take
	// changed says that the ledger may hold something else than when it was last
	// read; until then, and before nothingUntil, there is no need to read it.
	changed      atomic.Bool
	nothingUntil time.Time

	queue    []job
	inFlight map[string]bool
}

// job is one blob to fetch: an outstanding one, or one that was journalled
// young and is due once more.
type job struct {
	collect.Blob
	journalled *collect.Journalled
}

func newWork() *work {
	return &work{turn: make(chan struct{}, 1), wake: make(chan struct{}, 1), inFlight: map[string]bool{}}
}

// wakeFetch lets one idle worker look for work; it wakes the next.
func (s *stream) wakeFetch() {
	s.work.changed.Store(true)
	select {
	case s.work.wake <- struct{}{}:
	default:
	}
}

// fetch is one of the stream's workers. It brings one outstanding blob after
// the other to the sink until ctx ends.
func (s *stream) fetch(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; {
		job, next, err := s.take(ctx)
		if err == nil && job == nil {
			s.await(ctx, next)
			continue
		}
		if job != nil {
			err = s.attempt(ctx, *job)
			s.release(ctx, job.ContentID)
		}
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			failures = 0
			s.health.fetchSucceeded(s.clock.Now())
			continue
		}
		failures++
		s.health.fetchFailed(err, s.clock.Now())
		if failures >= patience || !blobsFault(err) {
			pause := pausePolicy.Delay(max(1, failures-patience+1), s.random)
			_ = clock.Sleep(ctx, s.clock, max(pause, waitAsked(err)))
		}
	}
}

// take returns the outstanding blob that expires first and that no other worker
// has; when there is none, one to fetch once more; else nil, and when there
// will be.
func (s *stream) take(ctx context.Context) (next *job, at time.Time, err error) {
	w := s.work
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return nil, at, ctx.Err()
	}
	if len(w.queue) == 0 {
		if !w.changed.Swap(false) && s.clock.Now().Before(w.nothingUntil) {
			return nil, w.nothingUntil, nil
		}
		w.nothingUntil = time.Time{}
		if w.queue, at, err = s.due(ctx); err != nil {
			return nil, at, s.storage(err)
		}
	}
	if len(w.queue) == 0 {
		w.nothingUntil = s.clock.Now().Add(max(idle, s.cfg.PollEvery))
		if !at.IsZero() && at.Before(w.nothingUntil) {
			w.nothingUntil = at
		}
		return nil, w.nothingUntil, nil
	}
	next, w.queue = &w.queue[0], w.queue[1:]
	w.inFlight[next.ContentID] = true
	if len(w.queue) > 0 {
		s.wakeFetch()
	}
	return next, at, nil
}

// due reads from the ledger what nobody works on; the turn must be held.
func (s *stream) due(ctx context.Context) (jobs []job, at time.Time, err error) {
	now, limit := s.clock.Now(), readAhead+len(s.work.inFlight)
	blobs, at, err := s.ledger.Due(ctx, s.Stream, now, limit)
	if err != nil {
		return nil, at, err
	}
	for _, b := range blobs {
		if !s.work.inFlight[b.ContentID] {
			jobs = append(jobs, job{Blob: b})
		}
	}
	if len(jobs) > 0 {
		return jobs, at, nil
	}
	again, recheck, err := s.ledger.Rechecks(ctx, s.Stream, now, limit)
	for i, j := range again {
		if !s.work.inFlight[j.ContentID] {
			jobs = append(jobs, job{j.Blob, &again[i]})
		}
	}
	if at.IsZero() || !recheck.IsZero() && recheck.Before(at) {
		at = recheck
	}
	return jobs, at, err
}

func (s *stream) release(ctx context.Context, contentID string) {
	select {
	case s.work.turn <- struct{}{}:
		delete(s.work.inFlight, contentID)
		s.work.changed.Store(true)
		<-s.work.turn
	case <-ctx.Done(): // then nobody takes any more
	}
}

// await waits until there may be work.
func (s *stream) await(ctx context.Context, at time.Time) {
	timer := s.clock.NewTimer(max(at.Sub(s.clock.Now()), time.Millisecond))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-s.work.wake:
	case <-timer.C():
	}
}

// attempt tries one blob and notes in the ledger what became of it.
func (s *stream) attempt(ctx context.Context, j job) error {
	v := &visit{room: s.room, tenant: s.Tenant}
	defer v.end(true)
	if j.journalled != nil {
		return s.recheck(ctx, v, *j.journalled)
	}
	blob := j.Blob
	d, err := s.download(ctx, v, blob)
	if err == nil {
		return errors.Join(s.keep(ctx, blob, d), d.close())
	}
	if ctx.Err() != nil || !blobsFault(err) {
		return err
	}
	now := s.clock.Now()
	if reason := s.lostReason(blob, err); reason != "" {
		s.logger.Error("content is lost", "contentId", blob.ContentID, "created", blob.Created, "reason", reason)
		return s.storage(s.ledger.Expired(ctx, s.Stream, blob.ContentID, now, reason))
	}
	wait := max(blobPolicy.Delay(blob.Attempts+1, s.random), waitAsked(err))
	failed := collect.Failure{Next: now.Add(wait), Cause: err.Error(), Missing: behaviourOf(err) == gone}
	if noteErr := s.ledger.Failed(ctx, s.Stream, blob.ContentID, failed); noteErr != nil {
		return s.storage(noteErr)
	}
	if behaviourOf(err) == subscribe {
		s.doubt.Store(true)
	}
	return err
}

// lostReason says why a blob has to be given up, or nothing while there is
// hope. Time alone is a reason only when the server has told for a while what time
// it is: a network that is away, a clock that is wrong and a proxy's page say
// nothing about a blob.
func (s *stream) lostReason(blob collect.Blob, err error) string {
	now, known := s.client.now(), s.client.server.Known()
	switch does := behaviourOf(err); {
	case does == expired:
		return err.Error()
	case does == gone && blob.Missing+1 >= goneTries:
		return err.Error()
	case does == gone && blob.Missing+1 >= expiredTries && known > 0 && now.After(deadline(blob)):
		return err.Error()
	case known >= overdueAsked && now.After(deadline(blob).Add(overdue)):
		return fmt.Sprintf("expired at %s; the last of %d attempts: %v", blob.Expires.Format(time.RFC3339), blob.Attempts+1, err)
	default:
		return ""
	}
}

// deadline is until when a blob can be had: what the listing says, and not less
// than Microsoft's documented lifetime.
func deadline(blob collect.Blob) time.Time {
	if documented := blob.Created.Add(lifetime); documented.After(blob.Expires) {
		return documented
	}
	return blob.Expires
}

// blobsFault reports whether an error concerns the one blob, as far as anyone
// can tell, so that it has to stand back behind others. A token that cannot be
// had, throttling and full disks meet every blob.
func blobsFault(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.operation == opFetch && f.does != throttled
}

func (s *stream) storage(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errStorage, err)
}
