package server

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// Retention tells how long rows are kept, and what was removed.
type Retention interface {
	Retention(ctx context.Context) (*RetentionState, error)
	// Explain says which rule decides about a row. A *Failure with CodeBadRequest
	// says that there is no such table.
	Explain(ctx context.Context, row RetentionRow) (*RetentionVerdict, error)
	// Preview says what a run would remove now; it reads files.
	Preview(ctx context.Context) (*RetentionPreview, error)
	// Tombstones returns what runs removed, the latest first.
	Tombstones(ctx context.Context) ([]Tombstone, error)
}

// RetentionRule keeps the rows that it matches for a time.
type RetentionRule struct {
	Name string `json:"name"`
	// Priority: of the rules that match a row, the one with the lowest wins.
	Priority int `json:"priority"`
	// Keep is the period in words: "12 months", "7 years", "forever".
	Keep string `json:"keep"`
	// Preset is "ism-1988", "blueprint", "ten-years" or "archives-class", and Basis
	// what it rests on; Class is the archives authority's, as entered.
	Preset string `json:"preset,omitempty"`
	Basis  string `json:"basis,omitempty"`
	Class  string `json:"class,omitempty"`
	// Tables, RecordTypes and Users are what it is about; empty is all.
	Tables      []string `json:"tables"`
	RecordTypes []string `json:"recordTypes"`
	Users       []string `json:"users"`
	// Cutoff is the midnight (UTC) before which its rows are out of date today;
	// null for one that keeps for ever.
	Cutoff *time.Time `json:"cutoff"`
	// ShorterThanISM1988 says that it keeps less than 12 months.
	ShorterThanISM1988 bool `json:"shorterThanISM1988"`
}

// RetentionTable is a table with the rules that can win for its rows.
type RetentionTable struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
	// Oldest is TimeGenerated of its oldest row; null without rows.
	Oldest *time.Time `json:"oldest"`
	// Rules are names, the first that matches wins. Complete says that every row
	// has a rule; the others are kept for ever.
	Rules    []string `json:"rules"`
	Complete bool     `json:"complete"`
	// Removed are the rows that tombstones tell of.
	Removed int64 `json:"removed"`
}

// RetentionHold keeps rows beyond their rules.
type RetentionHold struct {
	ID      string   `json:"id"`
	Tenants []string `json:"tenants"`
	Tables  []string `json:"tables"`
	Users   []string `json:"users"`
	// From and To bound TimeGenerated; null is no bound.
	From *time.Time `json:"from"`
	To   *time.Time `json:"to"`
}

// RetentionState is the body of GET /api/v1/retention.
type RetentionState struct {
	Now time.Time `json:"now"` // set by the server
	// Rules, the first that matches a row wins. Without rules nothing is removed.
	Rules  []RetentionRule  `json:"rules"`
	Tables []RetentionTable `json:"tables"`
	Holds  []RetentionHold  `json:"holds"`
	// LastRun is when the last run ended well, NextRun when the next one begins;
	// null where there is none. Problem is why the last one failed; it is tried
	// again.
	LastRun *time.Time `json:"lastRun"`
	NextRun *time.Time `json:"nextRun"`
	Problem string     `json:"problem,omitempty"`
}

// RetentionRow is what rules look at in a row.
type RetentionRow struct {
	Table      string    `json:"table"`
	RecordType string    `json:"recordType,omitempty"` // number or name
	User       string    `json:"user,omitempty"`
	Tenant     string    `json:"tenant,omitempty"`
	Time       time.Time `json:"time"` // TimeGenerated
}

// RetentionVerdict is the body of GET /api/v1/retention/explain.
type RetentionVerdict struct {
	RetentionRow
	// Winner is the rule that decides; empty if none matches, and the row stays.
	Winner string `json:"winner"`
	Keep   string `json:"keep"`
	// Ends is the day from which the row is out of date; null for never. HeldBy is
	// the hold that keeps it beyond.
	Ends       *time.Time       `json:"ends"`
	OutOfDate  bool             `json:"outOfDate"`
	HeldBy     string           `json:"heldBy,omitempty"`
	Considered []ConsideredRule `json:"considered"`
}

// ConsideredRule is a rule beside a row.
type ConsideredRule struct {
	Rule    string `json:"rule"`
	Matches bool   `json:"matches"`
	// Why it does not match.
	Why string `json:"why,omitempty"`
}

// RetentionPreview is the body of GET /api/v1/retention/preview.
type RetentionPreview struct {
	// Day is the one by which it counts, in UTC.
	Day    time.Time     `json:"day"`
	Tables []TombstoneOf `json:"tables"` // those that lose or hold something
}

