package collect

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/quoll/quoll/internal/backoff"
	"github.com/quoll/quoll/internal/clock"
)

const (
	// slowest is the share of the full rate below which throttling does not
	// push a budget.
	slowest = 1.0 / 32
	// recovery is the share of the full rate that each success gives back.
	recovery = 1.0 / 200
	// oneVerdict is the time within which several throttled answers count as
	// one: requests that were in flight together say the same thing.
	oneVerdict = 5 * time.Second
)

// Budget is the rate of requests that one tenant's collector allows itself. It
// halves when the server throttles, pauses as long as the server asks, and
// recovers with each success. It is safe for concurrent use.
type Budget struct {
	clock  clock.Clock
	random func() float64
	full   rate.Limit
	pauses backoff.Policy

	mu         sync.Mutex
	limiter    *rate.Limiter
	throttled  int // in a row
	lastPause  time.Time
	pauseUntil time.Time
}

// NewBudget allows perMinute requests a minute, with a burst of one second's
// worth. random returns numbers in [0, 1).
func NewBudget(perMinute int, c clock.Clock, random func() float64) *Budget {
	full := rate.Limit(float64(perMinute) / 60)
	return &Budget{
		clock:   c,
		random:  random,
		full:    full,
		pauses:  backoff.Policy{First: 5 * time.Second, Max: 5 * time.Minute},
		limiter: rate.NewLimiter(full, max(1, perMinute/60)),
	}
}

// Wait returns when one more request may be sent, or with ctx's error.
func (b *Budget) Wait(ctx context.Context) error {
	for {
		wait, reservation := b.reserve()
		if err := clock.Sleep(ctx, b.clock, wait); err != nil {
			if reservation != nil {
				reservation.CancelAt(b.clock.Now())
			}
			return err
		}
		if reservation != nil {
			return nil
		}
	}
}

// reserve returns how long to wait, and the reservation that the wait is for;
// without one, the wait is for the end of a pause.
func (b *Budget) reserve() (time.Duration, *rate.Reservation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	if wait := b.pauseUntil.Sub(now); wait > 0 {
		return wait, nil
	}
	r := b.limiter.ReserveN(now, 1)
	return r.DelayFrom(now), r
}

// Throttled records that the server refused a request for its rate. after is
// the wait it asked for, or zero.
func (b *Budget) Throttled(after time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	if b.lastPause.IsZero() || now.Sub(b.lastPause) >= oneVerdict {
		b.throttled++
		b.lastPause = now
		b.limiter.SetLimitAt(now, max(b.limiter.Limit()/2, b.full*slowest))
	}
	until := now.Add(max(after, b.pauses.Delay(b.throttled, b.random)))
	if until.After(b.pauseUntil) {
		b.pauseUntil = until
	}
}

// Succeeded records that the server answered a request.
func (b *Budget) Succeeded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.throttled = 0
	if limit := b.limiter.Limit(); limit < b.full {
		b.limiter.SetLimitAt(b.clock.Now(), min(limit+b.full*recovery, b.full))
	}
}

// PerMinute is the present rate in requests a minute.
func (b *Budget) PerMinute() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return float64(b.limiter.Limit()) * 60
}
