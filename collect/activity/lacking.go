package activity

import (
	"context"
	"hash/maphash"
	"maps"
	"time"

	"github.com/quoll/quoll/collect"
)

const (
	// mostAgain is how often a window is listed again at once when a listing of it
	// lacked something.
	mostAgain = 2
	// mostUnlisted bounds what is remembered as listed no more. A window that lacks
	// more is listed again in the poll that finds it, and not at every poll.
	mostUnlisted = 10_000
)

// shown is what one listing had, as hashes of ids: a day of a large tenant has a
// hundred thousand. Two ids of one hash would hide that one is lacking, once.
type shown map[uint64]struct{}

func (s *stream) hash(contentID string) uint64 { return maphash.String(s.seed, contentID) }

// lacking returns how many blobs of a window an earlier listing had and this one,
// which began at a time of our clock, has not. Such a listing may lack new blobs,
// too. Those that are known to be listed no more do not count.
func (s *stream) lacking(ctx context.Context, w collect.Window, began time.Time, has shown) (lack []uint64, err error) {
	err = s.ledger.ListedBefore(ctx, s.Stream, w, began, s.client.now(), func(contentID string) {
		id := s.hash(contentID)
		if _, ok := has[id]; ok {
			s.unlisted.back(id)
		} else if !s.unlisted.saw(id) {
			lack = append(lack, id)
		}
	})
	return lack, err
}

// unlisted is what several listings in a row lacked, so that it is not asked for on
// every poll.
type unlisted struct {
	most int
	// lacked has the run over windows that lacked each id last, most ids at most.
	lacked map[uint64]int
	run    int
	// full says that not all there was to remember was remembered. It holds until half
	// of what was is listed again or gone: were one enough, content that comes back bit
	// by bit would cost mostAgain listings for each bit.
	full bool
}

func newUnlisted(most int) unlisted { return unlisted{most: most, lacked: map[uint64]int{}} }

// saw notes that a listing lacks an id, and tells whether that was known.
func (u *unlisted) saw(id uint64) bool {
	_, known := u.lacked[id]
	if known {
		u.lacked[id] = u.run
	}
	return known
}

// back forgets an id that is listed.
func (u *unlisted) back(id uint64) {
	delete(u.lacked, id)
	u.thin()
}

// judge tells whether a listing that lacks ids is to be repeated, and whether to
// warn of it. What does not fit is repeated in one poll only, and warned of once.
func (u *unlisted) judge(lack []uint64, again int) (ask, warn bool) {
	fits := len(u.lacked)+len(lack) <= u.most
	ask = len(lack) > 0 && (fits || !u.full)
	return ask, ask && (fits || again == 0)
}

// add remembers ids, as many as there is room for.
func (u *unlisted) add(ids []uint64) {
	room := min(len(ids), u.most-len(u.lacked))
	for _, id := range ids[:room] {
		u.lacked[id] = u.run
	}
	u.full = u.full || room < len(ids)
}

// forgetOthers forgets what this run did not lack, after a run over all that the API
// reaches: it has expired, and would take the room for ever.
func (u *unlisted) forgetOthers() {
	maps.DeleteFunc(u.lacked, func(_ uint64, run int) bool { return run != u.run })
	u.thin()
}

func (u *unlisted) thin() {
	if len(u.lacked) <= u.most/2 {
		u.full = false
	}
}
