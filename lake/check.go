package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"

	"github.com/quoll/quoll/internal/icebergtable"
	"github.com/quoll/quoll/schema"
)

// Checked is what Check saw of a table.
type Checked struct {
	Name      string `json:"name"`
	Files     int    `json:"files"`
	Rows      int64  `json:"rows"`
	Bytes     int64  `json:"bytes"`
	Snapshots int    `json:"snapshots"`
	// Position is the journal position up to which the rows are in files.
	Position uint64 `json:"position"`
	// RetentionRun is the last run of retention that removed rows of it; 0: none.
	RetentionRun uint64 `json:"retentionRun,omitempty"`
}

// Problem is something about a lake that is not as it should be.
type Problem struct {
	Table string `json:"table,omitempty"`
	// Path is the file that has it, empty if it is in none.
	Path string `json:"path,omitempty"`
	What string `json:"what"`
	// Moved says that the table lies where its metadata does not say, and nothing else: it
	// is looked at once it was opened here.
	Moved bool `json:"moved,omitempty"`
}

func (p Problem) String() string {
	s := p.What
	if p.Path != "" {
		s = p.Path + ": " + s
	}
	if p.Table != "" {
		s = p.Table + ": " + s
	}
	return s
}

// StoredRow is what says which record a row of a file is of.
type StoredRow struct {
	Table    string
	Key      schema.Key
	Digest   schema.Digest
	Position uint64
}

// CheckOptions say how deep a check goes.
type CheckOptions struct {
	// Quick leaves out the contents of data files.
	Quick bool
	// Last is the last position of the journal.
	Last uint64
	// Row, unless nil, is called with every row of every file.
	Row func(StoredRow) error
	// Progress, unless nil, is called with the bytes of data files that were
	// read and that there are.
	Progress func(done, total int64)
}

// Check looks at everything on the disk without changing any of it: catalogue,
// metadata, the chain of snapshots, the files that they name, and in each data
// file checksum, number of rows, statistics and positions. A problem is no
// error: errors are what kept it from looking, ErrLocked among them.
func Check(ctx context.Context, config Config, options CheckOptions) ([]Checked, []Problem, error) {
	if err := config.Validate(); err != nil {
		return nil, nil, err
	}
	dir, err := filepath.Abs(config.Dir)
	if err != nil {
		return nil, nil, fmt.Errorf("check lake %s: %w", config.Dir, err)
	}
	config.Dir = dir
	files := config.files()
	lock, err := lockLake(files.disk, dir)
	if err != nil {
		return nil, nil, fmt.Errorf("check lake %s: %w", dir, err)
	}
	defer lock.Close()
	broken := Problem{Path: filepath.Join(dir, "catalog.db"), What: "is missing"}
	if _, err := files.disk.Stat(broken.Path); errors.Is(err, fs.ErrNotExist) && config.OpenCatalog == nil {
		return nil, []Problem{broken}, nil
	}
	cat, err := openCatalog(ctx, &config, files)
	if err == nil {
		defer cat.close()
		err = cat.whole(ctx)
	}
	if err != nil {
		broken.What = err.Error()
		return nil, []Problem{broken}, nil
	}
	c := &checker{lake: &Lake{config: config, files: files, logger: slog.New(slog.DiscardHandler), cat: cat, writing: map[string]bool{}, ending: ctx}, options: options}
	err = c.lake.openStore(ctx, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, []Problem{{What: err.Error()}}, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("check lake %s: %w", dir, err)
	}
	if c.lake.files.tree != nil {
		defer c.lake.files.tree.Close()
	}
	if err := c.run(ctx); err != nil {
		return nil, nil, fmt.Errorf("check lake %s: %w", dir, err)
	}
	return c.tables, c.problems, nil
}

// checker is one check.
type checker struct {
	lake        *Lake
	options     CheckOptions
	tables      []Checked
	problems    []Problem
	state       *tableState // of the table at work
	done, total int64
	work        []checkWork
}

// checkWork is a data file that is to be read.
type checkWork struct {
	state *tableState
	file  File
}

func (c *checker) found(path, format string, args ...any) {
	name := ""
	if c.state != nil {
		name = c.state.schema.Name
	}
	c.problems = append(c.problems, Problem{Table: name, Path: path, What: fmt.Sprintf(format, args...)})
}

