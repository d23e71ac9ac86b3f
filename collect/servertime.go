package collect

import (
	"net/http"
	"sync"
	"time"

	"github.com/quoll/quoll/internal/clock"
)

const (
	// skewFrom is the difference between the server's clock and ours from which
	// it is taken for more than the delay of an answer and the fraction of a
	// second that the server does not tell. The spans of gaps are as exact.
	skewFrom = 2 * time.Second
	// heardFor is how long what the server's clock said holds, by our clock:
	// one that was set since would make the past seem out of reach.
	heardFor = time.Hour
)

// ServerTime is the clock of an API, as its own answers have shown it. Windows are
// cut by it, because it is what judges them, and what is recorded for ever is
// judged by nothing else: the clock of a machine may be wrong until the network
// is there, and a proxy's error page has the proxy's. It is safe for concurrent use.
type ServerTime struct {
	clock clock.Clock

	mu    sync.Mutex
	skew  time.Duration // the server's clock minus ours
	heard time.Time     // when it was last heard, by our clock; zero when never
	since time.Time     // since when it was heard again and again
}

// NewServerTime returns the clock of a server that has not been heard yet.
func NewServerTime(c clock.Clock) *ServerTime { return &ServerTime{clock: c} }

// Now is the server's time as far as it is known, in UTC.
func (t *ServerTime) Now() time.Time {
	return t.clock.Now().Add(t.Off()).UTC()
}

// Off is the server's clock minus ours, zero below skewFrom.
func (t *ServerTime) Off() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.skew
}

// Hear remembers what the Date of an answer says. at is when the answer came, by
// our clock. An answer without a Date, which a gateway may have taken out, leaves
// what was known: nobody can do better than to go on by that.
func (t *ServerTime) Hear(header http.Header, at time.Time) {
	at = at.Round(0) // a clock that is set shows by the wall only
	t.mu.Lock()
	defer t.mu.Unlock()
	skew := t.skew
	if server, err := http.ParseTime(header.Get("Date")); err == nil {
		if skew = server.Sub(at); skew.Abs() < skewFrom {
			skew = 0
		}
	}
	if at.Sub(t.heard).Abs() > heardFor {
		t.since = at
	}
	t.skew, t.heard = skew, at
}

// Known is how long the server's clock has been heard without a break of more
// than heardFor, up to now: zero when it is not known what time it is.
func (t *ServerTime) Known() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.clock.Now().Round(0)
	if t.heard.IsZero() || now.Sub(t.heard).Abs() > heardFor {
		return 0
	}
	return max(now.Sub(t.since), 1)
}
