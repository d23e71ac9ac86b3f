package lake

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/quoll/quoll/internal/icebergtable"
	"github.com/quoll/quoll/internal/parquetfile"
	"github.com/quoll/quoll/internal/termfilter"
)

// form is how a file is laid out.
type form struct {
	rowGroupRows int
	// lasting files are written once and read for years: they are packed more
	// tightly and have Bloom filters, of values and of terms.
	lasting bool
	pool    *parquetfile.Pool
}

// layout decides per column how values are stored.
func layout(columns []column, ids map[string]int, timeColumn string, f form) []parquetfile.Column {
	out := make([]parquetfile.Column, len(columns))
	for i, c := range columns {
		out[i] = parquetfile.Column{
			Name: c.name, FieldID: int32(ids[c.name]), Kind: c.kind.parquetKind(), Optional: !c.hidden,
			Dictionary: !c.document && !c.random, Bounds: !c.document, Codec: parquetfile.Zstd,
			Bloom: f.lasting && c.kind == kindText && !c.document,
		}
		if f.lasting && c.kind == kindText {
			out[i].PageBytes = textPageBytes
		}
		switch {
		case c.random:
			out[i].Codec = parquetfile.Uncompressed
		case !f.lasting:
			// For a day at most: packed in a third of the time, to up to twice the size.
			out[i].Codec = parquetfile.Snappy
		case c.name == timeColumn:
			// Nearly every query reads it, and packed twice as tightly it takes ten times as long.
			out[i].Codec = parquetfile.Uncompressed
		}
	}
	return out
}

// writeRun writes the rows that refs name, which are of one day, into a new file
// and makes it durable. One column of one row group is in memory at a time,
// besides the generation.
func writeRun(files syncedFS, path string, t *tableState, generation []batch, refs []rowRef, f form) (File, error) {
	out := File{Path: path, Rows: int64(len(refs)), terms: new(fileTerms), uncounted: new(uncounted)}
	err := files.write(path, func(w io.Writer) error {
		// Each column of a small file is a few writes of some dozen bytes.
		buffer := bufio.NewWriterSize(w, 64<<10)
		counter := &countingWriter{w: buffer}
		var err error
		if out.metrics, err = writeParquet(counter, t, generation, refs, f); err != nil {
			return err
		}
		out.Bytes = counter.n
		return buffer.Flush()
	})
	if err != nil {
		return File{}, fmt.Errorf("write %s: %w", path, err)
	}
	bounds := newTimeBounds()
	for _, ref := range refs {
		bounds.add(ref.time, ref.time)
	}
	out.MinTime, out.MaxTime = bounds.times()
	first, last := out.metrics.bounds(t, ColumnIngestionTime)
	out.FirstIngested, out.LastIngested = time.UnixMicro(first).UTC(), time.UnixMicro(last).UTC()
	first, last = out.metrics.bounds(t, ColumnPosition)
	out.firstPosition, out.lastPosition = uint64(first), uint64(last)
	return out, nil
}

func writeParquet(w io.Writer, t *tableState, generation []batch, refs []rowRef, f form) (*fileMetrics, error) {
	writer, err := parquetfile.NewWriter(w, layout(t.columns, t.ids, t.schema.TimeColumn, f), f.options())
	if err != nil {
		return nil, err
	}
	filters, terms := &termfilter.Builder{Homes: homeColumns[t.schema.Name]}, new(termfilter.Terms)
	for part := range slices.Chunk(refs, f.groupRows(len(refs))) {
		writer.Group(len(part))
		terms.Reset(len(part), f.blockRows())
		if f.lasting {
			addHomes(terms, generation, t, part)
		}
		spans := spansOf(part)
		for i, c := range t.columns {
			writeColumn(writer.Column(), generation, i, c, spans)
			if f.lasting && c.kind == kindText {
				addTerms(terms, generation, i, c, part)
			}
		}
		if f.lasting {
			filters.Part(terms)
		}
	}
	if f.lasting {
		writer.Trail(MetadataTerms, filters.Bytes())
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return metricsOf(writer, t), nil
}

// textPageBytes is the size from which a page of texts ends in a lasting file, behind a
// block of its filters of terms: a row that is found by itself costs the unpacking of the
// block that has it. What a column loses by it that packs well over long stretches, Record
// gains by pages that are longer than a mebibyte where its texts are.
const textPageBytes = 64 << 10

// options are what a file is written with.
func (f form) options() parquetfile.Options {
	o := parquetfile.Options{CreatedBy: "quoll", Small: f.lasting, Pool: f.pool}
	if f.lasting {
		o.PageRows = f.blockRows()
	}
	return o
}

// groupRows is how many rows a row group has. Those of a lasting file are about as
// large as each other, so that none is there for a few rows.
func (f form) groupRows(rows int) int {
	if !f.lasting || rows <= f.rowGroupRows {
		return f.rowGroupRows
	}
	groups := (rows + f.rowGroupRows - 1) / f.rowGroupRows
	return (rows + groups - 1) / groups
}

// fileMetrics is what Iceberg wants to know of a file that is new.
type fileMetrics struct {
	splits  []int64 // where row groups begin
	columns []icebergtable.ColumnMetrics
}

// bounds returns the least and the greatest value of a hidden column of numbers or
// times, of which every row has one.
func (m *fileMetrics) bounds(t *tableState, name string) (low, high int64) {
	i := slices.IndexFunc(t.columns, func(c column) bool { return c.name == name })
	return int64(binary.LittleEndian.Uint64(m.columns[i].Low)), int64(binary.LittleEndian.Uint64(m.columns[i].High))
}

func metricsOf(w *parquetfile.Writer, t *tableState) *fileMetrics {
	columns, splits := w.Metrics()
	m := &fileMetrics{splits, make([]icebergtable.ColumnMetrics, len(columns))}
	for i, c := range columns {
		m.columns[i] = icebergtable.ColumnMetrics{
			ID: t.ids[t.columns[i].name], Bytes: c.Bytes, Values: c.Values, Nulls: c.Nulls,
			Low: c.Low, High: c.High, Text: t.columns[i].kind == kindText,
		}
		if t.columns[i].random {
			m.columns[i].Low, m.columns[i].High = nil, nil // of numbers that are spread evenly they say nothing
		}
	}
	return m
}

// countingWriter counts bytes.
type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// dataPath returns where a file of a table and day lies.
func (l *Lake) dataPath(t *tableState, day int64, name string) string {
	return filepath.Join(l.tableDir(t), "data", "TimeGenerated_day="+dayName(day), name)
}

func (l *Lake) tableDir(t *tableState) string {
	return filepath.Join(l.config.Dir, namespace, t.schema.Name)
}
