package lake

import (
	"context"
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/iceberg-go"

	"github.com/quoll/quoll/internal/icebergtable"
)

// PropertyPosition is the property, in the summary of every snapshot that a
// flush makes, of the journal position up to which the table's rows are in its
// files.
const PropertyPosition = "quoll.journal-position"

// expireAfter is the age that a snapshot reaches before it is expired, so that
// a reader of the files that is not Quoll can finish.
const expireAfter = time.Hour

// change is what a commit does to the files of a table.
type change struct {
	added []File
	// removed are files that leave the table: their rows are in added, or are
	// expired if drops says so.
	removed []File
	drops   bool
	// notes go into the snapshot's summary.
	notes map[string]string
	// alone lets all other snapshots go, however young and whatever names them, so that
	// nothing needs what was removed.
	alone bool
}

// operation says to readers that follow the table what became of its rows.
func (c *change) operation() string {
	switch {
	case len(c.removed) == 0:
		return icebergtable.Append
	case !c.drops:
		return icebergtable.Replace
	case len(c.added) == 0:
		return icebergtable.Delete
	}
	return icebergtable.Overwrite
}

func (s syncedFS) locations(files []File) []string {
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = s.locate(f.Path)
	}
	return out
}

// commit changes the files of the Iceberg table in one snapshot that also holds
// the journal position, and lets go of snapshots that are old. The caller holds
// l.flushMu.
func (l *Lake) commit(ctx context.Context, t *tableState, c change, position uint64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	added, err := l.files.dataFiles(t.iceberg.Spec(), c.added)
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	summary := summaryOf(t.iceberg, position)
	maps.Copy(summary, c.notes)
	next := icebergtable.Change{Operation: c.operation(), Added: added, Removed: l.files.locations(c.removed), Summary: summary}
	now := l.config.Clock.Now()
	// Not whenever one more is old: a walk through the table's folder follows.
	if e := (icebergtable.Expiry{Keep: l.config.KeepSnapshots, Age: expireAfter}); t.iceberg.Metadata().Expirable(e, now) >= e.Keep {
		next.Expire = e
	}
	if c.alone {
		next.Expire = icebergtable.Expiry{Keep: 1, Age: math.MinInt64, Named: true}
		l.warnOfNames(t)
	}
	pending, err := t.iceberg.Prepare(&next, now)
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if err := l.finish(ctx, t, pending); err != nil {
		return err
	}
	t.commits.Add(1)
	t.expired = t.expired || next.Expire.Keep > 0
	for i := range c.added {
		c.added[i].metrics = nil // Iceberg has them now
	}
	return nil
}

// summaryOf is what each snapshot says of the rows: up to which position they are there,
// and which run of retention was the last to remove some.
func summaryOf(before *icebergtable.Table, position uint64) map[string]string {
	summary := map[string]string{PropertyPosition: strconv.FormatUint(position, 10)}
	if run := lastRun(before); run > 0 {
		summary[propertyRun] = strconv.FormatUint(run, 10)
	}
	return summary
}

// warnOfNames tells which tags and branches of other programs go with their snapshots:
// they would keep what an erasure or retention removes.
func (l *Lake) warnOfNames(t *tableState) {
	for name := range t.iceberg.Metadata().Refs {
		if name != icebergtable.MainBranch {
			l.logger.Warn("a tag or a branch of another program goes with the rows that are removed", "table", t.schema.Name, "name", name)
		}
	}
}

