package duckdb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"golang.org/x/sync/errgroup"

	"github.com/quoll/quoll/internal/termfilter"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/lake"
)

// Of a row group of which few blocks may have what is sought, the rows that do are
// found by the lake and loaded as a table. The engine decides over them, as it would
// over the whole group, so that the answer is the same.

const (
	// findShare is the part of a row group that may have what is sought for it to be
	// looked into block by block, documentShare where there are documents; a single block is,
	// whatever it is of.
	findShare     = 4
	documentShare = 2
	aBlock        = 1 << 10
	// maxCandidates is the most rows of all files that are looked into so, and maxLooks the
	// most looks at a row, one for each text that is sought. Of fewCandidates it is not asked
	// whether the engine has less work, and of more it is.
	maxCandidates = 1 << 20
	fewCandidates = 64 << 10
	maxLooks      = 2 << 20
	// maxFound and maxFoundBytes are what is found in them. More than that the engine reads
	// quicker itself.
	maxFound      = 128 << 10
	maxFoundBytes = 32 << 20
	// maxDocumentBytes, or memoryShare of the engine's memory if that is less, are maxFoundBytes
	// where there are documents, which are loaded by and by; once there are more, those files
	// are left to the engine that are not looked into by then.
	maxDocumentBytes = 256 << 20
	memoryShare      = 8
	// foundShare is the part of the rows of a file that may be found where there are documents:
	// to hand one over costs the engine's reading of ten. fewFound always may.
	foundShare = 32
	fewFound   = 64
	// maxRefused is how many files may have more before no other is looked into, beside one for
	// two of which the rows were found.
	maxRefused = 4
	// seekers is how many files are looked into at a time.
	seekers = 2
)

// find returns the FROM items of the rows that were found by themselves, and what is
// left for the engine to read.
func (r *reader) find(ctx context.Context, set *ReadSet, scan *plan.Scan, all []narrowed, asked *termfilter.Sought) ([]item, []narrowed, error) {
	pick := worthFinding(set, scan, all, asked)
	if pick == nil {
		return nil, all, nil
	}
	var files []lake.File
	for _, f := range pick {
		if len(f.parts) > 0 {
			files = append(files, f.file)
		}
	}
	if set.Fetch != nil {
		if err := set.Fetch(ctx, files); err != nil {
			return nil, nil, err
		}
	}
	rows, found, err := r.findAll(ctx, set, scan, pick, asked)
	if err != nil {
		return nil, nil, err
	}
	if found == nil {
		return nil, all, nil
	}
	if err := r.loadFound(ctx, rows); err != nil {
		return nil, nil, err
	}
	var table []item
	if rows.table != "" {
		table = []item{{from: rows.table}}
	}
	return table, r.left(all, pick, found), nil
}

// most is how much is found, and how many bytes of that are loaded at once.
type most struct{ rows, bytes, loaded int64 }

