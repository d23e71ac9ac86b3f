// Command rules measures how much of a core detection takes: the rules that ship
// and variations of them, over a lake that bench/rows made, through hours of their
// schedule, once as they are run and once with each reading for itself.
//
// It knows detection and the engine, and neither incidents nor a server.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/internal/usage"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/query/duckdb"
)

type options struct {
	data  string
	rules int
	from  time.Time
	span  time.Duration
	tick  time.Duration
	only  string
	looks bool
}

func main() {
	o := options{}
	flag.StringVar(&o.data, "data", "", "data directory that bench/rows made")
	flag.IntVar(&o.rules, "rules", 500, "how many rules")
	from := flag.String("from", "2026-10-29T09:00:00Z", "when the schedule begins; rows come in as their ingestion times say")
	flag.DurationVar(&o.span, "span", 2*time.Hour, "how much of the schedule is run")
	flag.DurationVar(&o.tick, "tick", detect.DefaultConfig().Tick, "how often what is due is looked for")
	flag.StringVar(&o.only, "only", "", "shared or own: measure one of them alone")
	flag.BoolVar(&o.looks, "looks", false, "say on standard error what each look took")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if o.from, err = time.Parse(time.RFC3339, *from); err == nil {
		err = run(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/rules:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	l, err := lake.Open(ctx, lake.DefaultConfig(filepath.Join(o.data, "lake")), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	var rows int64
	for _, t := range l.Stats() {
		rows += t.Rows
	}
	rules, err := variations(o.rules)
	if err != nil {
		return err
	}
	fmt.Printf("%d rules over %d rows, %s of schedule from %s, a look each %s\n\n", len(rules), rows, o.span, o.from.Format(time.RFC3339), o.tick)
	fmt.Println("| | cores, all of it | cores, second half | first look, CPU s | evaluations | alerts | failed rules | files read for all | reads of files saved | refused | MiB kept | peak MiB |")
	fmt.Println("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	alerts := map[string][]string{}
	for _, mode := range []string{"shared", "own"} {
		if o.only != "" && o.only != mode {
			continue
		}
		if alerts[mode], err = measure(ctx, o, l, rules, mode); err != nil {
			return fmt.Errorf("%s: %w", mode, err)
		}
	}
	if o.only == "" && !slices.Equal(alerts["shared"], alerts["own"]) {
		return fmt.Errorf("%d alerts where scans are shared and %d where each rule reads for itself, and not the same", len(alerts["shared"]), len(alerts["own"]))
	}
	return nil
}

// measure runs the schedule once, with a state and an engine of its own.
func measure(ctx context.Context, o options, l *lake.Lake, rules []*detect.Rule, mode string) (ids []string, err error) {
	dir, err := os.MkdirTemp("", "quoll-rules-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db, err := state.Open(ctx, filepath.Join(dir, "state.db"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	now := &hands{now: o.from}
	config := duckdb.DefaultConfig()
	config.Dir, config.TempDir, config.Now = filepath.Join(o.data, "lake"), filepath.Join(dir, "spill"), now.Now
	if mode == "own" {
		config.KeptBytes = 0
	}
	engine, err := duckdb.Open(ctx, config, duckdb.FromLake(l), slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	q := &querier{service: query.NewService(query.Schema{IngestionTime: lake.ColumnIngestionTime}.Compile, engine, now.Now)}
	raised := sink{}
	detector, err := detect.New(ctx, detect.DefaultConfig(), db, rules, q, &raised, now, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	m := &meter{began: usage.Processor()}
	failed := map[string]bool{}
	for at := time.Duration(0); at <= o.span; at += o.tick {
		now.set(o.from.Add(at))
		if err := detector.Tick(ctx); err != nil {
			if !failed[err.Error()] && o.looks {
				fmt.Fprintf(os.Stderr, "%.600s\n", err)
			}
			failed[err.Error()] = true
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		took := m.note(at, o.span)
		if o.looks {
			kept := engine.Kept()
			fmt.Fprintf(os.Stderr, "%s %s: %.2f CPU s, %d evaluations so far, kept %+v\n", mode, at, took.Seconds(), q.asked.Load(), kept)
		}
	}
	for text := range failed {
		fmt.Fprintf(os.Stderr, "%.300s\n", text)
	}
	kept := engine.Kept()
	fmt.Printf("| %s | %.3f | %.3f | %.1f | %d | %d | %d | %d | %d | %d | %.1f | %d |\n", mode, m.all.Seconds()/o.span.Seconds(), m.half.Seconds()/(o.span/2).Seconds(),
		m.first.Seconds(), q.asked.Load(), len(raised.alerts), len(failed), kept.Reads, kept.Served, kept.Refused, float64(kept.Bytes)/(1<<20), usage.Peak()>>20)
	return slices.Sorted(maps.Keys(raised.alerts)), nil
}

// meter splits the processor time of a run.
type meter struct {
	began            time.Duration
	first, all, half time.Duration // of the first look, of all others, of those of the second half
}

// note ends a look, and returns what it took.
func (m *meter) note(at, span time.Duration) time.Duration {
	now := usage.Processor()
	took := now - m.began
	m.began = now
	switch {
	case at == 0:
		m.first = took
		return took
	case at > span/2:
		m.half += took
	}
	m.all += took
	return took
}
