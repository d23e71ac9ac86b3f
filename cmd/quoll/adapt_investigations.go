package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/quoll/quoll/investigate"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/server"
)

// investigations is the server's view of reports. It writes down who has one made
// and who takes it away: a report holds what other people wrote.
type investigations struct {
	runs *investigate.Runs
	acts *acts
}

// newInvestigations asks by a service of queries.
func newInvestigations(ctx context.Context, db *sql.DB, service *query.Service, audit *acts) (investigations, error) {
	runs, err := investigate.Open(ctx, db, service.Query, time.Now)
	return investigations{runs, audit}, err
}

// StartInvestigation implements server.Investigations.
func (i investigations) StartInvestigation(ctx context.Context, r server.InvestigationRequest) (*server.Investigation, error) {
	what := act{
		operation: "Start investigation", kind: "Investigation", name: r.User, description: "had a mailbox exposure report made",
		properties: map[string]any{"From": r.From, "To": r.To, "Session": r.Session, "Address": r.Address},
	}
	// First the row: what cannot be written down is not begun.
	if err := i.acts.done(ctx, what, nil); err != nil {
		return nil, err
	}
	run, err := i.runs.Start(investigate.Subject{
		User: r.User, From: r.From, To: r.To, Session: r.Session, Address: r.Address, Prepared: time.Now().UTC().Truncate(time.Second),
	}, server.CallerName(ctx))
	if err != nil {
		return nil, investigationFailure(err)
	}
	return viewInvestigation(run), nil
}

// Investigations implements server.Investigations.
func (i investigations) Investigations(context.Context) ([]server.Investigation, error) {
	var all []server.Investigation
	for _, run := range i.runs.List() {
		all = append(all, *viewInvestigation(run))
	}
	return all, nil
}

// Investigation implements server.Investigations.
func (i investigations) Investigation(_ context.Context, id string) (*server.Investigation, error) {
	run, err := i.runs.Get(id)
	if err != nil {
		return nil, investigationFailure(err)
	}
	return viewInvestigation(run), nil
}

// InvestigationReport implements server.Investigations.
func (i investigations) InvestigationReport(ctx context.Context, id, format string) ([]byte, error) {
	report, err := i.runs.Report(ctx, id)
	if err != nil {
		return nil, investigationFailure(err)
	}
	var b bytes.Buffer
	if format == "html" {
		err = report.HTML(&b)
	} else {
		err = json.NewEncoder(&b).Encode(report)
	}
	if err != nil {
		return nil, err
	}
	err = i.acts.done(ctx, act{
		operation: "Read investigation", kind: "Investigation", id: id, name: report.Subject.User, description: "read a mailbox exposure report",
		properties: map[string]any{"Format": format, "SHA256": report.SHA256},
	}, nil)
	return b.Bytes(), err
}

// RemoveInvestigation implements server.Investigations.
func (i investigations) RemoveInvestigation(ctx context.Context, id string) error {
	err := i.runs.Remove(ctx, id)
	err = i.acts.done(ctx, act{operation: "Remove investigation", kind: "Investigation", id: id, description: "took a mailbox exposure report away"}, err)
	return investigationFailure(err)
}

func investigationFailure(err error) error {
	var none *investigate.NoReportError
	switch {
	case errors.Is(err, investigate.ErrNotFound):
		return server.ErrNotFound
	case errors.Is(err, investigate.ErrBusy):
		return &server.Failure{Code: server.CodeTooMany, Message: err.Error()}
	case errors.As(err, &none):
		return &server.Failure{Code: server.CodeConflict, Message: err.Error()}
	}
	return err
}

func viewInvestigation(run investigate.Run) *server.Investigation {
	s := run.Subject
	view := &server.Investigation{
		ID: run.ID, InvestigationRequest: server.InvestigationRequest{User: s.User, From: s.From, To: s.To, Session: s.Session, Address: s.Address},
		By: run.By, State: run.State, Started: run.Started, Ended: moment(run.Ended), Done: run.Finished, Total: run.Total, Error: run.Error, SHA256: run.SHA256,
	}
	for _, one := range run.Sections {
		view.Sections = append(view.Sections, server.InvestigationSection{Title: one.Title, Says: one.Says, Rows: one.Rows, Truncated: one.Truncated, SHA256: one.SHA256})
	}
	return view
}
