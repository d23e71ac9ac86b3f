package activity

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// omit makes listings leave blobs out; nil makes them whole again.
func (r *rig) omit(omits func(id string) bool) {
	r.feed.mu.Lock()
	defer r.feed.mu.Unlock()
	r.feed.omits = omits
}

// listings is how many pages of listings were asked for.
func (r *rig) listings() int { return len(r.feed.made(http.MethodGet, "subscriptions/content")) }

// TestAListingThatLacksContentIsAskedForAgain: one that lacks a blob of before lacks
// a new one as well, which is fetched long before the next listing.
func TestAListingThatLacksContentIsAskedForAgain(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.cfg.PollEvery = time.Hour
		r.feed.add(exchange, id(1), time.Now().Add(-time.Minute))
		r.start()
		r.run(time.Minute)
		r.feed.add(exchange, id(2), time.Now())
		partial := r.listings() + 1 // the listing that lacks both
		r.omit(func(string) bool { return r.countListings() <= partial })
		r.run(time.Hour)
		r.wantJournalled(id(1), id(2))
		if !strings.Contains(r.log.String(), "lacks content that an earlier one had") {
			t.Error("the log does not say that a listing lacked something")
		}
	})
}

// countListings is listings for whoever holds the feed's lock.
func (r *rig) countListings() (n int) {
	for _, request := range r.feed.requests {
		if strings.Contains(request.URL.Path, "subscriptions/content") {
			n++
		}
	}
	return n
}

// TestWhatIsListedNoMoreIsNotAskedForAgainAndAgain: content may be taken back.
func TestWhatIsListedNoMoreIsNotAskedForAgainAndAgain(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.feed.add(exchange, id(1), time.Now().Add(-time.Hour))
		r.feed.add(exchange, id(2), time.Now().Add(-time.Hour))
		r.start()
		r.run(10 * time.Second)
		before := r.listings()
		first := func(blob string) bool { return blob == id(1) }
		r.omit(first)
		r.run(time.Minute)
		if got := r.listings() - before; got != 1+mostAgain {
			t.Errorf("content that is listed no more led to %d listings, want %d", got, 1+mostAgain)
		}
		before = r.listings()
		r.run(10 * time.Minute)
		if got := r.listings() - before; got != 10 {
			t.Errorf("ten polls later there were %d listings, want 10", got)
		}
		r.omit(nil)
		r.run(time.Minute)
		before = r.listings()
		r.omit(first)
		r.run(time.Minute)
		if got := r.listings() - before; got != 1+mostAgain {
			t.Errorf("content that came back and went again led to %d listings, want %d", got, 1+mostAgain)
		}
		r.wantJournalled(id(1), id(2))
	})
}

// TestWhatIsListedNoMoreIsRememberedFromRunToRun: a run over all that the API reaches
// drops what it did not miss, and nothing else.
func TestWhatIsListedNoMoreIsRememberedFromRunToRun(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.feed.add(exchange, id(1), time.Now().Add(-time.Minute))
		r.start()
		r.run(10 * time.Second)
		r.omit(func(string) bool { return true })
		r.run(19 * time.Hour) // three such runs
		if got := r.warnings(); got != 1+mostAgain {
			t.Errorf("content that is listed no more led to %d warnings, want %d", got, 1+mostAgain)
		}
	})
}

// TestExpiredContentIsNotMissed: what Microsoft lets go of after its time is no
// reason to ask again.
func TestExpiredContentIsNotMissed(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.feed.add(exchange, id(1), time.Now().Add(-time.Hour), func(b *fakeBlob) { b.expires = time.Now().Add(30 * time.Minute) })
		r.start()
		r.run(time.Hour + 10*time.Second) // between two polls
		before := r.listings()
		r.omit(func(string) bool { return true })
		r.run(10 * time.Minute)
		if got := r.listings() - before; got != 10 {
			t.Errorf("ten polls without the expired blob were %d listings", got)
		}
	})
}

// warnings is how often the log says that a listing lacked something.
func (r *rig) warnings() int {
	return strings.Count(r.log.String(), "lacks content that an earlier one had")
}

// polls counts listings and warnings of ten polls.
func (r *rig) polls() (listings, warnings int) {
	listings, warnings = r.listings(), r.warnings()
	r.run(10 * time.Minute)
	return r.listings() - listings, r.warnings() - warnings
}

// TestMoreThanIsRememberedIsNotAskedForAtEveryPoll: the bound must not make the
// collector list three times as often for as long as content is gone.
func TestMoreThanIsRememberedIsNotAskedForAtEveryPoll(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.most, r.feed.pageSize = 100, 1000
		const blobs = 140
		for n := range blobs {
			r.feed.add(exchange, id(n), time.Now().Add(-time.Duration(n)*time.Hour/blobs))
		}
		r.start()
		r.run(10 * time.Second)
		r.omit(func(string) bool { return true })
		if listings, warnings := r.polls(); listings != 10+mostAgain || warnings != 1 {
			t.Errorf("content that went led to %d listings and %d warnings in ten polls, want %d and 1", listings, warnings, 10+mostAgain)
		}
		if listings, warnings := r.polls(); listings != 10 || warnings != 0 {
			t.Errorf("ten polls later there were %d listings and %d warnings, want 10 and 0", listings, warnings)
		}
		// Bit by bit it comes back, until what is gone has room.
		var back []string
		for n := range blobs / 2 {
			back = append(back, id(2*n))
			is := slices.Clone(back)
			r.omit(func(blob string) bool { return !slices.Contains(is, blob) })
			r.run(time.Minute)
		}
		if got, most := r.warnings(), 1+1+mostAgain; got > most {
			t.Errorf("content that comes back bit by bit led to %d warnings, want at most %d", got, most)
		}
		if listings, _ := r.polls(); listings != 10 {
			t.Errorf("when half is back, ten polls are %d listings", listings)
		}
		r.omit(nil)
		r.run(time.Minute)
		r.omit(func(string) bool { return true })
		if listings, warnings := r.polls(); listings != 10+mostAgain || warnings != 1 {
			t.Errorf("content that came back and went again led to %d listings and %d warnings, want %d and 1", listings, warnings, 10+mostAgain)
		}
	})
}

// TestWhatExpiredTakesNoRoom: content that was listed no more until it expired leaves
// the room for other content to be missed in.
func TestWhatExpiredTakesNoRoom(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.most, r.feed.pageSize = 10, 1000
		for n := range 14 {
			r.feed.add(exchange, id(n), time.Now().Add(-time.Hour), func(b *fakeBlob) { b.expires = time.Now().Add(2 * time.Hour) })
		}
		r.start()
		r.run(10 * time.Second)
		r.omit(func(string) bool { return true })
		r.run(7 * time.Hour) // expired, and all is listed again
		r.omit(nil)
		r.feed.add(exchange, id(99), time.Now())
		r.run(2 * time.Minute)
		r.omit(func(string) bool { return true })
		if listings, _ := r.polls(); listings != 10+mostAgain {
			t.Errorf("content that went led to %d listings in ten polls, want %d", listings, 10+mostAgain)
		}
	})
}
