package parquetfile

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// Chunk takes the values of one column of a row group, one after the other.
// It is valid until the next call of Writer.Column.
type Chunk struct {
	w      *Writer
	column Column

	dict    *dictionary
	inDict  bool
	indices []uint32 // while in the dictionary
	codes   []byte   // the indices, as they are written

	// The page at work. levels says which values are there; it is kept once one
	// is not.
	rows, nulls int
	levels      []uint32
	page        []byte // values, as they are written, behind levelRoom bytes
	pageBytes   int    // from which it may end
	bits        int    // booleans in page

	chunkMetadata
	bounds bounds
	hashes []uint64 // of the values, for the filter
	text   [8]byte
}

// chunkMetadata is what the footer says about a chunk.
type chunkMetadata struct {
	codec                    Codec
	totalRows, totalNulls    int64
	uncompressed, compressed int64
	dictionaryAt, dataAt     int64 // offsets in the file; dictionaryAt is 0 for none
	bloomAt, bloomBytes      int64 // bloomAt is 0 for none
	low, high                []byte
	inDictionary             bool
}

func (c *Chunk) begin(column Column) {
	c.column = column
	if c.pageBytes = column.PageBytes; c.pageBytes == 0 {
		c.pageBytes = pageBytes
	}
	c.inDict = column.Dictionary && column.Kind != Bool
	c.dict.reset()
	c.indices = c.indices[:0]
	c.rows, c.nulls, c.levels, c.page, c.bits = 0, 0, c.levels[:0], c.emptyPage(), 0
	c.chunkMetadata = chunkMetadata{codec: column.Codec}
	c.bounds.reset(column)
	c.hashes = c.hashes[:0]
}

// Text adds a text.
func (c *Chunk) Text(v []byte) {
	c.present()
	if c.inDict {
		c.index(v)
		return
	}
	c.plainText(v)
}

// Number adds a number: the bits of a float, 0 or 1 for a boolean.
func (c *Chunk) Number(v int64) {
	c.present()
	if c.inDict {
		binary.LittleEndian.PutUint64(c.text[:], uint64(v))
		c.index(c.text[:])
		return
	}
	c.plainNumber(v)
}

// Texts adds texts that lie one behind the other in data: where the first one begins,
// and where each ends.
func (c *Chunk) Texts(data []byte, offsets []int32) {
	for i := 1; i < len(offsets); i++ {
		v := data[offsets[i-1]:offsets[i]]
		switch {
		case !c.inDict:
			c.present()
			c.plainText(v)
		case c.dict.isLast(v):
			again := 1 + timesAgain(v, data, offsets[i:])
			c.again(again)
			i += again - 1
		default:
			c.present()
			c.find(v)
		}
	}
}

// timesAgain returns how many texts come before the first that is another than text.
func timesAgain(text, data []byte, offsets []int32) int {
	start, length := int(offsets[0]), len(text)
	for i, end := range offsets[1:] {
		if int(end)-start != length || string(data[start:end]) != string(text) {
			return i
		}
		start = int(end)
	}
	return len(offsets) - 1
}

// again adds the last value of the dictionary as many times.
func (c *Chunk) again(times int) {
	c.rows += times
	if c.nulls > 0 {
		c.levels = appendTimes(c.levels, 1, times)
	}
	c.indices = appendTimes(c.indices, c.dict.last, times)
}

func appendTimes(to []uint32, number uint32, times int) []uint32 {
	start := len(to)
	to = slices.Grow(to, times)[:start+times]
	added := to[start:]
	for i := range added {
		added[i] = number
	}
	return to
}

// Numbers adds numbers, as Number does one.
func (c *Chunk) Numbers(values []int64) {
	for i, v := range values {
		if c.inDict && i > 0 && v == values[i-1] {
			c.present()
			c.indices = append(c.indices, c.dict.last)
			continue
		}
		c.Number(v)
	}
}

// Null adds the absence of a value.
func (c *Chunk) Null() {
	if c.nulls == 0 {
		for len(c.levels) < c.rows {
			c.levels = append(c.levels, 1)
		}
	}
	c.levels = append(c.levels, 0)
	c.nulls++
	c.rows++
	c.endRow()
}

