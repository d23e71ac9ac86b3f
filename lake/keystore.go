package lake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/schema"
)

// keyStore is the keys of all records: the newest in memory, the others in runs
// on the disk. A key is in a run only when the rows of its record are in files,
// or a crash could leave a key without rows, and the record would be taken for a
// repeat for ever.
type keyStore struct {
	// sealed has keys of rows that are in files or in a flush, for a run to come, or
	// as many as were too few for one at the start; active has all others, also of
	// flushes whose keys are too few for a run. Lake.mu guards both.
	active, sealed *keyIndex
	// found is what the runs know of the records of the batch at hand.
	found  map[schema.Key][]tabled
	warmed uint64 // so that looking is not left out
	// version changes with every change of the runs, under Lake.mu.
	version int

	// runsMu is held for reading while runs are looked into.
	runsMu   sync.RWMutex
	runs     []*keyRun
	manifest keyManifest // guarded by Lake.flushMu
}

func newKeyStore() *keyStore { return &keyStore{active: new(keyIndex), sealed: new(keyIndex)} }

// keyManifest is the file keys/RUNS: which runs there are. Every record whose
// rows come from a journal position up to Position is in one of them.
type keyManifest struct {
	Version  int      `json:"version"`
	Position uint64   `json:"position"`
	Tables   []string `json:"tables"` // the names of the tables' bits
	Runs     []runRef `json:"runs"`
}

type runRef struct {
	File    string  `json:"file"`
	Entries int64   `json:"entries"`
	Records []int64 `json:"records"` // by table
}

const (
	manifestVersion = 1
	maxManifest     = 1 << 20
	// mergedRuns is how many runs of about a size are merged into one.
	mergedRuns = 4
)

// probe asks the runs for the records of a batch.
func (s *keyStore) probe(records []schema.Record) (map[schema.Key][]tabled, error) {
	s.runsMu.RLock()
	defer s.runsMu.RUnlock()
	if len(s.runs) == 0 {
		return nil, nil
	}
	found := map[schema.Key][]tabled{}
	var entries []tabled
	var buffer pageBuffer
	for i := range records {
		e := newKeyEntry(records[i].Key, records[i].Digest)
		entries = entries[:0]
		for _, r := range s.runs {
			var err error
			if entries, err = r.find(&e, &buffer, entries); err != nil {
				return nil, err
			}
		}
		if len(entries) > 0 {
			found[records[i].Key] = slices.Clone(entries)
		}
	}
	return found, nil
}

// warm looks at where the keys of a batch will be looked for. A look-up by itself waits
// for memory; here it waits for many at once.
func (s *keyStore) warm(records []schema.Record) {
	var seen uint64
	for i := range records {
		e := newKeyEntry(records[i].Key, records[i].Digest)
		for _, index := range [...]*keyIndex{s.active, s.sealed} {
			if shard := index.shard(&e); shard.used > 0 {
				at := shard.first(&e)
				seen += uint64(shard.tables[at]) + shard.entries[at].high
			}
		}
	}
	s.warmed = seen
}

// seal moves the keys of rows that are now all part of a flush or in files, if they are
// enough for a run. The caller holds l.mu.
func (s *keyStore) seal(atLeast int) {
	if s.sealed.size()+s.active.size() < atLeast {
		return
	}
	if s.sealed.size() == 0 {
		s.sealed, s.active = s.active, new(keyIndex)
		return
	}
	s.active.all(func(e tabled) { s.sealed.shard(&e.keyEntry).add(e.keyEntry, e.tables) })
	s.active = new(keyIndex)
}

func (l *Lake) keysDir() string { return filepath.Join(l.config.Dir, "keys") }

func (l *Lake) manifestPath() string { return filepath.Join(l.keysDir(), "RUNS") }

// spillKeys writes the keys in memory to a run once there are enough of them.
// All rows up to position are in files. The caller holds l.flushMu; nothing but
// a flush changes what is sealed.
func (l *Lake) spillKeys(position uint64, atLeast int) error {
	sealed := l.keys.sealed
	if sealed.size() < max(atLeast, 1) {
		return nil
	}
	ref, run, err := l.writeKeys(sealed)
	if err != nil {
		return err
	}
	next := l.keys.manifest
	next.Runs = append(slices.Clone(next.Runs), ref)
	next.Position = max(next.Position, position)
	if err := l.installRuns(next, append(slices.Clone(l.keys.runs), run), func() { l.keys.sealed = new(keyIndex) }); err != nil {
		return errors.Join(err, run.file.Close())
	}
	return nil
}

// writeKeys makes a run of keys in memory. Shards are in the order of their keys, so
// that one after the other is sorted.
func (l *Lake) writeKeys(index *keyIndex) (runRef, *keyRun, error) {
	var entries []tabled
	shard, next := 0, 0
	return l.writeRunOf(int64(index.size()), func() (tabled, bool, error) {
		for next == len(entries) {
			if shard == keyShards {
				return tabled{}, false, nil
			}
			entries, next = index.shards[shard].sorted(entries[:0]), 0
			shard++
		}
		next++
		return entries[next-1], true, nil
	})
}

func (l *Lake) writeRunOf(count int64, next func() (tabled, bool, error)) (runRef, *keyRun, error) {
	name, err := newFileName("", uint64(count))
	if err != nil {
		return runRef{}, nil, err
	}
	name = strings.TrimSuffix(name, ".parquet") + ".keys"
	path := filepath.Join(l.keysDir(), name)
	entries, perTable, err := l.files.writeRunFile(path, count, next)
	if err != nil {
		return runRef{}, nil, err
	}
	run, err := l.files.openRun(path)
	return runRef{name, entries, perTable[:len(l.order)]}, run, err
}

