// Package backoff spaces out repeated attempts: exponentially, with jitter, and
// within a budget of tries.
//
// It must not know which errors are worth another attempt; the caller says so.
package backoff

import (
	"context"
	"math"
	"time"

	"github.com/quoll/quoll/internal/clock"
)

// Policy describes the waits between attempts.
type Policy struct {
	// First is the wait after the first failure, before jitter.
	First time.Duration
	// Max bounds every wait, before jitter only ever shortens it.
	Max time.Duration
	// Factor multiplies the wait with each further failure; 2 when zero.
	Factor float64
	// Tries is the budget of attempts in Retry; 1 when zero.
	Tries int
}

// Delay returns the wait after the given number of failures (from 1). random
// returns numbers in [0, 1); the wait lies in the upper half of the exponential
// step, so callers that failed together do not return together.
func (p Policy) Delay(failures int, random func() float64) time.Duration {
	factor := p.Factor
	if factor == 0 {
		factor = 2
	}
	step := float64(p.First) * math.Pow(factor, float64(max(failures, 1)-1))
	step = min(step, float64(p.Max))
	return time.Duration(step/2 + step/2*random())
}

// Verdict is what the caller of Retry makes of an error.
type Verdict struct {
	// Again asks for another attempt, if the budget allows.
	Again bool
	// After is a wait that the other side asked for. It replaces the policy's
	// own when it is longer.
	After time.Duration
}

// Retry calls op until it succeeds, judge wants no further attempt, the budget
// is spent or ctx ends. It returns op's last error.
func (p Policy) Retry(ctx context.Context, c clock.Clock, random func() float64, op func(context.Context) error, judge func(error) Verdict) error {
	for failures := 1; ; failures++ {
		err := op(ctx)
		if err == nil || ctx.Err() != nil || failures >= max(p.Tries, 1) {
			return err
		}
		verdict := judge(err)
		if !verdict.Again {
			return err
		}
		if clock.Sleep(ctx, c, max(p.Delay(failures, random), verdict.After)) != nil {
			return err
		}
	}
}
