package activity

import (
	"context"
	"hash/maphash"
	"time"

	"github.com/quoll/quoll/collect"
)

const (
	// mostAgain is how often a window is listed again at once when a listing of it
	// lacked something.
	mostAgain = 2
	// mostUnlisted bounds what is remembered as listed no more. Beyond it all is
	// forgotten, which costs mostAgain listings.
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
			delete(s.unlisted, id)
			return
		}
		if _, ok := s.unlisted[id]; !ok {
			lack = append(lack, id)
		}
	})
	return lack, err
}

// letUnlisted remembers what several listings in a row lacked, so that it is not
// asked for on every poll.
func (s *stream) letUnlisted(ids []uint64) {
	if len(s.unlisted)+len(ids) > mostUnlisted {
		clear(s.unlisted)
	}
	for _, id := range ids[:min(len(ids), mostUnlisted)] {
		s.unlisted[id] = struct{}{}
	}
}
