package tenantsim

import (
	"container/heap"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/dice"
	"github.com/quoll/quoll/tenantsim/feed"
	"github.com/quoll/quoll/tenantsim/world"
)

// In history, where nobody waits for it, content appears in larger pieces.
const (
	shortestRound = 15 * time.Minute
	longestRound  = 75 * time.Minute
)

// publisher turns audit records into content of the feed: late, unordered,
// some of it twice.
type publisher struct {
	cfg   *Config
	store *feed.Store
	live  time.Time // history ends here
	types []*contentType
	made  map[string]*offer // by record id
}

// contentType is what waits to appear in one content type.
type contentType struct {
	name    string
	waiting queue[waiting]
	round   time.Time // when content appears next
	blobs   int       // that appeared so far
}

type waiting struct {
	id   string
	body []byte
}

// offer is when a record could first be listed, and where.
type offer struct {
	types []string
	first time.Time // zero while it waits
	lost  bool      // it came in a blob that cannot be fetched
}

func newPublisher(cfg *Config, store *feed.Store, m *memory) *publisher {
	p := &publisher{cfg: cfg, store: store, live: m.Live, made: map[string]*offer{}}
	for _, name := range audit.ContentTypes() {
		p.types = append(p.types, &contentType{name: name, round: min2(m.Start.Add(shortestRound), m.Live)})
	}
	return p
}

func min2(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func max2(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// take decides when a record becomes available, which it returns, and whether it
// does so twice.
func (p *publisher) take(r world.Audit) time.Time {
	if p.made[r.ID] == nil { // a revision of a record has the same id
		p.made[r.ID] = &offer{types: r.ContentTypes}
	}
	d := dice.Named(p.cfg.Seed, "publish "+r.ID+r.Time.String())
	ready := r.Time.Add(d.Span(p.cfg.Delay/2, 2*p.cfg.Delay))
	if d.Chance(p.cfg.LateRecords) && !r.Prompt {
		ready = ready.Add(d.Span(time.Hour, 30*time.Hour))
	}
	// What is not known yet cannot appear: so what a round holds does not depend
	// on how often the world is looked at.
	ready = max2(ready, r.Known)
	for _, c := range p.types {
		for _, name := range r.ContentTypes {
			if name != c.name {
				continue
			}
			c.waiting.add(ready, waiting{r.ID, r.Body})
			if d.Chance(p.cfg.DuplicateRecords) {
				c.waiting.add(ready.Add(d.Span(time.Minute, 6*time.Hour)), waiting{r.ID, r.Body})
			}
		}
	}
	return ready
}

// publish lets content appear in all rounds up to now.
func (p *publisher) publish(now time.Time) {
	for _, c := range p.types {
		for !c.round.After(now) {
			p.publishRound(c)
			d := dice.New(p.cfg.Seed^dice.Hash(c.name), uint64(c.round.UnixNano()))
			if c.round.Before(p.live) {
				c.round = min2(c.round.Add(d.Span(shortestRound, longestRound)), p.live)
			} else {
				c.round = c.round.Add(p.cfg.PublishEvery)
			}
		}
	}
}

func (p *publisher) publishRound(c *contentType) {
	var ready []waiting
	for c.waiting.due(c.round) {
		ready = append(ready, c.waiting.next())
	}
	if len(ready) == 0 {
		return
	}
	d := dice.New(p.cfg.Seed^dice.Hash(c.name)+1, uint64(c.round.UnixNano()))
	d.Shuffle(len(ready), func(i, j int) { ready[i], ready[j] = ready[j], ready[i] })
	var parts [][]waiting
	for len(ready) > 0 {
		n := min(d.Between((p.cfg.MostRecords+3)/4, p.cfg.MostRecords), len(ready))
		parts, ready = append(parts, ready[:n]), ready[n:]
	}
	for i, part := range parts {
		p.publishBlob(c, d, part, c.round.Add(-time.Duration(len(parts)-i)*time.Millisecond).Truncate(time.Millisecond))
	}
}

func (p *publisher) publishBlob(c *contentType, d *dice.Dice, part []waiting, created time.Time) {
	c.blobs++
	b := &feed.Blob{ID: feed.NewBlobID(c.name, created, c.blobs), ContentType: c.name, Created: created, Listed: created}
	if d.Chance(p.cfg.Faults.LateBlobs) {
		b.Listed = created.Add(p.cfg.Faults.LateBy)
	}
	if d.Chance(p.cfg.Faults.GrowingBlobs) {
		b.Complete = b.Listed.Add(p.cfg.Faults.GrowFor)
	}
	if d.Chance(p.cfg.Faults.LostBlobs) {
		b.Lost = dice.Pick(d, []string{"AF20050", "AF20051"})
	}
	for _, record := range part {
		b.Records = append(b.Records, record.body)
		o := p.made[record.id]
		switch {
		case b.Lost != "":
			o.lost = true
		case o.first.IsZero() || b.Listed.Before(o.first):
			o.first = b.Listed
		}
	}
	p.store.Add(b)
	if d.Chance(p.cfg.Faults.DuplicateBlobs) {
		c.blobs++
		again := *b
		again.ID = feed.NewBlobID(c.name, created, c.blobs)
		p.store.Add(&again)
	}
}

// produced tells which records can be had at now, how many cannot yet, and
// which came in lost blobs only.
func (p *publisher) produced(now time.Time) (offered map[string][]string, pending int, lost []string) {
	offered = map[string][]string{}
	for id, o := range p.made {
		switch {
		case !o.first.IsZero() && !o.first.After(now):
			offered[id] = o.types
		case o.first.IsZero() && o.lost:
			lost = append(lost, id)
		default:
			pending++
		}
	}
	return offered, pending, lost
}

// queue holds things until they are due; at the same time, in the order in
// which they came.
type queue[T any] struct {
	things things[T]
	added  uint64
}

type thing[T any] struct {
	at     time.Time
	number uint64
	value  T
}

func (q *queue[T]) add(at time.Time, value T) {
	q.added++
	heap.Push(&q.things, thing[T]{at, q.added, value})
}

func (q *queue[T]) due(now time.Time) bool {
	return len(q.things) > 0 && !q.things[0].at.After(now)
}

func (q *queue[T]) next() T { return heap.Pop(&q.things).(thing[T]).value }

type things[T any] []thing[T]

func (h things[T]) Len() int { return len(h) }
func (h things[T]) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].number < h[j].number
}
func (h things[T]) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *things[T]) Push(x any)   { *h = append(*h, x.(thing[T])) }
func (h *things[T]) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
