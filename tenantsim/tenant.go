package tenantsim

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/quoll/quoll/tenantsim/defender"
	"github.com/quoll/quoll/tenantsim/export"
	"github.com/quoll/quoll/tenantsim/feed"
	"github.com/quoll/quoll/tenantsim/graph"
	"github.com/quoll/quoll/tenantsim/world"
)

// The story's types, for those who check detections against it.
type (
	// Story is the ground truth of the compromise.
	Story = world.Story
	// Step is one record of it.
	Step = world.Step
)

// Tenant is the simulated tenant. It is safe for concurrent use.
type Tenant struct {
	cfg   Config
	store *feed.Store
	api   *feed.Server
	graph *graph.Server

	mu        sync.Mutex
	memory    *memory
	world     *world.World
	publisher *publisher
	streamer  *streamer
}

// New makes a tenant with its history: everything that became available up to
// now is in the feed. The export is written by Advance and Run.
func New(cfg Config) (*Tenant, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	now := cfg.Now().UTC()
	memory, err := newMemory(&cfg, now)
	if err != nil {
		return nil, err
	}
	store := feed.NewStore()
	settings := world.Config{Seed: cfg.Seed, TenantID: cfg.TenantID, Start: memory.Start, StoryEnd: memory.StoryEnd, Volume: cfg.Volume}
	if cfg.Attacks && !memory.StoryEnd.IsZero() {
		settings.AttacksBegin = memory.StoryEnd.Add(-world.AttacksLength)
	}
	inhabited := world.New(settings)
	api, err := feed.New(feed.Config{
		TenantID: cfg.TenantID, ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret,
		SecretExpires: cfg.SecretExpires, Certificates: cfg.Certificates, Federated: cfg.Federated, WebhookClient: cfg.WebhookClient,
		Domain: inhabited.Organisation().Domain, SubScope: cfg.SubScope, AuditOff: cfg.AuditOff,
		TokenLifetime: cfg.TokenLifetime, Permissions: cfg.Permissions, PageSize: cfg.PageSize,
		RequestsPerMinute: cfg.RequestsPerMinute, Now: cfg.Now, Faults: cfg.Faults,
	}, store)
	if err != nil {
		return nil, err
	}
	search := cfg.Graph
	search.TenantID, search.Now = cfg.TenantID, cfg.Now
	search.Authorise = func(token string) ([]string, bool) { return api.Roles(token, "graph.microsoft.com") }
	t := &Tenant{
		cfg: cfg, store: store, api: api, graph: graph.New(search), memory: memory,
		world:     inhabited,
		publisher: newPublisher(&cfg, store, memory),
		streamer:  newStreamer(&cfg),
	}
	t.graph.AddTables(defender.Tables()...)
	if err := t.live(now); err != nil {
		return nil, err
	}
	return t, nil
}

// live lets the world come up to now and publishes what is due.
func (t *Tenant) live(now time.Time) error {
	batch, err := t.world.Advance(now)
	if err != nil {
		return fmt.Errorf("tenantsim: %w", err)
	}
	for _, record := range batch.Audit {
		t.graph.Add(record.ID, record.Time, t.publisher.take(record), record.Body)
	}
	t.publisher.publish(now)
	t.streamer.take(batch.Defender, func(r *defender.Record, at time.Time) {
		t.graph.AddHunting(r.Table, r.Time, at, r.Properties)
	})
	t.store.Forget(now.Add(-24 * time.Hour))
	t.graph.Forget(now.Add(-t.cfg.Graph.Retention))
	return nil
}

// Advance lets the world come up to its clock: new content appears in the feed,
// new lines in the export.
func (t *Tenant) Advance() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.cfg.Now().UTC()
	if err := t.live(now); err != nil {
		return err
	}
	lines, err := t.streamer.due(now, t.memory.ExportedUntil)
	if err != nil {
		return fmt.Errorf("tenantsim: %w", err)
	}
	if t.cfg.ExportDir == "" || len(lines) == 0 {
		return nil
	}
	if err := export.Append(t.cfg.ExportDir, t.cfg.TenantID, lines); err != nil {
		return fmt.Errorf("tenantsim: %w", err)
	}
	// A crash before this is saved exports the same lines again, which the real
	// export does too.
	t.memory.ExportedUntil = now
	return t.memory.save()
}

// Run advances the tenant every few seconds until ctx ends, which is no error.
func (t *Tenant) Run(ctx context.Context) error {
	ticker := time.NewTicker(min(t.cfg.PublishEvery, world.Tick) / 2)
	defer ticker.Stop()
	for {
		if err := t.Advance(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Handler answers as Microsoft Entra, the Management Activity API and Microsoft
// Graph do.
func (t *Tenant) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if feed.HandlesApplication(r.URL.Path) {
			t.api.ServeApplication(w, r)
			return
		}
		if graph.Handles(r.URL.Path) {
			t.graph.ServeHTTP(w, r)
			return
		}
		t.api.ServeHTTP(w, r)
	})
}

// Notify sends what became available to the webhooks. base is the address under
// which the tenant answers, such as Server.URL. What a webhook does not take is
// sent again later.
func (t *Tenant) Notify(ctx context.Context, base string) error { return t.api.Notify(ctx, base) }

// Subscribe starts a subscription as another client of the tenant would.
func (t *Tenant) Subscribe(contentType string) { t.api.Subscribe(contentType) }

// DisableSubscription does what an administrator does who turns a subscription
// off behind the client's back.
func (t *Tenant) DisableSubscription(contentType string) { t.api.Disable(contentType) }

// BadDays ends or resumes the faults of requests.
func (t *Tenant) BadDays(on bool) { t.api.BadDays(on) }

// SubscriptionEnabled reports whether a client has started a subscription and
// nobody has ended it.
func (t *Tenant) SubscriptionEnabled(contentType string) bool { return t.api.Enabled(contentType) }

// TenantID is the GUID of the tenant.
func (t *Tenant) TenantID() string { return t.cfg.TenantID }

// ClientID is the GUID of the one application that may read the feed.
func (t *Tenant) ClientID() string { return t.cfg.ClientID }

// ClientSecret is the secret of that application. It opens nothing but this
// process.
func (t *Tenant) ClientSecret() string { return t.cfg.ClientSecret }

// Domain is the domain of the agency's mail addresses.
func (t *Tenant) Domain() string { return t.world.Organisation().Domain }

// Story is what has happened of the compromise so far.
func (t *Tenant) Story() Story {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.world.Story()
}

// Produced is what the tenant has made so far.
type Produced struct {
	// Audit holds the Ids of the audit records that the feed offers by now, in
	// no order, each once, with the content types that carry them.
	Audit map[string][]string
	// AuditPending counts audit records that are not available yet.
	AuditPending int
	// AuditLost holds the Ids of the audit records that the feed lists only in
	// blobs that cannot be fetched, in no order.
	AuditLost []string
	// Defender holds, by table, the ReportIds of the records that Advance has
	// exported, in no order, each once; without an ExportDir, of those that
	// would be there.
	Defender map[string]map[string]bool
	// DefenderPending counts Defender records that are not exported yet.
	DefenderPending int
}

// Produced tells what the tenant has made so far: what a complete collection
// holds, no more and no less.
func (t *Tenant) Produced() Produced {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := Produced{}
	p.Audit, p.AuditPending, p.AuditLost = t.publisher.produced(t.cfg.Now())
	p.Defender, p.DefenderPending = t.streamer.produced()
	return p
}
