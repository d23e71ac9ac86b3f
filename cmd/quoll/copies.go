package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/quoll/quoll/archive/copies"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/internal/objectstore"
	"github.com/quoll/quoll/metrics"
	"github.com/quoll/quoll/preflight"
	"github.com/quoll/quoll/server"
)

// keepCopies prepares what copies the archive, if it could be opened. A copy that
// cannot go on is a row of SentinelAudit, for a rule to find.
func (n *node) keepCopies(configured []config.ArchiveCopy, audit *acts) error {
	if len(configured) == 0 || n.archive == nil {
		return nil
	}
	key, err := os.ReadFile(n.paths.verifier())
	if err != nil {
		return fmt.Errorf("read verifier key: %w", err)
	}
	for _, c := range configured {
		store, err := openStore(c.ObjectStore)
		if err != nil {
			return fmt.Errorf("archive copy %s: %w", c.Name, err)
		}
		prover, err := n.openProver()
		if err != nil {
			return err
		}
		n.closers = append(n.closers, prover.Close)
		n.copiers = append(n.copiers, copies.New(
			copies.Target{Name: c.Name, Place: c.Location.String(), Store: store, Retain: c.Retain, AlarmAfter: c.AlarmAfter},
			copies.Dependencies{
				Source: prover, VerifierKey: strings.TrimSpace(string(key)), Dir: filepath.Join(n.paths.data, "copies"), FS: durable.OS{},
				Clock: clock.System(), Random: rand.Float64, Log: n.log, Told: audit.copyTold,
			}))
	}
	return nil
}

// copyTold writes down that a copy cannot go on or is late, or that this is over.
func (a *acts) copyTold(ctx context.Context, s copies.Status) {
	now := a.clock.Now()
	what := act{
		operation: "Copy archive", kind: "Archive", name: s.Name, description: "a copy of the archive follows again",
		properties: map[string]any{"Store": s.Place, "Leaves": s.Published, "Objects": s.Objects, "Bytes": s.Bytes, "LagSeconds": int64(s.Age(now).Seconds())},
	}
	switch {
	case s.Lasting:
		what.description = "a copy of the archive cannot go on"
	case s.Late(now):
		what.operation, what.description = "Copy archive in time", "a copy of the archive is late"
	}
	_ = a.found(ctx, what, !s.Lasting && !s.Late(now), s.Problem) // it is logged where it cannot be written
}

func (n *node) copyStatus(now time.Time) []server.CopyStatus {
	var all []server.CopyStatus
	for _, copier := range n.copiers {
		s := copier.Status()
		c := server.CopyStatus{
			Name: s.Name, Store: s.Place, Leaves: s.Published, Time: moment(s.Time), Objects: s.Objects, Bytes: s.Bytes,
			LagSeconds: s.Age(now).Seconds(), Late: s.Late(now), AlarmAfter: s.AlarmAfter.Seconds(), RetainDays: int(s.Retain / (24 * time.Hour)),
			Stale: s.Stale, StaleProblem: s.StaleProblem,
			Unlocked: s.Unlocked(), Problem: s.Problem, Since: moment(s.Since), Failures: s.Failures, Stopped: s.Lasting,
		}
		if s.Locking != nil {
			c.Locking = s.Locking.Found
		}
		all = append(all, c)
	}
	return all
}

func (n *node) copyFigures(now time.Time) []metrics.Copy {
	var all []metrics.Copy
	for _, copier := range n.copiers {
		s := copier.Status()
		all = append(all, metrics.Copy{
			Name: s.Name, Objects: s.Objects, Bytes: s.Bytes, Lag: s.Age(now), Leaves: s.Published, Last: s.Time,
			Failures: s.Failures, Late: s.Late(now), Stopped: s.Lasting, Unlocked: s.Unlocked(),
		})
	}
	return all
}

func (n *node) copyStates(now time.Time) []server.PartState {
	var all []server.PartState
	for _, copier := range n.copiers {
		all = append(all, copyState(copier.Status(), now))
	}
	return all
}

// copyState is the state of one copy. One that was late only because the store did
// not answer is mended by waiting; one that stopped is not.
func copyState(s copies.Status, now time.Time) server.PartState {
	state := server.PartState{Part: "archiveCopy", Name: s.Name, State: server.StateOK, Cause: s.Problem}
	switch {
	case s.Lasting:
		state.State, state.Code = server.StateFailing, "copy-stopped"
		state.Remedy = "Nothing was overwritten. Find out who changed the store or the archive: quoll archive verify on both says what differs."
	case s.Late(now):
		state.State, state.Code = server.StateFailing, "copy-late"
		state.Cause = strings.TrimSpace(fmt.Sprintf("The oldest payload that is not copied was received %s ago. %s", s.Age(now).Round(time.Minute), s.Problem))
		state.Remedy = "Look at the store, its credentials and the network: quoll check asks it."
	case s.Problem != "":
		state.State, state.Remedy = server.StateDegraded, "It is tried again. Everything else goes on."
	case s.Size == 0:
		state.State = server.StateStarting
	}
	if !s.Since.IsZero() {
		state.Met = moment(s.Since)
	}
	if s.Unlocked() {
		state.Warnings = append(state.Warnings, server.Warning{Code: "copy-unlocked", Cause: s.Locking.Found, Remedy: s.Locking.Remedy})
	}
	return state
}

// copiesToCheck are the stores as quoll check asks them.
func copiesToCheck(configured []config.ArchiveCopy) []preflight.Copy {
	var all []preflight.Copy
	for _, c := range configured {
		all = append(all, preflight.Copy{
			Name: c.Name, Place: c.Location.String(), Retain: c.Retain > 0,
			Locking: func(ctx context.Context) (objectstore.Locking, error) {
				store, err := openStore(c.ObjectStore)
				if err != nil {
					return objectstore.Locking{}, err
				}
				return store.Locking(ctx)
			},
		})
	}
	return all
}

// entraTransport is how tokens for a store are asked for.
func entraTransport(caFile string) (*http.Client, error) {
	transport, err := objectstore.Transport(caFile)
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: transport, Timeout: time.Minute}, nil
}
