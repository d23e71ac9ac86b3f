package lake

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/retention"
	"github.com/quoll/quoll/schema"
)

// Expiry. A run first makes a tombstone durable that says by which rules and holds
// it counts, and from then on no row that is out of date by them is taken. Then it
// takes one table after another: what it is about to remove is written into the
// tombstone, and one Iceberg commit drops whole files and puts others in the place
// of those that were out of date in part. That commit lets all older snapshots go,
// so that the disk is free at once, and names the run, so that after a crash the
// tombstone is known to be true or not.

// Terms are what a run of retention counts by.
type Terms struct {
	Policy *retention.Policy
	Holds  []retention.Hold
	// Ask, unless nil, is asked once more before each commit: a hold that was placed
	// while a run works ends the run.
	Ask Holds
	// Day is the present one, in UTC.
	Day time.Time
}

// Holds says what must not be removed, whatever the rules say.
type Holds interface {
	// RetentionHolds returns the holds that are in force. Where it fails nothing is
	// removed.
	RetentionHolds(ctx context.Context) ([]retention.Hold, error)
}

// ErrHoldsChanged ends a run during which holds were placed or released. What is
// left is the next one's, which counts by them.
var ErrHoldsChanged = errors.New("holds changed during the run")

func (t *Terms) askAgain(ctx context.Context) error {
	if t.Ask == nil {
		return nil
	}
	holds, err := t.Ask.RetentionHolds(ctx)
	if err != nil {
		return fmt.Errorf("ask what is held: %w", err)
	}
	if !retention.SameHolds(holds, t.Holds) {
		return ErrHoldsChanged
	}
	return nil
}

// ErrClock is returned by a run that the clock seems to have sent too far.
var ErrClock = errors.New("the clock is far ahead of the newest row")

// newestWithin is how old the newest row of Microsoft's may be when something is
// removed: beyond it, either the clock was set forward or nothing has been collected
// for long, and neither is a time to let go of rows.
const newestWithin = 45 * 24 * time.Hour

// checkClock compares the day with the newest row that Microsoft's clock has dated:
// this machine's says nothing about itself.
func (l *Lake) checkClock(day time.Time) error {
	var newest time.Time
	own := schema.OwnTables()
	for _, s := range l.Stats() {
		if !slices.Contains(own, s.Name) && s.MaxTime.After(newest) {
			newest = s.MaxTime
		}
	}
	if !newest.IsZero() && day.Sub(newest) > newestWithin {
		return fmt.Errorf("%w: it says %s, and the newest row from Microsoft is of %s; nothing is removed until newer rows come: set the clock right, or see why nothing is collected",
			ErrClock, day.Format(time.DateOnly), newest.Format(time.DateOnly))
	}
	return nil
}

// Expire removes the rows that are out of date and held by nothing. It returns the
// tombstone, or nil if there was nothing to remove and the terms are those of the
// run before. What it has done when ctx ends, or when it fails, stays done and is in
// the tombstone; a table whose files cannot be read keeps all its rows.
func (l *Lake) Expire(ctx context.Context, terms Terms) (*Tombstone, error) {
	l.compactMu.Lock()
	defer l.compactMu.Unlock()
	terms.Day, terms.Holds = retention.Day(terms.Day), retention.SortHolds(terms.Holds)
	if len(terms.Policy.Rules()) > 0 {
		if err := l.checkClock(terms.Day); err != nil {
			return nil, fmt.Errorf("expire: %w", err)
		}
	}
	last, changed := l.lastFinished(terms), l.changes(terms)
	if !changed && !l.anythingDue(terms, last) {
		return nil, nil
	}
	run, err := l.beginRun(ctx, terms)
	if err != nil {
		return nil, fmt.Errorf("expire: %w", err)
	}
	// What was in memory goes to files, and nothing more that is out of date comes.
	if err = l.Flush(ctx); err == nil {
		err = l.expireTables(ctx, run, terms, last)
	}
	if err == nil {
		run.Ended = l.config.Clock.Now().UTC()
	}
	if writeErr := run.write(&l.config); writeErr != nil {
		err = errors.Join(err, writeErr)
		l.unwritten = run
	}
	l.install(run)
	if err == nil {
		err = l.forgetKeys(ctx, run, changed)
	}
	done := run.clone()
	if err != nil {
		return &done, fmt.Errorf("expire: %w", err)
	}
	return &done, nil
}

