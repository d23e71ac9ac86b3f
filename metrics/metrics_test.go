package metrics

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/model"
)

var update = flag.Bool("update", false, "write the list in docs/metrics.md anew")

var now = time.Date(2026, 9, 14, 8, 30, 0, 0, time.UTC)

// full is a reading in which everything has a value.
func full() *Reading {
	problem := &collect.Problem{Time: now, Code: "401", Cause: "The namespace refused the sign-in.", Remedy: "Put a new key."}
	expires := collect.Problem{Code: "content-expires", Cause: "12 messages are outstanding."}
	return &Reading{
		Version: "v1", Commit: "c0ffee", Now: now,
		Sources: []collect.Status{
			{
				Name: "eventhub/contoso.servicebus.windows.net", Source: model.SourceEventHub, Tenant: "t1", CredentialEnds: now.Add(time.Hour),
				Warnings: []collect.Problem{{Code: "credential-ends"}},
				Streams: []collect.StreamStatus{
					{
						ContentType: "EmailEvents", Health: collect.HealthBlocked, Problem: problem, Failures: 7, Errors: 9, Lag: 90 * time.Second,
						LastSuccess: now.Add(-time.Minute), LastJournalled: now.Add(-2 * time.Minute), NextExpiry: now.Add(time.Hour),
						Counts: collect.Counts{Listed: 3, Failed: 2, Journalled: 100, Bytes: 1000, Gaps: 1, Expired: 1},
					},
					{ContentType: "UrlClickEvents", Health: collect.HealthDegraded, Problem: &expires, Warnings: []collect.Problem{expires, expires}},
				},
			},
			{Name: "blobexport/https://contoso", Source: model.SourceBlobExport, Tenant: "t1", Health: collect.HealthStarting, Failures: 4, Errors: 4},
		},
		Flows:   []Flow{{Source: "eventhub", Tenant: "t1", Content: "EmailEvents", Added: 5, Duplicates: 4, Revisions: 3, Rejected: 2, Others: 6}},
		Delays:  []Delay{{Tenant: "t1", Content: "EmailEvents", Stage: "eventToVisible", P50: time.Second, P90: 2 * time.Second, P99: 3 * time.Second, Max: 4 * time.Second}},
		Journal: Journal{Position: 20, Applied: 18, Bytes: 4096, Quarantined: 1, Pressure: 2},
		Lake:    Lake{Tables: []Table{{Name: "EmailEvents", Rows: 10, Fresh: 4, Bytes: 2048, Files: 2, Commits: 3}}, LastFlush: now, Failing: true, Unknown: map[string]int64{"column": 3}},
		Archive: Archive{Position: 15, Sealed: now, RowFiles: &RowFiles{Files: 7, Kept: 5, Waiting: 1, Lag: time.Minute},
			Stamps: []Stamp{{Authority: "harbour", Leaves: 11, Last: now, Failures: 3, Late: true}},
			Copies: []Copy{{Name: "second", Objects: 3, Bytes: 999, Lag: time.Minute, Leaves: 12, Last: now, Failures: 2, Late: true}}},
		Automation: &Automation{BrokenFiles: 1, Rules: []AutomationRule{{ID: "calm", Name: "Calm the backup", LastRun: now, Actions: map[string]int{"done": 3, "failed": 1}}}},
		Rules:      []Rule{{ID: "r1", Name: "A \xff \"rule\"", Runs: 8, Alerts: 2, LastRun: now, EvaluatedTo: now.Add(-20 * time.Minute), Frequency: 5 * time.Minute, Failing: true}},
		Disks:      []Disk{{Folder: "data", Free: 1 << 30, Size: 1 << 40}},
		Retention:  &Retention{LastRun: now, RemovedRows: 12, FreedBytes: 34, TrimmedPayloads: 5, TrimmedBytes: 6, Failing: true},
	}
}

