package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/quoll/quoll/internal/parquetfile"
	"github.com/quoll/quoll/internal/parquetpages"
	"github.com/quoll/quoll/internal/termfilter"
	"github.com/quoll/quoll/retention"
)

// Lake is the rows of every table. It is safe for use by several goroutines;
// batches are applied one after the other.
type Lake struct {
	config Config
	files  syncedFS
	logger *slog.Logger
	lock   io.Closer
	cat    *catalog

	// flushMu is held for a whole flush, mu only for moments: readers and
	// Apply never wait for a disk. flushMu is taken before mu.
	flushMu sync.Mutex
	mu      sync.Mutex

	// compactMu is held for a whole compaction; it is taken before flushMu.
	compactMu sync.Mutex

	// keysMu is held while the keys are read; it is taken before mu.
	keysMu     sync.Mutex
	keysLoaded bool
	keys       *keyStore
	gone       *keySet // see goneBit

	tables map[string]*tableState
	order  []*tableState // in the order of the configuration

	// applyMu is held for a whole Apply, so that a floor begins between two batches.
	// It is taken before all others.
	applyMu sync.Mutex
	latest  [2]*tableState // that rows were of; guarded by applyMu
	// tombstones are what retention removed, floors the same as a function of a row.
	// A tombstone is changed by who holds compactMu and mu.
	tombstones []*Tombstone
	erasures   []*Erasure
	unwritten  *Tombstone // its end could not be written; guarded by compactMu
	floors     *retention.Floors
	// keysExpired are the records that are gone and whose keys may be there; guarded
	// by compactMu.
	keysExpired int64

	applied      uint64    // last journal position that was applied
	lastIngested time.Time // never goes back, whatever the clock does
	lastBatch    uint64    // last batch id given
	serial       uint64    // last record serial given
	intakes      []intake  // of the batch at work
	freshBytes   int64     // rows not in files, all tables
	flushing     bool      // a flush that Apply started is under way
	flushed      time.Time // when the last such flush began
	rush         bool      // it began soon after the one before
	flushErr     error     // why the last such flush failed
	room         chan struct{}
	broken       error
	closed       bool
	readers      map[*fileSet]int // file sets that somebody reads
	writing      map[string]bool  // files that are written beside the flush
	waiting      string           // what the outcome of a commit in a store waits for
	writers      parquetfile.Pool
	pages        *parquetpages.Decoder
	footers      *footers           // of files that rows were found in
	maps         termfilter.Buffers // that filters of terms are read into
	background   sync.WaitGroup
	end          context.CancelFunc // of ending
	ending       context.Context    // of what goes on without a caller

	// atStep is called between the steps of a flush; an error stops the flush
	// there. Tests use it to look at the folder as a crash would leave it.
	atStep func(step string) error
}

// Open opens the lake in config.Dir or creates it: it takes the lock of the
// folder, finds the files of every table through the catalogue and removes what
// a crash left behind. The keys of all records are read by the first Apply. It
// returns ErrLocked if the folder is in use.
func Open(ctx context.Context, config Config, logger *slog.Logger) (*Lake, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(config.Dir)
	if err != nil {
		return nil, fmt.Errorf("open lake %s: %w", config.Dir, err)
	}
	config.Dir = dir
	files := config.files()
	pages, err := parquetpages.NewDecoder(finders)
	if err != nil {
		return nil, fmt.Errorf("open lake %s: %w", dir, err)
	}
	if config.FS == nil {
		if err := finishReplace(dir); err != nil {
			return nil, err
		}
	}
	if err := files.makeDirs(dir); err != nil {
		return nil, fmt.Errorf("open lake %s: %w", dir, err)
	}
	lock, err := lockLake(files.disk, dir)
	if err != nil {
		return nil, fmt.Errorf("open lake %s: %w", dir, err)
	}
	l := &Lake{
		config: config, files: files, logger: logger, lock: lock, pages: pages, footers: newFooters(maxFooters),
		tables:  map[string]*tableState{},
		room:    make(chan struct{}),
		keys:    newKeyStore(),
		readers: map[*fileSet]int{}, writing: map[string]bool{},
		atStep: func(string) error { return nil },
	}
	l.ending, l.end = context.WithCancel(context.WithoutCancel(ctx))
	if err := l.load(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open lake %s: %w", dir, err), l.release())
	}
	return l, nil
}

