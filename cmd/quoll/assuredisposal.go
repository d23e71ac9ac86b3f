package main

import (
	"fmt"

	"github.com/quoll/quoll/assure"
	"github.com/quoll/quoll/server"
)

// disposal says what is deleted after which minimum, and what is held.
func (g *gathering) disposal() error {
	held, all := 0, 0
	if g.holds != nil {
		holds, err := g.holds.Holds(g.ctx)
		if err != nil {
			return err
		}
		all = len(holds)
		for i := range holds {
			if holds[i].Active {
				held++
			}
		}
	}
	const acts = `SentinelAudit | where Status == "Success" | summarize Disposals = countif(OperationName == "Confirm disposal"), Restored = countif(OperationName == "Restore hold")`
	n, err := g.count(acts, 2)
	if err != nil {
		return err
	}
	kept := "Payloads in the archive are kept for ever: no minimum is set, and nothing is disposed of."
	if g.setting.minimum != "" {
		kept = fmt.Sprintf("Payloads in the archive are kept for %s at least; then two people may dispose of them, which leaves a certificate under the log.", g.setting.minimum)
	}
	rows := "Rows of the tables are kept for ever."
	if g.setting.retention > 0 {
		rows = fmt.Sprintf("%d retention rules say how long rows of the tables are kept.", g.setting.retention)
	}
	removed, recorded := removalsText(g.status.Archive.Reconciliation)
	remedy := "Find out who took a hold out of the state."
	if !recorded {
		remedy = "quoll archive reconcile says which removal is not under the log; put its tombstone back, and find out who could write beside the lake."
	}
	g.fact(assure.FactDisposal, assure.Retained, met(n[1] == 0 && recorded), fmt.Sprintf("%s %s %s Of %d legal holds %d hold now; setting and releasing take two people and are rows under the log. %d disposals were carried out; %d times the state had lost a hold that the log has, which was put back.", kept, rows, removed, all, held, n[0], n[1]),
		remedy, "/archive", `SentinelAudit | where OperationName in ("Add hold", "Release hold", "Restore hold", "Propose disposal", "Confirm disposal", "Expire rows")`)
	return nil
}

// removalsText says what the last reconciliation found of the runs of retention, and
// whether each of them is under the log.
func removalsText(r *server.Reconciliation) (text string, recorded bool) {
	switch {
	case r == nil || r.Removals == nil:
		return "Whether every removal by retention is under the log was not looked at yet.", true
	case r.Removals.Wrong > 0:
		return fmt.Sprintf("%d removals by retention are NOT under the log as their tombstones tell.", r.Removals.Wrong), false
	}
	return fmt.Sprintf("%d removals by retention took %d rows out of the tables; each is under the log as its tombstone tells.", r.Removals.Runs, r.Removals.Rows), true
}
