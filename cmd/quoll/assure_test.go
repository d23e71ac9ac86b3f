package main

import (
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
		assure.FactStreams: assure.NotMet, assure.FactGaps: assure.NotMet, assure.FactVerification: assure.Shown, assure.FactReconcile: assure.Shown, assure.FactWitnesses: assure.Shown,
		assure.FactDrill: assure.Shown, assure.FactSeparate: assure.NotMet, assure.FactEncryption: assure.NotMet, assure.FactSearchable: assure.NotVisible, assure.FactNotifications: assure.Shown, assure.FactDeviceTables: assure.NotMet,
	} {
		if states[name] != want {
			t.Errorf("%s is %q, want %q", name, states[name], want)
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
