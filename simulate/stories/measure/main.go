// Command measure says how often the rules that ship are wrong on ordinary days
// of the simulated tenant: days on which nothing is done to it but phish, which
// every agency has, so that every other alert is false.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/quoll/quoll/simulate/stories"
	"github.com/quoll/quoll/tenantsim/world"
)

func main() {
	seeds := flag.Int("seeds", 10, "how many agencies")
	first := flag.Uint64("first-seed", 1, "the seed of the first")
	days := flag.Int("days", 7, "how many days of each")
	volume := flag.Float64("volume", 1, "how much people do")
	every := flag.Bool("every", false, "run each window of each rule's schedule")
	flag.Parse()
	if err := measure(context.Background(), *seeds, *first, *days, *volume, *every); err != nil {
		log.Fatal(err)
	}
}

// end is a Monday, at midnight UTC, so that seven days hold one week.
var end = time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)

func measure(ctx context.Context, seeds int, first uint64, days int, volume float64, every bool) error {
	wrong := map[string]int{}
	records, people, total := 0, 0, 0
	for i := range seeds {
		n, who, alerts, err := agency(ctx, first+uint64(i), days, volume, every)
		if err != nil {
			return fmt.Errorf("seed %d: %w", first+uint64(i), err)
		}
		records, people = records+n, people+who
		found := 0
		for name, count := range alerts {
			wrong[name] += count
			if !slices.Contains(ordinary, name) {
				found += count
			}
		}
		total += found
		fmt.Printf("seed %d: %d people, %d records, %d false alerts\n", first+uint64(i), who, n, found)
	}
	userDays := float64(people * days)
	fmt.Printf("\n%d agencies, %d records, %.0f days of a person: %d false alerts\n", seeds, records, userDays, total)
	fmt.Printf("%.2f false alerts per 1,000 users a day (95 %% sure to be below %.2f)\n", float64(total)/userDays*1000, upper(total)/userDays*1000)
	names := make([]string, 0, len(wrong))
	for name := range wrong {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return wrong[b] - wrong[a] })
	for _, name := range names {
		kind := "false"
		if slices.Contains(ordinary, name) {
			kind = "true of phish on ordinary days"
		}
		fmt.Printf("%6d  %s, %s\n", wrong[name], name, kind)
	}
	return nil
}

// upper is the upper bound, 95 % sure, of the mean of something rare that was
// counted n times (after Byar).
func upper(n int) float64 {
	x := float64(n + 1)
	return x * math.Pow(1-1/(9*x)+1.645/(3*math.Sqrt(x)), 3)
}

// ordinary are rules about threats that every agency's mail has: ordinary days of
// the simulated tenant have phish, too, and what these say of it is true.
var ordinary = []string{"phish-removed-late", "phish-delivered", "phishing-link-clicked"}

// agency returns the alerts about one agency's days, by rule.
func agency(ctx context.Context, seed uint64, days int, volume float64, every bool) (records, people int, alerts map[string]int, err error) {
	dir, err := os.MkdirTemp("", "quoll-stories-*")
	if err != nil {
		return 0, 0, nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	const tenant = "5a1f3c52-77f0-4c1e-9d1b-0c5a2f7be101"
	start := end.AddDate(0, 0, -days)
	w := world.New(world.Config{Seed: seed, TenantID: tenant, Start: start, Volume: volume})
	b, err := stories.New(ctx, filepath.Join(dir, "bench"))
	if err != nil {
		return 0, 0, nil, err
	}
	defer func() { _ = b.Close() }()
	for day := range days {
		until := start.AddDate(0, 0, day+1)
		batch, err := w.Advance(until)
		if err == nil {
			records += len(batch.Audit) + len(batch.Defender)
			err = b.Take(ctx, batch, tenant, until)
		}
		if err != nil {
			return 0, 0, nil, err
		}
	}
	rules, err := stories.Rules()
	if err != nil {
		return 0, 0, nil, err
	}
	alerts = map[string]int{}
	for name, r := range rules {
		found, err := b.Alerts(ctx, r, start, end, every)
		if err != nil {
			return 0, 0, nil, err
		}
		if len(found) > 0 {
			alerts[name] = len(found)
		}
	}
	return records, len(w.Organisation().People), alerts, nil
}
