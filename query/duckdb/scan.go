package duckdb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/internal/termfilter"
	"github.com/quoll/quoll/kql/plan"
	sqlgen "github.com/quoll/quoll/kql/sqlgen/duckdb"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
)

// reader holds what one query reads, so that every scan of a table in it sees
// the same rows, and none of them goes away before the query ends.
type reader struct {
	engine     *Engine
	options    query.RunOptions
	sets       map[string]*ReadSet
	loaded     map[uint64]bool // fresh batches that this query has counted
	read       map[string]bool // files counted in statistics
	releases   []func()
	statistics query.Statistics
	handed     int   // rows that were handed on
	near       *near // how to look for the rows at first, or nil
	before     soFar // by statements before that give rows of the same answer
	part       bool  // a union is asked in turn, and was looked for near an end as a whole
	hold       bool  // rows are kept, and not handed on yet
	bytes      int64 // that the last statement gave
	// standing says what scans look at whose rows may be kept for several queries.
	standing map[*plan.Scan]*query.Interest
	first    first
	// narrow is what of the files of a scan may have what was asked for.
	narrow map[*plan.Scan]narrowing
	above  map[*plan.Scan][]plan.Expr // conditions that rows of a scan meet, of the statement at work
}

type narrowing struct {
	asked  *plan.Sought
	sought *termfilter.Sought // the same
	files  []lake.File
	found  []narrowed
}

func (e *Engine) newReader(options query.RunOptions) *reader {
	return &reader{
		engine: e, options: options, sets: map[string]*ReadSet{}, loaded: map[uint64]bool{}, read: map[string]bool{}, narrow: map[*plan.Scan]narrowing{},
		first: first{stored: map[plan.Node]string{}, inside: map[plan.Node]bool{}, values: map[plan.Rows][]string{}},
	}
}

func (r *reader) release() {
	for _, release := range r.releases {
		release()
	}
}

func (r *reader) acquire(ctx context.Context, table string) (*ReadSet, error) {
	if set, ok := r.sets[table]; ok {
		return set, nil
	}
	if r.engine.source == nil {
		return nil, errors.New("the engine has no tables")
	}
	set, err := r.engine.source.Acquire(table)
	if err != nil {
		return nil, fmt.Errorf("read table %s: %w", table, err)
	}
	r.sets[table] = set
	r.releases = append(r.releases, set.Release)
	r.engine.fresh.retain(ctx, table, set.Fresh)
	r.engine.kept.retain(ctx, table, set.Files)
	return set, nil
}

// scan returns a FROM item with the fields of a scan: the files and fresh
// batches of the table that the time range touches. The request's range is
// exact; the scan's own is a hint, and serves to leave out files.
func (r *reader) scan(ctx context.Context, s *plan.Scan, asked sqlgen.Times) (sqlgen.Item, error) {
	set, err := r.acquire(ctx, s.Table)
	if err != nil {
		return sqlgen.Item{}, err
	}
	w := r.window(set, asked)
	from, to := r.within(s)
	from, to = w.reach(set, from, to)
	from, to = r.near.narrow(s, &w, from, to)
	parts, err := r.files(ctx, set, s, from, to, &w)
	if err != nil {
		return sqlgen.Item{}, err
	}
	for _, batch := range set.Fresh {
		if !overlaps(batch.MinTime, batch.MaxTime, from, to) || w.know(batch.MinTime, batch.MaxTime, batch.Batch.NumRows()) {
			continue
		}
		name, err := r.load(ctx, s, batch)
		if err != nil {
			return sqlgen.Item{}, err
		}
		parts = append(parts, item{from: name, absent: absentColumns(batch.Batch), inside: w.covers(batch.MinTime, batch.MaxTime)})
	}
	w.known.Text, err = union(s, &w, parts)
	w.known.Met = w.met
	return w.known, err
}

// within returns the times that a scan looks at, both included; zero is no bound.
func (r *reader) within(s *plan.Scan) (from, to time.Time) {
	return later(s.From, r.options.From), earlier(s.To, justBefore(r.options.To))
}

// touched returns the files that a scan may have rows of.
func touched(set *ReadSet, scan *plan.Scan, from, to time.Time) (files []lake.File) {
	for i := range set.Files { // of which there are hundreds, and few in the range
		if f := &set.Files[i]; overlaps(f.MinTime, f.MaxTime, from, to) && cameWithin(*f, scan.Ranges) {
			files = append(files, *f)
		}
	}
	return files
}

