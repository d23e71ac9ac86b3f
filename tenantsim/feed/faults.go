package feed

import (
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
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
	// Throttled requests get AF429 under 403 or 429, or 429 and nothing else;
	// with Retry-After in seconds, as a date, or without.
	Throttled float64
	// Refused requests get 401 or 403 without a code of the API.
	Refused float64
	// ServerErrors are 408, 500, 502, 503 and 504, as JSON with AF50000 or as
	// HTML.
	ServerErrors float64
	// Resets end the connection without an answer.
	Resets float64
	// Stalled requests get no answer for as long as the client waits.
	Stalled float64
	// TokenErrors are those of Microsoft Entra's token endpoint: 503 with HTML.
	TokenErrors float64
	// Truncated bodies of blobs end too early: the connection breaks, or the
	// JSON stops in the middle of an otherwise correct answer.
	Truncated float64
	// WrongLengths are Content-Length headers of blobs that say more than comes,
	// or less than there is.
	WrongLengths float64
	// BadGzip bodies of blobs are damaged, cut, or not gzip at all.
	BadGzip float64
	// Missing fetches of blobs get AF20050, although the blob is there.
	Missing float64
	// TokensExpire before their time: the request gets 401, and so does every
	// other with that token.
	TokensExpire float64
	// RepeatedBlobs are listed once more at the end of a page.
	RepeatedBlobs float64
	// RepeatedPages come again in the place of the next page, under the same
	// address or another.
	RepeatedPages float64
	// ShrunkPages lack some of their entries, which later listings have: none is left
	// out a second time. Without that bound a blob could be left out of every listing
	// of the days that it can be had, and no client could know of it.
	ShrunkPages float64
	// BadPageTokens are links to a next page that is then refused with AF20031.
	BadPageTokens float64
	// LateBlobs, a share of all blobs, show up in listings only LateBy after
	// their contentCreated.
	LateBlobs float64
	LateBy    time.Duration
	// DuplicateBlobs, a share of all blobs, are offered a second time with the
	// same records under another id.
	DuplicateBlobs float64
	// LostBlobs, a share of all blobs, are listed and can never be fetched.
	LostBlobs float64
	// GrowingBlobs, a share of all blobs, can be fetched before they have all
	// their records, for GrowFor.
	GrowingBlobs float64
	GrowFor      time.Duration
}

type faults struct {
	Faults
	over  atomic.Bool
	mu    sync.Mutex
	asked map[string]uint64
	left  map[string]bool // the ids that shrunk pages left out
	met   map[string]int  // by the name of the kind
}

func newFaults(f Faults) *faults {
	return &faults{Faults: f, asked: map[string]uint64{}, left: map[string]bool{}, met: map[string]int{}}
}

// FaultsMet tells how many requests met each kind of fault so far. Kinds that
// none has met are in it with 0. A request may meet more than one.
func (s *Server) FaultsMet() map[string]int {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	met := maps.Clone(s.faults.met)
	for _, kind := range kinds {
		met[kind] += 0
	}
	return met
}

// count notes that a request met a kind of fault.
func (f *faults) count(kind string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.met[kind]++
}

