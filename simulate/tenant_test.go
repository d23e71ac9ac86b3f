package simulate

import (
	"cmp"
	"fmt"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/dice"
	"github.com/quoll/quoll/tenantsim/feed"
)

const (
	clientID     = "aaaaaaaa-0000-4000-8000-000000000001"
	clientSecret = "nothing-but-this-process"
	// settleAfter is up to what age blobs are still filling.
	settleAfter = 10 * time.Minute
)

// tenant is what a tenant produces in one life, and how badly it serves it. All
// is decided at the beginning; what lies in the future is hidden by the feed.
type tenant struct {
	types   []string
	lateBy  time.Duration // by how much a blob is listed after its creation at most
	blobs   []*feed.Blob
	holds   map[*feed.Blob][]content
	records []*record
	store   *feed.Store
	feed    *feed.Server
	network *network
	dice    *dice.Dice
	made    map[string]int // what is odd about blobs and records, by kind
}

// record is an audit record that the tenant produced, in one version or more.
type record struct {
	id     string
	sample *sample
	bodies [][]byte       // by version
	blobs  [][]*feed.Blob // those that hold it, by version
}

// content is a version of a record.
type content struct {
	*record
	version int
}

// newTenant plans what a tenant produces in a life and some history before.
func newTenant(seed uint64, l *life, lateBy time.Duration) (*tenant, error) {
	all, err := samples()
	if err != nil {
		return nil, err
	}
	t := &tenant{holds: map[*feed.Blob][]content{}, store: feed.NewStore(), lateBy: lateBy, dice: dice.Named(seed, "tenant"), made: map[string]int{}}
	chance := 0.12
	if l.large {
		chance = 0.6
	}
	for _, contentType := range audit.ContentTypes() {
		if len(all[contentType]) > 0 && t.dice.Chance(chance) {
			t.types = append(t.types, contentType)
		}
	}
	if len(t.types) == 0 {
		t.types = []string{audit.ContentExchange}
	}
	faults := badDays(seed, t.dice)
	if !l.away.from.IsZero() {
		// What a page leaves out may have been within reach of that listing only.
		faults.ShrunkPages = 0
	}
	t.feed, err = feed.New(feed.Config{
		TenantID: tenantID, ClientID: clientID, ClientSecret: clientSecret, Permissions: []string{"ActivityFeed.Read"},
		TokenLifetime: t.dice.Span(10*time.Hour, 60*time.Hour), PageSize: t.dice.Between(2, 12), RequestsPerMinute: 2000,
		Now: time.Now, Faults: faults,
	}, t.store)
	if err != nil {
		return nil, err
	}
	for _, contentType := range t.types {
		t.produce(contentType, all[contentType], l.start, l.end)
	}
	t.network = newNetwork(t.feed)
	return t, nil
}

// badDays decides what goes wrong with requests, and how often.
func badDays(seed uint64, d *dice.Dice) feed.Faults {
	share := func(most float64) float64 {
		if d.Chance(0.4) {
			return 0
		}
		return most * float64(d.Below(100)) / 100
	}
	return feed.Faults{
		Seed:      seed,
		Throttled: share(0.05), Refused: share(0.03), ServerErrors: share(0.08), Resets: share(0.05), Stalled: share(0.01),
		TokensExpire: share(0.008), TokenErrors: share(0.3),
		Truncated: share(0.1), WrongLengths: share(0.06), BadGzip: share(0.06), Missing: share(0.1),
		RepeatedBlobs: share(0.3), RepeatedPages: share(0.2), ShrunkPages: share(0.08), BadPageTokens: share(0.1),
	}
}

// produce fills one content type: quiet hours, busy ones, and what is odd.
func (t *tenant) produce(contentType string, samples []*sample, start, end time.Time) {
	every := t.dice.Span(4*time.Hour, 16*time.Hour)
	// Whatever is there at the first listing has to be within the reach of some
	// others, because a page may leave it out.
	for at := start.Add(-2 * days); at.Before(end); at = at.Add(t.dice.Span(time.Minute, 2*every)) {
		burst := 1
		if t.dice.Chance(0.06) {
			burst = t.dice.Between(2, 12)
		}
		for range burst {
			t.offer(contentType, t.blob(contentType, samples, at), start, end)
		}
	}
}

