package main

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/quoll/quoll/archive/stamps"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/internal/objectstore"
	"github.com/quoll/quoll/metrics"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/server"
)

// keepStamps prepares what has the archive's checkpoints stamped, if it could be opened.
// An authority whose stamp is long overdue is a row of SentinelAudit.
func (n *node) keepStamps(configured []config.Timestamp, audit *acts) error {
	if n.archive == nil {
		return nil
	}
	for _, c := range configured {
		a, err := askable(c)
		if err != nil {
			return err
		}
		n.stampers = append(n.stampers, stamps.New(a, stamps.Dependencies{
			Archive: n.archive, Key: n.archive.Verifier(), Dir: filepath.Join(n.paths.data, "timestamps"), FS: durable.OS{},
			Journal: func(ctx context.Context, p model.Payload) error {
				_, err := n.pipeline.Journal(ctx, p)
				return err
			},
			Clock: clock.System(), Random: rand.Reader, Chance: mathrand.Float64, Log: n.log, Told: audit.stampTold,
		}))
	}
	return nil
}

// askable is an authority with the client that asks it.
func askable(c config.Timestamp) (stamps.Authority, error) {
	a := c.Authority
	transport, err := objectstore.Transport(c.CAFile)
	if err != nil {
		return a, fmt.Errorf("archive_timestamps, %s: %w", c.Name, err)
	}
	// A redirected POST becomes a GET: what it leads to is no authority.
	a.Client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return a, nil
}

// stampTold writes down that a time stamp is overdue, or that this is over.
func (a *acts) stampTold(ctx context.Context, s stamps.Status) {
	what := act{
		operation: "Stamp archive in time", kind: "Archive", name: s.Name, description: "a time-stamping authority stamps the archive's log again",
		properties: map[string]any{"Authority": s.Address, "Leaves": s.Size, "Last": s.Time},
	}
	late, problem := s.Late(a.clock.Now()), ""
	if late {
		what.description, problem = "a time stamp of the archive's log is overdue", s.Trouble.Cause
	}
	_ = a.found(ctx, what, !late, problem) // it is logged where it cannot be written
}

func (n *node) stampStatus(now time.Time) []server.TimestampStatus {
	var all []server.TimestampStatus
	for _, stamper := range n.stampers {
		s := stamper.Status()
		t := server.TimestampStatus{
			Name: s.Name, URL: s.Address, Size: s.Size, Time: moment(s.Time), Subject: s.Subject, Policy: s.Policy,
			EverySeconds: s.Every.Seconds(), Late: s.Late(now), Failures: s.Failures, Since: moment(s.Since),
		}
		if s.Trouble != nil {
			t.Problem, t.Remedy = s.Trouble.Cause, s.Trouble.Remedy
		}
		all = append(all, t)
	}
	return all
}

func (n *node) stampFigures(now time.Time) []metrics.Stamp {
	var all []metrics.Stamp
	for _, stamper := range n.stampers {
		s := stamper.Status()
		all = append(all, metrics.Stamp{Authority: s.Name, Leaves: s.Size, Last: s.Time, Failures: s.Failures, Late: s.Late(now)})
	}
	return all
}

func (n *node) stampStates(now time.Time) []server.PartState {
	var all []server.PartState
	for _, stamper := range n.stampers {
		all = append(all, stampState(stamper.Status(), now))
	}
	return all
}

// stampState is the state of one authority. What it does not stamp is archived all the
// same, so that trouble is no failure before a stamp is long overdue.
func stampState(s stamps.Status, now time.Time) server.PartState {
	state := server.PartState{Part: "archiveTimestamp", Name: s.Name, State: server.StateOK}
	switch {
	case s.Trouble != nil:
		state.State, state.Code, state.Cause, state.Remedy = server.StateDegraded, s.Trouble.Code, s.Trouble.Cause, s.Trouble.Remedy
		state.Met = moment(s.Since)
	case s.Size == 0:
		state.State = server.StateStarting
	}
	if s.Late(now) {
		last := "never"
		if !s.Time.IsZero() {
			last = "at " + s.Time.Format(time.RFC3339)
		}
		state.State, state.Code = server.StateFailing, "stamp-late"
		state.Cause = strings.TrimSpace(fmt.Sprintf("The log was stamped last %s, and should be every %s. %s", last, s.Every, state.Cause))
	}
	return state
}