// throw decides one kind of fault for one request.
func (f *faults) throw(r *http.Request, kind string, share float64) (*dice.Dice, bool) {
	if share <= 0 || f.over.Load() {
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
	if hit {
		f.count(tokenExpired)
	}
	return hit
}

// meet lets a request run into a fault; the answer is then given and nil comes
// back.
func (f *faults) meet(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	if _, hit := f.throw(r, "reset", f.Resets); hit {
		f.count(reset)
		panic(http.ErrAbortHandler) // net/http's way to end a connection without an answer
	}
	if _, hit := f.throw(r, "stall", f.Stalled); hit {
		f.count(stalled)
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
	if d, hit := f.throw(r, "throttle", f.Throttled); hit {
		f.throttle(w, r, d)
		return nil
	}
	if d, hit := f.throw(r, "refuse", f.Refused); hit {
		if d.Chance(0.5) {
			f.count(unauthorised)
			writeUnauthorised(w)
			return nil
		}
		f.count(forbidden)
		writeHTML(w, http.StatusForbidden)
		return nil
	}
	if d, hit := f.throw(r, "error", f.ServerErrors); hit {
		status := dice.Pick(d, []int{408, 500, 502, 503, 504})
		if d.Chance(0.4) {
			f.count(serverError)
			e := apiError{http.StatusInternalServerError, "AF50000", "An internal error occurred. Retry the request."}
			e.write(w)
			return nil
		}
		f.count(serverErrorHTML)
		writeHTML(w, status)
		return nil
	}
	return w
}

func (f *faults) throttle(w http.ResponseWriter, r *http.Request, d *dice.Dice) {
	e := apiError{http.StatusForbidden, "AF429", "Too many requests. Method=" + method(r) + ", PublisherId=" + r.URL.Query().Get("PublisherIdentifier")}
	kind := throttled403
	if d.Chance(0.5) {
		e.status, kind = http.StatusTooManyRequests, throttled429
	}
	f.count(kind)
	switch d.Below(3) {
	case 0:
		f.count(retrySeconds)
		w.Header().Set("Retry-After", "1")
	case 1:
		at, err := http.ParseTime(w.Header().Get("Date"))
		if err == nil {
			f.count(retryDate)
			w.Header().Set("Retry-After", at.Add(2*time.Second).Format(http.TimeFormat))
		}
	default:
		f.count(retryUntold)
	}
	if e.status == http.StatusTooManyRequests && d.Chance(0.3) {
		f.count(throttledBare)
		w.WriteHeader(e.status)
		return
	}
	e.write(w)
}

// tokenFails answers a request for a token with trouble.
func (f *faults) tokenFails(w http.ResponseWriter, r *http.Request) bool {
	_, hit := f.throw(r, "token", f.TokenErrors)
	if hit {
		f.count(tokenError)
		writeHTML(w, http.StatusServiceUnavailable)
	}
	return hit
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
		f.count(brokenBody)
		return body, float64(d.Below(100)) / 100, true
	}
	f.count(cutBody)
	return body[:d.Between(1, len(body)-1)], 1, false
}

// link is where a page says that the next one is: after the given place, or
// once more at the beginning of this one.
func (f *faults) link(r *http.Request, before, after place) place {
	d, hit := f.throw(r, "again", f.RepeatedPages)
	if !hit {
		return after
	}
	f.count(repeatedPage)
	if d.Chance(0.5) {
		before.turn++
	}
	return before
}

// shrink leaves some entries out of a page.
func (f *faults) shrink(r *http.Request, page []contentAnswer) []contentAnswer {
	d, hit := f.throw(r, "shrink", f.ShrunkPages)
	if !hit || len(page) == 0 {
		return page
	}
	kept := d.Below(len(page))
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(page) - 1; i >= kept; i-- {
		if f.left[page[i].ContentID] {
			kept = i + 1
			break
		}
	}
	for _, entry := range page[kept:] {
		f.left[entry.ContentID] = true
	}
	if kept < len(page) {
		f.met[shrunkPage]++
	}
	return page[:kept]
}

// badToken reports whether the link that led here is refused.
func (f *faults) badToken(r *http.Request) bool {
	_, hit := f.throw(r, "link", f.BadPageTokens)
	if hit {
		f.count(badPageToken)
	}
	return hit
}

// missing reports whether a blob is not found this time.
func (f *faults) missing(r *http.Request) bool {
	_, hit := f.throw(r, "missing", f.Missing)
	if hit {
		f.count(missing)
	}
	return hit
}

// repeat lists an entry of a page twice.
func (f *faults) repeat(r *http.Request, page []contentAnswer) []contentAnswer {
	if d, hit := f.throw(r, "repeat", f.RepeatedBlobs); hit && len(page) > 0 {
		f.count(repeatedBlob)
		return append(page, dice.Pick(d, page))
	}
	return page
}
