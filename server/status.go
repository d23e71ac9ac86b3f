package server

import (
	"net/http"
	"time"
)

// Status is the state of the process and of what it keeps.
type Status struct {
	Version   string        `json:"version"`
	Commit    string        `json:"commit,omitempty"`
	Started   time.Time     `json:"started"`
	Now       time.Time     `json:"now"` // set by the server
	Workspace string        `json:"workspace,omitempty"`
	Journal   JournalStatus `json:"journal"`
	Lake      LakeStatus    `json:"lake"`
	// Archive is null when none is configured.
	Archive *ArchiveStatus `json:"archive"`
	// Webhook counts the calls of the audit log's notifications; null where none
	// are taken.
	Webhook *WebhookStatus `json:"webhook,omitempty"`
	// Warnings are those of all connectors: what becomes trouble unless somebody
	// acts in time.
	Warnings []ConnectorWarning `json:"warnings,omitempty"`
	// Problems are what keeps connectors from taking what there is, one for each
	// content type or table.
	Problems []ConnectorWarning `json:"problems,omitempty"`
	// Lags says how long records take, for every stream of which any became
	// visible.
	Lags []StreamLags `json:"lags,omitempty"`
}

// WebhookStatus counts calls since the start.
type WebhookStatus struct {
	Validations   int64 `json:"validations"`   // handshakes answered
	Notifications int64 `json:"notifications"` // calls taken
	Entries       int64 `json:"entries"`       // that made a listing come sooner
	Unknown       int64 `json:"unknown"`       // of tenants or content types that are not collected
	Refused       int64 `json:"refused"`       // calls without the auth id, or that made no sense
}

// ConnectorWarning is a warning with the connector that gives it.
type ConnectorWarning struct {
	Connector string `json:"connector"` // "activity/<tenant id>", of a problem with "/<content type>" behind it
	Warning
}

// JournalStatus says how far the journal reaches.
type JournalStatus struct {
	// Position is that of the last durable entry.
	Position uint64     `json:"position"`
	Bytes    int64      `json:"bytes"`
	Updated  *time.Time `json:"updated"`
	// Pressure is "slow" or "stop" where the disk is short of room: collecting is
	// slowed down, or has stopped until there is room; left out otherwise.
	Pressure string `json:"pressure,omitempty"`
}

// LakeStatus says how far the tables follow the journal.
type LakeStatus struct {
	// Position is the journal position up to which rows are queryable, and
	// Committed the one up to which they are in committed files.
	Position  uint64     `json:"position"`
	Committed uint64     `json:"committed"`
	Flushed   *time.Time `json:"flushed"`
	// Problem says why rows cannot be written, or files not be kept in order;
	// empty if all is well.
	Problem string        `json:"problem,omitempty"`
	Tables  []TableStatus `json:"tables"`
}

// TableStatus counts what a table holds.
type TableStatus struct {
	Name string `json:"name"`
	// Rows counts all, Fresh those of them that are not yet in a file.
	Rows  int64 `json:"rows"`
	Fresh int64 `json:"fresh"`
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	// Earliest and Latest TimeGenerated; null in an empty table.
	Earliest *time.Time `json:"earliest"`
	Latest   *time.Time `json:"latest"`
}

// ArchiveStatus says how far the archive follows the journal.
type ArchiveStatus struct {
	// Position is the last journal position in a published checkpoint.
	Position uint64     `json:"position"`
	Sealed   *time.Time `json:"sealed"`
	// Verified is the last verification; null: never.
	Verified *Verification `json:"verified"`
	// Checkpoint is the signed head of the log; null before the first.
	Checkpoint *Checkpoint `json:"checkpoint"`
	// Certificates are those of closed days; null where none are issued.
	Certificates *CertificateCount `json:"certificates"`
	// Drill is the last restore drill; null: never.
	Drill *Drill `json:"drill"`
	// Reconciliation is the last comparison with the tables; null: never.
	Reconciliation *Reconciliation `json:"reconciliation"`
	// Witnesses are those that are asked to cosign; null without any.
	Witnesses []WitnessStatus `json:"witnesses"`
	// Timestamps are the authorities that stamp checkpoints; null without any.
	Timestamps []TimestampStatus `json:"timestamps"`
	// Copies are the stores that the archive is copied to; null without any.
	Copies []CopyStatus `json:"copies"`
	// Recipients are the public keys that new objects are encrypted to; empty: they are
	// not.
	Recipients []string `json:"recipients"`
	// RowFiles says how far the archive follows the tables' files; null without it.
	RowFiles *RowFileStatus `json:"rowFiles"`
	// Problem says why the archive does not follow, or is empty.
	Problem string `json:"problem,omitempty"`
}

// RowFileStatus says how far the archive follows the files of the tables.
type RowFileStatus struct {
	Files      int        `json:"files"`   // of the tables, under the log
	Kept       int        `json:"kept"`    // of them, with their bytes in the archive
	Waiting    int        `json:"waiting"` // not under the log yet
	LagSeconds float64    `json:"lagSeconds"`
	Looked     *time.Time `json:"looked"` // when the last look ended; null: not since the start
	Problem    string     `json:"problem,omitempty"`
}

