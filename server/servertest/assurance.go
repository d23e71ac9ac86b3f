package servertest

import (
	"context"
	"time"

	"github.com/quoll/quoll/assure"
)

// Assurance implements server.Assurance: some facts are shown, some not met, and the
// rest are not known.
func (c *Canned) Assurance(context.Context) (*assure.Report, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	facts := []assure.Fact{
		{Name: assure.FactStreams, Aspect: assure.Collected, State: assure.NotMet, Statement: "6 of 8 streams deliver as they should, 2 warnings. Audit.SharePoint is failing, DLP.All is stopped.", Remedy: "The Connectors page says the cause and what to do.", Where: "/connectors"},
		{Name: assure.FactAuditTables, Aspect: assure.Collected, State: assure.Shown, Statement: "UnifiedAuditLog has 132590 rows, OfficeActivity has 98201 rows.", Where: "/connectors", Query: "UnifiedAuditLog | summarize Rows = count(), Latest = max(TimeGenerated)"},
		{Name: assure.FactLog, Aspect: assure.Protected, State: assure.Shown, Statement: "Everything that arrived is a leaf of a transparency log: 40612 leaves.", Where: "/archive"},
		{Name: assure.FactVerification, Aspect: assure.Protected, State: assure.Shown, Statement: "The last verification of every byte of the archive passed.", Where: "/archive"},
		{Name: assure.FactLocked, Aspect: assure.Protected, State: assure.NotMet, Statement: "The archive is a folder: who may write to its disk can delete files.", Remedy: "Copy the archive to a store with object lock.", Where: "/archive"},
		{Name: assure.FactSearchable, Aspect: assure.Retained, State: assure.NotVisible, Statement: "OfficeActivity reaches back 3 days.", Remedy: "Twelve months are shown once they have passed here.", Where: "/logs"},
		{Name: assure.FactRules, Aspect: assure.Analysed, State: assure.Shown, Statement: "80 of 83 rules are switched on.", Where: "/rules"},
		{Name: assure.FactIncidents, Aspect: assure.Reported, State: assure.NotMet, Statement: "5 incidents are open, 3 of them without an owner.", Remedy: "Give each an owner.", Where: "/incidents"},
	}
	r := assure.NewReport(c.clock().UTC().Truncate(time.Second), facts, c.words, nil)
	r.Workspace, r.Version = "b1f0c9d2-0000-4000-8000-00000000c0de", "0.1.0"
	return r, nil
}

// Assess implements server.Assurance.
func (c *Canned) Assess(_ context.Context, item string, a assure.Assessment) (*assure.Assessment, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a.By, a.Time = "Avery Assessor", c.clock().UTC().Truncate(time.Second)
	if c.words == nil {
		c.words = map[string]assure.Assessment{}
	}
	c.words[item] = a
	return &a, nil
}
