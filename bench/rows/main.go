// Command rows makes a lake of up to hundreds of millions of rows over a year,
// cheaply, for other benches to ask: a week of simulated agencies goes through
// normalise and the lake's own flush and compaction, and each of its files is
// then repeated a week later, and a week later, with other times, ids and keys.
// Columns that do not change are copied as they lie in the file, so that a row
// costs a few microseconds; the files are registered in the lake's Iceberg tables.
//
// It knows nothing of who asks, and no engine.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/quoll/quoll/bench/rows/year"
)

func main() {
	rows := flag.Int64("rows", 100_000_000, "rows of all tables together, about")
	days := flag.Int("days", 365, "days that they fall on, whole weeks from the first")
	last := flag.String("last", "2026-10-31", "the last of the days, UTC")
	dir := flag.String("dir", "", "data directory to make; it must not be there")
	tables := flag.String("tables", "", "the tables that get rows, with commas between; empty: all, of which -rows is the sum")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *rows, *days, *last, *dir, *tables); err != nil {
		fmt.Fprintln(os.Stderr, "bench/rows:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rows int64, days int, last, dir, tables string) error {
	if dir == "" {
		return fmt.Errorf("-dir is missing: name a folder that is not there")
	}
	if _, err := os.Stat(dir); err == nil {
		return fmt.Errorf("%s is there already: remove it or name another folder", dir)
	}
	end, err := time.Parse(time.DateOnly, last)
	if err != nil {
		return fmt.Errorf("-last: %w", err)
	}
	config := year.Config{Rows: rows, Days: days, End: end.AddDate(0, 0, 1), Dir: dir, Progress: progress}
	if config.Tables, err = year.Named(tables); err != nil {
		return fmt.Errorf("-tables: %w", err)
	}
	made, err := year.Make(ctx, config)
	if err != nil {
		return err
	}
	text := made.String()
	fmt.Print(text)
	return os.WriteFile(filepath.Join(dir, "README.md"), []byte(text), 0o640)
}

func progress(text string) { fmt.Fprintln(os.Stderr, time.Now().UTC().Format(time.TimeOnly), text) }
