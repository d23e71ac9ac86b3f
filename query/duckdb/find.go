package duckdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	// looked into block by block; a single block is, whatever it is of.
	findShare = 4
	aBlock    = 1 << 10
	// maxCandidates is the most rows of all files that are looked into so, and maxLooks the
	// most looks at a row, one for each text that is sought. Of fewCandidates it is not asked
	// whether the engine has less work, and of more it is.
	maxCandidates = 1 << 20
	fewCandidates = 64 << 10
	maxLooks      = 2 << 20
	// maxFound, or maxDocuments if rows have documents, and maxFoundBytes are what is found
	// in them. More short texts than that the engine reads quicker itself; where there are
	// documents, those files are left to it that are not looked into by then.
	maxFound      = 128 << 10
	maxDocuments  = 16 << 10
	maxFoundBytes = 32 << 20
	// maxRefused is how many files may have more than is left of that before no other is
	// looked into.
	maxRefused = 16
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
	batches, err := r.findAll(ctx, set, scan, pick, asked)
	if err != nil {
		return nil, nil, err
	}
	if batches == nil {
		return nil, all, nil
	}
	table, err := r.loadFound(ctx, batches)
	if err != nil {
		return nil, nil, err
	}
	return table, r.left(all, pick, batches), nil
}

// findAll looks into files; where that is not possible there is no batch, nor once there is
// too much. Of short texts there is none at all then.
func (r *reader) findAll(ctx context.Context, set *ReadSet, scan *plan.Scan, pick []narrowed, asked *termfilter.Sought) ([]arrow.RecordBatch, error) {
	columns, only := foundColumns(set, scan), r.exactly(set, scan, asked)
	batches := make([]arrow.RecordBatch, len(pick))
	var rows, bytes, refused atomic.Int64 // rows found so far, and files that have too many
	documents := hasDocument(scan)
	most := int64(maxFound)
	if documents {
		most = r.engine.most
	}
	tooMuch := func() bool {
		return rows.Load() > most || bytes.Load() > maxFoundBytes || documents && refused.Load() > maxRefused
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
			finding := lake.Finding{Parts: f.parts, Sought: asked, Only: only, Columns: columns, Rows: most, Bytes: maxFoundBytes}
			if documents {
				finding.Rows, finding.Bytes = most-rows.Load(), maxFoundBytes-bytes.Load()
			}
			batch, err := set.Find(ctx, f.file, finding)
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err == nil:
				batches[i] = batch
				rows.Add(batch.NumRows())
				bytes.Add(bytesOf(batch))
			case errors.Is(err, lake.ErrTooMany):
				refused.Add(1)
			case !errors.Is(err, lake.ErrNotFindable):
				r.engine.logger.Warn("rows of a file could not be found by themselves; more of it is read", "path", f.file.Path, "error", err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil || tooMuch() && !documents {
		return nil, err
	}
	return batches, nil
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

// left returns what of all is not in the batches, and counts what is.
func (r *reader) left(all, pick []narrowed, batches []arrow.RecordBatch) (left []narrowed) {
	for i, f := range all {
		if batches[i] == nil {
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

// loadFound makes a table of the rows, which is there until the query ends.
func (r *reader) loadFound(ctx context.Context, batches []arrow.RecordBatch) ([]item, error) {
	if rowsOf(batches) == 0 {
		return nil, nil
	}
	batch, err := together(batches)
	if err != nil {
		return nil, fmt.Errorf("load found rows: %w", err)
	}
	name, err := r.loadTable(ctx, batch)
	if err != nil {
		return nil, fmt.Errorf("load found rows: %w", err)
	}
	return []item{{from: name}}, nil
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
