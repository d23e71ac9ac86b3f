package duckdb

import (
	"context"
	"sync"
)

// running knows the contexts of the queries at work by number, for functions
// that the engine calls without one. It is safe for concurrent use.
type running struct {
	mu       sync.Mutex
	last     int64
	contexts map[int64]context.Context
}

func newRunning() *running { return &running{contexts: map[int64]context.Context{}} }

// add gives a query its number. The caller calls done when the query has ended.
func (r *running) add(ctx context.Context) (number int64, done func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	number = r.last
	r.contexts[number] = ctx
	return number, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.contexts, number)
	}
}

// context returns the context of a query; of one that is unknown, a context
// without an end.
func (r *running) context(number any) context.Context {
	n, _ := number.(int64)
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx, ok := r.contexts[n]; ok {
		return ctx
	}
	return context.Background()
}
