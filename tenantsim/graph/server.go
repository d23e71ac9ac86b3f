// Package graph speaks as much of Microsoft Graph as a client meets of the audit
// log's search (queries that run for a while and end one way or another, records
// in pages, limits) and of advanced hunting, and their bad days.
//
// It must not know what the records say beyond their common fields, nor who
// asks. Rules follow Microsoft's reference; where that is silent (order of
// records, size of pages, whether bounds are included) it does what a client
// must be able to bear.
package graph

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quoll/quoll/tenantsim/dice"
)

// Config says which tenant answers, and how.
type Config struct {
	TenantID string
	// Authorise tells the roles of a token for Graph; false for one that is
	// none, or no longer.
	Authorise func(token string) (roles []string, ok bool)
	Now       func() time.Time
	// Versions of the API that have the search; both when empty.
	Versions []string
	// Retention is how long audit records are kept.
	Retention time.Duration
	// PageSize is how many records one page holds at most.
	PageSize int
	// RunFor is how long a query takes.
	RunFor time.Duration
	// RecordLimit is how many records one query gives, QueriesAtOnce how many may
	// be under way, QueriesPerDay how many may be submitted in 24 hours.
	RecordLimit, QueriesAtOnce, QueriesPerDay int
	// HuntsPerMinute is how many hunting queries are answered, HuntingRowLimit how
	// many rows one of them gives.
	HuntsPerMinute, HuntingRowLimit int
	// KeepQueries is how long a query and its records can be asked for.
	KeepQueries time.Duration
	// BoundsOutside leaves out what happened exactly at a bound of a query.
	BoundsOutside bool
	Faults        Faults
}

// DefaultConfig returns the limits that Microsoft names, and answers that take
// seconds instead of minutes.
func DefaultConfig() Config {
	return Config{
		Now:           func() time.Time { return time.Now().UTC() },
		Retention:     180 * 24 * time.Hour,
		PageSize:      150,
		RunFor:        3 * time.Second,
		RecordLimit:   1_000_000,
		QueriesAtOnce: 50,
		QueriesPerDay: 200,
		KeepQueries:   30 * 24 * time.Hour,

		HuntsPerMinute:  45,
		HuntingRowLimit: 100_000,
	}
}

// Faults are the bad days of the service. Each share is a probability between 0
// and 1, decided by the seed and by what is asked for, how often: not by the
// order in which requests arrive. The zero value is a good day.
type Faults struct {
	Seed uint64
	// FailedQueries end as failed, or as cancelled; StuckQueries run for ever.
	FailedQueries, StuckQueries float64
	// LostQueries are not there any more at some request.
	LostQueries float64
	// LostLinks to a next page are refused.
	LostLinks float64
	// ShortReadings of a query leave records out of a page.
	ShortReadings float64
	// BrokenPages end in the middle of a record, in an answer that looks whole.
	BrokenPages float64
	// Throttled requests get 429, ServerErrors 5xx as JSON or HTML, Resets end
	// the connection.
	Throttled, ServerErrors, Resets float64
}

// Server answers for one tenant. It is safe for concurrent use.
type Server struct {
	cfg Config

	mu      sync.Mutex
	records []record // ordered by time, then as they came
	byID    map[string]bool
	queries map[string]*query
	submits []time.Time // of the last 24 hours
	count   uint64      // of queries so far
	asked   map[string]uint64
	broken  map[string]bool

	hunting    map[string][]huntingRow // by table, ordered by time
	huntMinute time.Time
	hunts      int // of that minute
}

// New returns a server without records.
func New(cfg Config) *Server {
	if len(cfg.Versions) == 0 {
		cfg.Versions = []string{"v1.0", "beta"}
	}
	return &Server{cfg: cfg, byID: map[string]bool{}, queries: map[string]*query{}, asked: map[string]uint64{}, broken: map[string]bool{}, hunting: map[string][]huntingRow{}}
}

// apiError is an answer that is not a success.
type apiError struct {
	status  int
	code    string
	message string
	after   int // seconds, as Retry-After
}

func (e *apiError) write(w http.ResponseWriter) {
	if e.after > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(e.after))
	}
	writeJSON(w, e.status, map[string]any{"error": map[string]any{"code": e.code, "message": e.message, "innerError": map[string]string{"request-id": "00000000-0000-4000-8000-000000000000"}}})
}

// writeJSON sends an answer. That the client has gone is not the server's
// business.
func writeJSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "cannot word the answer", http.StatusInternalServerError)
		return
	}
	sendJSON(w, status, text)
}

