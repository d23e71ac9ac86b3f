package tenantsim

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/quoll/quoll/tenantsim/dice"
	"github.com/quoll/quoll/tenantsim/feed"
	"github.com/quoll/quoll/tenantsim/graph"
)

// Config says which tenant, what it has been through, and how it is served.
// Zero values mean what DefaultConfig says.
type Config struct {
	Seed uint64
	// TenantID and ClientID are GUIDs; by default they follow from the seed.
	TenantID string
	ClientID string
	// ClientSecret is what a client has to present; by default it is random,
	// and Tenant.ClientSecret tells it.
	ClientSecret string
	// SecretExpires is when the secret ends; zero for never. Certificates and
	// Federated are what else the client may prove itself with.
	SecretExpires time.Time
	Certificates  []*x509.Certificate
	Federated     []feed.Federated
	// SubScope is what Entra's metadata say of the tenant's cloud: empty, or "GCC",
	// "DODCON" or "DOD". AuditOff says that auditing is not turned on.
	SubScope string
	AuditOff bool
	// WebhookClient calls the webhooks that a client asks for; nil calls nobody,
	// and refuses them.
	WebhookClient *http.Client
	// Permissions are the application roles of the client.
	Permissions []string

	// Now is the tenant's clock.
	Now func() time.Time
	// History is how much of the past there is when the tenant is made. What
	// compares the compromise with the day before it needs 30 hours.
	History time.Duration
	// Start, when set, is where history begins, instead of History before now.
	// With the same Seed, Start and StoryEnd a tenant that is made again has
	// the same records.
	Start time.Time
	// StoryAge is how long before now the compromise ended. StoryEnd, when set,
	// is the instant instead, which may lie in the future. A story that would
	// begin before history is not told; NoStory leaves it out.
	StoryAge time.Duration
	StoryEnd time.Time
	NoStory  bool
	// Attacks tells fourteen further stories, the last of which ends with the
	// compromise.
	Attacks bool
	// Volume scales how much people do; 1 is about ten thousand audit records
	// on a working day.
	Volume float64

	// Delay is the usual time from an event to its availability, in the feed
	// and in the export: half of it to twice as much.
	Delay time.Duration
	// PublishEvery is how often new content appears once history is over.
	PublishEvery time.Duration
	// MostRecords bounds the records of one blob.
	MostRecords int
	// LateRecords and DuplicateRecords are shares of the audit records: those
	// that come hours late, and those that come again in another blob. A
	// negative share means none.
	LateRecords, DuplicateRecords float64
	// RepeatedLines is the share of Defender records that are exported twice. A
	// negative share means none.
	RepeatedLines float64

	// StateFile, when set, remembers this world: a tenant that is made again
	// with the same file and settings goes on with the same past, and exports no
	// line twice, instead of inventing another past. It holds no secret. A world
	// that began more than ten days ago is forgotten.
	StateFile string
	// ExportDir is the folder for Defender records; without it none are written.
	ExportDir string
	// PageSize is how many blobs a page of a listing holds.
	PageSize int
	// RequestsPerMinute is the API's limit; more get AF429.
	RequestsPerMinute int
	// TokenLifetime is how long an access token is good for.
	TokenLifetime time.Duration
	Faults        feed.Faults
	// Graph is how the search of the audit log behaves. Its tenant, its clock and
	// what it takes for a token are the tenant's own.
	Graph  graph.Config
	Logger *slog.Logger
}