// dataFiles describes new files, each of one day, as Iceberg wants it.
func (s syncedFS) dataFiles(spec iceberg.PartitionSpec, files []File) ([]iceberg.DataFile, error) {
	out := make([]iceberg.DataFile, len(files))
	for i, f := range files {
		var err error
		day := int32(dayOf(f.MinTime.UnixMicro()))
		out[i], err = icebergtable.NewDataFile(spec, s.locate(f.Path), day, f.Rows, f.Bytes, f.metrics.splits, f.metrics.columns)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// finish commits the next state of a table. A commit that was reported as failed
// may have happened: the catalogue is asked, and if it does not answer, the lake
// stops.
func (l *Lake) finish(ctx context.Context, t *tableState, pending *icebergtable.Pending) error {
	location, err := l.cat.commit(ctx, t.schema.Name, pending)
	if err != nil {
		current, happened, lost := l.outcome(ctx, t, location, err)
		if lost != nil {
			l.mu.Lock()
			l.broken = fmt.Errorf("table %s: %w", t.schema.Name, lost)
			l.mu.Unlock()
			return l.broken
		}
		if !happened {
			t.iceberg = current
			l.warn(t, "removing what a failed commit wrote", pending.Discard())
			return fmt.Errorf("commit: %w", err)
		}
		l.logger.Warn("a commit that was reported as failed had happened", "table", t.schema.Name, "error", err)
	}
	t.iceberg, err = pending.Committed()
	l.warn(t, "removing old metadata", err)
	l.hint(ctx, t)
	return nil
}

// outcome finds out what became of a commit that was reported as failed, and in
// which state the table is. Its error says that this cannot be known, or that
// another process has the table.
func (l *Lake) outcome(ctx context.Context, t *tableState, location string, err error) (current *icebergtable.Table, happened bool, lost error) {
	if l.cat.head != nil { // it knows
		if stops(err) {
			return nil, false, err
		}
		now, _ := l.cat.head.location(t.schema.Name)
		return t.iceberg, location != "" && now == location, nil
	}
	// The context may be the reason of the failure.
	current, loadErr := l.cat.loadTable(context.WithoutCancel(ctx), t.schema.Name)
	if loadErr != nil {
		return nil, false, fmt.Errorf("%w: %w", ErrUncertain, err)
	}
	return current, location != "" && stems(current, location), nil
}

// hintName is the file that tells readers without a catalogue, in a store, which
// metadata file is the current one.
const hintName = "version-hint.text"

// hint writes it. One that is of before names a state that is still there.
func (l *Lake) hint(ctx context.Context, t *tableState) {
	if l.files.tree == nil {
		return
	}
	file := path.Base(t.iceberg.MetadataLocation())
	object := path.Join(path.Base(l.files.root), t.schema.Name, "metadata", hintName)
	err := l.config.Store.Objects.Replace(ctx, object, []byte(strings.TrimSuffix(file, ".metadata.json")), time.Time{})
	if err != nil {
		l.logger.Warn("writing the hint for other readers failed; the next commit tries again", "table", t.schema.Name, "error", err)
	}
}

// stems says whether the table is in the state of that metadata file, or came
// from it.
func stems(t *icebergtable.Table, location string) bool {
	return t.MetadataLocation() == location || slices.ContainsFunc(t.Metadata().MetadataLog, func(e icebergtable.MetadataLogEntry) bool {
		return e.Location == location
	})
}

// warn tells of a failure that does no harm: the next start removes what is left.
func (l *Lake) warn(t *tableState, what string, err error) {
	if err != nil {
		l.logger.Warn(what+" failed; the next start tries again", "table", t.schema.Name, "error", err)
	}
}

// committedPosition returns the journal position of the latest snapshot that
// has one: a snapshot of another program has none and changes nothing.
func committedPosition(t *icebergtable.Table) (uint64, error) {
	for s := t.Current(); s != nil; s = t.Metadata().Before(s) {
		if text, ok := s.Summary[PropertyPosition]; ok {
			position, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("snapshot %d: property %s: %w", s.ID, PropertyPosition, err)
			}
			return position, nil
		}
	}
	return 0, nil
}

// sweepExpired removes the files that only expired snapshots needed, if any
// were. A failure is no harm: the next flush tries again.
func (l *Lake) sweepExpired(t *tableState) {
	if !t.expired {
		return
	}
	if err := l.sweep(t); err != nil {
		l.logger.Warn("removing the files of old snapshots failed; the next flush tries again", "table", t.schema.Name, "error", err)
		return
	}
	t.expired = false
}
