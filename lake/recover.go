package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"github.com/apache/iceberg-go"

	"github.com/quoll/quoll/internal/icebergtable"
)

// loadTable finds a table in the catalogue or creates it, and brings its state
// into memory. idle is the position that the catalogue noted for a table
// without rows.
func (l *Lake) loadTable(ctx context.Context, t *tableState, idle uint64) error {
	if err := l.openTable(ctx, t); err != nil {
		return err
	}
	if err := l.addColumns(ctx, t); err != nil {
		return err
	}
	t.ids = map[string]int{}
	for _, f := range t.iceberg.Schema().Fields() {
		t.ids[f.Name] = f.ID
	}
	position, err := committedPosition(t.iceberg)
	if err != nil {
		return err
	}
	t.committed = max(position, idle)
	if err := l.files.list(l.tableDir(t), t); err != nil {
		return err
	}
	defer func() { t.listing = nil }()
	files, err := l.listFiles(t)
	if err != nil {
		return err
	}
	t.files = &fileSet{files: files}
	for _, f := range files {
		if f.LastIngested.After(t.lastIngested) {
			t.lastIngested = f.LastIngested
		}
	}
	if t.lastIngested.After(l.lastIngested) {
		l.lastIngested = t.lastIngested
	}
	return l.sweep(t)
}

func (l *Lake) openTable(ctx context.Context, t *tableState) error {
	name := t.schema.Name
	location, err := l.cat.metadataLocation(ctx, name)
	if errors.Is(err, sql.ErrNoRows) {
		err = l.createTable(ctx, t)
	} else if err == nil {
		err = l.relocate(ctx, t, location)
	}
	if err != nil {
		return err
	}
	t.iceberg, err = l.cat.loadTable(ctx, name)
	return err
}

func (l *Lake) createTable(ctx context.Context, t *tableState) error {
	dir := l.tableDir(t)
	for _, part := range []string{"data", "metadata"} {
		if l.files.tree != nil {
			break // a store has no folders
		}
		if err := l.files.makeDirs(filepath.Join(dir, part)); err != nil {
			return fmt.Errorf("create folder of table %s: %w", t.schema.Name, err)
		}
	}
	sc := icebergSchemaOf(t.columns)
	field, _ := sc.FindFieldByName(t.schema.TimeColumn)
	spec := iceberg.NewPartitionSpecID(0, iceberg.PartitionField{
		SourceIDs: []int{field.ID}, FieldID: 1000, Name: t.schema.TimeColumn + "_day", Transform: iceberg.DayTransform{},
	})
	meta, err := icebergtable.New(l.files.locate(dir), sc, &spec, tableProperties(t.columns), l.config.Clock.Now())
	if err != nil {
		return fmt.Errorf("create table %s: %w", t.schema.Name, err)
	}
	return l.cat.createTable(ctx, t.schema.Name, meta)
}

// tableProperties tell other programs that write to the table what Quoll does
// itself: old metadata goes with each commit, manifests are merged, and documents
// have no minima and maxima.
func tableProperties(columns []column) map[string]string {
	p := map[string]string{
		"write.metadata.delete-after-commit.enabled": "true",
		"write.metadata.previous-versions-max":       "10",
		"commit.manifest-merge.enabled":              "true",
		"commit.manifest.min-count-to-merge":         "16",
		"write.parquet.compression-codec":            "zstd",
	}
	for _, c := range columns {
		if c.document || c.random {
			p["write.metadata.metrics.column."+c.name] = "counts"
		}
	}
	return p
}

// addColumns adds to the Iceberg table the columns that the schema has gained
// since the table was created. Files from before lack them; readers take the
// values as absent.
func (l *Lake) addColumns(ctx context.Context, t *tableState) error {
	fields := t.iceberg.Schema().Fields()
	have := map[string]iceberg.Type{}
	for _, f := range fields {
		have[f.Name] = f.Type
	}
	last, added := t.iceberg.Metadata().LastColumn, 0
	for _, c := range t.columns {
		typ, ok := have[c.name]
		switch {
		case !ok:
			added++
			fields = append(fields, iceberg.NestedField{ID: last + added, Name: c.name, Type: c.kind.icebergType(), Doc: c.doc})
		case !typ.Equals(c.kind.icebergType()):
			return fmt.Errorf("column %s is %s in the files and %s in the schema: replay the journal into a new lake", c.name, typ, c.kind.icebergType())
		}
	}
	if added == 0 {
		return nil
	}
	pending, err := t.iceberg.Prepare(&icebergtable.Change{Schema: iceberg.NewSchema(0, fields...)}, l.config.Clock.Now())
	if err == nil {
		err = l.finish(ctx, t, pending)
	}
	if err != nil {
		return fmt.Errorf("add %d columns: %w", added, err)
	}
	return nil
}

