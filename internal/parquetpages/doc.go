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
	"sync"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
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
	texts   sync.Pool // of *[][]byte
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

// File is a file whose footer is known. It is for one goroutine, with its chunks.
type File struct {
	from    io.ReaderAt
	decoder *Decoder
	footer  *Footer

	lent      []*[]byte // until Release
	lentTexts []*[][]byte
}

// Open reads the footer of a file.
func Open(from Source, decoder *Decoder) (*File, error) {
	footer, err := ReadFooter(from)
	if err != nil {
		return nil, err
	}
	return footer.Open(from, decoder), nil
}

// Groups returns how many row groups there are.
func (f *File) Groups() int { return len(f.footer.rows) }

// Rows returns how many rows a row group has.
func (f *File) Rows(group int) int64 { return f.footer.rows[group] }

// Chunk returns the values of a column in a row group; nil if the file has no column
// of that name.
func (f *File) Chunk(group int, name string) (*Chunk, error) {
	index, ok := f.footer.index[name]
	if !ok {
		return nil, nil
	}
	of, at := &f.footer.columns[index], &f.footer.chunks[group*len(f.footer.columns)+index]
	if of.nested {
		return nil, fmt.Errorf("column %s is nested: %w", name, ErrUnsupported)
	}
	if at.damaged {
		return nil, fmt.Errorf("column %s: %w: its place is not known", name, ErrDamaged)
	}
	c := &Chunk{file: f, name: name, kind: of.kind, optional: of.optional, codec: at.codec, rows: f.Rows(group), next: at.next, end: at.end}
	switch c.kind {
	case parquet.Types.ByteArray, parquet.Types.Boolean, parquet.Types.Int32, parquet.Types.Int64, parquet.Types.Double:
		return c, nil
	}
	return nil, fmt.Errorf("column %s is %s: %w", name, c.kind, ErrUnsupported)
}
