package server

import (
	"context"
	"net/http"
	"time"
)

// Backfills searches the past of tenants' audit logs.
type Backfills interface {
	// Start begins a backfill of one tenant and returns it as it is then. A
	// request that makes no sense is a *Failure with CodeBadRequest, one that is
	// under way with CodeConflict.
	Start(ctx context.Context, r BackfillRequest) (*Backfill, error)
	// List returns those of this process, the latest first.
	List(ctx context.Context) ([]Backfill, error)
}

// BackfillRequest is the body of POST /api/v1/backfills.
type BackfillRequest struct {
	// Tenant is an id or a name of the configuration; it may be left out where
	// there is but one.
	Tenant string    `json:"tenant,omitempty"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	// RecordTypes and Operations restrict the search; empty takes all.
	RecordTypes []string `json:"recordTypes,omitempty"`
	Operations  []string `json:"operations,omitempty"`
}

// The states of a Backfill.
const (
	BackfillRunning = "running"
	BackfillDone    = "done"    // also where spans are missing
	BackfillFailed  = "failed"  // somebody has to act, then start it again
	BackfillStopped = "stopped" // with the process; starting it again goes on
)

// Backfill is a search of the past and what came of it.
type Backfill struct {
	ID         string     `json:"id,omitempty"`
	TenantID   string     `json:"tenantId"`
	TenantName string     `json:"tenantName"`
	From       time.Time  `json:"from"`
	To         time.Time  `json:"to"`
	State      string     `json:"state"`
	Started    time.Time  `json:"started"`
	Ended      *time.Time `json:"ended,omitempty"`
	// Error says why it failed or was stopped.
	Error string `json:"error,omitempty"`
	// CoveredSeconds of the range were searched before and needed no query;
	// DoneSeconds of it have been searched by now, those included.
	CoveredSeconds int64 `json:"coveredSeconds"`
	DoneSeconds    int64 `json:"doneSeconds"`
	// Open slices are still to be searched, Running of them are at Microsoft;
	// Splits were cut in two because they held too much or failed.
	Open    int   `json:"open"`
	Running int   `json:"running"`
	Splits  int64 `json:"splits"`
	// Queries were submitted, Pages read, with Found records in them, repeats
	// included.
	Queries int64 `json:"queries"`
	Pages   int64 `json:"pages"`
	Found   int64 `json:"found"`
	Bytes   int64 `json:"bytes"`
	// Records of them have been judged: Added, Duplicates, Revisions, Rejected.
	Records    int            `json:"records"`
	Added      int            `json:"added"`
	Duplicates int            `json:"duplicates"`
	Revisions  int            `json:"revisions"`
	Rejected   int            `json:"rejected"`
	Rows       map[string]int `json:"rows"`
	// Problem is the latest trouble, empty once something succeeds.
	Problem string        `json:"problem,omitempty"`
	Missing []MissingSpan `json:"missing"`
}

// MissingSpan is time whose records could not be had, or not all.
type MissingSpan struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Reason string    `json:"reason"`
}

type backfillList struct {
	Backfills []Backfill `json:"backfills"`
}

func (s *Server) handleBackfills(w http.ResponseWriter, r *http.Request) error {
	list, err := s.services.Backfills.List(r.Context())
	if err != nil {
		return err
	}
	if list == nil {
		list = []Backfill{}
	}
	for i := range list {
		list[i].complete()
	}
	writeJSON(w, http.StatusOK, backfillList{list})
	return nil
}

func (s *Server) handleBackfillStart(w http.ResponseWriter, r *http.Request) error {
	var body BackfillRequest
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	started, err := s.services.Backfills.Start(r.Context(), body)
	if err != nil {
		return err
	}
	started.complete()
	writeJSON(w, http.StatusAccepted, started)
	return nil
}

// complete puts empty lists in the place of none.
func (b *Backfill) complete() {
	if b.Missing == nil {
		b.Missing = []MissingSpan{}
	}
	if b.Rows == nil {
		b.Rows = map[string]int{}
	}
}
