package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/collect"
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
		problems, warnings := toldBy(state)
		status.Problems, status.Warnings = append(status.Problems, problems...), append(status.Warnings, warnings...)
	}
	status.Lags = tenantLags(n.lags, tenants, time.Now())
	return status, nil
}

// toldBy is what a collector says of what fails, by stream, and of what will. An
// alarm that stands for a problem is told once, as a warning.
func toldBy(state collect.Status) (problems, warnings []server.ConnectorWarning) {
	told := func(connector string, p collect.Problem) server.ConnectorWarning {
		return server.ConnectorWarning{Connector: connector, Warning: server.Warning{Code: p.Code, Cause: p.Cause, Remedy: p.Remedy}}
	}
	for _, w := range state.Warnings {
		warnings = append(warnings, told(state.Name, w))
	}
	for _, stream := range state.Shown() {
		for _, w := range stream.Warnings {
			warnings = append(warnings, told(state.Name, w))
		}
		if p := stream.Problem; p != nil && !slices.Contains(stream.Warnings, *p) {
			problems = append(problems, told(strings.TrimSuffix(state.Name+"/"+stream.ContentType, "/"), *p))
		}
	}
	return problems, warnings
}

// moment gives a time that may never have been.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
