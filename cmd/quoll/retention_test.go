package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/retention"
	"github.com/quoll/quoll/server"
)

// auditLine is a record of a user, so many days ago.
func auditLine(id int, user string, days int) string {
	return fmt.Sprintf(`{"Id":"00000000-0000-4000-8000-%012d","RecordType":6,"CreationTime":"%s","Operation":"FileAccessed","OrganizationId":"%s","UserType":0,"UserKey":"k","Workload":"OneDrive","UserId":"%s"}`+"\n",
		id, time.Now().UTC().AddDate(0, 0, -days).Format("2006-01-02T15:04:05"), keeperTenant, user)
}

// TestRetentionOfANode removes by rules, keeps by a hold of the archive, and finds the
// run in the tables, under the log, over the API, and no difference to the archive.
func TestRetentionOfANode(t *testing.T) {
	k, _ := openKeeper(t)
	n, ctx := k.node, t.Context()
	k.journal(t, auditLine(1, "ada@coast.example", 500)+auditLine(2, "bo@coast.example", 500)+auditLine(3, "bo@coast.example", 5))
	holds, err := newHoldDesk(ctx, n, k.audit)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holds.AddHold(ctx, server.Hold{Name: "Claim 1", Reason: "counsel", By: "ines", Scope: server.HoldScope{User: "ADA@coast.example"}}); err != nil {
		t.Fatal(err)
	}
	policy, err := retention.NewPolicy([]retention.Rule{{Name: "year", Priority: 1, Keep: retention.Period{Months: 12}, Preset: "ism-1988", Tables: []string{"UnifiedAuditLog", "OfficeActivity"}}})
	if err != nil {
		t.Fatal(err)
	}
	keeper := &retentionKeeper{node: n, policy: policy, holds: holds, audit: k.audit, clock: clock.System(), log: k.log}
	if err := errors.Join(n.catchUp(ctx), n.pipeline.Flush(ctx), keeper.expire(ctx), keeper.expire(ctx), n.catchUp(ctx), k.awaitSealed(ctx, uint64(n.journal.Last()))); err != nil {
		t.Fatal(err)
	}
	result, err := holds.query.Query(ctx, server.QueryRequest{Text: `union (UnifiedAuditLog | summarize T=strcat("rows ", count(), " ", countif(UserId startswith "ada"))), (SentinelAudit | where OperationName == "Expire rows" | summarize T=strcat(strcat_array(make_list(Status), ","), " ", countif(ExtendedProperties.Run == 1))) | order by T asc`})
	if err != nil || len(result.Rows) != 2 || result.Rows[0][0] != "Success,Success 1" || result.Rows[1][0] != "rows 2 1" {
		t.Errorf("%+v, %v", result, err)
	}
	s, err := server.New(server.DefaultConfig(), server.Options{Services: server.Services{Retention: keeper}})
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string, into any) {
		t.Helper()
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1"+path, nil))
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil || w.Code != 200 {
			t.Errorf("%s: %d %s, %v", path, w.Code, w.Body, err)
		}
	}
	var state server.RetentionState
	get("/api/v1/retention", &state)
	if len(state.Rules) != 1 || state.Rules[0].Basis == "" || len(state.Holds) != 1 || state.Holds[0].Users[0] != "ADA@coast.example" || state.LastRun == nil || state.Problem != "" {
		t.Errorf("%+v", state)
	}
	var told struct{ Tombstones []server.Tombstone }
	get("/api/v1/retention/tombstones", &told)
	if len(told.Tombstones) != 1 || !told.Tombstones[0].Signed || !told.Tombstones[0].Finished || told.Tombstones[0].Tables[0].Rows != 1 || told.Tombstones[0].Tables[0].Held[0].Name != "Claim 1" {
		t.Errorf("%+v", told)
	}
	var preview server.RetentionPreview
	if get("/api/v1/retention/preview", &preview); len(preview.Tables) != 0 {
		t.Errorf("%+v", preview)
	}
	var v server.RetentionVerdict
	get("/api/v1/retention/explain?table=OfficeActivity&user=ada@coast.example&time=2020-01-01T00:00:00Z", &v)
	if v.Winner != "year" || !v.OutOfDate || v.HeldBy != "Claim 1" || len(v.Considered) != 1 {
		t.Errorf("%+v", v)
	}
	if detail := k.finish(t, server.TaskReconcile); !detail.Reconciliation.Passed || !strings.Contains(detail.Reconciliation.Detail, "tombstones of retention tell") || detail.Reconciliation.Removals.Runs != 1 || detail.Reconciliation.Removals.Rows != 2 {
		t.Errorf("%+v", detail.Reconciliation)
	}
	if one := told.Tombstones[0]; one.Recorded == 0 || len(one.SHA256) != 64 {
		t.Errorf("%+v", one)
	}
	tombstonesAndLog(t, n)
	var text strings.Builder
	if err := errors.Join(printRetention(&text, &state), printVerdict(&text, &v), tabbed(&text, removalLines(told.Tombstones[0].Tables))); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"12 months", "held by Claim 1", `"year" decides`, "1 removed", "others are kept", "0 files dropped, 1 rewritten"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, text.String())
		}
	}
	for _, c := range []struct {
		t    lake.Tombstone
		want bool
	}{
		{lake.Tombstone{}, false},
		{lake.Tombstone{Ended: time.Now()}, true},
		{lake.Tombstone{Tables: []lake.Removal{{Table: "a"}}}, false},
		{lake.Tombstone{Tables: []lake.Removal{{Table: "a"}}, Floor: retention.Floor{Done: map[string]bool{"a": true}}}, true},
	} {
		if settled(&c.t) != c.want {
			t.Errorf("%+v is settled: %v", c.t, !c.want)
		}
	}
	if part, there := keeper.state(); !there || part.State != server.StateOK {
		t.Errorf("%+v", part)
	}
}

