package collect

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/quoll/quoll/internal/clock"
)

// Room bounds how many bodies all tenants of a process hold in memory at a time,
// and shares itself out so that no tenant waits long because of another. It is
// safe for concurrent use.
//
// A place that comes free goes to the tenant that has the fewest, and among
// those to whoever came first. A tenant whose latest visit ended in trouble (a
// server that hangs, bodies that break off) or lasts too long gets one place,
// and all such tenants together a quarter of them, until a visit succeeds. Who
// is overdue stops counting against the others: so there may be twice as many
// bodies as places, if half of them come from servers that hang.
type Room struct {
	places, perTenant, forTroubled int
	clock                          clock.Clock

	mu       sync.Mutex
	inside   []*visitor // in the order in which they were admitted
	waiting  []*visitor // in the order in which they came
	troubled map[string]bool
}

const (
	// overdue is how long a visit may last before it counts as trouble, and
	// lookEvery how often who waits longest looks at that.
	overdue   = 30 * time.Second
	lookEvery = 5 * time.Second
)

type visitor struct {
	tenant   string
	admitted chan struct{} // closed once there is a place
	since    time.Time
}

// NewRoom returns a room of so many places, of which one tenant has at most
// perTenant.
func NewRoom(places, perTenant int, c clock.Clock) *Room {
	places = max(places, 1)
	return &Room{
		places: places, perTenant: min(max(perTenant, 1), places), forTroubled: max(places/4, 1),
		clock: c, troubled: map[string]bool{},
	}
}

// Enter waits for a place. leave gives it back, once, and says whether the visit
// went well; it is nil with an error, which is ctx's.
func (r *Room) Enter(ctx context.Context, tenant string) (leave func(well bool), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	v := &visitor{tenant: tenant, admitted: make(chan struct{})}
	r.mu.Lock()
	r.waiting = append(r.waiting, v)
	r.admit()
	r.mu.Unlock()
	if r.wait(ctx, v) {
		return func(well bool) { r.leave(v, well) }, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if at := slices.Index(r.waiting, v); at >= 0 {
		r.waiting = slices.Delete(r.waiting, at, at+1)
	} else { // admitted at this very moment
		r.release(v)
	}
	return nil, ctx.Err()
}

// wait waits until the visitor is admitted; false is the end of ctx.
func (r *Room) wait(ctx context.Context, v *visitor) bool {
	for {
		timer := r.clock.NewTimer(lookEvery)
		select {
		case <-v.admitted:
			timer.Stop()
			return true
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C():
		}
		r.mu.Lock()
		if len(r.waiting) > 0 && r.waiting[0] == v {
			r.admit()
		}
		r.mu.Unlock()
	}
}

func (r *Room) leave(v *visitor, well bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if well {
		delete(r.troubled, v.tenant)
	} else {
		r.troubled[v.tenant] = true
	}
	r.release(v)
}

// release gives a place back. The lock must be held.
func (r *Room) release(v *visitor) {
	if at := slices.Index(r.inside, v); at >= 0 {
		r.inside = slices.Delete(r.inside, at, at+1)
	}
	r.admit()
}

// admit gives places away while there are any. The lock must be held.
func (r *Room) admit() {
	now := r.clock.Now()
	held, late := map[string]int{}, 0
	for _, v := range r.inside {
		held[v.tenant]++
		if now.Sub(v.since) >= overdue {
			late++
			r.troubled[v.tenant] = true
		}
	}
	troubled := 0
	for tenant := range r.troubled {
		troubled += held[tenant]
	}
	for len(r.inside)-min(late, r.places) < r.places {
		next := r.next(held, troubled)
		if next < 0 {
			break
		}
		v := r.waiting[next]
		r.waiting = slices.Delete(r.waiting, next, next+1)
		v.since = now
		r.inside = append(r.inside, v)
		held[v.tenant]++
		if r.troubled[v.tenant] {
			troubled++
		}
		close(v.admitted)
	}
}

// next returns who of the waiting is to be admitted, or -1.
func (r *Room) next(held map[string]int, troubled int) int {
	best := -1
	for i, v := range r.waiting {
		most := r.perTenant
		if r.troubled[v.tenant] {
			if most = 1; troubled >= r.forTroubled {
				continue
			}
		}
		if held[v.tenant] < most && (best < 0 || held[v.tenant] < held[r.waiting[best].tenant]) {
			best = i
		}
	}
	return best
}

// InUse returns how many places are taken, and how many visitors wait.
func (r *Room) InUse() (taken, waiting int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.inside), len(r.waiting)
}
