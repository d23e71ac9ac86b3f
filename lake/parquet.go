package lake

import (
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// textStatistics is the longest text of which minima and maxima are kept.
const textStatistics = 128

// writerProperties decides per column how values are stored.
func writerProperties(columns []column, rowGroupRows int) *parquet.WriterProperties {
	options := []parquet.WriterProperty{
		parquet.WithVersion(parquet.V2_6),
		parquet.WithCreatedBy("quoll"),
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithMaxRowGroupLength(int64(rowGroupRows)),
		parquet.WithMaxStatsSize(textStatistics),
	}
	for _, c := range columns {
		if c.document {
			options = append(options, parquet.WithStatsFor(c.name, false))
		}
		if c.document || c.random {
			options = append(options, parquet.WithDictionaryFor(c.name, false))
		}
		if c.random {
			options = append(options, parquet.WithCompressionFor(c.name, compress.Codecs.Uncompressed))
		}
	}
	return parquet.NewWriterProperties(options...)
}

// writeRun writes the rows of one day into a new file and makes it durable.
// One column of one row group is in memory at a time, besides the generation.
func writeRun(path string, t *tableState, generation []batch, run dayRun, rowGroupRows int) (File, error) {
	var bytes int64
	err := writeSynced(path, func(w io.Writer) error {
		counter := &countingWriter{w: w}
		err := writeParquet(counter, t.columns, arrowSchemaOf(t.columns, t.ids), generation, run.rows, rowGroupRows)
		bytes = counter.n
		return err
	})
	if err != nil {
		return File{}, fmt.Errorf("write %s: %w", path, err)
	}
	return File{
		Path: path, Rows: int64(len(run.rows)), Bytes: bytes,
		MinTime: time.UnixMicro(run.rows[0].time).UTC(),
		MaxTime: time.UnixMicro(run.rows[len(run.rows)-1].time).UTC(),
	}, nil
}

func writeParquet(w io.Writer, columns []column, sc *arrow.Schema, generation []batch, refs []rowRef, rowGroupRows int) error {
	writer, err := pqarrow.NewFileWriter(sc, w, writerProperties(columns, rowGroupRows), pqarrow.DefaultWriterProps())
	if err != nil {
		return err
	}
	for start := 0; start < len(refs); start += rowGroupRows {
		part := refs[start:min(start+rowGroupRows, len(refs))]
		if err := writer.NewRowGroupChecked(); err != nil {
			return err
		}
		for i, c := range columns {
			if err := writer.WriteColumnData(gather(generation, i, c, part)); err != nil {
				return fmt.Errorf("column %s: %w", c.name, err)
			}
		}
	}
	return writer.Close()
}

// countingWriter counts bytes and hides Close, which the Parquet writer would
// call before the file is synced.
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
