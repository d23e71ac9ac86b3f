package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/normalise"
)

// job is a journal entry on its way to the lake.
type job struct {
	entry      journal.Entry
	result     normalise.Result
	quarantine string        // why nothing of it can be taken, if so
	done       chan struct{} // closed when result is there
}

// advance reads the journal after the last applied position and applies what
// it finds. Payloads are normalised ahead and side by side; they are applied in
// order. When ctx ends, the batch at hand is finished.
func (p *Pipeline) advance(ctx context.Context) error {
	p.applyMu.Lock()
	defer p.applyMu.Unlock()
	after := journal.Position(p.Lake.Applied())
	if p.Parts.Journal.Last() <= after {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ordered := make(chan *job, p.config.Prefetch)
	work := make(chan *job)
	var group sync.WaitGroup
	var readErr error
	group.Go(func() {
		defer close(ordered)
		defer close(work)
		readErr = p.Parts.Journal.Lend(ctx, after, func(e journal.Entry) error { return hand(ctx, e, work, ordered) })
	})
	for range p.config.Workers {
		group.Go(func() {
			for j := range work {
				p.normalise(j)
			}
		})
	}
	err := p.applyAll(ctx, ordered)
	cancel()
	for range ordered { // what was read ahead is read again next time
	}
	group.Wait()
	if err != nil {
		return err
	}
	if readErr != nil {
		return fmt.Errorf("read the journal after position %d: %w", after, readErr)
	}
	return nil
}

// hand gives an entry to a worker and to the applier.
func hand(ctx context.Context, e journal.Entry, work, ordered chan<- *job) error {
	j := &job{entry: e, done: make(chan struct{})}
	select {
	case work <- j:
	case <-ctx.Done():
		return ctx.Err()
	}
	// The worker has it, so done will be closed; the applier drains.
	ordered <- j
	return nil
}

// normalise fills the result of a job. A panic becomes a reject of the whole
// payload: one strange record must not stop the river, and the journal keeps
// the payload for a better normaliser.
func (p *Pipeline) normalise(j *job) {
	defer close(j.done)
	defer func() {
		if v := recover(); v != nil {
			p.Logger.Error("the normaliser panicked", "panic", v, "stack", string(debug.Stack()))
			p.reject(j, fmt.Sprintf("the normaliser failed: %v", v))
		}
	}()
	j.result = p.Normaliser.Payload(j.entry.Payload)
}

// reject makes the whole payload of a job one reject that goes to quarantine.
func (p *Pipeline) reject(j *job, reason string) {
	p.Logger.Error("a payload is quarantined", "position", j.entry.Position, "name", j.entry.Payload.Name, "reason", reason)
	j.quarantine = reason
	j.result = normalise.Result{Rejects: []normalise.Reject{{
		Line: j.entry.Payload.Line, Raw: j.entry.Payload.Body, Reason: reason,
	}}}
}

func (p *Pipeline) applyAll(ctx context.Context, ordered <-chan *job) error {
	for j := range ordered {
		<-j.done
		if err := p.apply(ctx, j); err != nil {
			return err
		}
		j.result.Release()
		j.entry.GiveBack() // no row, reject or sighting refers to the body any more
	}
	return nil
}

// apply brings one entry into the lake, trying again while the lake cannot
// take it, and accounts for it.
func (p *Pipeline) apply(ctx context.Context, j *job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.keepRejects(ctx, j); err != nil {
		return err
	}
	p.keepDrift(ctx, j)
	var applied lake.Applied
	for {
		var err error
		applied, err = p.Lake.Apply(ctx, lake.Batch{
			Position: uint64(j.entry.Position), Ingested: p.Clock.Now(), Received: j.entry.Payload.Received, Records: j.result.Records,
		})
		if err == nil {
			break
		}
		if errors.Is(err, lake.ErrInvalidRow) {
			p.reject(j, err.Error())
			return p.apply(ctx, j)
		}
		if errors.Is(err, lake.ErrClosed) || errors.Is(err, lake.ErrUncertain) || errors.Is(err, lake.ErrTaken) || ctx.Err() != nil {
			return err
		}
		p.Logger.Error("the lake takes no rows; it is tried again", "error", err, "after", p.config.RetryAfter)
		p.update(func(s *Status) { s.FlushError = err.Error() })
		if err := clock.Sleep(ctx, p.Clock, p.config.RetryAfter); err != nil {
			return err
		}
	}
	p.account(j, applied)
	return nil
}

// keepDrift remembers what was sighted. Rows do not wait for it: when it fails,
// the next record of that form is sighted instead.
func (p *Pipeline) keepDrift(ctx context.Context, j *job) {
	if p.Drift == nil || len(j.result.Sightings) == 0 {
		return
	}
	err := p.Drift.Keep(context.WithoutCancel(ctx), uint64(j.entry.Position), j.entry.Payload.Received, j.result.Sightings)
	if err != nil {
		p.Logger.Error("what is new in the form of records could not be kept; it will be when the next record shows it", "error", err)
	}
}

// keepRejects keeps what could not be taken before the position moves past it.
// A failure to keep it is retried like any other: it is the user's evidence.
func (p *Pipeline) keepRejects(ctx context.Context, j *job) error {
	if len(j.result.Rejects) == 0 {
		return nil
	}
	for {
		err := p.tryKeepRejects(ctx, j)
		if err == nil || ctx.Err() != nil {
			return err
		}
		p.Logger.Error("keeping rejects failed; it is tried again", "error", err, "after", p.config.RetryAfter)
		if err := clock.Sleep(ctx, p.Clock, p.config.RetryAfter); err != nil {
			return err
		}
	}
}

func (p *Pipeline) tryKeepRejects(ctx context.Context, j *job) error {
	if j.quarantine != "" {
		if err := p.quarantine(ctx, j); err != nil {
			return err
		}
	}
	if p.Rejects == nil {
		return nil
	}
	if err := p.Rejects.Reject(ctx, uint64(j.entry.Position), j.entry.Payload, j.result.Rejects); err != nil {
		return fmt.Errorf("keep rejects of position %d: %w", j.entry.Position, err)
	}
	return nil
}
