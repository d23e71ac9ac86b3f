package server

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Archive looks after the archive beside the server.
type Archive interface {
	// Archive tells what was verified, proved and compared.
	Archive(ctx context.Context) (*ArchiveDetail, error)
	// Hours returns the hours of the last reconciliation that match, and how many
	// there are.
	Hours(ctx context.Context, f HourFilter) (*ReconciledHours, error)
	// StartTask begins a task in the background. It is a *Failure with
	// CodeConflict while another one runs.
	StartTask(ctx context.Context, kind string) (*ArchiveTask, error)
	// Evidence makes a bundle of evidence; ErrNotFound when the archive has no
	// such record.
	Evidence(ctx context.Context, r EvidenceRequest) (*EvidenceFile, error)
	// Absence proves that no record is there; a *Failure with CodeConflict when
	// there is one.
	Absence(ctx context.Context, r AbsenceRequest) (*EvidenceFile, error)
}

// The kinds of an ArchiveTask.
const (
	TaskVerify    = "verify"
	TaskReconcile = "reconcile"
)

// ArchiveDetail is the body of GET /api/v1/archive.
type ArchiveDetail struct {
	Now time.Time `json:"now"` // set by the server
	ArchiveStatus
	// Task is the one that runs, or the last one of this process; null: none.
	Task *ArchiveTask `json:"task"`
	// Days are the certificates that are kept, the latest day first, at most 400.
	Days []CertifiedDay `json:"days"`
}

// ArchiveTask is work on the whole archive.
type ArchiveTask struct {
	Kind    string     `json:"kind"` // one of the Task constants
	Started time.Time  `json:"started"`
	Ended   *time.Time `json:"ended"` // null while it runs
	// Done of Total bytes or payloads; Total is 0 where it is not known.
	Done  int64 `json:"done"`
	Total int64 `json:"total"`
	// Error is why it could not be done, or empty. What it found is elsewhere.
	Error string `json:"error,omitempty"`
}

// CertifiedDay is the certificate of one tenant, content type and day.
type CertifiedDay struct {
	TenantID    string `json:"tenantId"`
	TenantName  string `json:"tenantName,omitempty"`
	ContentType string `json:"contentType"`
	Day         string `json:"day"` // "2026-09-14", in UTC
	Sequence    int    `json:"sequence"`
	// Listed, Fetched and Expired count blobs as the certificate does.
	Listed  int64 `json:"listed"`
	Fetched int64 `json:"fetched"`
	Expired int64 `json:"expired"`
	Gaps    int64 `json:"gaps"`
}

// Reconciliation is the outcome of a comparison of the tables with the archive.
type Reconciliation struct {
	Time    time.Time `json:"time"` // when it began
	Seconds float64   `json:"seconds"`
	Passed  bool      `json:"passed"`
	Detail  string    `json:"detail"`
	// Position is the last journal position that was compared.
	Position uint64 `json:"position"`
	// Missing rows are in the archive alone, Foreign ones in the tables alone,
	// Changed ones read otherwise.
	Missing int64             `json:"missing"`
	Foreign int64             `json:"foreign"`
	Changed int64             `json:"changed"`
	Tables  []ReconciledTable `json:"tables"`
	// HoursSHA256 is of the list of all hours, lower-case hexadecimal.
	HoursSHA256 string `json:"hoursSha256"`
	// Removals are the runs of retention; null in reconciliations of before it looked.
	Removals *ReconciledRemovals `json:"removals,omitempty"`
}

// ReconciledRemovals compares the tombstones of retention with what the log has of them.
type ReconciledRemovals struct {
	Runs int   `json:"runs"` // that are as the log has them
	Rows int64 `json:"rows"` // that these removed
	// Wrong are not under the log, or not as it has them; Waiting are not there yet.
	Wrong   int `json:"wrong,omitempty"`
	Waiting int `json:"waiting,omitempty"`
}

// ReconciledSide counts the rows of one side.
type ReconciledSide struct {
	Rows int64 `json:"rows"`
	// Digest is the sum, modulo 2²⁵⁶, of a SHA-256 of each row; hexadecimal.
	Digest string `json:"digest"`
}

// ReconciledTable is a table on both sides.
type ReconciledTable struct {
	Table     string         `json:"table"`
	Lake      ReconciledSide `json:"lake"`
	Archive   ReconciledSide `json:"archive"`
	Hours     int            `json:"hours"`
	Differing int            `json:"differing"` // hours
}

// ReconciledHour is an hour of a table on both sides.
type ReconciledHour struct {
	Table string `json:"table"`
	// Hour is when it begins; null for rows without a time of their own.
	Hour    *time.Time     `json:"hour"`
	Lake    ReconciledSide `json:"lake"`
	Archive ReconciledSide `json:"archive"`
}

