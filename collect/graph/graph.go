// Package graph sends requests to Microsoft Graph for one tenant: within a
// budget, with a token, to no other host, and again where that helps.
//
// It must not know what is asked for, nor what an answer means.
package graph

import (
	"bytes"
	"context"
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
	// requestTimeout bounds one exchange with its body.
	requestTimeout = 5 * time.Minute
	maxErrorBytes  = 64 << 10
)

// requestPolicy spaces the attempts at one request. What it does not mend is
// left to the caller's own tries.
var requestPolicy = backoff.Policy{First: 2 * time.Second, Max: time.Minute, Tries: 4}

// Tokens gives access tokens for Graph. It is safe for concurrent use.
type Tokens interface {
	// Token returns one that is valid for at least some minutes. An error holds
	// no secret.
	Token(ctx context.Context) (string, error)
	// Refuse says that Graph did not accept a token, so that the next is another.
	Refuse(ctx context.Context, token string)
}

// Client sends requests. It is safe for concurrent use.
type Client struct {
	base   *url.URL
	http   *http.Client
	tokens Tokens
	budget *collect.Budget
	clock  clock.Clock
	random func() float64
	server *collect.ServerTime
}

// NewClient returns a client of the Graph at base ("https://graph.microsoft.com").
func NewClient(base string, transport *http.Client, tokens Tokens, budget *collect.Budget, c clock.Clock, random func() float64) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("graph: base URL: %w", err)
	}
	copied := *transport
	// A redirect would carry the token to a host of the server's choosing.
	copied.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{u, &copied, tokens, budget, c, random, collect.NewServerTime(c)}, nil
}

// CheckBase reports what is wrong with the address of a Graph, if anything.
func CheckBase(base string) error {
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("base URL %q is not of the form https://host[:port]", base)
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return fmt.Errorf("base URL %q must be https: tokens travel over it", base)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Server is Graph's clock, as its answers have shown it: those with what was asked
// for, and refusals in its own words.
func (c *Client) Server() *collect.ServerTime { return c.server }

// Request is one call.
type Request struct {
	Operation string // in words, for errors
	Method    string
	URL       *url.URL
	Body      []byte // JSON, or nil
	Limit     int64  // bytes of the answer's body, decompressed
	// Prefer is the header of that name; empty for none.
	Prefer string
	// OwnPace leaves throttling to the caller: the request is not tried again,
	// and others are not slowed down.
	OwnPace bool
}

// URL returns the address of a resource.
func (c *Client) URL(path ...string) *url.URL { return c.base.JoinPath(path...) }

// ErrForeignHost says that a link leads elsewhere.
var ErrForeignHost = errors.New("the server's link leads to another host; no token is sent there")

// Link takes an address that the server gave, as it stands. It is an error if
// it leads anywhere but to the client's host.
func (c *Client) Link(operation, link string) (*url.URL, error) {
	u, err := url.Parse(link)
	if err != nil {
		return nil, &Failure{Operation: operation, Message: "the server's link is no URL"}
	}
	if !strings.EqualFold(u.Scheme, c.base.Scheme) || !strings.EqualFold(hostPort(u), hostPort(c.base)) || u.User != nil {
		return nil, &Failure{Operation: operation, Cause: fmt.Errorf("%w: %q", ErrForeignHost, oneLine(u.Host))}
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

// Do sends a request and returns the body of a successful answer. A refused
// token is renewed once; what passes is tried again within a budget. Errors are
// *Failure, those of Tokens, or ctx's.
func (c *Client) Do(ctx context.Context, r Request) (body []byte, err error) {
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
			switch {
			case err == nil:
				c.budget.Succeeded()
				return nil
			case ctx.Err() != nil:
				return ctx.Err()
			case StatusOf(err) == http.StatusUnauthorized && !renewed:
				renewed = true
				c.tokens.Refuse(ctx, token)
			case Throttled(err) && !r.OwnPace:
				c.budget.Throttled(WaitAsked(err))
				return err
			default:
				return err
			}
		}
	}, func(err error) backoff.Verdict {
		if Throttled(err) {
			return backoff.Verdict{Again: !r.OwnPace}
		}
		return backoff.Verdict{Again: Passing(err)}
	})
	return body, err
}

// exchange sends the request once.
func (c *Client) exchange(ctx context.Context, r Request, token string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, &Failure{Operation: r.Operation, Cause: err}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	if r.Body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	if r.Prefer != "" {
		req.Header.Set("Prefer", r.Prefer)
	}
	response, err := c.http.Do(req)
	if err != nil {
		return nil, &Failure{Operation: r.Operation, Cause: withoutURL(err)}
	}
	defer response.Body.Close()
	came := c.clock.Now()
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusCreated {
		// What can be read of it is enough; an error while reading adds nothing.
		text, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBytes))
		f := answered(r.Operation, response, []byte(strings.ReplaceAll(string(text), token, "[secret]")), came)
		if f.Code != "" { // a proxy's page has none
			c.server.Hear(response.Header, came)
		}
		return nil, f
	}
	body, err := readAll(response, r.Limit)
	if err != nil {
		return nil, &Failure{Operation: r.Operation, Cause: withoutURL(err)}
	}
	if bytes.HasPrefix(bytes.TrimLeft(body, "\xef\xbb\xbf \t\r\n"), []byte("{")) {
		c.server.Hear(response.Header, came)
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
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	return body, nil
}

// ErrTooLarge says that an answer was longer than its bound.
var ErrTooLarge = errors.New("the body is too large")