func sendJSON(w http.ResponseWriter, status int, text []byte) {
	w.Header().Set("Content-Type", "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// Handles reports whether a path is one of Graph's.
func Handles(path string) bool {
	return strings.HasPrefix(path, "/v1.0/") || strings.HasPrefix(path, "/beta/")
}

const resource = "security/auditLog/queries"

// ServeHTTP implements http.Handler for paths below /v1.0 and /beta.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.cfg.Now().UTC().Format(http.TimeFormat))
	version, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	rest, ok := strings.CutPrefix(path, resource)
	if path == huntingResource {
		s.serveHunting(w, r)
		return
	}
	if !ok || !slices.Contains(s.cfg.Versions, version) {
		(&apiError{status: http.StatusNotFound, code: "UnknownError"}).write(w)
		return
	}
	if refused := s.admit(r, "AuditLogsQuery"); refused != nil {
		refused.write(w)
		return
	}
	if s.meet(w, r) {
		return
	}
	switch id, last, deep := strings.Cut(strings.TrimPrefix(rest, "/"), "/"); {
	case id == "" && r.Method == http.MethodPost:
		s.submit(w, r, version)
	case r.Method != http.MethodGet:
		(&apiError{status: http.StatusMethodNotAllowed, code: "Request_BadRequest", message: "Specified HTTP method is not allowed for the request target."}).write(w)
	case id == "":
		s.list(w, r, version)
	case !deep:
		s.look(w, r, version, id)
	case last == "records":
		s.read(w, r, version, id)
	default:
		(&apiError{status: http.StatusNotFound, code: "ResourceNotFound", message: "Resource not found for the segment."}).write(w)
	}
}

// serveHunting answers advanced hunting.
func (s *Server) serveHunting(w http.ResponseWriter, r *http.Request) {
	if refused := s.admit(r, "ThreatHunting.Read.All"); refused != nil {
		refused.write(w)
		return
	}
	if s.meet(w, r) {
		return
	}
	if r.Method != http.MethodPost {
		(&apiError{status: http.StatusMethodNotAllowed, code: "Request_BadRequest", message: "Specified HTTP method is not allowed for the request target."}).write(w)
		return
	}
	s.hunt(w, r)
}

// admit checks the token and that it has a role that begins so.
func (s *Server) admit(r *http.Request, permission string) *apiError {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	roles, ok := s.cfg.Authorise(token)
	switch {
	case !ok:
		return &apiError{status: http.StatusUnauthorized, code: "InvalidAuthenticationToken", message: "Access token validation failure."}
	case !slices.ContainsFunc(roles, func(role string) bool { return strings.HasPrefix(role, permission) }):
		return &apiError{status: http.StatusForbidden, code: "Forbidden", message: "The application does not have any of the required scopes or roles."}
	}
	return nil
}

// throw decides one kind of fault for one request.
func (s *Server) throw(kind, what string, share float64) (*dice.Dice, bool) {
	if share <= 0 {
		return nil, false
	}
	key := kind + " " + what
	s.mu.Lock()
	n := s.asked[key]
	s.asked[key]++
	s.mu.Unlock()
	d := dice.New(s.cfg.Faults.Seed^dice.Hash(key), n)
	return d, d.Chance(share)
}

// meet lets a request run into a fault of the service at large, and says
// whether it has been answered.
func (s *Server) meet(w http.ResponseWriter, r *http.Request) bool {
	what := r.Method + " " + s.place(r)
	if _, hit := s.throw("reset", what, s.cfg.Faults.Resets); hit {
		panic(http.ErrAbortHandler) // net/http's way to end a connection without an answer
	}
	if d, hit := s.throw("throttle", what, s.cfg.Faults.Throttled); hit {
		(&apiError{http.StatusTooManyRequests, "TooManyRequests", "Too many requests.", d.Between(0, 3)}).write(w)
		return true
	}
	if d, hit := s.throw("error", what, s.cfg.Faults.ServerErrors); hit {
		status := dice.Pick(d, []int{500, 502, 503, 504})
		if d.Chance(0.5) {
			(&apiError{status: status, code: "UnknownError", message: "An internal server error occurred."}).write(w)
			return true
		}
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<!DOCTYPE html><html><head><title>%d</title></head><body><h2>Our services aren't available right now</h2></body></html>", status)
		return true
	}
	return false
}

// place names what a request asks for without the id of a query, which is
// another in every run of a test.
func (s *Server) place(r *http.Request) string {
	parts := strings.Split(r.URL.Path, "/")
	for i, part := range parts {
		s.mu.Lock()
		q := s.queries[part]
		s.mu.Unlock()
		if q != nil {
			parts[i] = q.From.Format(time.RFC3339) + q.To.Format(time.RFC3339)
		}
	}
	return strings.Join(parts, "/") + "?" + r.URL.Query().Get("$skiptoken")
}
