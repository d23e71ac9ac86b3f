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
	var idle, busy []*tableState
	for _, t := range l.order {
		if len(t.sealed) == 0 {
			idle = append(idle, t)
			continue
		}
		busy = append(busy, t)
	}
	if err := l.flushTables(ctx, busy, position); err != nil {
		return err
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
	l.keys.seal(l.config.KeyRunRecords)
	return l.applied, nil
}

// generation is the rows of one table in a flush, and the files that they are in once
// they are written.
type generation struct {
	table   *tableState
	batches []batch
	files   []File
	err     error
}

// flushTables writes what is sealed, of all tables side by side, and commits it table
// by table. Only the flush changes tableState.sealed, so that it can be read here
// without a lock.
func (l *Lake) flushTables(ctx context.Context, tables []*tableState, position uint64) error {
	generations := make([]generation, len(tables))
	for i, t := range tables {
		generations[i] = generation{table: t, batches: t.sealed}
	}
	l.writeGenerations(ctx, generations, position)
	for i := range generations {
		g := &generations[i]
		if err := l.commitGeneration(ctx, g, position); err != nil {
			if !stops(err) {
				for _, rest := range generations[i:] {
					l.discard(rest.files)
				}
			}
			return fmt.Errorf("flush table %s at position %d: %w", g.table.schema.Name, position, err)
		}
	}
	return nil
}

// commitGeneration commits the files of a generation and lets go of its rows.
func (l *Lake) commitGeneration(ctx context.Context, g *generation, position uint64) error {
	t, err := g.table, g.err
	if err == nil {
		err = l.atStep("files written")
	}
	if err == nil {
		err = l.commit(ctx, t, change{added: g.files}, position)
	}
	if err != nil {
		return err
	}
	files := g.files
	g.files = nil // the table's
	if err := l.atStep("committed"); err != nil {
		return err
	}
	l.mu.Lock()
	for _, b := range g.batches {
		l.freshBytes -= b.bytes
	}
	t.sealed = nil
	t.build.spare.giveBack(g.batches)
	t.committed = position
	t.files = &fileSet{mergeFiles(t.files.files, files)}
	l.wakeApply()
	l.mu.Unlock()
	l.sweepExpired(t)
	return nil
}

// writeGenerations writes one file for each table and day that rows fall on. What went
// wrong is with each generation.
func (l *Lake) writeGenerations(ctx context.Context, generations []generation, position uint64) {
	// Files are written side by side: nearly all rows are of two tables, and a late
	// import has a file for each of hundreds of days, of which most of the time is
	// waiting for the disk.
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	groups := make([]*errgroup.Group, len(generations))
	for i := range generations {
		groups[i] = l.writeGeneration(ctx, &generations[i], position, slots)
	}
	for i, group := range groups {
		g := &generations[i]
		g.err = errors.Join(g.err, group.Wait())
		g.files = written(g.files)
	}
}

// writeGeneration begins to write the files of a generation, as many at once as there
// are slots.
func (l *Lake) writeGeneration(ctx context.Context, g *generation, position uint64, slots chan struct{}) *errgroup.Group {
	group, ctx := errgroup.WithContext(ctx)
	name, err := newFileName("", position)
	if err != nil {
		g.err = err
		return group
	}
	runs := splitByDay(g.batches, g.table.timeColumn())
	g.files = make([]File, len(runs))
	for i, run := range runs {
		if g.err = l.atStep("next file"); g.err != nil {
			return group
		}
		slots <- struct{}{}
		group.Go(func() (err error) {
			defer func() { <-slots }()
			if err = ctx.Err(); err == nil {
				g.files[i], err = writeRun(l.files, l.dataPath(g.table, run.day, name), g.table, g.batches, run.rows, form{rowGroupRows: l.config.RowGroupRows, pool: &l.writers})
			}
			return err
		})
	}
	return group
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
