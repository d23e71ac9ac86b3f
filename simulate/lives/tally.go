package lives

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Tally counts over many lives what happened in them. A kind of trouble that
// no life meets proves nothing, so that scripts/simulate refuses a hundred lives
// and more that lack one. It is safe for concurrent use.
type Tally struct {
	mu           sync.Mutex
	times, lives map[string]int
}

// NewTally returns an empty tally.
func NewTally() *Tally { return &Tally{times: map[string]int{}, lives: map[string]int{}} }

// Add counts what one life met, by kind. A kind that begins with "= " is a size
// and no trouble.
func (a *Tally) Add(met map[string]int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for kind, n := range met {
		a.times[kind] += n
		a.lives[kind] += min(n, 1)
	}
}

// String has a line per kind, which scripts/simulate adds up over processes:
// how often it was met, and in how many lives.
func (a *Tally) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var b strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(a.times)) {
		fmt.Fprintf(&b, "met\t%s\t%d\t%d\n", kind, a.times[kind], a.lives[kind])
	}
	return b.String()
}
