package collect

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

const overlap = 6 * time.Hour

// hour0 is a full hour; listings begin there.
var hour0 = time.Date(2026, 9, 14, 8, 0, 0, 0, time.UTC)

// list lists a run that ends at to, by the source's clock, with what it shows.
func list(t *testing.T, l *Ledger, from, to time.Time, shown ...Listing) {
	t.Helper()
	_, err := l.Listed(t.Context(), exchange, to, shown)
	must(t, err)
	must(t, l.AdvanceListed(t.Context(), exchange, Window{from, to}, to))
	_, err = l.Settle(t.Context(), exchange, Window{from, to}, overlap, to)
	must(t, err)
	_, err = l.CloseHours(t.Context(), exchange, to)
	must(t, err)
}

func journalled(t *testing.T, l *Ledger, id string, at time.Time) {
	t.Helper()
	must(t, l.Journalled(t.Context(), exchange, id, Receipt{Size: 100, Records: 10, SHA256: [32]byte{byte(id[0])}, Position: 7, At: at}))
}

// states gives the states of the hours from hour0 on, one letter each.
func states(t *testing.T, l *Ledger, now time.Time) string {
	t.Helper()
	c, err := l.Calendar(t.Context(), exchange, Window{hour0.Add(-1000 * time.Hour), now.Add(time.Hour)}, now)
	must(t, err)
	var b strings.Builder
	for i, h := range c.Hours {
		if i > 0 && !h.Start.Equal(c.Hours[i-1].Start.Add(time.Hour)) {
			t.Fatalf("hour %v follows %v", h.Start, c.Hours[i-1].Start)
		}
		b.WriteByte(map[HourState]byte{HourComplete: 'C', HourWaiting: 'w', HourLate: 'L', HourLost: 'X', HourSilent: 's', HourOff: 'o'}[h.State])
	}
	return b.String()
}

func wantStates(t *testing.T, l *Ledger, now time.Time, want string) {
	t.Helper()
	if got := states(t, l, now); got != want {
		t.Errorf("%s after the first hour began: states %s, want %s", now.Sub(hour0), got, want)
	}
}

func TestAnHourIsCompleteOnceItWasListedAgain(t *testing.T) {
	l := openLedger(t)
	at := func(hours float64) time.Time { return hour0.Add(time.Duration(hours * float64(time.Hour))) }
	list(t, l, hour0, at(0.5), listing("a", at(0.2)))
	wantStates(t, l, at(0.5), "w")
	journalled(t, l, "a", at(0.5))
	list(t, l, hour0, at(6.9))
	wantStates(t, l, at(6.9), "wwwwwww")
	list(t, l, hour0, at(7))
	wantStates(t, l, at(7), "Cwwwwww")
	c, err := l.Calendar(t.Context(), exchange, Window{hour0, at(1)}, at(7))
	must(t, err)
	if h := c.Hours[0]; h.Listed != 1 || h.Journalled != 1 || h.Records != 10 || h.Bytes != 100 || !h.Closed.Equal(at(7)) {
		t.Errorf("hour %+v, want one blob with 10 records and 100 bytes, closed at 7h", h)
	}
	// Nobody lists any more: hours turn late two hours after they could have
	// been complete.
	wantStates(t, l, at(8.9), "Cwwwwwwww")
	wantStates(t, l, at(10), "CLwwwwwwww")
}

func TestAnHourWaitsForItsBlobs(t *testing.T) {
	l := openLedger(t)
	at := func(hours float64) time.Time { return hour0.Add(time.Duration(hours * float64(time.Hour))) }
	list(t, l, hour0, at(8), listing("a", at(0)), listing("b", at(0.99)), listing("c", at(1)))
	journalled(t, l, "a", at(8))
	journalled(t, l, "c", at(8))
	list(t, l, hour0, at(8))
	wantStates(t, l, at(8), "wCwwwwww")
	wantStates(t, l, at(9), "LCwwwwwww")
	must(t, l.Expired(t.Context(), exchange, "b", at(9), "gone"))
	wantStates(t, l, at(9), "XCwwwwwww")
	list(t, l, at(2), at(9))
	c, err := l.Calendar(t.Context(), exchange, Window{hour0, at(1)}, at(9))
	must(t, err)
	if h := c.Hours[0]; h.Closed.IsZero() || h.Expired != 1 || h.Journalled != 1 || !strings.Contains(h.Detail, "1 blob expired") {
		t.Errorf("hour %+v, want it closed with one blob lost", h)
	}
}

