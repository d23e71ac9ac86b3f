package lake

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/quoll/quoll/schema"
)

// batch is an immutable run of rows in memory. Times are microseconds since
// 1970 in UTC.
type batch struct {
	id      uint64
	records arrow.RecordBatch
	rows    int
	bytes   int64
	minTime int64
	maxTime int64
	memory  *batchMemory // nil if it is not the builder's
}

// batchMemory is the memory of a batch that comes back to the builder when the rows
// are in files, unless somebody else may read the batch: then it is the garbage
// collector's. Guarded by Lake.mu.
type batchMemory struct{ vectors []*vector }

// builder turns sparse rows into a batch. Rows added are not visible before
// cut.
type builder struct {
	columns  []column
	schema   *arrow.Schema
	time     int // position of TimeGenerated
	vectors  []*vector
	rows     int
	bytes    int64 // estimate of the memory that the rows take
	minTime  int64
	maxTime  int64
	overhead int64  // bytes of a row beside its texts: of the columns that have values
	zeros    []byte // what columns without values share; it never changes
	spare    spareMemory

	// most is what the batches of a rush had at most: rows, and by column bytes of texts.
	// The next one will be like them, and a column that is filled at last gets its room
	// at once. When the rush is over, it is forgotten.
	most struct {
		rows  int
		bytes []int
	}
}

// Limits of one batch. Text columns have 32-bit offsets, so a batch must end
// long before a column reaches 2 GiB; and memory that grows is copied, so
// batches are small beside what is flushed together.
const (
	batchRows  = 16 << 10
	batchBytes = 4 << 20
)

func newBuilder(columns []column, timeColumn int) *builder {
	b := &builder{columns: columns, schema: arrowSchemaOf(columns), time: timeColumn}
	b.reset()
	return b
}

// width is the bytes of a value in memory, but for its text.
func (k kind) width() int64 {
	switch k {
	case kindText, kindInt32:
		return 4
	case kindBool:
		return 1
	}
	return 8
}

// reset starts a new batch.
func (b *builder) reset() {
	b.noteMost()
	b.vectors = b.spare.take()
	if b.vectors == nil {
		b.vectors = b.newVectors()
	}
	b.rows, b.bytes, b.overhead = 0, 0, hiddenColumns*8
	b.minTime, b.maxTime = math.MaxInt64, math.MinInt64
}

func (b *builder) noteMost() {
	if b.spare.isOver() {
		b.most.rows, b.most.bytes = 0, nil
		return
	}
	if b.most.bytes == nil {
		b.most.bytes = make([]int, len(b.columns))
	}
	b.most.rows = max(b.most.rows, b.rows)
	for i, v := range b.vectors {
		b.most.bytes[i] = max(b.most.bytes[i], len(v.data))
	}
}

func (b *builder) newVectors() []*vector {
	vectors := make([]*vector, len(b.columns))
	for i, c := range b.columns {
		if vectors[i] = newVector(c); c.hidden { // of which each row has a value
			vectors[i].reserve(b.most.rows, 0)
		}
	}
	return vectors
}

// rowOrigin is what the hidden columns say about a row.
type rowOrigin struct {
	ingested time.Time
	key      schema.Key
	digest   schema.Digest
	position uint64
}

// add appends a row. A row without a TimeGenerated gets the time of ingestion,
// because a row without a time would be in no partition and in no query's
// range.
func (b *builder) add(cells []schema.Cell, origin rowOrigin) {
	at := origin.ingested.UnixMicro()
	for i := range cells {
		cell := &cells[i]
		v := b.vectors[cell.Column]
		if v.n == 0 {
			b.begin(cell.Column)
		}
		v.pad(b.rows)
		if v.n > b.rows {
			continue // a second cell for the column: the first one stands
		}
		v.add(cell.Value)
		b.bytes += int64(len(cell.Value.Text()))
		if cell.Column == b.time && v.kind == kindOf(cell.Value.Type()) && !cell.Value.IsNull() {
			at = cell.Value.Int64()
		}
	}
	b.setTime(at)
	b.addHidden(origin)
	b.rows++
	b.bytes += b.overhead
	b.minTime, b.maxTime = min(b.minTime, at), max(b.maxTime, at)
}

// begin accounts for a column that gets its first value, and makes room for those to come.
func (b *builder) begin(column int) {
	v := b.vectors[column]
	if b.most.rows > 0 {
		v.reserve(b.most.rows, b.most.bytes[column])
	}
	b.overhead += v.kind.width()
	b.bytes += v.kind.width() * int64(b.rows)
}

// setTime fills TimeGenerated if no cell did.
func (b *builder) setTime(at int64) {
	v := b.vectors[b.time]
	v.pad(b.rows)
	switch {
	case v.n == b.rows:
		v.addInt64(at)
	case v.null > 0: // a cell of the wrong type or null came first
		v.i64[b.rows] = at
		v.valid, v.null = nil, 0
	}
}

func (b *builder) addHidden(o rowOrigin) {
	hidden := b.vectors[len(b.vectors)-hiddenColumns:]
	hidden[0].addInt64(o.ingested.UnixMicro())
	hidden[1].addInt64(int64(binary.BigEndian.Uint64(o.key[:8])))
	hidden[2].addInt64(int64(binary.BigEndian.Uint64(o.key[8:])))
	hidden[3].addInt64(int64(binary.BigEndian.Uint64(o.digest[:])))
	hidden[4].addInt64(int64(o.position))
}

func (b *builder) full() bool { return b.rows >= batchRows || b.bytes >= batchBytes }

// cut returns the rows added so far as a batch without an id and starts anew. What
// stays in memory for long has memory that fits.
func (b *builder) cut(fit bool) batch {
	arrays := make([]arrow.Array, len(b.vectors))
	shared := map[absentKind]arrow.Array{}
	for i, v := range b.vectors {
		if v.n == 0 {
			arrays[i] = b.absent(shared, v)
			continue
		}
		v.pad(b.rows)
		arrays[i] = v.array(fit)
	}
	out := batch{
		records: array.NewRecordBatch(b.schema, arrays, int64(b.rows)),
		rows:    b.rows, bytes: b.bytes, minTime: b.minTime, maxTime: b.maxTime,
		memory: &batchMemory{b.vectors},
	}
	b.spare.saw(b.bytes)
	b.reset()
	return out
}

// absentKind is what columns without values differ in.
type absentKind struct {
	kind kind
	text bool
}

// absent returns the column of a vector without values: most columns of a batch,
// which share one array for each kind.
func (b *builder) absent(shared map[absentKind]arrow.Array, v *vector) arrow.Array {
	key := absentKind{v.kind, v.text}
	if a, ok := shared[key]; ok {
		return a
	}
	if need := 8 * (b.rows + 1); len(b.zeros) < need {
		b.zeros = make([]byte, max(need, 2*len(b.zeros)))
	}
	shared[key] = absentArray(v.kind, v.text, b.rows, b.zeros)
	return shared[key]
}
