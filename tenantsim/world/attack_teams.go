package world

import (
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
)

// outsiderInTeams: somebody of another tenant, who calls themselves the help
// desk, writes to one person after another.
func outsiderInTeams(w *World, t *teller) (string, string) {
	const domain = "helpdesk-support.example"
	outsider := stranger(t, "it.support@"+domain)
	for i := range 8 {
		t.after(time.Duration(i)*time.Minute, func(at time.Time) {
			to := w.actors[(i*4)%len(w.actors)]
			r := w.teamsRecord(outsider, seat{}, at, "ChatCreated")
			r.CommunicationType, r.ChatThreadID = "OneOnOne", "19:"+outsider.ObjectID+"_"+to.ObjectID+"@unq.gbl.spaces"
			r.ParticipantInfo = &audit.ParticipantInfo{HasForeignTenantUsers: true, ParticipatingDomains: []string{domain, w.org.Domain}}
			w.record(at, r.ID, r, audit.ContentGeneral)
		})
	}
	return outsider.UPN, ""
}
