// Package parquetpages reads some rows of some columns of flat Parquet files, and
// no more pages than those rows are in. What libraries read is whole row groups.
//
// It reads what parquetfile writes: data pages of version 1, plain or with a
// dictionary, in zstd, Snappy or as they are. Of whatever else it says
// ErrUnsupported, for the caller to read it otherwise.
//
// It must not know which table the rows are of, nor where the file comes from.
package parquetpages

import (
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

var (
	// ErrUnsupported is returned for files that are right and are not read here.
	ErrUnsupported = errors.New("pages of this kind are not read")
	// ErrDamaged is returned for pages that are not what was written.
	ErrDamaged = errors.New("pages are damaged")
)

// maxPage bounds the bytes of a page.
const maxPage = 64 << 20

// Decoder unpacks pages. It is safe for concurrent use.
type Decoder struct {
	zstd    *zstd.Decoder
	buffers buffers
}

// NewDecoder returns a decoder for as many goroutines at a time.
func NewDecoder(goroutines int) (*Decoder, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(goroutines), zstd.WithDecoderMaxMemory(maxPage))
	if err != nil {
		return nil, fmt.Errorf("prepare decompression: %w", err)
	}
	return &Decoder{zstd: d}, nil
}

func (d *Decoder) unpack(codec compress.Compression, to, packed []byte, size int) (body []byte, err error) {
	switch codec {
	case compress.Codecs.Uncompressed:
		body = packed
	case compress.Codecs.Zstd:
		body, err = d.zstd.DecodeAll(packed, to[:0])
	case compress.Codecs.Snappy:
		if n, _ := s2.DecodedLen(packed); n != size {
			return nil, fmt.Errorf("%w: a page has %d bytes and should have %d", ErrDamaged, n, size)
		}
		body, err = s2.Decode(to[:cap(to)], packed)
	default:
		return nil, fmt.Errorf("%w: codec %s", ErrUnsupported, codec)
	}
	if err == nil && len(body) != size {
		err = fmt.Errorf("a page has %d bytes and should have %d", len(body), size)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return body, nil
}

// File is the footer of a file. It is for one goroutine, with its chunks.
type File struct {
	from    io.ReaderAt
	decoder *Decoder
	footer  *metadata.FileMetaData
	lent    []*[]byte // until Release
}

// Source is what a file is read from.
type Source interface {
	io.ReaderAt
	io.Seeker
}

// Open reads the footer of a file.
func Open(from Source, decoder *Decoder) (f *File, err error) {
	defer func() {
		if v := recover(); v != nil { // the library panics on some damage
			f, err = nil, fmt.Errorf("%w: footer: %v", ErrDamaged, v)
		}
	}()
	r, err := file.NewParquetReader(from)
	if err != nil {
		return nil, fmt.Errorf("%w: footer: %w", ErrDamaged, err)
	}
	return &File{from: from, decoder: decoder, footer: r.MetaData()}, nil
}

// Groups returns how many row groups there are.
func (f *File) Groups() int { return f.footer.NumRowGroups() }

// Rows returns how many rows a row group has.
func (f *File) Rows(group int) int64 { return f.footer.RowGroup(group).NumRows() }

// Chunk returns the values of a column in a row group; nil if the file has no column
// of that name.
func (f *File) Chunk(group int, name string) (*Chunk, error) {
	index := f.footer.Schema.ColumnIndexByName(name)
	if index < 0 {
		return nil, nil
	}
	of := f.footer.Schema.Column(index)
	if of.MaxRepetitionLevel() > 0 || of.MaxDefinitionLevel() > 1 {
		return nil, fmt.Errorf("column %s is nested: %w", name, ErrUnsupported)
	}
	m, err := f.footer.RowGroup(group).ColumnChunk(index)
	if err != nil {
		return nil, fmt.Errorf("column %s: %w: %w", name, ErrDamaged, err)
	}
	c := &Chunk{file: f, name: name, kind: of.PhysicalType(), optional: of.MaxDefinitionLevel() == 1, codec: m.Compression(), rows: f.Rows(group)}
	c.next = m.DataPageOffset()
	if m.HasDictionaryPage() {
		c.next = m.DictionaryPageOffset()
	}
	c.end = c.next + m.TotalCompressedSize()
	switch c.kind {
	case parquet.Types.ByteArray, parquet.Types.Boolean, parquet.Types.Int32, parquet.Types.Int64, parquet.Types.Double:
		return c, nil
	}
	return nil, fmt.Errorf("column %s is %s: %w", name, c.kind, ErrUnsupported)
}
