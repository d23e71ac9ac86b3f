package detect

import (
	"context"
	"sync"
	"time"

	"github.com/quoll/quoll/internal/backoff"
	"github.com/quoll/quoll/query"
)

// known is what is known of rules while they run: what their queries look at, and
// which of them failed last.
type known struct {
	mu     sync.Mutex
	reads  map[string][]*query.Interest // by rule id
	failed map[string]failing
	// meets says of keys whether the conditions of a text hold.
	meets map[string]map[string]bool
	keys  int // of all texts
}

// mostKnown is how many answers about keys are remembered.
const mostKnown = 1 << 20

func newKnown() known {
	return known{reads: map[string][]*query.Interest{}, failed: map[string]failing{}, meets: map[string]map[string]bool{}}
}

func (k *known) readsOf(id string) ([]*query.Interest, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	reads, ok := k.reads[id]
	return reads, ok
}

func (k *known) setReads(id string, reads []*query.Interest) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reads[id] = reads
}

func (k *known) forgetReads(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.reads, id)
}

// failing is a rule whose last runs failed.
type failing struct {
	runs  int
	until time.Time // when it is tried again
}

// longestPause is between attempts at a rule that goes on failing. One that runs away
// holds a worker until its time is up, and others wait.
const longestPause = 5 * time.Minute

func (k *known) hasFailed(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.failed[id].runs > 0
}

// pauses says whether a rule that failed is left alone for now.
func (k *known) pauses(id string, now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	pause := k.failed[id].until.Sub(now)
	// A longer one is of a clock that was set back since.
	return pause > 0 && pause <= longestPause
}

// setFailed notes how a run ended. The first failure is tried again at the next tick.
func (k *known) setFailed(id string, failed bool, now time.Time, tick time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !failed {
		delete(k.failed, id)
		return
	}
	f := failing{runs: k.failed[id].runs + 1, until: now}
	if f.runs > 1 {
		// No jitter: lanes space out what comes together.
		pause := backoff.Policy{First: 2 * tick, Max: longestPause}.Delay(f.runs-1, func() float64 { return 1 })
		f.until = now.Add(pause)
	}
	k.failed[id] = f
}

// meeting returns which of some keys an interest looks at. What is not known of them
// yet is asked once: keys are few, and the same in minute after minute.
func (k *known) meeting(ctx context.Context, querier Querier, it *query.Interest, keys map[string]bool) (map[string]bool, error) {
	k.mu.Lock()
	var unknown []string
	met := make(map[string]bool, len(keys))
	for key := range keys {
		holds, ok := k.meets[it.Text][key]
		if !ok {
			unknown = append(unknown, key)
		}
		met[key] = holds
	}
	k.mu.Unlock()
	if len(unknown) == 0 {
		return met, nil
	}
	holds, err := querier.Meets(ctx, it, unknown)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys+len(unknown) > mostKnown {
		clear(k.meets)
		k.keys = 0
	}
	if k.meets[it.Text] == nil {
		k.meets[it.Text] = map[string]bool{}
	}
	k.keys += len(unknown)
	for i, key := range unknown {
		met[key], k.meets[it.Text][key] = holds[i], holds[i]
	}
	return met, nil
}
