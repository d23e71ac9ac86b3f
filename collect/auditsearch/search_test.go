package auditsearch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/tenantsim/graph"
)

func TestBringsEveryRecordOfARange(t *testing.T) {
	inVirtualTime(t, nil, func(r *rig) {
		r.fill(10, 500)
		summary := r.run(r.days(2, 8))
		r.wantRecords(100, 400)
		if summary.Queries != 6 || summary.Records != 300 || summary.Pages != 30 || summary.Done != 6*24*time.Hour || len(summary.Missing) != 0 || summary.Open != 0 {
			t.Errorf("summary %+v", summary)
		}
		for id, n := range r.sink.ids(t) {
			if n != 1 {
				t.Errorf("%s came %d times", id, n)
			}
		}
	})
}

func TestAsksForNothingTwice(t *testing.T) {
	inVirtualTime(t, nil, func(r *rig) {
		r.fill(10, 100)
		r.run(r.days(2, 4))
		summary := r.run(r.days(1, 6)) // wider: two days of it are there
		if summary.Queries != 3 || summary.Covered != 48*time.Hour || summary.Done != 120*time.Hour {
			t.Errorf("the wider range: %+v", summary)
		}
		r.wantRecords(10, 60)
		if again := r.run(r.days(1, 6)); again.Queries != 0 || again.Covered != 120*time.Hour {
			t.Errorf("the same again: %+v", again)
		}
		filtered := r.days(1, 2)
		filtered.RecordTypes = []string{"ExchangeAdmin"}
		if other := r.run(filtered); other.Queries != 1 || other.Records != 0 {
			t.Errorf("another filter is another search: %+v", other)
		}
	})
}

// Nothing says whether the bounds of a query belong to its range. What happened
// at them must not fall between two queries.
func TestBoundsAreAskedForTwice(t *testing.T) {
	for _, inside := range []bool{true, false} {
		inVirtualTime(t, func(c *graph.Config) { c.BoundsOutside = !inside }, func(r *rig) {
			for i := range 4 {
				r.add(i, r.start.AddDate(0, 0, i))
			}
			r.run(r.days(0, 3))
			got := r.sink.ids(t)
			for i := range 3 {
				if got[recordID(i)] == 0 {
					t.Errorf("the record at bound %d is missing; bounds inside: %v", i, inside)
				}
			}
		})
	}
}

// What happened within the last day may still come in, so the answer to it is
// not final; within the hour it is good enough to go on from.
func TestYoungSlicesAreAskedForAgain(t *testing.T) {
	inVirtualTime(t, nil, func(r *rig) {
		now := time.Now().UTC().Truncate(time.Second)
		request := Request{From: now.Add(-60 * time.Hour), To: now}
		first := r.run(request)
		if again := r.run(request); first.Queries != 4 || again.Queries != 0 {
			t.Errorf("%d queries, then %d", first.Queries, again.Queries)
		}
		time.Sleep(2 * time.Hour)
		if again := r.run(request); again.Queries != 2 {
			t.Errorf("%d queries two hours later, not the two slices of the last day", again.Queries)
		}
		time.Sleep(48 * time.Hour)
		r.run(request)
		time.Sleep(2 * time.Hour)
		if again := r.run(request); again.Queries != 0 {
			t.Errorf("%d queries days later", again.Queries)
		}
	})
}

func TestSlicesShrinkAtTheLimitOfRecords(t *testing.T) {
	inVirtualTime(t, func(c *graph.Config) { c.RecordLimit = 40 }, func(r *rig) {
		r.fill(2, 300) // 150 a day: under 40 to a quarter of a day
		summary := r.run(r.days(0, 2))
		r.wantRecords(0, 300)
		if summary.Splits < 2*3 || len(summary.Missing) != 0 {
			t.Errorf("summary %+v", summary)
		}
	})
}

