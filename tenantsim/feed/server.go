package feed

import (
	"crypto/x509"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Config says which tenant answers.
type Config struct {
	TenantID     string // GUID in lower case
	ClientID     string
	ClientSecret string
	// SecretExpires is when the secret ends; zero for never. Certificates and
	// Federated are what else the application may prove itself with.
	SecretExpires time.Time
	Certificates  []*x509.Certificate
	Federated     []Federated
	// Domain is another name of the tenant, which Entra's metadata answers to;
	// SubScope is what they say of its cloud, such as "GCC". Both may be empty.
	Domain, SubScope string
	// AuditOff says that auditing is not turned on in the tenant.
	AuditOff bool
	// TokenLifetime is how long an access token is good for.
	TokenLifetime time.Duration
	// Permissions are the roles in a token for the API.
	Permissions []string
	// PageSize is how many blobs one page of a listing holds.
	PageSize int
	// RequestsPerMinute is the limit from which on AF429 is answered.
	RequestsPerMinute int
	Now               func() time.Time
	// WebhookClient calls webhooks; nil calls nobody, and refuses them.
	WebhookClient *http.Client
	Faults        Faults
}

// Server answers for one tenant. It is safe for concurrent use.
type Server struct {
	cfg    Config
	store  *Store
	tokens *tokens
	faults *faults
	rate   rate
	// compressors are *gzip.Writer, each of which is most of a megabyte.
	compressors sync.Pool

	mu            sync.Mutex
	subscriptions map[string]*subscription

	hookMu sync.Mutex
	hooks  map[string]*hook // by content type
}

// subscription is a content type that was started at least once.
type subscription struct {
	status string // "enabled", "disabled" or "vanished"
	// stops are the spans in which it was not enabled: what becomes available in
	// one is never offered. The last may have no end yet.
	stops []Stop
}

// Stop is a span in which a subscription was not enabled.
type Stop struct{ From, To time.Time }

// offers reports whether a blob is ever listed.
func (s *subscription) offers(b *Blob) bool {
	for _, stop := range s.stops {
		if !b.Listed.Before(stop.From) && (stop.To.IsZero() || b.Listed.Before(stop.To)) {
			return false
		}
	}
	return true
}

// end ends an enabled subscription.
func (s *subscription) end(status string, now time.Time) {
	if s.status == "enabled" {
		s.stops = append(s.stops, Stop{From: now})
	}
	s.status = status
}

// restart enables it again.
func (s *subscription) restart(now time.Time) {
	s.status = "enabled"
	s.stops[len(s.stops)-1].To = now
}

// New returns a server over a store.
func New(cfg Config, store *Store) (*Server, error) {
	tokens, err := newTokens(cfg)
	if err != nil {
		return nil, err
	}
	return &Server{cfg: cfg, store: store, tokens: tokens, faults: newFaults(cfg.Faults), subscriptions: map[string]*subscription{}, hooks: map[string]*hook{}}, nil
}

// BadDays ends or resumes the faults of requests, which begin at once.
func (s *Server) BadDays(on bool) { s.faults.over.Store(!on) }

var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

// ServeHTTP implements http.Handler: Microsoft Entra below /{tenant}/, the API
// below /api/v1.0/{tenant}/activity/feed/.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Clients judge the server's clock by the Date header.
	w.Header().Set("Date", s.cfg.Now().UTC().Format(http.TimeFormat))
	path := strings.TrimPrefix(r.URL.Path, "/")
	for _, version := range []string{"api/v1.0/", "api/v1/"} {
		if rest, ok := strings.CutPrefix(path, version); ok {
			s.serveAPI(w, r, rest)
			return
		}
	}
	tenant, rest, _ := strings.Cut(path, "/")
	s.serveEntra(w, r, tenant, rest)
}

// serveAPI checks what all operations have in common, then answers one.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request, path string) {
	tenant, rest, _ := strings.Cut(path, "/")
	operation, ok := strings.CutPrefix(rest, "activity/feed/")
	if !ok {
		http.NotFound(w, r)
		return
	}
	token, ok := s.tokens.check(bearer(r), s.cfg.Now(), r.Host)
	if !ok || s.faults.expires(r) && s.tokens.revoke(bearer(r)) {
		writeUnauthorised(w)
		return
	}
	if refused := s.admit(r, token, tenant); refused != nil {
		refused.write(w)
		return
	}
	w = s.faults.meet(w, r)
	if w == nil {
		return
	}
	switch {
	case operation == "subscriptions/start" && r.Method == http.MethodPost:
		s.start(w, r)
	case operation == "subscriptions/stop" && r.Method == http.MethodPost:
		s.stop(w, r)
	case r.Method != http.MethodGet:
		http.Error(w, "The requested resource does not support the method.", http.StatusMethodNotAllowed)
	case operation == "subscriptions/list":
		s.list(w)
	case operation == "subscriptions/content":
		s.content(w, r, tenant)
	case operation == "subscriptions/notifications":
		s.notifications(w, r)
	case operation == "resources/dlpSensitiveTypes":
		sensitiveTypes(w, r)
	case strings.HasPrefix(operation, "audit/"):
		s.fetch(w, r, strings.TrimPrefix(operation, "audit/"))
	default:
		http.NotFound(w, r)
	}
}

// admit refuses the wrong tenant, a token without permission, and too many
// requests.
func (s *Server) admit(r *http.Request, token claims, tenant string) *apiError {
	publisher := r.URL.Query().Get("PublisherIdentifier")
	if publisher == "" {
		publisher = "00000000-0000-0000-0000-000000000000"
	}
	switch {
	case !guid.MatchString(tenant):
		return refuse("AF20013", "The tenant ID passed in the URL (%s) is not a valid GUID.", tenant)
	case !strings.EqualFold(token.Tenant, tenant):
		return refuse("AF20010", "The tenant ID passed in the URL (%s) does not match the tenant ID passed in the access token (%s).", tenant, token.Tenant)
	case !token.permits("ActivityFeed.Read"):
		return &apiError{http.StatusForbidden, "AF10001", "The permission set () sent in the request did not include the expected permission ActivityFeed.Read."}
	case publisherInvalid(publisher):
		return refuse("AF20002", "Invalid parameter type: PublisherIdentifier. Expected type: guid")
	case s.cfg.AuditOff:
		return refuse("StartSubscription [CorrelationId="+traceID()+"]", "Microsoft.Office.Compliance.Audit.DataServiceException: Tenant %s does not exist.", tenant)
	case s.rate.over(s.cfg.Now(), s.cfg.RequestsPerMinute):
		// Seen under 403, not 429.
		return &apiError{http.StatusForbidden, "AF429", "Too many requests. Method=" + method(r) + ", PublisherId=" + publisher}
	}
	return nil
}

func publisherInvalid(p string) bool { return !guid.MatchString(p) }

// method names the operation as the API's own messages do.
func method(r *http.Request) string {
	switch {
	case strings.Contains(r.URL.Path, "/audit/"):
		return "GetBlob"
	case strings.HasSuffix(r.URL.Path, "/content"):
		return "GetContent"
	}
	return "GetSubscriptions"
}

// rate counts requests of the present minute.
type rate struct {
	mu     sync.Mutex
	minute time.Time
	count  int
}

func (c *rate) over(now time.Time, most int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if minute := now.Truncate(time.Minute); !minute.Equal(c.minute) {
		c.minute, c.count = minute, 0
	}
	c.count++
	return most > 0 && c.count > most
}