func (c *checker) run(ctx context.Context) error {
	if _, err := readTombstones(&c.lake.config); err != nil {
		c.found(c.lake.config.tombstoneDir(), "%v", err)
	}
	if _, err := readErasures(&c.lake.config); err != nil {
		c.found(c.lake.config.tombstoneDir(), "%v", err)
	}
	idle, err := c.lake.cat.idlePositions(ctx)
	if err != nil {
		c.found(filepath.Join(c.lake.config.Dir, "catalog.db"), "%v", err)
		return nil
	}
	for _, s := range c.lake.config.tables() {
		if c.state, err = newTableState(s); err != nil {
			return err
		}
		c.table(ctx, idle[s.Name])
	}
	if c.options.Quick {
		return nil
	}
	for _, w := range c.work {
		c.state = w.state
		if err := c.content(ctx, w.file); err != nil {
			return err
		}
		c.done += w.file.Bytes
		if c.options.Progress != nil {
			c.options.Progress(c.done, c.total)
		}
	}
	return nil
}

// table checks what the metadata of a table says, and what it names.
func (c *checker) table(ctx context.Context, idle uint64) {
	t, name := c.state, c.state.schema.Name
	location, err := c.lake.cat.metadataLocation(ctx, name)
	if err == nil && !strings.HasPrefix(location, c.lake.files.locate(c.lake.tableDir(t))+"/") {
		c.found("", "it was moved from %s and not opened since; a query finds its files anew", location)
		c.problems[len(c.problems)-1].Moved = true
		return
	}
	if t.iceberg, err = c.lake.cat.loadTable(ctx, name); err != nil {
		c.found("", "%v", err)
		return
	}
	t.ids = map[string]int{}
	for _, f := range t.iceberg.Schema().Fields() {
		t.ids[f.Name] = f.ID
	}
	position, err := committedPosition(t.iceberg)
	if err != nil {
		c.found("", "%v", err)
	}
	t.committed = max(position, idle)
	if t.committed > c.options.Last {
		c.found("", "its rows reach journal position %d, but the journal ends at %d", t.committed, c.options.Last)
	}
	if err := c.lake.files.list(c.lake.tableDir(t), t); err != nil {
		c.found("", "%v", err)
	}
	c.chain()
	c.orphans()
	report := Checked{Name: name, Position: t.committed, RetentionRun: lastRun(t.iceberg), Snapshots: len(t.iceberg.Metadata().Snapshots)}
	for _, f := range c.files() {
		report.Files++
		report.Rows += f.Rows
		report.Bytes += f.Bytes
		c.total += f.Bytes
		c.work = append(c.work, checkWork{t, f})
	}
	c.tables = append(c.tables, report)
}

// chain checks that every snapshot is one that the current one follows, or one that a
// tag or a branch of another program names, and that each can be read down to its files,
// which are there in full length.
func (c *checker) chain() {
	table := c.state.iceberg
	snapshots := table.Metadata().Snapshots
	looked := map[string]bool{}
	followed := followedOf(table.Metadata())
	for _, s := range snapshots {
		if !followed[s.ID] {
			c.found("", "snapshot %d is followed by none, and nothing names it", s.ID)
		}
		manifests, err := table.Manifests(&s)
		if err != nil {
			c.found("", "snapshot %d: %v", s.ID, err)
			continue
		}
		for _, m := range manifests {
			if looked[m.FilePath()] {
				continue
			}
			looked[m.FilePath()] = true
			err := table.Entries(m, func(entry iceberg.ManifestEntry) error {
				if file := entry.DataFile(); !looked[file.FilePath()] {
					looked[file.FilePath()] = true
					c.present(file.FilePath(), file.FileSizeBytes())
				}
				return nil
			})
			if err != nil {
				c.found(m.FilePath(), "%v", err)
			}
		}
	}
}

// followedOf returns the snapshots that others follow, down from those that have a name.
func followedOf(m *icebergtable.Metadata) map[int64]bool {
	followed := map[int64]bool{}
	follow := func(id int64) {
		for s := m.Snapshot(id); s != nil && !followed[s.ID]; s = m.Before(s) {
			followed[s.ID] = true
		}
	}
	if m.CurrentSnapshot != nil {
		follow(*m.CurrentSnapshot)
	}
	for _, r := range m.Refs {
		follow(r.Snapshot)
	}
	return followed
}

