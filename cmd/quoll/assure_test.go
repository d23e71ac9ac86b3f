package main

import (
	"testing"
	"time"

	"github.com/quoll/quoll/assure"
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
