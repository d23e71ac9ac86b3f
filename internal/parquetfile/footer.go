package parquetfile

import "fmt"

// SumKey is the key of the footer's metadata under which the xxHash64 of
// everything before the footer is, in sixteen hexadecimal digits.
const SumKey = "quoll.xxh64"

// Numbers of the format.
const (
	repetitionRequired = 0
	repetitionOptional = 1
	convertedUTF8      = 0
	logicalString      = 1
	logicalTimestamp   = 8
	unitMicros         = 2
)

// footer makes the metadata of the file in w.header.
func (w *Writer) footer() {
	t := &w.header
	t.reset()
	t.int32(1, 2) // version
	t.list(2, thriftStruct, len(w.columns)+1)
	t.element()
	t.binary(4, []byte("schema"))
	t.int32(5, int32(len(w.columns)))
	t.end()
	for i := range w.columns {
		w.columns[i].schema(t)
	}
	t.int64(3, w.written)
	t.list(4, thriftStruct, len(w.groups))
	for i := range w.groups {
		w.groupMetadata(t, i)
	}
	notes := append(w.notes, note{SumKey, fmt.Sprintf("%016x", w.sum.Sum64())})
	t.list(5, thriftStruct, len(notes))
	for _, n := range notes {
		t.element()
		t.binary(1, []byte(n.key))
		t.binary(2, []byte(n.value))
		t.end()
	}
	t.binary(6, []byte(w.options.CreatedBy))
	t.list(7, thriftStruct, len(w.columns)) // minima and maxima count by the order of the type
	for range w.columns {
		t.element()
		t.begin(1)
		t.end()
		t.end()
	}
	t.buf = append(t.buf, 0)
}

func (c *Column) schema(t *thrift) {
	t.element()
	t.int32(1, physicalTypes[c.Kind])
	repetition := int32(repetitionRequired)
	if c.Optional {
		repetition = repetitionOptional
	}
	t.int32(3, repetition)
	t.binary(4, []byte(c.Name))
	if c.Kind == Text {
		t.int32(6, convertedUTF8)
	}
	t.int32(9, c.FieldID)
	switch c.Kind {
	case Text:
		t.begin(10)
		t.begin(logicalString)
		t.end()
		t.end()
	case Timestamp:
		t.begin(10)
		t.begin(logicalTimestamp)
		t.bool(1, false) // not adjusted to UTC: without zone
		t.begin(2)
		t.begin(unitMicros)
		t.end()
		t.end()
		t.end()
		t.end()
	}
	t.end()
}

func (w *Writer) groupMetadata(t *thrift, number int) {
	g := &w.groups[number]
	t.element()
	t.list(1, thriftStruct, len(g.chunks))
	var uncompressed, compressed int64
	for i := range g.chunks {
		w.columns[i].chunk(t, &g.chunks[i])
		uncompressed += g.chunks[i].uncompressed
		compressed += g.chunks[i].compressed
	}
	t.int64(2, uncompressed)
	t.int64(3, g.rows)
	if len(g.chunks) > 0 {
		t.int64(5, g.chunks[0].start())
	}
	t.int64(6, compressed)
	t.end()
}

// start is where the first page of the chunk is.
func (m *chunkMetadata) start() int64 {
	if m.dictionaryAt > 0 {
		return m.dictionaryAt
	}
	return m.dataAt
}

func (c *Column) chunk(t *thrift, m *chunkMetadata) {
	t.element()
	t.int64(2, 0)
	t.begin(3)
	t.int32(1, physicalTypes[c.Kind])
	encodings := []int32{encodingPlain, encodingRLE}
	if m.inDictionary {
		encodings = append(encodings, encodingDictionary)
	}
	t.list(2, thriftI32, len(encodings))
	for _, e := range encodings {
		t.varint(int64(e))
	}
	t.list(3, thriftBinary, 1)
	t.bytes([]byte(c.Name))
	t.int32(4, codecNumbers[m.codec])
	t.int64(5, m.totalRows)
	t.int64(6, m.uncompressed)
	t.int64(7, m.compressed)
	t.int64(9, m.dataAt)
	if m.dictionaryAt > 0 {
		t.int64(11, m.dictionaryAt)
	}
	t.begin(12)
	t.int64(3, m.totalNulls)
	if m.low != nil {
		t.binary(5, m.high)
		t.binary(6, m.low)
	}
	t.end()
	if m.bloomAt > 0 {
		t.int64(14, m.bloomAt)
		t.int32(15, int32(m.bloomBytes))
	}
	t.end()
	t.end()
}
