package detect

import (
	"context"
	"sync"
)

// lane runs a bounded number of rules at a time, in the order in which they come.
type lane struct {
	workers int

	mu      sync.Mutex
	running int
	queue   []func()
}

func (l *lane) submit(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running >= l.workers {
		l.queue = append(l.queue, f)
		return
	}
	l.running++
	go l.work(f)
}

// work runs f, and then what waits.
func (l *lane) work(f func()) {
	for f != nil {
		f()
		f = l.next()
	}
}

func (l *lane) next() func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		l.running--
		return nil
	}
	f := l.queue[0]
	l.queue = l.queue[1:]
	return f
}

// atWork are the rules that wait in a lane or run. No rule runs twice at a time,
// and none waits twice.
type atWork struct {
	mu    sync.Mutex
	rules map[string]chan struct{} // by rule id; closed when the rule has run
}

// try takes a rule, unless it is taken.
func (a *atWork) try(id string) bool {
	_, ok := a.take(id)
	return ok
}

func (a *atWork) take(id string) (taken chan struct{}, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if taken := a.rules[id]; taken != nil {
		return taken, false
	}
	if a.rules == nil {
		a.rules = map[string]chan struct{}{}
	}
	a.rules[id] = make(chan struct{})
	return nil, true
}

// wait takes a rule as soon as it can. Its error is that of ctx.
func (a *atWork) wait(ctx context.Context, id string) error {
	for {
		taken, ok := a.take(id)
		if ok {
			return nil
		}
		select {
		case <-taken:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (a *atWork) free(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.rules[id])
	delete(a.rules, id)
}
