package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/quoll/quoll/internal/usage"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/query/duckdb"
)

// underIngest asks the queries of a folder in turn, for a time, over a lake of compacted
// records: first while nothing comes, then while the pipeline takes in records at a
// rate. It prints the ratio of the slowest hundredth.
func underIngest(ctx context.Context, records, days, rate int, span time.Duration, queries, parent string) (err error) {
	texts, err := readQueries(queries)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(parent, "quoll-ingest-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r := &river{}
	defer func() { err = errors.Join(err, r.close()) }()
	made, err := r.fillCompacted(ctx, records, days, dir)
	if err != nil {
		return err
	}
	config := duckdb.DefaultConfig()
	config.Dir = filepath.Join(dir, "lake")
	engine, err := duckdb.Open(ctx, config, duckdb.FromLake(r.lake), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	service := query.NewService(tables.Compile, engine, time.Now)
	if _, err := latencies(ctx, service, texts, span/10); err != nil { // warms up
		return err
	}
	alone, err := latencies(ctx, service, texts, span)
	if err != nil {
		return err
	}
	before := r.lake.Applied()
	busy, taken, err := r.whileIngesting(ctx, rate, func() ([]time.Duration, error) { return latencies(ctx, service, texts, span) })
	if err != nil {
		return err
	}
	fmt.Printf("%d records over %d days; %d queries alone, %d while %.0f records a second came in (%d payloads made visible)\n\n", made, days, len(alone), len(busy), float64(taken)/span.Seconds(), r.lake.Applied()-before)
	fmt.Println("| ms | alone | while records come in | ratio |\n|---|--:|--:|--:|")
	for _, p := range []struct {
		name string
		part float64
	}{{"median", 0.5}, {"p99", 0.99}, {"slowest", 1}} {
		a, b := rank(alone, p.part), rank(busy, p.part)
		fmt.Printf("| %s | %.1f | %.1f | %.2f |\n", p.name, ms(a), ms(b), float64(b)/float64(a))
	}
	return nil
}

// whileIngesting runs the pipeline and journals records at a rate (0: as fast as they
// can be made) until measure ends. It returns how many came.
func (r *river) whileIngesting(ctx context.Context, rate int, measure func() ([]time.Duration, error)) (took []time.Duration, taken int, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	running, feeding := make(chan error, 1), make(chan error, 1)
	go func() { running <- r.pipeline.Run(ctx) }()
	began := time.Now()
	go func() {
		// Later days than those that are there.
		_, _, err := r.fillFrom(ctx, 1<<30, 20_000, 60, func(records int) error {
			taken += records
			if rate == 0 {
				return ctx.Err()
			}
			wait := time.Duration(float64(taken)/float64(rate)*float64(time.Second)) - time.Since(began)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(max(wait, 0)):
				return nil
			}
		})
		feeding <- err
	}()
	took, err = measure()
	stop()
	for _, ended := range []error{<-feeding, <-running} {
		if ended != nil && !errors.Is(ended, context.Canceled) {
			err = errors.Join(err, ended)
		}
	}
	return took, taken, err
}

// readQueries reads the .kql files of a folder.
func readQueries(dir string) (texts []string, err error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.kql"))
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("no .kql files in %s: %w", dir, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

// latencies asks the queries in turn for a time.
func latencies(ctx context.Context, service *query.Service, texts []string, span time.Duration) (took []time.Duration, err error) {
	until := time.Now().Add(span)
	cpu := usage.Processor()
	for n := 0; time.Now().Before(until); n++ {
		began := time.Now()
		if _, err := service.Query(ctx, query.Request{Text: texts[n%len(texts)]}); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	fmt.Fprintf(os.Stderr, "%d queries, %.1f s of processor time, of all in this process\n", len(took), (usage.Processor() - cpu).Seconds())
	slices.Sort(took)
	return took, nil
}

func rank(sorted []time.Duration, part float64) time.Duration {
	return sorted[min(int(part*float64(len(sorted))), len(sorted)-1)]
}
