package main

import (
	"fmt"

	"github.com/quoll/quoll/assure"
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
	g.fact(assure.FactDisposal, assure.Retained, met(n[1] == 0), fmt.Sprintf("%s %s Of %d legal holds %d hold now; setting and releasing take two people and are rows under the log. %d disposals were carried out; %d times the state had lost a hold that the log has, which was put back.", kept, rows, all, held, n[0], n[1]),
		"Find out who took a hold out of the state.", "/archive", `SentinelAudit | where OperationName in ("Add hold", "Release hold", "Restore hold", "Propose disposal", "Confirm disposal")`)
	return nil
}