// Preview says what Expire would remove now from files; rows in memory are not
// looked at.
func (l *Lake) Preview(ctx context.Context, terms Terms) ([]Removal, error) {
	l.compactMu.Lock()
	defer l.compactMu.Unlock()
	terms.Day, terms.Holds = retention.Day(terms.Day), retention.SortHolds(terms.Holds)
	last, removals := l.lastFinished(terms), []Removal{}
	for _, t := range l.order {
		plan, err := l.planTable(ctx, t, terms, last)
		if err != nil {
			return removals, fmt.Errorf("preview expiry of table %s: %w", t.schema.Name, err)
		}
		if plan != nil {
			removals = append(removals, plan.removal)
		}
	}
	return removals, nil
}

// changes says whether the terms are others than those of the last run.
func (l *Lake) changes(terms Terms) bool {
	last := l.Floors().Last()
	if last == nil {
		return len(terms.Policy.Rules()) > 0
	}
	return !last.SameTerms(terms.Policy, terms.Holds)
}

// anythingDue says whether a file is to be looked at.
func (l *Lake) anythingDue(terms Terms, last *retention.Floor) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.order, func(t *tableState) bool {
		rules, _ := terms.Policy.ForTable(t.schema.Name)
		return slices.ContainsFunc(t.files.files, func(f File) bool { return dueSince(rules, f.MinTime, terms.Day, last) })
	})
}

// beginRun makes the floor of a run durable and lets it begin between two batches.
func (l *Lake) beginRun(ctx context.Context, terms Terms) (*Tombstone, error) {
	l.applyMu.Lock()
	defer l.applyMu.Unlock()
	l.mu.Lock()
	err, applied := l.usable(), l.applied
	run := &Tombstone{Run: 1}
	if n := len(l.tombstones); n > 0 {
		run.Run = l.tombstones[n-1].Run + 1
	}
	l.mu.Unlock()
	if err = errors.Join(err, ctx.Err()); err != nil {
		return nil, err
	}
	if l.unwritten != nil { // its end must be known before another one may begin
		if err := l.unwritten.write(&l.config); err != nil {
			return nil, err
		}
		l.unwritten = nil
	}
	run.Began, run.Tables = l.config.Clock.Now().UTC(), []Removal{}
	run.Floor = retention.Floor{Day: terms.Day, Rules: terms.Policy.Rules(), Holds: terms.Holds, Position: applied, Done: map[string]bool{}}
	if err := run.write(&l.config); err != nil {
		// It may be there. The next run takes its number and writes over it.
		return nil, err
	}
	l.install(run)
	return run, nil
}

// install shows a tombstone and puts its floor in force.
func (l *Lake) install(run *Tombstone) {
	shown := run.clone()
	l.mu.Lock()
	defer l.mu.Unlock()
	all := slices.DeleteFunc(slices.Clone(l.tombstones), func(t *Tombstone) bool { return t.Run == shown.Run })
	all = append(all, &shown)
	floors, err := floorsOf(all)
	if err != nil {
		l.logger.Error("the rules of a run of retention cannot be read", "error", err) // they were made from a policy
		return
	}
	keys, err := erasedKeys(l.erasures)
	if err != nil {
		l.logger.Error("the keys of an erasure cannot be read", "error", err) // they were made from keys
		return
	}
	l.tombstones, l.floors = all, floors.WithErased(keys)
}

// expireTables removes the rows of all tables. A table that fails keeps its rows,
// and the others go on.
func (l *Lake) expireTables(ctx context.Context, run *Tombstone, terms Terms, last *retention.Floor) error {
	var failed error
	for _, t := range l.order {
		plan, err := l.planTable(ctx, t, terms, last)
		if err == nil && plan != nil {
			err = l.removeRows(ctx, run, plan)
		}
		switch {
		case err == nil:
			run.Done[t.schema.Name] = true
		case ctx.Err() != nil, stops(err), errors.Is(err, ErrClosed), errors.Is(err, ErrHoldsChanged):
			return err
		default:
			failed = errors.Join(failed, fmt.Errorf("table %s: %w", t.schema.Name, err))
		}
	}
	return failed
}

