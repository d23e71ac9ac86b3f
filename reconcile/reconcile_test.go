package reconcile

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/model"
)

const tenant = "11111111-2222-3333-4444-555555555555"

var day = time.Date(2026, 9, 14, 0, 0, 0, 0, time.UTC)

// holding is what Quoll holds, in memory.
type holding []Held

func (h holding) Each(_ context.Context, _ string, from, to time.Time, yield func(Held) error) error {
	for _, r := range h {
		if !r.Time.Before(from) && r.Time.Before(to) {
			if err := yield(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h holding) ByID(_ context.Context, _ string, ids []string, yield func(Held) error) error {
	for _, r := range h {
		if slices.Contains(ids, r.ID) {
			if err := yield(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h holding) WithoutID(_ context.Context, _ string, yield func(Held) error) error {
	for _, r := range h {
		if r.ID == "" {
			if err := yield(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h holding) Whole(_ context.Context, ids []string, from, to time.Time, yield func(id, organization, record string) error) error {
	for _, r := range h {
		if slices.Contains(ids, r.ID) && !r.Time.Before(from) && r.Time.Before(to) {
			if err := yield(r.ID, r.Organization, fmt.Sprintf(`{"Id":%q,"whole":true}`, r.ID)); err != nil {
				return err
			}
		}
	}
	return nil
}

func held(id string, at time.Time, operation string) Held {
	return Held{ID: id, Organization: tenant, Operation: operation, UserID: "ada@coast.example", Time: at}
}

func record(id string, at time.Time, operation string) string {
	return fmt.Sprintf(`{"CreationTime":%q,"Id":%q,"Operation":%q,"OrganizationId":%q,"RecordType":6,"UserId":"ada@coast.example","Workload":"SharePoint"}`+"\n",
		at.Format("2006-01-02T15:04:05"), id, operation, strings.ToUpper(tenant))
}

func compare(t *testing.T, cfg func(*Config), h holding, bodies ...string) (*Report, *Comparison) {
	t.Helper()
	config := DefaultConfig(t.TempDir())
	if cfg != nil {
		cfg(&config)
	}
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(config.Dir); err != nil || len(left) != 0 {
			t.Errorf("%d temporary files are left: %v", len(left), err)
		}
	})
	for i, body := range bodies {
		c.BeginFile(fmt.Sprint("file", i))
		if err := c.Add(payload(body)); err != nil {
			t.Fatal(err)
		}
	}
	report, err := c.Finish(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	return report, c
}

func payload(body string) model.Payload {
	format := model.FormatAuditLines
	if strings.HasPrefix(body, "OfficeId") || strings.HasPrefix(body, "TimeGenerated") {
		format = model.FormatOfficeActivityCSV
	}
	return model.Payload{Source: model.SourceFile, Format: format, Line: 1, Body: []byte(body), Received: time.Now()}
}

func TestEqualSides(t *testing.T) {
	at := day.Add(8 * time.Hour)
	h := holding{held("a", at, "FileAccessed"), held("b", at.Add(time.Minute), "FileDeleted"), held("x", at.Add(2*time.Hour), "Later")}
	report, _ := compare(t, nil, h, record("b", at.Add(time.Minute), "FileDeleted")+record("a", at, "FileAccessed"))
	if !report.Equal() || report.Matched != 2 || report.HoursCompared != 2 || report.HoursDiffer != 0 || report.Table != tableLog {
		t.Errorf("%+v", report)
	}
	if !report.From.Equal(at) || !report.To.Equal(at.Add(time.Minute+time.Second)) {
		t.Errorf("range %v..%v", report.From, report.To)
	}
}

func TestWhatEitherSideLacks(t *testing.T) {
	at := day.Add(8 * time.Hour)
	h := holding{held("a", at, "FileAccessed"), held("quoll", at.Add(10*time.Minute), "FileAccessed"), held("z", at.Add(time.Hour), "FileDeleted")}
	report, c := compare(t, nil, h, record("a", at, "FileAccessed")+record("other", at.Add(20*time.Minute), "New"), record("z", at.Add(time.Hour), "FileDeleted")+record("z", at.Add(time.Hour), "FileDeleted"))
	if report.Equal() || report.Matched != 2 || report.QuollLacks != 1 || report.OtherLacks != 1 {
		t.Fatalf("%+v", report)
	}
	if l := report.QuollLacking; len(l) != 1 || l[0].ID != "other" || l[0].File != "file0" || l[0].Operation != "New" || !l[0].Time.Equal(at.Add(20*time.Minute)) {
		t.Errorf("Quoll lacks %+v", l)
	}
	if l := report.OtherLacking; len(l) != 1 || l[0].ID != "quoll" || l[0].File != "" {
		t.Errorf("the other lacks %+v", l)
	}
	if f := report.Files[1]; f.Records != 2 || f.Repeated != 1 {
		t.Errorf("a repeat: %+v", f)
	}
	if h := report.Hours; len(h) != 2 || h[0] != (Hour{at, "FileAccessed", 2, 1}) || h[1] != (Hour{at, "New", 0, 1}) || report.HoursCompared != 3 {
		t.Errorf("hours %+v", report.Hours)
	}
	var out bytes.Buffer
	err := c.Write(t.Context(), &out, func(yield func(model.Payload) error) error {
		return yield(payload(record("a", at, "FileAccessed") + record("other", at.Add(20*time.Minute), "New")))
	}, h)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var first, second line
	if len(lines) != 2 || json.Unmarshal([]byte(lines[0]), &first) != nil || json.Unmarshal([]byte(lines[1]), &second) != nil {
		t.Fatal(out.String())
	}
	if first.Lacks != "quoll" || first.ID != "other" || !strings.Contains(string(first.AuditData), `"Operation":"New"`) || second.Lacks != "other" || string(second.AuditData) != `{"Id":"quoll","whole":true}` {
		t.Error(out.String())
	}
}

func TestTimesInOtherWords(t *testing.T) {
	at := day.Add(8 * time.Hour)
	h := holding{held("a", at, "X"), held("b", at, "X"), held("c", at, "X"), held("d", at, "X"), held("none", day.AddDate(0, 1, 0), "X"), held("off", at, "X")}
	var bodies strings.Builder
	for id, text := range map[string]string{"a": "2026-09-14T08:00:00Z", "b": "2026-09-14T10:00:00+02:00", "c": "9/14/2026 8:00:00 AM", "d": "2026-09-14T08:00:00.4", "none": "yesterday", "off": "2026-09-14T10:00:00"} {
		fmt.Fprintf(&bodies, `{"CreationTime":%q,"Id":%q,"Operation":"X","OrganizationId":%q,"RecordType":6}`+"\n", text, id, tenant)
	}
	report, _ := compare(t, nil, h, bodies.String())
	if report.Matched != 6 || report.OtherTime != 1 || report.OtherTimes[0].ID != "off" || report.QuollLacks != 0 || report.OtherLacks != 0 {
		t.Errorf("%+v", report)
	}
}

// An export that has moved a time by its zone shows it as another time, not as
// missing on both sides.
func TestATimeMovedByItsZone(t *testing.T) {
	at := day.Add(8 * time.Hour)
	report, _ := compare(t, nil, holding{held("a", at, "X")}, record("a", at.Add(10*time.Hour), "X"))
	if report.Matched != 1 || report.OtherTime != 1 || report.QuollLacks != 0 || report.OtherLacks != 0 || report.Equal() {
		t.Errorf("%+v", report)
	}
}

func TestRowsOfLogAnalytics(t *testing.T) {
	row := Held{ID: "a", Organization: tenant, Operation: "X", Time: day.Add(8 * time.Hour)}
	c, err := New(DefaultConfig(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.BeginFile("rows")
	body := fmt.Sprintf(`{"TimeGenerated":"2026-09-14T08:00:00Z","OfficeId":"a","OfficeWorkload":"Exchange","Operation":"X","OrganizationId":%q}`, tenant)
	if err := c.Add(model.Payload{Format: model.FormatOfficeActivityJSON, Line: 1, Body: []byte(body)}); err != nil {
		t.Fatal(err)
	}
	report, err := c.Finish(t.Context(), holding{row})
	if err != nil || !report.Equal() || report.Table != tableOffice || report.Matched != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestTheRangeIsJudgedAndItsSurroundingsAreNot(t *testing.T) {
	at := day.Add(8 * time.Hour)
	h := holding{held("before", at.Add(-time.Minute), "X"), held("a", at, "X"), held("after", at.Add(2*time.Hour), "X")}
	body := record("a", at, "X") + record("old", at.Add(-time.Hour), "X") + record("new", at.Add(3*time.Hour), "X")
	report, _ := compare(t, func(c *Config) { c.From, c.To = at, at.Add(time.Hour) }, h, body)
	if !report.Equal() || report.Matched != 1 || report.HoursCompared != 1 {
		t.Errorf("%+v", report)
	}
}

// Rows of Sentinel can lack the id of the record. They are told by what they
// say, one row for one record.
func TestRowsWithoutIds(t *testing.T) {
	at := day.Add(8 * time.Hour)
	row := func(id string, at time.Time, user string) Held {
		return Held{ID: id, Organization: tenant, Operation: "FileAccessed", UserID: user, ObjectID: "o", ClientIP: "203.0.113.9", Workload: "SharePoint", Time: at}
	}
	h := holding{row("1", at, "ada"), row("2", at, "ada"), row("3", at.Add(time.Second), "ben"), row("4", at.Add(time.Minute), "eve")}
	body := "TimeGenerated [UTC],Operation,OrganizationId,UserId,OfficeObjectId,ClientIP,OfficeWorkload,OfficeId\n" +
		"9/14/2026 8:00:00.123 AM,FileAccessed," + tenant + ",ada,o,203.0.113.9,SharePoint,\n" +
		"9/14/2026 8:00:00 AM,FileAccessed," + tenant + ",ada,o,203.0.113.9,SharePoint,\n" +
		"9/14/2026 8:00:00 AM,FileAccessed," + tenant + ",ada,o,203.0.113.9,SharePoint,\n" +
		"9/14/2026 8:00:01 AM,FileAccessed," + tenant + ",ben,o,203.0.113.9,SharePoint,3\n" +
		"9/14/2026 8:01:00 AM,FileAccessed," + tenant + ",eve,o,203.0.113.9,SharePoint,4\n"
	report, _ := compare(t, nil, h, body)
	if report.Table != tableOffice || report.Matched != 4 || report.MatchedWithoutID != 2 || report.QuollLacks != 1 || report.OtherLacks != 0 || report.QuollLacking[0].UserID != "ada" {
		t.Errorf("%+v", report)
	}
}

func TestBadRowsAreReportedAndAreNoEquality(t *testing.T) {
	at := day.Add(8 * time.Hour)
	report, _ := compare(t, nil, holding{held("a", at, "X")}, record("a", at, "X")+"{\"Id\":\n")
	if report.Equal() || report.Rejected != 1 || report.Rejects[0].Line != 2 || report.Rejects[0].File != "file0" || report.Rejects[0].Reason == "" {
		t.Errorf("%+v", report)
	}
}

func TestAnIdCountsWithinItsOrganisation(t *testing.T) {
	at := day.Add(8 * time.Hour)
	elsewhere := held("a", at, "X")
	elsewhere.Organization = "99999999-2222-3333-4444-555555555555"
	report, _ := compare(t, nil, holding{elsewhere}, record("a", at, "X"))
	if report.QuollLacks != 1 || report.OtherLacks != 1 {
		t.Errorf("%+v", report)
	}
}

// A side that does not say the organisation matches one that does, but only
// where nobody matches better.
func TestOrganisationsThatAreNotSaid(t *testing.T) {
	at := day.Add(8 * time.Hour)
	said, unsaid := held("a", at, "X"), held("a", at, "X")
	unsaid.Organization = ""
	nameless := `{"CreationTime":"2026-09-14T08:00:00","Id":"a","Operation":"X"}` + "\n"
	for name, test := range map[string]struct {
		h    holding
		body string
	}{
		"both have both":        {holding{unsaid, said}, record("a", at, "X") + nameless},
		"Quoll does not say":    {holding{unsaid}, record("a", at, "X")},
		"the other does not":    {holding{said}, nameless},
		"the other, with ghost": {holding{said, unsaid}, nameless + record("a", at, "X")},
	} {
		if report, _ := compare(t, nil, test.h, test.body); !report.Equal() || report.Matched != int64(len(test.h)) {
			t.Errorf("%s: %+v", name, report)
		}
	}
}

// Whole records without an Id are identified by their content, also without a
// time, which in Quoll is then that of arrival.
func TestRecordsWithoutIds(t *testing.T) {
	at := day.Add(8 * time.Hour)
	h := holding{
		held("a", at, "X"),
		{Operation: "Y", Time: at, Record: `{"Operation":"Y","CreationTime":"2026-09-14T08:00:00"}`},
		{Operation: "Z", Time: day.AddDate(0, 2, 0), Record: `{"Operation":"Z","UserId":"ada"}`},
		{Operation: "Z", Time: day.AddDate(0, 2, 0), Record: `{"Operation":"Z","UserId":"of another import"}`},
		{Operation: "V", Time: at, Record: `{"Operation":"V","CreationTime":"2026-09-14T08:00:00"}`},
	}
	body := record("a", at, "X") + `{"CreationTime":"2026-09-14T08:00:00Z","Operation":"Y"}` + "\n" + `{"UserId":"ada","Operation":"Z"}` + "\n" + `{"UserId":"eve","Operation":"Z"}` + "\n"
	report, _ := compare(t, nil, h, body)
	if report.Matched != 3 || report.MatchedWithoutID != 2 || report.QuollLacks != 1 || report.OtherLacks != 1 || report.OtherLacking[0].Operation != "V" || report.QuollLacking[0].UserID != "eve" {
		t.Errorf("%+v", report)
	}
}

func TestFormatsThatCannotBeCompared(t *testing.T) {
	c, err := New(DefaultConfig(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.BeginFile("f")
	if err := c.Add(model.Payload{Format: model.FormatDefenderLines}); err == nil {
		t.Error("Defender events are compared")
	}
	if err := c.Add(payload(record("a", day, "X"))); err != nil {
		t.Fatal(err)
	}
	if err := c.Add(payload("OfficeId,OfficeWorkload,Operation\n")); err == nil {
		t.Error("two tables at once are compared")
	}
}

// TestMoreThanMemory: with next to no memory the answer is that of a comparison
// with sets.
func TestMoreThanMemory(t *testing.T) {
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 1))
		var h holding
		var body strings.Builder
		quollLacks, otherLacks, matched := int64(0), int64(0), int64(0)
		hours := map[Hour][2]int64{}
		for i := range 1500 {
			id, at, operation := fmt.Sprint("id", i), day.Add(time.Duration(random.IntN(36*3600))*time.Second), fmt.Sprint("Op", random.IntN(5))
			inQuoll, inOther := random.IntN(20) > 0, random.IntN(20) > 0
			hour := Hour{Hour: at.Truncate(time.Hour), Operation: operation}
			counts := hours[hour]
			if inQuoll {
				h = append(h, held(id, at, operation))
				counts[0]++
			}
			if inOther {
				body.WriteString(record(id, at, operation))
				counts[1]++
			}
			hours[hour] = counts
			switch {
			case inQuoll && inOther:
				matched++
			case inQuoll:
				otherLacks++
			case inOther:
				quollLacks++
			}
		}
		report, _ := compare(t, func(c *Config) {
			c.Memory, c.From, c.To = 4000, day, day.Add(36*time.Hour)
		}, h, body.String())
		if report.Matched != matched || report.QuollLacks != quollLacks || report.OtherLacks != otherLacks {
			t.Errorf("seed %d: %d matched, %d, %d; want %d, %d, %d", seed, report.Matched, report.QuollLacks, report.OtherLacks, matched, quollLacks, otherLacks)
		}
		differ := 0
		for hour, counts := range hours {
			if counts[0] != counts[1] {
				differ++
				hour.Quoll, hour.Other = counts[0], counts[1]
				if !slices.Contains(report.Hours, hour) {
					t.Errorf("seed %d: %+v is not among the hours", seed, hour)
				}
			}
		}
		if differ != len(report.Hours) || differ == 0 {
			t.Errorf("seed %d: %d hours differ, not %d", seed, len(report.Hours), differ)
		}
		if !slices.IsSortedFunc(report.QuollLacking, func(a, b Record) int { return a.Time.Compare(b.Time) }) || len(report.QuollLacking) != int(quollLacks) {
			t.Error("what is lacking is not listed by time")
		}
	}
}
