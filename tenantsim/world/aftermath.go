package world

import (
	"fmt"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/defender"
	"github.com/quoll/quoll/tenantsim/dice"
)

// What becomes of a mail after the filters have seen it: a second verdict, a
// report by who got it, an administrator who clears it away or lets it out of
// quarantine. Each change of verdict or place is told of in EmailEvents again.

// judgeAgain streams one EmailEvents record a recipient with what is thought of a
// mail now.
func (w *World) judgeAgain(m *message, at time.Time, v verdict, to ...party) {
	m.told++
	again := *m
	again.verdict, again.to = v, to
	w.streamEvents(&again, at, 100*m.told)
}

// moved streams that something was done to a mail in mailboxes, and what is
// thought of it now.
func (w *World) moved(m *message, at time.Time, row defender.PostDelivery, v verdict) {
	for i := range m.to {
		w.streamDelivery(m, at, i, row, v)
	}
	w.judgeAgain(m, at, v, m.to...)
}

// streamDelivery streams row of the mail in the mailbox of its i-th recipient, and
// returns the ReportId.
func (w *World) streamDelivery(m *message, at time.Time, i int, row defender.PostDelivery, v verdict) string {
	row.Timestamp, row.NetworkMessageID, row.InternetMessageID = defender.Time(at), m.network, m.internet
	row.RecipientEmailAddress, row.SenderFromAddress, row.EmailDirection = m.to[i].address, m.from.address, m.direction
	row.ThreatTypes, row.DetectionMethods = defender.Text(v.types), defender.Text(v.methods)
	row.ReportID = fmt.Sprintf("%s-%d", m.network, m.numbers+uint64(1000*(m.told+1)+i))
	w.stream(at, defender.TablePostDelivery, row.ReportID, row)
	return row.ReportID
}

// Words for what a person did, and the last of them for what the service did.
const (
	manual        = "Manual remediation"
	byAdmin       = "AdminAction"
	released      = "Quarantine release"
	removed       = "Soft delete"
	placeInbox    = "Inbox/folder"
	placeDeleted  = "Deleted items"
	threatPhish   = "Phish"
	threatMalware = "Malware"
)

// heldByMistake is a partner's mail that looked like phish to the filters.
func heldByMistake() verdict {
	return verdict{threatPhish, "", `{"Phish":["General filter"]}`, `{"Phish":"Normal"}`, "Blocked", "Quarantine", "Send to quarantine", "Antispam phish", policyPhish}
}

// mayHold holds a partner's mail by mistake now and then; an administrator lets it
// out within hours.
func (w *World) mayHold(m *message) bool {
	if !w.cfg.Releases || !w.dice.Chance(0.01) {
		return false
	}
	m.verdict = heldByMistake()
	admin := w.admin()
	w.later(m.at.Add(w.dice.Span(20*time.Minute, 4*time.Hour)), func(at time.Time) { w.release(m, at, admin) })
	return true
}

// admin is somebody who administers Exchange.
func (w *World) admin() *actor {
	var admins []*actor
	for _, a := range w.actors {
		if a.Admin {
			admins = append(admins, a)
		}
	}
	return dice.Pick(w.dice, admins)
}

// release lets a mail out of quarantine.
func (w *World) release(m *message, at time.Time, a *actor) {
	s := seat{ip: a.OfficeIP}
	r := audit.Quarantine{Common: w.common(a, s, at, "Quarantine", "QuarantineReleaseMessage", audit.TypeQuarantine), NetworkMessageID: m.network, RequestType: 2}
	r.UserType = audit.UserAdmin
	w.record(at, r.ID, r, audit.ContentGeneral)
	v := m.verdict
	v.delivery, v.location = "Delivered", placeInbox
	w.moved(m, at, defender.PostDelivery{Action: released, ActionType: manual, ActionTrigger: byAdmin, ActionResult: "Success", DeliveryLocation: placeInbox}, v)
	for _, to := range m.to {
		if to.person != nil {
			to.person.receive(m)
		}
	}
}

// report is somebody telling Microsoft of a mail in their mailbox.
func (w *World) report(m *message, at time.Time, a *actor, kind string) {
	s := seat{ip: a.OfficeIP}
	r := audit.Submission{
		Common: w.common(a, s, at, "SecurityComplianceCenter", "UserSubmission", audit.TypeSubmission), InternetMessageID: m.internet,
		MessageDate: audit.Time(m.at), NetworkMessageID: m.network, P1Sender: m.from.address, P1SenderDomain: m.from.domain, P2Sender: m.from.address, P2SenderDomain: m.from.domain,
		Recipients: []string{a.UPN}, SenderIP: m.ip, Subject: m.subject, SubmissionContentType: "Mail", SubmissionID: w.dice.GUID(), SubmissionState: "Submitted", SubmissionType: kind,
	}
	r.ObjectID = m.network
	w.record(at, r.ID, r, audit.ContentGeneral)
	w.alert(alertReported, m, at, m.evidence([]party{a.party()}))
}

// clearAway is an administrator who takes a reported mail out of all mailboxes.
func (w *World) clearAway(m *message, at time.Time, v verdict) {
	v.delivery, v.location = "Delivered", placeDeleted
	w.moved(m, at, defender.PostDelivery{Action: removed, ActionType: manual, ActionTrigger: byAdmin, ActionResult: "Success", DeliveryLocation: placeDeleted}, v)
	for _, to := range m.to {
		if to.person != nil {
			to.person.forget(m)
		}
	}
}

// detonate is Safe Attachments: the mail was delivered while its attachment was
// opened in a sandbox, and is purged when that has said what it is.
func (w *World) detonate(m *message, at time.Time) {
	v := verdict{threatMalware, "", `{"Malware":["File detonation"]}`, `{"Malware":"High"}`, "Delivered", "Quarantine", "Send to quarantine", "Safe Attachments", policyMalware}
	m.verdict = v
	w.streamAttachmentsAgain(m, at)
	w.purge(m, at, "Malware ZAP", v, nil)
}

// judgedTwice is spam in the junk folder that turns out to be phish.
func (w *World) judgedTwice(m *message, at time.Time) {
	v := phishBlocked("URL detonation reputation")
	junk := v
	junk.delivery, junk.location = "Junked", "Junk folder"
	w.judgeAgain(m, at.Add(-time.Minute), junk, m.to...) // the verdict first, and then the place
	w.purge(m, at, "Phish ZAP", v, nil)
}
