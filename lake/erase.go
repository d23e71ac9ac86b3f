package lake

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/schema"
)

// Erasure. The records of one person go by their keys, whatever table they are in.
// A tombstone with the keys is made durable first, and from then on no record that
// has one of them is taken: not when it is delivered again, and not by a replay. Keys
// are hashes of what Microsoft numbers records by, and tell nothing of whom they are.

// Erasure is what one erasure removed. It stays for ever, as a Tombstone does.
type Erasure struct {
	// Sequence is that of the certificate of erasure.
	Sequence int       `json:"sequence"`
	Began    time.Time `json:"began"` // UTC
	// Ended is when all tables were done; zero until then.
	Ended time.Time `json:"ended,omitzero"`
	// Keys are those of the records, in hexadecimal.
	Keys   []string     `json:"keys"`
	Tables []ErasedRows `json:"tables"`
}

// ErasedRows is what was removed from one table.
type ErasedRows struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
	// Digest is the sum over the rows that are gone, as that of a Removal.
	Digest    model.RowSum `json:"digest"`
	Dropped   int          `json:"dropped"`   // files that went as a whole
	Rewritten int          `json:"rewritten"` // files that were written again without the rows
}

const (
	erasureSuffix = ".erasure.json"
	// maxErasure bounds the file of an erasure, which has 35 bytes for each record: one
	// that could be written and not be read would keep the lake from being opened.
	maxErasure = 1 << 30
)

func (c *Config) erasurePath(sequence int) string {
	return strings.TrimSuffix(c.tombstonePath(uint64(sequence)), tombstoneSuffix) + erasureSuffix
}

// readErasures returns all of them, the oldest first. One that cannot be read is an
// error: without it, what it keeps out would come back.
func readErasures(c *Config) ([]*Erasure, error) {
	disk := c.files().disk
	entries, err := disk.ReadDir(c.tombstoneDir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list erasures: %w", err)
	}
	var all []*Erasure
	for _, entry := range entries {
		digits, ok := strings.CutSuffix(entry.Name(), erasureSuffix)
		sequence, err := strconv.Atoi(digits)
		if !ok || err != nil {
			continue
		}
		path := c.erasurePath(sequence)
		text, err := durable.ReadFile(disk, path, maxErasure)
		if err != nil {
			return nil, fmt.Errorf("read erasure %s: %w", path, err)
		}
		e := &Erasure{}
		err = json.Unmarshal(text, e)
		if err == nil {
			_, err = e.keys()
		}
		if err != nil || e.Sequence != sequence {
			return nil, fmt.Errorf("read erasure %s: it is damaged (%v); put it back from a backup: without it, what was erased would be taken again", path, err)
		}
		all = append(all, e)
	}
	return all, nil // names sort as numbers
}

func (e *Erasure) keys() (map[schema.Key]struct{}, error) {
	keys := make(map[schema.Key]struct{}, len(e.Keys))
	for _, text := range e.Keys {
		b, err := hex.DecodeString(text)
		if err != nil || len(b) != len(schema.Key{}) {
			return nil, fmt.Errorf("%q is no key", text)
		}
		keys[schema.Key(b)] = struct{}{}
	}
	return keys, nil
}

func (e *Erasure) write(c *Config) error {
	text, err := json.Marshal(e)
	if err == nil && len(text) >= maxErasure {
		err = fmt.Errorf("%d records are more than one erasure can have", len(e.Keys))
	}
	if err == nil {
		err = durable.MkdirAll(c.files().disk, c.tombstoneDir(), 0o750)
	}
	if err == nil {
		err = durable.WriteFile(c.files().disk, c.erasurePath(e.Sequence), append(text, '\n'), 0o640)
	}
	if err != nil {
		return fmt.Errorf("write the tombstone of erasure %d: %w", e.Sequence, err)
	}
	return nil
}

// KeepOut writes the tombstone of an erasure that was carried out elsewhere, unless it
// is there, for a lake that is to be built in config.Dir: no record is taken that has
// one of the keys.
func KeepOut(config Config, sequence int, at time.Time, keys []schema.Key) error {
	dir, err := TombstonesOf(config)
	if err != nil {
		return err
	}
	config.Tombstones = dir
	e := &Erasure{Sequence: sequence, Began: at, Ended: at, Keys: []string{}, Tables: []ErasedRows{}}
	for _, key := range keys {
		e.Keys = append(e.Keys, hex.EncodeToString(key[:]))
	}
	_, err = config.files().disk.Stat(config.erasurePath(sequence))
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return e.write(&config)
}

