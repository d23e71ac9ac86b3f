package parquetpages

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
)

// Chunk is the values of a column in a row group. It keeps the page that was read
// last, and is for one goroutine.
type Chunk struct {
	file      *File
	name      string
	kind      parquet.Type
	optional  bool
	codec     compress.Compression
	rows      int64
	next, end int64 // where the first header is that is not known, and the chunk's end

	held       []byte // all of the chunk, if that is little
	start      int64  // where it begins
	pages      []page
	known      int64 // rows of pages
	dictionary *dictionary

	at     int // page in body, from 1
	body   []byte
	keeps  int // bytes of pages that are kept, 0 for none
	packed []byte
	codes  []uint32
}

// page is a data page of a chunk.
type page struct {
	header
	body  int64 // where it is
	first int64 // row
	kept  []byte
}

// inDictionary says that the page has places in the dictionary: of every other encoding,
// known here or not, the values are its own.
func (p *page) inDictionary() bool {
	return p.encoding == encodingDictionary || p.encoding == encodingPlainDictionary
}

// dictionary is the values of a chunk that has each of them once. Texts are as they stand
// in the page until somebody wants each by itself.
type dictionary struct {
	body    []byte
	size    int
	texts   [][]byte
	numbers []int64
}

// all returns the texts, in room that is the file's.
func (d *dictionary) all(f *File) ([][]byte, error) {
	if d.texts != nil || d.numbers != nil {
		return d.texts, nil
	}
	v := &Values{Texts: f.textRoom(d.size)}
	err := plainTexts(d.body, 0, d.size, v)
	d.texts = v.Texts
	return v.Texts, err
}

// Values are those of some rows. They are valid until the next call of Read of their
// chunk.
type Values struct {
	// Null says which rows have none; nil: all have one.
	Null []bool
	// Texts or Numbers have the values of all rows: the bits of a float, 0 or 1 for a
	// boolean, and anything for a null.
	Texts   [][]byte
	Numbers []int64
}

// Dictionary returns the texts that a chunk has at most, each of them once; ok is false
// if it has no dictionary, or has values that are not in it.
func (c *Chunk) Dictionary() (texts [][]byte, ok bool, err error) {
	if ok, err := c.allInDictionary(); err != nil || !ok {
		return nil, false, err
	}
	texts, err = c.dictionary.all(c.file)
	return texts, err == nil, c.in(err)
}

// allInDictionary says whether all values of a chunk of texts are in its dictionary.
func (c *Chunk) allInDictionary() (bool, error) {
	if c.kind != parquet.Types.ByteArray {
		return false, nil
	}
	if err := c.find(1); err != nil || c.dictionary == nil {
		return false, c.in(err)
	}
	// What follows the first page may be plain.
	return c.known == c.rows && !slices.ContainsFunc(c.pages, func(p page) bool { return !p.inDictionary() }), nil
}

// Read returns the values of the rows from first up to but not including end, which count
// from 0 within the row group.
func (c *Chunk) Read(first, end int64) (*Values, error) {
	if first < 0 || end > c.rows || first > end {
		return nil, fmt.Errorf("column %s has %d rows, and %d to %d are asked for", c.name, c.rows, first, end)
	}
	if err := c.find(end); err != nil {
		return nil, c.in(err)
	}
	v := &Values{}
	if c.kind == parquet.Types.ByteArray {
		v.Texts = make([][]byte, 0, end-first)
	} else {
		v.Numbers = make([]int64, 0, end-first)
	}
	for number := range c.pages {
		p := &c.pages[number]
		from, to := max(first, p.first), min(end, p.first+p.values)
		if from >= to {
			continue
		}
		if err := c.load(number+1, v); err != nil {
			return nil, c.in(err)
		}
		if err := c.values(p, from-p.first, to-p.first, v); err != nil {
			return nil, c.in(err)
		}
	}
	return v, nil
}

// PageEnd returns the row behind the page that has a row: to Read no further has no more in
// memory than that page.
func (c *Chunk) PageEnd(row int64) (end int64, err error) {
	if row < 0 || row >= c.rows {
		return 0, fmt.Errorf("column %s has %d rows, and row %d is asked for", c.name, c.rows, row)
	}
	if err := c.find(row + 1); err != nil {
		return 0, c.in(err)
	}
	number, _ := slices.BinarySearchFunc(c.pages, row, func(p page, row int64) int { return cmp.Compare(p.first+p.values, row+1) })
	return c.pages[number].first + c.pages[number].values, nil
}

