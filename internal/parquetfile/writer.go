package parquetfile

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
)

// Numbers of the format.
const (
	magic = "PAR1"

	encodingPlain      = 0
	encodingRLE        = 3
	encodingDictionary = 8

	pageData       = 0
	pageDictionary = 2
)

var (
	physicalTypes = [...]int32{Text: 6, Int32: 1, Int64: 2, Float64: 5, Bool: 0, Timestamp: 2}
	codecNumbers  = [...]int32{Zstd: 6, Snappy: 1, Uncompressed: 0}
)

// Writer writes one file. An error ends it: what follows does nothing, and
// Close returns the first one.
type Writer struct {
	to      io.Writer
	offset  int64
	sum     *xxhash.Digest // of what was written
	columns []Column
	options Options
	encoder *zstd.Encoder

	groups []group
	next   int // column of the group at work
	chunk  Chunk
	open   bool // chunk is at work

	header  thrift
	body    []byte
	packed  []byte
	written int64 // rows of all groups
	err     error
}

type group struct {
	rows   int64
	chunks []chunkMetadata
}

// NewWriter begins a file.
func NewWriter(to io.Writer, columns []Column, options Options) (*Writer, error) {
	level := zstd.SpeedFastest
	if options.Small {
		level = zstd.SpeedBetterCompression
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
		zstd.WithWindowSize(pageBytes), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("prepare compression: %w", err)
	}
	w := &Writer{to: to, sum: xxhash.New(), columns: columns, options: options, encoder: encoder}
	w.chunk = Chunk{w: w, dict: newDictionary()}
	w.write([]byte(magic))
	return w, nil
}

// Group begins a row group. Its columns follow in order.
func (w *Writer) Group(rows int) {
	w.endColumn()
	w.groups = append(w.groups, group{rows: int64(rows), chunks: make([]chunkMetadata, 0, len(w.columns))})
	w.next = 0
	w.written += int64(rows)
}

// Column begins the next column of the group. As many values must be added to
// it as the group has rows.
func (w *Writer) Column() *Chunk {
	w.endColumn()
	w.chunk.begin(w.columns[w.next])
	w.next++
	w.open = true
	return &w.chunk
}

func (w *Writer) endColumn() {
	if !w.open {
		return
	}
	w.open = false
	g := &w.groups[len(w.groups)-1]
	m := w.chunk.end()
	if len(w.chunk.hashes) > 1 { // of a single value the bounds say as much
		m.bloomAt = w.offset
		w.write(w.chunk.bloomFilter(&w.header))
		m.bloomBytes = w.offset - m.bloomAt
	}
	if m.totalRows != g.rows && w.err == nil {
		w.err = fmt.Errorf("column %s has %d values in a group of %d rows", w.chunk.column.Name, m.totalRows, g.rows)
	}
	g.chunks = append(g.chunks, m)
}

// Close writes the footer. The underlying writer stays open.
func (w *Writer) Close() error {
	w.endColumn()
	start := w.offset
	w.footer()
	w.write(w.header.buf)
	w.write(binary.LittleEndian.AppendUint32(nil, uint32(w.offset-start)))
	w.write([]byte(magic))
	return w.err
}

func (w *Writer) write(b []byte) {
	if w.err != nil {
		return
	}
	n, err := w.to.Write(b)
	w.offset += int64(n)
	_, _ = w.sum.Write(b) // cannot fail
	w.err = err
}

// dataPage writes a page of the chunk with all rows since the last one.
func (w *Writer) dataPage(c *Chunk, encoding int32, values []byte) {
	if c.dataAt == 0 {
		c.dataAt = w.offset
	}
	w.body = w.body[:0]
	if c.column.Optional {
		w.body = append(w.body, 0, 0, 0, 0) // the length, below
		switch c.nulls {
		case 0:
			w.body = appendRun(w.body, 1, c.rows, 1)
		case c.rows:
			w.body = appendRun(w.body, 0, c.rows, 1)
		default:
			w.body = appendHybrid(w.body, c.levels, 1)
		}
		binary.LittleEndian.PutUint32(w.body, uint32(len(w.body)-4))
	}
	w.body = append(w.body, values...)
	c.totalRows += int64(c.rows)
	c.totalNulls += int64(c.nulls)
	rows := int32(c.rows)
	w.page(c, pageData, func(h *thrift) {
		h.begin(5)
		h.int32(1, rows)
		h.int32(2, encoding)
		h.int32(3, encodingRLE)
		h.int32(4, encodingRLE)
		h.end()
	})
}

func (w *Writer) dictionaryPage(c *Chunk, values []byte, count int) {
	c.dictionaryAt = w.offset
	w.body = append(w.body[:0], values...)
	w.page(c, pageDictionary, func(h *thrift) {
		h.begin(7)
		h.int32(1, int32(count))
		h.int32(2, encodingPlain)
		h.end()
	})
}

// page compresses the body and writes it behind its header.
func (w *Writer) page(c *Chunk, kind int32, rest func(h *thrift)) {
	packed := w.body
	switch c.codec {
	case Zstd:
		w.packed = w.encoder.EncodeAll(w.body, w.packed[:0])
		packed = w.packed
	case Snappy:
		w.packed = snappy.Encode(w.packed[:cap(w.packed)], w.body)
		packed = w.packed
	}
	h := &w.header
	h.reset()
	h.int32(1, kind)
	h.int32(2, int32(len(w.body)))
	h.int32(3, int32(len(packed)))
	rest(h)
	h.buf = append(h.buf, 0)
	c.uncompressed += int64(len(h.buf) + len(w.body))
	c.compressed += int64(len(h.buf) + len(packed))
	w.write(h.buf)
	w.write(packed)
}
