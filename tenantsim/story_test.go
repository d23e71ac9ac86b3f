package tenantsim

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/defender"
	"github.com/quoll/quoll/tenantsim/world"
)

func TestTheStoryIsToldAcrossBothSources(t *testing.T) {
	clock := newClock()
	cfg := smallConfig(clock)
	cfg.ExportDir, cfg.StoryAge = t.TempDir(), time.Hour
	tenant := newTenant(t, cfg)
	if err := tenant.Advance(); err != nil {
		t.Fatal(err)
	}
	c := newCaller(t, tenant)
	c.startAll()
	records := map[string]json.RawMessage{}
	for _, contentType := range audit.ContentTypes() {
		blobs, _ := c.list(contentType, clock.now().Add(-20*time.Hour), clock.now())
		for _, b := range blobs {
			for _, record := range c.fetch(b.ContentURI) {
				records[recordID(t, record)] = record
			}
		}
	}
	rows := map[string]map[string]any{} // by table and ReportId
	for _, lines := range readExport(t, cfg.ExportDir) {
		for _, line := range lines {
			var row struct {
				Category   string
				Properties map[string]any
			}
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatal(err)
			}
			if id, ok := row.Properties["ReportId"].(string); ok {
				rows[row.Category+id] = row.Properties
			}
		}
	}

	story := tenant.Story()
	told := map[string]int{}
	for _, step := range story.Steps {
		told[step.Name]++
		if step.Source == "audit" {
			checkAuditStep(t, step, records[step.RecordID])
		} else {
			checkDefenderStep(t, step, rows["AdvancedHunting-"+step.Table+step.RecordID])
		}
		if step.Time.After(clock.now().Add(-cfg.StoryAge)) {
			t.Errorf("%s happens after the end", step.Name)
		}
	}
	for _, name := range []string{
		world.StepPhishDelivered, world.StepLinkClicked, world.StepSignInFailed, world.StepSignedIn, world.StepMailSynced, world.StepMailRead, world.StepInboxRule,
		world.StepForwarding, world.StepInvoiceSent, world.StepEvidenceDestroyed, world.StepReplyReceived, world.StepPhishPurged, world.StepClickBlocked,
	} {
		if told[name] == 0 {
			t.Errorf("nothing is told of: %s", name)
		}
	}
	if story.MessagesAccessed < 300 {
		t.Errorf("the attacker opened %d messages", story.MessagesAccessed)
	}
}

func checkAuditStep(t *testing.T, step Step, record json.RawMessage) {
	t.Helper()
	var f struct {
		CreationTime, UserID, ClientIP, ClientIPAddress string
		Item                                            struct{ InternetMessageID string }
		AffectedItems                                   []struct{ InternetMessageID string }
	}
	if record == nil {
		t.Fatalf("%s: the feed does not offer record %s", step.Name, step.RecordID)
	}
	if err := json.Unmarshal(record, &f); err != nil {
		t.Fatal(err)
	}
	ip := f.ClientIP
	if ip == "" {
		ip = f.ClientIPAddress
	}
	if f.UserID != step.Actor || f.CreationTime != audit.Time(step.Time) || len(ip) < len(step.IP) || ip[:len(step.IP)] != step.IP {
		t.Errorf("%s: %s", step.Name, record)
	}
	id := f.Item.InternetMessageID
	if len(f.AffectedItems) > 0 {
		id = f.AffectedItems[0].InternetMessageID
	}
	if step.InternetMessageID != "" && id != step.InternetMessageID {
		t.Errorf("%s: message %s, not %s", step.Name, id, step.InternetMessageID)
	}
}

func checkDefenderStep(t *testing.T, step Step, row map[string]any) {
	t.Helper()
	if row == nil {
		t.Fatalf("%s: %s %s is not in the export", step.Name, step.Table, step.RecordID)
	}
	if row["NetworkMessageId"] != step.NetworkMessageID || row["Timestamp"] != defender.Time(step.Time) {
		t.Errorf("%s: %v", step.Name, row)
	}
	if id, ok := row["InternetMessageId"]; ok && id != step.InternetMessageID {
		t.Errorf("%s: %v", step.Name, row)
	}
}

func TestAStoryInTheFutureIsToldAsItHappens(t *testing.T) {
	clock := newClock()
	cfg := smallConfig(clock)
	cfg.StoryEnd = clock.now().Add(4 * time.Hour)
	tenant := newTenant(t, cfg)
	if n := len(tenant.Story().Steps); n != 0 {
		t.Fatalf("%d steps before it began", n)
	}
	var last time.Time
	for range 26 {
		clock.advance(10 * time.Minute)
		if err := tenant.Advance(); err != nil {
			t.Fatal(err)
		}
		for _, step := range tenant.Story().Steps {
			if step.Time.After(clock.now()) {
				t.Fatalf("%s at %v is told at %v", step.Name, step.Time, clock.now())
			}
			last = step.Time
		}
	}
	if !last.Before(cfg.StoryEnd) || last.Before(cfg.StoryEnd.Add(-5*time.Minute)) {
		t.Errorf("the story ended at %v, not shortly before %v", last, cfg.StoryEnd)
	}
}

func TestWithoutAStoryNothingIsTold(t *testing.T) {
	clock := newClock()
	cfg := smallConfig(clock)
	cfg.NoStory = true
	if story := newTenant(t, cfg).Story(); len(story.Steps) != 0 || story.Victim != "" {
		t.Errorf("%+v", story)
	}
}
