// Package heaplimit lets the garbage collector run when the process reaches a
// ceiling, and not before. Collecting is paid by what is in use and not by what is
// garbage: the fewer collections the better, as long as memory is bounded.
//
// It must not know what the process is for.
package heaplimit

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// leastGarbage is the garbage that may always wait, as a share of what is in
	// use: under a limit close to that the collector would run all the time. Stacks
	// are looked through at each collection too: with the goroutines of many tenants
	// a share of the heap alone is little for that work.
	leastGarbage       = 0.25
	leastGarbageStacks = 1.0
	// mostGarbage is that below the ceiling, in percent.
	mostGarbage = 400
)

// Set holds Go's part of the process below a ceiling in bytes: its heap, its
// stacks, and what the runtime takes. What is in use may be more than the ceiling;
// the limit follows it. GOGC and GOMEMLIMIT in the environment override all this.
func Set(ceiling int64) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(mostGarbage)
	debug.SetMemoryLimit(ceiling)
	afterEachCollection(func() { debug.SetMemoryLimit(max(ceiling, needed())) })
}

// needed is the least limit that leaves room for garbage, in bytes.
func needed() int64 {
	samples := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(samples)
	besides := 0.0 // stacks, and what the runtime itself takes
	for i, s := range samples[1:] {
		if i == 0 {
			besides = float64(s.Value.Uint64())
			continue
		}
		besides -= float64(s.Value.Uint64())
	}
	return int64(math.Ceil(float64(samples[0].Value.Uint64())*(1+leastGarbage) + besides + leastGarbageStacks*stacks()))
}

func stacks() float64 {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	return float64(samples[0].Value.Uint64())
}

// collection is garbage as soon as it is made, so that it goes with the next
// collection.
type collection struct{ after func() }

func afterEachCollection(do func()) {
	runtime.SetFinalizer(&collection{do}, func(c *collection) {
		c.after()
		afterEachCollection(c.after)
	})
}
