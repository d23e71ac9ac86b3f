package lake

import (
	"context"
	"fmt"
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

// commit adds files to the Iceberg table in one snapshot that also holds the
// journal position. A commit that was reported as failed may have happened:
// the catalogue is asked, and if it does not answer, the lake stops.
func (l *Lake) commit(ctx context.Context, t *tableState, files []File, position uint64) error {
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = fileURI(f.Path)
	}
	flush := paths[0]
	properties := iceberg.Properties{
		PropertyPosition: strconv.FormatUint(position, 10),
		PropertyFlush:    flush,
	}
	if ahead := time.Duration(t.iceberg.Metadata().LastUpdatedMillis()-time.Now().UnixMilli()) * time.Millisecond; ahead > clockTolerance {
		l.logger.Warn("the clock was set back; the table's snapshots are dropped", "table", t.schema.Name, "by", ahead)
		if err := l.rebase(ctx, t); err != nil {
			return err
		}
	}
	committed, err := appendFiles(ctx, t.iceberg, paths, properties)
	if err == nil {
		t.iceberg = committed
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
// of the metadata files that only they need. Data files stay, because a flush
// only adds. A failure is no harm: the next flush tries again.
func (l *Lake) expire(ctx context.Context, t *tableState) {
	if len(t.iceberg.Metadata().Snapshots()) >= 2*l.config.KeepSnapshots {
		l.expireOlder(ctx, t, expireAfter)
	}
}

func (l *Lake) expireOlder(ctx context.Context, t *tableState, age time.Duration) {
	transaction := t.iceberg.NewTransaction()
	err := transaction.ExpireSnapshots(table.WithOlderThan(age), table.WithRetainLast(l.config.KeepSnapshots))
	if err == nil {
		var expired *table.Table
		if expired, err = transaction.Commit(ctx); expired != nil {
			t.iceberg = expired
		}
	}
	if err != nil {
		l.logger.Warn("expiring old snapshots failed", "table", t.schema.Name, "error", err)
		if current, err := l.cat.LoadTable(context.WithoutCancel(ctx), t.iceberg.Identifier()); err == nil {
			t.iceberg = current
		}
	}
}
