package activity

import (
	"sync"
	"time"

	"github.com/quoll/quoll/collect"
)

// mended is for how long blobs must have been fetched before the log says that
// fetching works again: one blob may fail among many that do not.
const mended = time.Minute

// health is what a stream remembers of its latest attempts; the rest of its
// status is in the ledger.
type health struct {
	mu           sync.Mutex
	listed       bool // an attempt to list has ended
	listProblem  *collect.Problem
	listBlocked  bool
	fetchProblem *collect.Problem
	fetchBlocked bool
	fetched      bool // something was fetched since the problem

	listing, fetching *collect.Trouble
}

func (h *health) listEnded(err error, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.listed, h.listProblem, h.listBlocked = true, nil, false
	if err != nil {
		h.listProblem, h.listBlocked = problem(err, now), behaviourOf(err) == blocked
		h.listing.Failed(h.listProblem, h.listBlocked)
		return
	}
	h.listing.Works(now)
}

func (h *health) fetchFailed(err error, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fetchProblem, h.fetchBlocked, h.fetched = problem(err, now), behaviourOf(err) == blocked, false
	h.fetching.Failed(h.fetchProblem, h.fetchBlocked)
}

func (h *health) fetchSucceeded(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fetchProblem == nil || now.Sub(h.fetchProblem.Time) >= mended {
		h.fetching.Works(now)
	}
	h.fetched, h.fetchBlocked = true, false
}

// judge adds health and problem to a status from the ledger.
func (h *health) judge(status *collect.StreamStatus) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fetchProblem != nil && status.Counts.Failed == 0 && h.fetched {
		h.fetchProblem = nil
	}
	row, all := h.listing.Failures()
	fetchRow, fetchAll := h.fetching.Failures()
	status.Failures, status.Errors = row+fetchRow, all+fetchAll
	switch {
	case h.listProblem != nil:
		status.Problem = h.listProblem
	case h.fetchProblem != nil:
		status.Problem = h.fetchProblem
	}
	switch {
	case h.listBlocked || h.fetchBlocked:
		status.Health = collect.HealthBlocked
	case status.Problem != nil:
		status.Health = collect.HealthDegraded
	case !h.listed:
		status.Health = collect.HealthStarting
	default:
		status.Health = collect.HealthRunning
	}
}
