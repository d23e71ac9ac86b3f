package assure

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var made = time.Date(2026, 9, 14, 8, 22, 33, 0, time.UTC)

func sampleFacts() []Fact {
	return []Fact{
		{Name: FactLog, Aspect: Protected, State: Shown, Statement: "40612 leaves"},
		{Name: FactLocked, Aspect: Protected, State: NotMet, Statement: "who <may> write can delete", Remedy: "lock it"},
		{Name: FactSearchable, Aspect: Retained, State: NotVisible, Statement: "3 days so far"},
	}
}

func TestEveryItemIsPinnedAndHasEvidence(t *testing.T) {
	seen := map[string]bool{}
	form := regexp.MustCompile(`^(ISM-\d{4}|D\d+)$`)
	for _, item := range Items() {
		if seen[item.ID] || !form.MatchString(item.ID) || item.Asks == "" || item.Release == "" || len(item.Facts) == 0 {
			t.Errorf("%+v", item)
		}
		seen[item.ID] = true
		if (item.Kind == Blueprint) != (item.Page != "") {
			t.Errorf("%s has the page %q", item.ID, item.Page)
		}
		if len(slices.Compact(slices.Sorted(slices.Values(item.Facts)))) != len(item.Facts) {
			t.Errorf("%s names a fact twice: %v", item.ID, item.Facts)
		}
	}
	for _, withdrawn := range []string{"ISM-0859", "ISM-0991", "ISM-0586", "ISM-1661"} {
		if seen[withdrawn] {
			t.Errorf("%s was withdrawn", withdrawn)
		}
	}
}

func TestWhatIsNotMetComesFirst(t *testing.T) {
	words := map[string]Assessment{"ISM-1815": {Status: Ineffective, Remark: "see locked", By: "Avery"}}
	r := NewReport(made, sampleFacts(), words, nil)
	if r.Counts != (Counts{Shown: 1, NotMet: 1, NotVisible: 1}) || r.Unmet[0].Name != FactLocked || r.Unmet[0].State != NotMet || !slices.Contains(r.Unmet[0].Items, "ISM-1815") {
		t.Errorf("%+v, %+v", r.Counts, r.Unmet[0])
	}
	states := map[string]State{}
	for _, item := range r.Items {
		for _, f := range item.Evidence {
			states[f.Name] = f.State
		}
		if want := NotAssessed; item.ID != "ISM-1815" && item.Assessment.Status != want {
			t.Errorf("%s is %q, and nobody said so", item.ID, item.Assessment.Status)
		}
	}
	// What nobody told of cannot be seen.
	if states[FactDrill] != NotVisible || states[FactLog] != Shown {
		t.Errorf("%v", states)
	}
	for _, u := range r.Unmet {
		if u.State == Shown || len(u.Items) == 0 {
			t.Errorf("%+v", u)
		}
	}
	var page bytes.Buffer
	if err := r.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	text := page.String()
	first, later := strings.Index(text, "who &lt;may&gt; write can delete"), strings.Index(text, "Controls and decisions")
	if first < 0 || first > later || !strings.Contains(text, "Ineffective</strong>: see locked (Avery)") || strings.Contains(text, "<may>") {
		t.Errorf("the page:\n%.2000s", text)
	}
}

// Assessment results have an observation for each fact, and findings where an
// assessor gave a word that is one. Identifiers are the same for the same evidence.
func TestAssessmentResults(t *testing.T) {
	words := map[string]Assessment{"ISM-1815": {Status: Effective}, "ISM-1985": {Status: NoVisibility}, "D1": {Status: Effective}}
	r := NewReport(made, sampleFacts(), words, nil)
	var a, b bytes.Buffer
	if err := errors.Join(r.WriteOSCAL(&a), r.WriteOSCAL(&b)); err != nil || a.String() != b.String() {
		t.Fatalf("two are not the same, error %v", err)
	}
	var file struct {
		Results oscalResults `json:"assessment-results"`
	}
	decoder := json.NewDecoder(&a)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	result := file.Results.Results[0]
	if len(result.Findings) != 1 || result.Findings[0].Target.ID != "ism-1815_smt" || result.Findings[0].Target.Status.State != "satisfied" {
		t.Errorf("findings %+v", result.Findings)
	}
	ids, controls := map[string]bool{}, result.Reviewed.Selections[0].Include
	for _, o := range result.Observations {
		ids[o.UUID] = true
	}
	for _, related := range result.Findings[0].Related {
		if !ids[related.UUID] {
			t.Errorf("a finding stands on %s, which is no observation", related.UUID)
		}
	}
	if len(ids) != len(result.Observations) || len(controls) < 50 || !slices.Contains(controls, oscalControlID{"ism-1988"}) {
		t.Errorf("%d observations, %d controls", len(ids), len(controls))
	}
}

