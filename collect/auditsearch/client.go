package auditsearch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/backoff"
	"github.com/quoll/quoll/internal/clock"
)

const (
	opSubmit = "submit audit search"
	opLook   = "look at audit search"
	opRead   = "read records of audit search"

	// requestTimeout bounds one exchange with its body.
	requestTimeout = 5 * time.Minute
	maxErrorBytes  = 64 << 10
	// pageSize is asked for; Graph may give another.
	pageSize = 1000
)

// requestPolicy spaces the attempts at one request. What it does not mend is
// left to the slice's own tries.
var requestPolicy = backoff.Policy{First: 2 * time.Second, Max: time.Minute, Tries: 4}

// Tokens gives access tokens for Graph. It is safe for concurrent use.
type Tokens interface {
	// Token returns one that is valid for at least some minutes. An error says
	// in one line what is wrong and holds no secret.
	Token(ctx context.Context) (string, error)
	// Refuse says that Graph did not accept a token, so that the next is another.
	Refuse(ctx context.Context, token string)
}

// client sends requests for one tenant: within the budgets, with a token, to no
// other host.
type client struct {
	cfg         *Config
	base        *url.URL
	http        *http.Client
	tokens      Tokens
	budget      *collect.Budget // of all requests
	submissions *collect.Budget // of new queries, whose quota counts by the day
	clock       clock.Clock
	random      func() float64
}

func newClient(cfg *Config, deps Dependencies) (*client, error) {
	base, err := url.Parse(cfg.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("auditsearch: base URL: %w", err)
	}
	transport := *deps.HTTP
	// A redirect would carry the token to a host of the server's choosing.
	transport.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client{
		cfg: cfg, base: base, http: &transport, tokens: deps.Tokens,
		budget:      collect.NewBudget(cfg.RequestsPerMinute, deps.Clock, deps.Random),
		submissions: collect.NewBudget(cfg.SubmissionsPerMinute, deps.Clock, deps.Random),
		clock:       deps.Clock, random: deps.Random,
	}, nil
}

// query is Graph's auditLogQuery, as far as it is read.
type query struct {
	ID            string `json:"id"`
	Status        string `json:"status"`
	LimitExceeded bool   `json:"isRecordCountLimitExceeded"`
	Returned      int64  `json:"approximateReturnedRecordCount"`
}

// The words that end a query, and those that do not, in small letters.
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
	q, err := c.query(ctx, opSubmit, http.MethodPost, c.address("queries"), body)
	switch {
	case behaviourOf(err) == throttled && err != nil:
		c.submissions.Throttled(waitAsked(err))
	case err == nil && q.ID == "":
		err = &failure{operation: opSubmit, message: "the answer names no query"}
	case err == nil:
		c.submissions.Succeeded()
	}
	return q, err
}

// look returns what has become of a query.
func (c *client) look(ctx context.Context, id string) (query, error) {
	return c.query(ctx, opLook, http.MethodGet, c.address("queries", id), nil)
}