// HourFilter says which hours are wanted.
type HourFilter struct {
	Table     string
	From, To  time.Time // zero is no bound, To is exclusive
	Differing bool      // only those
	Limit     int
}

// ReconciledHours is the body of GET /api/v1/archive/hours.
type ReconciledHours struct {
	Time  *time.Time       `json:"time"`  // of the reconciliation; null: never
	Total int              `json:"total"` // that match
	Hours []ReconciledHour `json:"hours"` // by table and hour
}

// EvidenceRequest is the body of POST /api/v1/archive/evidence.
type EvidenceRequest struct {
	// ID names a record; or Position the payload in the journal, and Record, if
	// not null, one of its records, from 0.
	ID       string `json:"id,omitempty"`
	Position uint64 `json:"position,omitempty"`
	Record   *int   `json:"record,omitempty"`
}

// AbsenceRequest is the body of POST /api/v1/archive/absence: a record of the
// operation about the subject, from a time on and before another. Case does not
// matter.
type AbsenceRequest struct {
	Tenant    string    `json:"tenant"`
	Operation string    `json:"operation"`
	Subject   string    `json:"subject"` // UserId, ObjectId or MailboxOwnerUPN
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
}

// EvidenceFile is a bundle as docs/formats/evidence.md and absence.md have it.
type EvidenceFile struct {
	Name string
	Data []byte
}

func (s *Server) archiveEndpoints() []endpoint {
	return offered(s.services.Archive != nil, "the archive",
		endpoint{"GET /api/v1/archive", RoleReader, s.handleArchive},
		endpoint{"GET /api/v1/archive/hours", RoleReader, s.handleReconciledHours},
		endpoint{"POST /api/v1/archive/tasks", RoleContributor, s.handleArchiveTask},
		endpoint{"POST /api/v1/archive/evidence", RoleResponder, s.handleEvidence},
		endpoint{"POST /api/v1/archive/absence", RoleResponder, s.handleAbsence})
}

func (s *Server) handleArchive(w http.ResponseWriter, r *http.Request) error {
	detail, err := s.services.Archive.Archive(r.Context())
	if err != nil {
		return err
	}
	out := *detail
	out.Now = s.clock().UTC()
	if out.Days == nil {
		out.Days = []CertifiedDay{}
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

const (
	defaultHours = 200
	maxHours     = 5000
)

func (s *Server) handleReconciledHours(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if err := knownParameters(q, "table", "from", "to", "differing", "limit"); err != nil {
		return err
	}
	f := HourFilter{Table: q.Get("table")}
	var err error
	if f.From, err = timeParameter(q, "from"); err != nil {
		return err
	}
	if f.To, err = timeParameter(q, "to"); err != nil {
		return err
	}
	if text := q.Get("differing"); text != "" {
		if f.Differing, err = strconv.ParseBool(text); err != nil {
			return &Failure{CodeBadRequest, "differing is true or false"}
		}
	}
	if f.Limit, err = intParameter(q, "limit", defaultHours, 0, maxHours); err != nil {
		return err
	}
	hours, err := s.services.Archive.Hours(r.Context(), f)
	if err != nil {
		return err
	}
	out := *hours
	if out.Hours == nil {
		out.Hours = []ReconciledHour{}
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) handleArchiveTask(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Kind string `json:"kind"`
	}
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	if !slices.Contains([]string{TaskVerify, TaskReconcile}, body.Kind) {
		return &Failure{CodeBadRequest, "kind is " + TaskVerify + " or " + TaskReconcile}
	}
	task, err := s.services.Archive.StartTask(r.Context(), body.Kind)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusAccepted, task)
	return nil
}

func (s *Server) handleEvidence(w http.ResponseWriter, r *http.Request) error {
	var body EvidenceRequest
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	switch {
	case (body.ID == "") == (body.Position == 0):
		return &Failure{CodeBadRequest, "name the record with id, or its payload with position"}
	case body.ID != "" && body.Record != nil:
		return &Failure{CodeBadRequest, "record goes with position: id says which record"}
	}
	file, err := s.services.Archive.Evidence(r.Context(), body)
	if err != nil {
		return err
	}
	writeFile(w, "application/x-tar", file.Name, file.Data)
	return nil
}

func (s *Server) handleAbsence(w http.ResponseWriter, r *http.Request) error {
	var body AbsenceRequest
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	switch {
	case body.Tenant == "" || body.Operation == "" || body.Subject == "":
		return &Failure{CodeBadRequest, "name tenant, operation and subject"}
	case !body.From.Before(body.To):
		return &Failure{CodeBadRequest, "from must be before to"}
	}
	file, err := s.services.Archive.Absence(r.Context(), body)
	if err != nil {
		return err
	}
	writeFile(w, "application/x-tar", file.Name, file.Data)
	return nil
}

// writeFile answers with a file to be kept. The name must be plain ASCII.
func writeFile(w http.ResponseWriter, mediaType, name string, data []byte) {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(data)
}
