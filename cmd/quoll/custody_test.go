package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/incident"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/server"
)

const custodyRuleText = `
id: 5d2a0f3e-0000-4000-8000-000000000001
name: Rules are made
kind: Scheduled
version: 1.0.1
severity: High
queryFrequency: 1h
queryPeriod: 1h
triggerOperator: gt
triggerThreshold: 0
query: OfficeActivity | where Operation == "New-InboxRule"
`

// custodyOf makes a node with three records, of which two are behind two alerts of
// an incident, one by its id and the other by its account, and exports it.
func custodyOf(t *testing.T) (*node, *custodian, int64) {
	t.Helper()
	dir := t.TempDir()
	n, err := openNode(t.Context(), paths{data: filepath.Join(dir, "q"), archive: filepath.Join(dir, "a"), origin: defaultOrigin}, commandSettings(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.close(); err != nil {
			t.Error(err)
		}
	})
	at := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	record := func(id, operation, who string) string {
		return `{"CreationTime":"` + at.Format("2006-01-02T15:04:05") + `","Id":"` + id + `","Operation":"` + operation + `","OrganizationId":"a","RecordType":1,"UserKey":"k","UserType":0,"Version":1,"Workload":"Exchange","UserId":"` + who + `"}`
	}
	body := "[" + record("A1", "New-InboxRule", "ada@coast.example") + "," + record("b2", "Set-Mailbox", "bo@coast.example") + "," + record("c3", "Set-Mailbox", "cy@coast.example") + "]"
	if _, err := n.pipeline.Journal(t.Context(), model.Payload{Tenant: "a", Source: model.SourceActivity, Format: model.FormatAuditArray, ContentType: "Audit.Exchange", Name: "blob", Received: time.Now().UTC(), Body: []byte(body)}); err != nil {
		t.Fatal(err)
	}
	rule, err := detect.ParseRule("rule", []byte(custodyRuleText))
	if err != nil {
		t.Fatal(err)
	}
	services, err := deskServices(t.Context(), n, []*detect.Rule{rule})
	if err != nil {
		t.Fatal(err)
	}
	c := services.Custodian.(*custodian)
	alert := func(id, query string, entity model.Entity) {
		t.Helper()
		err := c.incidents.store.Raise(t.Context(), model.Alert{
			ID: id, RuleID: rule.ID, RuleVersion: "1.0.0", RuleName: rule.Name, Name: rule.Name, Severity: model.SeverityHigh, Start: at, End: at, Raised: time.Now().UTC(),
			Entities: []model.Entity{entity}, Evidence: model.Evidence{Query: query, From: at.Add(-time.Hour), To: at.Add(time.Hour)}, Grouping: model.Grouping{CreateIncident: true, ByRule: true, Lookback: time.Hour},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	account := func(name string) model.Entity {
		return model.Entity{Kind: "Account", Identifiers: map[string]string{"FullName": name}}
	}
	alert("alert-1", `OfficeActivity | where Operation == "New-InboxRule" | project TimeGenerated, UserId, OfficeId`, account("ada@coast.example"))
	alert("alert-2", `OfficeActivity | where UserId startswith "bo" | summarize Times = count() by UserId`, account("bo@coast.example"))
	if _, err := c.incidents.store.HandOn(t.Context(), ownRows{journal: n.pipeline, clock: clock.System()}.take); err != nil {
		t.Fatal(err)
	}
	list, _, err := c.incidents.store.List(t.Context(), incident.Filter{})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d incidents, error %v", len(list), err)
	}
	return n, c, list[0].Number
}

func exported(t *testing.T, c *custodian, id string) (*server.CustodyFile, []byte) {
	t.Helper()
	file, err := c.ExportIncident(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(file.Body)
	if err := errors.Join(err, file.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return file, data
}

// TestAnIncidentIsExportedWithAllThatIsBehindIt reads the file as a stranger with the
// log's key does, and finds the raw records, the alerts and the acts in it, and that
// nothing in it can change unseen.
func TestAnIncidentIsExportedWithAllThatIsBehindIt(t *testing.T) {
	n, c, number := custodyOf(t)
	comment := "the rule is gone"
	id := "1"
	if _, err := (auditedIncidents{c.incidents, c.audit}).Update(t.Context(), id, server.IncidentChange{Comment: &comment, Actor: "ines"}); err != nil {
		t.Fatal(err)
	}
	file, data := exported(t, c, id)
	if sum := sha256.Sum256(data); file.SHA256 != hex.EncodeToString(sum[:]) || file.Size != int64(len(data)) || number != 1 {
		t.Errorf("the file has %d bytes, it says %d and %s", len(data), file.Size, file.SHA256)
	}
	key, err := note.NewVerifier(n.archive.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	check := func(data []byte) (*proof.VerifiedCustody, error) {
		b, err := proof.Read(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		if b.Custody == nil {
			return nil, errors.New("another kind of bundle")
		}
		return b.Custody.Check(key, nil, 0)
	}
	v, err := check(data)
	if err != nil {
		t.Fatal(err)
	}
	members := membersOf(t, data)
	var records []proof.CustodyRecord
	if err := json.Unmarshal(members["records.json"], &records); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, r := range records {
		ids[r.ID] = true
	}
	if !ids["a1"] || !ids["b2"] || ids["c3"] || !ids["alert-1"] || !ids["alert-2"] || v.Records != len(records) || v.Records < 6 || v.Bundles < 4 {
		t.Errorf("records %v, verified %+v", ids, v)
	}
	for name, part := range map[string]string{
		"alerts/001/rows.csv": "ada@coast.example", "alerts/002/rows.json": `"Times"`, "alerts.json": chosenByEntities, "rules/1.yaml": "name: Rules are made", "rules.json": `"1.0.0"`,
		"incident.json": comment, "register.json": `"clocks"`, "report.txt": "Rules are made", "not-proved.json": "[]",
		"chain-of-custody.csv": "Change incident", "chain-of-custody.json": "Export incident",
	} {
		if !strings.Contains(string(members[name]), part) {
			t.Errorf("%s lacks %q:\n%s", name, part, members[name])
		}
	}
	if !bytes.HasPrefix(members["alerts/001/rows.parquet"], []byte("PAR1")) {
		t.Error("no Parquet file of the rows")
	}
	for at := 0; at < len(data); at += 997 {
		changed := bytes.Clone(data)
		changed[at] ^= 4
		if _, err := check(changed); err == nil {
			t.Fatalf("byte %d changed passes", at)
		}
	}
	if _, err := check(data[:len(data)-1024]); err == nil {
		t.Error("a file that was cut passes")
	}
	if err := c.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	result, err := querier{n.query}.Query(t.Context(), server.QueryRequest{Text: `SentinelAudit | where OperationName == "Incident exported" and Status == "Success" | project tostring(ExtendedProperties.SHA256)`})
	if err != nil || len(result.Rows) != 1 || result.Rows[0][0] != file.SHA256 {
		t.Errorf("the audit trail says %v, error %v", result, err)
	}
	left, err := os.ReadDir(filepath.Join(n.paths.data, "spill"))
	if slices.ContainsFunc(left, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), "custody") }) {
		t.Errorf("files are left: %v, error %v", left, err)
	}
}

// TestABacktestSaysWhatARuleWouldHaveFound: as it is, with another query, and as text.
func TestABacktestSaysWhatARuleWouldHaveFound(t *testing.T) {
	n, c, _ := custodyOf(t)
	if err := n.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	rules := c.rules()
	b := &backtester{node: n, book: newRuleBook(t.TempDir(), rules, nil, ruleQuerier{n.query})}
	now := time.Now().UTC()
	asked := server.BacktestRequest{ID: rules[0].ID, From: now.Add(-150 * time.Minute), To: now}
	found, err := b.Backtest(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	counted := 0
	for _, d := range found.Days {
		counted += d.Alerts
	}
	if found.Alerts != 1 || counted != 1 || len(found.Days) == 0 || found.Failed != 0 || found.Windows == 0 {
		t.Errorf("%+v", found)
	}
	asked.Query = `OfficeActivity | where Operation == "Nothing of the kind"`
	if found, err = b.Backtest(t.Context(), asked); err != nil || found.Alerts != 0 {
		t.Errorf("%+v, error %v", found, err)
	}
	asked.Query = "OfficeActivity | where NoSuchColumn == 1"
	var mistakes *server.QueryError
	if _, err := b.Backtest(t.Context(), asked); !errors.As(err, &mistakes) {
		t.Errorf("error %v", err)
	}
	asked.ID, asked.Query, asked.YAML = "", "", custodyRuleText
	if found, err = b.Backtest(t.Context(), asked); err != nil || found.Alerts != 1 {
		t.Errorf("%+v, error %v", found, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var refused *server.Failure
	if _, err := b.Backtest(t.Context(), asked); !errors.As(err, &refused) || refused.Code != server.CodeTooMany {
		t.Errorf("error %v", err)
	}
}

// TestAMissingMemberIsNoticed takes a member out of the file, which is then whole as
// a tar file.
func TestAMissingMemberIsNoticed(t *testing.T) {
	n, c, _ := custodyOf(t)
	_, data := exported(t, c, "1")
	members := membersOf(t, data)
	var b bytes.Buffer
	w, err := proof.NewCustodyWriter(&b, aboutOf(t, members))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range order(t, data) {
		if name == "custody.json" || name == "manifest.note" || name == "alerts/001/rows.csv" {
			continue
		}
		if err := w.Add(name, members[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(func(string) ([]byte, error) { return members["manifest.note"], nil }); err != nil {
		t.Fatal(err)
	}
	key, err := note.NewVerifier(n.archive.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := proof.Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bundle.Custody.Check(key, nil, 0); !errors.Is(err, proof.ErrContent) || !strings.Contains(err.Error(), "alerts/001/rows.csv") {
		t.Errorf("error %v", err)
	}
	if _, err := c.ExportIncident(context.Background(), "99"); !errors.Is(err, server.ErrNotFound) {
		t.Errorf("an incident that is not there: %v", err)
	}
	// The same by the command line, once nothing has the directory open.
	if err := n.close(); err != nil {
		t.Fatal(err)
	}
	if out, err := quoll(t, "incidents", "list", "--open", "--data", n.paths.data); err != nil || !strings.Contains(out, "Rules are made") {
		t.Errorf("%s, error %v", out, err)
	}
	name := filepath.Join(n.paths.data, "1.custody.tar")
	if out, err := quoll(t, "incidents", "export", "1", "--out", name, "--data", n.paths.data); err != nil {
		t.Fatal(out, err)
	}
	written, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if bundle, err = proof.Read(bytes.NewReader(written)); err != nil {
		t.Fatal(err)
	}
	if v, err := bundle.Custody.Check(key, nil, 0); err != nil || v.Records < 6 {
		t.Errorf("%+v, error %v", v, err)
	}
}

func aboutOf(t *testing.T, members map[string][]byte) (about proof.CustodyAbout) {
	t.Helper()
	if err := json.Unmarshal(members["custody.json"], &about); err != nil {
		t.Fatal(err)
	}
	return about
}

func order(t *testing.T, data []byte) (names []string) {
	t.Helper()
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
	}
}

func membersOf(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	members := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return members
		}
		if err != nil {
			t.Fatal(err)
		}
		if members[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}