// listFiles returns the data files of the current snapshot.
func (l *Lake) listFiles(t *tableState) ([]File, error) {
	var files []File
	err := t.iceberg.DataFiles(func(d iceberg.DataFile) error {
		f, err := l.files.dataFile(d, t)
		files = append(files, f)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	slices.SortStableFunc(files, func(a, b File) int {
		return cmpTimes(a.MinTime, b.MinTime, a.Path, b.Path)
	})
	return files, nil
}

func cmpTimes(a, b time.Time, aPath, bPath string) int {
	if c := a.Compare(b); c != 0 {
		return c
	}
	if aPath < bPath {
		return -1
	}
	return 1
}

// dataFile reads what Iceberg knows of a data file, and checks that it is there
// in full length: a file that is missing or cut must be noticed now and not by
// a query.
func (s syncedFS) dataFile(f iceberg.DataFile, t *tableState) (File, error) {
	timeField, ingestionField := t.ids[t.schema.TimeColumn], t.ids[ColumnIngestionTime]
	path, err := s.pathOf(f.FilePath())
	if err != nil {
		return File{}, err
	}
	size, err := s.sizeOf(path, t)
	if err != nil {
		return File{}, fmt.Errorf("data file: %w", err)
	}
	if size != f.FileSizeBytes() {
		return File{}, fmt.Errorf("data file %s has %d bytes and should have %d", path, size, f.FileSizeBytes())
	}
	low, err := timeBound(f.LowerBoundValues()[timeField])
	if err != nil {
		return File{}, fmt.Errorf("lower bound of %s: %w", path, err)
	}
	high, err := timeBound(f.UpperBoundValues()[timeField])
	if err != nil {
		return File{}, fmt.Errorf("upper bound of %s: %w", path, err)
	}
	first, err := timeBound(f.LowerBoundValues()[ingestionField])
	if err != nil {
		return File{}, fmt.Errorf("first ingestion time of %s: %w", path, err)
	}
	last, err := timeBound(f.UpperBoundValues()[ingestionField])
	if err != nil {
		return File{}, fmt.Errorf("last ingestion time of %s: %w", path, err)
	}
	return File{
		Path: path, Rows: f.Count(), Bytes: f.FileSizeBytes(), MinTime: low, MaxTime: high, FirstIngested: first, LastIngested: last,
		// Where they are not known, any.
		firstPosition: positionBound(f.LowerBoundValues()[t.ids[ColumnPosition]], 0),
		lastPosition:  positionBound(f.UpperBoundValues()[t.ids[ColumnPosition]], math.MaxUint64),
		terms:         new(fileTerms),
		uncounted:     new(uncounted),
	}, nil
}

func positionBound(value []byte, unknown uint64) uint64 {
	literal, err := iceberg.LiteralFromBytes(iceberg.PrimitiveTypes.Int64, value)
	if v, ok := literal.(iceberg.Int64Literal); ok && err == nil {
		return uint64(v)
	}
	return unknown
}

// sizeOf returns the length of a file that must be there. What a listing does not
// show may be there all the same.
func (s syncedFS) sizeOf(path string, t *tableState) (int64, error) {
	if size, ok := t.listing[path]; ok {
		return size, nil
	}
	info, err := s.disk.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// list notes, for a table in a store, the files that it shows, so that not each is
// asked for.
func (s syncedFS) list(dir string, t *tableState) error {
	if s.tree == nil {
		return nil
	}
	t.listing = map[string]int64{}
	return s.tree.Walk(dir, func(path string, bytes int64) error {
		t.listing[path] = bytes
		return nil
	})
}

// walkListed is walk of what list has noted, if it has.
func (s syncedFS) walkListed(dir string, t *tableState, visit func(path string) error) error {
	if t.listing == nil {
		return s.walk(dir, visit)
	}
	for path := range t.listing {
		if err := visit(path); err != nil {
			return err
		}
	}
	return nil
}

func timeBound(value []byte) (time.Time, error) {
	literal, err := iceberg.LiteralFromBytes(iceberg.PrimitiveTypes.Timestamp, value)
	if err != nil {
		return time.Time{}, err
	}
	micros, ok := literal.(iceberg.TimestampLiteral)
	if !ok {
		return time.Time{}, fmt.Errorf("%s is no time", literal)
	}
	return time.UnixMicro(int64(micros)).UTC(), nil
}

// sweep removes the files below the table's folder that no snapshot and no
// metadata refers to and nobody reads or writes: what a crash left between
// writing and committing, and what was replaced. The caller holds l.flushMu, or
// nobody else knows the lake yet.
func (l *Lake) sweep(t *tableState) error {
	// What is needed is looked up first: who comes later sees the current files,
	// which are referred to.
	needed := l.needed()
	referenced, err := l.files.referencedPaths(t.iceberg)
	if err != nil {
		return fmt.Errorf("find orphans: %w", err)
	}
	return l.files.walkListed(l.tableDir(t), t, func(path string) error {
		if referenced[path] || needed[path] {
			return nil
		}
		l.logger.Debug("removing a file that no commit refers to", "path", path)
		if err := l.files.disk.Remove(path); err != nil {
			return fmt.Errorf("remove orphan: %w", err)
		}
		l.files.removeFolder(filepath.Dir(path))
		return nil
	})
}

// referencedPaths returns every local path that the table needs.
func (s syncedFS) referencedPaths(t *icebergtable.Table) (map[string]bool, error) {
	locations, err := t.Referenced()
	if err != nil {
		return nil, err
	}
	paths := make(map[string]bool, len(locations))
	for location := range locations {
		path, err := s.pathOf(location)
		if err != nil {
			return nil, err
		}
		paths[path] = true
	}
	if s.tree != nil {
		table, err := s.pathOf(t.Location() + "/metadata/" + hintName)
		if err != nil {
			return nil, err
		}
		paths[table] = true
	}
	return paths, nil
}
