package world

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
)

const testTenant = "5a1f3c52-77f0-4c1e-9d1b-0c5a2f7be101"

// A Monday morning in the agency's zone: the days before hold a weekend.
var testNow = time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)

func testWorld(t *testing.T, seed uint64, history time.Duration) (*World, Batch) {
	t.Helper()
	w := New(Config{Seed: seed, TenantID: testTenant, Start: testNow.Add(-history), StoryEnd: testNow.Add(-time.Hour)})
	batch, err := w.Advance(testNow)
	if err != nil {
		t.Fatal(err)
	}
	return w, batch
}

// made keeps one world for the tests that only look at it.
var made struct {
	sync.Once
	world *World
	batch Batch
}

func threeDays(t *testing.T) (*World, Batch) {
	t.Helper()
	made.Do(func() { made.world, made.batch = testWorld(t, 1, 72*time.Hour) })
	return made.world, made.batch
}

func bodies(b Batch) []string {
	var all []string
	for _, r := range b.Audit {
		all = append(all, string(r.Body))
	}
	for _, r := range b.Defender {
		all = append(all, r.Table+string(r.Properties))
	}
	return all
}

func TestSameSeedGivesTheSameWorld(t *testing.T) {
	_, one := testWorld(t, 7, 8*time.Hour)
	_, two := testWorld(t, 7, 8*time.Hour)
	if !slices.Equal(bodies(one), bodies(two)) {
		t.Error("two worlds of one seed differ")
	}
	_, other := testWorld(t, 8, 8*time.Hour)
	if slices.Equal(bodies(one), bodies(other)) {
		t.Error("the worlds of two seeds are the same")
	}
}

func TestTimeMayPassInAnyPieces(t *testing.T) {
	_, whole := testWorld(t, 7, 12*time.Hour)
	w := New(Config{Seed: 7, TenantID: testTenant, Start: testNow.Add(-12 * time.Hour), StoryEnd: testNow.Add(-time.Hour)})
	var pieces Batch
	for at := w.cursor; !at.After(testNow); at = at.Add(47 * time.Minute) {
		b, err := w.Advance(at)
		if err != nil {
			t.Fatal(err)
		}
		pieces.Audit, pieces.Defender = append(pieces.Audit, b.Audit...), append(pieces.Defender, b.Defender...)
	}
	b, err := w.Advance(testNow)
	if err != nil {
		t.Fatal(err)
	}
	pieces.Audit, pieces.Defender = append(pieces.Audit, b.Audit...), append(pieces.Defender, b.Defender...)
	if !slices.Equal(bodies(whole), bodies(pieces)) {
		t.Error("what came into being depends on how time was cut")
	}
}

func TestRecordsAreWordedAsTheAPIWordsThem(t *testing.T) {
	w, batch := threeDays(t)
	seen := map[string]bool{}
	counts, revised := map[string]int{}, 0
	for _, r := range batch.Audit {
		if seen[r.ID] {
			if r.ContentTypes[0] != audit.ContentDLP {
				t.Fatalf("the id %s came into being twice", r.ID)
			}
			revised++
		}
		seen[r.ID] = true
		if r.Time.Before(w.cfg.Start) || !r.Time.Before(testNow) {
			t.Fatalf("%s lies outside of history", r.Body)
		}
		var f map[string]any
		if err := json.Unmarshal(r.Body, &f); err != nil {
			t.Fatal(err)
		}
		created, err := time.Parse("2006-01-02T15:04:05", f["CreationTime"].(string))
		if err != nil || !created.Equal(r.Time) {
			t.Fatalf("CreationTime %v of %v: %v", f["CreationTime"], r.Time, err)
		}
		for _, field := range []string{"Id", "RecordType", "Operation", "OrganizationId", "UserType", "UserKey", "Workload", "UserId", "Version"} {
			if _, ok := f[field]; !ok {
				t.Fatalf("%s is missing in %s", field, r.Body)
			}
		}
		if f["OrganizationId"] != testTenant || f["Id"] != r.ID {
			t.Fatalf("ids in %s", r.Body)
		}
		checkShape(t, f, r.Body)
		counts[f["Workload"].(string)+" "+f["Operation"].(string)]++
		if !slices.Contains(audit.ContentTypes(), r.ContentTypes[0]) {
			t.Fatalf("content type %q", r.ContentTypes[0])
		}
	}
	for _, want := range []string{
		"Exchange MailItemsAccessed", "Exchange Send", "Exchange HardDelete", "Exchange New-InboxRule", "Exchange Set-Mailbox", "Exchange Add-MailboxPermission",
		"SharePoint FileAccessed", "OneDrive FileModified", "SharePoint FileDownloaded", "SharePoint FileUploaded", "OneDrive FileSyncDownloadedFull",
		"SharePoint SharingSet", "SharePoint AnonymousLinkCreated", "SharePoint SecureLinkCreated", "SharePoint AddedToSecureLink",
		"MicrosoftTeams TeamsSessionStarted", "MicrosoftTeams MessageSent", "MicrosoftTeams MemberAdded",
		"AzureActiveDirectory UserLoggedIn", "AzureActiveDirectory UserLoginFailed", "AzureActiveDirectory Update user.",
		"PowerBI ViewReport", "Copilot CopilotInteraction", "OneDrive DLPRuleMatch", "SecurityComplianceCenter SearchAlert",
	} {
		if counts[want] == 0 {
			t.Errorf("no %s in three days", want)
		}
	}
	tables := map[string]int{}
	for _, r := range batch.Defender {
		tables[r.Table]++
	}
	if revised == 0 {
		t.Error("no policy match was worded anew")
	}
	reports := map[string]bool{}
	for _, r := range batch.Defender {
		if key := r.Table + r.ReportID; reports[key] {
			t.Fatalf("the ReportId %s came into being twice in %s", r.ReportID, r.Table)
		} else {
			reports[key] = true
		}
	}
	t.Logf("%d audit records, Defender records %v", len(batch.Audit), tables)
}

// checkShape holds what the fact pages say of the wire.
func checkShape(t *testing.T, f map[string]any, body []byte) {
	t.Helper()
	_, hasIP := f["ClientIP"]
	switch recordType := int(f["RecordType"].(float64)); recordType {
	case audit.TypeExchangeItemAggregate:
		if hasIP || f["ClientIPAddress"] == "" || len(f["Folders"].([]any)) == 0 {
			t.Fatalf("aggregated access has only ClientIPAddress: %s", body)
		}
	case audit.TypeExchangeItem, audit.TypeExchangeItemGroup:
		if f["ClientIP"] != f["ClientIPAddress"] || !strings.HasSuffix(f["OriginatingServer"].(string), "\r\n") {
			t.Fatalf("mailbox record: %s", body)
		}
	case audit.TypeExchangeAdmin:
		if ip, _ := f["ClientIP"].(string); hasIP && !strings.Contains(ip, ":") {
			t.Fatalf("an administrator's address has a port: %s", body)
		}
	case audit.TypeSharePointFile:
		if f["ObjectId"] != f["SiteUrl"].(string)+f["SourceRelativeUrl"].(string)+"/"+f["SourceFileName"].(string) {
			t.Fatalf("ObjectId is SiteUrl, SourceRelativeUrl and SourceFileName: %s", body)
		}
	}
	if bytes.Contains(body, []byte(`\u003c`)) || bytes.Contains(body, []byte("\n")) {
		t.Fatalf("escaped or broken: %s", body)
	}
}