func TestWhatCannotBeSplitIsSaidToBeMissing(t *testing.T) {
	inVirtualTime(t, func(c *graph.Config) { c.RecordLimit = 40 }, func(r *rig) {
		r.cfg.MinSlice = 12 * time.Hour
		r.fill(2, 200) // 50 to half a day
		request := r.days(0, 1)
		summary := r.run(request)
		if len(summary.Missing) != 2 || !strings.Contains(summary.Missing[0].Reason, "more records than the 40") || summary.Missing[1].From != r.start.Add(12*time.Hour) {
			t.Errorf("missing %+v", summary.Missing)
		}
		if n := len(r.sink.ids(t)); n < 80 {
			t.Errorf("only %d records are kept of what came", n)
		}
		if again := r.run(request); again.Queries != 3 {
			t.Errorf("what is not whole is not asked for again: %+v", again)
		}
	})
}

func TestFailedAndStuckQueriesAreAskedForInParts(t *testing.T) {
	inVirtualTime(t, func(c *graph.Config) { c.Faults = graph.Faults{Seed: 3, FailedQueries: 0.3, StuckQueries: 0.1} }, func(r *rig) {
		r.fill(10, 300)
		summary := r.run(r.days(0, 10))
		r.wantRecords(0, 300)
		if summary.Splits == 0 || len(summary.Missing) != 0 {
			t.Errorf("summary %+v", summary)
		}
	})
}

// A record that Graph cannot write ends every page it is on. Its neighbours
// come, it is said to be missing, and what came of its page is kept.
func TestABrokenRecordCostsItsMinuteOnly(t *testing.T) {
	inVirtualTime(t, nil, func(r *rig) {
		r.cfg.MinSlice = 10 * time.Minute
		r.fill(1, 480) // one every three minutes
		r.graph.Break(recordID(233))
		summary := r.run(r.days(0, 1))
		got := r.sink.ids(t)
		if len(got) < 480-8 {
			t.Errorf("%d records of whole pages", len(got))
		}
		if len(summary.Missing) != 1 || summary.Missing[0].To.Sub(summary.Missing[0].From) > 20*time.Minute || !strings.Contains(summary.Missing[0].Reason, "not whole") {
			t.Fatalf("missing %+v", summary.Missing)
		}
		at := r.start.Add(233 * 3 * time.Minute)
		if m := summary.Missing[0]; at.Before(m.From) || !at.Before(m.To) {
			t.Errorf("the broken record of %v is not in %+v", at, m)
		}
		kept := 0
		for _, p := range r.sink.payloads {
			if strings.Contains(string(p.Body), recordID(232)) {
				kept++
			}
		}
		if kept == 0 {
			t.Error("the beginning of the broken page is not kept")
		}
	})
}

func TestAShortReadingIsReadAgain(t *testing.T) {
	inVirtualTime(t, func(c *graph.Config) { c.Faults = graph.Faults{Seed: 2, ShortReadings: 0.2} }, func(r *rig) {
		r.cfg.Readings = 20
		r.fill(2, 160)
		summary := r.run(r.days(0, 2))
		r.wantRecords(0, 160)
		if summary.Pages <= 16 || len(summary.Missing) != 0 {
			t.Errorf("summary %+v", summary)
		}
	})
}

func TestAReadingThatStaysShortIsSaidToBe(t *testing.T) {
	inVirtualTime(t, func(c *graph.Config) { c.Faults = graph.Faults{Seed: 1, ShortReadings: 1} }, func(r *rig) {
		r.fill(1, 20)
		summary := r.run(r.days(0, 1))
		if len(summary.Missing) != 1 || !strings.Contains(summary.Missing[0].Reason, "announced about 20 records") {
			t.Errorf("missing %+v", summary.Missing)
		}
	})
}

func TestTheQuotaOfADayIsWaitedOut(t *testing.T) {
	inVirtualTime(t, func(c *graph.Config) { c.QueriesPerDay, c.QueriesAtOnce = 5, 2 }, func(r *rig) {
		r.fill(12, 120)
		began := time.Now()
		summary := r.run(r.days(0, 12))
		r.wantRecords(0, 120)
		if took := time.Since(began); took < 48*time.Hour || took > 80*time.Hour || len(summary.Missing) != 0 {
			t.Errorf("12 queries at 5 a day took %v: %+v", took, summary)
		}
		if posts := r.count(http.MethodPost, "queries"); posts > 100 {
			t.Errorf("%d submissions were tried", posts)
		}
	})
}

