package world

import (
	"fmt"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/defender"
	"github.com/quoll/quoll/tenantsim/organisation"
)

// StoryLength is how long the compromise takes, from the phish to its removal.
const StoryLength = 3*time.Hour + 40*time.Minute

// The steps of the story, in order. Step.Name is one of them.
const (
	StepPhishDelivered    = "phish delivered"
	StepLinkClicked       = "link clicked"
	StepSignInFailed      = "sign-in failed"
	StepSignedIn          = "signed in from a new place"
	StepMailSynced        = "folders synchronised"
	StepMailRead          = "mail read"
	StepInboxRule         = "inbox rule"
	StepForwarding        = "mailbox forwarding"
	StepInvoiceSent       = "invoice sent"
	StepEvidenceDestroyed = "evidence destroyed"
	StepReplyReceived     = "reply received"
	StepPhishPurged       = "phish purged"
	StepClickBlocked      = "click blocked"
)

// Story is the ground truth of the business e-mail compromise: what a detection
// ought to find.
type Story struct {
	Victim           string // user principal name
	AttackerIP       string
	ForwardsTo       string // mail address outside
	PhishURL         string
	PhishNetworkID   string // NetworkMessageId
	InvoiceNetworkID string
	InvoiceRecipient string
	MessagesAccessed int // opened by the attacker, Bind
	OtherRecipients  []string
	Steps            []Step
}

// Step is one record of the story.
type Step struct {
	Name   string
	Time   time.Time // UTC, of the record
	Source string    // "audit" or "defender"
	// Table is where the record ends up: UnifiedAuditLog for audit records,
	// the advanced hunting table for the others.
	Table string
	// RecordID is the Id of an audit record, the ReportId of the others.
	RecordID          string
	NetworkMessageID  string
	InternetMessageID string
	Actor             string // user principal name or mail address
	IP                string
	What              string // one sentence
}

// plot holds what the steps share.
type plot struct {
	victim   *actor
	partner  *organisation.Partner
	attacker seat
	phish    *message
	invoice  *message
	others   []*actor
	rule     string
}

const (
	attackerIP     = "198.51.100.77"
	attackerAgent  = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36"
	attackerProxy  = "axios/1.7.9"
	forwardsTo     = "accounts.archive@postbox-relay.example"
	phishLink      = "https://coastalworks.secure-docshare.example/d/review?doc=CW-4417"
	invoiceSubject = "Updated bank details – invoice CW-4417"
)

func (w *World) isVictim(a *actor) bool { return w.story.Victim == a.UPN }

// planStory puts the compromise on the agenda. The victim is known from the
// first hour of the world, from usual addresses, so that what follows is new.
func (w *World) planStory() {
	begin := w.cfg.StoryEnd.Add(-StoryLength)
	if w.cfg.StoryEnd.IsZero() || begin.Before(w.cfg.Start) {
		return
	}
	p := &plot{partner: w.org.Partners[0], rule: ".."}
	p.attacker = seat{ip: attackerIP, agent: attackerAgent, os: "Linux", browser: "Chrome", session: w.dice.GUID()}
	for _, a := range w.actors {
		switch {
		case a.Title == "Accounts Payable Officer":
			p.victim = a
		case a.Title == "Payroll Officer" || a.Title == "Contracts Officer" || a.Title == "Accounts Receivable Officer" || a.Title == "Executive Officer":
			p.others = append(p.others, a)
		}
	}
	w.story.Victim, w.story.AttackerIP, w.story.ForwardsTo, w.story.PhishURL = p.victim.UPN, attackerIP, forwardsTo, phishLink
	for _, a := range p.others {
		w.story.OtherRecipients = append(w.story.OtherRecipients, a.UPN)
	}
	w.later(w.cfg.Start.Add(7*time.Minute), func(at time.Time) { w.prologue(p, at) })
	for _, step := range []struct {
		after time.Duration
		do    func(*plot, time.Time)
	}{
		{0, w.phishArrives},
		{9 * time.Minute, w.linkIsClicked},
		{26 * time.Minute, w.attackerSignsIn},
		{33 * time.Minute, w.attackerReads},
		{69 * time.Minute, w.attackerHides},
		{74 * time.Minute, w.attackerForwards},
		{105 * time.Minute, w.invoiceGoesOut},
		{110 * time.Minute, w.evidenceGoes},
		{148 * time.Minute, w.partnerReplies},
		{StoryLength - 5*time.Minute, w.phishIsPurged},
	} {
		w.scene(begin.Add(step.after), func(at time.Time) { step.do(p, at) })
	}
}

// scene puts a part of the story on the agenda.
func (w *World) scene(at time.Time, do func(at time.Time)) {
	w.later(at, func(at time.Time) {
		w.telling = true
		do(at)
		w.telling = false
	})
}

