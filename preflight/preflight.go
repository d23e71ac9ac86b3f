// Package preflight looks, before anything runs, for what would keep Quoll from
// collecting, and says of each finding what to click or to run.
//
// It changes nothing, here or at Microsoft, and must not know how a
// configuration is written.
package preflight

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/objectstore"
)

// Severity says what a finding means for collecting.
type Severity string

// The severities.
const (
	OK       Severity = "ok"
	Note     Severity = "note"    // worth knowing; something else than collecting may need it
	Warning  Severity = "warning" // collecting works; something will be missing, or soon
	Blocking Severity = "blocking"
)

// Finding is the outcome of one check.
type Finding struct {
	Check    string   `json:"check"`            // "permissions"
	Tenant   string   `json:"tenant,omitempty"` // its name; empty for what concerns the machine
	Severity Severity `json:"severity"`
	Code     string   `json:"code,omitempty"` // Microsoft's, if it gave one
	Found    string   `json:"found"`
	Remedy   string   `json:"remedy,omitempty"`
	// Detail is the error itself.
	Detail string `json:"detail,omitempty"`
}

// Plan is what is to be checked.
type Plan struct {
	DataDir, ArchiveDir string
	Tenants             []Tenant
	// Copies are the stores that the archive is copied to.
	Copies []Copy
	// Peers are the witnesses and the time-stamping authorities of the archive.
	Peers []Peer
	// Idle says that nothing would be collected.
	Idle bool
	// Problems are mistakes in the configuration, found by whoever read it.
	Problems []error
	// Proxy returns the proxy for a host, or nil; it is what requests use too.
	Proxy func(*url.URL) (*url.URL, error)
	Clock clock.Clock
	// StepTimeout bounds each question to Microsoft.
	StepTimeout time.Duration
}

// Tenant is one tenant to check.
type Tenant struct {
	Name, ID string
	// Activity is nil where the audit log is not collected, or where what is
	// written of it cannot be used.
	Activity *activity.Config
	// Authority and Client ask for the metadata of a tenant whose Activity is
	// nil, because its ID is a domain; both may be missing.
	Authority string
	Client    *http.Client
	// Unasked are further ways that records come, by the names of their sections:
	// they are told and not asked.
	Unasked []string
}

// Copy is a store to check.
type Copy struct {
	Name, Place string
	Retain      bool // what is written is to be locked
	// Locking asks the store.
	Locking func(context.Context) (objectstore.Locking, error)
}

// Peer is a witness or a time-stamping authority to check.
type Peer struct {
	Check, Place string // "witness w1.example", and its address
	// Ask asks it, without leaving anything here or there.
	Ask func(context.Context) PeerAnswer
}

// PeerAnswer is what a peer said.
type PeerAnswer struct {
	Found string // in words
	// Ends is when the first of its certificates ends; zero where it has none.
	Ends time.Time
	// Err is why it is of no use, and Remedy what to do.
	Err    error
	Remedy string
}

// Run makes all checks, in an order in which the first that blocks explains
// those after it, and hands each finding on as it comes.
func Run(ctx context.Context, p Plan, found func(Finding)) {
	if p.StepTimeout == 0 {
		p.StepTimeout = 30 * time.Second
	}
	if p.Clock == nil {
		p.Clock = clock.System()
	}
	if p.Proxy == nil {
		p.Proxy = func(u *url.URL) (*url.URL, error) { return http.ProxyFromEnvironment(&http.Request{URL: u}) }
	}
	r := &run{Plan: p, report: found}
	r.machine()
	for _, c := range p.Copies {
		r.copy(ctx, c)
	}
	for _, p := range p.Peers {
		r.peer(ctx, p)
	}
	if p.Idle {
		r.say("tenants", Warning, "nothing is collected: there is no tenant, and no relay pushes", "Write one below tenants in the configuration, or add one in the browser: Connectors → Add a tenant.")
	}
	for _, t := range p.Tenants {
		if ctx.Err() != nil {
			return
		}
		r.tenant(ctx, t)
		r.unasked(t)
	}
}

// unasked names what is not looked at, which would otherwise pass for well.
func (r *run) unasked(t Tenant) {
	r.name = t.Name
	defer func() { r.name = "" }()
	for _, road := range t.Unasked {
		r.say(road, Note, "it is not asked before it runs", "Once quoll serve runs, Connectors and quoll status say whether it answers and lets Quoll in.")
	}
}

// Worst returns the worst severity among findings.
func Worst(findings []Finding) Severity {
	order := []Severity{OK, Note, Warning, Blocking}
	worst := 0
	for _, f := range findings {
		for i, s := range order {
			if f.Severity == s {
				worst = max(worst, i)
			}
		}
	}
	return order[worst]
}

type run struct {
	Plan
	report func(Finding)
	name   string // of the tenant at hand
}

func (r *run) say(check string, s Severity, found, remedy string) {
	r.report(Finding{Check: check, Tenant: r.name, Severity: s, Found: found, Remedy: remedy})
}

// step runs one question to Microsoft within its time.
func (r *run) step(ctx context.Context, ask func(context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, r.StepTimeout)
	defer cancel()
	ask(ctx)
}
