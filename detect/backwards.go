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
// raised or grew. A rule that fails does not keep the others from running. Ticks go on
// meanwhile, without the one rule that runs backwards at the time.
func (d *Detector) Backwards(ctx context.Context, from time.Time) (hits int, err error) {
	now := d.clock.Now().UTC()
	switches, err := d.store.switches(ctx)
	if err != nil {
		return 0, err
	}
	for _, r := range d.current() {
		if !r.tagged(MatchesIndicators) || !r.runs(switches[r.ID]) {
			continue
		}
		n, problem := d.evaluateAlone(ctx, r, Window{Start: from.UTC(), End: now}, now)
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

// evaluateAlone evaluates a rule that runs nowhere else meanwhile.
func (d *Detector) evaluateAlone(ctx context.Context, r *Rule, w Window, now time.Time) (int, error) {
	if err := d.atWork.wait(ctx, r.ID); err != nil {
		return 0, err
	}
	defer d.atWork.free(r.ID)
	hits, _, err := d.evaluate(ctx, r, w, now, max(d.config.QueryTimeout, backwardsTimeout))
	return hits, err
}
