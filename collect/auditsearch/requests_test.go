package auditsearch

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
)

// covered collects what a search says it has brought whole.
type covered struct {
	mu    sync.Mutex
	spans []string
}

func (c *covered) Searched(_ context.Context, tenant string, w collect.Window, _ time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spans = append(c.spans, tenant[:4]+" "+w.From.Format("02")+"-"+w.To.Format("02"))
	return nil
}

func TestTellsWhatIsCovered(t *testing.T) {
	inVirtualTime(t, nil, func(r *rig) {
		r.fill(10, 100)
		filtered := r.days(0, 1)
		filtered.Operations = []string{"FileAccessed"}
		r.coverage = &covered{}
		r.run(filtered)
		if len(r.coverage.spans) != 0 {
			t.Errorf("a restricted search covers %v", r.coverage.spans)
		}
		day := func(n int) string { return r.start.AddDate(0, 0, n).Format("02") }
		want := []string{"1111 " + day(2) + "-" + day(3), "1111 " + day(3) + "-" + day(4)}
		for range 2 { // the second run asks for nothing, and tells all the same
			r.coverage = &covered{}
			r.run(r.days(2, 4))
			slices.Sort(r.coverage.spans)
			if !slices.Equal(r.coverage.spans, want) {
				t.Errorf("covered %v, want %v", r.coverage.spans, want)
			}
		}
		r.coverage = &covered{}
		now := time.Now().UTC().Truncate(time.Hour)
		r.run(Request{From: now.Add(-10 * time.Hour), To: now.Add(-time.Hour)})
		if len(r.coverage.spans) != 0 {
			t.Errorf("what is younger than a day covers %v", r.coverage.spans)
		}
	})
}

func TestRequestsAreKeptUntilTheyEnd(t *testing.T) {
	inVirtualTime(t, nil, func(r *rig) {
		requests, err := OpenRequests(r.t.Context(), r.db)
		if err != nil {
			t.Fatal(err)
		}
		first := Kept{ID: "a", Tenant: testTenant, Started: r.start, Request: r.days(0, 1)}
		second := Kept{ID: "b", Tenant: testTenant, Started: r.start.Add(time.Second), Request: r.days(1, 3)}
		second.RecordTypes = []string{"ExchangeAdmin"}
		for _, k := range []Kept{second, first} {
			if err := requests.Keep(r.t.Context(), k); err != nil {
				t.Fatal(err)
			}
		}
		got, err := requests.Unfinished(r.t.Context())
		if err != nil || len(got) != 2 || got[0].ID != "a" || !got[1].From.Equal(second.From) || !got[1].To.Equal(second.To) || !slices.Equal(got[1].RecordTypes, second.RecordTypes) || got[0].Operations != nil {
			t.Fatalf("kept %+v, %v", got, err)
		}
		if err := requests.Ended(r.t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if got, err = requests.Unfinished(r.t.Context()); err != nil || len(got) != 1 || got[0].ID != "b" {
			t.Errorf("after one has ended: %+v, %v", got, err)
		}
	})
}
