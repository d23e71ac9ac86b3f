package activity

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/entra"
	"github.com/quoll/quoll/internal/clock"
)

const (
	// throttledTries is how often one request is sent while the API says that
	// there are too many.
	throttledTries = 6
	// requestTimeout bounds one exchange but the body of a blob, bodyTimeout
	// that with its body.
	requestTimeout = 2 * time.Minute
	bodyTimeout    = 15 * time.Minute
	// maxListBytes bounds every successful answer that is not a blob,
	// maxErrorBytes every other.
	maxListBytes  = 64 << 20
	maxErrorBytes = 64 << 10
)

// client sends requests for one tenant: within the budget, with a token, to no
// other host.
type client struct {
	cfg    *Config
	base   *url.URL
	cloud  *url.URL // the cloud's own host, which base may stand in for
	http   *http.Client
	tokens *tokens
	budget *collect.Budget
	clock  clock.Clock
	server *collect.ServerTime
	grants atomic.Int64 // when a token that lacks the permission was last given up, in Unix seconds
}

func newClient(cfg *Config, c clock.Clock, random func() float64) (*client, error) {
	base, err := url.Parse(cfg.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("activity: base URL: %w", err)
	}
	at, _ := cfg.Cloud.Endpoints() // Validate has seen that there are
	cloud, err := url.Parse(at.Management)
	if err != nil {
		return nil, fmt.Errorf("activity: the cloud's host: %w", err)
	}
	transport, err := newHTTPClient(cfg)
	if err != nil {
		return nil, err
	}
	made := &client{
		cfg:    cfg,
		base:   base,
		cloud:  cloud,
		http:   transport,
		budget: collect.NewBudget(cfg.RequestsPerMinute, c, random),
		clock:  c,
		server: collect.NewServerTime(c),
	}
	made.tokens = &tokens{entra.NewTokens(cfg.application(), transport, made.now), cfg.Resource}
	return made, nil
}

// HTTPClient returns a client as the collector of cfg has it: with its
// certificate authorities and through the environment's proxy.
func HTTPClient(cfg Config) (*http.Client, error) { return newHTTPClient(&cfg) }

func newHTTPClient(cfg *Config) (*http.Client, error) {
	var c http.Client
	if cfg.HTTPClient != nil {
		c = *cfg.HTTPClient
	} else {
		roots, err := x509.SystemCertPool()
		if err != nil {
			return nil, fmt.Errorf("activity: system certificates: %w", err)
		}
		if cfg.CAFile != "" {
			pem, err := os.ReadFile(cfg.CAFile)
			if err != nil {
				return nil, fmt.Errorf("activity: certificate authorities: %w", err)
			}
			if !roots.AppendCertsFromPEM(pem) {
				return nil, fmt.Errorf("activity: certificate authorities: no PEM certificate in %s", cfg.CAFile)
			}
		}
		c.Transport = &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSClientConfig:       &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:   30 * time.Second,
			ResponseHeaderTimeout: time.Minute,
			IdleConnTimeout:       90 * time.Second,
			MaxIdleConnsPerHost:   5 * cfg.Concurrency,
			ForceAttemptHTTP2:     true,
		}
	}
	// A redirect would carry the token to a host of the server's choosing.
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c, nil
}

// now is the server's time as far as it is known, in UTC.
func (c *client) now() time.Time { return c.server.Now() }

// request is one call of the API.
type request struct {
	operation string // in words, for errors
	method    string
	url       *url.URL
	limit     int64 // bytes of the answer's body, decompressed
	timeout   time.Duration
	body      []byte // JSON; nil for none
	visit     *visit // where the answer's body waits for room; nil for none
}

// operationURL returns the address of an operation of the feed. Parameters
// come in pairs of name and value.
func (c *client) operationURL(path string, parameters ...string) *url.URL {
	query := url.Values{"PublisherIdentifier": {c.cfg.PublisherIdentifier}}
	for i := 0; i+1 < len(parameters); i += 2 {
		query.Set(parameters[i], parameters[i+1])
	}
	u := c.base.JoinPath("api", "v1.0", c.cfg.TenantID, "activity", "feed", path)
	u.RawQuery = query.Encode()
	return u
}

var errForeignHost = errors.New("the server's link leads to another host; no token is sent there")

