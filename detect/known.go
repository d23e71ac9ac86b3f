package detect

import (
	"context"
	"sync"

	"github.com/quoll/quoll/query"
)

// known is what is known of rules while they run: what their queries look at, and
// which of them failed last.
type known struct {
	mu     sync.Mutex
	reads  map[string][]*query.Interest // by rule id
	failed map[string]bool
	// meets says of keys whether the conditions of a text hold.
	meets map[string]map[string]bool
	keys  int // of all texts
}

// mostKnown is how many answers about keys are remembered.
const mostKnown = 1 << 20

func newKnown() known {
	return known{reads: map[string][]*query.Interest{}, failed: map[string]bool{}, meets: map[string]map[string]bool{}}
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

func (k *known) hasFailed(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.failed[id]
}

func (k *known) setFailed(id string, failed bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.failed[id] = failed
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
