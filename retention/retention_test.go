package retention

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/schema"
)

func day(text string) time.Time {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return at
}

func policy(t *testing.T, rules ...Rule) *Policy {
	t.Helper()
	p, err := NewPolicy(rules)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPeriodsByTheCalendar(t *testing.T) {
	for _, c := range []struct{ keep, on, cutoff string }{
		{"12 months", "2026-11-29", "2025-11-29"},
		{"7 years", "2026-11-29", "2019-11-29"},
		{"12 months", "2028-02-29", "2027-02-28"}, // the 29th is in no other year
		{"1 month", "2026-03-31", "2026-02-28"},
		{"400 days", "2026-11-29", "2025-10-25"},
		{"1 year 6 months", "2026-11-29", "2025-05-29"},
	} {
		p, err := ParsePeriod(c.keep)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Cutoff(day(c.on).Add(13 * time.Hour)).Format(time.DateOnly); got != c.cutoff {
			t.Errorf("%s, on %s: %s, want %s", c.keep, c.on, got, c.cutoff)
		}
		if again, err := ParsePeriod(p.String()); err != nil || again != p {
			t.Errorf("%q reads back as %v, %v", p, again, err)
		}
	}
	for _, bad := range []string{"", "7", "7y", "seven years", "0 years", "-1 years", "forever 7 years", "7 weeks"} {
		if p, err := ParsePeriod(bad); err == nil {
			t.Errorf("%q is %v", bad, p)
		}
	}
}

func TestARowEndsOnTheFirstDayItIsOutOfDate(t *testing.T) {
	for _, keep := range []Period{{Years: 7}, {Months: 12}, {Months: 1}, {Days: 30}, {Years: 1, Months: 1, Days: 1}} {
		for at := day("2023-12-20"); at.Before(day("2024-04-02")); at = at.Add(31 * time.Hour) {
			end := keep.Ends(at)
			if !at.Before(keep.Cutoff(end)) || at.Before(keep.Cutoff(end.AddDate(0, 0, -1))) {
				t.Fatalf("a row of %s that is kept for %s ends %s", at, keep, end)
			}
		}
	}
	if !(Period{Forever: true}).Ends(day("2020-01-01")).IsZero() {
		t.Error("for ever ends")
	}
}

func TestTheLowestPriorityWins(t *testing.T) {
	p := policy(t,
		Rule{Name: "all", Priority: 100, Keep: Period{Months: 12}},
		Rule{Name: "admin", Priority: 20, Keep: Period{Years: 10}, RecordTypes: []RecordType{{1, "ExchangeAdmin"}}},
		Rule{Name: "minister", Priority: 10, Keep: Period{Forever: true}, Users: []string{"Minister@coast.example"}},
		Rule{Name: "mail", Priority: 50, Keep: Period{Years: 2}, Tables: []string{schema.EmailEvents}},
	)
	for _, c := range []struct {
		s    Subject
		want string
	}{
		{Subject{Table: schema.UnifiedAuditLog, RecordType: "8"}, "all"},
		{Subject{Table: schema.UnifiedAuditLog, RecordType: "1"}, "admin"},
		{Subject{Table: schema.OfficeActivity, RecordType: "ExchangeAdmin"}, "admin"},
		{Subject{Table: schema.UnifiedAuditLog, RecordType: "1", Users: []string{"minister@COAST.example"}}, "minister"},
		{Subject{Table: schema.EmailEvents, Users: []string{"a@b", "minister@coast.example"}}, "minister"},
		{Subject{Table: schema.EmailEvents, RecordType: "1"}, "mail"}, // it has no record types
		{Subject{Table: schema.EmailUrlInfo}, "all"},
	} {
		if got := p.Winner(&c.s); got == nil || got.Name != c.want {
			t.Errorf("%+v: %+v, want %s", c.s, got, c.want)
		}
	}
	rules, complete := p.ForTable(schema.EmailEvents)
	if len(rules) != 2 || !complete || rules[1].Name != "mail" {
		t.Errorf("%d rules can win for mail, the last for all: %v", len(rules), complete)
	}
	if r := policy(t).Winner(&Subject{Table: schema.EmailEvents}); r != nil {
		t.Errorf("without rules %+v wins", r)
	}
}

func TestRulesThatAreNotPlainAreRefused(t *testing.T) {
	good := Rule{Name: "a", Priority: 1, Keep: Period{Years: 1}}
	for want, change := range map[string]func(r *Rule){
		"name: missing":     func(r *Rule) { r.Name = " " },
		"between 1 and":     func(r *Rule) { r.Priority = 0 },
		"keep: missing":     func(r *Rule) { r.Keep = Period{} },
		"less than 30 days": func(r *Rule) { r.Keep = Period{Days: 29} },
		"no table":          func(r *Rule) { r.Tables = []string{"officeactivity"} },
		"without *":         func(r *Rule) { r.Users = []string{"*@coast.example"} },
		"name: given twice": func(r *Rule) { r.Priority = 2 },
		"as well":           func(r *Rule) { r.Name = "b" },
	} {
		r := good
		change(&r)
		if _, err := NewPolicy([]Rule{good, r}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

func TestAHoldKeepsTooMuchRatherThanTooLittle(t *testing.T) {
	h := Hold{ID: "h", Tenants: []string{"T1"}, Users: []string{"ada@coast.example"}, From: day("2026-01-01"), To: day("2026-02-01")}
	at := day("2026-01-10")
	for _, c := range []struct {
		s    Subject
		want bool
	}{
		{Subject{Tenant: "t1", Users: []string{"Ada@coast.example"}, Time: at}, true},
		{Subject{Tenant: "t2", Users: []string{"ada@coast.example"}, Time: at}, false},
		{Subject{Tenant: "t1", Users: []string{"bo@coast.example"}, Time: at}, false},
		{Subject{Users: []string{"ada@coast.example"}, Time: at}, true},
		{Subject{Tenant: "t1", Time: at}, true},
		{Subject{Tenant: "t1", Users: []string{"bo@coast.example"}, Time: at, Mentions: func(user string) bool { return Mentioned(`{"MailboxOwnerUPN":"ADA@coast.example"}`, user) }}, true},
		{Subject{Tenant: "t1", Users: []string{"ada@coast.example"}, Time: h.To}, false},
		{Subject{Tenant: "t1", Users: []string{"ada@coast.example"}, Time: h.From.Add(-1)}, false},
	} {
		if got := h.Holds(&c.s); got != c.want {
			t.Errorf("%+v is held: %v", c.s, got)
		}
	}
}

// TestFloors follows a row through runs whose terms change.
func TestFloors(t *testing.T) {
	year := []Rule{{Name: "year", Priority: 1, Keep: Period{Years: 1}}}
	two := []Rule{{Name: "two", Priority: 1, Keep: Period{Years: 2}}}
	done := map[string]bool{}
	for _, s := range schema.Tables() {
		done[s.Name] = true
	}
	hold := []Hold{{ID: "h", Users: []string{"ada"}}}
	ada := func(at string) *Subject {
		return &Subject{Table: schema.UnifiedAuditLog, Users: []string{"ada"}, Time: day(at)}
	}
	bo := func(at string) *Subject {
		return &Subject{Table: schema.UnifiedAuditLog, Users: []string{"bo"}, Time: day(at)}
	}
	f, err := NewFloors([]Floor{
		{Day: day("2026-01-01"), Rules: year, Position: 10, Done: done},
		{Day: day("2026-01-05"), Rules: year, Position: 15, Done: done}, // takes the place of the first
		{Day: day("2026-02-01"), Rules: year, Holds: hold, Position: 20, Done: done},
		{Day: day("2026-03-01"), Rules: two, Position: 30}, // broken off
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(f.floors) != 3 || f.Last().Position != 30 {
		t.Errorf("%d floors", len(f.floors))
	}
	for _, c := range []struct {
		what     string
		position uint64
		s        *Subject
		want     bool
	}{
		{"removed by the second run", 5, bo("2025-01-04"), true},
		{"came after the second run, below its floor", 18, bo("2025-01-04"), true},
		{"kept by the second run, removed by the third", 18, bo("2025-01-20"), true},
		{"held in the third", 18, ada("2025-01-20"), false},
		{"gone before it was held", 18, ada("2025-01-04"), true},
		{"came under the hold", 25, ada("2025-01-04"), false},
		{"in no run", 5, bo("2025-02-02"), false},
		{"there when the last run was broken off", 25, bo("2024-02-01"), true},
		{"came after it, two years old", 31, bo("2024-02-01"), true},
		{"came after it, and is wanted now", 31, bo("2025-01-04"), false},
	} {
		if got := f.Removed(c.position, c.s); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
	if !f.Recent(day("2025-02-01")) || f.Recent(day("2025-01-31")) {
		t.Error("what is recent is not told from what may be removed")
	}
	if (*Floors)(nil).Removed(1, bo("2001-01-01")) {
		t.Error("no run has removed something")
	}
}

func TestAFloorReadsBack(t *testing.T) {
	was := Floor{Day: day("2026-01-01"), Position: 7, Rules: []Rule{{Name: "r", Priority: 3, Keep: Period{Years: 1}, RecordTypes: []RecordType{{1, "ExchangeAdmin"}}, Users: []string{"a"}}}, Holds: []Hold{{ID: "h", From: day("2025-01-01")}}}
	text, err := json.Marshal(was)
	if err != nil {
		t.Fatal(err)
	}
	var is Floor
	if err := json.Unmarshal(text, &is); err != nil {
		t.Fatal(err)
	}
	f, err := NewFloors([]Floor{is})
	if err != nil {
		t.Fatal(err)
	}
	if !f.Last().SameTerms(policy(t, was.Rules...), was.Holds) {
		t.Errorf("%s", text)
	}
}
