package metrics

import "strings"

// Metric is one of those that are offered. docs/metrics.md lists them.
type Metric struct {
	Name, Help string
	Labels     []string
}

// Counter says whether it only grows, but for restarts.
func (m Metric) Counter() bool { return strings.HasSuffix(m.Name, "_total") }

// All returns every metric of Quoll's own, in the order of the river.
func All() []Metric {
	road := []string{"connector", "source", "tenant"}
	stream := append(road[:3:3], "content")
	of := func(labels []string, more ...string) []string {
		return append(labels[:len(labels):len(labels)], more...)
	}
	table, rule, copied, stamped := []string{"table"}, []string{"rule_id", "rule"}, []string{"copy"}, []string{"authority"}
	return []Metric{
		{"quoll_build_info", "Always 1; the labels say what runs.", []string{"version", "commit"}},
		{"quoll_reading_incomplete", "1 when not everything below could be read; the log says why.", nil},

		{"quoll_source_state", "1 for the state that a source is in, 0 for the others: running, starting, degraded (it is tried again), blocked (somebody has to act), stopped.", of(stream, "state")},
		{"quoll_source_problem", "1 while the last attempt failed, or something is about to be lost; cause is a sentence, empty where it has figures in it.", of(stream, "code", "cause")},
		{"quoll_source_warning", "1 while something becomes trouble unless somebody acts in time: credential-ends, content-expires, silent, other-organization.", of(stream, "code")},
		{"quoll_source_last_success_timestamp_seconds", "When the source last answered completely, with or without anything new.", stream},
		{"quoll_source_last_received_timestamp_seconds", "When something was last journalled.", stream},
		{"quoll_source_lag_seconds", "How far the point up to which everything is journalled lies behind now.", stream},
		{"quoll_source_failures", "Attempts that failed since the last that succeeded.", stream},
		{"quoll_source_errors_total", "Attempts that failed since the process started.", stream},
		{"quoll_source_backlog_payloads", "What the source is known to hold and Quoll does not have yet: blobs, or messages of a hub.", stream},
		{"quoll_source_next_expiry_timestamp_seconds", "When the source deletes the first of what is outstanding; absent while nothing is.", stream},
		{"quoll_source_payloads_total", "Payloads journalled since the data directory was made.", stream},
		{"quoll_source_bytes_total", "Bytes journalled since the data directory was made, repeats included.", stream},
		{"quoll_source_gaps_total", "Known gaps since the data directory was made. Any increase is data that is lost, unless a backfill brings it.", stream},
		{"quoll_source_expired_total", "Blobs that the source deleted before they were fetched.", stream},
		{"quoll_source_credential_end_timestamp_seconds", "When what the connector signs in with ends; absent where that is not known or nobody has to renew it.", road},

		{"quoll_records_total", "Records that went through the normaliser since the process started, by outcome: added, duplicate (known already), revision (known, with other content), rejected.", []string{"source", "tenant", "content", "outcome"}},
		{"quoll_records_other_organization_total", "Records that name another organisation than the tenant that they were collected for, since the process started. They are kept, under its name.", []string{"source", "tenant", "content"}},
		{"quoll_record_delay_seconds", "How long records took on their way, of those that became visible within about the last hour; stages as in GET /api/v1/connectors; p50 is the median.", []string{"tenant", "content", "stage", "rank"}},
		{"quoll_unknown_total", "What the normaliser met and did not know since the process started, and kept: record types, categories, columns, values.", []string{"kind"}},

		{"quoll_journal_position", "Position of the last durable entry of the journal.", nil},
		{"quoll_journal_bytes", "Size of the journal on disk.", nil},
		{"quoll_journal_quarantined", "Entries of the journal that could not be made into rows.", nil},
		{"quoll_lake_position", "Position of the journal up to which queries see rows.", nil},
		{"quoll_lake_backlog_payloads", "Payloads that are journalled and not visible yet.", nil},
		{"quoll_lake_rows", "Rows of a table.", table},
		{"quoll_lake_fresh_rows", "Rows of a table that are in memory and the journal, and in no file yet.", table},
		{"quoll_lake_files", "Files of a table.", table},
		{"quoll_lake_bytes", "Size of a table's files.", table},
		{"quoll_lake_commits_total", "Commits to a table since the process started.", table},
		{"quoll_lake_last_flush_timestamp_seconds", "When rows were last written to files.", nil},
		{"quoll_lake_failing", "1 while rows cannot be written, or files not be kept in order.", nil},
		{"quoll_archive_position", "Position of the journal up to which everything is archived under a published checkpoint.", nil},
		{"quoll_archive_backlog_payloads", "Payloads that are journalled and not archived yet.", nil},
		{"quoll_archive_last_seal_timestamp_seconds", "When the last checkpoint was published.", nil},
		{"quoll_archive_failing", "1 while the archive does not follow.", nil},
		{"quoll_archive_data_files", "Files of the tables whose hash is under the log.", nil},
		{"quoll_archive_data_files_kept", "Those of them whose bytes are in the archive.", nil},
		{"quoll_archive_data_files_waiting", "Files of the tables that are not under the log yet.", nil},
		{"quoll_archive_data_files_lag_seconds", "For how long files of the tables have been waiting; 0 while none do.", nil},
		{"quoll_archive_data_files_failing", "1 while the archive does not follow the files of the tables.", nil},
		{"quoll_archive_stamp_leaves", "Leaves of the log under the last time stamp of an authority.", stamped},
		{"quoll_archive_stamp_last_timestamp_seconds", "When an authority last stamped a checkpoint, by its clock.", stamped},
		{"quoll_archive_stamp_failures", "Attempts to have a checkpoint stamped that failed since the last that succeeded.", stamped},
		{"quoll_archive_stamp_late", "1 while a time stamp is overdue by more than one interval and an hour, because of trouble.", stamped},
		{"quoll_archive_copy_backlog_objects", "Objects of the archive that a copy does not have yet.", copied},
		{"quoll_archive_copy_backlog_bytes", "Size of those objects.", copied},
		{"quoll_archive_copy_lag_seconds", "How long ago the oldest payload was received that a copy cannot prove yet; 0 while it has all.", copied},
		{"quoll_archive_copy_leaves", "Leaves of the log under the checkpoint of a copy.", copied},
		{"quoll_archive_copy_last_timestamp_seconds", "When a copy's checkpoint was last written.", copied},
		{"quoll_archive_copy_failures", "Attempts to copy that failed since the last that succeeded.", copied},
		{"quoll_archive_copy_late", "1 while a copy is later than its alarm_after.", copied},
		{"quoll_archive_copy_stopped", "1 while a copy cannot go on without somebody: the store has other bytes, another history or less than was written, or the archive is damaged.", copied},
		{"quoll_archive_copy_unlocked", "1 where copies are to be locked and the store has no locking.", copied},

		{"quoll_rule_runs_total", "Windows that a rule was evaluated on, over all restarts.", rule},
		{"quoll_rule_alerts_total", "Alerts of a rule, over all restarts.", rule},
		{"quoll_rule_last_run_timestamp_seconds", "When a rule last ran, or tried to.", rule},
		{"quoll_rule_lag_seconds", "By how much a rule is late: from the end of the last window evaluated until now, less its frequency.", rule},
		{"quoll_rule_failing", "1 when the last run of a rule failed.", rule},

		{"quoll_automation_actions", "Actions of an automation rule within the last half year by what became of them: done, failed, refused, waiting.", of(rule, "state")},
		{"quoll_automation_last_run_timestamp_seconds", "When an automation rule last had something to do.", rule},
		{"quoll_automation_broken_files", "Files and folders of automation rules that are wrong: their rules do not run.", nil},

		{"quoll_disk_free_bytes", "What may still be written to the disk under a folder: data or archive.", []string{"folder"}},
		{"quoll_disk_size_bytes", "Size of that disk.", []string{"folder"}},
		{"quoll_collecting_pressure", "1 while the disk of the data directory is short of room and collecting is slowed down, 2 while it has stopped.", nil},
		{"quoll_retention_failing", "1 when the last run of retention failed.", nil},
		{"quoll_retention_last_run_timestamp_seconds", "When retention last ran well since the process started.", nil},
		{"quoll_retention_removed_rows_total", "Rows that retention removed.", nil},
		{"quoll_retention_freed_bytes_total", "Bytes by which retention made tables smaller.", nil},
		{"quoll_journal_trimmed_payloads_total", "Payloads whose bodies went from the journal, because retention removed their rows and the archive has them.", nil},
		{"quoll_journal_trimmed_bytes_total", "Bytes of these bodies, as they were stored.", nil},
	}
}
