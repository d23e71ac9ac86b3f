// Package servertest holds services with canned answers, so that the HTTP API
// and the browser UI can be built and tested without the rest of Quoll.
//
// The answers tell one story of an invented organisation: a phish, a clicked
// link, a sign-in from a new place, a forwarding rule and a false invoice. The
// querier is no query engine: it looks for words in the text and makes rows.
package servertest

import (
	"sync"
	"time"

	"github.com/quoll/quoll/assure"
	"github.com/quoll/quoll/server"
)

// TenantID is the invented tenant of the canned answers.
const TenantID = "3f6c1f0e-8a51-4d5e-9d0c-7b0f5a3c2e11"

const (
	victim  = "mara.lindqvist@wattleworks.example"
	partner = "accounts@harbourfreight.example"
	phisher = "no-reply@wattleworks-portal.example"
	badIP   = "203.0.113.77"
	badURL  = "https://wattleworks-portal.example/session/renew"
)

// Canned is all services of the server, with answers relative to a clock.
type Canned struct {
	clock server.Clock

	mu        sync.Mutex
	incidents []server.IncidentDetail
	notes     []server.Note
	registers map[string]*server.Register
	task      *server.ArchiveTask
	words     map[string]assure.Assessment
	saved     []server.Rule
	tokens    []server.Token
	reports   []server.Investigation
	made      int // tokens

	added      []server.TenantEntry
	exceptions []server.Exception
	imported   []server.Indicator
	brought    []server.DashboardEntry
	searches   []server.Backfill
}

// New returns services whose story ended shortly before the clock's present.
func New(clock server.Clock) *Canned {
	c := &Canned{clock: clock}
	c.incidents = incidents(clock().UTC().Truncate(time.Second))
	return c
}

// Services hands all of them to a server.
func (c *Canned) Services() server.Services {
	return server.Services{
		Querier: c, Catalogue: c, Incidents: c, Connectors: c, Gaps: c, Drift: c, Backfills: backfillsOf{c}, Reporter: c, Archive: c, Custodian: c, Backtester: c, Tenants: c, Exceptions: c, Indicators: c, Assurance: c, Rules: c, Notebook: c, Explainer: c, States: c,
		Exporter: c, Coverage: c, Dashboards: c, Notifications: c, Tokens: c, Library: newLibrary(c.clock), Investigations: c, Retention: retentionOf{c}, Holds: newHolds(c.clock), Automation: newAutomations(c), Disposals: newDisposals(c.clock), Erasures: newErasures(c.clock),
	}
}