// findAll looks into files, and says of which the rows are found: not where that is not
// possible, nor once there is too much. Of short texts there is none at all then.
func (r *reader) findAll(ctx context.Context, set *ReadSet, scan *plan.Scan, pick []narrowed, asked *termfilter.Sought) (*foundRows, []bool, error) {
	columns, only := foundColumns(set, scan), r.exactly(set, scan, asked)
	found, to := make([]bool, len(pick)), &foundRows{}
	var rows, bytes atomic.Int64   // found so far
	var done, refused atomic.Int64 // files of which the rows are found, and that have too many
	documents := hasDocument(scan)
	most := most{maxFound, maxFoundBytes, math.MaxInt64}
	if documents {
		most = r.engine.most
	}
	tooMuch := func() bool {
		return rows.Load() > most.rows || bytes.Load() > most.bytes || documents && refused.Load() > maxRefused+done.Load()/2
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(seekers)
	for i, f := range pick {
		if len(f.parts) == 0 {
			continue
		}
		group.Go(func() error {
			if tooMuch() {
				return nil
			}
			finding := lake.Finding{Parts: f.parts, Sought: asked, Only: only, Columns: columns, Rows: most.rows, Bytes: maxFoundBytes}
			if documents {
				finding.Rows = min(most.rows-rows.Load(), max(fewFound, f.rows()/foundShare))
				finding.Bytes = min(maxFoundBytes, most.bytes-bytes.Load())
			}
			batch, err := set.Find(ctx, f.file, finding)
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err == nil:
				found[i] = true
				done.Add(1)
				rows.Add(batch.NumRows())
				bytes.Add(bytesOf(batch))
				return r.addFound(ctx, to, batch, most.loaded)
			case errors.Is(err, lake.ErrTooMany):
				refused.Add(1)
			case !errors.Is(err, lake.ErrNotFindable):
				r.engine.logger.Warn("rows of a file could not be found by themselves; more of it is read", "path", f.file.Path, "error", err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil || tooMuch() && !documents {
		return nil, nil, err
	}
	return to, found, nil
}

func bytesOf(batch arrow.RecordBatch) (bytes int64) {
	for _, column := range batch.Columns() {
		bytes += int64(column.Data().SizeInBytes())
	}
	return bytes
}

func rowsOf(batches []arrow.RecordBatch) (rows int64) {
	for _, b := range batches {
		if b != nil {
			rows += b.NumRows()
		}
	}
	return rows
}

// left returns what of all is not found, and counts what is.
func (r *reader) left(all, pick []narrowed, found []bool) (left []narrowed) {
	for i, f := range all {
		if !found[i] {
			left = append(left, f)
			continue
		}
		first := !r.read[f.file.Path]
		rest := narrowed{file: f.file, rest: true}
		for _, p := range f.parts {
			if !slices.ContainsFunc(pick[i].parts, func(q lake.Part) bool { return q.Number == p.Number }) {
				rest.parts = append(rest.parts, p)
			}
		}
		if len(rest.parts) > 0 {
			left = append(left, rest)
		} else if first {
			r.read[f.file.Path] = true
			r.statistics.FilesRead++
		}
		if first {
			for _, p := range pick[i].parts {
				r.statistics.RowsScanned += p.Candidates()
			}
		}
	}
	return left
}

// foundRows are rows on their way into a table.
type foundRows struct {
	mu      sync.Mutex
	batches []arrow.RecordBatch // not loaded yet
	bytes   int64               // of batches
	table   string              // empty until there is one
}

// addFound adds rows, and loads all so far if they have so many bytes: no more are in memory
// twice.
func (r *reader) addFound(ctx context.Context, to *foundRows, batch arrow.RecordBatch, loaded int64) error {
	to.mu.Lock()
	defer to.mu.Unlock()
	to.batches, to.bytes = append(to.batches, batch), to.bytes+bytesOf(batch)
	if to.bytes < loaded {
		return nil
	}
	return r.loadFound(ctx, to)
}

// loadFound puts rows into their table, which is there until the query ends.
func (r *reader) loadFound(ctx context.Context, rows *foundRows) error {
	if rowsOf(rows.batches) == 0 {
		return nil
	}
	batch, err := together(rows.batches)
	switch {
	case err != nil:
	case rows.table == "":
		rows.table, err = r.loadTable(ctx, batch)
	default:
		err = r.engine.appendTo(ctx, rows.table, batch)
	}
	if err != nil {
		return fmt.Errorf("load found rows: %w", err)
	}
	rows.batches, rows.bytes = nil, 0
	return nil
}

// loadTable makes a table of a batch, which is there until the query ends.
func (r *reader) loadTable(ctx context.Context, batch arrow.RecordBatch) (name string, err error) {
	conn, err := r.engine.db.Conn(ctx)
	if err != nil {
		return "", fmt.Errorf("open connection: %w", err)
	}
	defer conn.Close()
	name = fmt.Sprintf("found_%d", r.engine.found.Add(1))
	// Before it is made: who is cancelled meanwhile may leave it behind all the same.
	r.releases = append(r.releases, func() { r.engine.dropFound(context.WithoutCancel(ctx), name) })
	create, err := createTable(name, batch.Schema())
	if err != nil {
		return "", err
	}
	if _, err := conn.ExecContext(ctx, create); err != nil {
		return "", err
	}
	return name, conn.Raw(func(c any) error { return appendBatch(c, name, batch) })
}

// appendTo adds the rows of a batch to a table with its columns.
func (e *Engine) appendTo(ctx context.Context, table string, batch arrow.RecordBatch) error {
	conn, err := e.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("open connection: %w", err)
	}
	defer conn.Close()
	return conn.Raw(func(c any) error { return appendBatch(c, table, batch) })
}

// together puts the rows of batches with the same columns into one: each that is appended
// costs a commit. Some batch has rows.
func together(batches []arrow.RecordBatch) (arrow.RecordBatch, error) {
	batches = slices.DeleteFunc(slices.Clone(batches), func(b arrow.RecordBatch) bool { return b == nil || b.NumRows() == 0 })
	if len(batches) == 1 {
		return batches[0], nil
	}
	columns := make([]arrow.Array, batches[0].NumCols())
	for i := range columns {
		pieces := make([]arrow.Array, len(batches))
		for j, b := range batches {
			pieces[j] = b.Column(i)
		}
		var err error
		if columns[i], err = array.Concatenate(pieces, memory.DefaultAllocator); err != nil {
			return nil, fmt.Errorf("column %s: %w", batches[0].ColumnName(i), err)
		}
	}
	return array.NewRecordBatch(batches[0].Schema(), columns, rowsOf(batches)), nil
}

func (e *Engine) dropFound(ctx context.Context, name string) {
	if _, err := e.db.ExecContext(ctx, "DROP TABLE IF EXISTS "+name); err != nil {
		e.logger.Warn("dropping found rows failed", "table", name, "error", err)
	}
}
