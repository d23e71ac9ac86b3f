package world

import (
	"fmt"
	"strings"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/defender"
)

// message is one mail, as sender, recipients and filters know it.
type message struct {
	network    string // NetworkMessageId
	internet   string // InternetMessageId, with angle brackets
	item       string // id of the item in a mailbox
	cluster    uint32
	at         time.Time
	subject    string
	from       party
	to         []party
	links      []string
	attached   []attachment
	bytes      int
	ip         string // of the sending server or client
	direction  string // of EmailEvents
	verdict    verdict
	auth       string // AuthenticationDetails
	bulk       *int
	first      bool // first contact
	numbers    uint64
	told       int  // how often its verdict or place has changed
	notClicked bool // nobody follows its links
	clicks     []clicked
}

// party is a sender or a recipient.
type party struct {
	address, name, domain string
	person                *actor // nil outside
}

func (p party) objectID() defender.Text {
	if p.person == nil {
		return ""
	}
	return defender.Text(p.person.ObjectID)
}

func (a *actor) party() party {
	return party{a.UPN, a.DisplayName(), strings.SplitN(a.UPN, "@", 2)[1], a}
}

type attachment struct {
	name, kind, extension, sha256 string
	bytes                         int
}

// verdict is what the filters made of a mail, and what they did.
type verdict struct {
	types, names, methods, confidence string
	delivery, location                string
	action, policy, policyGUID        string
}

func delivered() verdict { return verdict{delivery: "Delivered", location: "Inbox/folder"} }

const (
	policyPhish   = "cb5e6a10-7d7a-4a4f-9b5c-9d1c50b90a02"
	policySpam    = "2d3f0c55-31c7-4b8e-8a4a-5e0d9f7c6b11"
	policyMalware = "8ab1f0f4-5b0d-4d8e-bb7a-7d4b6f0a2c93"
)

func phishBlocked(method string) verdict {
	return verdict{"Phish", "", `{"Phish":["` + method + `"]}`, `{"Phish":"High"}`, "Blocked", "Quarantine", "Send to quarantine", "Antispam high-confidence phish", policyPhish}
}

func spamJunked() verdict {
	return verdict{"Spam", "", `{"Spam":["Fingerprint matching"]}`, `{"Spam":"Normal"}`, "Junked", "Junk folder", "Move message to Junk Email folder", "Antispam spam", policySpam}
}

func spamBlocked() verdict {
	return verdict{"Spam", "", `{"Spam":["Advanced filter"]}`, `{"Spam":"High"}`, "Blocked", "Quarantine", "Send to quarantine", "Antispam high-confidence spam", policySpam}
}

func malwareBlocked(name string) verdict {
	return verdict{"Malware", name, `{"Malware":["Antimalware protection"]}`, `{"Malware":"High"}`, "Blocked", "Quarantine", "Send to quarantine", "Antimalware", policyMalware}
}

const (
	authPass  = `{"SPF":"pass","DKIM":"pass","DMARC":"pass","CompAuth":"pass"}`
	authFail  = `{"SPF":"softfail","DKIM":"none","DMARC":"fail","CompAuth":"fail"}`
	authNone  = `{"SPF":"pass","DKIM":"none","DMARC":"none","CompAuth":"none"}`
	authIntra = `{"SPF":"none","DKIM":"none","DMARC":"none"}`
)

// newMessage gives a mail its ids.
func (w *World) newMessage(at time.Time, from party, subject string, to ...party) *message {
	d := w.dice
	m := &message{
		network:  d.StampedGUID(at),
		item:     "RgAAAA" + d.Base64(81)[:100] + "AAAJ",
		cluster:  uint32(d.Number()),
		at:       at,
		subject:  subject,
		from:     from,
		to:       to,
		bytes:    d.Between(4_000, 240_000),
		numbers:  d.Number()>>4 | 1<<58,
		verdict:  delivered(),
		internet: "<" + d.Hex(32) + "@mail." + from.domain + ">",
	}
	if from.person != nil {
		host := fmt.Sprintf("ME%dPR01MB%d", d.Between(1, 4), d.Between(1000, 9400))
		m.internet = "<" + host + strings.ToUpper(d.Hex(22)) + "@" + host + ".ausprd01.prod.outlook.com>"
	}
	return m
}

