package main

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/server"
)

// TestCoverageTellsFoundLateWaitingAndMissing journals rows about four messages,
// one of which comes after its link and two of which never come.
func TestCoverageTellsFoundLateWaitingAndMissing(t *testing.T) {
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
	now := time.Now().UTC()
	arrive := func(lines ...string) {
		t.Helper()
		p := model.Payload{Source: model.SourcePush, Format: model.FormatDefenderLines, Name: "x", Received: time.Now().UTC(), Body: []byte(strings.Join(lines, "\n"))}
		if _, err := n.pipeline.Journal(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if err := n.catchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	line := func(table, message, report string, age time.Duration) string {
		return fmt.Sprintf(`{"time":"%[4]s","tenantId":"t","category":"AdvancedHunting-%[1]s","properties":{"Timestamp":"%[4]s","NetworkMessageId":"%[2]s","RecipientEmailAddress":"ada@coast.example","ReportId":"%[3]s"}}`,
			table, message, report, now.Add(-age).Format(time.RFC3339))
	}
	arrive(line("EmailUrlInfo", "second", "u2", 2*time.Minute)) // before its message
	arrive(line("EmailEvents", "first", "e1", 2*time.Minute), line("EmailEvents", "second", "e2", 2*time.Minute),
		line("EmailEvents", "second", "e3", time.Minute), // a verdict that changed is no further message
		line("EmailEvents", "old", "e4", 20*24*time.Hour))
	arrive(line("EmailUrlInfo", "first", "u1", time.Minute), line("EmailUrlInfo", "third", "u3", time.Minute), line("EmailUrlInfo", "first", "u4", 3*24*time.Hour),
		line("EmailPostDeliveryEvents", "old", "p1", time.Hour), line("EmailPostDeliveryEvents", "fourth", "p2", time.Hour),
		line("UrlClickEvents", "", "c1", time.Minute))
	got, err := readCoverage(t.Context(), n.query, 24*time.Hour, now)
	if err != nil {
		t.Fatal(err)
	}
	share := func(s float64) *float64 { return &s }
	want := []server.TableCoverage{
		{Table: "EmailAttachmentInfo"},
		{Table: "EmailUrlInfo", Rows: 3, Found: 2, Waiting: 1, Share: share(2. / 3)},
		{Table: "EmailPostDeliveryEvents", Rows: 2, Found: 1, Waiting: 1, Share: share(0.5)},
		{Table: "UrlClickEvents"},
	}
	for i, w := range want {
		g := got.Tables[i]
		if (g.Share == nil) != (w.Share == nil) || g.Share != nil && *g.Share != *w.Share {
			t.Errorf("%s: share %v, want %v", w.Table, g.Share, w.Share)
		}
		g.Share, w.Share = nil, nil
		if g != w {
			t.Errorf("%+v, want %+v", g, w)
		}
	}
	later, err := n.query.Query(t.Context(), query.Request{Text: coverageQuery("EmailUrlInfo", 24*time.Hour, 48*time.Hour, 0), Now: now.Add(2 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if c := tableCoverage("EmailUrlInfo", later, later.Rows[0]); c.Missing != 1 || c.Waiting != 0 || c.Late != 1 || c.LongestLateSeconds <= 0 {
		t.Errorf("two hours later, with any delay counted: %+v", c)
	}
	var text strings.Builder
	if err := printCoverage(&text, got); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "EmailUrlInfo                       3         2    66.66%         0         1         0\n") {
		t.Errorf("in text:\n%s", text.String())
	}
}
