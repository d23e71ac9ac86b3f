package lake

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/internal/icebergtable"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/retention"
)

// Tombstone is what one run of retention removed. It stays for ever: it is what
// tells rows that were let go of from rows that were lost.
type Tombstone struct {
	// Run numbers the runs that removed something or changed the terms, from 1.
	Run   uint64    `json:"run"`
	Began time.Time `json:"began"` // UTC
	// Ended is when the run had got through all tables; zero until then, and for
	// one that was broken off.
	Ended time.Time `json:"ended,omitzero"`
	retention.Floor
	// Tables are those that lost rows, or in which holds kept some.
	Tables []Removal `json:"tables"`
	// Recorded is the journal position of Quoll's own act that tells of the run,
	// from where it comes under the archive's log; 0 until then.
	Recorded uint64 `json:"recorded,omitempty"`
}

// Removal is what was removed from one table.
type Removal struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
	// Digest is the sum of a SHA-256 for each row that is gone: over its key, its
	// digest and its TimeGenerated in microseconds, big-endian.
	Digest model.RowSum `json:"digest"`
	// Dropped files went as a whole, Rewritten ones were written again without the
	// rows. Bytes is by how much the table's files are smaller.
	Dropped   int   `json:"dropped"`
	Rewritten int   `json:"rewritten"`
	Bytes     int64 `json:"bytes"`
	// Rules are the rows that are gone by the rule that won, Held those that were
	// out of date and that a hold kept, by the hold.
	Rules []RowsBy `json:"rules"`
	Held  []RowsBy `json:"held"`
}

// RowsBy is rows by rule or by hold, with the first and the last TimeGenerated.
type RowsBy struct {
	Name   string    `json:"name"`
	Rows   int64     `json:"rows"`
	Oldest time.Time `json:"oldest"`
	Newest time.Time `json:"newest"`
}

// countRow counts a row under a name.
func countRow(list []RowsBy, name string, at time.Time) []RowsBy {
	i := slices.IndexFunc(list, func(r RowsBy) bool { return r.Name == name })
	if i < 0 {
		return append(list, RowsBy{name, 1, at, at})
	}
	r := &list[i]
	r.Rows++
	if at.Before(r.Oldest) {
		r.Oldest = at
	}
	if at.After(r.Newest) {
		r.Newest = at
	}
	return list
}

// Sum is the SHA-256, in hexadecimal, of the tombstone's JSON without what it says of the
// log: that of jq -c 'del(.recorded)' over its file. The act by which a run comes under
// the log has it in its name.
func (t *Tombstone) Sum() (string, error) {
	c := t.clone()
	c.Recorded = 0
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(c); err != nil {
		return "", fmt.Errorf("sum tombstone %d: %w", t.Run, err)
	}
	sum := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(sum[:]), nil
}

func (t *Tombstone) clone() Tombstone {
	c := *t
	c.Done = map[string]bool{}
	for table := range t.Done {
		c.Done[table] = true
	}
	c.Tables = slices.Clone(t.Tables)
	return c
}

const (
	tombstoneSuffix = ".tombstone.json"
	maxTombstone    = 64 << 20
)

func (c *Config) tombstoneDir() string {
	return cmp.Or(c.Tombstones, filepath.Clean(c.Dir)+"-tombstones")
}

// TombstonesOf returns the folder of the tombstones of the lake in config.Dir, for one
// that is built elsewhere to take its place.
func TombstonesOf(config Config) (string, error) {
	dir, err := filepath.Abs(config.Dir)
	if err != nil {
		return "", fmt.Errorf("find tombstones of %s: %w", config.Dir, err)
	}
	config.Dir = dir
	return config.tombstoneDir(), nil
}

func (c *Config) tombstonePath(run uint64) string {
	return filepath.Join(c.tombstoneDir(), fmt.Sprintf("%020d%s", run, tombstoneSuffix))
}

// readTombstones returns all of them, the oldest first. One that cannot be read is
// an error: without it, what it tells of would be taken for lost.
func readTombstones(c *Config) ([]*Tombstone, error) {
	disk := c.files().disk
	entries, err := disk.ReadDir(c.tombstoneDir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list tombstones: %w", err)
	}
	var all []*Tombstone
	for _, entry := range entries {
		digits, ok := strings.CutSuffix(entry.Name(), tombstoneSuffix)
		run, err := strconv.ParseUint(digits, 10, 64)
		if !ok || err != nil {
			continue
		}
		path := c.tombstonePath(run)
		text, err := durable.ReadFile(disk, path, maxTombstone)
		if err != nil {
			return nil, fmt.Errorf("read tombstone %s: %w", path, err)
		}
		t := &Tombstone{}
		if err := json.Unmarshal(text, t); err != nil || t.Run != run {
			return nil, fmt.Errorf("read tombstone %s: it is damaged (%v); put it back from a backup: without it, rows that were let go of would be taken for lost", path, err)
		}
		if t.Done == nil {
			t.Done = map[string]bool{}
		}
		all = append(all, t)
	}
	return all, nil // names sort as numbers
}