// present checks that a data file is there in full length.
func (c *checker) present(location string, size int64) {
	path, err := c.lake.files.pathOf(location)
	if err != nil {
		c.found(location, "%v", err)
		return
	}
	has, err := c.lake.files.sizeOf(path, c.state)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.found(path, "is missing")
	case err != nil:
		c.found(path, "%v", err)
	case has != size:
		c.found(path, "has %d bytes and should have %d", has, size)
	}
}

// orphans reports files that nothing refers to. They do no harm: the next start
// removes them.
func (c *checker) orphans() {
	referenced, err := c.lake.files.referencedPaths(c.state.iceberg)
	if err != nil {
		return // chain has said so
	}
	err = c.lake.files.walk(c.lake.tableDir(c.state), func(path string) error {
		if !referenced[path] {
			c.found(path, "nothing refers to it; the next start removes it")
		}
		return nil
	})
	if err != nil {
		c.found("", "%v", err)
	}
}

// files returns the data files of the current snapshot that are there.
func (c *checker) files() []File {
	var files []File
	err := c.state.iceberg.DataFiles(func(d iceberg.DataFile) error {
		f, err := c.lake.files.dataFile(d, c.state)
		if err == nil {
			files = append(files, f)
		} else if path, pathErr := c.lake.files.pathOf(d.FilePath()); pathErr != nil || !c.named(path) {
			c.found(path, "%v", err)
		}
		return nil
	})
	if err != nil {
		c.found("", "%v", err)
	}
	return files
}

// named says whether a problem with the file was found before.
func (c *checker) named(path string) bool {
	return slices.ContainsFunc(c.problems, func(p Problem) bool { return p.Path == path })
}

// content reads a data file and compares it with what is said of it.
func (c *checker) content(ctx context.Context, f File) error {
	t := c.state
	bounds := newTimeBounds()
	beyond := int64(0)
	terms, termsErr := c.lake.files.checkTerms(f, t)
	err := c.lake.files.readBatches(ctx, f, t.columns, func(b batch) error {
		terms.batch(b)
		times := b.records.Column(t.timeColumn()).(*array.Timestamp)
		hidden := len(t.columns) - hiddenColumns
		high, low := b.records.Column(hidden+1).(*array.Int64), b.records.Column(hidden+2).(*array.Int64)
		digest, position := b.records.Column(hidden+3).(*array.Int64), b.records.Column(hidden+4).(*array.Int64)
		for row := range b.rows {
			at := int64(times.Value(row))
			bounds.add(at, at)
			if uint64(position.Value(row)) > t.committed {
				beyond++
			}
			if c.options.Row == nil {
				continue
			}
			key, sum := keyOf(high.Value(row), low.Value(row), digest.Value(row))
			if err := c.options.Row(StoredRow{t.schema.Name, key, sum, uint64(position.Value(row))}); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, ErrDamaged) || errors.Is(err, fs.ErrNotExist) {
		if inner := errors.Unwrap(err); inner != nil {
			err = inner
		}
		c.found(f.Path, "%v", err)
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	if least, most := bounds.times(); f.Rows > 0 && (!least.Equal(f.MinTime) || !most.Equal(f.MaxTime)) {
		c.found(f.Path, "its rows are of %v to %v, its statistics say %v to %v", least, most, f.MinTime, f.MaxTime)
	}
	if from, to := dayOf(bounds.min), dayOf(bounds.max); filepath.Base(filepath.Dir(f.Path)) != "TimeGenerated_day="+dayName(from) || from != to {
		c.found(f.Path, "its rows are of %s to %s", dayName(from), dayName(to))
	}
	if termsErr != nil {
		c.found(f.Path, "%v", termsErr)
	}
	if n := terms.missing(); n > 0 {
		c.found(f.Path, "its filters of terms lack %d terms of its rows", n)
	}
	if beyond > 0 {
		c.found(f.Path, "%d rows come from behind journal position %d, up to which the table is committed", beyond, t.committed)
	}
	return nil
}
