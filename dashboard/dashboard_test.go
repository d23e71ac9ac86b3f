package dashboard_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/quoll/quoll/dashboard"
)

const good = `title: Mail
range: PT4H
parameters:
  - {name: person, label: Person}
  - {name: least, type: long, default: "5", values: ["1", "5"]}
tiles:
  - {title: All, query: "OfficeActivity | where UserId has person"}
  - {text: "Ask the mail team."}
  - {links: [{title: Incidents, url: /incidents}]}
`

func TestParse(t *testing.T) {
	d, err := dashboard.Parse("mail.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if d.Title != "Mail" || len(d.Tiles) != 3 || d.Parameters[1].TypeOf() != "long" {
		t.Errorf("read %+v", d)
	}
	if got := d.Declare("T | where UserId has person"); got != "declare query_parameters(person:string);\nT | where UserId has person" {
		t.Errorf("declared %q", got)
	}
	if got := d.Declare("T | where personal == 1"); got != "T | where personal == 1" {
		t.Errorf("declared %q", got)
	}
	var b bytes.Buffer
	if err := d.Write(&b); err != nil {
		t.Fatal(err)
	}
	if again, err := dashboard.Parse("again", b.Bytes()); err != nil || len(again.Tiles) != 3 {
		t.Errorf("what was written is not read: %v\n%s", err, b.String())
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"empty":             {"", "a dashboard has a title and tiles"},
		"an unknown key":    {strings.Replace(good, "title: Mail", "titel: Mail", 1), "field titel not found"},
		"an unknown member": {strings.Replace(good, "{text: ", "{colour: red, text: ", 1), "field colour not found"},
		"two documents":     {good + "---\ntitle: x\n", "more than one YAML document"},
		"a bad range":       {strings.Replace(good, "PT4H", "4h", 1), `range: "4h"; write it as PT4H`},
		"a half range":      {strings.Replace(good, "PT4H", "P1DT", 1), `range: "P1DT"`},
		"a bad type":        {strings.Replace(good, "type: long", "type: int", 1), "string, long, real or bool"},
		"a name twice":      {strings.Replace(good, "name: least", "name: person", 1), `"person" is there already`},
		"no tile":           {"title: x\ntiles: []\n", "0; a dashboard has 1 to"},
		"two kinds":         {strings.Replace(good, "{text: ", "{query: T, title: t, text: ", 1), "tiles[1]: has 2 of query, text and links"},
		"no title":          {strings.Replace(good, "title: All, ", "", 1), "tiles[0].title: missing"},
		"a width":           {strings.Replace(good, "{text: ", "{width: 9, text: ", 1), "tiles[1].width: 9"},
		"a script":          {strings.Replace(good, "/incidents", "javascript:alert(1)", 1), "begins with / or https://"},
		"another host":      {strings.Replace(good, "/incidents", "//evil.example", 1), "begins with / or https://"},
	} {
		if _, err := dashboard.Parse("mail.yaml", []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "mail.yaml: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFileTakesThePlaceOfOneThatShipsAndABrokenOneHidesNothing(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	all, err := dashboard.Load(
		fstest.MapFS{"mail.yaml": file(good), "teams.yaml": file(strings.Replace(good, "Mail", "Teams", 1))},
		fstest.MapFS{"mail.yaml": file(strings.Replace(good, "Mail", "Our mail", 1)), "broken.yaml": file("title: x"), "notes.txt": file("x"), "deep/more.yaml": file(good)},
	)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range all {
		line := e.ID
		if e.Own {
			line += " own"
		}
		if e.Problem != nil {
			line += " broken"
		} else {
			line += " " + e.Dashboard.Title
		}
		got = append(got, line)
	}
	if want := "broken own broken|mail own Our mail|teams Teams"; strings.Join(got, "|") != want {
		t.Errorf("got %s, want %s", strings.Join(got, "|"), want)
	}
}
