package drift_test

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/drift"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
)

// source hands records to a tracker as the pipeline does, a payload at a time.
type source struct {
	t          *testing.T
	tracker    *drift.Tracker
	normaliser *normalise.Normaliser
	position   uint64
}

func newSource(t *testing.T, tracker *drift.Tracker) *source {
	return &source{t: t, tracker: tracker, normaliser: normalise.New(normalise.Config{Known: tracker})}
}

// send journals a payload that arrived hours after the beginning.
func (s *source) send(hours int, format model.Format, lines ...string) int {
	s.t.Helper()
	s.position++
	at := received.Add(time.Duration(hours) * time.Hour)
	result := s.normaliser.Payload(model.Payload{Format: format, Received: at, Body: []byte(strings.Join(lines, "\n"))})
	if err := s.tracker.Keep(s.t.Context(), s.position, at, result.Sightings); err != nil {
		s.t.Fatal(err)
	}
	return len(result.Sightings)
}

func (s *source) audit(hours int, lines ...string) int {
	s.t.Helper()
	return s.send(hours, model.FormatAuditLines, lines...)
}

func list(t *testing.T, tracker *drift.Tracker, f drift.Filter) *drift.Page {
	t.Helper()
	if f.Limit == 0 {
		f.Limit = 100_000
	}
	page, err := tracker.List(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// describe writes entries a line each, without times.
func describe(page *drift.Page) string {
	var b strings.Builder
	for _, e := range page.Entries {
		fmt.Fprintf(&b, "%s %s%s/%s", e.What, e.Category, e.RecordType, e.Operation)
		if e.Field != "" {
			fmt.Fprintf(&b, " %s %s", e.Field, e.Type)
		}
		if e.Value != "" {
			fmt.Fprintf(&b, " = %s", e.Value)
		}
		if e.Example != "" {
			fmt.Fprintf(&b, " e.g. %s", e.Example)
		}
		if e.NewType {
			b.WriteString(" (another type)")
		}
		b.WriteString("\n")
	}
	return b.String()
}

const plain = `{"CreationTime":"2026-09-14T08:00:00","Id":"1","RecordType":1,"Operation":"Set-Mailbox","Workload":"Exchange","UserId":"ada@example.com","ResultStatus":"True"}`

func TestWhatIsNewIsListed(t *testing.T) {
	tracker := open(t, filepath.Join(t.TempDir(), "state.db"), drift.DefaultLimits())
	s := newSource(t, tracker)
	s.audit(0, plain)
	s.audit(1, strings.Replace(plain, `"ResultStatus":"True"`, `"ResultStatus":{"Code":7},"Parameters":[{"Name":"Identity","Value":"bo"},{"Name":"Force","Value":"True"}],"Item":{"Sizes":[1,2]}`, 1))
	s.audit(2, strings.Replace(plain, `"True"`, `"Maybe"`, 1), strings.Replace(plain, `"RecordType":1`, `"RecordType":9999`, 1))
	s.audit(3, plain)
	s.send(4, model.FormatDefenderLines, `{"time":"2026-09-14T08:00:00Z","category":"AdvancedHunting-NovelEvents","properties":{"ReportId":"r7","Kind":"Odd"}}`)

	const want = `category AdvancedHunting-NovelEvents/
field AdvancedHunting-NovelEvents/ Kind string e.g. Odd
field AdvancedHunting-NovelEvents/ ReportId string e.g. r7
value AdvancedHunting-NovelEvents/ Kind string = Odd
value AdvancedHunting-NovelEvents/ ReportId string = r7
value 1/Set-Mailbox ResultStatus string = Maybe
recordType 9999/
operation 9999/Set-Mailbox
field 9999/Set-Mailbox CreationTime string e.g. 2026-09-14T08:00:00
field 9999/Set-Mailbox Id string e.g. 1
field 9999/Set-Mailbox ResultStatus string e.g. True
field 9999/Set-Mailbox UserId string e.g. ada@example.com
field 9999/Set-Mailbox Workload string e.g. Exchange
value 9999/Set-Mailbox Id string = 1
value 9999/Set-Mailbox ResultStatus string = True
value 9999/Set-Mailbox Workload string = Exchange
field 1/Set-Mailbox Item object e.g. 1 members
field 1/Set-Mailbox Item.Sizes array e.g. 2 items
field 1/Set-Mailbox Item.Sizes[] number e.g. 1
field 1/Set-Mailbox Parameters array e.g. 2 items
field 1/Set-Mailbox Parameters[Force].Value string e.g. True
field 1/Set-Mailbox Parameters[Identity].Value string e.g. bo
field 1/Set-Mailbox ResultStatus object e.g. 1 members (another type)
field 1/Set-Mailbox ResultStatus.Code number e.g. 7
workload / = Exchange
recordType 1/
operation 1/Set-Mailbox
field 1/Set-Mailbox CreationTime string e.g. 2026-09-14T08:00:00
field 1/Set-Mailbox Id string e.g. 1
field 1/Set-Mailbox ResultStatus string e.g. True
field 1/Set-Mailbox UserId string e.g. ada@example.com
field 1/Set-Mailbox Workload string e.g. Exchange
value 1/Set-Mailbox Id string = 1
value 1/Set-Mailbox ResultStatus string = True
value 1/Set-Mailbox Workload string = Exchange
`
	if got := describe(list(t, tracker, drift.Filter{})); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	first := list(t, tracker, drift.Filter{What: normalise.SightedCategory}).Entries[0]
	if want := received.Add(4 * time.Hour); !first.FirstSeen.Equal(want) || first.RecordID != "r7" || first.Position != 5 || first.Happened.Format(time.RFC3339) != "2026-09-14T08:00:00Z" {
		t.Errorf("the category was first seen %+v", first)
	}
}

// However a record differs from those before it, it is noticed, though they were
// met so often that only their numbers are looked at.
func TestEveryDifferenceIsNoticed(t *testing.T) {
	const base = `{"Id":"00000000-0000-4000-8000-000000000001","RecordType":1,"Operation":"o","Workload":"w","Status":"A","N":1,"B":true,
		"Item":{"Folder":{"Path":"x"},"Sizes":[1,2]},"Parameters":[{"Name":"Identity","Value":"bo"},{"Name":"Force","Value":"True"}],"Mixed":["a"]}`
	s := newSource(t, open(t, filepath.Join(t.TempDir(), "state.db"), drift.DefaultLimits()))
	for i := range 4 {
		s.audit(i, base, strings.Replace(base, "0001", "0002", 1))
	}
	for name, change := range map[string][2]string{
		"record type":       {`"RecordType":1`, `"RecordType":2`},
		"operation":         {`"o"`, `"other"`},
		"workload":          {`"w"`, `"v"`},
		"value":             {`"Status":"A"`, `"Status":"B"`},
		"number":            {`"N":1`, `"N":2`},
		"member":            {`"N":1`, `"N":1,"M":1`},
		"type":              {`"B":true`, `"B":"true"`},
		"inner member":      {`"Path":"x"`, `"Path":"x","Id":"y"`},
		"inner type":        {`"Path":"x"`, `"Path":7`},
		"item type":         {`[1,2]`, `[1,"2"]`},
		"first item":        {`["a"]`, `[{"a":1}]`},
		"list name":         {`"Force"`, `"Fierce"`},
		"list value's type": {`"Value":"True"`, `"Value":true`},
		"list value":        {`"Value":"True"`, `"Value":"True","OldValue":"x"`},
	} {
		if n := s.audit(5, base, base); n != 0 {
			t.Errorf("%d sightings in a record that was met before", n)
		}
		if n := s.audit(6, base, strings.Replace(base, change[0], change[1], 1), base); n == 0 {
			t.Errorf("another %s is not noticed", name)
		}
	}
}

func TestFilters(t *testing.T) {
	tracker := open(t, filepath.Join(t.TempDir(), "state.db"), drift.DefaultLimits())
	s := newSource(t, tracker)
	s.audit(0, plain)
	s.audit(5, `{"CreationTime":"2026-09-14T08:00:00","Id":"2","RecordType":50,"Operation":"MailItemsAccessed","Workload":"Exchange"}`)
	hour := func(n int) time.Time { return received.Add(time.Duration(n) * time.Hour) }
	for _, c := range []struct {
		filter drift.Filter
		total  int
	}{
		{drift.Filter{}, 18},
		{drift.Filter{Since: hour(1)}, 7},
		{drift.Filter{Until: hour(5)}, 11},
		{drift.Filter{Since: hour(5), Until: hour(6)}, 7},
		{drift.Filter{RecordType: "50"}, 7},
		{drift.Filter{RecordType: "ExchangeItemAggregated"}, 7},
		{drift.Filter{RecordType: "nothing"}, 0},
		{drift.Filter{Operation: "Set-Mailbox"}, 9},
		{drift.Filter{What: normalise.SightedField}, 8},
		{drift.Filter{What: normalise.SightedRecordType}, 2},
		{drift.Filter{Category: "x"}, 0},
	} {
		page := list(t, tracker, c.filter)
		if page.Total != c.total || len(page.Entries) != c.total {
			t.Errorf("%+v: total %d, %d entries, want %d\n%s", c.filter, page.Total, len(page.Entries), c.total, describe(page))
		}
	}
	page, err := tracker.List(t.Context(), drift.Filter{Limit: 2, Offset: 1})
	if err != nil || len(page.Entries) != 2 || page.Total != 18 {
		t.Errorf("limit 2: %+v, %v", page, err)
	}
	if page, err = tracker.List(t.Context(), drift.Filter{}); err != nil || len(page.Entries) != 0 || page.Counts[normalise.SightedOperation] != 2 {
		t.Errorf("counts alone: %+v, %v", page, err)
	}
}

// A field with few values is listed by value; with one too many, or with one
// that is no name, it is not.
func TestValuesOfFieldsWithMany(t *testing.T) {
	tracker := open(t, filepath.Join(t.TempDir(), "state.db"), drift.Limits{Rows: 1000, Fields: 100, Values: 3})
	s := newSource(t, tracker)
	record := func(status, user string) string {
		return fmt.Sprintf(`{"Id":"00000000-0000-4000-8000-000000000001","RecordType":1,"Operation":"o","Workload":"w","S":%q,"U":%q}`, status, user)
	}
	values := func() []string {
		var all []string
		for _, e := range list(t, tracker, drift.Filter{What: normalise.SightedValue}).Entries {
			if e.Field == "S" || e.Field == "U" {
				all = append(all, e.Field+"="+e.Value)
			}
		}
		slices.Sort(all)
		return all
	}
	s.audit(0, record("A", "system"), record("B", "system"), record("C", "system"))
	if got := fmt.Sprint(values()); got != "[S=A S=B S=C U=system]" {
		t.Errorf("values %s", got)
	}
	s.audit(1, record("C", "ada@example.com"))
	if got := fmt.Sprint(values()); got != "[S=A S=B S=C]" {
		t.Errorf("values %s after one that is an address", got)
	}
	s.audit(2, record("D", "x"))
	if got := fmt.Sprint(values()); got != "[]" {
		t.Errorf("values %s after a fourth", got)
	}
	if n := s.audit(3, record("E", "y"), record("A", "system")); n != 0 {
		t.Errorf("%d sightings of fields that have too many values", n)
	}
}

// What is remembered survives a restart, and a replay adds nothing: the form of
// a record is first seen once.
func TestRestartAndReplay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	tracker := open(t, path, drift.DefaultLimits())
	payload := samples(t, "exchange_*.txtar")
	feed := func(tracker *drift.Tracker) int {
		result := normalise.New(normalise.Config{Known: tracker}).Payload(payload)
		if err := tracker.Keep(t.Context(), 7, received, result.Sightings); err != nil {
			t.Fatal(err)
		}
		return len(result.Sightings)
	}
	if feed(tracker) < 200 {
		t.Fatal("the samples show little")
	}
	want := describe(list(t, tracker, drift.Filter{}))
	again := open(t, path, drift.DefaultLimits())
	if n := feed(again); n != 0 {
		t.Errorf("%d sightings after a restart", n)
	}
	if got := describe(list(t, again, drift.Filter{})); got != want {
		t.Error("a restart changed the list")
	}
	fresh := open(t, filepath.Join(t.TempDir(), "state.db"), drift.DefaultLimits())
	feed(fresh)
	if got := describe(list(t, fresh, drift.Filter{})); got != want {
		t.Error("a replay without the state gives another list")
	}
}

// Rows, fields of a kind, and values are bounded, and what finds no room is
// counted, also after a restart.
func TestBounds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	limits := drift.Limits{Rows: 40, Fields: 10, Values: 3}
	tracker := open(t, path, limits)
	s := newSource(t, tracker)
	var wide strings.Builder
	for i := range 30 {
		fmt.Fprintf(&wide, `,"F%c%c":true`, 'a'+i/26, 'a'+i%26)
	}
	record := func(operation string) string {
		return fmt.Sprintf(`{"RecordType":1,"Operation":%q,"Workload":"w"%s}`, operation, wide.String())
	}
	s.audit(0, record("one"))
	page := list(t, tracker, drift.Filter{})
	if page.Counts[normalise.SightedField] != 10 || page.Overflow[normalise.SightedField] != 21 {
		t.Errorf("%d fields, %d too many: want 10 and 21", page.Counts[normalise.SightedField], page.Overflow[normalise.SightedField])
	}
	if n := s.audit(1, record("one"), strings.Replace(record("one"), "Faa", "Novel", 1)); n != 0 {
		t.Errorf("%d sightings in a kind of record that is full", n)
	}
	for i := range 10 {
		s.audit(2+i, record(fmt.Sprintf("more%c", 'a'+i)))
	}
	s = newSource(t, open(t, path, limits))
	s.position = 100
	s.audit(20, record("last"))
	page = list(t, s.tracker, drift.Filter{})
	if page.Total > 40 || page.Overflow[normalise.SightedOperation] == 0 {
		t.Errorf("%d rows, %v too many: want at most 40, and operations that found no room", page.Total, page.Overflow)
	}
}