func (c *Chunk) in(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("column %s: %w", c.name, err)
}

// maxHeld is how long a chunk is at most that is read at once: there are four reads else, of
// two headers and two pages, and each costs as much as some ten thousand bytes more.
const maxHeld = 64 << 10

// hold reads the chunk at once, if it is short and nothing of it was read.
func (c *Chunk) hold() error {
	length := c.end - c.next
	if c.held != nil || c.known > 0 || c.dictionary != nil || length <= 0 || length > maxHeld {
		return nil
	}
	held := c.file.room(int(length))[:length]
	if _, err := c.file.from.ReadAt(held, c.next); err != nil {
		return fmt.Errorf("read pages: %w", err)
	}
	c.held, c.start = held, c.next
	return nil
}

// bytes returns bytes of the chunk; room makes room for those that must be read.
func (c *Chunk) bytes(at int64, length int, room func(size int) []byte) ([]byte, error) {
	if c.held != nil {
		return c.held[at-c.start:][:length:length], nil // headers and bodies end within the chunk
	}
	read := room(length)[:length]
	_, err := c.file.from.ReadAt(read, at)
	return read, err
}

func madeRoom(size int) []byte { return make([]byte, size) }

// find reads headers until those of the pages with the rows up to end are known, and the
// dictionary, which comes first.
func (c *Chunk) find(end int64) error {
	if c.known >= end {
		return nil
	}
	if err := c.hold(); err != nil {
		return err
	}
	for c.known < end {
		if c.next >= c.end {
			return fmt.Errorf("%w: it has %d rows and should have %d", ErrDamaged, c.known, c.rows)
		}
		h, err := readHeader(func(at int64, length int) ([]byte, error) { return c.bytes(at, length, madeRoom) }, c.next, c.end)
		if err != nil {
			return err
		}
		body := c.next + int64(h.length)
		c.next = body + int64(h.packed)
		switch {
		case h.kind == pageDictionary && len(c.pages) == 0 && c.dictionary == nil && (h.encoding == encodingPlain || h.encoding == encodingPlainDictionary):
			if err := c.readDictionary(h, body); err != nil {
				return err
			}
		case h.kind == pageData && h.values > c.rows-c.known:
			return fmt.Errorf("%w: its pages have more than the %d rows of its row group", ErrDamaged, c.rows)
		case h.kind == pageData && (!c.optional || h.levels == encodingRLE):
			c.pages = append(c.pages, page{header: h, body: body, first: c.known})
			c.known += h.values
		default:
			return fmt.Errorf("%w: page of type %d in encoding %d", ErrUnsupported, h.kind, h.encoding)
		}
	}
	return nil
}

// unpackRoom is what the decoder of zstd wants beyond a page.
const unpackRoom = 64

func (c *Chunk) readBody(h header, at int64, to []byte) ([]byte, error) {
	packed, err := c.bytes(at, h.packed, func(size int) []byte {
		if cap(c.packed) < size {
			c.packed = c.file.room(size)
		}
		return c.packed
	})
	if err != nil {
		return nil, fmt.Errorf("read page: %w", err)
	}
	if c.codec == compress.Codecs.Uncompressed {
		c.packed = nil // it is the body itself
	}
	if c.codec != compress.Codecs.Uncompressed && cap(to) < h.unpacked+unpackRoom && h.unpacked <= maxLent {
		to = c.file.room(h.unpacked + unpackRoom)
	}
	return c.file.decoder.unpack(c.codec, to, packed, h.unpacked)
}

func (c *Chunk) readDictionary(h header, at int64) error {
	body, err := c.readBody(h, at, nil)
	if err != nil {
		return err
	}
	least := 1 // bytes of a value
	if c.kind == parquet.Types.ByteArray {
		least = 4 // its length: room is made for all texts before one is read
	}
	if h.values > int64(len(body)/least) {
		return fmt.Errorf("%w: a dictionary of %d values in %d bytes", ErrDamaged, h.values, len(body))
	}
	if c.kind == parquet.Types.ByteArray {
		c.dictionary = &dictionary{body: body, size: int(h.values)}
		return nil
	}
	v := &Values{}
	if err := c.plain(body, 0, int(h.values), v); err != nil {
		return err
	}
	c.dictionary = &dictionary{size: int(h.values), numbers: v.Numbers}
	return nil
}

