package heaplimit

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
)

// A limit that is far below what is in use rises above it with the next
// collection, and falls back when there is less.
func TestLimitFollowsWhatIsInUse(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	percent, limit := debug.SetGCPercent(-1), debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) })
	const ceiling = 32 << 20
	inUse := make([]byte, 64<<20)
	Set(ceiling)
	var collections atomic.Int64
	afterEachCollection(func() { collections.Add(1) })
	collect := func() {
		for until := collections.Load() + 3; collections.Load() < until; {
			runtime.GC()
		}
	}
	collect()
	if got := debug.SetMemoryLimit(-1); got < int64(len(inUse))*125/100 {
		t.Errorf("the limit is %d with %d bytes in use", got, len(inUse))
	}
	runtime.KeepAlive(inUse)
	inUse = nil
	collect()
	if got := debug.SetMemoryLimit(-1); got != ceiling {
		t.Errorf("the limit is %d with nothing in use, want %d", got, ceiling)
	}
}

func TestEnvironmentOverrides(t *testing.T) {
	t.Setenv("GOGC", "100")
	before := debug.SetMemoryLimit(-1)
	Set(1 << 20)
	if got := debug.SetMemoryLimit(-1); got != before {
		t.Errorf("the limit is %d, want %d", got, before)
	}
}

// Stacks of goroutines that wait make room for garbage as well.
func TestLimitFollowsStacks(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	percent, limit := debug.SetGCPercent(-1), debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) })
	const ceiling, goroutines = 8 << 20, 2000
	end := make(chan struct{})
	var deep, ended sync.WaitGroup
	defer ended.Wait()
	defer close(end)
	for range goroutines {
		deep.Add(1)
		ended.Go(func() { wait(&deep, end) })
	}
	deep.Wait()
	Set(ceiling)
	var collections atomic.Int64
	afterEachCollection(func() { collections.Add(1) })
	for until := collections.Load() + 3; collections.Load() < until; {
		runtime.GC()
	}
	if got, used := debug.SetMemoryLimit(-1), stacks(); used < goroutines<<14 || float64(got) < 2*used {
		t.Errorf("the limit is %d with %.0f bytes of stacks", got, used)
	}
}

// wait has 16 KiB on the stack while it waits.
//
//go:noinline
func wait(deep *sync.WaitGroup, end chan struct{}) byte {
	var room [16 << 10]byte
	deep.Done()
	<-end
	return room[len(end)]
}
