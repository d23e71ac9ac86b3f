package world

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/tenantsim/defender"
	"github.com/quoll/quoll/tenantsim/dice"
)

// Alerts of Defender for Office 365: what it says when mail was cleared away
// after delivery, when somebody had followed a link that turned out to be bad, and
// when somebody reports a mail. They draw nothing from the tick, so that the rest
// of the world is the same with and without them.

const serviceOffice = "Microsoft Defender for Office 365"

// alertKind is what is the same in all alerts of a title.
type alertKind struct{ title, category, severity, techniques string }

var (
	alertURLRemoved  = alertKind{"Email messages containing malicious URL removed after delivery", "InitialAccess", "Informational", `["Phishing (T1566)","Spearphishing Link (T1566.002)"]`}
	alertFileRemoved = alertKind{"Email messages containing malicious file removed after delivery", "InitialAccess", "Informational", `["Phishing (T1566)","Spearphishing Attachment (T1566.001)"]`}
	alertClicked     = alertKind{"A potentially malicious URL click was detected", "InitialAccess", "High", `["Phishing (T1566)"]`}
	alertReported    = alertKind{"Email reported by user as junk", "InitialAccess", "Low", ""}
)

// clicked is somebody who followed a link of a mail.
type clicked struct {
	who  *actor
	link string
}

// alertPurged raises what a purge is worth, about the recipients it was taken
// from.
func (w *World) alertPurged(m *message, at time.Time, kind string, from []party) {
	if len(from) == 0 {
		return
	}
	switch kind {
	case "Malware ZAP":
		w.alert(alertFileRemoved, m, at, append(m.evidence(from), m.fileEvidence()...))
	case "Phish ZAP":
		w.alert(alertURLRemoved, m, at, append(m.evidence(from), linkEvidence(m.links...)...))
		for _, c := range m.clicks {
			w.alert(alertClicked, m, at, append(m.evidence([]party{c.who.party()}), linkEvidence(c.link)...))
		}
	}
}

// alert streams an alert with its evidence.
func (w *World) alert(kind alertKind, m *message, at time.Time, evidence []defender.Evidence) {
	about := ""
	for _, e := range evidence {
		about += " " + string(e.AccountUpn)
	}
	id := "fa" + dice.Named(w.cfg.Seed, "alert "+kind.title+" "+m.network+about+at.String()).GUID()
	w.stream(at, defender.TableAlerts, id, defender.Alert{
		AlertID: id, Timestamp: defender.Ticks(at), Title: kind.title, ServiceSource: serviceOffice, Category: kind.category,
		Severity: kind.severity, DetectionSource: serviceOffice, AttackTechniques: kind.techniques,
	})
	for i, e := range evidence {
		e.Timestamp, e.AlertID, e.Title, e.Severity = defender.Ticks(at), id, kind.title, kind.severity
		e.ServiceSource, e.DetectionSource, e.AttackTechniques = serviceOffice, serviceOffice, kind.techniques
		e.Categories = defender.Text(`["` + kind.category + `"]`)
		w.stream(at, defender.TableEvidence, defender.EvidenceID(id, strconv.Itoa(i+1)), e)
	}
}

// evidence is the mail as each of the recipients got it, these, and the server it
// came from.
func (m *message) evidence(to []party) []defender.Evidence {
	var all []defender.Evidence
	for _, p := range to {
		all = append(all, m.mailEvidence(p))
		if p.person == nil {
			continue
		}
		name, domain, _ := strings.Cut(p.address, "@")
		all = append(all, defender.Evidence{
			EntityType: "User", EvidenceRole: "Impacted", AccountName: defender.Text(name), AccountDomain: defender.Text(domain),
			AccountSid: defender.Text(p.person.SID), AccountObjectID: p.objectID(), AccountUpn: defender.Text(p.address),
			AdditionalFields: asText(map[string]any{"Name": name, "UPNSuffix": domain, "AadUserId": p.person.ObjectID, "Type": "account"}),
		})
	}
	return append(all, defender.Evidence{
		EntityType: "Ip", EvidenceRole: "Related", RemoteIP: defender.Text(m.ip), EvidenceDirection: "Source",
		AdditionalFields: asText(map[string]any{"Address": m.ip, "Type": "ip"}),
	})
}

func (m *message) mailEvidence(to party) defender.Evidence {
	return defender.Evidence{
		EntityType: "MailMessage", EvidenceRole: "Related", NetworkMessageID: defender.Text(m.network), EmailSubject: defender.Text(m.subject),
		AdditionalFields: asText(map[string]any{
			"Recipient": to.address, "Sender": m.from.address, "P2Sender": m.from.address, "SenderIP": m.ip, "ReceivedDate": defender.Time(m.at),
			"NetworkMessageId": m.network, "InternetMessageId": m.internet, "Subject": m.subject,
			"AttachmentCount": len(m.attached), "UrlCount": len(m.links), "Type": "mailMessage",
		}),
	}
}

func linkEvidence(links ...string) []defender.Evidence {
	var all []defender.Evidence
	for _, link := range links {
		all = append(all, defender.Evidence{
			EntityType: "Url", EvidenceRole: "Related", RemoteURL: defender.Text(link), AdditionalFields: asText(map[string]any{"Url": link, "Type": "url"}),
		})
	}
	return all
}

func (m *message) fileEvidence() []defender.Evidence {
	var all []defender.Evidence
	for _, f := range m.attached {
		all = append(all, defender.Evidence{
			EntityType: "File", EvidenceRole: "Related", FileName: defender.Text(f.name), SHA256: defender.Text(f.sha256), FileSize: &f.bytes,
			AdditionalFields: asText(map[string]any{"Name": f.name, "FileHashes": []map[string]string{{"Algorithm": "SHA256", "Value": f.sha256, "Type": "filehash"}}, "Type": "file"}),
		})
	}
	return all
}

// asText words an object as JSON in a text.
func asText(object map[string]any) defender.Text {
	text, err := json.Marshal(object)
	if err != nil { // texts and numbers alone
		panic(fmt.Sprintf("word evidence: %v", err))
	}
	return defender.Text(text)
}
