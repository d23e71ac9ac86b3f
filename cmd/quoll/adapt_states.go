package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/pipeline"
	"github.com/quoll/quoll/preflight"
	"github.com/quoll/quoll/server"
)

// States implements server.States.
func (m *measured) States(context.Context) ([]server.PartState, error) {
	var parts []server.PartState
	for _, c := range m.roster.all() {
		parts = append(parts, sourceStates(c.Status())...)
	}
	p := m.node.pipeline.Status()
	journal := kept("journal", "")
	if p.Quarantined > 0 {
		journal.Warnings = []server.Warning{{Code: "quarantined", Cause: fmt.Sprintf("%d payloads of the journal could not be made into rows.", p.Quarantined), Remedy: "Look for them in the log; a newer version of Quoll takes them with quoll replay."}}
	}
	archive := kept("archive", p.ArchiveError)
	if m.node.archiveProblem != nil {
		archive = kept("archive", m.node.archiveProblem.Error())
		archive.State = server.StateFailing
		archive.Remedy = "Nothing is archived until it opens; the journal keeps what comes, and the next start tries again. " + cmp.Or(archiveRemedy(m.node.archiveProblem), "Check the disk and the rights.")
	}
	parts = append(parts, m.node.witnessStates()...)
	parts = append(parts, m.node.stampStates(m.now())...)
	parts = append(parts, m.node.copyStates(m.now())...)
	parts = append(parts, journal, m.lake(cmp.Or(p.FlushError, p.MaintainError)), archive, m.disk(p.Pressure))
	if m.automation != nil {
		if state, there := automationState(m.automation); there {
			parts = append(parts, state)
		}
	}
	if m.retention != nil {
		if state, there := m.retention.state(); there {
			parts = append(parts, state)
		}
	}
	return parts, nil
}

// lake is how the files of the tables do. Those in a store wait for it; what is
// journalled meanwhile stays, and the rows in memory answer queries.
func (m *measured) lake(problem string) server.PartState {
	store, stored := m.node.lake.Store()
	if !stored {
		return kept("lake", problem)
	}
	state := kept("lake", cmp.Or(problem, store.Problem))
	if state.State != server.StateOK {
		state.Code = "lake_store"
		state.Remedy = "It is tried again, and nothing is lost: rows wait in the journal. Look at the store " + store.URI + ", the credentials of lake.store and the network."
	}
	return state
}

// kept is what is kept here, which is well without a problem.
func kept(part, problem string) server.PartState {
	state := server.PartState{Part: part, State: server.StateOK, Cause: problem}
	if problem != "" {
		state.State = server.StateDegraded
		state.Remedy = "It is tried again. Check the disk: is it full, or not writable?"
	}
	return state
}

// littleRoom is from which part of a disk down there is too little of it free.
const littleRoom = 20

func (m *measured) disk(pressure pipeline.Pressure) server.PartState {
	state := server.PartState{Part: "disk", State: server.StateOK}
	switch pressure {
	case pipeline.PressureSlow:
		state.State, state.Code = server.StateDegraded, "disk_short"
		state.Cause, state.Remedy = "The disk of the data directory is short of room: collecting is slowed down.", "Make room on that disk: at the edge collecting stops, until there is room. Nothing that was collected is dropped."
		return state
	case pipeline.PressureStop:
		state.State, state.Code = server.StateFailing, "disk_full"
		state.Cause, state.Remedy = "The disk of the data directory is nearly full: collecting has stopped.", "Make room on that disk: collecting goes on by itself. Microsoft keeps content for seven days."
		return state
	}
	for _, dir := range []string{m.node.paths.data, m.node.paths.archive} {
		free, size, err := preflight.DiskSpace(dir)
		if err == nil && free < size/littleRoom {
			state.State, state.Cause = server.StateDegraded, fmt.Sprintf("%s has %d MiB free.", dir, free>>20)
			state.Remedy = "Make room on that disk: when it is full, nothing can be collected."
		}
	}
	return state
}

// sourceStates are those of the streams of a collector.
func sourceStates(s collect.Status) []server.PartState {
	var parts []server.PartState
	for _, one := range s.Shown() {
		part := server.PartState{Part: "source", Name: s.Name, TenantID: s.Tenant, ContentType: one.ContentType, State: stateOf(one.Health)}
		problem := one.Problem
		if problem == nil && one.Health != collect.HealthRunning {
			problem = s.Problem
		}
		if problem != nil {
			part.Met, part.Code, part.Cause, part.Remedy = moment(problem.Time), problem.Code, problem.Cause, problem.Remedy
		}
		for _, w := range append(s.Warnings[:len(s.Warnings):len(s.Warnings)], one.Warnings...) {
			part.Warnings = append(part.Warnings, server.Warning{Code: w.Code, Cause: w.Cause, Remedy: w.Remedy})
		}
		parts = append(parts, part)
	}
	return parts
}

func stateOf(h collect.Health) string {
	switch h {
	case collect.HealthRunning:
		return server.StateOK
	case collect.HealthStarting:
		return server.StateStarting
	case collect.HealthDegraded:
		return server.StateDegraded
	}
	return server.StateFailing
}