// CopyStatus says how far a copy of the archive follows it.
type CopyStatus struct {
	Name  string `json:"name"`
	Store string `json:"store"` // "s3://bucket/prefix"
	// Leaves of the log under the copy's checkpoint, and when that was written.
	Leaves int64      `json:"leaves"`
	Time   *time.Time `json:"time"`
	// Objects and Bytes are not copied yet. LagSeconds is the age of the oldest
	// payload that the copy cannot prove yet.
	Objects    int64   `json:"objects"`
	Bytes      int64   `json:"bytes"`
	LagSeconds float64 `json:"lagSeconds"`
	Late       bool    `json:"late"` // by more than alarmAfterSeconds
	AlarmAfter float64 `json:"alarmAfterSeconds"`
	RetainDays int     `json:"retainDays"` // 0: copies are not locked
	// Locking is in words whether the store locks; empty before it was asked.
	Locking  string `json:"locking,omitempty"`
	Unlocked bool   `json:"unlocked"` // there are to be locks, and the store has none
	// Stale is how many files it still has that were disposed of or erased, as a lock
	// keeps them, and StaleProblem what the store says.
	Stale        int    `json:"stale,omitempty"`
	StaleProblem string `json:"staleProblem,omitempty"`
	// Problem says why it does not follow; Stopped that somebody has to do
	// something about it.
	Problem  string     `json:"problem,omitempty"`
	Since    *time.Time `json:"since,omitempty"`
	Failures int        `json:"failures,omitempty"`
	Stopped  bool       `json:"stopped"`
}

// Checkpoint is a signed tree head, as C2SP tlog-checkpoint has it.
type Checkpoint struct {
	Origin string    `json:"origin"`
	Size   int64     `json:"size"` // leaves
	Root   string    `json:"root"` // Base64
	Time   time.Time `json:"time"` // when it was published
}

// Drill is the outcome of a restore drill: the archive restored elsewhere, up to
// where the tables were, and its rows compared with theirs.
type Drill struct {
	Time     time.Time `json:"time"`
	Passed   bool      `json:"passed"`
	Detail   string    `json:"detail"`
	Position uint64    `json:"position"` // last journal position restored
	Bytes    int64     `json:"bytes"`    // of payloads
	Rows     int64     `json:"rows"`
	Seconds  float64   `json:"seconds"`
}

// WitnessStatus says how far a witness has cosigned the log.
type WitnessStatus struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	Size int64  `json:"size"` // leaves under its last cosignature
	// Time is that of the cosignature, by the witness's clock; null before the
	// first since the server started.
	Time *time.Time `json:"time"`
	// Problem is why the last attempt failed, or empty.
	Problem string `json:"problem,omitempty"`
}

// TimestampStatus says how far a time-stamping authority has stamped the log.
type TimestampStatus struct {
	Name string `json:"name"`
	URL  string `json:"url"` // its scheme and host: behind them there may be a key
	// Size is the leaves under its last stamp, and Time when it made that, by its clock;
	// null before the first.
	Size int64      `json:"size"`
	Time *time.Time `json:"time"`
	// Subject is of the certificate that signed, and Policy what it stamped under.
	Subject string `json:"subject,omitempty"`
	Policy  string `json:"policy,omitempty"`
	// EverySeconds is the time between two stamps; Late: one is long overdue.
	EverySeconds float64 `json:"everySeconds"`
	Late         bool    `json:"late"`
	// Problem is why the last attempt failed, with its remedy, or empty; Failures how many
	// attempts in a row did, since Since.
	Problem  string     `json:"problem,omitempty"`
	Remedy   string     `json:"remedy,omitempty"`
	Failures int        `json:"failures,omitempty"`
	Since    *time.Time `json:"since,omitempty"`
}

// CertificateCount counts the completeness certificates that are kept.
type CertificateCount struct {
	// Certificates counts one for each tenant, content type and day.
	Certificates int `json:"certificates"`
	Tenants      int `json:"tenants"`
	// Earliest and Latest are days in UTC, "2026-09-14"; empty without any.
	Earliest string `json:"earliest,omitempty"`
	Latest   string `json:"latest,omitempty"`
}

// Verification is the outcome of a verification of the archive.
type Verification struct {
	Time   time.Time `json:"time"`
	Passed bool      `json:"passed"`
	Detail string    `json:"detail,omitempty"`
	// Stamps are what it found of time stamps; null where there were none.
	Stamps *VerifiedStamps `json:"stamps,omitempty"`
}

// VerifiedStamps counts the time stamps of a verification.
type VerifiedStamps struct {
	Count   int `json:"count"`   // whose signature holds and that are of their checkpoint
	Trusted int `json:"trusted"` // of these, which lead to a root of the configuration
	// Rooted says that there were such roots.
	Rooted bool `json:"rooted"`
	// Damaged are files of stamps that are missing, changed or extra.
	Damaged int `json:"damaged,omitempty"`
	// Reason is why the last of those that are not to be relied on is not.
	Reason string `json:"reason,omitempty"`
}

func (s *Server) handleStatus(w http.ResponseWriter, r *http.Request) error {
	status, err := s.services.Reporter.Status(r.Context())
	if err != nil {
		return err
	}
	out := *status
	out.Now = s.clock().UTC()
	if out.Lake.Tables == nil {
		out.Lake.Tables = []TableStatus{}
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}
