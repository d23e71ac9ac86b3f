package lake

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
)

// Flush writes the rows in memory to files and commits them together with the
// journal position that they reach. Rows that are applied meanwhile stay in
// memory. After an error every row is still visible and the next Flush tries
// again; tables are committed one by one, so some may have succeeded.
func (l *Lake) Flush(ctx context.Context) error {
	l.flushMu.Lock()
	defer l.flushMu.Unlock()
	position, err := l.seal()
	if err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	var idle []*tableState
	for _, t := range l.order {
		if len(t.sealed) == 0 {
			idle = append(idle, t)
			continue
		}
		if err := l.flushTable(ctx, t, position); err != nil {
			return fmt.Errorf("flush table %s at position %d: %w", t.schema.Name, position, err)
		}
	}
	if err := l.moveIdle(ctx, idle, position); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	l.mu.Lock()
	l.flushErr = nil
	l.mu.Unlock()
	if err := l.spillKeys(position, l.config.KeyRunRecords); err != nil {
		l.logger.Warn("writing the keys of records failed; they stay in memory, and the next flush tries again", "error", err)
	}
	return nil
}

// seal ends the generation of every table at one journal position, so that the
// rows of a record over all its tables are flushed together.
func (l *Lake) seal() (position uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usable(); err != nil {
		return 0, err
	}
	for _, t := range l.order {
		l.cutAsItIs(t)
		t.sealed = append(slices.Clip(t.sealed), t.fresh...)
		t.fresh = nil
	}
	l.keys.seal()
	return l.applied, nil
}

// flushTable writes and commits what is sealed. Only the flush changes
// t.sealed, so that it can be read here without a lock.
func (l *Lake) flushTable(ctx context.Context, t *tableState, position uint64) error {
	generation := t.sealed
	files, err := l.writeGeneration(ctx, t, generation, position)
	if err == nil {
		err = l.atStep("files written")
	}
	if err == nil {
		err = l.commit(ctx, t, change{added: files}, position)
	}
	if err != nil {
		if !stops(err) {
			l.discard(files)
		}
		return err
	}
	if err := l.atStep("committed"); err != nil {
		return err
	}
	l.mu.Lock()
	for _, b := range generation {
		l.freshBytes -= b.bytes
	}
	t.sealed = nil
	t.build.spare.giveBack(generation)
	t.committed = position
	t.files = &fileSet{mergeFiles(t.files.files, files)}
	l.mu.Unlock()
	l.sweepExpired(t)
	return nil
}

// writeGeneration writes one file for each day that the rows fall on.
func (l *Lake) writeGeneration(ctx context.Context, t *tableState, generation []batch, position uint64) ([]File, error) {
	name, err := newFileName("", position)
	if err != nil {
		return nil, err
	}
	runs := splitByDay(generation, t.timeColumn())
	files := make([]File, len(runs))
	// Files are written side by side: a late import has one for each of
	// hundreds of days, and most of the time of a small file is waiting for
	// the disk.
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, run := range runs {
		if err := l.atStep("next file"); err != nil {
			err = errors.Join(err, group.Wait())
			return written(files), err
		}
		group.Go(func() (err error) {
			if err = ctx.Err(); err == nil {
				files[i], err = writeRun(l.files, l.dataPath(t, run.day, name), t, generation, run.rows, form{rowGroupRows: l.config.RowGroupRows, pool: &l.writers})
			}
			return err
		})
	}
	err = group.Wait()
	return written(files), err
}

// written returns the files that were written before something failed.
func written(files []File) []File {
	return slices.DeleteFunc(files, func(f File) bool { return f.Path == "" })
}

// discard removes files that no commit refers to.
func (l *Lake) discard(files []File) {
	for _, f := range files {
		if err := l.files.disk.Remove(f.Path); err != nil {
			l.logger.Warn("removing a file that was not committed failed; the next start tries again", "path", f.Path, "error", err)
		}
		l.files.removeFolder(filepath.Dir(f.Path))
	}
}

// mergeFiles returns the files of both, sorted by MinTime.
func mergeFiles(old, added []File) []File {
	files := make([]File, 0, len(old)+len(added))
	files = append(append(files, old...), added...)
	slices.SortStableFunc(files, func(a, b File) int { return a.MinTime.Compare(b.MinTime) })
	return files
}

// moveIdle moves the position of tables that had no rows up to it. It needs no
// snapshot: that such a table has nothing to lose up to the position stays
// true whenever it is written, and if it is lost the replay only starts
// earlier, where the table again finds nothing.
func (l *Lake) moveIdle(ctx context.Context, idle []*tableState, position uint64) error {
	var names []string
	for _, t := range idle {
		if t.committed < position {
			names = append(names, t.schema.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	if err := l.cat.setIdlePositions(ctx, names, position); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range idle {
		t.committed = max(t.committed, position)
	}
	return nil
}
