// Package year makes the lake of bench/rows.
//
// It must not know which bench asks it.
package year

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/schema"
)

// Config says what to make.
type Config struct {
	Rows     int64     // of all tables together, about
	Days     int       // of which there are files
	End      time.Time // midnight UTC behind the last day
	Dir      string    // data directory; its folder lake is made
	Tables   []string  // that get rows; all where it is empty
	Progress func(text string)
}

// Made is what was made.
type Made struct {
	Config
	Agencies int   // whose week the base is
	Base     int64 // rows of that week
	Tables   []lake.TableStats
}

// week is the distance at which the base is repeated, so that working days stay
// working days.
const week = 7

// Make makes a lake. The folder <Dir>/base holds the week meanwhile.
func Make(ctx context.Context, config Config) (made *Made, err error) {
	made = &Made{Config: config}
	base := filepath.Join(config.Dir, "base")
	defer func() { err = errors.Join(err, os.RemoveAll(base)) }()
	if err := made.week(ctx, base); err != nil {
		return nil, fmt.Errorf("make the base: %w", err)
	}
	dir := filepath.Join(config.Dir, "lake")
	if err := touch(ctx, dir); err != nil {
		return nil, err
	}
	if err := repeat(ctx, config, filepath.Join(base, "lake"), dir); err != nil {
		return nil, fmt.Errorf("repeat the base: %w", err)
	}
	return made, made.look(ctx, dir)
}

// Named returns the tables of a list with commas, for Config.Tables.
func Named(list string) (names []string, err error) {
	if list == "" {
		return nil, nil
	}
	for name := range strings.SplitSeq(list, ",") {
		if _, ok := schema.Lookup(name); !ok {
			return nil, fmt.Errorf("there is no table %q", name)
		}
		names = append(names, name)
	}
	return names, nil
}

// start is the first midnight of the days.
func (c *Config) start() time.Time { return c.End.AddDate(0, 0, -c.Days) }

// touch makes the empty tables.
func touch(ctx context.Context, dir string) error {
	l, err := lake.Open(ctx, lake.DefaultConfig(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	return l.Close()
}

// look opens the lake, which has every file looked for, and notes what it holds.
func (m *Made) look(ctx context.Context, dir string) error {
	l, err := lake.Open(ctx, lake.DefaultConfig(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	m.Tables = l.Stats()
	return l.Close()
}

// String says what the lake is, as the README in its folder does.
func (m *Made) String() string {
	var b strings.Builder
	var rows, bytes int64
	files := 0
	for _, t := range m.Tables {
		rows, bytes, files = rows+t.Rows, bytes+t.Bytes, files+t.Files
	}
	fmt.Fprintf(&b, `# A lake of %d rows, made by bench/rows

%d days from %s to %s (UTC), %d files, %.2f GiB, %.0f bytes a row. The base is one week of %d simulated agencies of forty people each,
%d rows that went through normalise, flush and compaction; each file of it is repeated every seven days. Times, ids
(Id, SourceRecordId, OfficeId, NetworkMessageId, InternetMessageId, ReportId) and keys of the repeats are their own; all else, and so what Record says of its
time and its id, is that of the base: a word that one record has is in Record once a week. Files are sorted, and have Bloom
filters and all columns but those that change, as compaction writes them; quoll_position, quoll_key_low and quoll_digest
are 0 throughout, and there is no journal.

| table | rows | files | MiB | from | to |
|---|--:|--:|--:|---|---|
`, rows, m.Days, m.start().Format(time.DateOnly), m.End.AddDate(0, 0, -1).Format(time.DateOnly), files, float64(bytes)/(1<<30),
		float64(bytes)/float64(max(rows, 1)), m.Agencies, m.Base)
	for _, t := range m.Tables {
		if t.Rows > 0 {
			fmt.Fprintf(&b, "| %s | %d | %d | %d | %s | %s |\n", t.Name, t.Rows, t.Files, t.Bytes>>20,
				t.MinTime.Format(time.DateTime), t.MaxTime.Format(time.DateTime))
		}
	}
	return b.String()
}
