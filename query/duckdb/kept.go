package duckdb

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"database/sql"

	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
)

// keptRows reads a file once for all the queries that are asked again and again,
// and again when they are next asked: a file never changes, so what standing
// queries look at in it is kept as a table in memory. A query reads the kept rows
// of a file instead of the file if all rows and columns that it looks at are among
// them; whatever is not kept, is too much, or cannot be read so is read as by any
// other query. Which files there are, and the rows that are in none yet, each query
// sees for itself, so that its answer is the same.
//
// What standing queries look at is learnt from them: on the second time that a
// query is asked, all others of its frequency have been asked once.
type keptRows struct {
	db     *sql.DB
	logger *slog.Logger
	most   int64 // bytes of all tables
	now    func() time.Time

	mu      sync.Mutex
	shelves map[shelfKey]*shelf
	seen    map[string]*lake.File // by table: the first of the files last looked at
	bytes   int64
	whole   int64 // of bytes, those of shelves of all rows
	last    int   // number of the last table
	counts  KeptStatistics
}

// KeptStatistics count what keptRows did since the engine was opened.
type KeptStatistics struct {
	Reads   int64 // of files, for all
	Served  int64 // reads of files that were saved
	Refused int64 // reads that would have been too much to keep
	Failed  int64 // reads that ended in an error: queries read the file themselves
	Bytes   int64 // kept now, about
	Tables  int   // kept now
}

// shelfKey tells what is kept together. Documents are long, so queries that
// look into them have shelves of their own, as have those that look at all rows.
type shelfKey struct {
	table, key string
	wide       bool
}

// shelf is what is kept of one table's files.
type shelf struct {
	shelfKey
	interests map[string]*known    // by their texts
	files     map[string]*keptFile // by path
}

// width is about how many bytes a row of some columns takes.
func (s *shelf) width(columns int) int64 {
	width := int64(16 * max(columns, 1))
	if s.wide {
		width += documentBytes
	}
	return width
}

// known is an interest and when it was last asked for.
type known struct {
	*query.Interest
	asked time.Time
	reach time.Duration // how far before the end of its windows it looked
}

// keptFile is what is kept of a file.
type keptFile struct {
	users int
	ready chan struct{} // closed when reading has ended
	// name is the table's; empty where no row is looked at, or it is not ok.
	name    string
	ok      bool
	bytes   int64
	rows    int64
	columns []string
	texts   map[string]bool // interests that were thought of
	left    map[string]bool // those of them that look at too much to be kept with others
	used    time.Time
	// until is when reading a file is tried again for which there was no room.
	until time.Time
}

// The bounds of what is kept.
const (
	// forgetAfter is how long an interest counts that nobody asks for.
	forgetAfter = 25 * time.Hour
	// idleAfter is how long what is kept stays if there is need of its room.
	idleAfter = 10 * time.Minute
	// largestShare of all room is what one file may take, and wholeShare what files of
	// which all rows are kept may take together.
	largestShare, wholeShare = 4, 2
	// mixedShare of all room is what the rows of a file that have been chosen by their
	// kind may seem to take.
	mixedShare = 32
	// mostKeys is how many values a key may have in a file.
	mostKeys = 4096
	// documentBytes is about what a row with documents takes before it is known.
	documentBytes = 1500
)

func newKeptRows(db *sql.DB, logger *slog.Logger, most int64, now func() time.Time) *keptRows {
	return &keptRows{db: db, logger: logger, most: most, now: now, shelves: map[shelfKey]*shelf{}, seen: map[string]*lake.File{}}
}

// statistics returns the counts.
func (k *keptRows) statistics() KeptStatistics {
	k.mu.Lock()
	defer k.mu.Unlock()
	counts := k.counts
	counts.Bytes = k.bytes
	for _, s := range k.shelves {
		counts.Tables += len(s.files)
	}
	return counts
}

