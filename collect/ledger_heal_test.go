package collect

import (
	"testing"
	"time"
)

// Hours that were settled and closed by a clock that was ahead are so no more once the
// source has said what time it is.
func TestHoursOfTheFutureAreOpenedAgain(t *testing.T) {
	l := openLedger(t)
	at := func(hours int) time.Time { return hour0.Add(time.Duration(hours) * time.Hour) }
	list(t, l, hour0, at(12))
	list(t, l, hour0, at(48)) // by a clock that is a day and a half ahead
	wantStates(t, l, at(13), "CCCCCCCCCCCCC")
	list(t, l, hour0, at(13), listing("a", at(8)))
	wantStates(t, l, at(13), "CCCCCCCwwwwww")
	journalled(t, l, "a", at(13))
	list(t, l, hour0, at(15))
	wantStates(t, l, at(15), "CCCCCCCCCwwwwww")
	list(t, l, hour0, at(60))
	wantStates(t, l, at(48), "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC")
	gaps, err := l.Gaps(t.Context(), exchange, 9)
	if err != nil || len(gaps) > 0 {
		t.Errorf("gaps %v, error %v", gaps, err)
	}
}

// Hours that an earlier version passed without closing them are closed by a start
// with this one, and only those.
func TestHoursThatWerePassedAreClosed(t *testing.T) {
	l := openLedger(t)
	at := func(hours int) time.Time { return hour0.Add(time.Duration(hours) * time.Hour) }
	list(t, l, hour0, at(12), listing("a", at(1)), listing("b", at(3)))
	journalled(t, l, "a", at(12))
	journalled(t, l, "b", at(12))
	list(t, l, hour0, at(12))
	whole := "CCCCCCwwwwww"
	wantStates(t, l, at(12), whole)
	closings := func() (n int) {
		must(t, l.db.QueryRowContext(t.Context(), `SELECT sum(closings) FROM collect_hour`).Scan(&n))
		return n
	}
	before := closings()
	for _, passed := range [][]int{{0}, {3}, {1, 2, 4}, {5}, {}} {
		for _, hour := range passed {
			_, err := l.db.ExecContext(t.Context(), `DELETE FROM collect_hour WHERE hour = ?`, micros(at(hour)))
			must(t, err)
		}
		_, err := l.db.ExecContext(t.Context(), `UPDATE collect_stream SET closed_through = ?`, micros(at(6)))
		must(t, err)
		list(t, l, hour0, at(12))
		if got := states(t, l, at(12)); len(passed) > 0 && got == whole {
			t.Fatalf("without the rows of hours %v all is well: this proves nothing", passed)
		}
		_, err = l.db.ExecContext(t.Context(), `DELETE FROM migrations_collect WHERE version_id = 13`)
		must(t, err)
		l, err = OpenLedger(t.Context(), l.db)
		must(t, err)
		list(t, l, hour0, at(12))
		wantStates(t, l, at(12), whole)
		if after := closings(); after != before {
			t.Errorf("after passing %v: %d closings, want %d: only what was passed is closed", passed, after, before)
		}
	}
}
