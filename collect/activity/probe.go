package activity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/entra"
)

// Probe asks what a person wants to know before anything is collected. It
// changes nothing at Microsoft.
type Probe struct{ client *client }

// NewProbe checks cfg and returns a probe; nothing is sent yet.
func NewProbe(cfg Config, deps Dependencies) (*Probe, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	fillIn(&deps)
	client, err := newClient(&cfg, deps.Clock, deps.Random)
	if err != nil {
		return nil, err
	}
	return &Probe{client}, nil
}

// Config returns the configuration with all that follows from it filled in.
func (p *Probe) Config() Config { return *p.client.cfg }

// Reach asks a host for anything at all. Whatever it answers is good: the error
// is that of the network, of a proxy or of TLS.
func (p *Probe) Reach(ctx context.Context, host string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, host, nil)
	if err != nil {
		return err
	}
	response, err := p.client.http.Do(req)
	if err != nil {
		return p.client.withoutURL(err, "")
	}
	defer response.Body.Close()
	p.client.server.Hear(response.Header, p.client.clock.Now())
	return nil
}

// Skew is the server's clock minus ours, as its latest answer has shown it;
// zero below two seconds.
func (p *Probe) Skew() time.Duration { return p.client.server.Off() }

// CredentialEnds is when the credential ends; zero when that is not known.
func (p *Probe) CredentialEnds() time.Time { return p.client.tokens.Expires() }

// AskSecretEnds asks Microsoft Graph when the client secret ends.
func (p *Probe) AskSecretEnds(ctx context.Context) (time.Time, error) {
	return p.client.askSecretEnds(ctx)
}

// Token gets a token for a resource and returns what it says of itself. Claims
// are empty for a token that cannot be read, which is no problem.
func (p *Probe) Token(ctx context.Context, resource string) (entra.Claims, *collect.Problem) {
	t := tokens{p.client.tokens.Tokens, resource}
	token, err := t.token(ctx)
	if err != nil {
		return entra.Claims{}, p.problem(err)
	}
	claims, err := entra.ReadClaims(token)
	if err != nil {
		return entra.Claims{}, nil
	}
	return claims, nil
}

// problem puts an error into words. Time that ran out is nobody's but the
// server's.
func (p *Probe) problem(err error) *collect.Problem {
	now := p.client.clock.Now()
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return &collect.Problem{Time: now, Cause: "The server did not answer in time, or asks to wait.", Remedy: "Try again in a few minutes.", Detail: err.Error()}
	}
	return problem(err, now)
}

// SubscriptionState is what the API says of a subscription.
type SubscriptionState struct {
	Status  string // one of collect's
	Webhook string // status of its webhook; empty without one
}

// Subscriptions returns the state of the subscription of each configured
// content type.
func (p *Probe) Subscriptions(ctx context.Context) (map[string]SubscriptionState, *collect.Problem) {
	c := p.client
	body, _, err := c.do(ctx, request{operation: "list subscriptions", method: http.MethodGet, url: c.operationURL("subscriptions/list"), limit: maxListBytes, timeout: requestTimeout})
	var listed []struct {
		ContentType string
		Status      string
		Webhook     *listedWebhook
	}
	if err == nil {
		if err = json.Unmarshal(body, &listed); err != nil {
			err = &failure{operation: "list subscriptions", code: codeAborted, cause: err}
		}
	}
	if err != nil {
		return nil, p.problem(err)
	}
	states := map[string]SubscriptionState{}
	for _, contentType := range c.cfg.ContentTypes {
		states[contentType] = SubscriptionState{Status: collect.SubscriptionMissing}
	}
	for _, l := range listed {
		if _, configured := states[l.ContentType]; !configured {
			continue
		}
		state := SubscriptionState{Status: collect.SubscriptionEnabled}
		if l.Status == collect.SubscriptionDisabled {
			state.Status = collect.SubscriptionDisabled
		}
		if l.Webhook != nil {
			state.Webhook = l.Webhook.Status
		}
		states[l.ContentType] = state
	}
	return states, nil
}

// List asks for the last hour of one content type, whose subscription has to be
// enabled, and returns why that fails.
func (p *Probe) List(ctx context.Context, contentType string) *collect.Problem {
	c := p.client
	now := c.now()
	u := c.operationURL("subscriptions/content", "contentType", contentType,
		"startTime", now.Add(-time.Hour).Format(timeLayout), "endTime", now.Format(timeLayout))
	_, _, err := c.do(ctx, request{operation: opList, method: http.MethodGet, url: u, limit: maxListBytes, timeout: requestTimeout})
	if err != nil {
		return p.problem(err)
	}
	return nil
}

// Tenant is what Entra's public metadata says of a tenant.
type Tenant struct {
	ID string // GUID
	// Scope and SubScope name the region and the cloud: "NA", "GCC".
	Scope, SubScope string
}

// LookUp asks an authority for the metadata of a tenant, by GUID or by domain.
// It needs no credential.
func LookUp(ctx context.Context, client *http.Client, authority, name string) (Tenant, error) {
	address, err := url.JoinPath(authority, url.PathEscape(name), "v2.0", ".well-known", "openid-configuration")
	if err != nil {
		return Tenant{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Tenant{}, err
	}
	response, err := client.Do(req)
	if err != nil {
		return Tenant{}, err
	}
	defer response.Body.Close()
	body, err := readAll(response, maxErrorBytes)
	if err != nil {
		return Tenant{}, err
	}
	var said struct {
		Issuer   string `json:"issuer"`
		Scope    string `json:"tenant_region_scope"`
		SubScope string `json:"tenant_region_sub_scope"`
		Error    string `json:"error_description"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return Tenant{}, fmt.Errorf("the authority's metadata cannot be read: %w", err)
	}
	t := Tenant{Scope: said.Scope, SubScope: said.SubScope}
	if u, err := url.Parse(said.Issuer); err == nil {
		for part := range strings.SplitSeq(u.Path, "/") {
			if guid.MatchString(part) {
				t.ID = part
			}
		}
	}
	if t.ID == "" {
		return t, fmt.Errorf("the authority does not know %q: %s", oneLine(name), oneLine(said.Error))
	}
	return t, nil
}

// Metadata asks the configured authority for the metadata of the tenant.
func (p *Probe) Metadata(ctx context.Context) (Tenant, error) {
	return LookUp(ctx, p.client.http, p.client.cfg.AuthorityURL, p.client.cfg.TenantID)
}
