// Package activity collects the Microsoft 365 Unified Audit Log of one tenant
// through the Office 365 Management Activity API: it keeps subscriptions alive,
// lists content blobs into the ledger again and again, and brings each blob to
// the sink, those that expire first before the others.
//
// It must not know what an audit record means: a body is checked for being a
// complete JSON array and handed on byte for byte. A tenant is reached by
// configuration alone; nothing here knows the simulator.
package activity

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/collect/cloud"
	"github.com/quoll/quoll/collect/entra"
)

// ContentTypes returns the five content types of the API: Entra, Exchange,
// SharePoint with OneDrive, everything else, and data loss prevention.
func ContentTypes() []string {
	return []string{"Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All"}
}

const (
	// reach is how far back the API lists: startTime at most 7 days ago.
	reach = 7 * 24 * time.Hour
	// maxWindow is the longest span asked for in one listing. The API allows 24
	// hours, but exactly 24 have been refused with AF20055.
	maxWindow = 23 * time.Hour
)

// Config says which tenant to collect and how hard.
type Config struct {
	// TenantID is the GUID of the tenant; a domain name is refused by the API.
	TenantID string
	// ClientID is the application's GUID. It needs the application permission
	// ActivityFeed.Read of "Office 365 Management APIs", and ActivityFeed.ReadDlp
	// for the matched text in data loss prevention records.
	ClientID string
	// Credential is what the application proves itself with.
	entra.Credential
	Cloud cloud.Cloud
	// BaseURL and AuthorityURL replace the cloud's API host and token authority
	// ("https://host[:port]"): for a proxy or a simulator. The resource a token
	// is asked for stays the cloud's, unless Resource says otherwise.
	BaseURL      string
	AuthorityURL string
	Resource     string
	// GraphURL replaces the cloud's Microsoft Graph, which is asked for the end
	// of the client secret where Credential says so.
	GraphURL string
	// CAFile is a PEM file of certificate authorities trusted besides the
	// system's. HTTPClient replaces the whole client; CAFile is then ignored.
	CAFile     string
	HTTPClient *http.Client
	// PublisherIdentifier is the GUID under which the API counts requests; the
	// tenant's own when empty.
	PublisherIdentifier string
	// ContentTypes are what to collect; all five when empty.
	ContentTypes []string
	// PollEvery is the wait between two listings of a content type.
	PollEvery time.Duration
	// Overlap is how much of the time already listed is listed again on every
	// poll, because blobs appear late. RelistEvery is how often everything
	// within Lookback is listed again.
	Overlap     time.Duration
	RelistEvery time.Duration
	// Lookback is how far back listings reach, also on the first start: the
	// API's 7 days less a margin for slow requests.
	Lookback time.Duration
	// SubscriptionsEvery is how often the subscriptions are looked at.
	SubscriptionsEvery time.Duration
	// StartEvery is the least wait between two starts of one subscription. The
	// API demands 15 minutes.
	StartEvery time.Duration
	// SettleAfter is the age up to which a blob may still be filling. One that
	// was fetched younger is fetched once more at that age, and journalled again
	// if it has changed. Zero turns that off.
	SettleAfter time.Duration
	// ExpiryAlarm is how long before content is deleted at Microsoft its being
	// outstanding makes the stream degraded. Zero turns that off.
	ExpiryAlarm time.Duration
	// Webhook is where notifications are taken as hints; nil for polling alone.
	Webhook *Webhook
	// Concurrency is how many blobs of one content type are fetched at a time.
	Concurrency int
	// RequestsPerMinute bounds all requests for this tenant. The API's baseline
	// is 2,000 for all clients of a tenant together.
	RequestsPerMinute int
	// MaxBodyBytes is a bound against a body that does not end, far above what
	// any blob is. Memory does not depend on it. A blob that exceeds it stays
	// outstanding, with a problem that says so.
	MaxBodyBytes int64
}

// DefaultConfig returns the configuration of a commercial tenant; TenantID,
// ClientID and Credential are still to be filled in.
func DefaultConfig() Config {
	return Config{
		Cloud:              cloud.Commercial,
		ContentTypes:       ContentTypes(),
		PollEvery:          time.Minute,
		Overlap:            6 * time.Hour,
		RelistEvery:        6 * time.Hour,
		Lookback:           reach - 10*time.Minute,
		SubscriptionsEvery: 5 * time.Minute,
		StartEvery:         15 * time.Minute,
		SettleAfter:        10 * time.Minute,
		ExpiryAlarm:        72 * time.Hour,
		Concurrency:        4,
		RequestsPerMinute:  1000,
		MaxBodyBytes:       64 << 30,
	}
}

