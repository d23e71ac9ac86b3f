package detect

import (
	"context"
	"slices"
	"sync"
	"time"
)

// newcomers are rules that wait for the next tick. The mutex also guards
// Detector.rules, which only a tick replaces, and never changes in place.
type newcomers struct {
	mu    sync.Mutex
	rules []*Rule
}

// Put has a rule run from the next tick on, in place of the one of its id. It
// does not wait for a tick that is under way. The error is that of a query that
// does not compile; such a rule is not taken.
func (d *Detector) Put(r *Rule) error {
	if _, err := d.querier.Expect(context.Background(), r.Query, time.Duration(r.QueryPeriod)); err != nil {
		return err
	}
	d.coming.mu.Lock()
	defer d.coming.mu.Unlock()
	d.coming.rules = append(d.coming.rules, r)
	return nil
}

// admit takes what Put left. What each looks at it says when it first runs, as a rule
// does that could not be compiled before. The caller holds d.mu.
func (d *Detector) admit() {
	d.coming.mu.Lock()
	defer d.coming.mu.Unlock()
	if len(d.coming.rules) == 0 {
		return
	}
	rules := slices.Clone(d.rules)
	for _, r := range d.coming.rules {
		d.known.forgetReads(r.ID)
		if i := slices.IndexFunc(rules, func(old *Rule) bool { return old.ID == r.ID }); i >= 0 {
			rules[i] = r
			continue
		}
		rules = append(rules, r)
	}
	d.rules, d.coming.rules = rules, nil
}

// Rules returns the rules that run. The caller changes none of them.
func (d *Detector) Rules() []*Rule { return d.current() }

// current returns the rules that run, without those that wait for a tick.
func (d *Detector) current() []*Rule {
	d.coming.mu.Lock()
	defer d.coming.mu.Unlock()
	return d.rules
}