// write makes the tombstone durable as it is now.
func (t *Tombstone) write(c *Config) error {
	text, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("write tombstone %d: %w", t.Run, err)
	}
	if err := durable.MkdirAll(c.files().disk, c.tombstoneDir(), 0o750); err != nil {
		return fmt.Errorf("write tombstone %d: %w", t.Run, err)
	}
	if err := durable.WriteFile(c.files().disk, c.tombstonePath(t.Run), append(text, '\n'), 0o640); err != nil {
		return fmt.Errorf("write tombstone %d: %w", t.Run, err)
	}
	return nil
}

// propertyRun is the property, in the summary of every snapshot since, of the last
// run of retention that removed rows of the table. It is committed with the removal,
// and so tells after a crash whether that happened.
const propertyRun = "quoll.retention-run"

// lastRun returns the last run whose removal the table has.
func lastRun(t *icebergtable.Table) uint64 {
	for s := t.Current(); s != nil; s = t.Metadata().Before(s) {
		if run, err := strconv.ParseUint(s.Summary[propertyRun], 10, 64); err == nil {
			return run
		}
	}
	return 0
}

// resolve settles what a crash left open: a planned removal that was not committed
// has not happened. It says whether that changed the tombstone.
func (t *Tombstone) resolve(committed func(table string) uint64) (changed bool) {
	if !t.Ended.IsZero() {
		return false
	}
	t.Tables = slices.DeleteFunc(t.Tables, func(r Removal) bool {
		if t.Done[r.Table] {
			return false
		}
		changed = true
		if t.Done[r.Table] = committed(r.Table) >= t.Run; !t.Done[r.Table] {
			delete(t.Done, r.Table)
			return true
		}
		return false
	})
	return changed
}

// loadTombstones reads what was removed, and settles what a crash left open.
func (l *Lake) loadTombstones() error {
	all, err := readTombstones(&l.config)
	if err != nil {
		return err
	}
	for _, t := range all {
		changed := t.resolve(func(table string) uint64 {
			if state, ok := l.tables[table]; ok {
				return lastRun(state.iceberg)
			}
			return 0
		})
		if changed {
			if err := t.write(&l.config); err != nil {
				return err
			}
		}
	}
	floors, err := floorsOf(all)
	if err != nil {
		return err
	}
	erasures, err := readErasures(&l.config)
	if err != nil {
		return err
	}
	keys, err := erasedKeys(erasures)
	if err != nil {
		return err
	}
	l.tombstones, l.erasures, l.floors = all, erasures, floors.WithErased(keys)
	return nil
}

func floorsOf(all []*Tombstone) (*retention.Floors, error) {
	runs := make([]retention.Floor, len(all))
	for i, t := range all {
		runs[i] = t.clone().Floor
	}
	floors, err := retention.NewFloors(runs)
	if err != nil {
		return nil, fmt.Errorf("read tombstones: %w", err)
	}
	return floors, nil
}

// ReadFloors returns what past runs removed from the lake in config.Dir, which is
// closed. committed says of a table the last run whose removal it has, as Check
// found it.
func ReadFloors(config Config, committed func(table string) uint64) (*retention.Floors, error) {
	all, err := readTombstones(&config)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		t.resolve(committed)
	}
	floors, err := floorsOf(all)
	if err != nil {
		return nil, err
	}
	erasures, err := readErasures(&config)
	if err != nil {
		return nil, err
	}
	keys, err := erasedKeys(erasures)
	if err != nil {
		return nil, err
	}
	return floors.WithErased(keys), nil
}

// Floors returns what past runs removed.
func (l *Lake) Floors() *retention.Floors {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.floors
}

// Tombstones returns what past runs removed, the oldest first.
func (l *Lake) Tombstones() []Tombstone {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Tombstone, len(l.tombstones))
	for i, t := range l.tombstones {
		out[i] = t.clone()
	}
	return out
}

// Record notes the journal position of the act that tells of a run.
func (l *Lake) Record(ctx context.Context, run, position uint64) error {
	l.compactMu.Lock() // a run that is under way writes its tombstone as well
	defer l.compactMu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	at := slices.IndexFunc(l.tombstones, func(t *Tombstone) bool { return t.Run == run })
	var noted Tombstone
	if at >= 0 {
		noted = l.tombstones[at].clone()
	}
	l.mu.Unlock()
	if at < 0 {
		return fmt.Errorf("record run %d: there is no such run", run)
	}
	noted.Recorded = position
	if err := noted.write(&l.config); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tombstones[at].Recorded = position
	return nil
}