// linkURL takes an address that the server gave, as it stands, adding the
// publisher identifier if it lacks one. Where base_url names a gateway that passes
// bodies on as they are, what leads to the cloud's own host is asked of the
// gateway. It is an error if it leads anywhere but to the configured host.
func (c *client) linkURL(operation, link string) (*url.URL, error) {
	u, err := url.Parse(link)
	if err != nil {
		return nil, &failure{operation: operation, code: codeAborted, message: "the server's link is no URL"}
	}
	if !sameHost(u, c.base) && sameHost(u, c.cloud) {
		u.Scheme, u.Host = c.base.Scheme, c.base.Host
	}
	if !sameHost(u, c.base) || u.User != nil {
		return nil, &failure{operation: operation, code: codeForeign, cause: fmt.Errorf("%w: %q", errForeignHost, oneLine(u.Host))}
	}
	if !hasParameter(u.RawQuery, "PublisherIdentifier") {
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += "PublisherIdentifier=" + c.cfg.PublisherIdentifier
	}
	return u, nil
}

func sameHost(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(hostPort(a), hostPort(b))
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[strings.ToLower(u.Scheme)]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

func hasParameter(rawQuery, name string) bool {
	for pair := range strings.SplitSeq(rawQuery, "&") {
		if key, _, _ := strings.Cut(pair, "="); strings.EqualFold(key, name) {
			return true
		}
	}
	return false
}

// do sends a request and returns the body and the header of a successful
// answer, which is a JSON array or object as far as its beginning shows. A refused token is renewed once; throttling is waited out within a
// budget. Everything else comes back as a *failure, or as ctx's error.
func (c *client) do(ctx context.Context, r request) (body []byte, header http.Header, err error) {
	header, err = c.stream(ctx, r, func(response *http.Response) error {
		if body, err = readAll(response, r.limit); err != nil {
			return err
		}
		body = bytes.TrimPrefix(body, []byte(byteOrderMark))
		if start := bytes.TrimLeft(body, " \t\r\n"); len(start) == 0 || start[0] != '[' && start[0] != '{' {
			return fmt.Errorf("the answer is no JSON: %q", oneLine(string(start[:min(len(start), maxMessage)])))
		}
		return nil
	})
	return body, header, err
}

// stream is do for answers of any size: use reads the body of a successful one.
// What use returns is taken for a body that broke off, unless it is a *failure
// or says that storage failed.
func (c *client) stream(ctx context.Context, r request, use func(*http.Response) error) (http.Header, error) {
	renewed := false
	for tries := 1; ; tries++ {
		if err := c.budget.Wait(ctx); err != nil {
			return nil, err
		}
		token, err := c.tokens.token(ctx)
		if err != nil {
			return nil, err
		}
		if err := r.visit.enter(ctx); err != nil {
			return nil, err
		}
		header, err := c.exchange(ctx, r, token, use)
		if err != nil {
			r.visit.end(answeredAtAll(err))
		}
		if err == nil {
			c.budget.Succeeded()
			return header, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		c.lackedPermission(ctx, err, token)
		switch does := behaviourOf(err); {
		case does == unauthorised && !renewed:
			renewed = true
			c.tokens.refuse(ctx, token)
		case does == throttled:
			c.budget.Throttled(waitAsked(err))
			if tries >= throttledTries {
				return nil, err
			}
		default:
			return nil, err
		}
	}
}

// exchange sends the request once.
func (c *client) exchange(ctx context.Context, r request, token string, use func(*http.Response) error) (http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, r.url.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, &failure{operation: r.operation, cause: err}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	// No Accept-Encoding: the transport then asks for gzip, undoes it, and
	// reports a stream that breaks off.
	response, err := c.http.Do(req)
	if err != nil {
		return nil, &failure{operation: r.operation, cause: c.withoutURL(err, token)}
	}
	defer response.Body.Close()
	came := c.clock.Now()

	if response.StatusCode != http.StatusOK {
		// What can be read of it is enough; an error while reading adds nothing.
		body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBytes))
		f := answered(r.operation, response, []byte(c.redact(string(body), token)), came)
		if f.isAPIs() {
			c.server.Hear(response.Header, came)
		}
		return nil, f
	}
	err = use(response)
	if err == nil {
		c.server.Hear(response.Header, came)
	}
	if failed := new(failure); err == nil || errors.As(err, &failed) || errors.Is(err, errStorage) {
		return response.Header, err
	}
	return nil, &failure{operation: r.operation, code: codeAborted, cause: c.withoutURL(err, token)}
}

// withoutURL takes the address out of the transport's error, which is long and
// known from the operation, and secrets out of what remains.
func (c *client) withoutURL(err error, token string) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if text := err.Error(); c.redact(text, token) != text {
		return errors.New(c.redact(text, token))
	}
	return err
}

// readAll reads a body of at most limit bytes.
func readAll(response *http.Response, limit int64) ([]byte, error) {
	if response.ContentLength > limit {
		return nil, fmt.Errorf("the body has %d bytes, the bound is %d", response.ContentLength, limit)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return body, fmt.Errorf("the body broke off after %d bytes: %w", len(body), err)
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("the body has more than %d bytes", limit)
	}
	return body, nil
}