// blob makes a blob of a few records, most of them new.
func (t *tenant) blob(contentType string, samples []*sample, created time.Time) *feed.Blob {
	if t.dice.Chance(0.7) { // the others are of the same instant
		created = created.Add(t.dice.Span(0, time.Minute))
	}
	b := &feed.Blob{ContentType: contentType, Created: created.Truncate(time.Millisecond)}
	for range t.dice.Between(1, 5) {
		t.put(b, t.content(samples, created))
	}
	twice := t.dice.Chance(0.05)
	if twice {
		t.put(b, dice.Pick(t.dice, t.holds[b]))
	}
	t.made["record twice in a blob"] += count(twice)
	return b
}

// content returns a new record, or now and then one that was in a blob before,
// of this content type or another, sometimes changed since.
func (t *tenant) content(samples []*sample, created time.Time) content {
	at := created.Add(-t.dice.Span(time.Minute, 90*time.Minute))
	if t.dice.Chance(0.01) {
		at = at.Add(-t.dice.Span(0, 5*24*time.Hour))
	}
	if len(t.records) == 0 || !t.dice.Chance(0.08) {
		s := dice.Pick(t.dice, samples)
		r := &record{id: fmt.Sprintf("00000000-0000-4000-8000-%012d", len(t.records)), sample: s}
		r.bodies, r.blobs = [][]byte{s.record(r.id, at)}, make([][]*feed.Blob, 1)
		t.records = append(t.records, r)
		return content{r, 0}
	}
	r := dice.Pick(t.dice, t.records)
	t.made["record again in another blob"]++
	revised := t.dice.Chance(0.2)
	t.made["record changed under the same id"] += count(revised)
	if revised {
		r.bodies = append(r.bodies, revise(r.bodies[0], len(r.bodies)))
		r.blobs = append(r.blobs, nil)
	}
	return content{r, t.dice.Below(len(r.bodies))}
}

func (t *tenant) put(b *feed.Blob, c content) {
	b.Records = append(b.Records, c.bodies[c.version])
	c.blobs[c.version] = append(c.blobs[c.version], b)
	t.holds[b] = append(t.holds[b], c)
}

// offer decides when a blob is listed, when it is complete, whether it comes
// twice, and whether it can be fetched at all.
func (t *tenant) offer(contentType string, b *feed.Blob, start, end time.Time) {
	b.ID = feed.NewBlobID(contentType, b.Created, len(t.blobs))
	b.Listed = b.Created
	if t.dice.Chance(0.08) {
		b.Listed = b.Created.Add(t.dice.Span(time.Minute, t.lateBy))
		if b.Listed.After(end) {
			b.Listed = end
		}
	}
	if t.dice.Chance(0.2) {
		b.Complete = b.Created.Add(t.dice.Span(0, settleAfter-time.Minute))
	}
	switch {
	case t.dice.Chance(0.02):
		b.Lost = dice.Pick(t.dice, lostCodes[:3])
	case b.Created.After(start) && b.Created.Before(end.Add(-10*24*time.Hour)) && t.dice.Chance(0.004):
		b.Lost = "AF50000"
	}
	t.add(b)
	again := t.dice.Chance(0.04)
	t.note(b, again)
	if again {
		copied := &feed.Blob{ID: feed.NewBlobID(contentType, b.Created, len(t.blobs)), ContentType: contentType, Created: b.Created, Listed: b.Listed}
		for _, c := range t.holds[b] {
			t.put(copied, c)
		}
		t.add(copied)
	}
}

func (t *tenant) add(b *feed.Blob) {
	t.blobs = append(t.blobs, b)
	t.store.Add(b)
}

// missed reports whether a blob became available while its subscription was not
// enabled, so that it is never offered.
func (t *tenant) missed(b *feed.Blob) bool {
	for _, stop := range t.feed.Stops(b.ContentType) {
		if !b.Listed.Before(stop.From) && b.Listed.Before(cmp.Or(stop.To, distant)) {
			return true
		}
	}
	return false
}

var distant = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