// Tombstone is what one run removed.
type Tombstone struct {
	Run  string    `json:"run"`
	Time time.Time `json:"time"` // when it began
	Day  time.Time `json:"day"`  // by which it counted, in UTC
	// Position is the last journal position whose rows were in the tables.
	Position uint64 `json:"position"`
	// Finished says that the run got through all tables.
	Finished bool `json:"finished"`
	// Signed says that the act that tells of it is under a signed checkpoint of the
	// archive.
	Signed bool `json:"signed"`
	// Recorded is the journal position of that act, 0 until then, which quoll archive
	// prove takes; SHA256 is of the tombstone, and the end of the name of the act's leaf.
	Recorded uint64        `json:"recorded,omitempty"`
	SHA256   string        `json:"sha256,omitempty"`
	Tables   []TombstoneOf `json:"tables"`
}

// TombstoneOf is what was removed from one table.
type TombstoneOf struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
	// Digest is the sum modulo 2²⁵⁶ of a SHA-256 for each row; empty in a preview.
	Digest string `json:"digest,omitempty"`
	// Dropped are files that went as a whole, Rewritten those that were in part out
	// of date; Bytes is by how much the files are smaller.
	Dropped   int   `json:"dropped"`
	Rewritten int   `json:"rewritten"`
	Bytes     int64 `json:"bytes"`
	// Rules are the rows by the rule that won, Held those that holds kept.
	Rules []RemovedRows `json:"rules"`
	Held  []RemovedRows `json:"held"`
}

// RemovedRows are rows by rule or hold.
type RemovedRows struct {
	Name   string    `json:"name"`
	Rows   int64     `json:"rows"`
	Oldest time.Time `json:"oldest"`
	Newest time.Time `json:"newest"`
}

func (s *Server) retentionEndpoints() []endpoint {
	return offered(s.services.Retention != nil, "retention",
		endpoint{"GET /api/v1/retention", RoleReader, s.handleRetention},
		endpoint{"GET /api/v1/retention/explain", RoleReader, s.handleRetentionExplain},
		endpoint{"GET /api/v1/retention/preview", RoleContributor, s.handleRetentionPreview},
		endpoint{"GET /api/v1/retention/tombstones", RoleReader, s.handleTombstones},
	)
}

func (s *Server) handleRetention(w http.ResponseWriter, r *http.Request) error {
	if err := knownParameters(r.URL.Query()); err != nil {
		return err
	}
	state, err := s.services.Retention.Retention(r.Context())
	if err != nil {
		return err
	}
	out := *state
	out.Now = s.clock().UTC()
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) handleRetentionExplain(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if err := knownParameters(q, "table", "recordType", "user", "tenant", "time"); err != nil {
		return err
	}
	row := RetentionRow{Table: q.Get("table"), RecordType: q.Get("recordType"), User: q.Get("user"), Tenant: q.Get("tenant")}
	if row.Table == "" {
		return &Failure{CodeBadRequest, "table is missing: name the table of the row"}
	}
	at, err := timeParameter(q, "time")
	if err != nil {
		return err
	}
	if row.Time = at.UTC(); at.IsZero() {
		row.Time = s.clock().UTC()
	}
	verdict, err := s.services.Retention.Explain(r.Context(), row)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, verdict)
	return nil
}

func (s *Server) handleRetentionPreview(w http.ResponseWriter, r *http.Request) error {
	if err := knownParameters(r.URL.Query()); err != nil {
		return err
	}
	preview, err := s.services.Retention.Preview(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, preview)
	return nil
}

// Bounds of one answer with tombstones.
const (
	defaultTombstones = 100
	maxTombstones     = 5000
)

func (s *Server) handleTombstones(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if err := knownParameters(q, "limit", "offset"); err != nil {
		return err
	}
	limit, err := intParameter(q, "limit", defaultTombstones, 1, maxTombstones)
	if err != nil {
		return err
	}
	offset, err := intParameter(q, "offset", 0, 0, 1<<30)
	if err != nil {
		return err
	}
	all, err := s.services.Retention.Tombstones(r.Context())
	if err != nil {
		return err
	}
	out := struct {
		Total      int         `json:"total"`
		Tombstones []Tombstone `json:"tombstones"`
	}{len(all), slices.Clone(all[min(offset, len(all)):min(offset+limit, len(all))])}
	if out.Tombstones == nil {
		out.Tombstones = []Tombstone{}
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}
