package lake

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/parquet/file"
	"golang.org/x/sync/errgroup"

	"github.com/quoll/quoll/schema"
)

// loadKeys brings the keys of every table into memory unless they are there.
// The first Apply needs them; whoever only reads does without.
func (l *Lake) loadKeys(ctx context.Context) error {
	l.keysMu.Lock()
	defer l.keysMu.Unlock()
	if l.keysLoaded {
		return nil
	}
	start := time.Now()
	// Without keys nothing was applied, so nothing is flushed meanwhile.
	index, turn := new(keyIndex), new(sync.Mutex)
	sets := make([]*keySet, len(l.order))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, t := range l.order {
		sets[i] = newKeySet(index, i, t.schema.Name == schema.UnifiedAuditLogRevisions)
		files := t.files.files
		group.Go(func() error {
			for _, f := range files {
				if err := sets[i].loadFile(ctx, l.files, f.Path, turn); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	records := 0
	for i, t := range l.order {
		t.keys = sets[i]
		records += sets[i].size()
	}
	l.keysLoaded = true
	l.logger.Debug("read the keys of all records", "keys", records, "took", time.Since(start))
	return nil
}

// loadFile adds the keys of a Parquet file.
func (s *keySet) loadFile(ctx context.Context, files syncedFS, path string, turn *sync.Mutex) error {
	source, err := files.open(path)
	if err != nil {
		return fmt.Errorf("read keys of %s: %w", path, err)
	}
	defer source.Close()
	f, err := file.NewParquetReader(source)
	if err != nil {
		return fmt.Errorf("read keys of %s: %w", path, err)
	}
	for group := range f.NumRowGroups() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.loadGroup(f.RowGroup(group), turn); err != nil {
			return fmt.Errorf("read keys of %s, row group %d: %w", path, group, err)
		}
	}
	return nil
}

func (s *keySet) loadGroup(group *file.RowGroupReader, turn *sync.Mutex) (err error) {
	var columns [3][]int64
	for i, name := range []string{ColumnKeyHigh, ColumnKeyLow, ColumnDigest} {
		if columns[i], err = readInt64(group, name); err != nil {
			return err
		}
	}
	turn.Lock()
	defer turn.Unlock()
	for row := range columns[0] {
		key, digest := keyOf(columns[0][row], columns[1][row], columns[2][row])
		s.add(key, digest)
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

// readInt64 reads a column of 64-bit integers without nulls.
func readInt64(group *file.RowGroupReader, name string) ([]int64, error) {
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
