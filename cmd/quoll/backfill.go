package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/collect/auditsearch"
	"github.com/quoll/quoll/collect/cloud"
	"github.com/quoll/quoll/collect/entra"
	"github.com/quoll/quoll/collect/graph"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/pipeline"
	"github.com/quoll/quoll/server"
)

// newSearch makes the audit search of a tenant. It signs in with the
// application that collects its audit log. coverage may be nil.
func newSearch(t config.Tenant, db *sql.DB, coverage auditsearch.Coverage, log *slog.Logger) (*auditsearch.Search, error) {
	if t.AuditSearch == nil {
		return nil, fmt.Errorf("tenant %s: no audit search: it needs an audit_log section, and Microsoft offers it in the commercial cloud and GCC only", t.Name)
	}
	transport, tokens, err := graphAccess(t)
	if err != nil {
		return nil, err
	}
	return auditsearch.New(*t.AuditSearch, auditsearch.Dependencies{DB: db, HTTP: transport, Logger: log, Tokens: tokens, Coverage: coverage})
}

// huntTimeout is how long Graph may be silent: Microsoft lets a hunting query run
// for three minutes.
const huntTimeout = 4 * time.Minute

// graphAccess is how Microsoft Graph is reached for a tenant, with the
// application that collects its audit log. Of an answer nothing comes before a
// hunting query has ended.
func graphAccess(t config.Tenant) (*http.Client, graph.Tokens, error) {
	at, _ := t.Activity.Cloud.Endpoints()
	if at.Graph == "" { // a cloud of its own has Graph's name all the same
		at, _ = cloud.Commercial.Endpoints()
	}
	transport, err := activity.HTTPClient(*t.Activity)
	if err != nil {
		return nil, nil, err
	}
	patient := *transport
	if t, ok := transport.Transport.(*http.Transport); ok {
		t = t.Clone()
		t.ResponseHeaderTimeout = huntTimeout
		patient.Transport = t
	}
	application := entra.Application{TenantID: t.ID, ClientID: t.Activity.ClientID, Authority: t.Activity.AuthorityURL, Credential: t.Activity.Credential}
	return &patient, &graph.EntraTokens{Tokens: entra.NewTokens(application, transport, time.Now), Resource: at.Graph}, nil
}

// chooseTenants returns those among tenants with one of the names or
// ids; all that can be searched when none is given.
func chooseTenants(tenants []config.Tenant, names []string) ([]config.Tenant, error) {
	var chosen []config.Tenant
	for _, name := range names {
		at := slices.IndexFunc(tenants, func(t config.Tenant) bool { return t.ID == name || t.Name == name })
		if at < 0 {
			return nil, usageError(fmt.Errorf("--tenant %q: the configuration has no such tenant", name))
		}
		chosen = append(chosen, tenants[at])
	}
	if len(names) > 0 {
		return chosen, nil
	}
	for _, t := range tenants {
		if t.AuditSearch != nil {
			chosen = append(chosen, t)
		}
	}
	if len(chosen) == 0 {
		return nil, usageError(errors.New("the configuration has no tenant whose audit log can be searched: one with an audit_log section, in the commercial cloud or GCC"))
	}
	return chosen, nil
}

// backfilled is what a backfill of one tenant came to so far. It is what the
// API and -o json give.
type backfilled = server.Backfill

// backfillTenant searches one tenant's audit log and brings what it finds into
// the tables. tell gets every step; it must not be called concurrently, and is
// not. When the error is not nil, what was found up to then is there.
func backfillTenant(ctx context.Context, n *node, search *auditsearch.Search, request auditsearch.Request, b *backfilled, tell func(backfilled)) error {
	var mu sync.Mutex
	step := func(change func()) {
		mu.Lock()
		defer mu.Unlock()
		change()
		tell(*b)
	}
	var summary auditsearch.Summary
	imported, err := n.pipeline.Import(ctx, "backfill of "+b.TenantName, func(yield func(model.Payload) error) (err error) {
		summary, err = search.Run(ctx, request, &yieldSink{yield: yield}, func(p auditsearch.Progress) {
			step(func() { noteProgress(b, p) })
		})
		return err
	}, func(s pipeline.ImportSummary) { step(func() { noteImported(b, s) }) })
	step(func() {
		noteImported(b, imported)
		if summary.Progress.From.IsZero() {
			return
		}
		noteProgress(b, summary.Progress)
		for _, m := range summary.Missing {
			b.Missing = append(b.Missing, server.MissingSpan{From: m.From, To: m.To, Reason: m.Reason})
		}
	})
	return err
}

func noteProgress(b *backfilled, p auditsearch.Progress) {
	b.CoveredSeconds, b.DoneSeconds = int64(p.Covered/time.Second), int64(p.Done/time.Second)
	b.Open, b.Running = p.Open, p.Running
	b.Queries, b.Pages, b.Found, b.Bytes, b.Splits = p.Queries, p.Pages, p.Records, p.Bytes, p.Splits
	b.Problem = p.Problem
}

func noteImported(b *backfilled, s pipeline.ImportSummary) {
	b.Records, b.Added, b.Duplicates, b.Revisions, b.Rejected = s.Records, s.Added, s.Duplicates, s.Revisions, s.Rejected
	b.Rows = map[string]int{}
	for table, rows := range s.Rows {
		b.Rows[table] = rows
	}
}

// yieldSink hands payloads to an import, one at a time.
type yieldSink struct {
	mu    sync.Mutex
	yield func(model.Payload) error
}

var _ collect.Sink = (*yieldSink)(nil)

// Journal implements collect.Sink. The position is not told.
func (s *yieldSink) Journal(_ context.Context, p model.Payload) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return 0, s.yield(p)
}
