package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
	"github.com/klauspost/compress/zstd"
)

// floor does with each body what a collector that keeps evidence and tables cannot
// do without, with libraries alone and nothing of Quoll: its SHA-256 and one zstd
// frame of it go to a file that is synced, and its records, as they are, to the
// one column of a Parquet file. No record is parsed, known again, or put into
// columns.
type floor struct {
	mu      sync.Mutex
	frames  *os.File
	encoder *zstd.Encoder
	table   *os.File
	writer  *file.Writer
	records []parquet.ByteArray
	bytes   int // of records
}

// floorRows is how many bytes of records become a row group.
const floorRows = 16 << 20

func newFloor(dir string) (f *floor, err error) {
	f = &floor{}
	if f.encoder, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest)); err != nil {
		return nil, err
	}
	if f.frames, err = os.Create(filepath.Join(dir, "frames")); err != nil {
		return nil, err
	}
	if f.table, err = os.Create(filepath.Join(dir, "records.parquet")); err != nil {
		return nil, err
	}
	properties := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd), parquet.WithCompressionLevel(1), parquet.WithDictionaryDefault(false), parquet.WithStats(false))
	record, err := schema.NewPrimitiveNodeLogical("Record", parquet.Repetitions.Required, schema.StringLogicalType{}, parquet.Types.ByteArray, -1, -1)
	if err != nil {
		return nil, err
	}
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, schema.FieldList{record}, -1)
	if err != nil {
		return nil, err
	}
	f.writer = file.NewParquetWriter(f.table, root, file.WithWriterProps(properties))
	return f, nil
}

func (f *floor) take(body []byte) error {
	sum := sha256.Sum256(body)
	frame := f.encoder.EncodeAll(body, make([]byte, 0, len(body)/8))
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.frames.Write(append(sum[:], frame...)); err != nil {
		return err
	}
	if err := f.frames.Sync(); err != nil {
		return err
	}
	for record := range objects(body) {
		f.records = append(f.records, parquet.ByteArray(record))
		f.bytes += len(record)
	}
	if f.bytes < floorRows {
		return nil
	}
	return f.flush()
}

func (f *floor) flush() error {
	group, err := f.writer.AppendRowGroupChecked()
	if err != nil {
		return err
	}
	column, err := group.NextColumn()
	if err != nil {
		return err
	}
	texts, ok := column.(*file.ByteArrayColumnChunkWriter)
	if !ok {
		return fmt.Errorf("texts are written by a %T", column)
	}
	if _, err := texts.WriteBatch(f.records, nil, nil); err != nil {
		return err
	}
	f.records, f.bytes = nil, 0
	return errors.Join(column.Close(), group.Close())
}

func (f *floor) close() error {
	return errors.Join(f.flush(), f.writer.Close(), f.frames.Close())
}

// objects yields the objects of an array of objects that is valid JSON.
func objects(body []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		depth, start := 0, 0
		for i := 0; i < len(body); i++ {
			switch body[i] {
			case '"':
				i = stringEnd(body, i+1)
			case '{':
				if depth++; depth == 1 {
					start = i
				}
			case '}':
				if depth--; depth == 0 && !yield(body[start:i+1]) {
					return
				}
			}
		}
	}
}

// stringEnd returns the place of the quote that ends a string.
func stringEnd(body []byte, i int) int {
	for {
		i += bytes.IndexByte(body[i:], '"')
		slashes := 0
		for body[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i
		}
		i++
	}
}