// prologue shows the victim at the usual place.
func (w *World) prologue(p *plot, at time.Time) {
	a := p.victim
	for i, ip := range []string{a.OfficeIP, a.HomeIP} {
		s := seat{ip: ip, agent: a.Agent, os: a.OS, browser: a.Browser, session: w.dice.GUID(), managed: true}
		w.scene(at.Add(time.Duration(i)*time.Minute), func(at time.Time) {
			w.signIn(a, s, at, appOutlookWeb, appExchange)
			w.bind(a, s, at, a.folder("Inbox"), a.inbox[len(a.inbox)-2:])
		})
	}
}

func (w *World) tell(name string, at time.Time, table, id, who, ip, what string, m *message) {
	step := Step{Name: name, Time: at.UTC(), Source: "audit", Table: table, RecordID: id, Actor: who, IP: ip, What: what}
	if table != tableAudit {
		step.Source = "defender"
	}
	if m != nil {
		step.NetworkMessageID, step.InternetMessageID = m.network, m.internet
	}
	w.story.Steps = append(w.story.Steps, step)
}

const tableAudit = "UnifiedAuditLog"

func (w *World) phishArrives(p *plot, at time.Time) {
	to := []party{p.victim.party()}
	for _, a := range p.others {
		to = append(to, a.party())
	}
	from := &organisation.Partner{Name: "Tidewater Marine Accounts", Address: "accounts@tidewater-rnarine.example", Domain: "tidewater-rnarine.example", IP: "198.51.100.203"}
	p.phish = w.inbound(at, from, "Tidewater Marine shared \"CW-4417 remittance\" with you", to...)
	p.phish.links, p.phish.first, p.phish.notClicked = []string{phishLink}, true, true
	w.deliver(p.phish)
	w.story.PhishNetworkID = p.phish.network
	for i, party := range to {
		w.tell(StepPhishDelivered, at, defender.TableEmailEvents, p.phish.report(1+i), party.address, from.IP, "Phish from a look-alike domain is delivered to "+party.address, p.phish)
	}
}

func (w *World) linkIsClicked(p *plot, at time.Time) {
	a := p.victim
	s := w.usualSeat(a)
	w.bind(a, s, at.Add(-40*time.Second), a.folder("Inbox"), []*message{p.phish})
	id := w.click(a, s, at, p.phish, phishLink, "ClickAllowed", "", true)
	w.tell(StepLinkClicked, at, defender.TableURLClicks, id, a.UPN, s.ip, "The victim follows the link", p.phish)
}

func (w *World) usualSeat(a *actor) seat {
	return seat{ip: a.OfficeIP, agent: a.Agent, os: a.OS, browser: a.Browser, session: a.day.seat.session, managed: true}
}

func (w *World) attackerSignsIn(p *plot, at time.Time) {
	proxy := p.attacker
	proxy.agent, proxy.os, proxy.browser = attackerProxy, "", "Other"
	id := w.failedLogon(p.victim, proxy, at, "50074", "UserStrongAuthClientAuthNRequiredInterrupt")
	w.tell(StepSignInFailed, at, tableAudit, id, p.victim.UPN, attackerIP, "A proxy asks for the second factor", nil)
	w.scene(at.Add(48*time.Second), func(at time.Time) {
		id := w.signIn(p.victim, p.attacker, at, appOfficeHome, appExchange)
		w.tell(StepSignedIn, at, tableAudit, id, p.victim.UPN, attackerIP, "Sign-in from an address and with a browser never seen for this user", nil)
	})
}

// attackerReads goes through the whole mailbox within half an hour: folders
// synchronised, then some four hundred messages opened.
func (w *World) attackerReads(p *plot, at time.Time) {
	for i, name := range []string{"Inbox", "Sent Items", "Archive"} {
		w.scene(at.Add(time.Duration(i)*20*time.Second), func(at time.Time) {
			m := w.sync(p.victim, p.attacker, at, name)
			web(&m, p.attacker)
			id := w.emitMailbox(m)
			w.tell(StepMailSynced, at, tableAudit, id, p.victim.UPN, attackerIP, "The attacker synchronises the folder "+name, nil)
		})
	}
	mailbox := append([]*message(nil), p.victim.inbox...)
	for len(mailbox) < mailOpened {
		mailbox = append(mailbox, w.oldMessage(p.victim, w.cfg.Start.Add(-time.Duration(len(mailbox))*time.Hour)))
	}
	at = at.Add(2 * time.Minute)
	for len(mailbox) > 0 {
		n := min(w.dice.Between(9, 14), len(mailbox))
		part := mailbox[:n]
		w.scene(at, func(at time.Time) { w.attackerOpens(p, at, part) })
		mailbox = mailbox[n:]
		at = at.Add(w.dice.Span(30*time.Second, 55*time.Second))
	}
}

// mailOpened is how many messages the attacker opens.
const mailOpened = 400

