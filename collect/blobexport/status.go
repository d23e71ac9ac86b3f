package blobexport

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/entra"
	"github.com/quoll/quoll/model"
)

// statusTimeout bounds the database's part of a status.
const statusTimeout = 5 * time.Second

// health is what the collector remembers of its latest poll; totals are in the
// database.
type health struct {
	logger  *slog.Logger
	listing *collect.Trouble

	mu      sync.Mutex
	polls   int
	stopped bool
	trouble trouble                  // with the list of containers, and so with all
	streams map[string]*streamHealth // by container
}

// trouble is why the last attempt failed; a person has to mend it if blocked.
type trouble struct {
	problem *collect.Problem
	blocked bool
}

func (t trouble) health() collect.Health {
	switch {
	case t.blocked:
		return collect.HealthBlocked
	case t.problem != nil:
		return collect.HealthDegraded
	}
	return collect.HealthRunning
}

type streamHealth struct {
	pending int64     // blobs of the present poll not looked at yet
	oldest  time.Time // modification of the one being read
	trouble trouble
	reading *collect.Trouble
}

func (h *health) stream(container string) *streamHealth {
	if h.streams[container] == nil {
		h.streams[container] = &streamHealth{reading: collect.NewTrouble("reading the export", h.logger.With("container", container))}
	}
	return h.streams[container]
}

func (h *health) pending(container string, blobs int64, modified time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.stream(container)
	s.pending, s.oldest = blobs, modified
}

func (h *health) read(container string, err error, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.stream(container)
	s.trouble = attempted(s.reading, err, now)
}

func (h *health) listed(err error, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.polls++
	h.trouble = attempted(h.listing, err, now)
}

// attempted tells the log how an attempt ended, and returns what is wrong.
func attempted(told *collect.Trouble, err error, now time.Time) trouble {
	if err == nil {
		told.Works(now)
		return trouble{}
	}
	t := trouble{problem(err, now), blocked(err)}
	told.Failed(t.problem, t.blocked)
	return t
}

// blocked reports whether a person has to mend what an error is about.
func blocked(err error) bool {
	var refused *entra.Failure
	var answer *StoreError
	switch {
	case errors.As(err, &refused):
		return refused.Status == http.StatusBadRequest || refused.Status == http.StatusUnauthorized
	case errors.As(err, &answer):
		return answer.refuses()
	}
	return false
}

func (h *health) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
}

func problem(err error, now time.Time) *collect.Problem {
	if err == nil {
		return nil
	}
	p := &collect.Problem{Time: now, Detail: err.Error(), Cause: "The export cannot be read.",
		Remedy: "Check that the folder or the storage account is there and may be read."}
	var refused *entra.Failure
	var answer *StoreError
	switch {
	case errors.Is(err, errStorage):
		p.Cause, p.Remedy = "Quoll could not store what it collected.", "Check the disk of this machine: is it full, or not writable?"
	case errors.As(err, &refused):
		p.Code, p.Cause = refused.Code, "Microsoft Entra gave no token for the storage account."
		p.Remedy = "Check client id and credential of the application; docs/connector-errors.md explains the code."
	case errors.As(err, &answer) && answer.refuses():
		p.Code, p.Cause = answer.Code, "The storage account does not let us read."
		p.Remedy = "Has the application the role Storage Blob Data Reader (Owner alone may list but not read), is the key or the signature still valid with the rights read and list, and does the account's firewall let this machine in?"
	case errors.As(err, &answer) && answer.Status == 0 && answer.Cause != nil:
		p.Cause, p.Remedy = "The storage account cannot be reached.", "Is the account's address right, and does the network let HTTPS out to it?"
	}
	return p
}

// Status implements collect.Collector. A stream is a table. Its cursor is the
// time of the last complete look, or the modification time of the blob that is
// being read while there is a backlog.
func (c *Collector) Status() collect.Status {
	ctx, cancel := context.WithTimeout(context.Background(), statusTimeout)
	defer cancel()
	all, err := c.offsets.totals(ctx)
	now := c.clock.Now()

	h := &c.health
	h.mu.Lock()
	defer h.mu.Unlock()
	status := collect.Status{Name: "blobexport/" + c.cfg.Name, Source: model.SourceBlobExport, Tenant: c.cfg.Tenant, Health: h.trouble.health(), Problem: h.trouble.problem}
	status.Failures, status.Errors = h.listing.Failures()
	if err != nil {
		all = map[string]totals{}
		status.Health, status.Problem = collect.HealthDegraded, problem(errors.Join(errStorage, err), now)
	}
	for container := range h.streams {
		if _, ok := all[container]; !ok {
			all[container] = totals{}
		}
	}
	for container, t := range all {
		one := h.streamStatus(container, t, now)
		if one.Problem != nil && (status.Problem == nil || collect.Worst(status.Health, one.Health) != status.Health) {
			status.Problem = one.Problem
		}
		status.Health = collect.Worst(status.Health, one.Health)
		status.Streams = append(status.Streams, one)
	}
	slices.SortFunc(status.Streams, func(a, b collect.StreamStatus) int {
		return slices.Compare([]byte(a.ContentType), []byte(b.ContentType))
	})
	switch {
	case h.stopped:
		status.Health = collect.HealthStopped
	case h.polls == 0 && status.Problem == nil:
		status.Health = collect.HealthStarting
	}
	return status
}

func (h *health) streamStatus(container string, t totals, now time.Time) collect.StreamStatus {
	s := h.stream(container)
	wrong := s.trouble
	if h.trouble.problem != nil {
		wrong = h.trouble
	}
	row, errs := s.reading.Failures()
	listRow, listErrs := h.listing.Failures()
	status := collect.StreamStatus{
		ContentType:    collect.DefenderTable(container),
		Health:         wrong.health(),
		Failures:       max(row, listRow),
		Errors:         errs + listErrs,
		LastSuccess:    t.lastSuccess,
		LastBlob:       t.lastModified,
		LastJournalled: t.lastJournalled,
		Cursor:         t.lastSuccess,
		Counts:         collect.Counts{Listed: s.pending, Journalled: t.chunks, Records: t.lines, Bytes: t.bytes},
		Problem:        wrong.problem,
	}
	if s.pending > 0 {
		status.Cursor = s.oldest
	}
	if !status.Cursor.IsZero() {
		status.Lag = max(now.Sub(status.Cursor), 0)
	}
	if wrong.problem == nil && t.lastSuccess.IsZero() {
		status.Health = collect.HealthStarting
	}
	return status
}