// Whatever kills the search, and wherever: the next one goes on, and in the end
// every record is there.
func TestGoesOnAfterAKillAtEveryPage(t *testing.T) {
	inVirtualTime(t, nil, func(r *rig) {
		r.cfg.Concurrency = 2
		r.fill(3, 90)
		kill := errors.New("killed")
		runs := 0
		for ; ; runs++ {
			if runs > 100 {
				t.Fatal("it never ends")
			}
			left := 1
			after := runs%2 == 1 // in turn before and after the page is journalled
			r.sink.fail = func(kept bool) error {
				if kept != after {
					return nil
				}
				if left--; left < 0 {
					return kill
				}
				return nil
			}
			_, err := r.search().Run(r.t.Context(), r.days(0, 3), r.sink, nil)
			if err == nil {
				break
			}
			if !errors.Is(err, kill) {
				t.Fatal(err)
			}
		}
		r.wantRecords(0, 90)
		repeats := 0
		for _, n := range r.sink.ids(t) {
			repeats += n - 1
		}
		// A run may be killed between a query's being made and its being noted.
		if posts := r.count(http.MethodPost, "queries"); runs < 5 || posts > 3+runs || repeats > runs*2*10 {
			t.Errorf("%d runs, %d queries for 3 slices, %d records came again", runs, posts, repeats)
		}
	})
}

func TestStopsWithItsContext(t *testing.T) {
	inVirtualTime(t, nil, func(r *rig) {
		r.fill(3, 30)
		ctx, cancel := context.WithCancel(r.t.Context())
		time.AfterFunc(time.Minute, cancel)
		if _, err := r.search().Run(ctx, r.days(0, 3), r.sink, nil); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		summary := r.run(r.days(0, 3))
		r.wantRecords(0, 30)
		if summary.Queries != 0 || r.count(http.MethodPost, "queries") != 3 {
			t.Errorf("queries that were running are submitted anew: %+v", summary)
		}
	})
}

func TestAnExpiredQueryIsSubmittedAnew(t *testing.T) {
	inVirtualTime(t, nil, func(r *rig) {
		r.fill(3, 30)
		ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
		defer cancel()
		if _, err := r.search().Run(ctx, r.days(0, 3), r.sink, nil); err == nil {
			t.Fatal("it ended too early for this test")
		}
		time.Sleep(40 * 24 * time.Hour)
		if summary := r.run(r.days(0, 3)); summary.Queries != 3 {
			t.Errorf("%+v", summary)
		}
		r.wantRecords(0, 30)
	})
}

