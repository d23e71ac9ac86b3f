package lake

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// Properties of the summary of every snapshot that a flush makes.
const (
	// PropertyPosition is the journal position up to which the table's rows
	// are in its files.
	PropertyPosition = "quoll.journal-position"
	// PropertyFlush names the flush, so that one whose commit was reported as
	// failed can be recognised.
	PropertyFlush = "quoll.flush"
)

// clockTolerance is how much younger than now the last commit may be. Iceberg
// gives up at one minute.
const clockTolerance = 30 * time.Second

// change is what a commit does to the files of a table.
type change struct {
	added []File
	// removed are files that leave the table: their rows are in added, or are
	// expired if drops says so.
	removed []File
	drops   bool
	// notes go into the snapshot's summary.
	notes map[string]string
}

// name is what the change is recognised by: names of files are never used
// twice.
func (c *change) name() string {
	if len(c.added) > 0 {
		return fileURI(c.added[0].Path)
	}
	return "without " + fileURI(c.removed[0].Path)
}

func locations(files []File) []string {
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = fileURI(f.Path)
	}
	return out
}

// commit changes the files of the Iceberg table in one snapshot that also holds
// the journal position. A commit that was reported as failed may have happened:
// the catalogue is asked, and if it does not answer, the lake stops. The caller
// holds l.flushMu.
func (l *Lake) commit(ctx context.Context, t *tableState, c change, position uint64) error {
	flush := c.name()
	properties := iceberg.Properties{
		PropertyPosition: strconv.FormatUint(position, 10),
		PropertyFlush:    flush,
	}
	maps.Copy(properties, c.notes)
	if ahead := time.Duration(t.iceberg.Metadata().LastUpdatedMillis()-time.Now().UnixMilli()) * time.Millisecond; ahead > clockTolerance {
		l.logger.Warn("the clock was set back; the table's snapshots are dropped", "table", t.schema.Name, "by", ahead)
		if err := l.rebase(ctx, t); err != nil {
			return err
		}
	}
	committed, err := changeFiles(ctx, t.iceberg, &c, properties)
	if err == nil {
		t.iceberg = committed
		t.commits.Add(1)
		return nil
	}
	// The context may be the reason of the failure.
	current, loadErr := l.cat.LoadTable(context.WithoutCancel(ctx), t.iceberg.Identifier())
	if loadErr != nil {
		l.mu.Lock()
		l.broken = fmt.Errorf("%w: table %s: %w", ErrUncertain, t.schema.Name, err)
		l.mu.Unlock()
		return l.broken
	}
	t.iceberg = current
	if s := current.CurrentSnapshot(); s != nil && s.Summary != nil && s.Summary.Properties[PropertyFlush] == flush {
		t.commits.Add(1)
		l.logger.Warn("a commit that was reported as failed had happened", "table", t.schema.Name, "error", err)
		return nil
	}
	return fmt.Errorf("commit: %w", err)
}

func appendFiles(ctx context.Context, t *table.Table, paths []string, properties iceberg.Properties) (*table.Table, error) {
	transaction := t.NewTransaction()
	// Names are new for every flush, so there is no need to compare them with
	// those of all files.
	if err := transaction.AddFiles(ctx, paths, properties, true); err != nil {
		return nil, err
	}
	return transaction.Commit(ctx)
}

func changeFiles(ctx context.Context, t *table.Table, c *change, properties iceberg.Properties) (*table.Table, error) {
	if len(c.removed) == 0 {
		return appendFiles(ctx, t, locations(c.added), properties)
	}
	transaction := t.NewTransaction()
	var err error
	if c.drops {
		err = transaction.ReplaceDataFiles(ctx, locations(c.removed), locations(c.added), properties)
	} else {
		err = rewriteFiles(ctx, t, transaction, c, properties)
	}
	if err != nil {
		return nil, err
	}
	return transaction.Commit(ctx)
}

// rewriteFiles says to readers that follow the table that no row was added or
// removed.
func rewriteFiles(ctx context.Context, t *table.Table, transaction *table.Transaction, c *change, properties iceberg.Properties) error {
	tasks, err := t.Scan().PlanFiles(ctx)
	if err != nil {
		return err
	}
	gone := map[string]bool{}
	for _, location := range locations(c.removed) {
		gone[location] = true
	}
	rewrite := transaction.NewRewrite(properties)
	for _, task := range tasks {
		if gone[task.File.FilePath()] {
			delete(gone, task.File.FilePath()) // a large file is planned in several parts
			rewrite.DeleteFile(task.File)
		}
	}
	for location := range gone {
		return fmt.Errorf("file %s is not in the table", location)
	}
	files, err := t.FS(ctx)
	if err != nil {
		return err
	}
	for _, location := range locations(c.added) {
		added, err := table.FileToDataFile(ctx, files, location, t.Schema(), t.Spec(), 0, t.Properties())
		if err != nil {
			return fmt.Errorf("read footer of %s: %w", location, err)
		}
		rewrite.AddDataFile(added)
	}
	return rewrite.Commit(ctx)
}

// committedPosition returns the journal position of the latest snapshot that
// has one: a snapshot of another program has none and changes nothing.
func committedPosition(t *table.Table) (uint64, error) {
	for s := t.CurrentSnapshot(); s != nil; {
		if s.Summary != nil {
			if text, ok := s.Summary.Properties[PropertyPosition]; ok {
				position, err := strconv.ParseUint(text, 10, 64)
				if err != nil {
					return 0, fmt.Errorf("snapshot %d: property %s: %w", s.SnapshotID, PropertyPosition, err)
				}
				return position, nil
			}
		}
		if s.ParentSnapshotID == nil {
			return 0, nil
		}
		s = t.SnapshotByID(*s.ParentSnapshotID)
	}
	return 0, nil
}

// expire lets go of old snapshots once twice as many as wanted are kept, and
// of the files that only they need. A failure is no harm: the next flush tries
// again.
func (l *Lake) expire(ctx context.Context, t *tableState) {
	if len(t.iceberg.Metadata().Snapshots()) >= 2*l.config.KeepSnapshots {
		l.expireOlder(ctx, t, expireAfter)
	}
}

func (l *Lake) expireOlder(ctx context.Context, t *tableState, age time.Duration) {
	transaction := t.iceberg.NewTransaction()
	// The files are removed here, because the library does not know who reads.
	err := transaction.ExpireSnapshots(table.WithOlderThan(age), table.WithRetainLast(l.config.KeepSnapshots), table.WithPostCommit(false))
	if err == nil {
		var expired *table.Table
		if expired, err = transaction.Commit(ctx); expired != nil {
			t.iceberg = expired
		}
	}
	if err == nil {
		err = l.sweep(t)
	}
	if err != nil {
		l.logger.Warn("expiring old snapshots failed", "table", t.schema.Name, "error", err)
		if current, err := l.cat.LoadTable(context.WithoutCancel(ctx), t.iceberg.Identifier()); err == nil {
			t.iceberg = current
		}
	}
}
