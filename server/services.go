package server

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Services are what the server asks for its answers. A nil service is one that
// this process does not run: its endpoints answer 503 with code unavailable.
type Services struct {
	Querier    Querier
	Catalogue  Catalogue
	Incidents  Incidents
	Connectors Connectors
	Gaps       Gaps
	Drift      Drift
	Backfills  Backfills
	Reporter   Reporter
	Archive    Archive
	Holds      Holds
	Disposals  Disposals
	Erasures   Erasures
	Views      Views
	Assurance  Assurance
	Rules      Rules
	Notebook   Notebook
	Library    Library
	Exceptions Exceptions
	Indicators Indicators
	Automation Automation
	// Investigations prepares mailbox exposure reports.
	Investigations Investigations
	Explainer      Explainer
	// Metrics answers GET /metrics to whoever was let in.
	Metrics  http.Handler
	States   States
	Exporter Exporter
	// Coverage measures whether rows about messages have theirs.
	Coverage      Coverage
	Dashboards    Dashboards
	Custodian     Custodian
	Backtester    Backtester
	Tenants       Tenants
	Notifications Notifications
	// Tokens lets programs in by access tokens of their own.
	Tokens    Tokens
	Retention Retention
	// Access lets people sign in. Without it there is the bearer token alone.
	Access Access
}

// Querier runs a query.
type Querier interface {
	// Query returns the whole result. It stops early when ctx ends. A mistake
	// in the text is a *QueryError; a limit or another failure that the user
	// may read is a *Failure; any other error is logged and shown as internal.
	Query(ctx context.Context, q QueryRequest) (*QueryResult, error)
}

// Catalogue tells what can be queried.
type Catalogue interface {
	Schema(ctx context.Context) (*Schema, error)
}

// Incidents is the incident queue.
type Incidents interface {
	// List returns the incidents that match, latest activity first, and the
	// number of all that match.
	List(ctx context.Context, f IncidentFilter) (*IncidentPage, error)
	// Get returns one incident; ErrNotFound when the id is unknown.
	Get(ctx context.Context, id string) (*IncidentDetail, error)
	// Update applies the change and returns the incident as it then is;
	// ErrNotFound when the id is unknown, a *Failure with CodeConflict when
	// the state of the incident forbids the change.
	Update(ctx context.Context, id string, change IncidentChange) (*IncidentDetail, error)
	// Merge makes others part of the incident, Split takes alerts out of it into a
	// new one, whose id it returns.
	Merge(ctx context.Context, id string, others []string, actor string) (*IncidentDetail, error)
	Split(ctx context.Context, id string, alerts []string, actor string) (created string, err error)
	AddTask(ctx context.Context, id, title, actor string) (*IncidentDetail, error)
	SetTask(ctx context.Context, id, task string, done bool, actor string) (*IncidentDetail, error)
	Register(ctx context.Context, id string) (*Register, error)
	SetRegister(ctx context.Context, id string, change RegisterChange) (*Register, error)
	AddReport(ctx context.Context, id string, report RegisterReport) (*Register, error)
	// ReportText is the report of an incident, ready to send.
	ReportText(ctx context.Context, id string) (string, error)
	// About is what is known of an entity; alerts and incidents are the newest first.
	About(ctx context.Context, kind, value string) (*EntityPage, error)
}

// Connectors tells the health of every source.
type Connectors interface {
	Connectors(ctx context.Context) ([]Connector, error)
}

// Gaps tells hour by hour whether everything arrived.
type Gaps interface {
	Gaps(ctx context.Context, f GapFilter) (*GapCalendar, error)
}

// Drift tells what of the form of records was seen first, and when.
type Drift interface {
	SchemaDrift(ctx context.Context, f DriftFilter) (*DriftList, error)
}

// Reporter tells the state of this process and of what it keeps.
type Reporter interface {
	Status(ctx context.Context) (*Status, error)
}

// Codes of a Failure: each has one HTTP status.
const (
	CodeBadRequest   = "bad_request"  // 400: the request makes no sense
	CodeQuery        = "query"        // 400: mistakes in the text of a query, in diagnostics
	CodeUnauthorised = "unauthorized" // 401: no or a wrong bearer token
	CodeForbidden    = "forbidden"    // 403: a host, an origin or a role that is not allowed
	CodeNotFound     = "not_found"    // 404
	CodeConflict     = "conflict"     // 409: the state of the thing forbids it
	CodeTooLarge     = "too_large"    // 413: request or result beyond a limit
	CodeMediaType    = "media_type"   // 415: the body is not JSON
	CodeTooMany      = "too_many"     // 429: wait, then try again
	CodeInternal     = "internal"     // 500: see the log under the request id
	CodeUnavailable  = "unavailable"  // 503: this process does not run that service
	CodeTimeout      = "timeout"      // 504: the query ran out of time
)

// Failure is an error whose message the user may read. It must hold no secret.
type Failure struct {
	Code    string // one of the Code constants
	Message string
}

func (f *Failure) Error() string { return f.Code + ": " + f.Message }

// ErrNotFound is returned by a service for an id that it does not know.
var ErrNotFound error = &Failure{Code: CodeNotFound, Message: "there is no such thing"}

// Mistake is one mistake in the text of a query as a Querier reports it.
type Mistake struct {
	// Start and End are byte offsets in the UTF-8 text of the query, End
	// exclusive. The server turns them into the offsets of Diagnostic.
	Start, End int
	Message    string
	// Remedy names the nearest thing that works, or is empty.
	Remedy string
}

// QueryError is what a Querier returns for a query that does not compile.
type QueryError struct {
	Mistakes []Mistake
	// Text is what they are placed in, where that is not what was sent.
	Text string
}

func (e *QueryError) Error() string {
	if len(e.Mistakes) == 0 {
		return "the query does not compile"
	}
	return fmt.Sprintf("the query has %d mistakes; the first: %s", len(e.Mistakes), e.Mistakes[0].Message)
}

// Clock tells the present time.
type Clock func() time.Time
