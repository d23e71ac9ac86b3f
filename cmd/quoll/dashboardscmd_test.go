package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/quoll/quoll/dashboard"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/server"
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

func TestAWorkbookThatIsBroughtIsThereUntilItIsRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dashboards")
	j := &keeping{}
	desk := newDashboardDesk(nil, dir, &acts{journal: j, clock: clock.System(), log: slog.New(slog.DiscardHandler)})
	workbook := `{"items":[{"type":3,"name":"n","content":{"query":"NoSuchTable | count","queryType":0}},{"type":10,"name":"metric"}]}`
	made, err := desk.ImportDashboard(t.Context(), "below/Our Mail.json", workbook)
	if err != nil || made.ID != "our-mail" || made.Title != "Our Mail" || made.Tiles != 1 || len(made.Omitted) != 1 || len(made.Mistakes) != 1 {
		t.Fatalf("made %+v, %v", made, err)
	}
	if _, err := desk.ImportDashboard(t.Context(), "mine.yaml", "title: Mine\ntiles:\n  - {title: a, query: OfficeActivity | count}\n"); err != nil {
		t.Error(err)
	}
	all, err := desk.Dashboards(t.Context())
	imported := 0
	for _, d := range all {
		if d.Imported {
			imported++
		}
	}
	if err != nil || len(all) != 9 || imported != 2 {
		t.Errorf("%d dashboards, %d of them imported, %v", len(all), imported, err)
	}
	for name, c := range map[string]struct{ file, text, code, says string }{
		"there already": {"Our Mail.json", workbook, server.CodeConflict, "remove it first"},
		"no workbook":   {"a.json", "{}", server.CodeBadRequest, "Gallery Template"},
		"no dashboard":  {"a.yml", "title: x\n", server.CodeBadRequest, "a dashboard has 1 to 60"},
		"another kind":  {"a.txt", "x", server.CodeBadRequest, "ends in .json"},
		"no name":       {"..json", workbook, server.CodeBadRequest, "no letter"},
	} {
		_, err := desk.ImportDashboard(t.Context(), c.file, c.text)
		var failure *server.Failure
		if !errors.As(err, &failure) || failure.Code != c.code || !strings.Contains(failure.Message, c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := desk.RemoveDashboard(t.Context(), "our-mail"); err != nil {
		t.Error(err)
	}
	var failure *server.Failure
	if err := desk.RemoveDashboard(t.Context(), "exchange"); !errors.As(err, &failure) || failure.Code != server.CodeConflict {
		t.Errorf("one that ships: %v", err)
	}
	if err := desk.RemoveDashboard(t.Context(), "../dashboards/mine"); !errors.Is(err, server.ErrNotFound) {
		t.Errorf("a path: %v", err)
	}
	if all, err := desk.Dashboards(t.Context()); err != nil || len(all) != 8 {
		t.Errorf("%d dashboards, %v", len(all), err)
	}
	if len(j.payloads) != 10 {
		t.Errorf("%d acts are written down", len(j.payloads))
	}
}

// One file too many, or one that cannot be read again, would be a mistake that everybody
// sees.
func TestNothingIsImportedThatCouldNotBeRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dashboards")
	desk := newDashboardDesk(nil, dir, &acts{journal: &keeping{}, clock: clock.System(), log: slog.New(slog.DiscardHandler)})
	tile := "title: a\ntiles:\n  - {title: a, query: OfficeActivity | count}\n"
	refused := func(file, text, code, says string) {
		t.Helper()
		_, err := desk.ImportDashboard(t.Context(), file, text)
		var failure *server.Failure
		if !errors.As(err, &failure) || failure.Code != code || !strings.Contains(failure.Message, says) {
			t.Errorf("%v, want %s: %s", err, code, says)
		}
	}
	refused(strings.Repeat("x", 300)+".yaml", tile, server.CodeBadRequest, "300 letters and digits")
	refused("large.json", `{"items":[{"type":1,"content":{"json":"`+strings.Repeat("x ", dashboard.MaxBytes/2)+`"}}]}`, server.CodeBadRequest, "longer than")

	var group sync.WaitGroup
	var kept, conflicts atomic.Int32
	for range 8 {
		group.Go(func() {
			var failure *server.Failure
			switch _, err := desk.keep("same.yaml", tile); {
			case err == nil:
				kept.Add(1)
			case errors.As(err, &failure) && failure.Code == server.CodeConflict:
				conflicts.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if kept.Load() != 1 || conflicts.Load() != 7 {
		t.Errorf("of 8 of one name %d were kept, %d refused", kept.Load(), conflicts.Load())
	}

	for i := 1; i < dashboard.MaxFiles; i++ {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i, ".yaml")), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	refused("another.yaml", tile, server.CodeConflict, "500 dashboards were imported")
	workbook := filepath.Join(t.TempDir(), "another.json")
	if err := os.WriteFile(workbook, []byte(`{"items":[{"type":1,"content":{"json":"a text"}}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := importDashboard(io.Discard, workbook, dir, "", "text"); err == nil || !strings.Contains(err.Error(), "has 500 dashboards") {
		t.Errorf("imported by the command: %v", err)
	}
	if all, err := desk.Dashboards(t.Context()); err != nil || len(all) != 7+dashboard.MaxFiles {
		t.Errorf("%d dashboards, %v", len(all), err)
	}
}
