package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/stamps"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/server"
)

// TestActsAreRowsUnderTheLog asks a query, signs in in vain and starts a server,
// and finds each as a row, and as a payload that the archive proves.
func TestActsAreRowsUnderTheLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "q")
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	n, err := openNode(t.Context(), paths{data: dir, archive: dir + "-archive", origin: defaultOrigin}, commandSettings(), log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := n.close(); err != nil {
			t.Error(err)
		}
	}()
	audit := &acts{journal: n.journal, workspace: n.workspace, clock: clock.System(), log: log}
	q := auditedQuerier{querier{n.query}, audit}
	if _, err := q.Query(t.Context(), server.QueryRequest{Text: "print secret=1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Query(t.Context(), server.QueryRequest{Text: "NoSuchTable | count"}); err == nil {
		t.Error("a mistake is answered")
	}
	refuses := refusingAccess{}
	if _, err := (auditedPeople{refuses, audit}).SignIn(t.Context(), "mallory", "hunter2"); !errors.Is(err, errRefusing) {
		t.Errorf("sign-in: %v", err)
	}
	configured := &config.Config{ArchiveOrigin: defaultOrigin, ArchiveTimestamps: []config.Timestamp{{Authority: stamps.Authority{Name: "harbour", URL: "https://tsa.example/tsr?key=hunter2"}}}}
	if err := audit.serverStarts(t.Context(), configured, []*detect.Rule{{ID: "r1", Query: "print 1"}}); err != nil {
		t.Fatal(err)
	}
	if err := n.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`LAQueryLogs | where QueryText == "print secret=1" | project tostring(ResponseCode), tostring(ResponseRowCount), RequestClientApp`:                                       "200 1 Quoll",
		`LAQueryLogs | where QueryText startswith "NoSuch" | project tostring(ResponseCode), tostring(ResponseRowCount), SourceSystem`:                                           "400 0 Quoll",
		`SentinelAudit | where OperationName == "Sign in" | project Status, Reason, SentinelResourceName`:                                                                        "Failure refused mallory",
		`SentinelAudit | where OperationName == "Start server" | project Status, tostring(ExtendedProperties.Rules[0].Id), tostring(ExtendedProperties.Timestamps[0]), TenantId`: "Success r1 harbour https://tsa.example " + n.workspace,
	} {
		result, err := q.Querier.Query(t.Context(), server.QueryRequest{Text: text})
		if err != nil || len(result.Rows) != 1 {
			t.Fatalf("%s: %v, error %v", text, result, err)
		}
		var got []string
		for _, cell := range result.Rows[0] {
			s, _ := cell.(string)
			got = append(got, s)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	if err := n.archiveAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	proveAct(t, n, "print secret=1")
}

// proveAct finds the act that contains a text in the archive, and proves it.
func proveAct(t *testing.T, n *node, text string) {
	t.Helper()
	p, err := archive.OpenProver(n.paths.archive, n.archive.VerifierKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	position, err := p.Search(t.Context(), func(_ archive.PayloadLeaf, body []byte) bool { return strings.Contains(string(body), text) }, nil)
	if err != nil {
		t.Fatal(err)
	}
	if proved, err := p.Payload(t.Context(), position); err != nil || proved.Leaf.Source != string(model.SourceQuoll) {
		t.Errorf("leaf %+v, error %v", proved, err)
	}
	for _, secret := range []string{"hunter2"} {
		if _, err := p.Search(t.Context(), func(_ archive.PayloadLeaf, body []byte) bool { return strings.Contains(string(body), secret) }, nil); !errors.Is(err, archive.ErrNotFound) {
			t.Errorf("a password is in the archive: %v", err)
		}
	}
}

var errRefusing = errors.New("refused")

type refusingAccess struct{ server.Access }

func (refusingAccess) SignIn(context.Context, string, string) (*server.SignedIn, error) {
	return nil, errRefusing
}

// fullJournal takes nothing.
type fullJournal struct{}

func (fullJournal) Append(context.Context, ...model.Payload) (journal.Position, error) {
	return 0, errors.New("disk full")
}

type answering struct{}

func (answering) Query(context.Context, server.QueryRequest) (*server.QueryResult, error) {
	return &server.QueryResult{}, nil
}

// TestWhatCannotBeWrittenDownIsNotAnswered: an audit trail with holes is none.
func TestWhatCannotBeWrittenDownIsNotAnswered(t *testing.T) {
	audit := &acts{journal: fullJournal{}, clock: clock.System(), log: slog.New(slog.DiscardHandler)}
	if _, err := (auditedQuerier{answering{}, audit}).Query(t.Context(), server.QueryRequest{Text: "print 1"}); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("error %v", err)
	}
}

// keeping keeps what is journalled.
type keeping struct{ payloads []model.Payload }

func (k *keeping) Append(_ context.Context, p ...model.Payload) (journal.Position, error) {
	k.payloads = append(k.payloads, p...)
	return journal.Position(len(k.payloads)), nil
}

// TestActsFitTheirTables: every column that an act fills in is one of its table.
func TestActsFitTheirTables(t *testing.T) {
	kept := &keeping{}
	audit := &acts{journal: kept, workspace: "w", clock: clock.System(), log: slog.New(slog.DiscardHandler)}
	now := clock.System().Now()
	if _, err := (auditedQuerier{answering{}, audit}).Query(t.Context(), server.QueryRequest{Text: "print 1", From: now, To: now, Parameters: map[string]string{"a": "1"}}); err != nil {
		t.Fatal(err)
	}
	if err := audit.done(t.Context(), act{operation: "Sign out", kind: "Session"}, nil); err != nil {
		t.Fatal(err)
	}
	for _, p := range kept.payloads {
		r := normalise.New(normalise.Config{WorkspaceID: "w"}).Payload(p)
		if len(r.Records) != 1 || len(r.Rejects) != 0 || len(r.Counts.Fields) != 0 {
			t.Errorf("%s: %d records, rejects %v, unknown fields %v", p.Body, len(r.Records), r.Rejects, r.Counts.Fields)
		}
	}
}

// Anybody may try to sign in: what they give as a name does not fill the disk.
func TestLongNamesAreCut(t *testing.T) {
	kept := &keeping{}
	audit := &acts{journal: kept, clock: clock.System(), log: slog.New(slog.DiscardHandler)}
	_, err := auditedPeople{refusingAccess{}, audit}.SignIn(t.Context(), strings.Repeat("n", 1<<20), "p")
	if err == nil || len(kept.payloads) != 1 || len(kept.payloads[0].Body) > 2<<10 {
		t.Errorf("%v; %d rows, the first of %d bytes", err, len(kept.payloads), len(kept.payloads[0].Body))
	}
}
