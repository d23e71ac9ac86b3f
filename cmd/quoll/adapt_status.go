package main

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/quoll/quoll/server"
)

// reporter tells where the parts of a node stand.
type reporter struct {
	node    *node
	roster  *roster        // nil where nothing is collected
	webhook *webhookServer // nil where no notifications are taken
	started time.Time

	certificates certificateCounter
}

// Status implements server.Reporter.
func (r *reporter) Status(context.Context) (*server.Status, error) {
	n := r.node
	p := n.pipeline.Status()
	status := &server.Status{
		Version: version, Started: r.started, Workspace: n.workspace,
		Journal: server.JournalStatus{Position: p.Journal, Updated: moment(p.LastApplied), Pressure: string(p.Pressure)},
		Lake:    server.LakeStatus{Position: p.Applied, Committed: p.Committed, Flushed: moment(p.LastFlush), Problem: cmp.Or(p.FlushError, p.MaintainError)},
		Archive: &server.ArchiveStatus{Position: p.Archived, Problem: p.ArchiveError},
	}
	if n.archiveProblem != nil {
		status.Archive.Problem = n.archiveProblem.Error()
	}
	r.proofs(status.Archive)
	for _, t := range n.lake.Stats() {
		status.Lake.Tables = append(status.Lake.Tables, server.TableStatus{
			Name: t.Name, Rows: t.Rows, Fresh: t.FreshRows, Files: t.Files, Bytes: t.Bytes, Earliest: moment(t.MinTime), Latest: moment(t.MaxTime),
		})
	}
	if r.webhook != nil {
		got := server.WebhookStatus(r.webhook.receiver.Received())
		status.Webhook = &got
	}
	var tenants []string
	for _, collector := range r.roster.all() {
		state := collector.Status()
		if !slices.Contains(tenants, state.Tenant) {
			tenants = append(tenants, state.Tenant)
		}
		warnings := state.Warnings
		for _, stream := range state.Streams {
			warnings = append(warnings, stream.Warnings...)
		}
		for _, w := range warnings {
			status.Warnings = append(status.Warnings, server.ConnectorWarning{
				Connector: state.Name, Warning: server.Warning{Code: w.Code, Cause: w.Cause, Remedy: w.Remedy},
			})
		}
	}
	status.Lags = tenantLags(n.lags, tenants, time.Now())
	return status, nil
}

// moment gives a time that may never have been.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
