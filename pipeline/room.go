package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
)

// Room says how much an ordinary user may still write on the disk of journal and
// tables, and how large it is, in bytes.
type Room func() (free, size uint64, err error)

// ErrNoRoom is returned instead of taking a payload when the disk is nearly full.
// Nothing was lost: who brings it tries again.
var ErrNoRoom = errors.New("the disk is nearly full")

// Pressure is how short the room on the disk is.
type Pressure string

// From best to worst. There is no cap of volume: what is collected is never dropped.
const (
	PressureNone Pressure = ""
	// PressureSlow: collectors wait before each payload, the longer the less there
	// is, so that somebody has time to make room.
	PressureSlow Pressure = "slow"
	// PressureStop: nothing is taken, so that what was taken can become rows, be
	// archived and be committed. It ends by itself when there is room again.
	PressureStop Pressure = "stop"
)

// Where pressure begins: at a share of the disk, but on a large one at so many bytes.
const (
	slowShare, slowBytes = 20, 4 << 30
	stopShare, stopBytes = 100, 1 << 30
	// longestWait is the pause before a payload just before the stop.
	longestWait = 2 * time.Second
	// lookEvery is the time between two looks at the disk.
	lookEvery = time.Second
)

// gate watches the disk.
type gate struct {
	room  Room
	clock clock.Clock
	// turned is told of every change.
	turned func(to Pressure, free uint64)

	mu         sync.Mutex
	looked     time.Time
	pressure   Pressure
	free, size uint64
}

// look returns the pressure, the free bytes, and how long a payload waits.
func (g *gate) look() (Pressure, uint64, time.Duration) {
	if g.room == nil {
		return PressureNone, 0, 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock.Now()
	if age := now.Sub(g.looked); g.looked.IsZero() || age >= lookEvery || age < 0 {
		free, size, err := g.room()
		if err != nil {
			return g.pressure, g.free, 0 // whoever writes will see what is wrong with the disk
		}
		g.looked, g.free, g.size = now, free, size
		if next := g.judge(); next != g.pressure {
			g.pressure = next
			g.turned(next, free)
		}
	}
	if g.pressure != PressureSlow {
		return g.pressure, g.free, 0
	}
	slow, stop := bounds(g.size)
	short := float64(slow-min(g.free, slow)) / float64(slow-stop)
	return g.pressure, g.free, time.Duration(min(short*short, 1) * float64(longestWait))
}

// judge has what was stopped go on only when there is a quarter more than it takes to
// stop, and what was slow likewise, so that a few bytes do not turn it again and again.
func (g *gate) judge() Pressure {
	slow, stop := bounds(g.size)
	switch g.pressure {
	case PressureStop:
		stop += stop / 4
		slow += slow / 4
	case PressureSlow:
		slow += slow / 4
	}
	switch {
	case g.size == 0:
		return PressureNone
	case g.free < stop:
		return PressureStop
	case g.free < slow:
		return PressureSlow
	}
	return PressureNone
}

func bounds(size uint64) (slow, stop uint64) {
	return min(size/slowShare, slowBytes), min(size/stopShare, stopBytes)
}

// pass waits as long as the room is short, or refuses a payload. What Quoll itself
// writes down always passes: it is little, and the edge leaves room for it.
func (g *gate) pass(ctx context.Context, from model.Source) error {
	if from == model.SourceQuoll || from == model.SourceLedger {
		return nil
	}
	pressure, free, wait := g.look()
	if pressure == PressureStop {
		return fmt.Errorf("%w: %d MiB are free; nothing is collected until somebody makes room, and nothing that was collected is dropped", ErrNoRoom, free>>20)
	}
	if wait > 0 {
		return clock.Sleep(ctx, g.clock, wait)
	}
	return nil
}
