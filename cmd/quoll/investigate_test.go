package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quoll/quoll/investigate"
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