// learn notes what a standing query looks at in windows that long. It returns
// whether it was known before.
func (k *keptRows) learn(it *query.Interest, reach time.Duration) bool {
	if k.most <= 0 || it.Key == "" && it.Wide {
		return false // all documents are too many
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	key := shelfKey{it.Table, it.Key, it.Wide}
	s := k.shelves[key]
	if s == nil {
		s = &shelf{shelfKey: key, interests: map[string]*known{}, files: map[string]*keptFile{}}
		k.shelves[key] = s
	}
	name := it.Text + strings.Join(it.Columns, ",")
	before, ok := s.interests[name]
	if !ok {
		before = &known{Interest: it}
		s.interests[name] = before
	}
	before.asked, before.reach = k.now(), max(before.reach, reach)
	return ok
}

// use returns the table with the rows of a file that an interest looks at, for a
// window that ends at to; it is empty if there are none. ok is false if the file is
// to be read itself. The caller calls release if ok.
func (k *keptRows) use(ctx context.Context, it *query.Interest, set *ReadSet, file lake.File, to time.Time) (name string, rows int64, release func(), ok bool) {
	k.mu.Lock()
	s := k.shelves[shelfKey{it.Table, it.Key, it.Wide}]
	if s == nil {
		k.mu.Unlock()
		return "", 0, nil, false
	}
	kept := s.files[file.Path]
	begin := kept == nil || kept.users == 0 && (!kept.meets(it) || kept.again(k.now()))
	if begin {
		if kept != nil {
			k.drop(ctx, s, file.Path)
		}
		kept = s.begin(file, to, k.now())
		s.files[file.Path] = kept
	}
	if !kept.meets(it) {
		k.mu.Unlock()
		return "", 0, nil, false
	}
	kept.users++
	kept.used = k.now()
	k.mu.Unlock()
	release = func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		kept.users--
	}
	if begin {
		// Others may wait for it, so the end of one query must not stop the reading.
		k.read(context.WithoutCancel(ctx), s, kept, set, file)
		close(kept.ready)
	}
	select {
	case <-kept.ready:
	case <-ctx.Done():
		release()
		return "", 0, nil, false // the query sees for itself that it has ended
	}
	if !kept.ok || kept.left[it.Text] { // left does not change once it is ready
		release()
		return "", 0, nil, false
	}
	if !begin {
		k.mu.Lock()
		k.counts.Served++
		k.mu.Unlock()
	}
	return kept.name, kept.rows, release, true
}

// again says whether reading is to be tried again.
func (f *keptFile) again(now time.Time) bool { return !f.ok && !f.until.IsZero() && now.After(f.until) }

// meets says whether what an interest looks at is kept, or was too much to keep.
func (f *keptFile) meets(it *query.Interest) bool {
	if !f.texts[it.Text] {
		return false
	}
	for _, c := range it.Columns {
		if _, found := slices.BinarySearch(f.columns, c); !found {
			return false
		}
	}
	return true
}

// begin decides what is kept of a file: what those look at who look that far back.
// The caller holds the lock.
func (s *shelf) begin(file lake.File, to, now time.Time) *keptFile {
	kept := &keptFile{ready: make(chan struct{}), texts: map[string]bool{}, left: map[string]bool{}}
	for name, it := range s.interests {
		if now.Sub(it.asked) > forgetAfter {
			delete(s.interests, name)
			continue
		}
		if it.reach > 0 && !to.IsZero() && to.Sub(file.MaxTime) > it.reach {
			continue
		}
		kept.texts[it.Text] = true
		kept.columns = append(kept.columns, it.Columns...)
	}
	slices.Sort(kept.columns)
	kept.columns = slices.Compact(kept.columns)
	return kept
}

// drop forgets a file of which nobody reads what is kept. The caller holds the
// lock.
func (k *keptRows) drop(ctx context.Context, s *shelf, path string) {
	kept := s.files[path]
	delete(s.files, path)
	k.bytes -= kept.bytes
	if s.key == "" {
		k.whole -= kept.bytes
	}
	if kept.name == "" {
		return
	}
	if _, err := k.db.ExecContext(context.WithoutCancel(ctx), "DROP TABLE IF EXISTS "+kept.name); err != nil {
		k.logger.Warn("dropping kept rows failed", "table", s.table, "file", path, "error", err)
	}
}

// retain drops what is kept of files that a table has no more.
func (k *keptRows) retain(ctx context.Context, table string, files []lake.File) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var first *lake.File
	if len(files) > 0 {
		first = &files[0]
	}
	if len(k.shelves) == 0 || first != nil && k.seen[table] == first {
		return
	}
	k.seen[table] = first
	there := make(map[string]bool, len(files))
	for _, f := range files {
		there[f.Path] = true
	}
	for key, s := range k.shelves {
		if key.table != table {
			continue
		}
		for path, kept := range s.files {
			if !there[path] && kept.users == 0 {
				k.drop(ctx, s, path)
			}
		}
	}
}
