package activity

import (
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
)

// The first start brings everything that the API still holds: blobs of all seven
// days, up to the margin that a slow request needs, in the order in which they
// would be lost, and without a gap on record.
func TestTheFirstStartBringsAllThatTheAPIStillHolds(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		now := time.Now()
		var ids []string
		for n := 0; ; n++ {
			created := now.Add(-reach + 12*time.Minute + time.Duration(n)*time.Hour)
			if created.After(now) {
				break
			}
			r.feed.add(exchange, id(n), created)
			ids = append(ids, id(n))
		}
		r.feed.add(exchange, id(999), now.Add(-reach-time.Hour)) // out of its reach
		r.cfg.Concurrency = 1                                    // several at once arrive in no strict order
		r.start()
		r.run(3 * time.Minute)
		r.wantJournalled(ids...)
		if len(ids) != 168 {
			t.Errorf("%d blobs", len(ids))
		}
		last := -1
		for _, p := range r.sink.all() {
			n := 0
			for ids[n] != p.Name {
				n++
			}
			if n < last {
				t.Errorf("blob %d, which expires sooner, came after blob %d", n, last)
			}
			last = n
		}
		gaps, err := r.ledger.Gaps(r.t.Context(), collect.Stream{Tenant: testTenant, ContentType: exchange}, 10)
		if err != nil || len(gaps) != 0 {
			t.Errorf("gaps %v, %v", gaps, err)
		}
	})
}
