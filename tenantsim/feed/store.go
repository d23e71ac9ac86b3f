package feed

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Retention is how long content can be listed and fetched.
const Retention = 7 * 24 * time.Hour

// Blob is one piece of content: audit records that became available together.
type Blob struct {
	ID          string // contentId
	ContentType string
	Created     time.Time // contentCreated, whole milliseconds
	// Listed is when the blob shows up in listings. It is later than Created
	// for a blob that comes late.
	Listed time.Time
	// Complete is when the blob has all its records. Before, a fetch gets the
	// first half of them.
	Complete time.Time
	Records  [][]byte
	// Lost, when set, is the code that every fetch gets: the blob is listed,
	// and its records cannot be had.
	Lost string
}

// Expires is when the blob can no longer be fetched.
func (b *Blob) Expires() time.Time { return b.Created.Add(Retention) }

// NewBlobID words a contentId: two stamps, the content type twice and a region,
// joined by dollar signs. n makes it unique within its millisecond.
func NewBlobID(contentType string, created time.Time, n int) string {
	stamp := created.UTC().Format("20060102150405.000")
	stamp = strings.Replace(stamp, ".", "", 1) + fmt.Sprintf("%06d", n%1_000_000)
	name := strings.ReplaceAll(contentType, ".", "_")
	return strings.Join([]string{stamp, stamp, strings.ToLower(name), name, "apac0012"}, "$")
}

// Store holds what the feed offers. It is safe for concurrent use.
type Store struct {
	mu    sync.RWMutex
	blobs map[string][]*Blob // by content type, ordered by Created, then ID
	byID  map[string]*Blob
}

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{blobs: map[string][]*Blob{}, byID: map[string]*Blob{}}
}

func inOrder(a, b *Blob) int {
	return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
}

// Add offers a blob. It must not be changed afterwards.
func (s *Store) Add(b *Blob) {
	s.mu.Lock()
	defer s.mu.Unlock()
	blobs := s.blobs[b.ContentType]
	at, _ := slices.BinarySearchFunc(blobs, b, inOrder)
	s.blobs[b.ContentType] = slices.Insert(blobs, at, b)
	s.byID[b.ID] = b
}

// Forget drops what expired before a time, so that a tenant can run for long.
func (s *Store) Forget(before time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for contentType, blobs := range s.blobs {
		n := 0
		for n < len(blobs) && blobs[n].Expires().Before(before) {
			delete(s.byID, blobs[n].ID)
			n++
		}
		s.blobs[contentType] = slices.Delete(blobs, 0, n)
	}
}

func (s *Store) get(id string) *Blob {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byID[id]
}

// window returns, in order, up to most blobs with Created in [start, end) that
// are listed at now and offered, and come after the place; more says whether there are
// others behind them.
func (s *Store) window(contentType string, start, end, now time.Time, after place, most int, offered func(*Blob) bool) (found []*Blob, more bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, b := range s.blobs[contentType] {
		switch {
		case b.Created.Before(start) || b.Listed.After(now) || !after.before(b) || !offered(b):
			continue
		case !b.Created.Before(end):
			return found, false
		case len(found) == most:
			return found, true
		}
		found = append(found, b)
	}
	return found, false
}

// place is where a page ended.
type place struct {
	created time.Time
	id      string
	turn    int // tells links to the same place apart
}

func (p place) before(b *Blob) bool {
	return cmp.Or(p.created.Compare(b.Created), cmp.Compare(p.id, b.ID)) < 0
}

// listed returns the blobs that came into listings after one time and not after
// another, in order of their coming.
func (s *Store) listed(contentType string, after, until time.Time) []*Blob {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var found []*Blob
	for _, b := range s.blobs[contentType] {
		if b.Listed.After(after) && !b.Listed.After(until) {
			found = append(found, b)
		}
	}
	slices.SortStableFunc(found, func(a, b *Blob) int { return a.Listed.Compare(b.Listed) })
	return found
}
