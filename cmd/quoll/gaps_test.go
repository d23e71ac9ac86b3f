package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/server"
)

const gapTenant = "11111111-2222-3333-4444-555555555555"

// gapLedger has one stream: a day of which one blob was lost and the last hours
// are open.
func gapLedger(t *testing.T) *gaps {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	ledger, err := collect.OpenLedger(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	s := collect.Stream{Tenant: gapTenant, ContentType: "Audit.Exchange"}
	begin := time.Date(2026, 9, 14, 0, 0, 0, 0, time.UTC)
	now := begin.Add(26*time.Hour + 30*time.Minute)
	blob := func(id string, hour int) collect.Listing {
		at := begin.Add(time.Duration(hour) * time.Hour)
		return collect.Listing{ContentID: id, URI: "https://manage.example/" + id, Created: at, Expires: at.Add(7 * 24 * time.Hour)}
	}
	_, err = ledger.Listed(t.Context(), s, now, []collect.Listing{blob("kept", 3), blob("lost", 5), blob("open", 13)})
	for _, step := range []func() error{
		func() error { return err },
		func() error {
			return ledger.Journalled(t.Context(), s, "kept", collect.Receipt{Size: 900, Records: 41, At: now})
		},
		func() error { return ledger.Expired(t.Context(), s, "lost", now, "AF20051") },
		func() error {
			return ledger.AdvanceListed(t.Context(), s, collect.Window{From: begin, To: now}, now)
		},
		func() error {
			_, err := ledger.Settle(t.Context(), s, collect.Window{From: begin, To: now}, 6*time.Hour, now)
			return err
		},
		func() error { _, err := ledger.CloseHours(t.Context(), s, now); return err },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return &gaps{ledger: ledger, state: db, names: &roster{tenants: []config.Tenant{{ID: gapTenant, Name: "Coast"}}}, now: func() time.Time { return now }}
}

func TestGapsInText(t *testing.T) {
	g := gapLedger(t)
	for _, c := range []struct {
		daily, colour bool
		want          string
	}{
		{false, false, `11111111-2222-3333-4444-555555555555  Audit.Exchange  lost 1  late 1  waiting 7  complete 18
  2026-09-14  CCCCCXCCCCCCCLCCCCCCWWWW
  2026-09-15  WWW
  2026-09-14 05:00 to 2026-09-14 06:00  lost: 1 blob expired before being fetched
  2026-09-14 13:00 to 2026-09-14 14:00  late: 1 blob not fetched yet
`},
		{true, true, `11111111-2222-3333-4444-555555555555  Audit.Exchange  lost 1  waiting 1
  2026-09                  ` + "\x1b[97;41mX\x1b[0m\x1b[30;47mW\x1b[0m" + `
  2026-09-14 to 2026-09-15  lost: 1 blob expired before being fetched
`},
	} {
		calendar, err := g.Gaps(t.Context(), server.GapFilter{From: g.now().Add(-48 * time.Hour), To: g.now(), Daily: c.daily})
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := writeGaps(&b, calendar, c.colour); err != nil {
			t.Fatal(err)
		}
		if b.String() != c.want {
			t.Errorf("daily %v:\n%s\nwant\n%s", c.daily, b.String(), c.want)
		}
	}
}

func TestGapsAsCSV(t *testing.T) {
	g := gapLedger(t)
	calendar, err := g.Gaps(t.Context(), server.GapFilter{From: g.now().Add(-48 * time.Hour), To: g.now(), ContentType: "Audit.Exchange", TenantID: gapTenant})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := writeGapsCSV(&b, calendar); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	if want := "activity," + gapTenant + ",Audit.Exchange,2026-09-14T03:00:00Z,complete,1,1,0,41,900,"; lines[4] != want || len(lines) != 29 {
		t.Errorf("%d lines, the fifth %q, want 29 and %q", len(lines), lines[4], want)
	}
	other, err := g.Gaps(t.Context(), server.GapFilter{To: g.now(), ContentType: "DLP.All"})
	if err != nil || len(other.Rows) != 0 || calendar.Rows[0].TenantName != "Coast" {
		t.Errorf("rows %+v, %v for another content type; tenant name %q", other.Rows, err, calendar.Rows[0].TenantName)
	}
}

// TestGapsInPages: pages of any size put together are all rows.
func TestGapsInPages(t *testing.T) {
	c := newCertified(t)
	g := &gaps{ledger: c.ledger, state: c.db, now: func() time.Time { return c.now }}
	for i := range 5 {
		s := collect.Stream{Tenant: gapTenant, ContentType: "Audit." + string(rune('A'+i))}
		_, err := c.ledger.Listed(t.Context(), s, c.now, []collect.Listing{{ContentID: "a", URI: "https://manage.example/a", Created: c.now, Expires: c.now}})
		c.must(err)
		c.must(c.ledger.AdvanceListed(t.Context(), s, collect.Window{From: certifiedDay, To: c.now}, c.now))
	}
	names := func(f server.GapFilter) (all []string, next int) {
		t.Helper()
		f.From, f.To = certifiedDay, c.now
		calendar, err := g.Gaps(t.Context(), f)
		c.must(err)
		for _, row := range calendar.Rows {
			all = append(all, row.ContentType)
		}
		return all, calendar.Next
	}
	want, next := names(server.GapFilter{})
	if len(want) != 6 || next != 0 {
		t.Fatalf("rows %v, next %d", want, next)
	}
	for limit := 1; limit <= 7; limit++ {
		var got []string
		for skip, pages := 0, 0; ; pages++ {
			rows, next := names(server.GapFilter{Skip: skip, Limit: limit})
			if len(rows) > limit || pages > 6 {
				t.Fatalf("limit %d: %d rows, page %d", limit, len(rows), pages)
			}
			got = append(got, rows...)
			if skip = next; next == 0 {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: %v, want %v", limit, got, want)
		}
	}
}

// TestASearchRecoversALostHour: the gap stays, and the certificate says so, but
// the calendar tells that its records are there.
func TestASearchRecoversALostHour(t *testing.T) {
	c := newCertified(t)
	g := &gaps{ledger: c.ledger, now: func() time.Time { return c.now }}
	g.state = c.db
	shown := func() string {
		t.Helper()
		calendar, err := g.Gaps(t.Context(), server.GapFilter{From: certifiedDay, To: certifiedDay.Add(24 * time.Hour)})
		c.must(err)
		var b strings.Builder
		c.must(writeGaps(&b, calendar, false))
		return b.String()
	}
	before, err := c.certify("--day", "2026-09-14")
	c.must(err)
	lost := certifiedDay.Add(5 * time.Hour)
	for i, w := range []collect.Window{
		{From: lost.Add(-48 * time.Hour), To: lost},                            // not to its end
		{From: lost.Add(time.Minute), To: lost.Add(4 * time.Hour)},             // a hole of a minute
		{From: lost.Add(-time.Hour), To: lost.Add(time.Minute) /* the hole */}, // and all of it
	} {
		if text := shown(); !strings.Contains(text, "CCCCCXCC") || !strings.Contains(text, "lost 1") {
			t.Errorf("before search %d:\n%s", i, text)
		}
		c.must(c.ledger.Searched(t.Context(), gapTenant, w, c.now))
		c.must(c.ledger.Searched(t.Context(), gapTenant, w, c.now.Add(time.Hour))) // told again
	}
	text := shown()
	for _, want := range []string{"recovered 1", "CCCCCRCC", "recovered: 1 blob expired before being fetched; a search of the audit log brought what happened in this time on " + c.now.Format(time.DateOnly)} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if recorded, err := c.ledger.Gaps(t.Context(), gapStream, 10); err != nil || len(recorded) != 1 {
		t.Errorf("%d gaps recorded, %v; want the one", len(recorded), err)
	}
	if after, err := c.certify("--day", "2026-09-14"); err != nil || after != before {
		t.Errorf("the certificate changed: %v\n%s", err, after)
	}
}
