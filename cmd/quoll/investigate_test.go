package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/investigate"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/server"
)

// The report says which message was opened, by its subject, and what it cannot
// say; the same rows have the same hash, in HTML too.
func TestInvestigate(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "q")
	write := func(name string, lines ...string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	record := func(id, operation, more string) string {
		return `{"CreationTime":"2026-09-14T08:00:00","Id":"6f0d8b0e-5d3a-4c0e-9a51-00000000000` + id + `","Operation":"` + operation + `","OrganizationId":"a","RecordType":50,"UserKey":"k","UserType":0,"Version":1,"Workload":"Exchange","UserId":"ada@coast.example","ClientIPAddress":"198.51.100.7","MailboxOwnerUPN":"ada@coast.example"` + more + `}`
	}
	audit := write("audit.jsonl",
		record("1", "MailItemsAccessed", `,"OperationProperties":[{"Name":"MailAccessType","Value":"Bind"},{"Name":"IsThrottled","Value":"True"}],"Folders":[{"Path":"\\Inbox","FolderItems":[{"InternetMessageId":"<m1@x>"},{"InternetMessageId":"<m2@x>"}]}]`),
		record("2", "MailItemsAccessed", `,"OperationProperties":[{"Name":"MailAccessType","Value":"Sync"}],"Item":{"ParentFolder":{"Path":"\\Archive"}}`),
		strings.Replace(record("3", "UserLoggedIn", `,"ClientIP":"198.51.100.7","DeviceProperties":[{"Name":"SessionId","Value":"s-1"}]`), `"RecordType":50`, `"RecordType":15`, 1))
	mail := write("mail.jsonl", `{"time":"2026-09-14T07:00:00Z","tenantId":"a","operationName":"Publish","category":"AdvancedHunting-EmailEvents","properties":{"Timestamp":"2026-09-14T07:00:00Z","NetworkMessageId":"n1","InternetMessageId":"<m1@x>","RecipientEmailAddress":"ada@coast.example","SenderFromAddress":"bo@other.example","Subject":"The tender","ReportId":"r1"}}`)
	if out, err := quoll(t, "import", audit, mail, "--data", data); err != nil {
		t.Fatal(out, err)
	}
	run := func(format string, more ...string) string {
		t.Helper()
		out, err := quoll(t, append([]string{"investigate", "ADA@coast.example", "--from", "2026-09-14", "--to", "2026-09-15", "--data", data, "-o", format}, more...)...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	var report investigate.Report
	if err := json.Unmarshal([]byte(run("json")), &report); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, s := range report.Sections {
		counts[s.Title] = len(s.Rows)
	}
	if counts["Messages opened"] != 2 || counts["Folders synchronised"] != 1 || counts["Sign-ins"] != 1 || counts["Not seen"] != 3 {
		t.Errorf("sections %v", counts)
	}
	page := run("html", "--address", "198.51.100.7")
	for _, part := range []string{"The tender", "&lt;m2@x&gt;", report.SHA256, "throttled", `Archive`} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if none := run("text", "--address", "203.0.113.1"); !strings.Contains(none, "Messages opened               0") {
		t.Errorf("from an address that nobody used:\n%s", none)
	}
}

// A server makes the report that the command makes, and writes down who had it
// made, who read it and who took it away.
func TestInvestigationsOfAServer(t *testing.T) {
	journal := &rowsKept{}
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	runs, err := investigate.Open(t.Context(), db, func(context.Context, query.Request) (*query.Result, error) { return &query.Result{}, nil }, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	desk := investigations{runs, &acts{journal: journal, clock: clock.System(), log: slog.New(slog.DiscardHandler)}}
	request := server.InvestigationRequest{User: "ada@coast.example", From: time.Unix(0, 0), To: time.Unix(60, 0)}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- desk.runs.Serve(ctx) }()
	var begun *server.Investigation
	for begun == nil {
		begun, _ = desk.StartInvestigation(t.Context(), request) // once Serve runs
	}
	now := begun
	for now.State == investigate.Running {
		var err error
		if now, err = desk.Investigation(t.Context(), begun.ID); err != nil {
			t.Fatal(err)
		}
	}
	page, err := desk.InvestigationReport(t.Context(), begun.ID, "html")
	if err != nil || !strings.Contains(string(page), now.SHA256) || len(now.Sections) != 8 {
		t.Errorf("%+v, error %v:\n%s", now, err, page)
	}
	if err := desk.RemoveInvestigation(t.Context(), begun.ID); err != nil {
		t.Error(err)
	}
	if _, err := desk.InvestigationReport(t.Context(), begun.ID, "json"); !errors.Is(err, server.ErrNotFound) {
		t.Errorf("the report of one that is gone: %v", err)
	}
	for _, operation := range []string{"Start investigation", "Read investigation", "Remove investigation"} {
		if !strings.Contains(journal.text.String(), operation) {
			t.Errorf("%s is not written down:\n%s", operation, journal.text.String())
		}
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// rowsKept is a journal in memory.
type rowsKept struct{ text strings.Builder }

func (k *rowsKept) Append(_ context.Context, payloads ...model.Payload) (journal.Position, error) {
	for _, p := range payloads {
		k.text.Write(p.Body)
	}
	return 1, nil
}
