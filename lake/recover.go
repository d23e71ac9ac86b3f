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
	"github.com/apache/iceberg-go/table"
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
	files, err := l.listFiles(ctx, t)
	if err != nil {
		return err
	}
	t.files = &fileSet{files: files}
	for _, f := range files {
		if f.lastIngested.After(t.lastIngested) {
			t.lastIngested = f.lastIngested
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
	t.iceberg, err = l.cat.LoadTable(ctx, table.Identifier{namespace, name})
	return err
}

func (l *Lake) createTable(ctx context.Context, t *tableState) error {
	dir := l.tableDir(t)
	for _, part := range []string{"data", "metadata"} {
		if err := l.files.makeDirs(filepath.Join(dir, part)); err != nil {
			return fmt.Errorf("create folder of table %s: %w", t.schema.Name, err)
		}
	}
	sc := icebergSchemaOf(t.columns)
	field, _ := sc.FindFieldByName(t.schema.TimeColumn)
	spec := iceberg.NewPartitionSpec(iceberg.PartitionField{
		SourceIDs: []int{field.ID}, FieldID: 1000, Name: t.schema.TimeColumn + "_day", Transform: iceberg.DayTransform{},
	})
	return l.cat.createTable(ctx, t.schema.Name, fileURI(dir), sc, &spec, tableProperties(t.columns))
}

// tableProperties keep Iceberg's metadata small: old versions go with each
// commit, manifests are merged, and documents have no minima and maxima.
func tableProperties(columns []column) iceberg.Properties {
	p := iceberg.Properties{
		table.MetadataDeleteAfterCommitEnabledKey: "true",
		table.MetadataPreviousVersionsMaxKey:      "10",
		table.ManifestMergeEnabledKey:             "true",
		table.ManifestMinMergeCountKey:            "16",
		table.ParquetCompressionKey:               "zstd",
	}
	for _, c := range columns {
		if c.document || c.random {
			p[table.MetricsModeColumnConfPrefix+"."+c.name] = "counts"
		}
	}
	return p
}

// addColumns adds to the Iceberg table the columns that the schema has gained
// since the table was created. Files from before lack them; readers take the
// values as absent.
func (l *Lake) addColumns(ctx context.Context, t *tableState) error {
	have := map[string]iceberg.Type{}
	for _, f := range t.iceberg.Schema().Fields() {
		have[f.Name] = f.Type
	}
	transaction := t.iceberg.NewTransaction()
	update := transaction.UpdateSchema(true, false)
	added := 0
	for _, c := range t.columns {
		typ, ok := have[c.name]
		switch {
		case !ok:
			update.AddColumn([]string{c.name}, c.kind.icebergType(), c.doc, false, nil)
			added++
		case !typ.Equals(c.kind.icebergType()):
			return fmt.Errorf("column %s is %s in the files and %s in the schema: replay the journal into a new lake", c.name, typ, c.kind.icebergType())
		}
	}
	if added == 0 {
		return nil
	}
	if err := update.Commit(); err != nil {
		return fmt.Errorf("add %d columns: %w", added, err)
	}
	evolved, err := transaction.Commit(ctx)
	if err != nil {
		return fmt.Errorf("add %d columns: %w", added, err)
	}
	t.iceberg = evolved
	return nil
}

// listFiles returns the data files of the current snapshot.
func (l *Lake) listFiles(ctx context.Context, t *tableState) ([]File, error) {
	tasks, err := t.iceberg.Scan().PlanFiles(ctx)
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	files := make([]File, 0, len(tasks))
	seen := map[string]bool{}
	for _, task := range tasks {
		if seen[task.File.FilePath()] {
			continue // a large file is planned in several parts
		}
		seen[task.File.FilePath()] = true
		f, err := l.files.dataFile(task.File, t)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
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
	path, err := localPath(f.FilePath())
	if err != nil {
		return File{}, err
	}
	info, err := s.disk.Stat(path)
	if err != nil {
		return File{}, fmt.Errorf("data file: %w", err)
	}
	if info.Size() != f.FileSizeBytes() {
		return File{}, fmt.Errorf("data file %s has %d bytes and should have %d", path, info.Size(), f.FileSizeBytes())
	}
	low, err := timeBound(f.LowerBoundValues()[timeField])
	if err != nil {
		return File{}, fmt.Errorf("lower bound of %s: %w", path, err)
	}
	high, err := timeBound(f.UpperBoundValues()[timeField])
	if err != nil {
		return File{}, fmt.Errorf("upper bound of %s: %w", path, err)
	}
	ingested, err := timeBound(f.UpperBoundValues()[ingestionField])
	if err != nil {
		return File{}, fmt.Errorf("ingestion time of %s: %w", path, err)
	}
	position := uint64(math.MaxUint64) // where it is not known, any
	if literal, err := iceberg.LiteralFromBytes(iceberg.PrimitiveTypes.Int64, f.UpperBoundValues()[t.ids[ColumnPosition]]); err == nil {
		if v, ok := literal.(iceberg.Int64Literal); ok {
			position = uint64(v)
		}
	}
	return File{Path: path, Rows: f.Count(), Bytes: f.FileSizeBytes(), MinTime: low, MaxTime: high, lastIngested: ingested, lastPosition: position}, nil
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
	return l.files.walk(l.tableDir(t), func(path string) error {
		if referenced[path] || needed[path] {
			return nil
		}
		l.logger.Debug("removing a file that no commit refers to", "path", path)
		if err := l.files.disk.Remove(path); err != nil {
			return fmt.Errorf("remove orphan: %w", err)
		}
		_ = l.files.disk.Remove(filepath.Dir(path)) // a folder that is not empty stays
		return nil
	})
}

// referencedPaths returns every local path that the table needs.
func (s syncedFS) referencedPaths(t *table.Table) (map[string]bool, error) {
	locations := []string{t.MetadataLocation()}
	for entry := range t.Metadata().PreviousFiles() {
		locations = append(locations, entry.MetadataFile)
	}
	manifests := map[string]iceberg.ManifestFile{}
	for _, snapshot := range t.Metadata().Snapshots() {
		locations = append(locations, snapshot.ManifestList)
		list, err := snapshot.Manifests(s)
		if err != nil {
			return nil, fmt.Errorf("snapshot %d: %w", snapshot.SnapshotID, err)
		}
		for _, m := range list {
			manifests[m.FilePath()] = m
		}
	}
	for location, m := range manifests {
		locations = append(locations, location)
		for entry, err := range m.Entries(s, true) { // a file that a snapshot removed is not its own
			if err != nil {
				return nil, fmt.Errorf("manifest %s: %w", location, err)
			}
			locations = append(locations, entry.DataFile().FilePath())
		}
	}
	paths := make(map[string]bool, len(locations))
	for _, location := range locations {
		path, err := localPath(location)
		if err != nil {
			return nil, err
		}
		paths[path] = true
	}
	return paths, nil
}