func scrape(t *testing.T, read Reader, logger *slog.Logger) string {
	t.Helper()
	h, err := Handler(read, logger)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestEverythingIsThere(t *testing.T) {
	text := scrape(t, func(context.Context) (*Reading, error) { return full(), nil }, slog.New(slog.DiscardHandler))
	for _, m := range All() {
		if !strings.Contains(text, "\n"+m.Name+"{") && !strings.Contains(text, "\n"+m.Name+" ") {
			t.Errorf("%s has no value", m.Name)
		}
	}
	const hub = `connector="eventhub/contoso.servicebus.windows.net",content="EmailEvents"`
	for _, want := range []string{
		`quoll_build_info{commit="c0ffee",version="v1"} 1`,
		`quoll_reading_incomplete 0`,
		`quoll_source_state{` + hub + `,source="eventhub",state="blocked",tenant="t1"} 1`,
		`quoll_source_state{` + hub + `,source="eventhub",state="running",tenant="t1"} 0`,
		`quoll_source_state{connector="blobexport/https://contoso",content="",source="blobexport",state="starting",tenant="t1"} 1`,
		`quoll_source_failures{connector="blobexport/https://contoso",content="",source="blobexport",tenant="t1"} 4`,
		`quoll_source_problem{cause="The namespace refused the sign-in.",code="401",` + hub + `,source="eventhub",tenant="t1"} 1`,
		`quoll_source_problem{cause="",code="content-expires",connector="eventhub/contoso.servicebus.windows.net",content="UrlClickEvents",source="eventhub",tenant="t1"} 1`,
		`quoll_source_backlog_payloads{` + hub + `,source="eventhub",tenant="t1"} 5`,
		`quoll_source_lag_seconds{` + hub + `,source="eventhub",tenant="t1"} 90`,
		`quoll_source_last_success_timestamp_seconds{` + hub + `,source="eventhub",tenant="t1"} 1.78`,
		`quoll_records_total{content="EmailEvents",outcome="rejected",source="eventhub",tenant="t1"} 2`,
		`quoll_records_other_organization_total{content="EmailEvents",source="eventhub",tenant="t1"} 6`,
		`quoll_record_delay_seconds{content="EmailEvents",rank="p99",stage="eventToVisible",tenant="t1"} 3`,
		`quoll_lake_backlog_payloads 2`, `quoll_archive_backlog_payloads 5`, `quoll_lake_failing 1`, `quoll_archive_failing 0`,
		`quoll_archive_stamp_leaves{authority="harbour"} 11`, `quoll_archive_stamp_failures{authority="harbour"} 3`, `quoll_archive_stamp_late{authority="harbour"} 1`,
		`quoll_archive_copy_lag_seconds{copy="second"} 60`, `quoll_archive_copy_backlog_bytes{copy="second"} 999`, `quoll_archive_copy_late{copy="second"} 1`, `quoll_archive_copy_stopped{copy="second"} 0`,
		`quoll_rule_lag_seconds{rule="A ` + "\uFFFD" + ` \"rule\"",rule_id="r1"} 900`,
		`process_resident_memory_bytes`, `go_goroutines`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(text, `quoll_source_last_success_timestamp_seconds{connector="blobexport`) {
		t.Error("what never happened has a time")
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestWhatCannotBeReadIsSaid(t *testing.T) {
	var log bytes.Buffer
	text := scrape(t, func(context.Context) (*Reading, error) {
		return &Reading{Journal: Journal{Position: 7}}, errors.New("the state is locked")
	}, slog.New(slog.NewTextHandler(&log, nil)))
	if !strings.Contains(text, "quoll_reading_incomplete 1") || !strings.Contains(text, "quoll_journal_position 7") {
		t.Error("a reading with an error hides what was read, or the error")
	}
	if !strings.Contains(log.String(), "the state is locked") {
		t.Errorf("the log says %q", log.String())
	}
}

const (
	page  = "../docs/metrics.md"
	begin = "<!-- written by go test ./metrics -update -->\n"
	end   = "<!-- end -->\n"
)

// TestThePageListsThemAll keeps docs/metrics.md true.
func TestThePageListsThemAll(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has lost its marks", page)
	}
	var b strings.Builder
	b.WriteString("| metric | type | labels | meaning |\n|---|---|---|---|\n")
	for _, m := range All() {
		kind, labels := "gauge", ""
		if m.Counter() {
			kind = "counter"
		}
		if len(m.Labels) > 0 {
			labels = "`" + strings.Join(m.Labels, "`, `") + "`"
		}
		b.WriteString("| `" + m.Name + "` | " + kind + " | " + labels + " | " + m.Help + " |\n")
	}
	want := before + begin + b.String() + end + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Errorf("%s is behind: go test ./metrics -update", page)
	}
	for word := range strings.FieldsFuncSeq(before+after, func(r rune) bool { return !(r == '_' || r >= 'a' && r <= 'z') }) {
		if strings.HasPrefix(word, "quoll_") && !strings.Contains(b.String(), "`"+word+"`") {
			t.Errorf("%s speaks of %s, which there is not", page, word)
		}
	}
}
