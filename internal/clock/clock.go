// Package clock is the only way collectors, schedules and detection learn what
// time it is and wait for it to pass, so that a test can hold or shift time.
//
// Inside a testing/synctest bubble the System clock is already virtual; Skewed
// is for machines whose clock is wrong. The package must not know what anyone
// is waiting for.
package clock

import (
	"context"
	"time"
)

// Clock tells the time and makes timers.
type Clock interface {
	// Now is the current time in UTC.
	Now() time.Time
	// NewTimer returns a timer that fires once after d.
	NewTimer(d time.Duration) Timer
}

// Timer fires once. C is never closed.
type Timer interface {
	C() <-chan time.Time
	// Stop reports whether it kept the timer from firing.
	Stop() bool
}

// System returns the clock of the machine.
func System() Clock { return system{} }

type system struct{}

func (system) Now() time.Time { return time.Now().UTC() }

func (system) NewTimer(d time.Duration) Timer { return timer{time.NewTimer(d)} }

type timer struct{ t *time.Timer }

func (t timer) C() <-chan time.Time { return t.t.C }
func (t timer) Stop() bool          { return t.t.Stop() }

// Skewed returns a clock that runs like c but shows c's time plus by.
func Skewed(c Clock, by time.Duration) Clock { return skewed{c, by} }

type skewed struct {
	Clock
	by time.Duration
}

func (s skewed) Now() time.Time { return s.Clock.Now().Add(s.by) }

// Sleep waits for d on c. It returns ctx's error when ctx ends first, also when
// d is zero or negative.
func Sleep(ctx context.Context, c Clock, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	t := c.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C():
		return nil
	}
}