func TestAYoungBlobKeepsItsHourOpenUntilItWasFetchedAgain(t *testing.T) {
	l := openLedger(t)
	list(t, l, hour0, hour0.Add(7*time.Hour), listing("a", hour0))
	must(t, l.Journalled(t.Context(), exchange, "a", Receipt{At: hour0, Recheck: hour0.Add(8 * time.Hour)}))
	list(t, l, hour0, hour0.Add(7*time.Hour))
	wantStates(t, l, hour0.Add(7*time.Hour), "wwwwwww")
	must(t, l.Unchanged(t.Context(), exchange, "a"))
	list(t, l, hour0, hour0.Add(7*time.Hour))
	wantStates(t, l, hour0.Add(7*time.Hour), "Cwwwwww")
}

func TestALateBlobReopensItsHour(t *testing.T) {
	l := openLedger(t)
	at := func(hours int) time.Time { return hour0.Add(time.Duration(hours) * time.Hour) }
	list(t, l, hour0, at(10), listing("a", hour0))
	journalled(t, l, "a", at(10))
	list(t, l, hour0, at(10))
	wantStates(t, l, at(10), "CCCCwwwwww")
	before := root(t, l, hour0)
	list(t, l, hour0, at(10), listing("a", hour0), listing("late", at(1).Add(-time.Minute)))
	wantStates(t, l, at(10), "LCCCwwwwww")
	journalled(t, l, "late", at(10))
	list(t, l, hour0, at(10))
	wantStates(t, l, at(10), "CCCCwwwwww")
	if root(t, l, hour0) == before {
		t.Error("the root of the hour did not change with the blob that came late")
	}
}

func TestALateBlobDoesNotHideAnHourThatStillWaits(t *testing.T) {
	l := openLedger(t)
	at := func(hours int) time.Time { return hour0.Add(time.Duration(hours) * time.Hour) }
	list(t, l, hour0, at(10), listing("slow", hour0))
	wantStates(t, l, at(10), "LCCCwwwwww")
	// A later hour, closed already, is reopened and closed again.
	list(t, l, hour0, at(10), listing("late", at(2)))
	journalled(t, l, "late", at(10))
	list(t, l, hour0, at(10))
	c, err := l.Calendar(t.Context(), exchange, Window{hour0, at(1)}, at(10))
	must(t, err)
	if h := c.Hours[0]; h.Listed != 1 || h.State != HourLate || !strings.Contains(h.Detail, "1 blob not fetched yet") {
		t.Errorf("hour %+v, want it late with one blob that was not fetched", h)
	}
	journalled(t, l, "slow", at(10))
	list(t, l, hour0, at(10))
	wantStates(t, l, at(10), "CCCCwwwwww")
}

func root(t *testing.T, l *Ledger, hour time.Time) [32]byte {
	t.Helper()
	c, err := l.Calendar(t.Context(), exchange, Window{hour, hour.Add(time.Hour)}, hour.Add(1000*time.Hour))
	must(t, err)
	return c.Hours[0].Root
}

func TestHoursThatNobodyCouldListAreLost(t *testing.T) {
	l := openLedger(t)
	at := func(hours int) time.Time { return hour0.Add(time.Duration(hours) * time.Hour) }
	list(t, l, hour0, at(8))
	// Away for more than a week: the API reaches back to 12h only.
	must(t, l.SkipTo(t.Context(), exchange, at(12), at(180), "too long ago"))
	list(t, l, at(12), at(21))
	// [2h, 8h) was listed once, [8h, 12h) never.
	wantStates(t, l, at(21), "CC"+strings.Repeat("X", 10)+"CCC"+strings.Repeat("w", 6))
	gaps, err := l.Gaps(t.Context(), exchange, 9)
	must(t, err)
	if len(gaps) != 2 || gaps[0].Reason != "too long ago" || gaps[1].Reason != notListedAgain || !gaps[1].To.Equal(gaps[0].From) {
		t.Errorf("gaps %+v, want one for what was listed once only and one for the rest", gaps)
	}
	// The same without a hole between listings.
	list(t, l, at(17), at(30))
	wantStates(t, l, at(30), "CC"+strings.Repeat("X", 10)+"CCCXX"+strings.Repeat("C", 7)+strings.Repeat("w", 6))
}