// expiryPlan is what goes from one table.
type expiryPlan struct {
	table   *tableState
	judge   *judge
	drop    []File
	rewrite []File
	removal Removal
}

// lastFinished is the floor of the last run, if that got through all tables and
// counted by the same terms: what it looked at needs no further look. It is nil
// otherwise.
func (l *Lake) lastFinished(terms Terms) *retention.Floor {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.tombstones)
	if n == 0 || l.tombstones[n-1].Ended.IsZero() || !l.floors.Last().SameTerms(terms.Policy, terms.Holds) {
		return nil
	}
	return l.floors.Last()
}

// planTable says what goes from a table, nil if nothing does and no hold keeps
// anything. last is a run after which files may be left out that say the same now as
// then; nil has every file looked at.
func (l *Lake) planTable(ctx context.Context, t *tableState, terms Terms, last *retention.Floor) (*expiryPlan, error) {
	rules, _ := terms.Policy.ForTable(t.schema.Name)
	if len(rules) == 0 {
		return nil, nil
	}
	l.mu.Lock()
	files := t.files.files
	l.mu.Unlock()
	plan := &expiryPlan{table: t, judge: &judge{subjects: newSubjects(t, terms), terms: terms}, removal: Removal{Table: t.schema.Name, Rules: []RowsBy{}, Held: []RowsBy{}}}
	for _, f := range files {
		if !dueSince(rules, f.MinTime, terms.Day, last) {
			continue
		}
		if err := l.planFile(ctx, plan, f); err != nil {
			return nil, err
		}
	}
	if plan.removal.Rows == 0 && len(plan.removal.Held) == 0 {
		return nil, nil
	}
	plan.removal.Dropped, plan.removal.Rewritten = len(plan.drop), len(plan.rewrite)
	return plan, nil
}

// dueSince says whether rows of a time are out of date by any of the rules, and by
// one of them only since the last run.
func dueSince(rules []*retention.Rule, at, day time.Time, last *retention.Floor) bool {
	return slices.ContainsFunc(rules, func(r *retention.Rule) bool {
		return at.Before(r.Keep.Cutoff(day)) && (last == nil || !at.Before(r.Keep.Cutoff(last.Day)))
	})
}

