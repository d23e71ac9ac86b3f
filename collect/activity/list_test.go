package activity

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestAnEntryOfNoUseKeepsNobodyFromTheOthers: the others are fetched, also those of
// later pages, and the window stays open with a problem that says why.
func TestAnEntryOfNoUseKeepsNobodyFromTheOthers(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		for n := range 7 {
			r.feed.add(exchange, id(n), time.Now().Add(-time.Hour))
		}
		odd := r.feed.add(exchange, " ", time.Now().Add(-time.Hour)) // sorts where it was added: on the last page
		r.feed.blobs = append([]*fakeBlob{odd}, r.feed.blobs[:7]...)
		r.start()
		r.run(10 * time.Minute)
		r.wantJournalled(id(0), id(1), id(2), id(3), id(4), id(5), id(6))
		s := r.stream()
		if s.Problem == nil || !strings.Contains(s.Problem.Detail, "entries of the listing lack their id or address (1 of 3)") || s.Lag < time.Hour {
			t.Errorf("status %+v, problem %+v; want the window open, and why", s, s.Problem)
		}
		r.feed.mu.Lock()
		r.feed.blobs = r.feed.blobs[1:]
		r.feed.mu.Unlock()
		r.run(10 * time.Minute)
		if s := r.stream(); s.Problem != nil || s.Lag > 2*time.Minute {
			t.Errorf("status %+v, problem %+v once it is gone", s, s.Problem)
		}
	})
}

// TestAByteOrderMarkIsNoTrouble: a gateway may put one before any answer.
func TestAByteOrderMarkIsNoTrouble(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.feed.subs[exchange] = "enabled"
		r.setFault(once(-1, http.MethodGet, "/subscriptions/list", says(200, byteOrderMark+`[{"contentType":"Audit.Exchange","status":"enabled"}]`)))
		r.start()
		r.run(5 * time.Minute)
		if s := r.stream(); s.Problem != nil || len(r.feed.started()) != 0 {
			t.Errorf("problem %+v, %d starts", s.Problem, len(r.feed.started()))
		}
	})
}
