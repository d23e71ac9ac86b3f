// Command lake measures the lake on records of the simulated tenant: from JSON to
// committed files, compaction, bytes on disk, and queries before and after it.
//
// It knows the river from the journal to the engine, and no server.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/internal/usage"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/pipeline"
)

func main() {
	records := flag.Int("records", 1_000_000, "audit records to take in, at least")
	days := flag.Int("days", 30, "days that they fall on")
	dir := flag.String("dir", "", "folder to work in, which is removed afterwards (default: a temporary one)")
	keep := flag.String("keep", "", "make a data directory here, and measure nothing")
	compare := flag.String("compare", "", "a data directory to ask, beside native DuckDB tables and VictoriaLogs of the same rows")
	victoria := flag.String("victorialogs", "", "the program of VictoriaLogs, for -compare; empty leaves it out")
	storage := flag.String("victoriadata", "", "the folder of VictoriaLogs, filled where it is not yet, and kept; empty: a temporary one")
	native := flag.Bool("native", true, "ask native DuckDB tables too, for -compare")
	growing := flag.String("grow", "", "data directories of different sizes, with commas between: ask them all, cold and warm")
	ingest := flag.Duration("ingest", 0, "ask the queries of -queries for so long, alone and while records come in")
	rate := flag.Int("rate", 1000, "records a second that come in, for -ingest; 0: as many as can be made")
	queries := flag.String("queries", "bench/queries", "folder of .kql files, for -ingest")
	recorded := flag.String("recorded", "", "a folder with records, one a line in files *.jsonl: say what they take, spread over -days; -keep keeps the data directory")
	only := flag.String("only", "", "the questions whose names match this expression, for -grow and -compare")
	day := flag.String("day", someDay, "the day that questions of -grow and -compare are about")
	agreed := flag.String("agree", "", "a data directory: ask it the questions of -questions and others with all that leaves rows out and without, and say which answers differ")
	questions := flag.String("questions", "bench/queries", "folders and files of .kql and lines of JSON with a query each, with commas between, for -agree")
	take := flag.Int("take", 0, "records that each lake of -grow takes in at the end")
	figures := flag.String("figures", "", "the CSV file to which -grow adds its figures, and from which -plot draws")
	picture := flag.String("plot", "", "draw the figures of -figures into this SVG file")
	flag.Parse()
	chosen, err := choose(*only, *day)
	switch {
	case err != nil:
	case *picture != "":
		err = draw(*figures, *picture)
	case *ingest > 0:
		err = underIngest(context.Background(), *records, *days, *rate, *ingest, *queries, *dir)
	case *agreed != "":
		err = agree(context.Background(), *agreed, *questions)
	case *growing != "":
		err = grow(context.Background(), strings.Split(*growing, ","), chosen, *figures, *take)
	case *recorded != "":
		err = weighIn(context.Background(), *recorded, *days, *keep)
	case *keep != "":
		err = fillDirectory(context.Background(), *records, *days, *keep)
	case *compare != "":
		err = sideBySide(context.Background(), *compare, chosen, others{*victoria, *storage, *native, *dir})
	default:
		err = run(context.Background(), *records, *days, *dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/lake:", err)
		os.Exit(1)
	}
}

// river is the parts that a record passes.
type river struct {
	journal  *journal.Journal
	lake     *lake.Lake
	pipeline *pipeline.Pipeline
	closers  []func() error
}

func run(ctx context.Context, records, days int, parent string) (err error) {
	dir, err := os.MkdirTemp(parent, "quoll-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r := &river{}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.open(ctx, dir); err != nil {
		return err
	}
	made, raw, err := r.fill(ctx, records, days)
	if err != nil {
		return err
	}
	fmt.Printf("| %d records, %.0f bytes of JSON each, over %d days | |\n|---|--:|\n", made, float64(raw)/float64(made), days)
	if err := r.takeIn(ctx, made); err != nil {
		return err
	}
	r.sizes("flushed", made, raw)
	if err := ask(ctx, filepath.Join(dir, "lake"), r.lake, "before compaction"); err != nil {
		return err
	}
	if err := r.compact(ctx, made); err != nil {
		return err
	}
	r.sizes("compacted", made, raw)
	return ask(ctx, filepath.Join(dir, "lake"), r.lake, "compacted")
}

// fillDirectory leaves compacted tables and their journal in dir.
func fillDirectory(ctx context.Context, records, days int, dir string) (err error) {
	r := &river{}
	defer func() { err = errors.Join(err, r.close()) }()
	_, err = r.fillCompacted(ctx, records, days, dir)
	return err
}

// fillCompacted opens the river in dir and leaves compacted tables in it; it returns
// how many records they have.
func (r *river) fillCompacted(ctx context.Context, records, days int, dir string) (made int, err error) {
	if err := r.open(ctx, dir); err != nil {
		return 0, err
	}
	if made, _, err = r.fill(ctx, records, days); err != nil {
		return 0, err
	}
	if err := errors.Join(r.pipeline.Catchup(ctx), r.pipeline.Flush(ctx)); err != nil {
		return 0, err
	}
	_, err = r.lake.Compact(ctx)
	return made, err
}

func (r *river) open(ctx context.Context, dir string) error {
	quiet := slog.New(slog.DiscardHandler)
	var err error
	if r.journal, err = journal.Open(journal.DefaultConfig(filepath.Join(dir, "journal"))); err != nil {
		return err
	}
	r.closers = append(r.closers, r.journal.Close)
	config := lake.DefaultConfig(filepath.Join(dir, "lake"))
	config.CompactShare = 1 // what it costs is measured, not how long it rests
	if r.lake, err = lake.Open(ctx, config, quiet); err != nil {
		return err
	}
	r.closers = append(r.closers, r.lake.Close)
	db, err := state.Open(ctx, filepath.Join(dir, "state.db"))
	if err != nil {
		return err
	}
	r.closers = append(r.closers, db.Close)
	r.pipeline, err = pipeline.New(ctx, pipeline.DefaultConfig(), pipeline.Parts{
		Journal: r.journal, Lake: r.lake, Normaliser: normalise.New(normalise.Config{WorkspaceID: "bench"}),
		State: db, Clock: clock.System(), Logger: quiet,
	})
	return err
}

func (r *river) close() error {
	var err error
	for i := len(r.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, r.closers[i]())
	}
	return err
}

