package main

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/feed"
)

const (
	clientID       = "aaaaaaaa-0000-4000-8000-000000000001"
	secret         = "the secret of all tenants of this process"
	recordsOfABlob = 20
)

// troubles are what goes wrong with a tenth of the tenants each.
var troubles = map[int]string{1: "throttled", 4: "wrong secret", 7: "never answers for a blob"}

// lastDigits are the digits in which the ids of tenants in trouble end.
func lastDigits() (digits string) {
	for digit := range troubles {
		digits += strconv.Itoa(digit)
	}
	return digits
}

// crowd is a server that stands for all tenants.
type crowd struct {
	server  *httptest.Server
	tenants map[string]*tenant
	order   []*tenant
	done    chan struct{}
	running sync.WaitGroup
}

type tenant struct {
	id, trouble string
	store       *feed.Store
	api         *feed.Server

	mu     sync.Mutex
	listed map[string]time.Time // blobs that nobody fetched yet
	lags   []float64            // seconds
	blobs  int                  // from the start
}

func newCrowd(n int) (*crowd, error) {
	c := &crowd{tenants: map[string]*tenant{}, done: make(chan struct{})}
	for i := range n {
		t := &tenant{id: fmt.Sprintf("11111111-2222-3333-4444-%012d", i), trouble: troubles[i%10], store: feed.NewStore(), listed: map[string]time.Time{}}
		settings := feed.Config{TenantID: t.id, ClientID: clientID, ClientSecret: secret, TokenLifetime: time.Hour,
			Permissions: []string{"ActivityFeed.Read"}, PageSize: 50, RequestsPerMinute: 2000, Now: time.Now}
		switch t.trouble {
		case "throttled":
			settings.RequestsPerMinute = 3
		case "wrong secret":
			settings.ClientSecret = "another"
		}
		var err error
		if t.api, err = feed.New(settings, t.store); err != nil {
			return nil, err
		}
		c.tenants[t.id], c.order = t, append(c.order, t)
	}
	c.server = httptest.NewUnstartedServer(c)
	c.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	c.server.EnableHTTP2 = true
	c.server.StartTLS()
	return c, nil
}

func (c *crowd) close() { c.server.Close() }

// ServeHTTP hands a request to the tenant that its path names.
func (c *crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for part := range strings.SplitSeq(r.URL.Path, "/") {
		if t := c.tenants[part]; t != nil {
			t.serve(w, r, c.done)
			return
		}
	}
	http.NotFound(w, r)
}

func (t *tenant) serve(w http.ResponseWriter, r *http.Request, done chan struct{}) {
	_, id, blob := strings.Cut(r.URL.Path, "/activity/feed/audit/")
	if blob && t.trouble == "never answers for a blob" {
		select {
		case <-r.Context().Done():
		case <-done:
		}
		return
	}
	t.api.ServeHTTP(w, r)
	if blob {
		t.fetched(id, time.Now())
	}
}

// fetched notes the lag of a blob that is fetched for the first time.
func (t *tenant) fetched(id string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at, ok := t.listed[id]; ok {
		t.lags = append(t.lags, now.Sub(at).Seconds())
		delete(t.listed, id)
	}
}

// configure writes the configuration and what it names.
func (c *crowd) configure(dir string) error {
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.server.Certificate().Raw})
	var b strings.Builder
	b.WriteString("data_dir: data\nshipped_rules: false\nserver: {listen: \"127.0.0.1:0\"}\ntenants:\n")
	for i, t := range c.order {
		fmt.Fprintf(&b, "  - name: Tenant %d\n    tenant_id: %s\n    audit_log: {client_id: %s, client_secret_file: secret, base_url: %q, authority_url: %q, ca_file: ca.pem}\n",
			i, t.id, clientID, c.server.URL, c.server.URL)
	}
	for name, content := range map[string]string{"quoll.yaml": b.String(), "ca.pem": string(authority), "secret": secret} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// start lets every tenant publish a blob from time to time.
func (c *crowd) start(every time.Duration) {
	for i, t := range c.order {
		c.running.Go(func() {
			random := rand.New(rand.NewPCG(uint64(i), 1))
			for n := i; ; n++ {
				select {
				case <-c.done:
					return
				case <-time.After(time.Duration(float64(every) * (0.5 + random.Float64()))):
					t.publish(n, random)
				}
			}
		})
	}
}

func (c *crowd) stop() {
	close(c.done)
	c.running.Wait()
}

func (t *tenant) publish(n int, random *rand.Rand) {
	now := time.Now().UTC()
	contentType := audit.ContentTypes()[n%5]
	b := &feed.Blob{ID: feed.NewBlobID(contentType, now, n), ContentType: contentType, Created: now.Truncate(time.Millisecond), Listed: now}
	for range recordsOfABlob {
		b.Records = append(b.Records, fmt.Appendf(nil, `{"CreationTime":%q,"Id":"%08x-0000-4000-8000-%012x","Operation":"FileAccessed","OrganizationId":%q,"RecordType":6,"UserKey":"i:0h.f|membership|%d@live.com","UserType":0,"Version":1,"Workload":"SharePoint","ClientIP":"203.0.113.%d","UserId":"user%d@agency.example","ObjectId":"https://agency.sharepoint.example/sites/work/%d.docx"}`,
			now.Format("2006-01-02T15:04:05"), random.Uint32(), random.Uint64()>>16, t.id, random.IntN(1000), random.IntN(250), random.IntN(1000), random.IntN(1_000_000)))
	}
	t.mu.Lock()
	t.listed[b.ID] = now
	t.blobs++
	t.mu.Unlock()
	t.store.Add(b)
}

// forget begins the measurement: what was fetched before does not count.
func (c *crowd) forget() {
	for _, t := range c.order {
		t.mu.Lock()
		t.lags = nil
		t.mu.Unlock()
	}
}

// figures takes what was fetched; what is still outstanding counts with the lag
// that it has by now.
func (c *crowd) figures(during time.Duration) *figures {
	lags := map[string][]float64{}
	trouble := 0
	now := time.Now()
	for _, t := range c.order {
		if t.trouble != "" {
			trouble++
			continue
		}
		t.mu.Lock()
		list := t.lags
		for _, at := range t.listed {
			if lag := now.Sub(at).Seconds(); lag > 60 { // it should have come
				list = append(list, lag)
			}
		}
		t.mu.Unlock()
		lags[t.id] = list
	}
	f := summarise(lags)
	f.Tenants, f.InTrouble, f.Seconds = len(c.order), trouble, during.Seconds()
	return &f
}

// produced counts the records of the tenants that are well.
func (c *crowd) produced() (records int) {
	for _, t := range c.order {
		t.mu.Lock()
		if t.trouble == "" {
			records += t.blobs * recordsOfABlob
		}
		t.mu.Unlock()
	}
	return records
}
