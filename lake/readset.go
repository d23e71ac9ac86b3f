package lake

import (
	"fmt"
	"maps"
	"math"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/quoll/quoll/internal/objectstore/treefs"
	"github.com/quoll/quoll/internal/parquetpages"
	"github.com/quoll/quoll/internal/termfilter"
	"github.com/quoll/quoll/schema"
)

// File is a Parquet file of a table. It holds the table's columns under their
// names, then the hidden columns; a file from before a column was added lacks
// it. Rows have no order that a reader could count on.
type File struct {
	Path  string
	Rows  int64
	Bytes int64
	// MinTime and MaxTime bound TimeGenerated, which every row has, inclusively, in UTC:
	// rows of files within a query's window are not asked for it.
	MinTime, MaxTime time.Time
	// FirstIngested and LastIngested bound when its rows became visible, inclusively,
	// in UTC; both are zero where nobody knows.
	FirstIngested, LastIngested time.Time

	firstPosition, lastPosition uint64 // the least and the greatest journal position of its rows

	terms     *fileTerms
	uncounted *uncounted
	// Known of files that are written and not yet committed.
	metrics *fileMetrics
}

// Fresh is a run of rows that is in memory only. The batch is immutable and
// has the table's columns followed by the hidden ones; string columns have no
// nulls. Its memory is the garbage collector's: nobody releases it.
type Fresh struct {
	// ID is unique within the process and grows with every new batch.
	ID    uint64
	Batch arrow.RecordBatch
	// MinTime and MaxTime bound TimeGenerated, inclusively, in UTC.
	MinTime, MaxTime time.Time
}

// ReadSet is what a table held at one moment: every row is in exactly one of
// its files and batches. Files stay on the disk until Release.
type ReadSet struct {
	Table *schema.Table
	Files []File
	Fresh []Fresh
	// Position is the journal position up to which all rows are in the files.
	Position uint64

	files   syncedFS
	pages   *parquetpages.Decoder
	footers *footers
	maps    *termfilter.Buffers
	release func()
	tree    *treefs.FS // of a lake in a store
	mu      sync.Mutex
	held    []func() // lets go of what was fetched
}

// Release says that the files are no longer read. Further calls do nothing.
func (r *ReadSet) Release() {
	r.letGo()
	r.release()
}

// Acquire returns the rows of a table at this moment. The caller releases the
// set and changes nothing in it.
func (l *Lake) Acquire(name string) (*ReadSet, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, ErrClosed
	}
	t, ok := l.tables[name]
	if !ok {
		return nil, fmt.Errorf("%w %q", ErrUnknownTable, name)
	}
	l.cut(t)
	files := t.files
	l.readers[files]++
	set := &ReadSet{
		Table: t.schema, Files: files.files, Position: t.committed, tree: l.files.tree, files: l.files, pages: l.pages, footers: l.footers, maps: &l.maps,
		Fresh:   make([]Fresh, 0, len(t.sealed)+len(t.fresh)),
		release: sync.OnceFunc(func() { l.releaseFiles(files) }),
	}
	for _, batches := range [][]batch{t.sealed, t.fresh} {
		for _, b := range batches {
			if b.memory != nil {
				b.memory.vectors = nil // whoever asked may read them for as long as he likes
			}
			set.Fresh = append(set.Fresh, Fresh{
				ID: b.id, Batch: b.records,
				MinTime: time.UnixMicro(b.minTime).UTC(), MaxTime: time.UnixMicro(b.maxTime).UTC(),
			})
		}
	}
	return set, nil
}

// cut makes the rows that were added since the last cut a batch.
func (l *Lake) cut(t *tableState) {
	if t.build.rows == 0 {
		return
	}
	var err error
	t.fresh, err = pushBatch(t.fresh, t.build.cut(true), l.nextBatch)
	if err != nil {
		// The rows are there, only in a smaller batch than wished for.
		l.logger.Error("joining fresh rows failed", "table", t.schema.Name, "error", err)
	}
}

// cutAsItIs is cut for rows that go to files, which need not be joined.
func (l *Lake) cutAsItIs(t *tableState) {
	if t.build.rows == 0 {
		t.build.spare.saw(0) // a flush without rows says that the rush is over, too
		return
	}
	b := t.build.cut(false)
	b.id = l.nextBatch()
	t.fresh = append(t.fresh, b)
}

func (l *Lake) nextBatch() uint64 {
	l.lastBatch++
	return l.lastBatch
}

// fileSet is the files of a table between two changes. It is immutable.
type fileSet struct {
	files []File // sorted by MinTime
}

// releaseFiles notes that a reader is done with a set. What only it needed is
// removed by the next sweep.
func (l *Lake) releaseFiles(set *fileSet) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.readers[set]--
	if l.readers[set] <= 0 {
		delete(l.readers, set)
	}
}

// needed returns the paths that somebody reads or writes at the moment.
func (l *Lake) needed() map[string]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	paths := maps.Clone(l.writing)
	for set := range l.readers {
		for _, f := range set.files {
			paths[f.Path] = true
		}
	}
	return paths
}

// timeBounds collects a range of times in microseconds.
type timeBounds struct{ min, max int64 }

func newTimeBounds() timeBounds { return timeBounds{math.MaxInt64, math.MinInt64} }

func (b *timeBounds) add(low, high int64) { b.min, b.max = min(b.min, low), max(b.max, high) }

func (b *timeBounds) times() (low, high time.Time) {
	if b.min > b.max {
		return time.Time{}, time.Time{}
	}
	return time.UnixMicro(b.min).UTC(), time.UnixMicro(b.max).UTC()
}
