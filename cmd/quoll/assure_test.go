package main

import (
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/assure"
	"github.com/quoll/quoll/server"
	"github.com/quoll/quoll/server/servertest"
)

// TestEveryFactIsGatheredOnce gathers from services that all are there: a name that
// a control stands on and nobody gathers would say for ever that nothing is known.
func TestEveryFactIsGatheredOnce(t *testing.T) {
	now := func() time.Time { return time.Date(2026, 9, 14, 8, 22, 33, 0, time.UTC) }
	c := servertest.New(now)
	dir := t.TempDir()
	g := &evidenceGatherer{
		reporter: c, querier: c, connectors: c, gaps: c, rules: c, incidents: c, access: servertest.NewAccess(now), drift: c, now: now,
		setting: evidenceSetting{dataDir: dir, archiveDir: dir, loopback: true, notifications: 1},
	}
	facts, err := g.gather(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]assure.State{}
	for _, f := range facts {
		if _, twice := states[f.Name]; twice || f.Statement == "" || f.Aspect == "" || f.State != assure.Shown && f.Remedy == "" {
			t.Errorf("%+v", f)
		}
		states[f.Name] = f.State
	}
	for _, item := range assure.Items() {
		for _, name := range item.Facts {
			if states[name] == "" {
				t.Errorf("%s stands on %q, which is not gathered", item.ID, name)
			}
		}
	}
	// What the canned story shows, and what it speaks against.
	for name, want := range map[string]assure.State{
		assure.FactStreams: assure.NotMet, assure.FactGaps: assure.NotMet, assure.FactVerification: assure.Shown, assure.FactReconcile: assure.Shown, assure.FactWitnesses: assure.Shown, assure.FactStamps: assure.NotMet,
		assure.FactDrill: assure.Shown, assure.FactSeparate: assure.NotMet, assure.FactEncryption: assure.NotMet, assure.FactSearchable: assure.NotVisible, assure.FactNotifications: assure.Shown, assure.FactDeviceTables: assure.NotMet,
	} {
		if states[name] != want {
			t.Errorf("%s is %q, want %q", name, states[name], want)
		}
	}
}

// TestStampsAreAFact words what is known of time stamps.
func TestStampsAreAFact(t *testing.T) {
	at := time.Date(2026, 9, 14, 8, 22, 33, 0, time.UTC)
	stamped := at.Add(-3 * time.Hour)
	harbour := server.TimestampStatus{Name: "harbour", URL: "https://tsa.example", Size: 40, Time: &stamped, EverySeconds: 3600}
	late, failing := harbour, harbour
	late.Late, late.Problem = true, "no answer"
	failing.Problem = "status 503"
	verified := func(s server.VerifiedStamps) *server.Verification {
		return &server.Verification{Time: at, Stamps: &s}
	}
	for name, c := range map[string]struct {
		archive server.ArchiveStatus
		offline bool
		state   assure.State
		says    string
	}{
		"none":            {server.ArchiveStatus{}, false, assure.NotMet, "No time-stamping authority stamps the log"},
		"no server":       {server.ArchiveStatus{}, true, assure.NotVisible, "is known to a running server"},
		"stamps":          {server.ArchiveStatus{Timestamps: []server.TimestampStatus{harbour}}, false, assure.Shown, "1 of 1 time-stamping authorities (RFC 3161) stamp the log: harbour (https://tsa.example) last at 2026-09-14T05:22:33Z, 3h0m0s ago, over the first 40 leaves"},
		"one of two":      {server.ArchiveStatus{Timestamps: []server.TimestampStatus{harbour, late}}, false, assure.Shown, "1 of 2 "},
		"long ago":        {server.ArchiveStatus{Timestamps: []server.TimestampStatus{failing}}, false, assure.Shown, "status 503"},
		"late":            {server.ArchiveStatus{Timestamps: []server.TimestampStatus{late}}, false, assure.NotMet, "0 of 1 "},
		"never":           {server.ArchiveStatus{Timestamps: []server.TimestampStatus{{Name: "ridge", URL: "https://ridge.example", EverySeconds: 3600}}}, false, assure.NotMet, "ridge (https://ridge.example) has not stamped yet"},
		"all hold":        {server.ArchiveStatus{Timestamps: []server.TimestampStatus{harbour}, Verified: verified(server.VerifiedStamps{Rooted: true, Count: 9, Trusted: 9})}, false, assure.Shown, "found 9 stamps, of which 9 lead to a root"},
		"one is of none":  {server.ArchiveStatus{Timestamps: []server.TimestampStatus{harbour}, Verified: verified(server.VerifiedStamps{Rooted: true, Count: 9, Trusted: 8, Reason: "harbour: no root"})}, false, assure.NotMet, "1 cannot be relied on (harbour: no root)"},
		"one is damaged":  {server.ArchiveStatus{Timestamps: []server.TimestampStatus{harbour}, Verified: verified(server.VerifiedStamps{Rooted: true, Count: 9, Trusted: 9, Damaged: 1})}, false, assure.NotMet, "1 files of stamps are missing, changed or extra"},
		"damaged offline": {server.ArchiveStatus{Verified: verified(server.VerifiedStamps{Damaged: 1})}, true, assure.NotMet, "1 files of stamps"},
		"without roots":   {server.ArchiveStatus{Timestamps: []server.TimestampStatus{harbour}, Verified: verified(server.VerifiedStamps{Count: 9})}, false, assure.Shown, "held none of them against roots"},
	} {
		g := &gathering{evidenceGatherer: &evidenceGatherer{}, at: at, status: &server.Status{Archive: &c.archive}}
		if !c.offline {
			g.connectors = servertest.New(func() time.Time { return at })
		}
		g.stampsFact()
		if f := g.facts[0]; f.Name != assure.FactStamps || f.State != c.state || !strings.Contains(f.Statement, c.says) || (f.Remedy == "") != (f.State == assure.Shown) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// TestWhoWasToldIsAFact fills the register of every open incident.
func TestWhoWasToldIsAFact(t *testing.T) {
	now := func() time.Time { return time.Date(2026, 9, 14, 8, 22, 33, 0, time.UTC) }
	c := servertest.New(now)
	states := func() map[string]assure.State {
		g := &evidenceGatherer{reporter: c, querier: c, incidents: c, now: now, setting: evidenceSetting{dataDir: ".", archiveDir: "."}}
		facts, err := g.gather(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]assure.State{}
		for _, f := range facts {
			found[f.Name] = f.State
		}
		return found
	}
	if s := states(); s[assure.FactReporting] != assure.NotMet || s[assure.FactRegister] != assure.NotMet {
		t.Errorf("before anybody was told: %v", s)
	}
	open, err := c.List(t.Context(), server.IncidentFilter{Status: []string{"New", "Active"}, Limit: 200})
	if err != nil || len(open.Incidents) == 0 {
		t.Fatalf("%+v, %v", open, err)
	}
	text := "What it was."
	for _, i := range open.Incidents {
		if _, err := c.SetRegister(t.Context(), i.ID, server.RegisterChange{Description: &text, Actions: &text}); err != nil {
			t.Fatal(err)
		}
		for _, to := range []string{"CISO", "ASD"} {
			if _, err := c.AddReport(t.Context(), i.ID, server.RegisterReport{To: to, At: now()}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if s := states(); s[assure.FactReporting] != assure.Shown || s[assure.FactRegister] != assure.Shown {
		t.Errorf("when all were told: %v", s)
	}
}