// Same adds one text many times to a chunk that has nothing else.
func (c *Chunk) Same(v []byte, count int) {
	c.inDict = true
	c.codec = Uncompressed
	c.dict.number(v)
	c.rows = count
}

// Nulls adds nulls to a chunk that has nothing else.
func (c *Chunk) Nulls(count int) {
	c.inDict = true
	c.codec = Uncompressed
	c.rows, c.nulls = count, count
}

func (c *Chunk) present() {
	if c.nulls > 0 {
		c.levels = append(c.levels, 1)
	}
	c.rows++
}

// index adds a value to the dictionary and leaves that when it does not pay.
func (c *Chunk) index(v []byte) {
	if c.dict.isLast(v) {
		c.indices = append(c.indices, c.dict.last)
		return
	}
	c.find(v)
}

// find is index of a value that is not the last one.
func (c *Chunk) find(v []byte) {
	before := c.dict.size()
	c.indices = append(c.indices, c.dict.number(v))
	size := c.dict.size()
	if size == before {
		return
	}
	if size > maxDictionary || len(c.dict.data) > maxDictionaryBytes || paysNot(size, len(c.indices)) {
		c.leaveDictionary()
	}
}

// paysNot says that too many of the values so far are different.
func paysNot(different, values int) bool {
	return values >= trial && 2*different > values || values == firstTrial && 16*different > 15*values
}

// leaveDictionary writes what is in the dictionary out, value by value.
func (c *Chunk) leaveDictionary() {
	c.inDict = false
	levels, indices := c.levels, c.indices
	c.levels, c.indices = nil, nil
	rows, nulls := c.rows, c.nulls
	c.rows, c.nulls = 0, 0
	next := 0
	for i := range rows {
		if nulls > 0 && levels[i] == 0 {
			c.Null()
			continue
		}
		v := c.dict.value(indices[next])
		next++
		c.present()
		if c.column.Kind == Text {
			c.plainText(v)
		} else {
			c.plainNumber(int64(binary.LittleEndian.Uint64(v)))
		}
	}
	if c.levels == nil {
		c.levels = levels[:0]
	}
	c.indices = indices[:0]
}

func (c *Chunk) plainText(v []byte) {
	c.note(v)
	c.page = binary.LittleEndian.AppendUint32(c.page, uint32(len(v)))
	c.page = append(c.page, v...)
	c.endRow()
}

// endRow writes the page at work if it is large enough and may end behind the row. Of
// a chunk that is in its dictionary there is none.
func (c *Chunk) endRow() {
	size := len(c.page) - levelRoom
	if size < c.pageBytes {
		return
	}
	every := int64(c.w.options.PageRows)
	if every == 0 || (c.totalRows+int64(c.rows))%every == 0 || size >= maxPageBytes {
		c.flushPlain()
	}
}

// note keeps what the statistics say about a text.
func (c *Chunk) note(v []byte) {
	c.bounds.text(v)
	if c.column.Bloom {
		c.hashes = append(c.hashes, xxhash.Sum64(v))
	}
}

func (c *Chunk) plainNumber(v int64) {
	c.bounds.number(v)
	if c.column.Kind == Bool {
		if c.bits%8 == 0 {
			c.page = append(c.page, 0)
		}
		c.page[len(c.page)-1] |= byte(v&1) << (c.bits % 8)
		c.bits++
		return
	}
	c.page = appendNumber(c.page, c.column.Kind, v)
	c.endRow()
}

func appendNumber(dst []byte, kind Kind, v int64) []byte {
	if kind == Int32 {
		return binary.LittleEndian.AppendUint32(dst, uint32(v))
	}
	return binary.LittleEndian.AppendUint64(dst, uint64(v))
}

// levelRoom is the room before the values of a page for levels that are a single
// run, so that the values need not be copied behind them.
const levelRoom = 16

func (c *Chunk) emptyPage() []byte {
	if cap(c.page) < levelRoom {
		return make([]byte, levelRoom, 4<<10)
	}
	return c.page[:levelRoom]
}