// load has a page in the body, unless it is there. Once there are values of an earlier
// page, which may lie in its memory, new memory is taken.
func (c *Chunk) load(number int, before *Values) error {
	if c.at == number {
		return nil
	}
	p := &c.pages[number-1]
	if p.kept != nil {
		c.at, c.body = number, p.kept
		return nil
	}
	to := c.body
	if len(before.Texts) > 0 || c.at > 0 && c.pages[c.at-1].kept != nil {
		to = nil
	}
	c.at, c.body = 0, nil
	body, err := c.readBody(p.header, p.body, to)
	if err != nil {
		return err
	}
	c.at, c.body = number, body
	if len(body) <= c.keeps {
		p.kept = body
		c.keeps -= len(body)
	}
	return nil
}

// Keep has pages stay unpacked, up to so many bytes of them, for rows that are asked for
// again.
func (c *Chunk) Keep(bytes int) { c.keeps = bytes }

// present returns the values of the page in the body, and which rows have one; nil: all.
func (c *Chunk) present(p *page) (body []byte, present []bool, err error) {
	body = c.body
	if !c.optional {
		return body, nil, nil
	}
	if len(body) < 4 || uint64(binary.LittleEndian.Uint32(body)) > uint64(len(body)-4) {
		return nil, nil, fmt.Errorf("%w: levels are longer than their page", ErrDamaged)
	}
	length := int(binary.LittleEndian.Uint32(body))
	present, err = levels(body[4:4+length], int(p.values))
	return body[4+length:], present, err
}

// values adds those of some rows of the page in the body.
func (c *Chunk) values(p *page, from, to int64, v *Values) error {
	body, present, err := c.present(p)
	if err != nil {
		return err
	}
	first, count := int(from), int(to-from)
	if present != nil {
		first, count = countTrue(present[:from]), countTrue(present[from:to])
	}
	start := len(v.Texts) + len(v.Numbers)
	switch p.encoding {
	case encodingPlain:
		err = c.plain(body, first, count, v)
	case encodingDictionary, encodingPlainDictionary:
		err = c.indexed(body, first, count, v)
	default:
		err = fmt.Errorf("%w: encoding %d", ErrUnsupported, p.encoding)
	}
	if err != nil {
		return err
	}
	if present == nil {
		if v.Null != nil {
			v.Null = append(v.Null, make([]bool, to-from)...)
		}
		return nil
	}
	v.spread(start, present[from:to])
	return nil
}

// spread moves the values from start on to the rows that have one.
func (v *Values) spread(start int, present []bool) {
	for len(v.Null) < start {
		v.Null = append(v.Null, false)
	}
	texts, numbers := v.Texts, v.Numbers
	v.Texts, v.Numbers = texts[:min(start, len(texts)):min(start, len(texts))], numbers[:min(start, len(numbers)):min(start, len(numbers))]
	next := start
	for _, there := range present {
		v.Null = append(v.Null, !there)
		switch {
		case !there && texts != nil:
			v.Texts = append(v.Texts, nil)
		case !there:
			v.Numbers = append(v.Numbers, 0)
		case texts != nil:
			v.Texts = append(v.Texts, texts[next])
		default:
			v.Numbers = append(v.Numbers, numbers[next])
		}
		if there {
			next++
		}
	}
}

func countTrue(all []bool) (n int) {
	for _, v := range all {
		if v {
			n++
		}
	}
	return n
}

// indexed adds values that stand in the dictionary.
func (c *Chunk) indexed(body []byte, first, count int, v *Values) error {
	if count == 0 {
		return nil
	}
	if c.dictionary == nil || len(body) == 0 || body[0] > 32 {
		return fmt.Errorf("%w: there is no dictionary", ErrDamaged)
	}
	if _, err := c.dictionary.all(c.file); err != nil {
		return err
	}
	return hybrid(body[1:], int(body[0]), first, count, func(index uint32) error {
		switch {
		case int(index) < len(c.dictionary.texts):
			v.Texts = append(v.Texts, c.dictionary.texts[index])
		case int(index) < len(c.dictionary.numbers):
			v.Numbers = append(v.Numbers, c.dictionary.numbers[index])
		default:
			return fmt.Errorf("%w: the dictionary has no value %d", ErrDamaged, index)
		}
		return nil
	})
}
