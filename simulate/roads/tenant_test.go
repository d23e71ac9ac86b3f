package roads

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/collect/blobexport"
	"github.com/quoll/quoll/collect/entra"
	"github.com/quoll/quoll/collect/eventhub"
	"github.com/quoll/quoll/collect/hunting"
	"github.com/quoll/quoll/collect/push"
	"github.com/quoll/quoll/schema"
	wording "github.com/quoll/quoll/tenantsim/defender"
	"github.com/quoll/quoll/tenantsim/export"
	"github.com/quoll/quoll/tenantsim/feed"
	"github.com/quoll/quoll/tenantsim/graph"
	"github.com/quoll/quoll/tenantsim/hub"
	"github.com/quoll/quoll/tenantsim/storage"
)

const (
	tenantID  = "5c0ffee0-1234-4321-8765-0123456789ab"
	clientID  = "aaaaaaaa-0000-4000-8000-000000000001"
	secret    = "nothing-but-this-process"
	pushToken = "simulated-token-of-relays"
	audit     = "Audit.Exchange"
)

// road is a way from Microsoft to Quoll.
type road string

const (
	feedRoad    road = "activity"
	hubRoad     road = "eventhub"
	storageRoad road = "blobexport"
	huntRoad    road = "hunting"
	pushRoad    road = "push"
)

var allRoads = []road{feedRoad, hubRoad, storageRoad, huntRoad, pushRoad}

// tenant publishes over every road.
type tenant struct {
	blobs   *feed.Store
	feed    *web
	hub     *hub.Namespace
	wires   *wires
	account *storage.Account
	storage *web
	graph   *graph.Server
	hunted  *web
	push    *push.Receiver
	held    []string // bodies that relays keep while nobody takes them; nil when they send

	ca, hubKey, token string // files
	count             map[road]int
	published         map[string]time.Time // by id
}

func newTenant(t *testing.T) *tenant {
	t.Helper()
	dir := t.TempDir()
	n := &tenant{
		blobs: feed.NewStore(), account: storage.New(storage.DefaultConfig()), wires: &wires{}, count: map[road]int{}, published: map[string]time.Time{},
		ca: filepath.Join(dir, "ca.pem"), hubKey: filepath.Join(dir, "hub-key"), token: filepath.Join(dir, "push-token"),
	}
	served, err := feed.New(feed.Config{
		TenantID: tenantID, ClientID: clientID, ClientSecret: secret, Permissions: []string{"ActivityFeed.Read"},
		TokenLifetime: time.Hour, PageSize: 100, RequestsPerMinute: 2000, Now: time.Now,
	}, n.blobs)
	must(t, err)
	n.feed = newWeb(served, func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusUnauthorized, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.","error_codes":[7000215]}`)
	})
	n.storage = newWeb(n.account, func(w http.ResponseWriter, _ *http.Request) {
		storage.Refuse(w, http.StatusForbidden, "AuthenticationFailed", "Server failed to authenticate the request.")
	})
	settings := graph.DefaultConfig()
	settings.Authorise = func(string) ([]string, bool) { return []string{"ThreatHunting.Read.All"}, true }
	n.graph = graph.New(settings)
	n.graph.AddTables(schema.EmailEvents)
	n.hunted = newWeb(n.graph, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusForbidden, `{"error":{"code":"Forbidden","message":"The application does not have any of the required permissions."}}`)
	})
	n.hub, err = hub.NewOn(n.wires, 1, 2, hub.Name(schema.EmailEvents))
	must(t, err)
	n.wires.mode = well
	must(t, n.hub.WriteCA(n.ca))
	must(t, os.WriteFile(n.hubKey, []byte(hub.ConnectionString), 0o600))
	must(t, os.WriteFile(n.token, []byte(pushToken), 0o600))
	return n
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // who went away sees nothing
}

func (n *tenant) close() {
	for _, w := range []*web{n.feed, n.storage, n.hunted} {
		w.close()
	}
	n.wires.set(dead)
	n.hub.Close()
}

// trouble begins or ends with a road.
func (n *tenant) trouble(t *testing.T, r road, m mode) {
	t.Helper()
	switch r {
	case feedRoad:
		n.feed.set(m)
	case storageRoad:
		n.storage.set(m)
	case huntRoad:
		n.hunted.set(m)
	case hubRoad:
		key := hub.ConnectionString
		if m == revoked {
			key = strings.Replace(key, "SharedAccessKey=", "SharedAccessKey=b2xk", 1)
		}
		must(t, os.WriteFile(n.hubKey, []byte(key), 0o600))
		n.wires.set(m)
	}
}

