package collect

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestTroubleIsToldOncePerCause(t *testing.T) {
	var log strings.Builder
	trouble := NewTrouble("listing", slog.New(slog.NewTextHandler(&log, nil)))
	begin := time.Date(2026, 9, 14, 8, 0, 0, 0, time.UTC)
	fail := func(minute int, code, cause string, blocked bool) {
		trouble.Failed(&Problem{Time: begin.Add(time.Duration(minute) * time.Minute), Code: code, Cause: cause, Remedy: "Mend it.", Detail: "attempt at minute " + begin.String()}, blocked)
	}
	trouble.Works(begin)
	for i := range 60 {
		fail(2*i, "", "Nobody answers.", false)
		fail(2*i+1, "401", "The key is refused.", true)
	}
	if row, all := trouble.Failures(); row != 120 || all != 120 {
		t.Errorf("%d failures in a row, %d in all", row, all)
	}
	trouble.Works(begin.Add(2 * time.Hour))
	trouble.Works(begin.Add(3 * time.Hour))
	fail(200, "", "Nobody answers.", false)
	if row, all := trouble.Failures(); row != 1 || all != 121 {
		t.Errorf("%d failures in a row, %d in all", row, all)
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	want := [][]string{
		{"level=WARN", "listing fails", `cause="Nobody answers."`, `remedy="Mend it."`},
		{"level=ERROR", `cause="The key is refused."`, "code=401"},
		{"level=INFO", "listing works again", "failures=120", "after=2h0m0s"},
		{"level=WARN", `cause="Nobody answers."`},
	}
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(lines), len(want), log.String())
	}
	for i, parts := range want {
		for _, part := range parts {
			if !strings.Contains(lines[i], part) {
				t.Errorf("line %d has no %q: %s", i, part, lines[i])
			}
		}
	}
}

func TestCodesWithoutEndAreNotToldWithoutEnd(t *testing.T) {
	var log strings.Builder
	trouble := NewTrouble("fetching", slog.New(slog.NewTextHandler(&log, nil)))
	for i := range 10 * mostCauses {
		trouble.Failed(&Problem{Code: fmt.Sprint("E", i), Cause: "The server refuses the request."}, false)
	}
	if n := strings.Count(log.String(), "fetching fails"); n != mostCauses || len(trouble.causes) != mostCauses {
		t.Errorf("the log was told of %d causes and %d are remembered, want %d", n, len(trouble.causes), mostCauses)
	}
	if row, _ := trouble.Failures(); row != 10*mostCauses {
		t.Errorf("%d failures in a row are counted", row)
	}
}
