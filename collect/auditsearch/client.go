package auditsearch

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/graph"
)

const (
	opSubmit = "submit audit search"
	opLook   = "look at audit search"
	opRead   = "read records of audit search"

	// pageSize is asked for; Graph may give another.
	pageSize = 1000
)

// client asks Graph for one tenant.
type client struct {
	cfg         *Config
	graph       *graph.Client
	submissions *collect.Budget // of new queries, whose quota counts by the day
}

func newClient(cfg *Config, deps Dependencies) (*client, error) {
	budget := collect.NewBudget(cfg.RequestsPerMinute, deps.Clock, deps.Random)
	g, err := graph.NewClient(cfg.BaseURL, deps.HTTP, deps.Tokens, budget, deps.Clock, deps.Random)
	if err != nil {
		return nil, err
	}
	return &client{cfg, g, collect.NewBudget(cfg.SubmissionsPerMinute, deps.Clock, deps.Random)}, nil
}

// query is Graph's auditLogQuery, as far as it is read.
type query struct {
	ID            string `json:"id"`
	Status        string `json:"status"`
	LimitExceeded bool   `json:"isRecordCountLimitExceeded"`
	Returned      int64  `json:"approximateReturnedRecordCount"`
}

// The words that end a query, in small letters.
const (
	statusSucceeded = "succeeded"
	statusFailed    = "failed"
	statusCancelled = "cancelled"
)

// submit asks Graph to search a window. It asks for a second more on either
// side, because nothing says whether the bounds are part of the range: a record
// that comes twice costs nothing, one that falls between is lost.
func (c *client) submit(ctx context.Context, w collect.Window, r Request) (query, error) {
	const layout = "2006-01-02T15:04:05Z"
	body, err := json.Marshal(struct {
		Type        string   `json:"@odata.type"`
		Name        string   `json:"displayName"`
		From        string   `json:"filterStartDateTime"`
		To          string   `json:"filterEndDateTime"`
		RecordTypes []string `json:"recordTypeFilters,omitempty"`
		Operations  []string `json:"operationFilters,omitempty"`
	}{
		"#microsoft.graph.security.auditLogQuery",
		"Quoll " + w.From.Format(layout) + " to " + w.To.Format(layout),
		w.From.Add(-time.Second).Format(layout), w.To.Add(time.Second).Format(layout),
		spelled(r.RecordTypes), r.Operations,
	})
	if err != nil {
		return query{}, fmt.Errorf("%s: %w", opSubmit, err)
	}
	if err := c.submissions.Wait(ctx); err != nil {
		return query{}, err
	}
	// What a new query is refused for is a matter of hours, not of one request.
	q, err := c.query(ctx, graph.Request{Operation: opSubmit, Method: http.MethodPost, URL: c.address("queries"), Body: body, OwnPace: true})
	switch {
	case graph.Throttled(err):
		c.submissions.Throttled(graph.WaitAsked(err))
	case err == nil && q.ID == "":
		err = &graph.Failure{Operation: opSubmit, Message: "the answer names no query"}
	case err == nil:
		c.submissions.Succeeded()
	}
	return q, err
}

// look returns what has become of a query.
func (c *client) look(ctx context.Context, id string) (query, error) {
	return c.query(ctx, graph.Request{Operation: opLook, Method: http.MethodGet, URL: c.address("queries", id)})
}

func (c *client) query(ctx context.Context, r graph.Request) (query, error) {
	var q query
	r.Limit = 1 << 20
	answer, err := c.graph.Do(ctx, r)
	if err != nil {
		return q, err
	}
	if err := json.Unmarshal(answer, &q); err != nil {
		return q, &graph.Failure{Operation: r.Operation, Cause: fmt.Errorf("the answer cannot be read: %w", err)}
	}
	q.Status = strings.ToLower(q.Status)
	return q, nil
}

// page is one page of records, whole and unread.
type page struct {
	body    []byte
	records int64
	next    string // address of the next page; empty after the last
}

// read fetches a page: the first when link is empty. A page that is not whole
// comes with an error.
func (c *client) read(ctx context.Context, id, link string) (page, error) {
	at := c.address("queries", id, "records")
	if link != "" {
		var err error
		if at, err = c.graph.Link(opRead, link); err != nil {
			return page{}, err
		}
	}
	body, err := c.graph.Do(ctx, graph.Request{
		Operation: opRead, Method: http.MethodGet, URL: at, Limit: c.cfg.MaxPageBytes, Prefer: fmt.Sprintf("odata.maxpagesize=%d", pageSize),
	})
	if err != nil {
		return page{}, err
	}
	var parsed struct {
		Value *[]json.RawMessage `json:"value"`
		Next  string             `json:"@odata.nextLink"`
	}
	switch err := json.Unmarshal(body, &parsed); {
	case err != nil:
		// Graph's back end has been seen to end a page in the middle of a record
		// that it could not write.
		return page{body: body}, &graph.Failure{Operation: opRead, Cause: fmt.Errorf("%w: %w", errBroken, err)}
	case parsed.Value == nil:
		code, message := graph.ErrorBody(body)
		return page{body: body}, &graph.Failure{Operation: opRead, Code: code, Message: message, Cause: fmt.Errorf("%w: it has no list of records", errBroken)}
	}
	return page{body, int64(len(*parsed.Value)), parsed.Next}, nil
}

// address is that of a resource below auditLog.
func (c *client) address(path ...string) *url.URL {
	return c.graph.URL(append([]string{c.cfg.Version, "security", "auditLog"}, path...)...)
}