// tombstonesAndLog holds a tombstone, as it is and as somebody else would have it,
// against what the log has.
func tombstonesAndLog(t *testing.T, n *node) {
	t.Helper()
	prover, err := n.openProver()
	if err != nil {
		t.Fatal(err)
	}
	defer prover.Close()
	last, err := prover.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	told := removals{}
	if err := (provedPayloads{prover, nil, told}).Payloads(t.Context(), last, func(uint64, model.Payload) error { return nil }); err != nil || len(told) != 1 {
		t.Fatalf("%d runs under the log, %v", len(told), err)
	}
	run := n.lake.Tombstones()[0]
	if kept, lost := told.without([]lake.Tombstone{run}), told.without(nil); len(kept) != 0 || len(lost) != 1 || !strings.Contains(lost[0], "at position "+fmt.Sprint(run.Recorded)) {
		t.Errorf("without a tombstone: %q, %q", kept, lost)
	}
	before := removals{} // as it was written down when names had no sums
	for position, p := range told {
		p.Name = removalKey(&run)
		before[position] = p
	}
	for name, c := range map[string]struct {
		told   removals
		change func(*lake.Tombstone)
		want   server.ReconciledRemovals
		says   string
	}{
		"as it is":              {told, func(*lake.Tombstone) {}, server.ReconciledRemovals{Runs: 1, Rows: 2}, ""},
		"disposed of":           {removals{}, func(*lake.Tombstone) {}, server.ReconciledRemovals{Runs: 1, Rows: 2}, ""},
		"more rows":             {told, func(b *lake.Tombstone) { b.Tables[0].Rows++ }, server.ReconciledRemovals{Wrong: 1}, "its SHA-256 is"},
		"wider terms":           {told, func(b *lake.Tombstone) { b.Day = b.Day.AddDate(1, 0, 0) }, server.ReconciledRemovals{Wrong: 1}, "its SHA-256 is"},
		"disposed of and wider": {removals{}, func(b *lake.Tombstone) { b.Day = b.Day.AddDate(1, 0, 0) }, server.ReconciledRemovals{Wrong: 1}, "its SHA-256 is"},
		"another run":           {told, func(b *lake.Tombstone) { b.Run++ }, server.ReconciledRemovals{Wrong: 1}, "another run is there"},
		"another position":      {told, func(b *lake.Tombstone) { b.Recorded = 1 }, server.ReconciledRemovals{Wrong: 1}, "no run of retention is there"},
		"never written down":    {told, func(b *lake.Tombstone) { b.Recorded, b.Ended = 0, b.Ended.Add(-2*time.Hour) }, server.ReconciledRemovals{Wrong: 1}, "is not under the log"},
		"just now":              {told, func(b *lake.Tombstone) { b.Recorded = 0 }, server.ReconciledRemovals{Waiting: 1}, ""},
		"not archived yet":      {told, func(b *lake.Tombstone) { b.Recorded = last + 1 }, server.ReconciledRemovals{Waiting: 1}, ""},
		"beyond the journal":    {told, func(b *lake.Tombstone) { b.Recorded = 9e18 }, server.ReconciledRemovals{Wrong: 1}, "the journal ends at"},
		"ends in the future":    {told, func(b *lake.Tombstone) { b.Recorded, b.Ended = 0, b.Ended.Add(1000*time.Hour) }, server.ReconciledRemovals{Wrong: 1}, "is not under the log"},
		"of before":             {before, func(*lake.Tombstone) {}, server.ReconciledRemovals{Runs: 1, Rows: 2}, ""},
		"of before, more rows":  {before, func(b *lake.Tombstone) { b.Tables[0].Rows++ }, server.ReconciledRemovals{Wrong: 1}, "other tables, rows or digests"},
	} {
		text, err := json.Marshal(run)
		if err != nil {
			t.Fatal(err)
		}
		var changed lake.Tombstone // as a start of the server reads it
		if err := json.Unmarshal(text, &changed); err != nil {
			t.Fatal(err)
		}
		c.change(&changed)
		got, problems, err := c.told.compare(t.Context(), prover, []lake.Tombstone{changed}, last, last+1, time.Now())
		if err != nil || *got != c.want || len(problems) != c.want.Wrong || c.says != "" && !strings.Contains(problems[0], c.says) {
			t.Errorf("%s: %+v, %q, %v", name, got, problems, err)
		}
	}
}

func TestAVerdictReadsAsASentence(t *testing.T) {
	for keep, want := range map[string]string{
		"forever": "\"r\" decides: the row is kept forever\n",
		"7 years": "\"r\" decides: the row is kept for 7 years\n",
	} {
		var b strings.Builder
		if err := printVerdict(&b, &server.RetentionVerdict{Winner: "r", Keep: keep}); err != nil || b.String() != want {
			t.Errorf("%q, %v", b.String(), err)
		}
	}
}
