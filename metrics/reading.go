package metrics

import (
	"maps"
	"slices"
	"time"

	"github.com/quoll/quoll/collect"
)

// Reading is what is measured, at one moment. Times are in UTC, and zero for what
// never happened.
type Reading struct {
	Version, Commit string
	Now             time.Time
	Sources         []collect.Status
	Flows           []Flow
	Delays          []Delay
	Journal         Journal
	Lake            Lake
	Archive         Archive
	Rules           []Rule
	Disks           []Disk
	Retention       *Retention
	Automation      *Automation // nil where there is none
}

// Flow counts the records of a source, tenant and content type that went through
// the normaliser since the process started.
type Flow struct {
	Source, Tenant, Content                string
	Added, Duplicates, Revisions, Rejected int64
	Others                                 int64 // that name another organisation
}

// Delay is how long the records of a content type took on a part of their way, of
// those that became visible within the last hour.
type Delay struct {
	Tenant, Content, Stage string
	P50, P90, P99, Max     time.Duration
}

// Journal says how far it reaches. Applied is the last position that queries see.
type Journal struct {
	Position, Applied uint64
	Bytes             int64 // on disk
	Quarantined       int64 // entries that could not be taken
	// Pressure is 1 while collecting is slowed down for want of room, 2 while it has
	// stopped.
	Pressure int
}

// Retention is what it did since the process started. It is nil without rules.
type Retention struct {
	LastRun                       time.Time
	RemovedRows, FreedBytes       int64
	TrimmedPayloads, TrimmedBytes int64 // of the journal
	Failing                       bool
}

// Automation says how automation rules fare, and how many files no rule comes from.
type Automation struct {
	Rules       []AutomationRule
	BrokenFiles int
}

// AutomationRule counts the actions of a rule by what became of them: done, failed,
// refused, waiting.
type AutomationRule struct {
	ID, Name string
	LastRun  time.Time
	Actions  map[string]int
}

// Lake says how the tables fare.
type Lake struct {
	Tables    []Table
	LastFlush time.Time
	Failing   bool
	// Unknown counts what the normaliser met and did not know, by kind.
	Unknown map[string]int64
}

// Table counts what a table holds.
type Table struct {
	Name               string
	Rows, Fresh, Bytes int64
	Files              int
	Commits            int64 // since the process started
}

// Archive says how far it follows the journal.
type Archive struct {
	Position uint64
	Sealed   time.Time // when the last checkpoint was published
	Failing  bool
	Stamps   []Stamp
	Copies   []Copy
	// RowFiles is nil without an archive.
	RowFiles *RowFiles
}

// RowFiles says how far the archive follows the files of the tables.
type RowFiles struct {
	Files, Kept, Waiting int
	Lag                  time.Duration
	Failing              bool
}

// Stamp says how far a time-stamping authority has stamped the archive's log.
type Stamp struct {
	Authority string
	Leaves    int64     // under its last stamp
	Last      time.Time // when that was made
	Failures  int
	Late      bool
}

// Copy says how far a copy of the archive follows it.
type Copy struct {
	Name                    string
	Objects, Bytes          int64 // not copied yet
	Lag                     time.Duration
	Leaves                  int64 // under its checkpoint
	Last                    time.Time
	Failures                int
	Late, Stopped, Unlocked bool
}

// Rule says how a rule that is switched on fares.
type Rule struct {
	ID, Name             string
	Runs, Alerts         int64
	LastRun, EvaluatedTo time.Time
	Frequency            time.Duration
	Failing              bool
}

// Disk is the room of the disk under a folder.
type Disk struct {
	Folder     string // "data" or "archive"
	Free, Size uint64 // bytes
}