// catalogue is one in OSCAL's form, with invented texts.
func catalogue(t *testing.T, version string, controls ...string) *Catalogue {
	t.Helper()
	text := fmt.Sprintf(`{"catalog":{"uuid":"x","metadata":{"title":"Invented manual","version":"%s"},"groups":[{"title":"Monitoring","groups":[{"title":"Logs","controls":[%s]}]}]}}`, version, strings.Join(controls, ","))
	c, err := ReadCatalogue(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func oscal(id, revision, statement string, props ...string) string {
	for i := range props {
		props[i] = `,{"name":"essential-eight-applicability","value":"` + props[i] + `"}`
	}
	return fmt.Sprintf(`{"id":"%s","title":"Control","props":[{"name":"revision","value":"%s"},{"name":"updated","value":"Jun-26"}%s],"parts":[{"id":"s","name":"statement","prose":"%s","parts":[{"name":"item","prose":"and more"}]},{"name":"guidance","prose":"ignored"}]}`,
		id, revision, strings.Join(props, ""), statement)
}

func TestTwoReleasesAreCompared(t *testing.T) {
	before := catalogue(t, "2025.12", oscal("ism-1815", "2", "Logs are kept."), oscal("ism-1988", "0", "Search."), oscal("ism-0859", "4", "Seven years."), oscal("ism-0001", "1", "Old."), oscal("ism-1906", "0", "Look.", "ML2"))
	after := catalogue(t, "2026.06", oscal("ism-1815", "1", "Logs are kept."), oscal("ism-1988", "1", "Search for longer."), oscal("ism-2116", "0", "New."), oscal("ism-0001", "1", "Old."), oscal("ism-1906", "0", "Look.", "ML2", "ML3"))
	var got []string
	for _, c := range Diff(before, after) {
		got = append(got, fmt.Sprintf("%s %v %v", c.ID, c.What, c.Used))
	}
	want := []string{
		"ISM-0859 [withdrawn] false", "ISM-1815 [revision moved backwards] true", "ISM-1906 [Essential Eight changed] true",
		"ISM-1988 [reworded revision moved] true", "ISM-2116 [added] true",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if s := after.Find("ISM-1988").Statement; s != "Search for longer. and more" {
		t.Errorf("statement %q", s)
	}
	if len(Diff(after, after)) != 0 {
		t.Error("a release differs from itself")
	}
}

// sample is a catalogue of the release that the list was checked against, as it was
// found to number, date and grade the controls of the list, with texts of our own.
func sample(t *testing.T, change func(id string, revision, updated *string, eight *[]string)) *Catalogue {
	t.Helper()
	var controls []string
	for _, item := range Items() {
		if item.Kind != ISM || item.Release != Release {
			continue
		}
		revision, updated, eight := item.Revision, item.Updated, strings.FieldsFunc(item.EssentialEight, func(r rune) bool { return r == ',' || r == ' ' })
		change(item.ID, &revision, &updated, &eight)
		controls = append(controls, strings.Replace(oscal(strings.ToLower(item.ID), revision, item.Asks, eight...), `"Jun-26"`, `"`+updated+`"`, 1))
	}
	return catalogue(t, Release, controls...)
}

// Every control of the list has revision, date and levels, and a catalogue that has
// others is told, one by one.
func TestTheListIsThatOfItsRelease(t *testing.T) {
	p := Pin(sample(t, func(string, *string, *string, *[]string) {}))
	if p.Same < 60 || len(p.Unpinned) != 0 || len(p.Changes) != 1 || p.Changes[0].ID != "ISM-2153" || p.Changes[0].What[0] != ChangeAbsent {
		t.Errorf("%d the same, %v, %+v", p.Same, p.Unpinned, p.Changes)
	}
	p = Pin(sample(t, func(id string, revision, updated *string, eight *[]string) {
		switch id {
		case "ISM-1811":
			*eight = []string{"ML1"}
		case "ISM-1139":
			*revision = "5"
		case "ISM-1453":
			*updated = "Jun-26"
		}
	}))
	got := map[string]string{}
	for _, c := range p.Changes {
		got[c.ID] = c.What[0]
	}
	want := map[string]string{"ISM-1811": ChangeEight, "ISM-1139": ChangeBackwards, "ISM-1453": ChangeReworded, "ISM-2153": ChangeAbsent}
	if !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

func TestPinnedControlsAreFoundInARelease(t *testing.T) {
	p := Pin(catalogue(t, "2026.06.18", strings.Replace(oscal("ism-1988", "0", "Search."), "Jun-26", "Dec-24", 1), oscal("ism-1815", "0", "Keep.")))
	if p.Same != 1 || len(p.Unpinned) != 0 {
		t.Errorf("%+v", p)
	}
	what := map[string]string{}
	for _, c := range p.Changes {
		what[c.ID] = c.What[0]
	}
	if what["ISM-1815"] != ChangeBackwards || what["ISM-0120"] != ChangeAbsent || what["ISM-1988"] != "" {
		t.Errorf("%v", what)
	}
}

func TestWhatIsNoCatalogue(t *testing.T) {
	for _, text := range []string{"", "{}", `{"profile":{}}`, `{"catalog":{"metadata":{}}}`, `{"catalog":{"controls":[{"title":"no id"}]}}`, `{"catalog":{"controls":[{"id":"a"},{"id":"A"}]}}`} {
		if _, err := ReadCatalogue(strings.NewReader(text)); !errors.Is(err, ErrCatalogue) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
