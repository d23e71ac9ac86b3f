package world

import (
	"encoding/json"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/defender"
)

// auditFields are what detections look at in an audit record.
type auditFields struct {
	at                                         time.Time
	Operation, UserID, ClientIP                string
	ClientIPAddress, MailboxOwnerUPN, ObjectID string
	Parameters                                 []audit.NameValue
	Folders                                    []audit.AggregatedFolder
}

func (f auditFields) parameter(name string) string {
	for _, p := range f.Parameters {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

func (f auditFields) address() string {
	if host, _, err := net.SplitHostPort(f.ClientIP); err == nil {
		return host
	}
	return f.ClientIP
}

// mailFields are what detections look at in a Defender record.
type mailFields struct {
	at                                        time.Time
	table                                     string
	NetworkMessageID, ThreatTypes, ActionType string
	AccountUpn, Subject, EmailDirection       string
	SenderFromAddress                         string
	IsClickedThrough                          bool
}

// detected are the operations that detections look at.
var detected = regexp.MustCompile(`"Operation":"(UserLoggedIn|MailItemsAccessed|New-InboxRule|Set-Mailbox)"`)

func fields(t *testing.T, b Batch) (records []auditFields, mails []mailFields) {
	t.Helper()
	for _, r := range b.Audit {
		if !detected.Match(r.Body) {
			continue
		}
		f := auditFields{at: r.Time}
		if err := json.Unmarshal(r.Body, &f); err != nil {
			t.Fatal(err)
		}
		records = append(records, f)
	}
	for _, r := range b.Defender {
		f := mailFields{at: r.Time, table: r.Table}
		if err := json.Unmarshal(r.Properties, &f); err != nil {
			t.Fatal(err)
		}
		mails = append(mails, f)
	}
	slices.SortFunc(records, func(a, b auditFields) int { return a.at.Compare(b.at) })
	return records, mails
}

// suspects applies, in the simplest words, what a detection of each step would
// ask, and returns whom it finds.
func suspects(t *testing.T, b Batch) map[string]map[string]bool {
	records, mails := fields(t, b)
	found := map[string]map[string]bool{}
	suspect := func(rule, who string) {
		if found[rule] == nil {
			found[rule] = map[string]bool{}
		}
		found[rule][who] = true
	}
	judged := map[string]bool{}
	for _, m := range mails {
		if m.table != defender.TableURLClicks && (strings.Contains(m.ThreatTypes, "Phish") || strings.Contains(m.ThreatTypes, "Malware")) {
			judged[m.NetworkMessageID] = true
		}
	}
	for _, m := range mails {
		if m.table == defender.TableURLClicks && (m.ActionType == "ClickAllowed" || m.IsClickedThrough) && judged[m.NetworkMessageID] {
			suspect("phish clicked", m.AccountUpn)
		}
	}
	changed := suspectRules(records, suspect)
	suspectReaders(records, suspect)
	for _, m := range mails {
		since, ok := changed[m.SenderFromAddress]
		if m.table != defender.TableEmailEvents || m.EmailDirection != "Outbound" || !ok || m.at.Before(since) || m.at.After(since.Add(24*time.Hour)) {
			continue
		}
		for _, word := range []string{"invoice", "bank", "remittance", "payment", "bsb"} {
			if strings.Contains(strings.ToLower(m.Subject), word) {
				suspect("payment mail", m.SenderFromAddress)
			}
		}
	}
	return found
}

func suspectRules(records []auditFields, suspect func(rule, who string)) (changed map[string]time.Time) {
	changed = map[string]time.Time{}
	first, firstAt := map[string]time.Time{}, map[[2]string]time.Time{}
	for _, r := range records {
		switch r.Operation {
		case "UserLoggedIn":
			if _, ok := first[r.UserID]; !ok {
				first[r.UserID] = r.at
			}
			if _, ok := firstAt[[2]string{r.UserID, r.ClientIP}]; !ok {
				firstAt[[2]string{r.UserID, r.ClientIP}] = r.at
			}
			continue
		case "New-InboxRule", "Set-Mailbox":
		default:
			continue
		}
		forward := strings.TrimPrefix(r.parameter("ForwardTo")+r.parameter("ForwardingSmtpAddress"), "smtp:")
		if forward != "" && !strings.HasSuffix(forward, "@coastalworks.example") {
			suspect("forwards outside by "+r.Operation, r.UserID)
		}
		if r.parameter("DeleteMessage") != "" || r.parameter("MarkAsRead") != "" {
			suspect("hides", r.UserID)
		}
		if forward != "" || r.parameter("MarkAsRead") != "" {
			if _, ok := changed[r.UserID]; !ok {
				changed[r.UserID] = r.at
			}
		}
		if r.Operation == "Set-Mailbox" && forward == "" {
			continue
		}
		since, ok := firstAt[[2]string{r.UserID, r.address()}]
		if ok && since.After(first[r.UserID].Add(24*time.Hour)) && r.at.Before(since.Add(24*time.Hour)) {
			suspect("rule after new sign-in", r.UserID)
		}
	}
	return changed
}

func suspectReaders(records []auditFields, suspect func(rule, who string)) {
	first, firstAt := map[string]time.Time{}, map[[2]string]time.Time{}
	read := map[[3]string]int{}
	for _, r := range records {
		if r.Operation != "MailItemsAccessed" {
			continue
		}
		key := [2]string{r.MailboxOwnerUPN, r.ClientIPAddress}
		if _, ok := first[r.MailboxOwnerUPN]; !ok {
			first[r.MailboxOwnerUPN] = r.at
		}
		if _, ok := firstAt[key]; !ok {
			firstAt[key] = r.at
		}
		hour := [3]string{key[0], key[1], r.at.Truncate(time.Hour).String()}
		for _, folder := range r.Folders {
			read[hour] += len(folder.FolderItems)
		}
		if read[hour] > 100 && firstAt[key].After(first[key[0]].Add(24*time.Hour)) {
			suspect("mass access", key[0])
		}
		if read[hour] > 100 && !firstAt[key].After(first[key[0]].Add(24*time.Hour)) {
			suspect("diligence", key[0])
		}
	}
}

// Noise has to look like the story without being it: what a detection asks must
// find the victim and nobody else, on whatever day of the week.
func TestOnlyTheStoryIsSuspicious(t *testing.T) {
	seeds := uint64(2)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		now := testNow.Add(time.Duration(seed) * 55 * time.Hour)
		w := New(Config{Seed: seed, TenantID: testTenant, Start: now.Add(-72 * time.Hour), StoryEnd: now.Add(-time.Hour), Volume: 0.5})
		batch, err := w.Advance(now)
		if err != nil {
			t.Fatal(err)
		}
		found := suspects(t, batch)
		for _, rule := range []string{"phish clicked", "forwards outside by New-InboxRule", "forwards outside by Set-Mailbox", "hides", "rule after new sign-in", "mass access", "payment mail"} {
			if !found[rule][w.story.Victim] {
				t.Errorf("seed %d: %q does not find the victim", seed, rule)
			}
			if len(found[rule]) > 1 {
				t.Errorf("seed %d: %q finds %v besides the victim %s", seed, rule, found[rule], w.story.Victim)
			}
		}
		if len(found["diligence"]) > 0 {
			t.Errorf("seed %d: %v read too much", seed, found["diligence"])
		}
	}
}

func TestNoiseHoldsHarmlessLookAlikes(t *testing.T) {
	w, batch := threeDays(t)
	records, mails := fields(t, batch)
	seen := map[string]bool{}
	travellers := map[string]bool{}
	for _, a := range w.actors {
		travellers[a.TravelIP] = a.Traveller
	}
	for _, r := range records {
		switch {
		case r.Operation == "New-InboxRule" && r.UserID != w.story.Victim && r.parameter("MoveToFolder") != "":
			seen["tidy rule"] = true
		case r.Operation == "Set-Mailbox" && strings.HasSuffix(r.parameter("ForwardingSmtpAddress"), "@coastalworks.example"):
			seen["forwarding inside"] = true
		case r.Operation == "UserLoggedIn" && travellers[r.ClientIP]:
			seen["traveller"] = true
		}
	}
	for _, m := range mails {
		switch {
		case m.table == defender.TableURLClicks && m.ActionType == "ClickAllowed" && m.AccountUpn != w.story.Victim:
			seen["honest click"] = true
		case m.table == defender.TableEmailEvents && m.ThreatTypes == "Phish" && m.NetworkMessageID != w.story.PhishNetworkID:
			seen["other phish"] = true
		case m.table == defender.TableEmailEvents && strings.Contains(m.Subject, "nvoice") && m.SenderFromAddress != w.story.Victim:
			seen["honest invoice"] = true
		}
	}
	for _, want := range []string{"tidy rule", "traveller", "honest click", "other phish", "honest invoice"} {
		if !seen[want] {
			t.Errorf("no %s in three days", want)
		}
	}
}

var mailOperation = regexp.MustCompile(`"Operation":"(Send|MailItemsAccessed)"`)

// Every mail that was sent or opened is one that EmailEvents told of, unless it
// is older than the world.
func TestMailAgreesInBothSources(t *testing.T) {
	w, batch := threeDays(t)
	told := map[string]string{} // InternetMessageId to sender
	for _, r := range batch.Defender {
		if r.Table != defender.TableEmailEvents {
			continue
		}
		var m struct{ InternetMessageID, SenderFromAddress string }
		if err := json.Unmarshal(r.Properties, &m); err != nil {
			t.Fatal(err)
		}
		told[m.InternetMessageID] = m.SenderFromAddress
	}
	sent, opened := 0, 0
	for _, r := range batch.Audit {
		var f struct {
			Operation, UserID string
			Item              audit.Item
			Folders           []audit.AggregatedFolder
		}
		if !mailOperation.Match(r.Body) {
			continue
		}
		if err := json.Unmarshal(r.Body, &f); err != nil {
			t.Fatal(err)
		}
		if f.Operation == "Send" {
			sent++
			if told[f.Item.InternetMessageID] != f.UserID {
				t.Fatalf("the mail of %s was sent by %q", r.Body, told[f.Item.InternetMessageID])
			}
		}
		for _, folder := range f.Folders {
			for _, item := range folder.FolderItems {
				if told[item.InternetMessageID] != "" {
					opened++
				}
			}
		}
	}
	if sent < 50 || opened < 200 {
		t.Errorf("%d mails sent, %d known ones opened, in a world from %v", sent, opened, w.cfg.Start)
	}
}
