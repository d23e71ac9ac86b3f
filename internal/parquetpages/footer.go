package parquetpages

import (
	"fmt"
	"io"
	"unsafe"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
)

// Footer is what is needed of a file's footer: some tens of bytes for each column of a row
// group, where the library's form of it takes a hundred times as many and the third part
// of a millisecond. It does not change, and may be kept for as long as the file is the same.
type Footer struct {
	columns []footerColumn
	index   map[string]int // of columns, by name
	rows    []int64        // of row groups
	chunks  []footerChunk  // of row groups, all columns of the first one first
	bounds  []bounds       // of row groups, all columns of numbers of the first one first
	numbers int            // columns of numbers
}

// bounds are those of the numbers of a column in a row group, both included.
type bounds struct {
	least, most int64
	known       bool
}

type footerColumn struct {
	kind             parquet.Type
	optional, nested bool
	number           int // among the columns of numbers
}

// footerChunk is where the pages of a column of a row group are.
type footerChunk struct {
	codec     compress.Compression
	next, end int64
	unpacked  int64 // bytes of all pages
	bloom     int64 // where its Bloom filter is, 0 for none
	bloomSize int32 // with its header
	damaged   bool
}

// Bytes is about what a footer takes in memory.
func (f *Footer) Bytes() int64 {
	const entry, chunk = 100, 56 // names and what a map needs; a chunk with its padding
	return int64(len(f.columns))*entry + int64(len(f.chunks))*chunk + int64(len(f.bounds))*int64(unsafe.Sizeof(bounds{}))
}

// Bounds returns bounds of the 64 bit numbers of a column in a row group, both included; ok
// is false if they are not known.
func (f *Footer) Bounds(group int, name string) (least, most int64, ok bool) {
	index, ok := f.index[name]
	if !ok || f.columns[index].kind != parquet.Types.Int64 {
		return 0, 0, false
	}
	b := &f.bounds[group*f.numbers+f.columns[index].number]
	return b.least, b.most, b.known
}

// Source is what a footer is read from.
type Source interface {
	io.ReaderAt
	io.Seeker
}

// ReadFooter reads the footer of a file.
func ReadFooter(from Source) (f *Footer, err error) {
	if f := quickFooter(from); f != nil {
		return f, nil
	}
	return libraryFooter(from)
}

// libraryFooter has the library read the footer.
func libraryFooter(from Source) (f *Footer, err error) {
	defer func() {
		if v := recover(); v != nil { // the library panics on some damage
			f, err = nil, fmt.Errorf("%w: footer: %v", ErrDamaged, v)
		}
	}()
	r, err := file.NewParquetReader(from)
	if err != nil {
		return nil, fmt.Errorf("%w: footer: %w", ErrDamaged, err)
	}
	return newFooter(r.MetaData()), nil
}

func newFooter(m *metadata.FileMetaData) *Footer {
	f := &Footer{index: map[string]int{}}
	for i := range m.Schema.NumColumns() {
		of := m.Schema.Column(i)
		if name := of.Path(); m.Schema.ColumnIndexByName(name) == i {
			f.index[name] = i
		}
		f.columns = append(f.columns, footerColumn{
			kind: of.PhysicalType(), optional: of.MaxDefinitionLevel() == 1, number: f.numbers,
			nested: of.MaxRepetitionLevel() > 0 || of.MaxDefinitionLevel() > 1,
		})
		if of.PhysicalType() == parquet.Types.Int64 {
			f.numbers++
		}
	}
	for group := range m.NumRowGroups() {
		g := m.RowGroup(group)
		f.rows = append(f.rows, g.NumRows())
		for i := range f.columns {
			f.chunks = append(f.chunks, newFooterChunk(g, i))
			if f.columns[i].kind == parquet.Types.Int64 {
				f.bounds = append(f.bounds, newBounds(g, i))
			}
		}
	}
	return f
}

func newFooterChunk(g *metadata.RowGroupMetaData, column int) footerChunk {
	m, err := g.ColumnChunk(column)
	if err != nil {
		return footerChunk{damaged: true}
	}
	c := footerChunk{codec: m.Compression(), next: m.DataPageOffset(), unpacked: m.TotalUncompressedSize(), bloom: m.BloomFilterOffset(), bloomSize: m.BloomFilterLength()}
	if m.HasDictionaryPage() {
		c.next = m.DictionaryPageOffset()
	}
	c.end = c.next + m.TotalCompressedSize()
	return c
}

// Unpacked returns how many bytes the pages of a column have when they are unpacked, all row
// groups together.
func (f *Footer) Unpacked(name string) (bytes int64) {
	index, ok := f.index[name]
	if !ok {
		return 0
	}
	for at := index; at < len(f.chunks); at += len(f.columns) {
		bytes += max(0, f.chunks[at].unpacked)
	}
	return bytes
}

func newBounds(g *metadata.RowGroupMetaData, column int) bounds {
	m, err := g.ColumnChunk(column)
	if err != nil {
		return bounds{}
	}
	s, err := m.Statistics()
	of, ok := s.(*metadata.Int64Statistics)
	if err != nil || !ok || !of.HasMinMax() {
		return bounds{}
	}
	return bounds{of.Min(), of.Max(), true}
}

// Open returns the file that the footer is of.
func (f *Footer) Open(from io.ReaderAt, decoder *Decoder) *File {
	return &File{from: from, decoder: decoder, footer: f}
}