// DefaultConfig returns a tenant with three days of history, ending with a
// compromise an hour ago, on a good day of the service.
func DefaultConfig(seed uint64) Config {
	ids := dice.Named(seed, "tenant")
	return Config{
		Seed:              seed,
		TenantID:          ids.GUID(),
		ClientID:          ids.GUID(),
		Permissions:       []string{"ActivityFeed.Read", "AuditLogsQuery.Read.All", "ThreatHunting.Read.All"},
		Now:               func() time.Time { return time.Now().UTC() },
		History:           72 * time.Hour,
		StoryAge:          time.Hour,
		Volume:            1,
		Delay:             2 * time.Minute,
		PublishEvery:      time.Minute,
		MostRecords:       200,
		LateRecords:       0.01,
		DuplicateRecords:  0.015,
		RepeatedLines:     0.03,
		PageSize:          50,
		RequestsPerMinute: 2000,
		TokenLifetime:     3599 * time.Second,
		Graph:             graph.DefaultConfig(),
		Logger:            slog.New(slog.DiscardHandler),
	}
}

// orDefault puts the default in the place of a zero value.
func orDefault[T comparable](value *T, standard T) {
	var zero T
	if *value == zero {
		*value = standard
	}
}

var guid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// complete fills in defaults and reports what is wrong, joined.
func (c *Config) complete() error {
	standard := DefaultConfig(c.Seed)
	orDefault(&c.TenantID, standard.TenantID)
	orDefault(&c.ClientID, standard.ClientID)
	orDefault(&c.ClientSecret, rand.Text())
	orDefault(&c.History, standard.History)
	orDefault(&c.StoryAge, standard.StoryAge)
	orDefault(&c.Volume, standard.Volume)
	orDefault(&c.Delay, standard.Delay)
	orDefault(&c.PublishEvery, standard.PublishEvery)
	orDefault(&c.MostRecords, standard.MostRecords)
	for _, share := range []struct{ value, standard *float64 }{
		{&c.LateRecords, &standard.LateRecords}, {&c.DuplicateRecords, &standard.DuplicateRecords}, {&c.RepeatedLines, &standard.RepeatedLines},
	} {
		orDefault(share.value, *share.standard)
		*share.value = max(*share.value, 0)
	}
	orDefault(&c.PageSize, standard.PageSize)
	orDefault(&c.RequestsPerMinute, standard.RequestsPerMinute)
	orDefault(&c.TokenLifetime, standard.TokenLifetime)
	orDefault(&c.Graph.PageSize, standard.Graph.PageSize)
	orDefault(&c.Graph.Retention, standard.Graph.Retention)
	orDefault(&c.Graph.RecordLimit, standard.Graph.RecordLimit)
	orDefault(&c.Graph.QueriesAtOnce, standard.Graph.QueriesAtOnce)
	orDefault(&c.Graph.QueriesPerDay, standard.Graph.QueriesPerDay)
	orDefault(&c.Graph.KeepQueries, standard.Graph.KeepQueries)
	orDefault(&c.Graph.HuntsPerMinute, standard.Graph.HuntsPerMinute)
	orDefault(&c.Graph.HuntingRowLimit, standard.Graph.HuntingRowLimit)
	orDefault(&c.Logger, standard.Logger)
	if c.Now == nil {
		c.Now = standard.Now
	}
	if c.Permissions == nil {
		c.Permissions = standard.Permissions
	}
	c.TenantID, c.ClientID = strings.ToLower(c.TenantID), strings.ToLower(c.ClientID)

	var errs []error
	for name, id := range map[string]string{"tenant id": c.TenantID, "client id": c.ClientID} {
		if !guid.MatchString(id) {
			errs = append(errs, fmt.Errorf("tenantsim: %s %q is not a GUID", name, id))
		}
	}
	if c.History < 0 || c.StoryAge < 0 || c.Delay < 0 || c.Volume < 0 || c.TokenLifetime < 0 || c.PublishEvery < time.Second {
		errs = append(errs, errors.New("tenantsim: times and volume must be positive, PublishEvery at least a second"))
	}
	if c.PageSize < 1 || c.MostRecords < 1 || c.RequestsPerMinute < 1 {
		errs = append(errs, errors.New("tenantsim: PageSize, MostRecords and RequestsPerMinute must be at least 1"))
	}
	return errors.Join(errs...)
}