// installRuns makes a manifest durable and shows its runs; change is called at
// the same moment. A manifest that was reported as failed may be there: its runs
// are a subset or a merger of those in use, and complete either way.
func (l *Lake) installRuns(next keyManifest, runs []*keyRun, change func()) error {
	next.Version, next.Tables = manifestVersion, nil
	for _, t := range l.order {
		next.Tables = append(next.Tables, t.schema.Name)
	}
	text, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("write keys: %w", err)
	}
	if err := l.files.replace(l.manifestPath(), text); err != nil {
		return fmt.Errorf("write keys: %w", err)
	}
	boundFilters(runs, l.config.KeyFilterBytes)
	l.mu.Lock()
	l.keys.runsMu.Lock()
	l.keys.manifest, l.keys.runs = next, runs
	l.keys.version++
	change()
	l.keys.runsMu.Unlock()
	l.mu.Unlock()
	return nil
}

// boundFilters keeps the filters of the smallest runs in memory, as many as
// there is room for.
func boundFilters(runs []*keyRun, room int64) {
	bySize := slices.Clone(runs)
	slices.SortFunc(bySize, func(a, b *keyRun) int { return a.filterBytes - b.filterBytes })
	for _, r := range bySize {
		if room -= int64(r.filterBytes); room < 0 {
			r.filter = nil
		}
	}
}

// mergeKeys merges runs of about a size, so that a look-up asks few of them. The
// keys of a run that is damaged are read anew from the rows at the next start.
func (l *Lake) mergeKeys(ctx context.Context) error {
	l.compactMu.Lock()
	defer l.compactMu.Unlock()
	l.flushMu.Lock()
	chosen := chooseRuns(l.keys.runs)
	l.flushMu.Unlock()
	if len(chosen) < mergedRuns || ctx.Err() != nil {
		return ctx.Err()
	}
	// Flushes go on meanwhile and add runs; nothing else changes those chosen but
	// a rebuild, which makes this fail.
	var count int64
	for _, r := range chosen {
		count += r.entries
	}
	ref, run, err := l.writeRunOf(count, mergeRuns(chosen))
	if errors.Is(err, ErrDamaged) {
		return errors.Join(err, l.files.remove(l.manifestPath()))
	}
	if err != nil {
		return err
	}
	return l.replaceRuns(chosen, ref, run)
}

// replaceRuns puts a run in the place of those that it was made of.
func (l *Lake) replaceRuns(chosen []*keyRun, ref runRef, run *keyRun) error {
	l.flushMu.Lock()
	defer l.flushMu.Unlock()
	for _, r := range chosen {
		if !slices.Contains(l.keys.runs, r) {
			return errors.Join(errors.New("merge keys: they were read anew meanwhile"), run.file.Close())
		}
	}
	next := keyManifest{Position: l.keys.manifest.Position, Runs: []runRef{ref}}
	runs := []*keyRun{run}
	for i, r := range l.keys.runs {
		if !slices.Contains(chosen, r) {
			next.Runs, runs = append(next.Runs, l.keys.manifest.Runs[i]), append(runs, r)
		}
	}
	if err := l.installRuns(next, runs, func() {}); err != nil {
		return errors.Join(err, run.file.Close())
	}
	var err error
	for _, r := range chosen {
		err = errors.Join(err, r.file.Close(), l.files.disk.Remove(r.path))
	}
	return err
}

// chooseRuns returns the smallest runs of which none is more than twice as large
// as the smaller ones together.
func chooseRuns(runs []*keyRun) []*keyRun {
	bySize := slices.Clone(runs)
	slices.SortFunc(bySize, func(a, b *keyRun) int { return int(a.entries - b.entries) })
	var sum int64
	n := 0
	for i, r := range bySize {
		if r.entries <= 2*sum {
			n = i + 1
		}
		sum += r.entries
	}
	return bySize[:n]
}

// openRuns opens what the manifest names. It returns false when there is none
// that fits the tables: the keys are then read from the rows.
func (l *Lake) openRuns() (bool, error) {
	text, err := durable.ReadFile(l.files.disk, l.manifestPath(), maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read keys: %w", err)
	}
	var m keyManifest
	if err := json.Unmarshal(text, &m); err != nil || m.Version != manifestVersion || !l.fits(&m) {
		l.logger.Warn("the index of keys does not fit the tables; it is built anew from the rows", "path", l.manifestPath(), "error", err)
		return false, nil
	}
	var runs []*keyRun
	for _, ref := range m.Runs {
		r, err := l.files.openRun(filepath.Join(l.keysDir(), filepath.Base(ref.File)))
		if err == nil && r.entries != ref.Entries {
			err = fmt.Errorf("%s: %w: it has %d keys and should have %d", r.path, ErrDamaged, r.entries, ref.Entries)
			runs = append(runs, r)
		}
		if err != nil {
			l.logger.Warn("a file of keys cannot be used; they are read anew from the rows", "error", err)
			closeRuns(runs)
			return false, nil
		}
		runs = append(runs, r)
	}
	boundFilters(runs, l.config.KeyFilterBytes)
	l.keys.runs, l.keys.manifest = runs, m
	return true, nil
}

func closeRuns(runs []*keyRun) {
	for _, r := range runs {
		_ = r.file.Close() // it was only read
	}
}

// fits says whether the runs are of these tables: not of a lake of later, and
// with the same bits.
func (l *Lake) fits(m *keyManifest) bool {
	if m.Position > l.position() || len(m.Tables) > len(l.order) {
		return false
	}
	for i, name := range m.Tables {
		if l.order[i].schema.Name != name {
			return false
		}
	}
	return true
}