// application is who asks for tokens.
func (c *Config) application() entra.Application {
	return entra.Application{TenantID: c.TenantID, ClientID: c.ClientID, Authority: c.AuthorityURL, Credential: c.Credential}
}

var guid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// Validate fills in what follows from other fields and reports everything that
// is wrong, joined.
func (c *Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("activity: "+format, args...)) }

	c.TenantID = strings.ToLower(c.TenantID)
	if !guid.MatchString(c.TenantID) {
		bad("tenant id %q is not a GUID; the API takes no domain names", c.TenantID)
	}
	if c.ClientID == "" {
		bad("client id is missing")
	}
	if err := c.Credential.Check(); err != nil {
		bad("%w", err)
	}
	if c.PublisherIdentifier == "" {
		c.PublisherIdentifier = c.TenantID
	}
	if c.PublisherIdentifier != c.TenantID && !guid.MatchString(strings.ToLower(c.PublisherIdentifier)) {
		bad("publisher identifier %q is not a GUID", c.PublisherIdentifier)
	}
	if len(c.ContentTypes) == 0 {
		c.ContentTypes = ContentTypes()
	}
	for i, contentType := range c.ContentTypes {
		if !slices.Contains(ContentTypes(), contentType) {
			bad("content type %q is none of %s", contentType, strings.Join(ContentTypes(), ", "))
		}
		if slices.Contains(c.ContentTypes[:i], contentType) {
			bad("content type %q is given twice", contentType)
		}
	}
	if c.Webhook != nil {
		errs = append(errs, c.Webhook.validate())
	}
	errs = append(errs, c.validateEndpoints()...)
	errs = append(errs, c.validateLimits()...)
	return errors.Join(errs...)
}

func (c *Config) validateEndpoints() []error {
	var errs []error
	at, ok := c.Cloud.Endpoints()
	if !ok {
		return []error{fmt.Errorf("activity: cloud %q is none of commercial, gcc, gcchigh, dod, china", c.Cloud)}
	}
	if c.Resource == "" {
		c.Resource = at.Management
	}
	if c.BaseURL == "" {
		c.BaseURL = at.Management
	}
	if c.GraphURL == "" {
		c.GraphURL = at.Graph
	}
	if c.AuthorityURL == "" {
		c.AuthorityURL = at.Authority
	}
	for name, text := range map[string]string{"base URL": c.BaseURL, "authority URL": c.AuthorityURL, "graph URL": c.GraphURL} {
		u, err := url.Parse(text)
		switch {
		case err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
			errs = append(errs, fmt.Errorf("activity: %s %q is not of the form https://host[:port]", name, text))
		case u.Scheme != "https" && (name == "authority URL" || u.Scheme != "http" || !isLoopback(u.Hostname())):
			errs = append(errs, fmt.Errorf("activity: %s %q must be https: tokens travel over it", name, text))
		}
	}
	return errs
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c *Config) validateLimits() []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("activity: "+format, args...)) }
	if c.PollEvery <= 0 || c.RelistEvery <= 0 || c.SubscriptionsEvery <= 0 || c.StartEvery <= 0 {
		bad("poll, relist, subscription and start intervals must be positive")
	}
	if c.SettleAfter < 0 || c.ExpiryAlarm < 0 {
		bad("the age at which a blob is settled and the time of the expiry alarm must not be negative")
	}
	if c.Overlap < 0 || c.Overlap > c.Lookback {
		bad("overlap %v must lie between 0 and the lookback %v", c.Overlap, c.Lookback)
	}
	if c.Lookback <= 0 || c.Lookback >= reach {
		bad("lookback %v must be positive and less than the 168h that the API reaches back", c.Lookback)
	}
	if c.Concurrency < 1 || c.RequestsPerMinute < 1 || c.MaxBodyBytes < 1 {
		bad("concurrency, requests per minute and the bound of a body must be at least 1")
	}
	return errs
}