func TestRangesThatMakeNoSenseAreRefused(t *testing.T) {
	inVirtualTime(t, nil, func(r *rig) {
		now := time.Now()
		for name, test := range map[string]struct {
			request Request
			says    string
		}{
			"backwards":  {Request{From: now.Add(-time.Hour), To: now.Add(-2 * time.Hour)}, "not after its start"},
			"empty":      {Request{From: now.Add(-time.Hour), To: now.Add(-time.Hour)}, "not after its start"},
			"the future": {Request{From: now.Add(-time.Hour), To: now.Add(time.Hour)}, "still to come"},
			"forgotten":  {Request{From: now.AddDate(0, 0, -181), To: now}, "keeps audit records for 180 days, back to "},
		} {
			_, err := r.search().Plan(r.t.Context(), test.request)
			if !errors.Is(err, ErrRange) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := r.count("", ""); n != 0 || len(r.seen) != 0 {
			t.Error("something was asked of Graph")
		}
		plan, err := r.search().Plan(r.t.Context(), Request{From: now.AddDate(0, 0, -180).Add(time.Minute), To: now})
		if err != nil || plan.Queries != 181 {
			t.Errorf("half a year: %+v, %v", plan, err)
		}
	})
}

func TestTroubleThatAPersonMustMendEndsTheSearch(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*rig)
		says   []string
	}{
		"no permission": {func(r *rig) { r.roles = []string{"ActivityFeed.Read"} }, []string{"HTTP 403", "AuditLogsQuery.Read.All"}},
		"only in beta":  {func(r *rig) { r.graph = graph.New(withVersions(r.sim, "beta")) }, []string{"HTTP 404", "api_version"}},
		"unknown type": {func(r *rig) {
			r.fault = onSubmit(answer(400, `{"error":{"code":"BadRequest","message":"Requested value 'x' was not found."}}`))
		}, []string{"'x' was not found", "record types"}},
		"a link elsewhere": {func(r *rig) {
			r.fault = onRecords(`{"value":[],"@odata.nextLink":"https://elsewhere.example/v1.0/next"}`)
		}, []string{"another host"}},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, nil, func(r *rig) {
				r.fill(1, 30)
				test.change(r)
				_, err := r.search().Run(r.t.Context(), r.days(0, 1), r.sink, nil)
				if !errors.Is(err, ErrBlocked) {
					t.Fatal(err)
				}
				for _, part := range test.says {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("%q is not in: %v", part, err)
					}
				}
				if strings.Contains(err.Error()+r.log.String(), testToken) {
					t.Error("the token leaks")
				}
				for _, request := range r.seen {
					if request.URL.Host != "graph.test" {
						t.Errorf("asked %s", request.URL.Host)
					}
				}
			})
		})
	}
}

func withVersions(c graph.Config, versions ...string) graph.Config {
	c.Versions = versions
	return c
}

func onSubmit(says *http.Response) func(*http.Request) *http.Response {
	return func(r *http.Request) *http.Response {
		if r.Method == http.MethodPost {
			return says
		}
		return nil
	}
}

func onRecords(body string) func(*http.Request) *http.Response {
	return func(r *http.Request) *http.Response {
		if strings.HasSuffix(r.URL.Path, "/records") {
			return answer(200, body)
		}
		return nil
	}
}

// TestBadDays: over many seeds of a service that fails in every way it has, the
// records that come are those that are there.
func TestBadDays(t *testing.T) {
	seeds := 25
	if testing.Short() {
		seeds = 2
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inVirtualTime(t, func(c *graph.Config) {
				c.RecordLimit, c.QueriesPerDay, c.QueriesAtOnce = 60, 120, 4
				c.Faults = graph.Faults{Seed: seed, FailedQueries: 0.1, StuckQueries: 0.03, LostQueries: 0.01, LostLinks: 0.03, ShortReadings: 0.02, BrokenPages: 0.03, Throttled: 0.05, ServerErrors: 0.05, Resets: 0.03}
			}, func(r *rig) {
				r.cfg.Readings, r.cfg.Failures = 10, 30
				r.fill(6, 500)
				for range 10 {
					summary, err := r.search().Run(r.t.Context(), r.days(0, 6), r.sink, nil)
					if err != nil {
						t.Fatalf("%v\n%s", err, r.log.String())
					}
					if len(summary.Missing) == 0 {
						break
					}
				}
				r.wantRecords(0, 500)
			})
		})
	}
}

func TestRemainder(t *testing.T) {
	day := time.Date(2026, 9, 14, 0, 0, 0, 0, time.UTC)
	at := func(hours int) time.Time { return day.Add(time.Duration(hours) * time.Hour) }
	known := []collect.Window{{From: at(-5), To: at(3)}, {From: at(10), To: at(12)}, {From: at(12), To: at(13)}, {From: at(40), To: at(90)}}
	var got []string
	for _, w := range remainder(at(1), at(50), known, 8*time.Hour) {
		got = append(got, fmt.Sprintf("%d-%d", int(w.From.Sub(day).Hours()), int(w.To.Sub(day).Hours())))
	}
	if want := "3-8 8-10 13-16 16-24 24-32 32-40"; strings.Join(got, " ") != want {
		t.Errorf("%v, not %s", got, want)
	}
}
