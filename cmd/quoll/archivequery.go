package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/query/duckdb"
	"github.com/quoll/quoll/schema"
)

// archivedTables gives the rows of the data files in an archive to queries, without a
// data directory: a file is copied out of its object, and compared with its leaf in
// the log, when a query comes to read it. Rows that retention has taken out of the
// tables are among them.
type archivedTables struct {
	ctx    context.Context // of the command; Acquire has none
	prover *archive.Prover
	dir    string // where files are copied to
	files  map[string][]archive.TableFile

	mu     sync.Mutex
	copied map[string]bool             // by path
	leaves map[string]archive.RowsLeaf // by path
	there  map[string]bool             // objects that were looked for
	absent map[string]absentRows       // tables that were asked for
}

// absentRows are rows of a table that the archive knows of and has not in files.
type absentRows struct {
	files    int
	rows     int64
	from, to time.Time
}

// withArchive asks an archive instead of a data directory.
func withArchive(ctx context.Context, o archiveFlags, use func(*archivedTables, func(context.Context, query.Request) (*query.Result, error)) error) (err error) {
	prover, err := o.prover(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, prover.Close()) }()
	dir, err := os.MkdirTemp("", "quoll-archive-")
	if err != nil {
		return fmt.Errorf("make a folder for files of the archive: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	t := &archivedTables{
		ctx: ctx, prover: prover, dir: dir, files: map[string][]archive.TableFile{},
		copied: map[string]bool{}, leaves: map[string]archive.RowsLeaf{}, there: map[string]bool{}, absent: map[string]absentRows{},
	}
	all, err := prover.TableFiles(ctx)
	if err != nil {
		return err
	}
	for _, f := range all {
		t.files[f.Table] = append(t.files[f.Table], f)
	}
	config := duckdb.DefaultConfig()
	config.Dir, config.TempDir = dir, filepath.Join(dir, "spill")
	engine, err := duckdb.Open(ctx, config, t, commandLog())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	return use(t, query.NewService(tables.Compile, engine, time.Now).Query)
}

// Acquire implements duckdb.Source.
func (t *archivedTables) Acquire(table string) (*duckdb.ReadSet, error) {
	described, ok := schema.Lookup(table)
	if !ok {
		return nil, fmt.Errorf("%w %q", lake.ErrUnknownTable, table)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	set := &duckdb.ReadSet{TimeColumn: described.TimeColumn, Later: map[string][]lake.File{}, ReadAll: true, Release: func() {}, Fetch: t.fetch}
	var absent absentRows
	days := map[string][]archivedFile{} // by folder, the latest first
	for _, f := range slices.Backward(t.files[table]) {
		file, err := t.file(f)
		if err != nil {
			return nil, err
		}
		kept := f.Kept
		if kept {
			if kept, err = t.has(f.Object); err != nil {
				return nil, err
			}
		}
		if !kept {
			if !f.Gone {
				absent.add(file.File)
			}
			continue
		}
		t.leaves[file.Path] = f.RowsLeaf
		set.Files = append(set.Files, file.File)
		days[path.Dir(f.File)] = append(days[path.Dir(f.File)], file)
	}
	t.absent[table] = absent
	for _, day := range days {
		for _, f := range day {
			if later := f.later(day); len(later) > 0 {
				set.Later[f.Path] = later
			}
		}
	}
	return set, nil
}

// archivedFile is a data file as queries know it.
type archivedFile struct {
	lake.File
	number      uint64
	gone        bool
	first, last uint64 // positions
}

// later returns the files of a day that may have rows of this one, which is gone:
// those that stand, and those that came after it. A row is in one file that stands.
func (f archivedFile) later(day []archivedFile) (files []lake.File) {
	for _, o := range day {
		follows := !o.gone || o.number > f.number
		if f.gone && follows && o.number != f.number && o.first <= f.last && o.last >= f.first {
			files = append(files, o.File)
		}
	}
	return files
}

// file is a leaf as queries know it. When its rows became visible the leaf does not say:
// that it was seen later is no bound, as the tables' clock never goes back and the
// machine's, by which it was seen, does when it is set right.
func (t *archivedTables) file(f archive.TableFile) (archivedFile, error) {
	from, fromErr := time.Parse(time.RFC3339Nano, f.From)
	to, toErr := time.Parse(time.RFC3339Nano, f.To)
	if err := errors.Join(fromErr, toErr); err != nil {
		return archivedFile{}, fmt.Errorf("leaf of data file %d: %w", f.Number, err)
	}
	name := filepath.Join(t.dir, fmt.Sprintf("%020d.parquet", f.Number))
	return archivedFile{
		File:   lake.File{Path: name, Rows: f.Rows, Bytes: f.Size, MinTime: from, MaxTime: to},
		number: f.Number, gone: f.Gone, first: f.First, last: f.Last,
	}, nil
}

// has says whether an object was not disposed of.
func (t *archivedTables) has(object string) (bool, error) {
	there, looked := t.there[object]
	if looked {
		return there, nil
	}
	there, err := t.prover.HasObject(object)
	if err == nil {
		t.there[object] = there
	}
	return there, err
}

// fetch copies files out of the archive that have not been yet.
func (t *archivedTables) fetch(ctx context.Context, files []lake.File) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range files {
		if t.copied[f.Path] {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		leaf := t.leaves[f.Path]
		if err := t.copy(&leaf, f.Path); err != nil {
			return fmt.Errorf("read data file %d of the archive: %w", leaf.Number, err)
		}
		t.copied[f.Path] = true
	}
	return nil
}

func (t *archivedTables) copy(leaf *archive.RowsLeaf, to string) (err error) {
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(t.prover.CopyDataFile(leaf, f), f.Close())
}

func (a *absentRows) add(f lake.File) {
	if a.files == 0 || f.MinTime.Before(a.from) {
		a.from = f.MinTime
	}
	if a.files == 0 || f.MaxTime.After(a.to) {
		a.to = f.MaxTime
	}
	a.files++
	a.rows += f.Rows
}

// notes says what of the tables that were asked for is not in the answer.
func (t *archivedTables) notes(w io.Writer) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, table := range slices.Sorted(maps.Keys(t.absent)) {
		a := t.absent[table]
		if a.files == 0 {
			continue
		}
		_, err := fmt.Fprintf(w, "quoll: of %s the archive has no rows for %s of up to %s from %s to %s, of which it knows the hash alone: ask the data directory, or restore\n",
			table, count(a.files, "file"), count(int(a.rows), "row"), a.from.Format(time.RFC3339), a.to.Format(time.RFC3339))
		if err != nil {
			return err
		}
	}
	return nil
}