// takeIn makes rows and files of the whole journal.
func (r *river) takeIn(ctx context.Context, records int) error {
	began, before := time.Now(), usage.Processor()
	if err := errors.Join(r.pipeline.Catchup(ctx), r.pipeline.Flush(ctx)); err != nil {
		return err
	}
	took, cpu := time.Since(began), usage.Processor()-before
	fmt.Printf("| from the journal to committed files, records/s of wall time | %.0f |\n", float64(records)/took.Seconds())
	fmt.Printf("| the same, µs of processor time a record | %.1f |\n", float64(cpu.Microseconds())/float64(records))
	fmt.Printf("| greatest resident memory so far, MiB | %d |\n", usage.Peak()>>20)
	return nil
}

func (r *river) compact(ctx context.Context, records int) error {
	before := usage.Processor()
	done, err := r.lake.Compact(ctx)
	if err != nil {
		return err
	}
	cpu := usage.Processor() - before
	fmt.Printf("| compaction: files | %d into %d |\n", done.Files, done.Into)
	fmt.Printf("| compaction: µs of processor time a record | %.1f |\n", float64(cpu.Microseconds())/float64(records))
	fmt.Printf("| greatest resident memory, generator and engine included, MiB | %d |\n", usage.Peak()>>20)
	return nil
}

func (r *river) sizes(when string, records int, raw int64) {
	var total int64
	files := 0
	for _, t := range r.lake.Stats() {
		if t.Rows > 0 {
			fmt.Printf("| %s: bytes a row of %s | %.1f |\n", when, t.Name, float64(t.Bytes)/float64(t.Rows))
		}
		total, files = total+t.Bytes, files+t.Files
	}
	fmt.Printf("| %s: bytes a record in %d files of all tables | %.1f, 1/%.1f of the JSON |\n", when, files, float64(total)/float64(records), float64(raw)/float64(total))
}