func (e *emitter) reading(r *Reading) {
	e.value("quoll_build_info", 1, r.Version, r.Commit)
	for _, s := range r.Sources {
		e.source(s)
	}
	for _, f := range r.Flows {
		for outcome, n := range map[string]int64{"added": f.Added, "duplicate": f.Duplicates, "revision": f.Revisions, "rejected": f.Rejected} {
			e.value("quoll_records_total", float64(n), f.Source, f.Tenant, f.Content, outcome)
		}
		e.value("quoll_records_other_organization_total", float64(f.Others), f.Source, f.Tenant, f.Content)
	}
	for _, d := range r.Delays {
		for rank, v := range map[string]time.Duration{"p50": d.P50, "p90": d.P90, "p99": d.P99, "max": d.Max} {
			e.value("quoll_record_delay_seconds", v.Seconds(), d.Tenant, d.Content, d.Stage, rank)
		}
	}
	e.keeping(r)
	e.value("quoll_collecting_pressure", float64(r.Journal.Pressure))
	if t := r.Retention; t != nil {
		e.flag("quoll_retention_failing", t.Failing)
		e.at("quoll_retention_last_run_timestamp_seconds", t.LastRun)
		e.value("quoll_retention_removed_rows_total", float64(t.RemovedRows))
		e.value("quoll_retention_freed_bytes_total", float64(t.FreedBytes))
		e.value("quoll_journal_trimmed_payloads_total", float64(t.TrimmedPayloads))
		e.value("quoll_journal_trimmed_bytes_total", float64(t.TrimmedBytes))
	}
	for _, rule := range r.Rules {
		e.rule(rule, r.Now)
	}
	if a := r.Automation; a != nil {
		e.value("quoll_automation_broken_files", float64(a.BrokenFiles))
		for _, rule := range a.Rules {
			e.at("quoll_automation_last_run_timestamp_seconds", rule.LastRun, rule.ID, rule.Name)
			for state, n := range rule.Actions {
				e.value("quoll_automation_actions", float64(n), rule.ID, rule.Name, state)
			}
		}
	}
	for _, d := range r.Disks {
		e.value("quoll_disk_free_bytes", float64(d.Free), d.Folder)
		e.value("quoll_disk_size_bytes", float64(d.Size), d.Folder)
	}
}

var states = []collect.Health{collect.HealthRunning, collect.HealthStarting, collect.HealthDegraded, collect.HealthBlocked, collect.HealthStopped}

// source words a collector.
func (e *emitter) source(s collect.Status) {
	e.at("quoll_source_credential_end_timestamp_seconds", s.CredentialEnds, s.Name, string(s.Source), s.Tenant)
	for _, w := range codes(s.Warnings) {
		e.value("quoll_source_warning", 1, s.Name, string(s.Source), s.Tenant, "", w)
	}
	for _, one := range s.Shown() {
		labels := []string{s.Name, string(s.Source), s.Tenant, one.ContentType}
		with := func(more ...string) []string { return append(slices.Clone(labels), more...) }
		for _, state := range states {
			e.flag("quoll_source_state", one.Health == state, with(string(state))...)
		}
		if p := one.Problem; p != nil {
			e.value("quoll_source_problem", 1, with(p.Code, cause(p, one.Warnings))...)
		}
		for _, w := range codes(one.Warnings) {
			e.value("quoll_source_warning", 1, with(w)...)
		}
		e.at("quoll_source_last_success_timestamp_seconds", one.LastSuccess, labels...)
		e.at("quoll_source_last_received_timestamp_seconds", one.LastJournalled, labels...)
		e.at("quoll_source_next_expiry_timestamp_seconds", one.NextExpiry, labels...)
		e.value("quoll_source_lag_seconds", one.Lag.Seconds(), labels...)
		e.value("quoll_source_failures", float64(one.Failures), labels...)
		e.value("quoll_source_errors_total", float64(one.Errors), labels...)
		e.value("quoll_source_backlog_payloads", float64(one.Counts.Backlog()), labels...)
		e.value("quoll_source_payloads_total", float64(one.Counts.Journalled), labels...)
		e.value("quoll_source_bytes_total", float64(one.Counts.Bytes), labels...)
		e.value("quoll_source_gaps_total", float64(one.Counts.Gaps), labels...)
		e.value("quoll_source_expired_total", float64(one.Counts.Expired), labels...)
	}
}