// flushPlain writes the page at work.
func (c *Chunk) flushPlain() {
	if c.rows > 0 {
		c.w.dataPage(c, encodingPlain)
	}
	c.page, c.levels, c.bits = c.emptyPage(), c.levels[:0], 0
	c.rows, c.nulls = 0, 0
}

// end writes what is left and returns what the footer needs.
func (c *Chunk) end() chunkMetadata {
	if c.inDict && c.dict.size() > 0 {
		c.endDictionary()
	} else {
		c.flushPlain()
	}
	c.low, c.high = c.bounds.encoded(c.column)
	return c.chunkMetadata
}

func (c *Chunk) endDictionary() {
	c.inDictionary = true
	width := max(1, widthOf(c.dict.size()))
	c.codes = append(c.codes[:0], byte(width))
	if len(c.indices) == 0 { // Same
		c.codes = appendRun(c.codes, 0, c.rows, width)
	} else {
		c.codes = appendHybrid(c.codes, c.indices, width)
	}
	c.page = c.emptyPage()
	for number := range uint32(c.dict.size()) {
		v := c.dict.value(number)
		if c.column.Kind == Text {
			c.note(v)
			c.page = binary.LittleEndian.AppendUint32(c.page, uint32(len(v)))
			c.page = append(c.page, v...)
			continue
		}
		n := int64(binary.LittleEndian.Uint64(v))
		c.bounds.number(n)
		c.page = appendNumber(c.page, c.column.Kind, n)
	}
	if c.w.options.Small && len(c.page)+len(c.codes) <= c.rows {
		c.codec = Uncompressed
	}
	c.w.dictionaryPage(c, c.dict.size())
	c.page = append(c.emptyPage(), c.codes...)
	c.w.dataPage(c, encodingDictionary)
}

// bounds keeps the least and the greatest value.
type bounds struct {
	kind        Kind
	on, seen    bool
	low, high   int64
	lowT, highT []byte
	lowF, highF float64
}

func (b *bounds) reset(c Column) {
	*b = bounds{kind: c.Kind, on: c.Bounds, lowT: b.lowT[:0], highT: b.highT[:0]}
}

func (b *bounds) text(v []byte) {
	switch {
	case !b.on:
	case len(v) > maxBound:
		b.on = false
	case !b.seen:
		b.seen = true
		b.lowT, b.highT = append(b.lowT[:0], v...), append(b.highT[:0], v...)
	case bytes.Compare(v, b.lowT) < 0:
		b.lowT = append(b.lowT[:0], v...)
	case bytes.Compare(v, b.highT) > 0:
		b.highT = append(b.highT[:0], v...)
	}
}

func (b *bounds) number(v int64) {
	if !b.on {
		return
	}
	if b.kind == Float64 {
		f := math.Float64frombits(uint64(v))
		if f != f {
			b.on = false // a bound that is no number would exclude everything
			return
		}
		if !b.seen || f < b.lowF {
			b.lowF = f
		}
		if !b.seen || f > b.highF {
			b.highF = f
		}
		b.seen = true
		return
	}
	if !b.seen || v < b.low {
		b.low = v
	}
	if !b.seen || v > b.high {
		b.high = v
	}
	b.seen = true
}

// encoded returns copies of the bounds as the footer has them, nil for none.
func (b *bounds) encoded(c Column) (low, high []byte) {
	if !b.on || !b.seen {
		return nil, nil
	}
	switch c.Kind {
	case Text:
		return append([]byte{}, b.lowT...), append([]byte{}, b.highT...)
	case Float64:
		// Zero has two signs, and either may stand for it.
		low, high := b.lowF, b.highF
		if low == 0 {
			low = math.Copysign(0, -1)
		}
		if high == 0 {
			high = 0
		}
		return appendNumber(nil, Float64, int64(math.Float64bits(low))), appendNumber(nil, Float64, int64(math.Float64bits(high)))
	case Bool:
		return []byte{byte(b.low)}, []byte{byte(b.high)}
	}
	return appendNumber(nil, c.Kind, b.low), appendNumber(nil, c.Kind, b.high)
}
