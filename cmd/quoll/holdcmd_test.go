package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quoll/quoll/archive/hold"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/server"
)

// A hold takes two people, is an act in the tables, and comes back when somebody
// takes it out of the state.
func TestHolds(t *testing.T) {
	data, ctx := filepath.Join(t.TempDir(), "q"), t.Context()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	n, err := openNode(ctx, paths{data: data, archive: data + "-archive", origin: defaultOrigin}, commandSettings(), log)
	if err != nil {
		t.Fatal(err)
	}
	d, err := newHoldDesk(ctx, n, &acts{journal: n.journal, workspace: n.workspace, clock: clock.System(), log: log})
	if err != nil {
		t.Fatal(err)
	}
	asked := server.Hold{Name: "Claim 4711", Reason: "counsel", By: "ines", Scope: server.HoldScope{User: "mara@coast.example", Tables: []string{"EmailEvents"}}}
	kept, err := d.AddHold(ctx, asked)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(code string, err error) {
		t.Helper()
		var failure *server.Failure
		if !errors.As(err, &failure) || failure.Code != code {
			t.Errorf("error %v, want code %s", err, code)
		}
	}
	asked.Name, asked.Scope.Tables = "Other", []string{"Emails"}
	_, err = d.AddHold(ctx, asked)
	refused(server.CodeBadRequest, err)
	_, err = d.ReleaseHold(ctx, kept.ID, "Ines", "settled")
	refused(server.CodeConflict, err)
	_, err = d.ReleaseHold(ctx, "9", "bo", "settled")
	refused(server.CodeNotFound, err)

	if err := n.catchUp(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := n.state.ExecContext(ctx, "DELETE FROM hold"); err != nil {
		t.Fatal(err)
	}
	if held, err := d.Held(ctx, hold.Extent{Table: "EmailEvents"}); err != nil || len(held) != 1 || held[0].Scope.User != "mara@coast.example" || held[0].By != "ines" {
		t.Errorf("after it was taken out by hand: %+v, %v", held, err)
	}
	if held, err := d.Held(ctx, hold.Extent{Table: "EmailUrlInfo"}); err != nil || len(held) != 0 {
		t.Errorf("another table: %+v, %v", held, err)
	}
	released, err := d.ReleaseHold(ctx, "claim 4711", "bo", "settled")
	if err != nil || released.Active || released.Release.By != "bo" {
		t.Errorf("released %+v, %v", released, err)
	}
	if err := n.catchUp(ctx); err != nil {
		t.Fatal(err)
	}
	result, err := d.query.Query(ctx, server.QueryRequest{Text: `SentinelAudit | where SentinelResourceType == "Hold" | summarize Times=tostring(count()) by What=strcat(OperationName, " ", Status) | order by What asc | project strcat(What, " ", Times)`})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range result.Rows {
		text, _ := row[0].(string)
		got = append(got, text)
	}
	if want := "Add hold Failure 1, Add hold Success 1, Release hold Failure 1, Release hold Success 1, Restore hold Success 1"; strings.Join(got, ", ") != want {
		t.Errorf("acts %q, want %s", got, want)
	}
	if err := n.close(); err != nil {
		t.Fatal(err)
	}

	out, err := quoll(t, "archive", "hold", "add", "Second", "--reason", "r", "--from", "2026-06-01", "--by", "ines", "-o", "json", "--data", data)
	if err != nil || !strings.Contains(out, `"from":"2026-06-01T00:00:00Z"`) {
		t.Errorf("%q, %v", out, err)
	}
	out, err = quoll(t, "archive", "hold", "list", "--data", data)
	if err != nil || !strings.Contains(out, "released ") || !strings.Contains(out, "by ines (local user)") {
		t.Errorf("%q, %v", out, err)
	}
}

// cutQuerier answers with what it has of more.
type cutQuerier struct{ server.Querier }

func (cutQuerier) Query(context.Context, server.QueryRequest) (*server.QueryResult, error) {
	return &server.QueryResult{Statistics: server.Statistics{Truncated: true}}, nil
}

// Where not all acts about holds are seen, nobody is told that nothing holds.
func TestHoldsOfACutAnswer(t *testing.T) {
	if _, err := (holdDesk{query: cutQuerier{}}).byActs(t.Context()); err == nil {
		t.Error("some holds are taken for all")
	}
}
