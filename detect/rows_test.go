package detect

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// An alert keeps a hundred rows and says how many there are and which query has
// them; more rows of the same are more, equal ones too, and what is seen again is
// not.
func TestAnAlertStandsOnAllItsRows(t *testing.T) {
	b := newBench(t, rule(t))
	var rows []row
	for i := range 250 {
		rows = append(rows, row{at: noon.Add(-time.Minute), user: `a"da`, what: fmt.Sprint(i / 2)}) // each twice
	}
	b.must(b.after(0, rows...))
	only := func(total, raised int) {
		t.Helper()
		if len(b.sink.alerts) != 1 {
			t.Fatalf("%d alerts", len(b.sink.alerts))
		}
		for id, a := range b.sink.alerts {
			e := a.Evidence
			if e.Total != total || len(e.Rows) != maxEvidenceRows || !e.Truncated || b.sink.raised[id] != raised {
				t.Errorf("total %d, %d rows, truncated %v, raised %d times; want %d rows, raised %d times", e.Total, len(e.Rows), e.Truncated, b.sink.raised[id], total, raised)
			}
			if want := "T\n| where ['UserId'] =~ \"a\\\"da\""; e.Query != want {
				t.Errorf("the query of the rest is %q, want %q", e.Query, want)
			}
		}
	}
	only(250, 1)
	b.must(b.after(5 * time.Minute))
	only(250, 1)
	b.must(b.after(5*time.Minute, row{at: noon.Add(-2 * time.Minute), user: `a"da`, what: "7"})) // a third of its kind, late
	only(251, 2)
	b.must(b.after(5 * time.Minute))
	only(251, 2)
}

// A crash between the raising of an alert that grew and the note of its rows makes
// the same alert again.
func TestGrowingAgainAfterACrashIsTheSame(t *testing.T) {
	b := newBench(t, rule(t))
	var rows []row
	for i := range 150 {
		rows = append(rows, row{at: noon.Add(-time.Minute), user: "ada", what: fmt.Sprint(i)})
	}
	b.must(b.after(0, rows...))
	if _, err := b.store.db.ExecContext(t.Context(), `CREATE TRIGGER crash BEFORE INSERT ON detect_rows BEGIN SELECT RAISE(FAIL, 'crash'); END`); err != nil {
		t.Fatal(err)
	}
	if err := b.after(5*time.Minute, row{at: noon.Add(time.Minute), user: "ada", what: "new"}); err == nil {
		t.Fatal("the crash did not come")
	}
	if _, err := b.store.db.ExecContext(t.Context(), `DROP TRIGGER crash`); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		b.must(b.after(5 * time.Minute))
	}
	for _, a := range b.sink.alerts {
		if a.Evidence.Total != 151 {
			t.Errorf("%d rows, want 151", a.Evidence.Total)
		}
	}
}

// One evaluation raises 150 alerts at most, and its last stands on all rows that
// have none of their own: no row is without an alert, and each has one.
func TestWhatIsTooMuchForAlertsOfItsOwnIsInTheLast(t *testing.T) {
	b := newBench(t, rule(t))
	var rows []row
	for i := range 200 {
		rows = append(rows, row{at: noon.Add(-time.Minute), user: fmt.Sprintf("user %03d", i), what: "x"})
	}
	counts := func() (alerts, total, last int) {
		for _, a := range b.sink.alerts {
			alerts, total, last = alerts+1, total+a.Evidence.Total, max(last, a.Evidence.Total)
		}
		return alerts, total, last
	}
	b.must(b.after(0, rows...))
	for range 2 {
		if alerts, total, last := counts(); alerts != 150 || total != 200 || last != 51 {
			t.Fatalf("%d alerts on %d rows, %d of them in the last", alerts, total, last)
		}
		b.must(b.after(5 * time.Minute))
	}
	for _, a := range b.sink.alerts {
		if a.Evidence.Total == 51 && (a.Evidence.Query != "T" || !strings.HasPrefix(a.Description, "51 more, ")) {
			t.Errorf("the last alert says %q, and its query is %q", a.Description, a.Evidence.Query)
		}
	}
}
