package parquetfile

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/s2"
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
	*memory

	groups  []group
	notes   []note
	next    int   // column of the group at work
	open    bool  // chunk is at work
	written int64 // rows of all groups
	err     error
}

// memory is what a writer needs while it is at work.
type memory struct {
	small   bool
	encoder *zstd.Encoder
	tight   *tightPacker // of small files
	chunk   Chunk
	header  thrift
	body    []byte
	packed  []byte
}

func newMemory(small bool) (*memory, error) {
	level, window := zstd.SpeedFastest, pageBytes
	if small {
		level, window = zstd.SpeedBetterCompression, maxPageBytes
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
		zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("prepare compression: %w", err)
	}
	m := &memory{small: small, encoder: encoder, chunk: Chunk{dict: newDictionary()}}
	if small {
		m.tight, err = newTightPacker(encoder)
	}
	return m, err
}

// Pool keeps the memory of writers that are done for those to come: some
// megabytes each, most of them the encoder's. The zero Pool is ready for use, by
// several goroutines.
type Pool struct {
	mu   sync.Mutex
	idle []*memory
}

// The bounds of what a pool keeps: how many writers' memory, and bytes of pages
// in each.
const (
	maxIdle      = 2
	maxIdlePages = 8 * pageBytes
)

func (p *Pool) take(small bool) *memory {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, m := range p.idle {
		if m.small == small {
			p.idle = slices.Delete(p.idle, i, i+1)
			return m
		}
	}
	return nil
}

func (p *Pool) put(m *memory) {
	pages := cap(m.chunk.page) + cap(m.body) + cap(m.packed)
	if p == nil || m.small || pages > maxIdlePages { // lasting files are rare
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) < maxIdle {
		p.idle = append(p.idle, m)
	}
}

type group struct {
	rows   int64
	chunks []chunkMetadata
}

// NewWriter begins a file.
func NewWriter(to io.Writer, columns []Column, options Options) (*Writer, error) {
	w := &Writer{to: to, sum: xxhash.New(), columns: columns, options: options, memory: options.Pool.take(options.Small)}
	if w.memory == nil {
		var err error
		if w.memory, err = newMemory(options.Small); err != nil {
			return nil, err
		}
	}
	w.chunk.w = w
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

// note is an entry of the footer's metadata.
type note struct{ key, value string }

// Trail writes bytes behind the row groups, right before the footer, and says
// under a key of the footer's metadata how many they are. Readers of Parquet
// pass over them; the file's checksum covers them. It is called once at most,
// before Close.
func (w *Writer) Trail(key string, body []byte) {
	w.endColumn()
	w.write(body)
	w.notes = append(w.notes, note{key, strconv.Itoa(len(body))})
}

// Close writes the footer. The underlying writer stays open. Nothing can be
// written afterwards.
func (w *Writer) Close() error {
	w.endColumn()
	start := w.offset
	w.footer()
	w.write(w.header.buf)
	w.write(binary.LittleEndian.AppendUint32(nil, uint32(w.offset-start)))
	w.write([]byte(magic))
	w.chunk.w = nil
	w.options.Pool.put(w.memory)
	w.memory = nil
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

// dataPage writes the page of the chunk with all rows since the last one.
func (w *Writer) dataPage(c *Chunk, encoding int32) {
	if c.dataAt == 0 {
		c.dataAt = w.offset
	}
	body := c.page[levelRoom:]
	if c.column.Optional {
		body = w.withLevels(c)
	}
	if c.totalRows == 0 && c.codec == Snappy && encoding == encodingPlain && w.packsNot(body) {
		c.codec = Uncompressed
	}
	c.totalRows += int64(c.rows)
	c.totalNulls += int64(c.nulls)
	rows := int32(c.rows)
	w.page(c, pageData, body, func(h *thrift) {
		h.begin(5)
		h.int32(1, rows)
		h.int32(2, encoding)
		h.int32(3, encodingRLE)
		h.int32(4, encodingRLE)
		h.end()
	})
}

// sampleBytes is how much of a column's first page shows whether packing it pays.
const sampleBytes = 8 << 10

// packsNot says that Snappy saves less than a quarter of a page, as it does of random
// identifiers: to pack and unpack those takes as long as what packs well.
func (w *Writer) packsNot(page []byte) bool {
	if len(page) < 4*sampleBytes {
		return false
	}
	sample := page[:sampleBytes]
	w.packed = s2.EncodeSnappy(w.packed[:cap(w.packed)], sample)
	return len(w.packed) > sampleBytes/4*3
}

// withLevels returns the page behind the levels of its values. A single run of
// levels fits into the room before the values.
func (w *Writer) withLevels(c *Chunk) []byte {
	levels := append(w.body[:0], 0, 0, 0, 0) // the length, below
	switch c.nulls {
	case 0:
		levels = appendRun(levels, 1, c.rows, 1)
	case c.rows:
		levels = appendRun(levels, 0, c.rows, 1)
	default:
		levels = appendHybrid(levels, c.levels, 1)
	}
	binary.LittleEndian.PutUint32(levels, uint32(len(levels)-4))
	w.body = levels
	if len(levels) <= levelRoom {
		start := levelRoom - len(levels)
		copy(c.page[start:], levels)
		return c.page[start:]
	}
	w.body = append(levels, c.page[levelRoom:]...)
	return w.body
}

// dictionaryPage writes the page of the chunk, which has the values of its
// dictionary.
func (w *Writer) dictionaryPage(c *Chunk, count int) {
	c.dictionaryAt = w.offset
	w.page(c, pageDictionary, c.page[levelRoom:], func(h *thrift) {
		h.begin(7)
		h.int32(1, int32(count))
		h.int32(2, encodingPlain)
		h.end()
	})
}

// page compresses a body and writes it behind its header.
func (w *Writer) page(c *Chunk, kind int32, body []byte, rest func(h *thrift)) {
	packed := body
	switch c.codec {
	case Zstd:
		if w.tight != nil {
			w.packed = w.tight.append(w.packed[:0], body)
		} else {
			w.packed = w.encoder.EncodeAll(body, w.packed[:0])
		}
		packed = w.packed
	case Snappy:
		w.packed = s2.EncodeSnappy(w.packed[:cap(w.packed)], body)
		packed = w.packed
	}
	h := &w.header
	h.reset()
	h.int32(1, kind)
	h.int32(2, int32(len(body)))
	h.int32(3, int32(len(packed)))
	rest(h)
	h.buf = append(h.buf, 0)
	c.uncompressed += int64(len(h.buf) + len(body))
	c.compressed += int64(len(h.buf) + len(packed))
	w.write(h.buf)
	w.write(packed)
}