// planFile counts the rows of a file that go, and what becomes of it.
func (l *Lake) planFile(ctx context.Context, plan *expiryPlan, f File) error {
	removed, r := int64(0), &plan.removal
	err := l.files.readSome(ctx, f, plan.table.columns, plan.judge.needed(plan.table), func(b batch) error {
		hash := newRowHash(b, len(plan.table.columns))
		for row := range b.rows {
			s, rule, hold := plan.judge.row(b.records, row)
			switch {
			case hold != nil:
				r.Held = countRow(r.Held, hold.ID, s.Time)
			case rule != nil:
				r.Rules = countRow(r.Rules, rule.Name, s.Time)
				r.Digest.Add(hash.of(row, s.Time))
				removed++
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return fmt.Errorf("read %w", err)
	}
	r.Rows += removed
	switch removed {
	case 0:
	case f.Rows:
		plan.drop = append(plan.drop, f)
		r.Bytes += f.Bytes
	default:
		plan.rewrite = append(plan.rewrite, f)
	}
	return nil
}

// rowHash is what identifies a row in the digest of a removal.
type rowHash struct{ high, low, digest *array.Int64 }

func newRowHash(b batch, columns int) rowHash {
	hidden := columns - hiddenColumns
	return rowHash{b.records.Column(hidden + 1).(*array.Int64), b.records.Column(hidden + 2).(*array.Int64), b.records.Column(hidden + 3).(*array.Int64)}
}

func (h rowHash) of(row int, at time.Time) model.RowSum {
	key, digest := keyOf(h.high.Value(row), h.low.Value(row), h.digest.Value(row))
	text := make([]byte, 0, 32)
	text = append(append(text, key[:]...), digest[:]...)
	return sha256.Sum256(binary.BigEndian.AppendUint64(text, uint64(at.UnixMicro())))
}

// removeRows writes what is left of files in part out of date, tells the tombstone,
// and commits.
func (l *Lake) removeRows(ctx context.Context, run *Tombstone, plan *expiryPlan) error {
	if plan.removal.Rows == 0 { // holds keep it all
		run.Tables = append(run.Tables, plan.removal)
		return nil
	}
	var written []File
	defer func() { l.stopWriting(written) }()
	for _, f := range plan.rewrite {
		left, err := l.rewrite(ctx, plan, f)
		written = append(written, left...)
		if err != nil {
			l.discard(written)
			return err
		}
		plan.removal.Bytes += f.Bytes
	}
	for _, f := range written {
		plan.removal.Bytes -= f.Bytes
	}
	run.Tables = append(run.Tables, plan.removal)
	err := plan.judge.terms.askAgain(ctx)
	if err == nil {
		err = run.write(&l.config)
	}
	if err == nil {
		err = l.commitExpiry(ctx, run, plan, written)
	}
	if stops(err) {
		return err // the next start finds out
	}
	if err != nil {
		run.Tables = run.Tables[:len(run.Tables)-1]
		l.discard(written)
	}
	return err
}

// rewrite writes the rows of a file that stay into new ones.
func (l *Lake) rewrite(ctx context.Context, plan *expiryPlan, f File) ([]File, error) {
	m := &merge{lake: l, job: &job{plan.table, dayOf(f.MinTime.UnixMicro()), []File{f}}, gone: func(b batch, row int) bool {
		_, rule, _ := plan.judge.row(b.records, row)
		return rule != nil
	}}
	err := m.run(ctx)
	if err != nil {
		return m.written, fmt.Errorf("rewrite %s: %w", f.Path, err)
	}
	return m.written, nil
}

func (l *Lake) commitExpiry(ctx context.Context, run *Tombstone, plan *expiryPlan, added []File) error {
	l.flushMu.Lock()
	defer l.flushMu.Unlock()
	t := plan.table
	l.mu.Lock()
	err := l.usable()
	position := t.committed
	l.mu.Unlock()
	if err != nil {
		return err
	}
	if err := l.atStep("expiry planned"); err != nil {
		return err
	}
	removed := slices.Concat(plan.drop, plan.rewrite)
	c := change{added: added, removed: removed, drops: true, alone: true, notes: map[string]string{propertyRun: strconv.FormatUint(run.Run, 10)}}
	if err := l.commit(ctx, t, c, position); err != nil {
		return err
	}
	run.Done[t.schema.Name] = true
	l.install(run) // before rows are seen to be gone
	l.exchange(t, removed, added)
	l.sweepExpired(t)
	needed := l.needed()
	t.expired = t.expired || slices.ContainsFunc(removed, func(f File) bool { return needed[f.Path] })
	return nil
}

// forgetShare is the part of all keys, as one in so many, that removed records may
// have before the keys are read anew from the rows.
const forgetShare = 8

// forgetKeys lets go of the keys of records that are gone, once there are many or
// the terms have changed: a record that is to be kept now may come again.
func (l *Lake) forgetKeys(ctx context.Context, run *Tombstone, changed bool) error {
	if err := l.loadKeys(ctx); err != nil {
		return err
	}
	l.flushMu.Lock()
	entries, removed := int64(0), int64(0)
	for _, ref := range l.keys.manifest.Runs {
		entries += ref.Entries
	}
	for _, r := range run.Tables {
		removed += r.Rows
	}
	l.keysExpired += removed
	due := changed || l.keysExpired*forgetShare > entries
	l.flushMu.Unlock()
	if !due {
		return nil
	}
	if err := l.rebuildKeys(ctx); err != nil {
		return fmt.Errorf("forget keys: %w", err)
	}
	l.keysExpired = 0
	return nil
}