// collectors are one of each road. Relays call the receiver by themselves.
func (n *tenant) collectors(t *testing.T, r *river) map[road]collect.Collector {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(r.log, nil))
	half := func() float64 { return 0.5 }
	ledger, err := collect.OpenLedger(t.Context(), r.State)
	must(t, err)
	listing := activity.DefaultConfig()
	listing.TenantID, listing.ClientID, listing.ContentTypes = tenantID, clientID, []string{audit}
	listing.Credential = entra.Credential{ClientSecret: collect.NewSecret(secret)}
	listing.HTTPClient = &http.Client{Transport: n.feed.client}
	listed, err := activity.New(listing, activity.Dependencies{Ledger: ledger, Sink: r.Pipeline, Random: half, Logger: logger.With("road", feedRoad)})
	must(t, err)

	account := blobexport.AzureConfig{URL: "https://simulated.blob.core.windows.net", Key: collect.NewSecret("c2VjcmV0"), HTTPClient: &http.Client{Transport: n.storage.client, Timeout: 5 * time.Minute}}
	store, err := blobexport.NewAzure(account, time.Now)
	must(t, err)
	exported := blobexport.DefaultConfig(account.URL)
	exported.Tenant, exported.PollEvery = tenantID, time.Minute
	stored, err := blobexport.New(t.Context(), exported, blobexport.Dependencies{DB: r.State, Store: store, Sink: r.Pipeline, Random: half, Logger: logger.With("road", storageRoad)})
	must(t, err)

	asked := hunting.DefaultConfig()
	asked.TenantID, asked.BaseURL, asked.Tables, asked.PollEvery, asked.Lookback, asked.Reread = tenantID, "https://graph.microsoft.com", []string{schema.EmailEvents}, time.Minute, 5*time.Hour, 2*time.Hour
	hunter, err := hunting.New(t.Context(), asked, hunting.Dependencies{
		DB: r.State, Sink: r.Pipeline, HTTP: &http.Client{Transport: n.hunted.client}, Tokens: anyToken{}, Random: half, Logger: logger.With("road", huntRoad),
	})
	must(t, err)

	streamed := eventhub.DefaultConfig()
	streamed.Tenant, streamed.Hubs, streamed.ConnectionString, streamed.ConnectionStringFile = tenantID, []string{hub.Name(schema.EmailEvents)}, collect.NewSecret(hub.ConnectionString), n.hubKey
	streamed.Brokers, streamed.CAFile = n.hub.Addresses(), n.ca
	consumer, err := eventhub.New(t.Context(), streamed, eventhub.Dependencies{DB: r.State, Sink: r.Pipeline, Random: half, Logger: logger.With("road", hubRoad), Dial: n.wires.dialBroker})
	must(t, err)

	taken := push.DefaultConfig()
	taken.Listen, taken.TokenFile, taken.Tenant = "127.0.0.1:0", n.token, tenantID
	n.push, err = push.New(t.Context(), taken, push.Dependencies{DB: r.State, Sink: r.Pipeline, Logger: logger.With("road", pushRoad)})
	must(t, err)
	return map[road]collect.Collector{feedRoad: listed, storageRoad: stored, huntRoad: hunter, hubRoad: consumer}
}

// publish sends one record over every road, and returns when it is there.
func (n *tenant) publish(ctx context.Context, t *testing.T) {
	t.Helper()
	now := time.Now().UTC()
	for _, r := range allRoads {
		n.count[r]++
		id := fmt.Sprintf("%s-%04d", r, n.count[r])
		n.published[id] = now
		line := defenderLine(t, id, now)
		switch r {
		case feedRoad:
			record := fmt.Sprintf(`{"Id":%q,"CreationTime":%q,"RecordType":1,"Operation":"Set-Mailbox","OrganizationId":%q,"UserType":2,"UserKey":"ada","UserId":"ada@coast.example","Workload":"Exchange"}`, id, now.Format("2006-01-02T15:04:05"), tenantID)
			created := now.Truncate(time.Millisecond)
			n.blobs.Add(&feed.Blob{ID: feed.NewBlobID(audit, created, n.count[r]), ContentType: audit, Created: created, Listed: created, Complete: created, Records: [][]byte{[]byte(record)}})
		case hubRoad:
			must(t, n.hub.Publish(ctx, hub.Name(schema.EmailEvents), int32(n.count[r]%2), hub.Message(line)))
		case storageRoad:
			n.account.Append(filepath.ToSlash(export.Path(tenantID, schema.EmailEvents, now)), string(line)+"\r\n")
		case huntRoad:
			n.graph.AddHunting(schema.EmailEvents, now, now, properties(id, now))
		case pushRoad:
			n.relay(t, string(line)+"\n")
		}
	}
}

func (n *tenant) relay(t *testing.T, body string) {
	t.Helper()
	keep := n.held != nil
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, push.Path, strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+pushToken)
	got := httptest.NewRecorder()
	n.push.ServeHTTP(got, request)
	switch {
	case keep && got.Code == http.StatusServiceUnavailable:
		n.held = append(n.held, body)
	case got.Code != http.StatusOK:
		t.Errorf("a push is answered with %d %s", got.Code, got.Body)
	}
}

func properties(id string, at time.Time) []byte {
	return fmt.Appendf(nil, `{"Timestamp":%q,"NetworkMessageId":"message of %s","RecipientEmailAddress":"ada@coast.example","ReportId":%q}`, wording.Time(at), id, id)
}

func defenderLine(t *testing.T, id string, at time.Time) []byte {
	t.Helper()
	r := wording.Record{TenantID: tenantID, Table: schema.EmailEvents, ReportID: id, Time: at, Properties: properties(id, at)}
	line, err := r.Line(at)
	must(t, err)
	return line
}

// idOf is the id of the record that became these rows.
func idOf(rows []schema.Row) string {
	for _, row := range rows {
		for _, name := range []string{"ReportId", "Id"} {
			if at, ok := row.Table.Column(name); ok {
				if v := row.Value(at); !v.IsNull() {
					return v.Text()
				}
			}
		}
	}
	return ""
}

type anyToken struct{}

func (anyToken) Token(context.Context) (string, error) { return "token", nil }
func (anyToken) Refuse(context.Context, string)        {}