// erasedKeys are the keys of all erasures.
func erasedKeys(all []*Erasure) (map[schema.Key]struct{}, error) {
	keys := map[schema.Key]struct{}{}
	for _, e := range all {
		own, err := e.keys()
		if err != nil {
			return nil, fmt.Errorf("erasure %d: %w", e.Sequence, err)
		}
		for key := range own {
			keys[key] = struct{}{}
		}
	}
	return keys, nil
}

// Erasures returns what was erased, the oldest first.
func (l *Lake) Erasures() []Erasure {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Erasure, len(l.erasures))
	for i, e := range l.erasures {
		out[i] = *e
		out[i].Tables = slices.Clone(e.Tables)
	}
	return out
}

// Erase removes all rows of records with some keys from all tables, and takes no
// such record any more. After an error or a crash the same call goes on: what is gone
// is gone, and the tombstone keeps the rest from coming back.
func (l *Lake) Erase(ctx context.Context, sequence int, keys []schema.Key) (*Erasure, error) {
	l.compactMu.Lock()
	defer l.compactMu.Unlock()
	e, err := l.beginErasure(ctx, sequence, keys)
	if err != nil {
		return nil, fmt.Errorf("erase: %w", err)
	}
	gone, err := e.keys()
	if err == nil {
		err = l.Flush(ctx) // what was in memory goes to files
	}
	for _, t := range l.order {
		if err == nil {
			err = l.eraseFrom(ctx, t, e, gone)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("erase: %w", err)
	}
	e.Ended = l.config.Clock.Now().UTC()
	if err := e.write(&l.config); err != nil {
		return nil, err
	}
	done := *e
	return &done, l.installErasure(e)
}

// beginErasure makes the tombstone durable, or takes the one that is there, and lets
// it begin between two batches.
func (l *Lake) beginErasure(ctx context.Context, sequence int, keys []schema.Key) (*Erasure, error) {
	l.applyMu.Lock()
	defer l.applyMu.Unlock()
	l.mu.Lock()
	err := l.usable()
	at := slices.IndexFunc(l.erasures, func(e *Erasure) bool { return e.Sequence == sequence })
	e := &Erasure{Sequence: sequence, Began: l.config.Clock.Now().UTC(), Tables: []ErasedRows{}}
	if at >= 0 {
		e.Began, e.Tables = l.erasures[at].Began, slices.Clone(l.erasures[at].Tables)
	}
	l.mu.Unlock()
	if err = errors.Join(err, ctx.Err()); err != nil {
		return nil, err
	}
	for _, key := range keys {
		e.Keys = append(e.Keys, hex.EncodeToString(key[:]))
	}
	slices.Sort(e.Keys)
	if err := e.write(&l.config); err != nil {
		return nil, err
	}
	return e, l.installErasure(e)
}

// installErasure shows an erasure and puts it in force.
func (l *Lake) installErasure(e *Erasure) error {
	shown := *e
	shown.Tables = slices.Clone(e.Tables)
	l.mu.Lock()
	defer l.mu.Unlock()
	all := slices.DeleteFunc(slices.Clone(l.erasures), func(o *Erasure) bool { return o.Sequence == e.Sequence })
	all = append(all, &shown)
	keys, err := erasedKeys(all)
	if err != nil {
		return err
	}
	l.erasures, l.floors = all, l.floors.WithErased(keys)
	return nil
}

// eraseFrom removes the rows of one table.
func (l *Lake) eraseFrom(ctx context.Context, t *tableState, e *Erasure, gone map[schema.Key]struct{}) error {
	l.mu.Lock()
	files := t.files.files
	l.mu.Unlock()
	rows := ErasedRows{Table: t.schema.Name}
	var removed, written []File
	defer func() { l.stopWriting(written) }()
	for _, f := range files {
		n, err := l.countErased(ctx, t, f, gone, &rows.Digest)
		if err == nil && n > 0 && n < f.Rows {
			var left []File
			left, err = l.writeWithout(ctx, t, f, gone)
			written = append(written, left...)
			rows.Rewritten++
		}
		if err != nil {
			l.discard(written)
			return fmt.Errorf("table %s: %w", t.schema.Name, err)
		}
		if n == f.Rows && n > 0 {
			rows.Dropped++
		}
		if n > 0 {
			removed, rows.Rows = append(removed, f), rows.Rows+n
		}
	}
	if len(removed) == 0 {
		return nil
	}
	err := l.commitErasure(ctx, t, e, removed, written)
	if err != nil && !stops(err) { // where it does, the next start finds out
		l.discard(written)
	}
	if err != nil {
		return fmt.Errorf("table %s: %w", t.schema.Name, err)
	}
	e.Tables = append(e.Tables, rows)
	return e.write(&l.config)
}

func erasedRow(b batch, columns, row int, gone map[schema.Key]struct{}) bool {
	hidden := columns - hiddenColumns
	high, low := b.records.Column(hidden+1).(*array.Int64), b.records.Column(hidden+2).(*array.Int64)
	key, _ := keyOf(high.Value(row), low.Value(row), 0)
	_, found := gone[key]
	return found
}

// countErased counts the rows of a file that go, and adds them up.
func (l *Lake) countErased(ctx context.Context, t *tableState, f File, gone map[schema.Key]struct{}, digest *model.RowSum) (n int64, err error) {
	timeColumn := t.timeColumn()
	names := []string{ColumnKeyHigh, ColumnKeyLow, ColumnDigest, t.columns[timeColumn].name}
	err = l.files.readSome(ctx, f, t.columns, names, func(b batch) error {
		hash := newRowHash(b, len(t.columns))
		times := b.records.Column(timeColumn).(*array.Timestamp)
		for row := range b.rows {
			if erasedRow(b, len(t.columns), row, gone) {
				digest.Add(hash.of(row, time.UnixMicro(int64(times.Value(row))).UTC()))
				n++
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return 0, fmt.Errorf("read %w", err)
	}
	return n, nil
}

// writeWithout writes the rows of a file that stay into new ones.
func (l *Lake) writeWithout(ctx context.Context, t *tableState, f File, gone map[schema.Key]struct{}) ([]File, error) {
	m := &merge{lake: l, job: &job{t, dayOf(f.MinTime.UnixMicro()), []File{f}}, gone: func(b batch, row int) bool {
		return erasedRow(b, len(t.columns), row, gone)
	}}
	if err := m.run(ctx); err != nil {
		return m.written, fmt.Errorf("rewrite %s: %w", f.Path, err)
	}
	return m.written, nil
}

// propertyErasure is the property, in the summary of a snapshot, of the erasure that
// made it.
const propertyErasure = "quoll.erasure"

// commitErasure exchanges files, and lets all older snapshots go, whose files have
// what was erased.
func (l *Lake) commitErasure(ctx context.Context, t *tableState, e *Erasure, removed, added []File) error {
	l.flushMu.Lock()
	defer l.flushMu.Unlock()
	l.mu.Lock()
	err, position := l.usable(), t.committed
	l.mu.Unlock()
	if err != nil {
		return err
	}
	if err := l.atStep("erasure planned"); err != nil {
		return err
	}
	c := change{added: added, removed: removed, drops: true, alone: true, notes: map[string]string{propertyErasure: strconv.Itoa(e.Sequence)}}
	if err := l.commit(ctx, t, c, position); err != nil {
		return err
	}
	l.exchange(t, removed, added)
	l.sweepExpired(t)
	needed := l.needed()
	t.expired = t.expired || slices.ContainsFunc(removed, func(f File) bool { return needed[f.Path] })
	return nil
}

// HasKeys reports whether a data file, as bytes, has rows of records with some keys.
func HasKeys(data []byte, keys map[schema.Key]struct{}) (has bool, err error) {
	defer damaged("read data file", &err)
	reader, err := file.NewParquetReader(bytes.NewReader(data))
	if err != nil {
		return false, fmt.Errorf("read data file: %w", err)
	}
	defer reader.Close()
	for i := range reader.NumRowGroups() {
		group := reader.RowGroup(i)
		high, err := readInt64(group, int64(len(data)), ColumnKeyHigh)
		if err != nil {
			return false, fmt.Errorf("read data file: %w", err)
		}
		low, err := readInt64(group, int64(len(data)), ColumnKeyLow)
		if err != nil {
			return false, fmt.Errorf("read data file: %w", err)
		}
		for row := range high {
			key, _ := keyOf(high[row], low[row], 0)
			if _, found := keys[key]; found {
				return true, nil
			}
		}
	}
	return false, nil
}