// oldMessage is a mail from before the world began: it is in a mailbox, but no
// stream ever told of it.
func (w *World) oldMessage(a *actor, at time.Time) *message {
	domain := "portsidefuel.example"
	if w.dice.Chance(0.5) {
		domain = "breakwater-constructions.example"
	}
	return w.newMessage(at, party{"office@" + domain, "Office", domain, nil}, "Earlier correspondence", a.party())
}

// deliver streams a mail and puts it where the verdict says.
func (w *World) deliver(m *message) {
	w.streamEvents(m, m.at, 1)
	w.streamLinks(m)
	w.streamAttachments(m)
	if m.verdict.delivery != "Delivered" {
		return
	}
	for _, to := range m.to {
		if to.person != nil {
			to.person.receive(m)
		}
	}
}

func (a *actor) receive(m *message) {
	a.inbox = append(a.inbox, m)
	if len(a.inbox) > inboxMost {
		a.inbox = append(a.inbox[:0], a.inbox[len(a.inbox)-inboxMost:]...)
	}
}

// report makes the ReportId of the n-th record about a mail in a table.
func (m *message) report(n int) string { return fmt.Sprintf("%s-%d-%d", m.network, m.numbers, n) }

// streamEvents streams one EmailEvents record a recipient, the first of them
// numbered n.
func (w *World) streamEvents(m *message, at time.Time, n int) {
	addresses := make([]string, len(m.to))
	for i, to := range m.to {
		addresses[i] = to.address
	}
	v := m.verdict
	for i, to := range m.to {
		event := defender.EmailEvent{
			Timestamp: defender.Time(at), NetworkMessageID: m.network, InternetMessageID: m.internet,
			SenderMailFromAddress: m.from.address, SenderFromAddress: m.from.address,
			SenderDisplayName: defender.Text(m.from.name), SenderObjectID: m.from.objectID(),
			SenderMailFromDomain: m.from.domain, SenderFromDomain: m.from.domain,
			RecipientEmailAddress: to.address, RecipientObjectID: to.objectID(), RecipientDomain: to.domain,
			Subject: m.subject, EmailClusterID: m.cluster, EmailDirection: m.direction,
			DeliveryAction: v.delivery, DeliveryLocation: v.location,
			ThreatTypes: defender.Text(v.types), ThreatNames: defender.Text(v.names),
			DetectionMethods: defender.Text(v.methods), ConfidenceLevel: defender.Text(v.confidence),
			BulkComplaintLevel: m.bulk,
			EmailAction:        defender.Text(v.action), EmailActionPolicy: defender.Text(v.policy), EmailActionPolicyGUID: defender.Text(v.policyGUID),
			AuthenticationDetails: defender.Text(m.auth),
			AttachmentCount:       len(m.attached), URLCount: len(m.links), EmailLanguage: "en",
			ReportID: m.report(n + i), To: addresses, Cc: []string{}, EmailSize: m.bytes, IsFirstContact: m.first,
		}
		if to.person == nil && v.delivery == "Delivered" {
			event.DeliveryLocation = "On-premises/external"
		}
		if strings.Contains(m.ip, ":") {
			event.SenderIPv6 = defender.Text(m.ip)
		} else {
			event.SenderIPv4 = defender.Text(m.ip)
		}
		w.stream(at, defender.TableEmailEvents, event.ReportID, event)
	}
}

func (w *World) streamLinks(m *message) {
	for i, link := range m.links {
		host := strings.TrimPrefix(strings.TrimPrefix(link, "https://"), "http://")
		if cut := strings.IndexAny(host, "/?"); cut >= 0 {
			host = host[:cut]
		}
		row := defender.URL{
			Timestamp: defender.Time(m.at), NetworkMessageID: m.network,
			URL: link, URLDomain: host, URLLocation: "Body",
			ReportID: fmt.Sprintf("%s-%d", m.network, m.numbers+uint64(i)),
		}
		w.stream(m.at, defender.TableURLs, row.ReportID, row)
	}
}

func (w *World) streamAttachments(m *message) { w.streamAttachmentsFrom(m, m.at, 1) }

