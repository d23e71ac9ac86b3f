package activity

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/tenantsim/audit"
	simfeed "github.com/quoll/quoll/tenantsim/feed"
)

// go test ./collect/activity -run ManyTenants -tenants 500 -v
var tenants = flag.Int("tenants", 10, "how many tenants TestManyTenantsInOneProcess has")

// rounds is how many blobs each publishes.
const rounds = 40

// crowd is many tenants in one process, each with a server of its own, and with
// answers that take their time.
type crowd struct {
	*rig
	room *collect.Room

	mu        sync.Mutex
	random    *rand.Rand
	published map[string]time.Time       // when each blob was first listed
	lags      map[string][]time.Duration // by tenant
}

// Journal implements collect.Sink: it takes the lag of what it is given.
func (c *crowd) Journal(_ context.Context, p model.Payload) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at, ok := c.published[p.Name]; ok {
		c.lags[p.Tenant] = append(c.lags[p.Tenant], time.Since(at))
		delete(c.published, p.Name) // what is fetched once more does not count
	}
	return 1, nil
}

func (c *crowd) float() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.random.Float64()
}

// member is one tenant.
type member struct {
	id    string
	store *simfeed.Store
}

// join starts a tenant; trouble is what is wrong with it, or empty.
func (c *crowd) join(ctx context.Context, group *sync.WaitGroup, n int, trouble string) *member {
	m := &member{id: fmt.Sprintf("11111111-2222-3333-4444-%012d", n), store: simfeed.NewStore()}
	settings := simfeed.Config{TenantID: m.id, ClientID: testClient, ClientSecret: testSecret, TokenLifetime: time.Hour,
		Permissions: []string{"ActivityFeed.Read"}, PageSize: 50, RequestsPerMinute: 2000, Now: time.Now}
	cfg := c.cfg
	cfg.TenantID, cfg.PublisherIdentifier, cfg.ContentTypes = m.id, "", ContentTypes()
	switch trouble {
	case "throttled":
		settings.RequestsPerMinute = 3
	case "secret":
		cfg.ClientSecret = collect.NewSecret("wrong")
	}
	server, err := simfeed.New(settings, m.store)
	if err != nil {
		c.t.Fatal(err)
	}
	transport := handlerTransport{func() http.Handler { return server }}
	cfg.HTTPClient = &http.Client{Transport: slow{transport, c, trouble == "hanging"}}
	collector, err := New(cfg, Dependencies{Ledger: c.ledger, Sink: c, Room: c.room, Random: c.float, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		c.t.Fatal(err)
	}
	group.Go(func() {
		// As serve does: not all at the same instant.
		time.Sleep(time.Duration(n) * time.Minute / time.Duration(*tenants))
		if err := collector.Run(ctx); err != nil {
			c.t.Error(err)
		}
	})
	return m
}

// slow is a network with a delay, and some servers that never answer for a
// blob.
type slow struct {
	handlerTransport
	crowd *crowd
	hangs bool
}

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.hangs && len(r.URL.Path) > 100 { // blobs have long names
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	time.Sleep(time.Duration(200+1800*s.crowd.float()) * time.Millisecond)
	return s.handlerTransport.RoundTrip(r)
}

// publish lists a new blob of one content type.
func (c *crowd) publish(m *member, n int) {
	now := time.Now()
	contentType := audit.ContentTypes()[n%5]
	id := simfeed.NewBlobID(contentType, now, n)
	c.mu.Lock()
	c.published[id] = now
	c.mu.Unlock()
	m.store.Add(&simfeed.Blob{ID: id, ContentType: contentType, Created: now.Truncate(time.Millisecond), Listed: now, Records: [][]byte{[]byte(`{"Id":"1"}`)}})
}

// TestManyTenantsInOneProcess holds all to the same lag: a tenth of the tenants
// each are throttled, have a wrong secret, or a server that never answers for a
// blob, and no other is later than twice the median.
func TestManyTenantsInOneProcess(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		c := &crowd{rig: r, room: collect.NewRoom(max(8, *tenants/8), 4, clock.System()), random: rand.New(rand.NewPCG(5, 5)), published: map[string]time.Time{}, lags: map[string][]time.Duration{}}
		c.cfg.RelistEvery = 100 * time.Hour
		ctx, cancel := context.WithCancel(context.Background())
		var group sync.WaitGroup
		var members []*member
		wrong := map[string]string{}
		for n := range *tenants {
			trouble := map[int]string{1: "throttled", 4: "secret", 7: "hanging"}[n%10]
			m := c.join(ctx, &group, n, trouble)
			members = append(members, m)
			if trouble != "" {
				wrong[m.id] = trouble
			}
		}
		r.run(5 * time.Minute)
		// Each tenant publishes every ten seconds for some minutes.
		n := 0
		for range rounds {
			for _, m := range members {
				c.publish(m, n)
				n++
			}
			r.run(10 * time.Second)
		}
		r.run(5 * time.Minute)
		goroutines := runtime.NumGoroutine()
		cancel()
		group.Wait()
		c.judge(members, wrong, goroutines)
	})
}

func mean(lags []time.Duration) time.Duration {
	sum := time.Duration(0)
	for _, lag := range lags {
		sum += lag
	}
	return sum / time.Duration(max(len(lags), 1))
}

func (c *crowd) judge(members []*member, wrong map[string]string, goroutines int) {
	var all []time.Duration
	for _, m := range members {
		if wrong[m.id] != "" {
			continue
		}
		if n := len(c.lags[m.id]); n < rounds-5 {
			c.t.Errorf("%s: %d blobs of %d", m.id, n, rounds)
		}
		all = append(all, mean(c.lags[m.id]))
	}
	slices.Sort(all)
	median, worst := all[len(all)/2], all[len(all)-1]
	c.t.Logf("%d tenants, %d of them in trouble: median lag %v, worst %v (%.2f of the median), %d goroutines",
		len(members), len(wrong), median.Round(time.Millisecond), worst.Round(time.Millisecond), float64(worst)/float64(median), goroutines)
	if worst > 2*median {
		c.t.Errorf("the latest tenant has a lag of %v, the median is %v", worst, median)
	}
	// Trouble that slows all alike would not show in that.
	if median > c.cfg.PollEvery {
		c.t.Errorf("the median lag is %v with a poll every %v", median, c.cfg.PollEvery)
	}
}
