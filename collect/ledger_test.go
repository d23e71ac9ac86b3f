package collect

import (
	"errors"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/state"
)

var (
	exchange = Stream{"11111111-2222-3333-4444-555555555555", "Audit.Exchange"}
	day0     = time.Date(2026, 9, 14, 8, 0, 0, 0, time.UTC)
)

func openLedger(t *testing.T) *Ledger {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	ledger, err := OpenLedger(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return ledger
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func listing(id string, created time.Time) Listing {
	return Listing{ContentID: id, URI: "https://manage.example/audit/" + id, Created: created, Expires: created.Add(7 * 24 * time.Hour)}
}

func ids(blobs []Blob) []string {
	var ids []string
	for _, b := range blobs {
		ids = append(ids, b.ContentID)
	}
	return ids
}

func TestListingTwiceIsListingOnce(t *testing.T) {
	l := openLedger(t)
	entries := []Listing{listing("a", day0), listing("b", day0.Add(time.Hour)), listing("a", day0)}
	added, err := l.Listed(t.Context(), exchange, day0, entries)
	must(t, err)
	if added != 2 {
		t.Errorf("%d added, want 2", added)
	}
	entries[1].URI += "?moved"
	added, err = l.Listed(t.Context(), exchange, day0.Add(time.Hour), entries)
	must(t, err)
	if added != 0 {
		t.Errorf("%d added by a repeated listing", added)
	}
	due, _, err := l.Due(t.Context(), exchange, day0, 10)
	must(t, err)
	if len(due) != 2 || due[1].URI != entries[1].URI {
		t.Errorf("due %+v, want two blobs, the second at its new address", due)
	}
}

func TestDueOrdersByDeadlineAndHoldsBackFailures(t *testing.T) {
	l := openLedger(t)
	late, soon := listing("late", day0), listing("soon", day0.Add(time.Hour))
	late.Expires, soon.Expires = day0.Add(20*24*time.Hour), day0.Add(2*time.Hour)
	_, err := l.Listed(t.Context(), exchange, day0, []Listing{late, soon, listing("middle", day0)})
	must(t, err)
	due, next, err := l.Due(t.Context(), exchange, day0, 10)
	must(t, err)
	if got := ids(due); !slices.Equal(got, []string{"soon", "middle", "late"}) || !next.IsZero() {
		t.Errorf("due %v, next %v; want soon, middle, late and nothing to wait for", got, next)
	}
	retry := day0.Add(30 * time.Second)
	must(t, l.Failed(t.Context(), exchange, "soon", Failure{Next: retry, Cause: "503"}))
	due, next, err = l.Due(t.Context(), exchange, day0, 10)
	must(t, err)
	if got := ids(due); !slices.Equal(got, []string{"middle", "late"}) || !next.Equal(retry) {
		t.Errorf("due %v, next %v; want the failed blob held back until %v", got, next, retry)
	}
	due, _, err = l.Due(t.Context(), exchange, retry, 1)
	must(t, err)
	if len(due) != 1 || due[0].ContentID != "soon" || due[0].Attempts != 1 || due[0].LastError != "503" {
		t.Errorf("due %+v, want the failed blob with its history", due)
	}
}

func TestMissingCountsInARow(t *testing.T) {
	l := openLedger(t)
	_, err := l.Listed(t.Context(), exchange, day0, []Listing{listing("a", day0)})
	must(t, err)
	for i, step := range []struct {
		missing bool
		want    int
	}{{true, 1}, {true, 2}, {false, 0}, {true, 1}} {
		must(t, l.Failed(t.Context(), exchange, "a", Failure{Next: day0, Missing: step.missing}))
		due, _, err := l.Due(t.Context(), exchange, day0, 1)
		must(t, err)
		if due[0].Missing != step.want || due[0].Attempts != i+1 {
			t.Errorf("step %d: missing %d, attempts %d; want %d and %d", i, due[0].Missing, due[0].Attempts, step.want, i+1)
		}
	}
}

func TestRecheckComesOnceAndNeverHoldsTheCursor(t *testing.T) {
	l := openLedger(t)
	_, err := l.Listed(t.Context(), exchange, day0, []Listing{listing("a", day0), listing("b", day0)})
	must(t, err)
	must(t, l.AdvanceListed(t.Context(), exchange, Window{day0, day0.Add(time.Hour)}, day0))
	settled := day0.Add(10 * time.Minute)
	must(t, l.Journalled(t.Context(), exchange, "a", Receipt{Size: 1, Records: 1, SHA256: [32]byte{1}, At: day0, Recheck: settled}))
	must(t, l.Journalled(t.Context(), exchange, "b", Receipt{Size: 1, Records: 1, SHA256: [32]byte{2}, At: day0, Recheck: settled}))
	if cursor, err := l.Cursor(t.Context(), exchange); err != nil || !cursor.Equal(day0.Add(time.Hour)) {
		t.Errorf("cursor %v, %v; want it past journalled blobs", cursor, err)
	}
	due, next, err := l.Rechecks(t.Context(), exchange, day0, 9)
	must(t, err)
	if len(due) != 0 || !next.Equal(settled) {
		t.Errorf("rechecks %v, next %v; want none before %v", due, next, settled)
	}
	due, _, err = l.Rechecks(t.Context(), exchange, settled, 9)
	must(t, err)
	if len(due) != 2 || due[0].SHA256 != [32]byte{1} || due[0].URI == "" {
		t.Errorf("rechecks %+v, want both with what was journalled", due)
	}
	must(t, l.Unchanged(t.Context(), exchange, "a"))
	must(t, l.Regrown(t.Context(), exchange, "b", Receipt{Size: 3, Records: 2, At: settled}))
	if due, next, err := l.Rechecks(t.Context(), exchange, day0.Add(9999*time.Hour), 9); err != nil || len(due) != 0 || !next.IsZero() {
		t.Errorf("rechecks %v, next %v, %v; want no more", due, next, err)
	}
	status, err := l.Status(t.Context(), exchange, settled)
	must(t, err)
	if want := (Counts{Journalled: 2, Regrown: 1, Records: 4, Bytes: 5}); status.Counts != want {
		t.Errorf("counts %+v, want %+v", status.Counts, want)
	}
}

func TestSettledBlobsStaySettled(t *testing.T) {
	l := openLedger(t)
	_, err := l.Listed(t.Context(), exchange, day0, []Listing{listing("a", day0), listing("b", day0)})
	must(t, err)
	must(t, l.Journalled(t.Context(), exchange, "a", Receipt{Size: 10, Records: 2, Position: 7, At: day0}))
	must(t, l.Expired(t.Context(), exchange, "b", day0, "expired"))
	for _, id := range []string{"a", "b", "unheard of"} {
		for name, err := range map[string]error{
			"Journalled": l.Journalled(t.Context(), exchange, id, Receipt{At: day0}),
			"Failed":     l.Failed(t.Context(), exchange, id, Failure{Next: day0, Cause: "late"}),
			"Expired":    l.Expired(t.Context(), exchange, id, day0, "late"),
		} {
			if !errors.Is(err, ErrNotOutstanding) {
				t.Errorf("%s of %q: %v, want ErrNotOutstanding", name, id, err)
			}
		}
	}
	_, err = l.Listed(t.Context(), exchange, day0, []Listing{listing("a", day0), listing("b", day0)})
	must(t, err)
	if due, _, err := l.Due(t.Context(), exchange, day0, 10); err != nil || len(due) != 0 {
		t.Errorf("due %v, %v after settled blobs were listed again", ids(due), err)
	}
	status, err := l.Status(t.Context(), exchange, day0)
	must(t, err)
	if want := (Counts{Journalled: 1, Expired: 1, Gaps: 1, Records: 2, Bytes: 10}); status.Counts != want {
		t.Errorf("counts %+v, want %+v", status.Counts, want)
	}
	gaps, err := l.Gaps(t.Context(), exchange, 10)
	must(t, err)
	if len(gaps) != 1 || gaps[0].ContentID != "b" || gaps[0].Reason != "expired" || !gaps[0].From.Equal(day0) {
		t.Errorf("gaps %+v, want the blob that expired", gaps)
	}
}

func TestCursorWaitsForEveryBlob(t *testing.T) {
	l := openLedger(t)
	if cursor, err := l.Cursor(t.Context(), exchange); err != nil || !cursor.IsZero() {
		t.Errorf("cursor %v, %v of a stream nobody listed", cursor, err)
	}
	_, err := l.Listed(t.Context(), exchange, day0, []Listing{listing("a", day0.Add(time.Hour)), listing("b", day0.Add(2*time.Hour))})
	must(t, err)
	must(t, l.AdvanceListed(t.Context(), exchange, Window{day0, day0.Add(3 * time.Hour)}, day0))
	at := func(want time.Time, when string) {
		t.Helper()
		cursor, err := l.Cursor(t.Context(), exchange)
		must(t, err)
		status, err := l.Status(t.Context(), exchange, day0.Add(4*time.Hour))
		must(t, err)
		if !cursor.Equal(want) || !status.Cursor.Equal(want) || status.Lag != day0.Add(4*time.Hour).Sub(want) {
			t.Errorf("%s: cursor %v, in status %v with lag %v; want %v", when, cursor, status.Cursor, status.Lag, want)
		}
	}
	at(day0.Add(time.Hour), "nothing journalled")
	must(t, l.Journalled(t.Context(), exchange, "b", Receipt{At: day0}))
	at(day0.Add(time.Hour), "the newer blob journalled")
	must(t, l.Failed(t.Context(), exchange, "a", Failure{Next: day0, Cause: "503"}))
	at(day0.Add(time.Hour), "the older blob failed")
	must(t, l.Expired(t.Context(), exchange, "a", day0, "expired"))
	at(day0.Add(3*time.Hour), "the older blob a known gap")
}

func TestListedThroughLeavesNoHole(t *testing.T) {
	l := openLedger(t)
	must(t, l.AdvanceListed(t.Context(), exchange, Window{day0, day0.Add(time.Hour)}, day0))
	if err := l.AdvanceListed(t.Context(), exchange, Window{day0.Add(2 * time.Hour), day0.Add(3 * time.Hour)}, day0); err == nil {
		t.Error("a window after a hole moved listed-through")
	}
	must(t, l.AdvanceListed(t.Context(), exchange, Window{day0.Add(-time.Hour), day0}, day0))
	through, err := l.ListedThrough(t.Context(), exchange)
	must(t, err)
	if !through.Equal(day0.Add(time.Hour)) {
		t.Errorf("listed through %v, want %v", through, day0.Add(time.Hour))
	}
	must(t, l.SkipTo(t.Context(), exchange, day0, day0, "no"))
	must(t, l.SkipTo(t.Context(), exchange, day0.Add(5*time.Hour), day0, "too long ago"))
	must(t, l.AdvanceListed(t.Context(), exchange, Window{day0.Add(5 * time.Hour), day0.Add(6 * time.Hour)}, day0))
	gaps, err := l.Gaps(t.Context(), exchange, 10)
	must(t, err)
	if len(gaps) != 1 || !gaps[0].From.Equal(day0.Add(time.Hour)) || !gaps[0].To.Equal(day0.Add(5*time.Hour)) {
		t.Errorf("gaps %+v, want one from 1h to 5h", gaps)
	}
}

func TestSpanWithoutSubscriptionIsAGap(t *testing.T) {
	l := openLedger(t)
	statuses := []string{SubscriptionMissing, SubscriptionEnabled, SubscriptionEnabled, SubscriptionDisabled, SubscriptionDisabled, SubscriptionEnabled}
	for i, status := range statuses {
		must(t, l.SubscriptionStatus(t.Context(), exchange, status, day0.Add(time.Duration(i)*time.Hour)))
	}
	gaps, err := l.Gaps(t.Context(), exchange, 10)
	must(t, err)
	if len(gaps) != 1 || !gaps[0].From.Equal(day0.Add(2*time.Hour)) || !gaps[0].To.Equal(day0.Add(5*time.Hour)) {
		t.Errorf("gaps %+v, want one from last seen enabled (2h) to enabled again (5h): the first start is none", gaps)
	}
	must(t, l.StartRequested(t.Context(), exchange, "https://hook.test/", day0.Add(-time.Hour)))
	must(t, l.StartRequested(t.Context(), exchange, "", day0))
	sub, err := l.Subscription(t.Context(), exchange)
	must(t, err)
	if want := (Subscription{SubscriptionEnabled, day0.Add(5 * time.Hour), day0, "https://hook.test/"}); sub != want {
		t.Errorf("subscription %+v, want %+v", sub, want)
	}
}

// TestCursorNeverPassesAnOutstandingBlob holds the ledger against a plain map
// under random operations.
func TestCursorNeverPassesAnOutstandingBlob(t *testing.T) {
	for seed := range uint64(6) {
		random := rand.New(rand.NewPCG(seed, 0))
		l := openLedger(t)
		outstanding := map[string]time.Time{}
		through := day0
		must(t, l.AdvanceListed(t.Context(), exchange, Window{day0, day0}, day0))
		for step := range 150 {
			id := strconv.Itoa(random.IntN(60))
			created := day0.Add(time.Duration(random.IntN(1000)) * time.Minute)
			var err error
			switch random.IntN(4) {
			case 0, 1:
				var added int
				added, err = l.Listed(t.Context(), exchange, day0, []Listing{listing(id, created)})
				if added == 1 {
					outstanding[id] = created
				}
			case 2:
				err = l.Journalled(t.Context(), exchange, id, Receipt{At: day0})
				if err == nil {
					delete(outstanding, id)
				}
			case 3:
				w := Window{through, through.Add(time.Duration(random.IntN(60)) * time.Minute)}
				through = w.To
				err = l.AdvanceListed(t.Context(), exchange, w, day0)
			}
			if err != nil && !errors.Is(err, ErrNotOutstanding) {
				t.Fatal(err)
			}
			want := through
			for _, created := range outstanding {
				if created.Before(want) {
					want = created
				}
			}
			cursor, err := l.Cursor(t.Context(), exchange)
			must(t, err)
			if !cursor.Equal(want) {
				t.Fatalf("seed %d step %d: cursor %v, want %v", seed, step, cursor, want)
			}
		}
	}
}