func (c *client) query(ctx context.Context, operation, method string, at *url.URL, body []byte) (query, error) {
	var q query
	answer, err := c.do(ctx, request{operation, method, at, body, 1 << 20})
	if err != nil {
		return q, err
	}
	if err := json.Unmarshal(answer, &q); err != nil {
		return q, &failure{operation: operation, cause: fmt.Errorf("the answer cannot be read: %w", err)}
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

// read fetches a page: the first when link is empty.
func (c *client) read(ctx context.Context, id, link string) (page, error) {
	at := c.address("queries", id, "records")
	if link != "" {
		var err error
		if at, err = c.linkURL(link); err != nil {
			return page{}, err
		}
	}
	body, err := c.do(ctx, request{opRead, http.MethodGet, at, nil, c.cfg.MaxPageBytes})
	if err != nil {
		return page{body: body}, err
	}
	var parsed struct {
		Value *[]json.RawMessage `json:"value"`
		Next  string             `json:"@odata.nextLink"`
	}
	switch err := json.Unmarshal(body, &parsed); {
	case err != nil:
		// Graph's back end has been seen to end a page in the middle of a record
		// that it could not write.
		return page{body: body}, &failure{operation: opRead, does: broken, cause: fmt.Errorf("the page is not whole: %w", err)}
	case parsed.Value == nil:
		code, message := errorBody(body)
		return page{body: body}, &failure{operation: opRead, does: broken, code: code, message: message, cause: errors.New("the page has no list of records")}
	}
	return page{body, int64(len(*parsed.Value)), parsed.Next}, nil
}

// address is that of a resource below auditLog.
func (c *client) address(path ...string) *url.URL {
	return c.base.JoinPath(append([]string{c.cfg.Version, "security", "auditLog"}, path...)...)
}

var errForeignHost = errors.New("the server's link leads to another host; no token is sent there")

// linkURL takes an address that the server gave, as it stands. It is an error
// if it leads anywhere but to the configured host.
func (c *client) linkURL(link string) (*url.URL, error) {
	u, err := url.Parse(link)
	if err != nil {
		return nil, &failure{operation: opRead, does: gone, message: "the link to the next page is no URL"}
	}
	if !strings.EqualFold(u.Scheme, c.base.Scheme) || !strings.EqualFold(hostPort(u), hostPort(c.base)) || u.User != nil {
		return nil, &failure{operation: opRead, does: blocked, cause: fmt.Errorf("%w: %q", errForeignHost, oneLine(u.Host))}
	}
	return u, nil
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[strings.ToLower(u.Scheme)]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

type request struct {
	operation string // in words, for errors
	method    string
	url       *url.URL
	body      []byte
	limit     int64 // bytes of the answer's body, decompressed
}

// do sends a request and returns the body of a successful answer. A refused
// token is renewed once, what passes is tried again within a budget.
func (c *client) do(ctx context.Context, r request) (body []byte, err error) {
	renewed := false
	err = requestPolicy.Retry(ctx, c.clock, c.random, func(ctx context.Context) error {
		for {
			if err := c.budget.Wait(ctx); err != nil {
				return err
			}
			token, err := c.tokens.Token(ctx)
			if err != nil {
				return err
			}
			body, err = c.exchange(ctx, r, token)
			switch does := behaviourOf(err); {
			case err == nil:
				c.budget.Succeeded()
				return nil
			case ctx.Err() != nil:
				return ctx.Err()
			case does == unauthorised && !renewed:
				renewed = true
				c.tokens.Refuse(ctx, token)
			case does == throttled && r.operation != opSubmit:
				c.budget.Throttled(waitAsked(err))
				return err
			default:
				return err
			}
		}
	}, func(err error) backoff.Verdict {
		does := behaviourOf(err)
		// What a new query is refused for is a matter of hours, not of one request.
		again := does == retry || does == throttled && r.operation != opSubmit
		return backoff.Verdict{Again: again}
	})
	return body, err
}

// exchange sends the request once.
func (c *client) exchange(ctx context.Context, r request, token string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, r.url.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, &failure{operation: r.operation, cause: err}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.operation == opRead {
		req.Header.Set("Prefer", fmt.Sprintf("odata.maxpagesize=%d", pageSize))
	}
	response, err := c.http.Do(req)
	if err != nil {
		return nil, &failure{operation: r.operation, cause: withoutURL(err)}
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusCreated {
		// What can be read of it is enough; an error while reading adds nothing.
		text, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBytes))
		return nil, answered(r.operation, response, []byte(strings.ReplaceAll(string(text), token, "[secret]")), c.clock.Now())
	}
	body, err := readAll(response, r.limit)
	if err != nil {
		return nil, &failure{operation: r.operation, cause: withoutURL(err)}
	}
	return body, nil
}

// withoutURL takes the address out of the transport's error, which is long and
// known from the operation.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// readAll reads a body of at most limit bytes.
func readAll(response *http.Response, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("the body broke off after %d bytes: %w", len(body), err)
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("the body has more than %d bytes", limit)
	}
	return body, nil
}
