package auditsearch

import (
	"testing"
	"time"

	"github.com/quoll/quoll/internal/clock"
)

// A search that was made before everything had come covers nothing, whatever the
// clock of the machine says; one made late enough does, whatever it says.
func TestWhatASearchCoversIsByTheServersClock(t *testing.T) {
	for name, c := range map[string]struct {
		skew    time.Duration
		day     int // from r.start on, which is 20 days ago
		covered int
	}{
		"too early, clock ahead":   {72 * time.Hour, 19, 0},
		"late enough, clock right": {0, 17, 1},
		"late enough, behind":      {-30 * time.Hour, 17, 1},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, nil, func(r *rig) {
				r.fill(20, 20)
				r.coverage = &covered{}
				s := r.search()
				skewed := clock.Skewed(clock.System(), c.skew)
				s.clock, s.deps.Clock = skewed, skewed
				var err error
				if s.client, err = newClient(&s.cfg, s.deps); err != nil {
					t.Fatal(err)
				}
				if _, err := s.Run(r.t.Context(), r.days(c.day, c.day+1), r.sink, nil); err != nil {
					t.Fatal(err)
				}
				if got := len(r.coverage.spans); got != c.covered {
					t.Errorf("it covers %d spans %v, want %d", got, r.coverage.spans, c.covered)
				}
			})
		})
	}
}