// narrowed returns what of files may have what a scan seeks, with that, and looks once.
func (r *reader) narrowed(ctx context.Context, set *ReadSet, scan *plan.Scan, files []lake.File) ([]narrowed, *termfilter.Sought, error) {
	asked := scan.Sought.Known(r.first.known)
	n, ok := r.narrow[scan]
	same := ok && reflect.DeepEqual(n.asked, asked)
	if same && slices.EqualFunc(n.files, files, func(a, b lake.File) bool { return a.Path == b.Path }) {
		return slices.Clone(n.found), n.sought, nil
	}
	sought := n.sought
	if !same {
		sought = newSought(asked)
	}
	found, err := r.engine.narrow(ctx, set, files, sought)
	if err == nil {
		r.narrow[scan] = narrowing{asked, sought, files, slices.Clone(found)}
	}
	return found, sought, err
}

// Expect implements query.Expecter.
func (e *Engine) Expect(s *plan.Statement, reach time.Duration) {
	for _, s := range append([]*plan.Statement{s}, s.More...) {
		for _, it := range query.Interests(s) {
			e.kept.learn(it, reach)
		}
	}
}

// stand notes which scans of a statement look at rows that may be kept. What is
// asked for the first time without having been expected is read by itself: only then
// are others known that look at the same.
func (r *reader) stand(s *plan.Statement) {
	if !r.options.Standing {
		return
	}
	r.standing = map[*plan.Scan]*query.Interest{}
	for _, s := range append([]*plan.Statement{s}, s.More...) {
		for scan, it := range query.Interests(s) {
			reach := time.Duration(math.MaxInt64)
			if from := later(scan.From, r.options.From); !from.IsZero() && !r.options.To.IsZero() {
				reach = r.options.To.Sub(from)
			}
			if r.engine.kept.learn(it, reach) {
				r.standing[scan] = it
			}
		}
	}
}

// files returns the FROM items of the files that a range touches and that may have
// what is sought, and has them brought to the disk; or of tables with the rows of
// those of which enough is kept. It settles who asks for the conditions of the window.
func (r *reader) files(ctx context.Context, set *ReadSet, scan *plan.Scan, from, to time.Time, w *window) ([]item, error) {
	var files []lake.File
	var items []item
	read := map[string]bool{}
	again := len(r.read) > 0 // files of the table may have been read already
	for _, file := range touched(set, scan, from, to) {
		if len(set.Later[file.Path]) == 0 && w.know(file.MinTime, file.MaxTime, file.Rows) {
			continue
		}
		kept, ok := r.kept(ctx, set, r.standing[scan], file)
		if !ok {
			files = append(files, file)
			continue
		}
		read[file.Path] = true
		if kept != "" {
			items = append(items, item{from: kept})
		}
	}
	narrow, asked, err := r.narrowed(ctx, set, scan, files)
	if err != nil {
		return nil, err
	}
	for _, f := range narrow {
		read[f.file.Path] = true
	}
	found := narrow
	if quickToRead(scan, asked) {
		for i := range found {
			found[i].simpler()
		}
	} else {
		var needles []item
		if needles, found, err = r.find(ctx, set, scan, narrow, asked); err != nil {
			return nil, err
		}
		items = append(items, needles...)
	}
	var whole, fetch []lake.File
	spans := 0
	for _, f := range found {
		path, rows := f.file.Path, f.file.Rows
		within := f.within(&spans)
		later := set.Later[path]
		switch {
		case f.all && len(later) > 0:
			items = append(items, item{from: parquet(quoteText(path)), rows: notAmong(later)})
		case f.all:
			whole = append(whole, f.file)
		default:
			rows = 0
		}
		for _, span := range within {
			within := fmt.Sprintf("file_row_number >= %d AND file_row_number < %d", span.First, span.End)
			if len(later) > 0 {
				within += " AND " + notAmong(later)
			}
			items = append(items, item{from: parquet(quoteText(path)), rows: within})
			rows += span.Rows()
		}
		fetch = append(fetch, later...)
		if !r.read[path] {
			r.read[path] = true
			fetch = append(fetch, f.file)
			r.statistics.FilesRead++
			r.statistics.RowsScanned += rows
		}
	}
	r.statistics.FilesPruned += len(set.Files) - len(read)
	if again {
		r.statistics.FilesPruned -= r.readBefore(set, read)
	}
	inside, others := w.part(whole)
	if len(inside) > 0 {
		items = append(items, item{from: parquet(paths(inside)), inside: true})
	}
	if len(others) > 0 {
		items = append(items, item{from: parquet(paths(others))})
	}
	if set.Fetch == nil || len(fetch) == 0 {
		return items, nil
	}
	return items, set.Fetch(ctx, fetch)
}

// readBefore counts the files of a set that an earlier scan read, and this one does not.
func (r *reader) readBefore(set *ReadSet, read map[string]bool) (files int) {
	for i := range set.Files {
		if path := set.Files[i].Path; r.read[path] && !read[path] {
			files++
		}
	}
	return files
}

