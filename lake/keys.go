package lake

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/quoll/quoll/schema"
)

// loadKeys opens the files of keys and reads from the rows those that are in
// none, unless it was done. The first Apply needs them; whoever only reads does
// without.
func (l *Lake) loadKeys(ctx context.Context) error {
	l.keysMu.Lock()
	defer l.keysMu.Unlock()
	if l.keysLoaded {
		return nil
	}
	// Nothing can be applied, so nothing is flushed but what a replay ignores.
	l.flushMu.Lock()
	defer l.flushMu.Unlock()
	start := time.Now()
	if err := l.files.makeDirs(l.keysDir()); err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	if _, err := l.openRuns(); err != nil {
		return err
	}
	if err := l.readKeys(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.takeKeys()
	l.keysLoaded = true
	l.logger.Debug("read the keys of all records", "files", len(l.keys.runs), "in memory", l.keys.sealed.size(), "took", time.Since(start))
	return l.sweepKeys()
}

// rebuildKeys reads all keys anew, because a file of them is damaged or because
// many of them are of rows that are gone.
func (l *Lake) rebuildKeys(ctx context.Context) error {
	l.keysMu.Lock()
	defer l.keysMu.Unlock()
	l.flushMu.Lock()
	defer l.flushMu.Unlock()
	if err := l.files.remove(l.manifestPath()); err != nil {
		return fmt.Errorf("read keys anew: %w", err)
	}
	l.mu.Lock()
	l.keys.runsMu.Lock()
	closeRuns(l.keys.runs)
	l.keys.runs, l.keys.manifest = nil, keyManifest{}
	l.keys.version++
	l.keys.runsMu.Unlock()
	if !slices.ContainsFunc(l.order, func(t *tableState) bool { return len(t.sealed) > 0 }) {
		// Of rows that are in files, where they were not removed.
		l.keys.active, l.keys.sealed = l.freshKeys(), new(keyIndex)
	}
	l.mu.Unlock()
	if err := l.readKeys(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.takeKeys()
	return l.sweepKeys()
}

// freshKeys returns the keys of the rows in memory. The caller holds l.mu.
func (l *Lake) freshKeys() *keyIndex {
	index := new(keyIndex)
	for n, t := range l.order {
		if t.build.rows > 0 {
			l.cutAsItIs(t)
		}
		first := len(t.columns) - hiddenColumns
		for _, b := range t.fresh {
			numbers := func(column int) []int64 { return b.records.Column(first + column).(*array.Int64).Int64Values() }
			high, low, digest := numbers(1), numbers(2), numbers(3)
			for row := range high {
				e := keyEntry{uint64(high[row]), uint64(low[row]), uint64(digest[row])}
				index.shard(&e).add(e, 1<<n)
			}
		}
	}
	return index
}

// readKeys reads the keys of rows from behind the position that the runs reach.
// Whenever there are enough they become a run, so that memory is bounded. The
// caller holds l.flushMu.
func (l *Lake) readKeys(ctx context.Context) error {
	after := l.keys.manifest.Position
	index := new(keyIndex)
	var refs []runRef
	var runs []*keyRun
	spill := func() error {
		ref, run, err := l.writeKeys(index)
		if err != nil {
			return err
		}
		refs, runs, index = append(refs, ref), append(runs, run), new(keyIndex)
		return nil
	}
	for n, t := range l.order {
		for _, f := range t.files.files {
			if f.lastPosition <= after {
				continue
			}
			err := l.files.readFileKeys(ctx, f.Path, after, func(e keyEntry) { index.shard(&e).add(e, 1<<n) })
			if err == nil && index.size() >= l.config.KeyRunRecords {
				err = spill()
			}
			if err != nil {
				closeRuns(runs)
				return err
			}
		}
	}
	if len(runs) > 0 && index.size() > 0 {
		if err := spill(); err != nil {
			closeRuns(runs)
			return err
		}
	}
	if len(runs) > 0 {
		next := l.keys.manifest
		next.Position = l.position()
		next.Runs = append(slices.Clone(next.Runs), refs...)
		if err := l.installRuns(next, append(slices.Clone(l.keys.runs), runs...), func() {}); err != nil {
			closeRuns(runs)
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	index.all(func(e tabled) { l.keys.sealed.shard(&e.keyEntry).add(e.keyEntry, e.tables) })
	l.keys.version++
	return nil
}

// takeKeys gives every table its view of the keys. The caller holds l.mu.
func (l *Lake) takeKeys() {
	for n, t := range l.order {
		set := newKeySet(l.keys, n, t.schema.Name == schema.UnifiedAuditLogRevisions)
		for _, index := range []*keyIndex{l.keys.active, l.keys.sealed} {
			index.all(func(e tabled) { set.count += int(e.tables >> n & 1) })
		}
		for _, ref := range l.keys.manifest.Runs {
			if n < len(ref.Records) {
				set.count += int(ref.Records[n])
			}
		}
		t.keys = set
	}
	l.gone = newKeySet(l.keys, goneBit, false)
}

// goneBit is that of audit records of which the first content is known that came, and
// which are in no table, because retention removed them or did not take them. Without it
// the next content would be the first. It is above those of all tables.
const goneBit = 31

// sweepKeys removes the files of keys that are not in use.
func (l *Lake) sweepKeys() error {
	used := map[string]bool{l.manifestPath(): true}
	for _, r := range l.keys.runs {
		used[r.path] = true
	}
	return l.files.walk(l.keysDir(), func(path string) error {
		if used[path] {
			return nil
		}
		if err := l.files.disk.Remove(path); err != nil {
			return fmt.Errorf("remove old keys: %w", err)
		}
		return nil
	})
}

// readFileKeys yields the keys of the rows of a Parquet file from behind a
// journal position.
func (s syncedFS) readFileKeys(ctx context.Context, path string, after uint64, yield func(keyEntry)) (err error) {
	source, err := s.open(path)
	if err != nil {
		return fmt.Errorf("read keys of %s: %w", path, err)
	}
	defer source.Close()
	defer damaged("read keys of "+path, &err)
	f, err := file.NewParquetReader(source)
	if err != nil {
		return fmt.Errorf("read keys of %s: %w", path, err)
	}
	for group := range f.NumRowGroups() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := readGroupKeys(f.RowGroup(group), source.Size(), after, yield); err != nil {
			return fmt.Errorf("read keys of %s, row group %d: %w", path, group, err)
		}
	}
	return nil
}

func readGroupKeys(group *file.RowGroupReader, size int64, after uint64, yield func(keyEntry)) (err error) {
	var columns [4][]int64
	for i, name := range []string{ColumnKeyHigh, ColumnKeyLow, ColumnDigest, ColumnPosition} {
		if columns[i], err = readInt64(group, size, name); err != nil {
			return err
		}
	}
	for row := range columns[0] {
		if uint64(columns[3][row]) > after {
			yield(keyEntry{uint64(columns[0][row]), uint64(columns[1][row]), uint64(columns[2][row])})
		}
	}
	return nil
}

// keyOf puts the hidden columns of a row together again.
func keyOf(high, low, content int64) (key schema.Key, digest schema.Digest) {
	binary.BigEndian.PutUint64(key[:8], uint64(high))
	binary.BigEndian.PutUint64(key[8:], uint64(low))
	binary.BigEndian.PutUint64(digest[:], uint64(content))
	return key, digest
}

// readInt64 reads a column of 64-bit integers without nulls out of a file of a size. A
// row has a key of its own, so that there are fewer rows than bytes.
func readInt64(group *file.RowGroupReader, size int64, name string) ([]int64, error) {
	if rows := group.NumRows(); rows < 0 || rows > size {
		return nil, fmt.Errorf("%w: a row group of %d rows in a file of %d bytes", ErrDamaged, rows, size)
	}
	index := group.MetaData().Schema.ColumnIndexByName(name)
	if index < 0 {
		return nil, fmt.Errorf("no column %s", name)
	}
	chunk, err := group.Column(index)
	if err != nil {
		return nil, fmt.Errorf("column %s: %w", name, err)
	}
	reader, ok := chunk.(*file.Int64ColumnChunkReader)
	if !ok {
		return nil, fmt.Errorf("column %s has type %s", name, chunk.Type())
	}
	values := make([]int64, group.NumRows())
	for done := 0; done < len(values); {
		_, n, err := reader.ReadBatch(int64(len(values)-done), values[done:], nil, nil)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", name, err)
		}
		if n == 0 {
			return nil, fmt.Errorf("column %s ends after %d of %d rows", name, done, len(values))
		}
		done += n
	}
	return values, nil
}
