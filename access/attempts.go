package access

import (
	"strings"
	"sync"
	"time"
)

const (
	maxAttempts    = 8                // failures that are let pass within attemptsWithin
	attemptsWithin = 10 * time.Minute //
	maxNames       = 10_000           // whose failures are remembered
)

// attempts counts failed sign-ins by name, of people that exist or not. It is
// forgotten at a restart, which who guesses cannot cause.
type attempts struct {
	mu     sync.Mutex
	failed map[string][]time.Time
}

// allow reports whether one more attempt may be made, and counts it as failed
// until forget says otherwise, so that many at once gain nothing.
func (a *attempts) allow(name string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := strings.ToLower(name)
	var recent []time.Time
	for _, at := range a.failed[key] {
		if now.Sub(at) < attemptsWithin {
			recent = append(recent, at)
		}
	}
	if len(recent) >= maxAttempts {
		return false
	}
	if a.failed == nil || len(a.failed) >= maxNames {
		a.failed = map[string][]time.Time{}
	}
	a.failed[key] = append(recent, now)
	return true
}

func (a *attempts) forget(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.failed, strings.ToLower(name))
}
