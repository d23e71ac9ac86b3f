package feed

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/quoll/quoll/tenantsim/dice"
)

// Faults are the bad days of the service. Each share is a probability between 0
// and 1 for a single request, decided by the seed, the address that is asked
// for and how often it was asked for: not by the order in which requests
// arrive. The zero value is a good day. All shares should stay well below 1, or
// nothing ever succeeds.
type Faults struct {
	Seed uint64
	// Throttled requests get AF429, under 403 or 429 with Retry-After.
	Throttled float64
	// ServerErrors are 500, 502, 503 and 504, as JSON with AF50000 or as HTML.
	ServerErrors float64
	// Resets end the connection without an answer.
	Resets float64
	// Truncated bodies of blobs end too early: the connection breaks, or the
	// JSON stops in the middle of an otherwise correct answer.
	Truncated float64
	// TokensExpire before their time: the request gets 401, and so does every
	// other with that token.
	TokensExpire float64
	// RepeatedBlobs are listed once more at the end of a page.
	RepeatedBlobs float64
	// LateBlobs, a share of all blobs, show up in listings only LateBy after
	// their contentCreated.
	LateBlobs float64
	LateBy    time.Duration
	// GrowingBlobs, a share of all blobs, can be fetched before they have all
	// their records, for GrowFor.
	GrowingBlobs float64
	GrowFor      time.Duration
}

type faults struct {
	Faults
	mu    sync.Mutex
	asked map[string]uint64
}

func newFaults(f Faults) *faults { return &faults{Faults: f, asked: map[string]uint64{}} }

// throw decides one kind of fault for one request.
func (f *faults) throw(r *http.Request, kind string, share float64) (*dice.Dice, bool) {
	if share <= 0 {
		return nil, false
	}
	key := kind + " " + r.Method + " " + r.URL.RequestURI()
	f.mu.Lock()
	n := f.asked[key]
	f.asked[key]++
	f.mu.Unlock()
	d := dice.New(f.Seed^dice.Hash(key), n)
	return d, d.Chance(share)
}

func (f *faults) expires(r *http.Request) bool {
	_, hit := f.throw(r, "expire", f.TokensExpire)
	return hit
}

// meet lets a request run into a fault; the answer is then given and nil comes
// back.
func (f *faults) meet(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	if _, hit := f.throw(r, "reset", f.Resets); hit {
		panic(http.ErrAbortHandler) // net/http's way to end a connection without an answer
	}
	if d, hit := f.throw(r, "throttle", f.Throttled); hit {
		e := apiError{http.StatusForbidden, "AF429", "Too many requests. Method=" + method(r) + ", PublisherId=" + r.URL.Query().Get("PublisherIdentifier")}
		if d.Chance(0.5) {
			e.status = http.StatusTooManyRequests
			w.Header().Set("Retry-After", "1")
		}
		e.write(w)
		return nil
	}
	if d, hit := f.throw(r, "error", f.ServerErrors); hit {
		status := dice.Pick(d, []int{500, 502, 503, 504})
		if d.Chance(0.4) {
			e := apiError{http.StatusInternalServerError, "AF50000", "An internal error occurred. Retry the request."}
			e.write(w)
			return nil
		}
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, htmlError, status)
		return nil
	}
	return w
}

// cut shortens a body: at once, so that the answer looks whole but is not JSON,
// or, when broken, only on its way, where the given share of it arrives before
// the connection ends.
func (f *faults) cut(r *http.Request, body []byte) (cut []byte, kept float64, broken bool) {
	d, hit := f.throw(r, "truncate", f.Truncated)
	switch {
	case !hit || len(body) < 2:
		return body, 1, false
	case d.Chance(0.5):
		return body, float64(d.Below(100)) / 100, true
	}
	return body[:d.Between(1, len(body)-1)], 1, false
}

// repeat lists an entry of a page twice.
func (f *faults) repeat(r *http.Request, page []contentAnswer) []contentAnswer {
	if d, hit := f.throw(r, "repeat", f.RepeatedBlobs); hit && len(page) > 0 {
		return append(page, dice.Pick(d, page))
	}
	return page
}
