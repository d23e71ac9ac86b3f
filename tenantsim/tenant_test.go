package tenantsim

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/defender"
	"github.com/quoll/quoll/tenantsim/feed"
	"github.com/quoll/quoll/tenantsim/world"
)

// testClock is moved by hand.
type testClock struct{ nanos atomic.Int64 }

func newClock() *testClock {
	c := &testClock{}
	c.nanos.Store(time.Date(2026, 11, 24, 1, 30, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *testClock) now() time.Time          { return time.Unix(0, c.nanos.Load()).UTC() }
func (c *testClock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

// smallConfig is a tenant with little to say: five hours, a tenth of the people's zeal.
func smallConfig(clock *testClock) Config {
	return Config{Seed: 11, ClientSecret: "open sesame", Now: clock.now, History: 5 * time.Hour, Volume: 0.2, PageSize: 3, MostRecords: 40}
}

func newTenant(t *testing.T, cfg Config) *Tenant {
	t.Helper()
	tenant, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return tenant
}

// caller is a client with as few thoughts of its own as possible.
type caller struct {
	t      *testing.T
	tenant *Tenant
	base   string
	http   *http.Client
	token  string
}

func newCaller(t *testing.T, tenant *Tenant) *caller {
	t.Helper()
	server := httptest.NewServer(tenant.Handler())
	t.Cleanup(server.Close)
	c := &caller{t: t, tenant: tenant, base: server.URL, http: server.Client()}
	c.renew()
	return c
}

func (c *caller) renew() {
	c.t.Helper()
	status, body := c.post("/"+c.tenant.TenantID()+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {c.tenant.ClientID()}, "client_secret": {c.tenant.ClientSecret()}, "scope": {"https://manage.office.com/.default"},
	}.Encode())
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || status != 200 || answer.AccessToken == "" {
		c.t.Fatalf("token: %d %s", status, body)
	}
	c.token = answer.AccessToken
}

func (c *caller) post(path, form string) (int, []byte) {
	c.t.Helper()
	response, err := c.http.Post(c.base+path, "application/x-www-form-urlencoded", strings.NewReader(form))
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return response.StatusCode, body
}

// call sends a request to the API, whose path it may give in full.
func (c *caller) call(method, path string) (int, http.Header, []byte, error) {
	if !strings.HasPrefix(path, "http") {
		path = c.base + "/api/v1.0/" + c.tenant.TenantID() + "/activity/feed/" + path
	}
	request, err := http.NewRequest(method, path, nil)
	if err != nil {
		return 0, nil, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	response, err := c.http.Do(request)
	if err != nil {
		return 0, nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header, body, err
}

func (c *caller) mustGet(path string) (http.Header, []byte) {
	c.t.Helper()
	status, header, body, err := c.call("GET", path)
	if err != nil || status != 200 {
		c.t.Fatalf("GET %s: %d %s %v", path, status, body, err)
	}
	return header, body
}

func (c *caller) startAll() {
	c.t.Helper()
	for _, contentType := range audit.ContentTypes() {
		if status, _, body, err := c.call("POST", "subscriptions/start?contentType="+contentType); err != nil || status != 200 {
			c.t.Fatalf("start: %d %s %v", status, body, err)
		}
	}
}

type listed struct{ ContentURI, ContentID, ContentType, ContentCreated, ContentExpiration string }

// list follows a listing through all its pages.
func (c *caller) list(contentType string, start, end time.Time) (all []listed, pages int) {
	c.t.Helper()
	next := "subscriptions/content?contentType=" + contentType + "&startTime=" + audit.Time(start) + "&endTime=" + audit.Time(end)
	for next != "" {
		header, body := c.mustGet(next)
		var page []listed
		if err := json.Unmarshal(body, &page); err != nil {
			c.t.Fatal(err)
		}
		all, pages = append(all, page...), pages+1
		next = header.Get("NextPageUri")
	}
	return all, pages
}

func (c *caller) fetch(uri string) []json.RawMessage {
	c.t.Helper()
	_, body := c.mustGet(uri)
	var records []json.RawMessage
	if err := json.Unmarshal(body, &records); err != nil {
		c.t.Fatalf("%s: %v", uri, err)
	}
	return records
}

func recordID(t *testing.T, record []byte) string {
	t.Helper()
	var head struct {
		ID string `json:"Id"`
	}
	if err := json.Unmarshal(record, &head); err != nil {
		t.Fatal(err)
	}
	return head.ID
}

func TestTheFeedOffersExactlyWhatWasProduced(t *testing.T) {
	clock := newClock()
	tenant := newTenant(t, smallConfig(clock))
	c := newCaller(t, tenant)
	c.startAll()
	got, deliveries, pages := map[string][]string{}, 0, 0
	collect := func(from time.Time) {
		for _, contentType := range audit.ContentTypes() {
			blobs, n := c.list(contentType, from, clock.now().Add(time.Second))
			pages += n
			for _, b := range blobs {
				for _, record := range c.fetch(b.ContentURI) {
					id := recordID(t, record)
					deliveries++
					if !slices.Contains(got[id], contentType) {
						got[id] = append(got[id], contentType)
					}
				}
			}
		}
	}
	begin := clock.now()
	collect(begin.Add(-19 * time.Hour))
	for range 8 {
		clock.advance(31 * time.Minute)
		if err := tenant.Advance(); err != nil {
			t.Fatal(err)
		}
	}
	c.renew()
	collect(begin.Add(-19 * time.Hour))
	want := tenant.Produced()
	if len(got) != len(want.Audit) {
		t.Errorf("the feed gave %d records, %d were produced", len(got), len(want.Audit))
	}
	for id := range want.Audit {
		if len(got[id]) == 0 {
			t.Fatalf("record %s was produced and never offered", id)
		}
	}
	if pages < 12 {
		t.Errorf("only %d pages: the listing was not paged", pages)
	}
	t.Logf("%d records, %d deliveries, %d pages, %d pending", len(got), deliveries, pages, want.AuditPending)
}

func TestHistoryIsTheSameForTheSameSeed(t *testing.T) {
	clock := newClock()
	digest := func(seed uint64) string {
		cfg := smallConfig(clock)
		cfg.Seed, cfg.TenantID = seed, "5a1f3c52-77f0-4c1e-9d1b-0c5a2f7be101"
		cfg.History = 2 * time.Hour
		c := newCaller(t, newTenant(t, cfg))
		c.startAll()
		var b bytes.Buffer
		for _, contentType := range audit.ContentTypes() {
			blobs, _ := c.list(contentType, clock.now().Add(-20*time.Hour), clock.now())
			for _, blob := range blobs {
				fmt.Fprintln(&b, blob.ContentID, c.fetch(blob.ContentURI))
			}
		}
		return b.String()
	}
	one := digest(3)
	if one != digest(3) {
		t.Error("two tenants of one seed differ")
	}
	if one == digest(4) {
		t.Error("tenants of two seeds are the same")
	}
}

// readExport returns the lines of every file below dir by their path.
func readExport(t *testing.T, dir string) map[string][]string {
	t.Helper()
	files := map[string][]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if !bytes.HasSuffix(text, []byte("\r\n")) {
			t.Errorf("%s does not end with CR LF", rel)
		}
		scanner := bufio.NewScanner(bytes.NewReader(text))
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			files[filepath.ToSlash(rel)] = append(files[filepath.ToSlash(rel)], scanner.Text())
		}
		return scanner.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestExportHasTheLayoutOfAStorageAccount(t *testing.T) {
	clock := newClock()
	cfg := smallConfig(clock)
	cfg.ExportDir, cfg.RepeatedLines = t.TempDir(), 0.2
	tenant := newTenant(t, cfg)
	if err := tenant.Advance(); err != nil {
		t.Fatal(err)
	}
	before := readExport(t, cfg.ExportDir)
	clock.advance(30 * time.Minute)
	if err := tenant.Advance(); err != nil {
		t.Fatal(err)
	}
	after := readExport(t, cfg.ExportDir)
	grown := 0
	for path, lines := range before {
		if !slices.Equal(after[path][:len(lines)], lines) {
			t.Errorf("%s was changed, not appended to", path)
		}
		if len(after[path]) > len(lines) {
			grown++
		}
	}
	if grown == 0 {
		t.Error("no file grew")
	}
	got, lines := map[string]map[string]bool{}, 0
	for path, texts := range after {
		for _, text := range texts {
			lines++
			table, id := checkLine(t, tenant, path, text)
			if table == defender.TableEvidence { // it has no id of its own
				id = text[strings.Index(text, `"properties":`):]
			}
			if got[table] == nil {
				got[table] = map[string]bool{}
			}
			got[table][id] = true
		}
	}
	want := tenant.Produced()
	distinct := 0
	for _, table := range defender.Tables() {
		same := maps.Equal(got[table], want.Defender[table])
		if table == defender.TableEvidence {
			same = len(got[table]) == len(want.Defender[table])
		}
		if !same || len(got[table]) == 0 {
			t.Errorf("%s: %d records exported, %d produced", table, len(got[table]), len(want.Defender[table]))
		}
		distinct += len(got[table])
	}
	if lines <= distinct {
		t.Errorf("%d lines of %d records: nothing was repeated", lines, distinct)
	}
}

// checkLine checks a line against the file it stands in.
func checkLine(t *testing.T, tenant *Tenant, path, text string) (table, id string) {
	t.Helper()
	var record struct {
		Time              time.Time `json:"time"`
		TenantID          string    `json:"tenantId"`
		OperationName     string    `json:"operationName"`
		Category          string    `json:"category"`
		TimeReceivedBySvc string    `json:"_TimeReceivedBySvc"`
		Properties        struct {
			Timestamp         time.Time
			ReportID, AlertID string
		} `json:"properties"`
		Tenant string
	}
	if err := json.Unmarshal([]byte(text), &record); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	table, _ = strings.CutPrefix(record.Category, "AdvancedHunting-")
	want := fmt.Sprintf("insights-logs-advancedhunting-%s/tenantId=%s/%s/m=00/PT1H.json", strings.ToLower(table), tenant.TenantID(), record.Properties.Timestamp.Format("y=2006/m=01/d=02/h=15"))
	if path != want {
		t.Fatalf("a record of %s stands in %s", want, path)
	}
	ofMail := strings.HasPrefix(table, "Email") || table == defender.TableURLClicks
	if record.TenantID != tenant.TenantID() || record.OperationName != "Publish" || record.Tenant != "DefaultTenant" || !record.Time.After(record.Properties.Timestamp) || strings.HasSuffix(record.TimeReceivedBySvc, "Z") == ofMail {
		t.Fatalf("envelope: %s", text)
	}
	return table, record.Properties.ReportID + record.Properties.AlertID
}

func TestABadConfigurationIsRefused(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"tenant id": func(c *Config) { c.TenantID = "coastalworks.example" },
		"publish":   func(c *Config) { c.PublishEvery = time.Millisecond },
		"page size": func(c *Config) { c.PageSize = -1 },
		"history":   func(c *Config) { c.History = -time.Hour },
	} {
		cfg := smallConfig(newClock())
		change(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: a bad configuration was accepted", name)
		}
	}
}

func TestThreeDaysHaveTheSizeOfTheDemo(t *testing.T) {
	clock := newClock()
	tenant := newTenant(t, Config{Seed: 1, Now: clock.now})
	p := tenant.Produced()
	if all := len(p.Audit) + p.AuditPending; all < 15_000 || all > 45_000 {
		t.Errorf("%d audit records in three days", all)
	}
	if p.DefenderPending < 2_000 {
		t.Errorf("%d Defender records in three days", p.DefenderPending)
	}
	if steps := tenant.Story().Steps; len(steps) == 0 || steps[len(steps)-1].Name != world.StepClickBlocked {
		t.Error("the story is not over")
	}
}

func BenchmarkHistory(b *testing.B) {
	clock := newClock()
	for b.Loop() {
		tenant, err := New(Config{Seed: 1, Now: clock.now, Faults: feed.Faults{}})
		if err != nil {
			b.Fatal(err)
		}
		p := tenant.Produced()
		b.ReportMetric(float64(len(p.Audit)+p.AuditPending), "audit/op")
		b.ReportMetric(float64(p.DefenderPending), "defender/op")
	}
}