// streamAttachmentsAgain streams them with the verdict that came later.
func (w *World) streamAttachmentsAgain(m *message, at time.Time) { w.streamAttachmentsFrom(m, at, 101) }

func (w *World) streamAttachmentsFrom(m *message, at time.Time, n int) {
	for i, to := range m.to {
		for j, file := range m.attached {
			row := defender.Attachment{
				Timestamp: defender.Time(at), NetworkMessageID: m.network,
				SenderFromAddress: m.from.address, SenderDisplayName: defender.Text(m.from.name), SenderObjectID: m.from.objectID(),
				RecipientEmailAddress: to.address, RecipientObjectID: to.objectID(),
				FileName: file.name, FileType: file.kind, SHA256: file.sha256, FileSize: file.bytes, FileExtension: "." + file.extension,
				ReportID: fmt.Sprintf("%s-%d-%s-%d", m.network, m.numbers, file.sha256, i*len(m.attached)+j+n),
			}
			if strings.Contains(m.verdict.types, "Malware") {
				row.ThreatTypes, row.ThreatNames, row.DetectionMethods = "Malware", defender.Text(m.verdict.names), defender.Text(m.verdict.methods)
			}
			w.stream(at, defender.TableAttachments, row.ReportID, row)
		}
	}
}

// purge moves a mail out of mailboxes after delivery (zero-hour auto purge).
// Where it is no longer to be found the record says so.
func (w *World) purge(m *message, at time.Time, kind string, v verdict, gone func(party) bool) []string {
	action, location := "Moved to quarantine", "Quarantine"
	if kind == "Spam ZAP" {
		action, location = "Moved to junk folder", "Junk folder"
	}
	var reports []string
	var moved []party
	for i, to := range m.to {
		row := defender.PostDelivery{Action: action, ActionType: kind, ActionTrigger: "SpecialAction", ActionResult: "Success", DeliveryLocation: location}
		if gone != nil && gone(to) {
			row.ActionResult, row.DeliveryLocation = "Error", "Inbox"
		} else {
			moved = append(moved, to)
		}
		reports = append(reports, w.streamDelivery(m, at, i, row, v))
	}
	// The place has changed, so the mail is told of once more.
	v.delivery, v.location = "Delivered", location
	w.judgeAgain(m, at, v, moved...)
	w.alertPurged(m, at, kind, moved)
	for _, to := range moved {
		if to.person != nil {
			to.person.forget(m)
		}
	}
	return reports
}

func (a *actor) forget(m *message) {
	for i, kept := range a.inbox {
		if kept == m {
			a.inbox = append(a.inbox[:i:i], a.inbox[i+1:]...)
			return
		}
	}
}

// click streams a click on a link of a mail.
func (w *World) click(a *actor, s seat, at time.Time, m *message, link, actionType, threat string, through bool) string {
	row := defender.Click{
		Timestamp: defender.Time(at), URL: link, ActionType: actionType, AccountUpn: a.UPN, Workload: "Email",
		NetworkMessageID: m.network, ThreatTypes: defender.Text(threat), IPAddress: s.ip, IsClickedThrough: through,
		URLChain: defender.Text(`["` + link + `"]`), ReportID: w.dice.GUID(), AppName: "OWA", AppVersion: "0.0.0000", SourceID: defender.Text(w.dice.GUID()),
	}
	if threat != "" {
		row.DetectionMethods = defender.Text(`{"` + threat + `":["URL malicious reputation"]}`)
	}
	w.stream(at, defender.TableURLClicks, row.ReportID, row)
	if actionType == "ClickAllowed" {
		m.clicks = append(m.clicks, clicked{a, link})
	}
	return row.ReportID
}

// asItem words a mail as an item of a mailbox folder.
func (m *message) asItem(folder audit.Folder) audit.Item {
	item := audit.Item{ID: m.item, InternetMessageID: m.internet, ParentFolder: &folder, SizeInBytes: m.bytes, Subject: m.subject}
	var names []string
	for _, file := range m.attached {
		names = append(names, fmt.Sprintf("%s (%db)", file.name, file.bytes))
	}
	item.Attachments = strings.Join(names, "; ")
	return item
}
