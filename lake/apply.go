package lake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quoll/quoll/schema"
)

// Batch is what one journal entry became.
type Batch struct {
	Position uint64
	// Ingested is the present time: what ingestion_time() of the rows will be.
	// The lake makes it grow with every batch, whatever the clock does.
	Ingested time.Time
	// Received is when the entry arrived; zero is as Ingested. Rows that do not say
	// when they happened are as old as that to retention, also when a replay makes
	// them anew.
	Received time.Time
	Records  []schema.Record
}

// Applied says what became of a batch. Every record is counted once, under the
// first of Added, Revisions, Duplicates, Expired and Replayed that fits it.
type Applied struct {
	Records int
	// Added records gave at least one new row.
	Added int
	// Revisions are records that are known with other content. An audit record
	// is kept in UnifiedAuditLogRevisions; other rows are dropped.
	Revisions int
	// Expired records are out of date by what retention removed, or were erased, and
	// are not taken.
	Expired int
	// Duplicates are records that are known with the same content.
	Duplicates int
	// Replayed records were in files already when the journal was read again.
	Replayed int
	// Rows is the new rows by table.
	Rows map[string]int
}

// outcome is what becomes of the rows of a record in one table.
type outcome uint8

const (
	outcomeReplayed outcome = iota
	outcomeExpired
	outcomeDuplicate
	outcomeDropped // a revision that has no table to go to
	outcomeRevision
	outcomeAdded
)

// Apply adds the rows of a batch; they are visible when it returns. Batches
// must come in the order of their positions: one at or below the last position
// is taken for a repetition and ignored. Apply waits while twice
// Config.FreshBytes are in memory; it returns an error, and has changed
// nothing, if ctx ends before, if the rows in memory cannot be written, or
// (ErrInvalidRow) if a row fits no table.
func (l *Lake) Apply(ctx context.Context, b Batch) (Applied, error) {
	l.applyMu.Lock()
	defer l.applyMu.Unlock()
	for i := range b.Records {
		if err := l.validate(&b.Records[i]); err != nil {
			return Applied{}, fmt.Errorf("apply position %d: record %d: %w", b.Position, i, err)
		}
	}
	if err := l.loadKeys(ctx); err != nil {
		return Applied{}, fmt.Errorf("apply position %d: %w", b.Position, err)
	}
	if err := l.lockWithKeys(ctx, b.Records); err != nil {
		return Applied{}, fmt.Errorf("apply position %d: %w", b.Position, err)
	}
	defer l.mu.Unlock()
	result := Applied{Records: len(b.Records), Rows: map[string]int{}}
	if b.Position <= l.applied {
		result.Replayed = len(b.Records)
		return result, nil
	}
	l.lastIngested = later(b.Ingested.UTC().Truncate(time.Microsecond), l.lastIngested)
	l.keys.warm(b.Records)
	for i := range b.Records {
		l.applyRecord(i, &b, &result)
	}
	l.takeOver(&b, &result)
	l.applied = b.Position
	return result, nil
}

// later returns now, or the moment after last if the clock did not move on:
// whoever remembers an ingestion time has seen every row up to it, and none of
// a later batch.
func later(now, last time.Time) time.Time {
	if now.After(last) {
		return now
	}
	return last.Add(time.Microsecond)
}

// validate returns what would make it impossible to store the record.
func (l *Lake) validate(r *schema.Record) error {
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Table == nil {
			return fmt.Errorf("%w: no table", ErrInvalidRow)
		}
		t := l.stateOf(row.Table)
		if t == nil {
			return fmt.Errorf("%w: no table %q", ErrInvalidRow, row.Table.Name)
		}
		if sheet, _ := row.InSheet(); sheet != nil && sheet.Table() != t.schema {
			return fmt.Errorf("%w: the columns are not those of table %s", ErrInvalidRow, row.Table.Name)
		}
		for _, cell := range row.Cells {
			if cell.Column < 0 || cell.Column >= len(t.schema.Columns) {
				return fmt.Errorf("%w: table %s has no column %d", ErrInvalidRow, row.Table.Name, cell.Column)
			}
		}
	}
	return nil
}