// kept returns the table with the rows of a file that a scan looks at, empty if there
// are none; ok is false if the file is to be read.
func (r *reader) kept(ctx context.Context, set *ReadSet, it *query.Interest, file lake.File) (table string, ok bool) {
	if it == nil {
		return "", false
	}
	table, rows, release, ok := r.engine.kept.use(ctx, it, set, file, r.options.To)
	if ok {
		r.releases = append(r.releases, release)
		r.statistics.RowsScanned += rows
	}
	return table, ok
}

func parquet(files string) string { return "read_parquet([" + files + "], hive_partitioning = false)" }

// notAmong is the condition that no row of some files has the key of a row.
func notAmong(files []lake.File) string {
	key := "row(" + lake.ColumnKeyHigh + ", " + lake.ColumnKeyLow + ")"
	return key + " NOT IN (SELECT " + key + " FROM " + parquet(paths(files)) + ")"
}

// paths lists files for parquet.
func paths(files []lake.File) string {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = quoteText(f.Path)
	}
	return strings.Join(names, ", ")
}

// load returns the table with the columns of a fresh batch that a scan wants.
func (r *reader) load(ctx context.Context, s *plan.Scan, batch lake.Fresh) (name string, err error) {
	long := longColumns(batch.Batch)
	whole := slices.ContainsFunc(s.Fields, func(f plan.Field) bool { return long[f.Source] })
	name, release, err := r.engine.fresh.use(ctx, s.Table, batch, whole)
	if err != nil {
		return "", err
	}
	r.releases = append(r.releases, release)
	if !r.loaded[batch.ID] {
		r.loaded[batch.ID] = true
		r.statistics.FreshRows += batch.Batch.NumRows()
		r.statistics.RowsScanned += batch.Batch.NumRows()
	}
	return name, nil
}

// item is a part of a table: a FROM item, a condition on its rows or none, and what
// stands for columns that the item lacks.
type item struct {
	from, rows string
	absent     map[string]string
	inside     bool // all rows are in the window
}

// columns returns the SQL of the fields of a scan.
func (i item) columns(s *plan.Scan) string {
	if len(s.Fields) == 0 {
		return "1 AS quoll_row" // only the number of rows matters
	}
	columns := make([]string, len(s.Fields))
	for n, field := range s.Fields {
		columns[n] = quoteName(field.Source)
		if value, ok := i.absent[field.Source]; ok {
			columns[n] = value + " AS " + columns[n]
		}
	}
	return strings.Join(columns, ", ")
}

// union puts the parts of a table together, each restricted to the fields and to what
// of the window it has to be asked for.
func union(s *plan.Scan, w *window, parts []item) (string, error) {
	if len(parts) == 0 {
		return emptyTable(s)
	}
	selects := make([]string, len(parts))
	for i, part := range parts {
		selects[i] = "SELECT " + part.columns(s) + " FROM " + part.from + w.where(part)
	}
	return "(" + strings.Join(selects, " UNION ALL ") + ")", nil
}

// emptyTable returns a FROM item without rows.
func emptyTable(s *plan.Scan) (string, error) {
	columns := make([]string, len(s.Fields))
	for i, field := range s.Fields {
		typ, err := columnType(field.Column.Type)
		if err != nil {
			return "", fmt.Errorf("column %s of table %s: %w", field.Source, s.Table, err)
		}
		columns[i] = "NULL::" + typ + " AS " + quoteName(field.Source)
	}
	if len(columns) == 0 {
		columns = []string{"1 AS quoll_row"}
	}
	return "(SELECT " + strings.Join(columns, ", ") + " WHERE false)", nil
}

// timestamp returns an instant as an SQL literal, rounded up to microseconds:
// stored times are whole microseconds, so both t >= x and t < x stay exact.
func timestamp(t time.Time) string {
	up := t.UTC().Add(time.Microsecond - 1).Truncate(time.Microsecond)
	return "TIMESTAMP '" + up.Format("2006-01-02 15:04:05.000000") + "'"
}

// overlaps reports whether rows between least and most, both included, can lie
// in [from, to]. A zero bound is none; rows without known times are in every
// range.
func overlaps(least, most, from, to time.Time) bool {
	if least.IsZero() && most.IsZero() {
		return true
	}
	return (from.IsZero() || !most.Before(from)) && (to.IsZero() || !least.After(to))
}

// cameWithin reports whether rows of a file can have become visible when a scan
// asks for.
func cameWithin(file lake.File, ranges []plan.Range) bool {
	for _, asked := range ranges {
		if asked.Source == lake.ColumnIngestionTime && !overlaps(file.FirstIngested, file.LastIngested, asked.From, asked.To) {
			return false
		}
	}
	return true
}

// justBefore returns the last instant before t; zero stays zero.
func justBefore(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-time.Nanosecond)
}

// later returns the later of two lower bounds, of which zero is none.
func later(a, b time.Time) time.Time {
	if a.IsZero() || b.After(a) {
		return b
	}
	return a
}

// earlier returns the earlier of two upper bounds, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