// codes are those of warnings, each once.
func codes(warnings []collect.Problem) []string {
	seen := map[string]bool{}
	for _, w := range warnings {
		seen[w.Code] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// cause is the sentence of a problem, as long as it stays the same. Those of
// warnings have figures in them, each of which would be a series of its own.
func cause(p *collect.Problem, warnings []collect.Problem) string {
	for _, w := range warnings {
		if w.Code == p.Code && w.Cause == p.Cause {
			return ""
		}
	}
	return p.Cause
}

// keeping is journal, lake and archive.
func (e *emitter) keeping(r *Reading) {
	j := r.Journal
	e.value("quoll_journal_position", float64(j.Position))
	e.value("quoll_journal_bytes", float64(j.Bytes))
	e.value("quoll_journal_quarantined", float64(j.Quarantined))
	e.value("quoll_lake_position", float64(j.Applied))
	e.value("quoll_lake_backlog_payloads", float64(behind(j.Position, j.Applied)))
	e.at("quoll_lake_last_flush_timestamp_seconds", r.Lake.LastFlush)
	e.flag("quoll_lake_failing", r.Lake.Failing)
	for _, t := range r.Lake.Tables {
		e.value("quoll_lake_rows", float64(t.Rows), t.Name)
		e.value("quoll_lake_fresh_rows", float64(t.Fresh), t.Name)
		e.value("quoll_lake_files", float64(t.Files), t.Name)
		e.value("quoll_lake_bytes", float64(t.Bytes), t.Name)
		e.value("quoll_lake_commits_total", float64(t.Commits), t.Name)
	}
	for _, kind := range slices.Sorted(maps.Keys(r.Lake.Unknown)) {
		e.value("quoll_unknown_total", float64(r.Lake.Unknown[kind]), kind)
	}
	e.value("quoll_archive_position", float64(r.Archive.Position))
	e.value("quoll_archive_backlog_payloads", float64(behind(j.Position, r.Archive.Position)))
	e.at("quoll_archive_last_seal_timestamp_seconds", r.Archive.Sealed)
	e.flag("quoll_archive_failing", r.Archive.Failing)
	if f := r.Archive.RowFiles; f != nil {
		e.value("quoll_archive_data_files", float64(f.Files))
		e.value("quoll_archive_data_files_kept", float64(f.Kept))
		e.value("quoll_archive_data_files_waiting", float64(f.Waiting))
		e.value("quoll_archive_data_files_lag_seconds", f.Lag.Seconds())
		e.flag("quoll_archive_data_files_failing", f.Failing)
	}
	for _, s := range r.Archive.Stamps {
		e.value("quoll_archive_stamp_leaves", float64(s.Leaves), s.Authority)
		e.at("quoll_archive_stamp_last_timestamp_seconds", s.Last, s.Authority)
		e.value("quoll_archive_stamp_failures", float64(s.Failures), s.Authority)
		e.flag("quoll_archive_stamp_late", s.Late, s.Authority)
	}
	for _, c := range r.Archive.Copies {
		e.copied(c)
	}
}

func (e *emitter) copied(c Copy) {
	e.value("quoll_archive_copy_backlog_objects", float64(c.Objects), c.Name)
	e.value("quoll_archive_copy_backlog_bytes", float64(c.Bytes), c.Name)
	e.value("quoll_archive_copy_lag_seconds", c.Lag.Seconds(), c.Name)
	e.value("quoll_archive_copy_leaves", float64(c.Leaves), c.Name)
	e.at("quoll_archive_copy_last_timestamp_seconds", c.Last, c.Name)
	e.value("quoll_archive_copy_failures", float64(c.Failures), c.Name)
	e.flag("quoll_archive_copy_late", c.Late, c.Name)
	e.flag("quoll_archive_copy_stopped", c.Stopped, c.Name)
	e.flag("quoll_archive_copy_unlocked", c.Unlocked, c.Name)
}

func behind(end, at uint64) uint64 { return end - min(end, at) }

func (e *emitter) rule(r Rule, now time.Time) {
	e.value("quoll_rule_runs_total", float64(r.Runs), r.ID, r.Name)
	e.value("quoll_rule_alerts_total", float64(r.Alerts), r.ID, r.Name)
	e.at("quoll_rule_last_run_timestamp_seconds", r.LastRun, r.ID, r.Name)
	if !r.EvaluatedTo.IsZero() {
		// Up to one frequency is no lag: the next window is not over yet.
		e.value("quoll_rule_lag_seconds", max(now.Sub(r.EvaluatedTo)-r.Frequency, 0).Seconds(), r.ID, r.Name)
	}
	e.flag("quoll_rule_failing", r.Failing, r.ID, r.Name)
}
