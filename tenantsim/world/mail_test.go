package world

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/tenantsim/defender"
)

// mailRow is what rows of all mail tables share, and what ties them together.
type mailRow struct {
	table                                           string
	Timestamp, NetworkMessageID, InternetMessageID  string
	RecipientEmailAddress, AccountUpn               string
	DeliveryLocation, DeliveryAction, ThreatTypes   string
	Action, ActionType, ActionTrigger, ActionResult string
	DetectionMethods, URL, SHA256                   string
	AttachmentCount, URLCount                       int
}

func (r *mailRow) UnmarshalJSON(text []byte) error {
	type plain mailRow
	named := struct {
		*plain
		NetworkMessageId, InternetMessageId, Url string
		UrlCount                                 int
	}{plain: (*plain)(r)}
	if err := json.Unmarshal(text, &named); err != nil {
		return err
	}
	r.NetworkMessageID, r.InternetMessageID, r.URL, r.URLCount = named.NetworkMessageId, named.InternetMessageId, named.Url, named.UrlCount
	return nil
}

// mailOf is all rows of a mail, by table, in the order of their coming.
type mailOf map[string][]mailRow

// TestMailIsCoherent holds forty hours of mail together: whatever is said about a
// mail is about one that there is, to somebody who got it, and not before it came.
func TestMailIsCoherent(t *testing.T) {
	start := time.Date(2026, 9, 14, 0, 0, 0, 0, time.UTC)
	w := New(Config{Seed: 5, TenantID: testTenant, Start: start, Volume: 1, Releases: true})
	batch, err := w.Advance(start.Add(40 * time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	mails := map[string]mailOf{}
	seen := map[string]int{}
	for _, r := range batch.Defender {
		if !ofMail(r.Table) {
			continue
		}
		row := mailRow{table: r.Table}
		if err := json.Unmarshal(r.Properties, &row); err != nil {
			t.Fatal(err)
		}
		if mails[row.NetworkMessageID] == nil {
			mails[row.NetworkMessageID] = mailOf{}
		}
		mails[row.NetworkMessageID][r.Table] = append(mails[row.NetworkMessageID][r.Table], row)
		seen[strings.Trim(row.Action+" "+row.ActionType, " ")]++
		if strings.Contains(row.DetectionMethods, "File detonation") {
			seen[r.Table+" detonated"]++
		}
	}
	for id, mail := range mails {
		mail.check(t, id)
		if verdicts := len(mail.verdicts()); verdicts > 1 {
			seen[fmt.Sprint(verdicts, " verdicts or places")]++
		}
	}
	for _, r := range batch.Audit {
		var fields struct{ Operation, NetworkMessageID string }
		if err := json.Unmarshal(r.Body, &fields); err != nil {
			t.Fatal(err)
		}
		if fields.Operation == "QuarantineReleaseMessage" || fields.Operation == "UserSubmission" {
			seen[fields.Operation]++
			if len(mails[fields.NetworkMessageID][defender.TableEmailEvents]) == 0 {
				t.Errorf("%s is of a mail that there is not: %s", fields.Operation, r.Body)
			}
		}
	}
	for _, want := range []string{
		"Moved to quarantine Phish ZAP", "Moved to quarantine Malware ZAP", "Moved to junk folder Spam ZAP", "Quarantine release Manual remediation", "Soft delete Manual remediation",
		"ClickAllowed", "EmailEvents detonated", "EmailAttachmentInfo detonated", "2 verdicts or places", "3 verdicts or places", "QuarantineReleaseMessage", "UserSubmission",
	} {
		if seen[want] == 0 {
			t.Errorf("no %s in forty hours", want)
		}
	}
	t.Log(len(mails), "mails", seen)
}

func ofMail(table string) bool {
	return strings.HasPrefix(table, "Email") || table == defender.TableURLClicks
}

// TestAlertsAndAppEventsAreCoherent: evidence belongs to an alert, names what the
// mail tables name, and every event of an app is an audit record.
func TestAlertsAndAppEventsAreCoherent(t *testing.T) {
	_, batch := threeDays(t)
	records := map[string]string{}
	for _, r := range batch.Audit {
		records[r.ID] = string(r.Body)
	}
	type row struct {
		AlertID, Title, EntityType, RemoteURL, SHA256, AccountUpn, Timestamp string
		EmailSubject, NetworkMessageID, Subject, URL, RecipientEmailAddress  string
		RawEventData                                                         json.RawMessage
	}
	// Each of these is a pair of texts that a row of the mail tables, or an alert, has.
	known, evidence, alerts, events := map[[2]string]bool{}, []row{}, map[string]row{}, 0
	for _, r := range batch.Defender {
		var f row
		if err := json.Unmarshal(r.Properties, &f); err != nil {
			t.Fatal(err)
		}
		switch r.Table {
		case defender.TableAlerts:
			alerts[f.AlertID] = f
		case defender.TableEvidence:
			evidence = append(evidence, f)
		case defender.TableAppEvents:
			events++
			var inner struct{ ID string }
			if err := json.Unmarshal(f.RawEventData, &inner); err != nil || records[inner.ID] != string(f.RawEventData) {
				t.Fatalf("%s is no audit record: %v", f.RawEventData, err)
			}
		default:
			known[[2]string{f.NetworkMessageID, f.Subject}] = true
			for _, text := range []string{f.URL, f.SHA256, f.RecipientEmailAddress} {
				known[[2]string{"", text}] = true
			}
		}
	}
	kinds, titles := map[string]int{}, map[string]int{}
	for _, e := range evidence {
		if a := alerts[e.AlertID]; a.Title != e.Title || a.Timestamp != e.Timestamp {
			t.Errorf("%+v is not of %+v", e, a)
		}
		kinds[e.EntityType]++
		if e.EntityType == "MailMessage" && !known[[2]string{e.NetworkMessageID, e.EmailSubject}] || !known[[2]string{"", e.RemoteURL + e.SHA256 + e.AccountUpn}] {
			t.Errorf("the mail tables do not know %+v", e)
		}
	}
	for _, a := range alerts {
		titles[a.Title]++
	}
	if len(kinds) != 5 || len(titles) != 4 || titles[alertClicked.title] == 0 || events < 100 {
		t.Errorf("evidence %v, alerts %v, %d events of apps", kinds, titles, events)
	}
	t.Log(len(alerts), "alerts", titles, "evidence", kinds, "events of apps", events)
}

// verdicts are the different things that were said of a mail as a whole.
func (m mailOf) verdicts() map[string]bool {
	said := map[string]bool{}
	for _, e := range m[defender.TableEmailEvents] {
		if e.DeliveryLocation != "On-premises/external" {
			said[e.ThreatTypes+" "+e.DeliveryAction+" "+e.DeliveryLocation] = true
		}
	}
	return said
}

func (m mailOf) check(t *testing.T, id string) {
	t.Helper()
	events := m[defender.TableEmailEvents]
	if len(events) == 0 {
		t.Errorf("%s has rows, but none of EmailEvents: %v", id, m)
		return
	}
	first, got, places := events[0], map[string]bool{}, map[string]bool{}
	for _, e := range events {
		got[e.RecipientEmailAddress] = true
		places[e.Timestamp+" "+e.RecipientEmailAddress+" "+e.DeliveryLocation] = true
		if e.InternetMessageID != first.InternetMessageID || e.URLCount != first.URLCount || e.AttachmentCount != first.AttachmentCount {
			t.Errorf("%s changes with its verdict: %+v, %+v", id, first, e)
		}
	}
	links, files := map[string]bool{}, map[string]bool{}
	for _, r := range m[defender.TableURLs] {
		links[r.URL] = true
	}
	for _, r := range m[defender.TableAttachments] {
		files[r.SHA256] = true
	}
	if len(links) > first.URLCount || len(m[defender.TableURLs]) != first.URLCount || len(files) != first.AttachmentCount {
		t.Errorf("%s says %d links and %d attachments, and has %d and %d", id, first.URLCount, first.AttachmentCount, len(m[defender.TableURLs]), len(files))
	}
	for table, rows := range m {
		for _, r := range rows {
			if r.Timestamp < first.Timestamp {
				t.Errorf("%s: a row of %s at %s is older than the mail at %s", id, table, r.Timestamp, first.Timestamp)
			}
			if who := r.RecipientEmailAddress + r.AccountUpn; who != "" && !got[who] {
				t.Errorf("%s: a row of %s is about %s, who did not get it", id, table, who)
			}
		}
	}
	for _, r := range m[defender.TableURLClicks] {
		if !links[r.URL] {
			t.Errorf("%s: a click on %s, which is not in it", id, r.URL)
		}
	}
	for _, r := range m[defender.TablePostDelivery] {
		if r.ActionResult == "Success" && !places[r.Timestamp+" "+r.RecipientEmailAddress+" "+r.DeliveryLocation] {
			t.Errorf("%s: it was moved to %s, and EmailEvents does not say so", id, r.DeliveryLocation)
		}
	}
}
