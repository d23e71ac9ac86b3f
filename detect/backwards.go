package detect

import (
	"context"
	"time"
)

// MatchesIndicators is the tag of rules that match indicators of threats. What
// is learnt of a threat today says something about what happened before, so that
// these rules can be run backwards.
const MatchesIndicators = "MatchesIndicators"

// backwardsTimeout is how long one rule may take at least in a run backwards.
const backwardsTimeout = 10 * time.Minute

// Backwards evaluates each rule that matches indicators over the whole of [from,
// now) at once, and raises what is not known. It returns how many alerts were
// raised or grew. A rule that fails does not keep the others from running.
func (d *Detector) Backwards(ctx context.Context, from time.Time) (hits int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.clock.Now().UTC()
	if d.exceptions, err = d.store.exceptions(ctx, now); err != nil {
		return 0, err
	}
	switches, err := d.store.switches(ctx)
	if err != nil {
		return 0, err
	}
	for _, r := range d.current() {
		if !r.tagged(MatchesIndicators) || !r.runs(switches[r.ID]) {
			continue
		}
		n, _, problem := d.evaluate(ctx, r, Window{Start: from.UTC(), End: now}, now, max(d.config.QueryTimeout, backwardsTimeout))
		hits += n
		if ctx.Err() != nil {
			return hits, ctx.Err()
		}
		if err == nil {
			err = problem
		}
	}
	return hits, err
}