func TestAStreamThatWasNeverListedHasItsHours(t *testing.T) {
	l := openLedger(t)
	at := func(hours float64) time.Time { return hour0.Add(time.Duration(hours * float64(time.Hour))) }
	look := func(status string, hours float64) {
		must(t, l.SubscriptionStatus(t.Context(), exchange, status, at(hours)))
	}
	wantStates(t, l, at(2), "")
	look(SubscriptionMissing, 2.5) // and it cannot be started
	look(SubscriptionMissing, 14)
	wantStates(t, l, at(14.5), "ooooooooooooo")
	since, days, err := l.CalendarDays(t.Context(), exchange, Window{hour0.Add(-day), at(14.5)}, at(14.5))
	if err != nil || !since.Equal(at(2)) || len(days) != 1 || days[0].State() != HourOff {
		t.Errorf("since %v, days %+v, %v; want one that is off, since %v", since, days, err, at(2))
	}
	look(SubscriptionEnabled, 15) // and its listings fail
	wantStates(t, l, at(26.5), "oooooooooooooLLLLLLLLLwww")
	list(t, l, hour0, at(30))
	wantStates(t, l, at(30), "oooooooooooooooCCCCCCCCCwwwwww")
}

func TestSpansWithoutSubscriptionAreOff(t *testing.T) {
	l := openLedger(t)
	at := func(hours float64) time.Time { return hour0.Add(time.Duration(hours * float64(time.Hour))) }
	look := func(status string, hours float64) {
		must(t, l.SubscriptionStatus(t.Context(), exchange, status, at(hours)))
	}
	look(SubscriptionMissing, 2.5)
	look(SubscriptionEnabled, 2.6)
	look(SubscriptionEnabled, 4.5)
	list(t, l, hour0, at(20))
	wantStates(t, l, at(20), "oooCCCCCCCCCCCwwwwww")
	look(SubscriptionDisabled, 6)
	look(SubscriptionMissing, 7)
	wantStates(t, l, at(8), "oooCoooo")
	look(SubscriptionEnabled, 8.5)
	look(SubscriptionEnabled, 20)
	wantStates(t, l, at(20), "oooCoooooCCCCCwwwwww")
	// Somebody else had started it: there is content from before.
	list(t, l, hour0, at(20), listing("a", at(1.5)))
	journalled(t, l, "a", at(20))
	list(t, l, hour0, at(20))
	wantStates(t, l, at(20), "oCCCoooooCCCCCwwwwww")
}

// TestSilenceWantsHistory: an empty hour is silent when the weeks before had
// content in it and beside it, and is nothing special otherwise.
func TestSilenceWantsHistory(t *testing.T) {
	for _, c := range []struct {
		name  string
		weeks int
		skip  int // week in which one hour beside it is empty too
		want  HourState
	}{
		{"one week known", 1, 0, HourComplete},
		{"two weeks known", 2, 0, HourSilent},
		{"four weeks known", 4, 0, HourSilent},
		{"a hole two weeks ago", 4, 2, HourComplete},
		{"a hole in the week of long ago", 5, 5, HourSilent},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := openLedger(t)
			quiet := hour0.Add(time.Duration(c.weeks) * week)
			begin := hour0.Add(-2 * time.Hour)
			var blobs []Listing
			for k := 1; k <= c.weeks; k++ {
				for beside := -1; beside <= 1; beside++ {
					if k == c.skip && beside == 1 {
						continue
					}
					at := quiet.Add(-time.Duration(k)*week + time.Duration(beside)*time.Hour)
					blobs = append(blobs, listing(fmt.Sprintf("%d%d", k, beside+1), at))
				}
			}
			now := quiet.Add(8 * time.Hour)
			_, err := l.Listed(t.Context(), exchange, now, blobs)
			must(t, err)
			for _, b := range blobs {
				journalled(t, l, b.ContentID, now)
			}
			list(t, l, begin, now)
			got, err := l.Calendar(t.Context(), exchange, Window{quiet, quiet.Add(time.Hour)}, now)
			must(t, err)
			if len(got.Hours) != 1 || got.Hours[0].State != c.want {
				t.Errorf("%+v, want one hour, %s", got.Hours, c.want)
			}
		})
	}
}

// TestMerkleTreeIsThatOfThePublicLibrary compares every size up to 70.
func TestMerkleTreeIsThatOfThePublicLibrary(t *testing.T) {
	var tree MerkleTree
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range indexes {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for n := range int64(70) {
		want, err := tlog.TreeHash(n, reader)
		must(t, err)
		if got := tree.Root(); got != [32]byte(want) {
			t.Fatalf("root over %d leaves is %x, want %x", n, got, want)
		}
		leaf := fmt.Appendf(nil, "leaf %d", n)
		hashes, err := tlog.StoredHashes(n, leaf, reader)
		must(t, err)
		stored = slices.Concat(stored, hashes)
		tree.Add(leaf)
	}
}