func (w *World) attackerOpens(p *plot, at time.Time, messages []*message) {
	id := w.bind(p.victim, p.attacker, at, p.victim.folder("Inbox"), messages)
	w.tell(StepMailRead, at, tableAudit, id, p.victim.UPN, attackerIP, fmt.Sprintf("The attacker opens %d messages", len(messages)), nil)
	w.story.MessagesAccessed += len(messages)
}

func (w *World) attackerHides(p *plot, at time.Time) {
	id := w.cmdlet(p.victim, p.attacker, at, "New-InboxRule", p.victim.Alias+"\\"+p.rule,
		audit.NameValue{Name: "AlwaysDeleteOutlookRulesBlob", Value: "False"},
		audit.NameValue{Name: "Force", Value: "False"},
		audit.NameValue{Name: "SubjectOrBodyContainsWords", Value: "invoice;bank;payment;remittance;CW-4417"},
		audit.NameValue{Name: "ForwardTo", Value: forwardsTo},
		audit.NameValue{Name: "MoveToFolder", Value: "RSS Feeds"},
		audit.NameValue{Name: "MarkAsRead", Value: "True"},
		audit.NameValue{Name: "Name", Value: p.rule},
		audit.NameValue{Name: "StopProcessingRules", Value: "True"})
	w.tell(StepInboxRule, at, tableAudit, id, p.victim.UPN, attackerIP, "An inbox rule hides and forwards mail about money", nil)
}

func (w *World) attackerForwards(p *plot, at time.Time) {
	id := w.cmdlet(p.victim, p.attacker, at, "Set-Mailbox", w.org.MailboxObject(p.victim.Alias),
		audit.NameValue{Name: "Identity", Value: p.victim.UPN},
		audit.NameValue{Name: "DeliverToMailboxAndForward", Value: "True"},
		audit.NameValue{Name: "ForwardingSmtpAddress", Value: "smtp:" + forwardsTo})
	w.tell(StepForwarding, at, tableAudit, id, p.victim.UPN, attackerIP, "The whole mailbox is forwarded outside", nil)
}

func (w *World) invoiceGoesOut(p *plot, at time.Time) {
	p.invoice = w.newMessage(at, p.victim.party(), invoiceSubject, outside(p.partner))
	p.invoice.attached = []attachment{{"CW-4417 updated details.pdf", "pdf", "pdf", w.dice.Hex(64), 84_211}}
	id := w.send(p.victim, p.attacker, p.invoice)
	w.story.InvoiceNetworkID, w.story.InvoiceRecipient = p.invoice.network, p.partner.Address
	w.tell(StepInvoiceSent, at, tableAudit, id, p.victim.UPN, attackerIP, "The attacker writes to a partner about new bank details", p.invoice)
	w.tell(StepInvoiceSent, at, defender.TableEmailEvents, p.invoice.report(1), p.victim.UPN, attackerIP, "The mail leaves the agency", p.invoice)
}

func (w *World) evidenceGoes(p *plot, at time.Time) {
	id := w.remove(p.victim, p.attacker, at, "HardDelete", "Sent Items", p.invoice)
	w.tell(StepEvidenceDestroyed, at, tableAudit, id, p.victim.UPN, attackerIP, "The sent mail is deleted for good", p.invoice)
	w.scene(at.Add(35*time.Second), func(at time.Time) {
		p.victim.forget(p.phish)
		id := w.remove(p.victim, p.attacker, at, "HardDelete", "Inbox", p.phish)
		w.tell(StepEvidenceDestroyed, at, tableAudit, id, p.victim.UPN, attackerIP, "The phish is deleted for good", p.phish)
	})
}

func (w *World) partnerReplies(p *plot, at time.Time) {
	m := w.inbound(at, p.partner, "Re: "+invoiceSubject, p.victim.party())
	w.deliver(m)
	w.tell(StepReplyReceived, at, defender.TableEmailEvents, m.report(1), p.partner.Address, p.partner.IP, "The partner answers, into the rule", m)
}

// phishIsPurged ends the story: the filters have learnt, the phish is taken out
// of the other mailboxes, and whoever follows the link now is stopped.
func (w *World) phishIsPurged(p *plot, at time.Time) {
	gone := func(to party) bool { return to.person == p.victim }
	reports := w.purge(p.phish, at, "Phish ZAP", phishBlocked("URL malicious reputation"), gone)
	for i, report := range reports {
		to := p.phish.to[i].address
		w.tell(StepPhishPurged, at, defender.TablePostDelivery, report, to, "", "The phish is purged from the mailbox of "+to, p.phish)
	}
	w.scene(at.Add(4*time.Minute), func(at time.Time) {
		late := p.others[len(p.others)-1]
		s := w.usualSeat(late)
		id := w.click(late, s, at, p.phish, phishLink, "ClickBlocked", "Phish", false)
		w.tell(StepClickBlocked, at, defender.TableURLClicks, id, late.UPN, s.ip, "A colleague runs into the blocking page", p.phish)
	})
}
