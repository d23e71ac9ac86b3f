package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quoll/quoll/dashboard"
)

// TestEveryTileThatShipsCompiles: each query of each dashboard, against the schema.
func TestEveryTileThatShipsCompiles(t *testing.T) {
	all, err := dashboardBook{}.load()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 7 {
		t.Errorf("%d dashboards ship", len(all))
	}
	for _, e := range all {
		if e.Problem != nil {
			t.Errorf("%s: %v", e.ID, e.Problem)
			continue
		}
		for _, mistake := range dashboardMistakes(e.Dashboard) {
			t.Errorf("%s: %s", e.ID, mistake)
		}
	}
}

func TestAMistakeInATileIsFound(t *testing.T) {
	d, err := dashboard.Parse("x", []byte("title: x\nparameters: [{name: who}]\ntiles:\n  - {title: a, query: OfficeActivity | where UserId has who}\n  - {title: b, query: OfficeActivity | where Userid == 1}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := dashboardMistakes(d); len(got) != 1 || !strings.Contains(got[0], `tiles[1] "b"`) || !strings.Contains(got[0], "Userid") {
		t.Errorf("got %q", got)
	}
}

func TestAWorkbookBecomesAFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "Our Mail.json")
	if err := os.WriteFile(file, []byte(`{"items":[{"type":3,"name":"n","content":{"query":"NoSuchTable | count","queryType":0}},{"type":10,"name":"metric"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	to := filepath.Join(dir, "dashboards")
	if err := importDashboard(&b, file, to, "", "text"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"our-mail.yaml: 1 tiles", "not taken: metric: is a step of kind 10", `does not compile: tiles[0] "n": `} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, b.String())
		}
	}
	if err := importDashboard(&b, file, to, "", "text"); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a file was overwritten: %v", err)
	}
	all, err := dashboardBook{[]string{to}}.load()
	if err != nil || len(all) != 8 {
		t.Errorf("%d dashboards, %v", len(all), err)
	}
}
