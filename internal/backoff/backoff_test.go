package backoff

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/internal/clock"
)

func TestDelayGrowsWithinBounds(t *testing.T) {
	p := Policy{First: time.Second, Max: time.Minute}
	random := rand.New(rand.NewPCG(1, 2)).Float64
	for failures := 1; failures < 2000; failures++ {
		step := time.Minute
		if failures < 7 {
			step = time.Second << (failures - 1)
		}
		got := p.Delay(failures, random)
		if got < step/2 || got > step {
			t.Fatalf("after %d failures the wait is %v, want within [%v, %v]", failures, got, step/2, step)
		}
	}
}

func TestRetryKeepsToItsBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		p := Policy{First: time.Second, Max: time.Minute, Tries: 4}
		calls := 0
		err := p.Retry(t.Context(), clock.System(), rand.Float64,
			func(context.Context) error { calls++; return broken },
			func(error) Verdict { return Verdict{Again: true} })
		if !errors.Is(err, broken) || calls != 4 {
			t.Errorf("%d calls, error %v; want 4 calls and the last error", calls, err)
		}
	})
}

func TestRetryObeysALongerWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := Policy{First: time.Second, Max: time.Minute, Tries: 2}
		start := time.Now()
		calls := 0
		err := p.Retry(t.Context(), clock.System(), rand.Float64,
			func(context.Context) error {
				calls++
				if calls == 1 {
					return errors.New("busy")
				}
				return nil
			},
			func(error) Verdict { return Verdict{Again: true, After: 10 * time.Minute} })
		if err != nil || time.Since(start) != 10*time.Minute {
			t.Errorf("error %v after %v, want success after 10m", err, time.Since(start))
		}
	})
}

func TestRetryStopsWhereNoAttemptHelps(t *testing.T) {
	calls := 0
	err := Policy{Tries: 9}.Retry(t.Context(), clock.System(), rand.Float64,
		func(context.Context) error { calls++; return errors.New("refused") },
		func(error) Verdict { return Verdict{} })
	if err == nil || calls != 1 {
		t.Errorf("%d calls, error %v; want one call and its error", calls, err)
	}
}