// stateOf returns the table of rows, nil if there is none: mostly one of the two that were
// asked for last. The caller holds l.applyMu.
func (l *Lake) stateOf(table *schema.Table) *tableState {
	for _, known := range l.latest {
		if known != nil && known.schema == table {
			return known
		}
	}
	t := l.tables[table.Name]
	if t != nil && t.schema == table {
		l.latest[0], l.latest[1] = t, l.latest[0]
	}
	return t
}

// lockWithKeys takes l.mu once there is room for more rows and what the files of
// keys know of the records is at hand.
func (l *Lake) lockWithKeys(ctx context.Context, records []schema.Record) error {
	for {
		l.mu.Lock()
		version, err := l.keys.version, l.usable()
		l.mu.Unlock()
		if err != nil {
			return err
		}
		found, err := l.keys.probe(records)
		if errors.Is(err, ErrDamaged) {
			l.logger.Warn("a file of keys is damaged; they are read anew from the rows", "error", err)
			if err = l.rebuildKeys(ctx); err == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
		if err := l.lockWithRoom(ctx); err != nil {
			return err
		}
		if l.keys.version == version {
			l.keys.found = found
			return nil
		}
		l.mu.Unlock() // keys went from memory to a file meanwhile
	}
}

// lockWithRoom takes l.mu once there is room for more rows. It starts a flush
// when there is more in memory than there should be.
func (l *Lake) lockWithRoom(ctx context.Context) error {
	for {
		l.mu.Lock()
		if err := l.usable(); err != nil {
			l.mu.Unlock()
			return err
		}
		full := l.full()
		if l.freshBytes >= full && !l.flushing && l.flushErr == nil {
			l.startFlush()
		}
		if l.freshBytes < 2*full {
			return nil
		}
		if err := l.flushErr; err != nil {
			l.flushErr = nil // the next call tries again
			l.mu.Unlock()
			return fmt.Errorf("memory is full and the rows in it cannot be written: %w", err)
		}
		room := l.room
		l.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *Lake) usable() error {
	if l.closed {
		return ErrClosed
	}
	return l.broken
}

// full is from how many bytes of rows in memory on they are flushed. Much of what a flush
// costs is the same whatever it writes: in a rush it writes twice as much. The caller
// holds l.mu.
func (l *Lake) full() int64 {
	if l.rush && l.justFlushed() {
		return 2 * l.config.FreshBytes
	}
	return l.config.FreshBytes
}

// justFlushed says that the last flush that Apply started began less than rushTime ago:
// if another begins by then, it is a rush.
func (l *Lake) justFlushed() bool { return l.config.Clock.Now().Sub(l.flushed) < rushTime }

// rushTime is short enough that rows at the rate of a busy tenant, a thousand a second,
// are no rush, and that few wait longer for a file.
const rushTime = 3 * time.Second

// startFlush flushes in the background. The caller holds l.mu.
func (l *Lake) startFlush() {
	l.rush = l.justFlushed()
	l.flushing, l.flushed = true, l.config.Clock.Now()
	l.background.Go(func() {
		err := l.Flush(context.Background())
		l.mu.Lock()
		defer l.mu.Unlock()
		l.flushing = false
		if err != nil && !errors.Is(err, ErrClosed) {
			l.flushErr = err
			l.logger.Error("flush failed", "error", err)
		}
		l.wakeApply()
	})
}

// wakeApply lets whoever waits for room look again. The caller holds l.mu.
func (l *Lake) wakeApply() {
	close(l.room)
	l.room = make(chan struct{})
}

// applyRecord adds the rows of one record of a batch.
func (l *Lake) applyRecord(number int, b *Batch, result *Applied) {
	r, position := &b.Records[number], b.Position
	l.serial++
	best := outcomeReplayed
	if l.floors.Erased(r.Key) {
		result.Expired++
		return
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		t := l.stateOf(row.Table)
		if t.decision.serial != l.serial {
			t.decision = decision{l.serial, outcomeReplayed}
			if l.floors.Last() == nil || !l.allOutOfDate(t.schema.Name, t.schema.Name, r, b) {
				t.decision.outcome = l.decide(t, r, position)
			} else {
				t.decision.outcome = l.decideOutOfDate(t, r, b)
			}
		}
		best = max(best, t.decision.outcome)
		switch t.decision.outcome {
		case outcomeAdded:
			if l.floors.Last() != nil && l.outOfDate(t.schema.Name, row, b) {
				continue
			}
			if sheet, at := row.InSheet(); sheet != nil {
				l.note(t, sheet, at, number)
				continue
			}
			l.addRow(t, row.Cells, r, position, result)
		case outcomeRevision:
			if l.floors.Last() != nil && l.outOfDate(schema.UnifiedAuditLogRevisions, row, b) {
				continue
			}
			l.addRow(l.tables[schema.UnifiedAuditLogRevisions], revisionCells(row), r, position, result)
		}
	}
	switch best {
	case outcomeAdded:
		result.Added++
	case outcomeRevision, outcomeDropped:
		result.Revisions++
	case outcomeDuplicate:
		result.Duplicates++
	case outcomeExpired:
		result.Expired++
	default:
		result.Replayed++
	}
}

// decide says what becomes of a record's rows in a table, and remembers the
// record if it is new. What a table knows decides first and its position
// second: a replay may meet a table whose rows are in files beside one whose
// rows are lost, and a revision must find its way to the second of them.
func (l *Lake) decide(t *tableState, r *schema.Record, position uint64) outcome {
	switch t.keys.lookUp(r.Key, r.Digest) {
	case sameRecord:
		if position <= t.committed {
			return outcomeReplayed
		}
		return outcomeDuplicate
	case changedRecord:
		if t.schema.Name != schema.UnifiedAuditLog {
			if position <= t.committed {
				return outcomeReplayed
			}
			return outcomeDropped
		}
		return l.decideRevision(r, position)
	}
	if t.schema.Name == schema.UnifiedAuditLog && l.gone.lookUp(r.Key, r.Digest) == changedRecord {
		return l.decideRevision(r, position)
	}
	if position <= t.committed {
		return outcomeReplayed
	}
	t.keys.add(r.Key, r.Digest)
	return outcomeAdded
}

// decideOutOfDate is decide for a record whose rows are not to be in their table. One
// that has other content than the first of its key, which may have gone itself, is a
// revision all the same, and the rules for revisions may keep it.
func (l *Lake) decideOutOfDate(t *tableState, r *schema.Record, b *Batch) outcome {
	if t.schema.Name != schema.UnifiedAuditLog {
		return outcomeExpired
	}
	known := t.keys.lookUp(r.Key, r.Digest)
	if known == unknownRecord {
		known = l.gone.lookUp(r.Key, r.Digest)
	}
	switch {
	case known == unknownRecord:
		l.gone.add(r.Key, r.Digest)
	case known == changedRecord && !l.allOutOfDate(t.schema.Name, schema.UnifiedAuditLogRevisions, r, b):
		return l.decideRevision(r, b.Position)
	}
	return outcomeExpired
}

func (l *Lake) decideRevision(r *schema.Record, position uint64) outcome {
	revisions := l.tables[schema.UnifiedAuditLogRevisions]
	known := revisions.keys.lookUp(r.Key, r.Digest)
	switch {
	case position <= revisions.committed:
		return outcomeReplayed
	case known == sameRecord:
		return outcomeDuplicate
	}
	revisions.keys.add(r.Key, r.Digest)
	return outcomeRevision
}

// revisionCells returns the cells of a row for the table of revisions, which
// has the same columns: only the one that names the table differs.
func revisionCells(row *schema.Row) (cells []schema.Cell) {
	typeColumn, _ := row.Table.Column(typeColumn)
	for column, value := range row.All() {
		if column == typeColumn {
			value = schema.String(schema.UnifiedAuditLogRevisions)
		}
		cells = append(cells, schema.Cell{Column: column, Value: value})
	}
	return cells
}

func (l *Lake) addRow(t *tableState, cells []schema.Cell, r *schema.Record, position uint64, result *Applied) {
	before := t.build.bytes
	t.build.add(cells, rowOrigin{ingested: l.lastIngested, key: r.Key, digest: r.Digest, position: position})
	l.freshBytes += t.build.bytes - before
	t.lastIngested = l.lastIngested
	result.Rows[t.schema.Name]++
	if t.build.full() {
		l.cutAsItIs(t)
	}
}