// Nothing that may be a secret is kept as an example or a value.
func TestSecretsAreNotKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	tracker := open(t, path, drift.DefaultLimits())
	secrets := []string{"hunter", "eyJhbGciOi", "swordfish", "4111", "sig=abc"}
	newSource(t, tracker).audit(0, fmt.Sprintf(`{"RecordType":1,"Operation":"o","Workload":"w","Password":%q,"Text":%q,
		"Parameters":[{"Name":"ClientSecret","Value":%q}],"Detections":{"DetectedValues":[{"Name":"n","Value":%q}]},"Url":"https://x/?%s"}`,
		secrets[0], secrets[1], secrets[2], secrets[3], secrets[4]))
	got := describe(list(t, tracker, drift.Filter{}))
	for _, secret := range secrets {
		if strings.Contains(got, secret) {
			t.Errorf("%q is kept:\n%s", secret, got)
		}
	}
	for _, field := range []string{"Password", "Parameters[ClientSecret].Value", "Text"} {
		if !strings.Contains(got, field+" string\n") {
			t.Errorf("field %s is not listed without an example:\n%s", field, got)
		}
	}
}

// Objects used as dictionaries do not make a field of each key.
func TestKeysThatAreData(t *testing.T) {
	tracker := open(t, filepath.Join(t.TempDir(), "state.db"), drift.DefaultLimits())
	s := newSource(t, tracker)
	for i := range 50 {
		s.audit(i, fmt.Sprintf(`{"RecordType":1,"Operation":"o","Workload":"w","By":{"0000000%d-0000-4000-8000-000000000001":{"n":1},"u%d@example.com":2}}`, i, i))
	}
	fields := map[string]bool{}
	for _, e := range list(t, tracker, drift.Filter{What: normalise.SightedField}).Entries {
		fields[e.Field] = true
	}
	if got := fmt.Sprint(slices.Sorted(maps.Keys(fields))); got != "[By By.* By.*.n Workload]" {
		t.Errorf("fields %s", got)
	}
}
