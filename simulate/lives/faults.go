package lives

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/tenantsim/dice"
)

// operations are those at which a machine can crash. Links are left out: the
// river makes none.
var operations = []string{"create", "mkdir", "rename", "remove", "write", "truncate", "sync", "syncdir", "commit"}

// seldom are those of the operations that many lives have once or never. In most
// lives a crash waits at them over all processes: a draw for one process does not
// meet them often enough that a hundred lives are sure to.
var seldom = []string{"rename", "remove", "truncate"}

// grows are the kinds of operation that need room on the disk.
var grows = map[string]bool{"create": true, "mkdir": true, "write": true, "commit": true, "link": true}

// Crash says at which operation of the disk the power is cut: the nth of a
// kind, or of any kind where that is empty. The zero value is never.
type Crash struct {
	Nth  int
	Kind string
}

// CrashSometime draws a crash: soon or late, at an operation of any kind or of
// one, so that those that are seldom are met as well.
func CrashSometime(d *dice.Dice) Crash {
	if d.Chance(0.5) {
		return Crash{Nth: 1 + d.Below(dice.Pick(d, []int{40, 400, 4000}))}
	}
	return Crash{Nth: 1 + d.Below(dice.Pick(d, []int{1, 5, 25})), Kind: dice.Pick(d, operations)}
}

// Faults decides what becomes of the operations of a disk. It is safe for
// concurrent use.
type Faults struct {
	mu        sync.Mutex
	random    *rand.Rand
	share     float64 // of operations that fail by themselves
	fullUntil time.Time
	crash     Crash
	traps     map[string]int // at which of the seldom operations to come there is a crash
	crashed   chan struct{}

	crashes                      map[string]int // so far, by kind of operation
	full, failedKept, failedLost int
}

func newFaults(seed uint64) *Faults {
	f := &Faults{random: rand.New(rand.NewPCG(seed, 3)), traps: map[string]int{}, crashes: map[string]int{}}
	trapped := rand.New(rand.NewPCG(seed, 5)) // of its own: what else fails stays as the seed has it
	for _, kind := range seldom {
		if trapped.Float64() < 0.7 {
			f.traps[kind] = 1 + trapped.IntN(2)
		}
	}
	return f
}

// Boot begins the life of a process that ends with a crash. The channel closes
// at the crash.
func (f *Faults) Boot(c Crash) <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.crash, f.crashed = c, make(chan struct{})
	return f.crashed
}

// Set has a share of the operations fail from now on, and all that need room
// until a time; the zero time is none.
func (f *Faults) Set(share float64, fullUntil time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.share, f.fullUntil = share, fullUntil
}

// End ends all trouble of the disk.
func (f *Faults) End() {
	f.Set(0, time.Time{})
	f.mu.Lock()
	defer f.mu.Unlock()
	f.crash, f.traps = Crash{}, map[string]int{}
}

// Met counts what happened so far, by kind.
func (f *Faults) Met() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	met := map[string]int{
		"disk operation failed, and was done":     f.failedKept,
		"disk operation failed, and was not done": f.failedLost,
		"disk full at an operation":               f.full,
	}
	for _, kind := range operations {
		met["crash at "+kind] = f.crashes[kind]
	}
	return met
}

func (f *Faults) decide(op durabletest.Op) durabletest.Outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.crashesAt(op.Kind) {
		close(f.crashed)
		f.crashes[op.Kind]++
		return durabletest.Crash
	}
	switch {
	case grows[op.Kind] && time.Now().Before(f.fullUntil):
		f.full++
		return durabletest.FailLost
	case f.share == 0 || f.random.Float64() >= f.share:
		return durabletest.Done
	case f.random.IntN(2) == 0:
		f.failedKept++
		return durabletest.FailKept
	}
	f.failedLost++
	return durabletest.FailLost
}

// crashesAt counts an operation and tells whether the power is cut at it.
func (f *Faults) crashesAt(kind string) bool {
	if f.crash.Kind == "" || f.crash.Kind == kind {
		f.crash.Nth--
	}
	f.traps[kind]--
	return f.crash.Nth == 0 || f.traps[kind] == 0
}
