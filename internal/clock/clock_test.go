package clock

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestSleepTakesVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := System()
		start := c.Now()
		if err := Sleep(t.Context(), c, 36*time.Hour); err != nil {
			t.Fatal(err)
		}
		if got := c.Now().Sub(start); got != 36*time.Hour {
			t.Errorf("slept %v, want 36h", got)
		}
	})
}

func TestSleepEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := System()
		start := c.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := Sleep(ctx, c, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want deadline exceeded", err)
		}
		if got := c.Now().Sub(start); got != time.Minute {
			t.Errorf("returned after %v, want 1m", got)
		}
		if err := Sleep(ctx, c, 0); err == nil {
			t.Error("a zero sleep on an ended context returned no error")
		}
	})
}

func TestSkewedClockRunsAtTheSamePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := System()
		c := Skewed(base, -5*time.Minute)
		if got := c.Now().Sub(base.Now()); got != -5*time.Minute {
			t.Errorf("shows %v against the base, want -5m", got)
		}
		start := c.Now()
		if err := Sleep(t.Context(), c, time.Hour); err != nil {
			t.Fatal(err)
		}
		if got := c.Now().Sub(start); got != time.Hour {
			t.Errorf("an hour took %v", got)
		}
	})
}
