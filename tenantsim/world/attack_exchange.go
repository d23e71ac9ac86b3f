package world

import (
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
)

// auditingOff: an emergency account is used to switch the audit log off, and the
// auditing of one mailbox.
func auditingOff(w *World, t *teller) (string, string) {
	const ip = "198.51.100.93"
	account, s := stranger(t, "breakglass01@"+w.org.Domain), w.intruder(t, ip)
	t.after(0, func(at time.Time) { w.signIn(account, s, at, appOfficeHome, appExchange) })
	t.after(2*time.Minute, func(at time.Time) {
		w.cmdlet(account, s, at, "Set-MailboxAuditBypassAssociation", w.org.MailboxObject("svc.archive"),
			audit.NameValue{Name: "Identity", Value: "svc.archive"}, audit.NameValue{Name: "AuditBypassEnabled", Value: "True"})
	})
	t.after(3*time.Minute, func(at time.Time) {
		w.cmdlet(account, s, at, "Set-AdminAuditLogConfig", "Admin Audit Log Settings", audit.NameValue{Name: "UnifiedAuditLogIngestionEnabled", Value: "False"})
	})
	return account.UPN, ip
}

// mailCopied: a transport rule sends a copy of mail about tenders outside.
func mailCopied(w *World, t *teller) (string, string) {
	const ip = "198.51.100.94"
	administrator, s := w.cast(true, 0), w.intruder(t, ip)
	t.after(0, func(at time.Time) {
		w.cmdlet(administrator, s, at, "New-TransportRule", "Journal 2",
			audit.NameValue{Name: "Name", Value: "Journal 2"}, audit.NameValue{Name: "SubjectOrBodyContainsWords", Value: "tender;quote"},
			audit.NameValue{Name: "BlindCopyTo", Value: "archive@postbox-relay.example"})
	})
	return administrator.UPN, ip
}

// mailboxesOpened: one person is let into one mailbox after another.
func mailboxesOpened(w *World, t *teller) (string, string) {
	administrator, who := w.cast(true, 1), w.cast(false, 7)
	for i := range 5 {
		t.after(time.Duration(i)*90*time.Second, func(at time.Time) {
			owner := w.actors[i*4+1]
			w.cmdlet(administrator, administrator.seatNow(), at, "Add-MailboxPermission", w.org.MailboxObject(owner.Alias),
				audit.NameValue{Name: "Identity", Value: owner.Alias}, audit.NameValue{Name: "User", Value: who.UPN},
				audit.NameValue{Name: "AccessRights", Value: "FullAccess"}, audit.NameValue{Name: "InheritanceType", Value: "All"})
		})
	}
	return who.UPN, ""
}

// phishFromInside: a mailbox that was taken over writes to colleagues.
func phishFromInside(w *World, t *teller) (string, string) {
	const ip = "198.51.100.95"
	victim, s := w.cast(false, 8), w.intruder(t, ip)
	t.after(0, func(at time.Time) { w.signIn(victim, s, at, appOutlookWeb, appExchange) })
	t.after(5*time.Minute, func(at time.Time) {
		var to []party
		for i := range 9 {
			to = append(to, w.actors[(i*3+2)%len(w.actors)].party())
		}
		m := w.newMessage(at, victim.party(), "Your pay slip has changed", to...)
		m.links, m.notClicked = []string{"https://payslip.secure-docshare.example/v"}, true
		m.verdict = verdict{"Phish", "", `{"Phish":["URL malicious reputation"]}`, `{"Phish":"High"}`, "Blocked", "Quarantine", "Send to quarantine", "Antispam high-confidence phish", policyPhish}
		m.direction, m.auth, m.ip = "Intra-org", authIntra, ip
		w.recordSend(victim, s, m)
		w.deliver(m)
	})
	return victim.UPN, ip
}

// lossPreventionWeakened: a policy against loss is put into test mode.
func lossPreventionWeakened(w *World, t *teller) (string, string) {
	administrator := w.cast(true, 2)
	t.after(0, func(at time.Time) {
		r := audit.Compliance{
			Common:            withStatus(w.common(administrator, administrator.seatNow(), at, workloadCompliance, "Set-DlpCompliancePolicy", audit.TypeComplianceCmdlet), "Success"),
			ClientApplication: "EMC", CmdletVersion: "-", ClientRequestID: t.dice.GUID(), EffectiveOrganization: w.org.TenantDomain,
			StartTime: audit.Time(at.Add(-time.Second)), Parameters: `-Identity:"Payment data" -Mode:"TestWithoutNotifications"`,
		}
		r.UserKey, r.ObjectID = administrator.PUID, "Payment data"
		w.record(at, r.ID, r, audit.ContentGeneral)
	})
	return administrator.UPN, ""
}