// load brings every table into memory.
func (l *Lake) load(ctx context.Context) (err error) {
	if l.cat, err = openCatalog(ctx, &l.config, l.files); err != nil {
		return err
	}
	if err := l.openStore(ctx, true); err != nil {
		return err
	}
	idle, err := l.cat.idlePositions(ctx)
	if err != nil {
		return err
	}
	for _, s := range l.config.tables() {
		t, err := newTableState(s)
		if err != nil {
			return err
		}
		if err := l.loadTable(ctx, t, idle[s.Name]); err != nil {
			return fmt.Errorf("load table %s: %w", s.Name, err)
		}
		l.tables[s.Name] = t
		l.order = append(l.order, t)
	}
	l.applied = l.position()
	if l.cat.head != nil {
		if err := l.cat.head.flush(ctx); err != nil {
			return err
		}
	}
	return l.loadTombstones()
}

// Close lets a flush that is under way end and releases the folder. Rows that
// were not flushed are not lost: the journal has them.
func (l *Lake) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	l.mu.Unlock()
	l.end() // of waiting for a store
	l.background.Wait()
	l.flushMu.Lock()
	defer l.flushMu.Unlock()
	return l.release()
}

func (l *Lake) release() error {
	closeRuns(l.keys.runs)
	l.end()
	if l.files.tree != nil {
		l.files.tree.Close()
	}
	var err error
	if l.cat != nil {
		err = l.cat.close()
	}
	return errors.Join(err, l.lock.Close())
}

// Position returns the journal position up to which the rows of every table
// are in files: a replay of the journal starts after it.
func (l *Lake) Position() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.position()
}

func (l *Lake) position() uint64 {
	lowest := l.order[0].committed
	for _, t := range l.order {
		lowest = min(lowest, t.committed)
	}
	return lowest
}

// Applied returns the journal position of the last batch applied, or Position
// if there was none since the lake was opened.
func (l *Lake) Applied() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.applied
}

// TableStats is the state of one table.
type TableStats struct {
	Name  string
	Rows  int64 // in files and in memory
	Files int
	Bytes int64 // of the files
	// FreshRows and FreshBytes are the rows in memory only; the bytes are an
	// estimate.
	FreshRows  int64
	FreshBytes int64
	// Position is the journal position up to which all rows are in files.
	Position uint64
	// Records is the number of distinct records; zero before the first Apply.
	Records int
	// MinTime and MaxTime bound TimeGenerated, in UTC; zero without rows.
	MinTime, MaxTime time.Time
	// Commits is how often the table was committed since the lake was opened.
	Commits int64
	// LastIngested is when the latest row became visible, in UTC; zero if the
	// table is empty.
	LastIngested time.Time
}

// Stats returns the state of every table, in the order of the configuration.
func (l *Lake) Stats() []TableStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	stats := make([]TableStats, len(l.order))
	for i, t := range l.order {
		stats[i] = t.stats()
	}
	return stats
}

func (t *tableState) stats() TableStats {
	s := TableStats{
		Name: t.schema.Name, Files: len(t.files.files),
		FreshRows: t.freshRows(), FreshBytes: t.freshBytes(),
		Position: t.committed, Records: t.keys.size(), LastIngested: t.lastIngested, Commits: t.commits.Load(),
	}
	bounds := newTimeBounds()
	for _, f := range t.files.files {
		s.Rows += f.Rows
		s.Bytes += f.Bytes
		bounds.add(f.MinTime.UnixMicro(), f.MaxTime.UnixMicro())
	}
	s.Rows += s.FreshRows
	for _, batches := range [][]batch{t.sealed, t.fresh} {
		for _, b := range batches {
			bounds.add(b.minTime, b.maxTime)
		}
	}
	if t.build.rows > 0 {
		bounds.add(t.build.minTime, t.build.maxTime)
	}
	s.MinTime, s.MaxTime = bounds.times()
	return s
}
