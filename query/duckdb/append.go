package duckdb

/*
#include <stdlib.h>
#include "append.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
)

// appendBatch writes the rows of a batch into a table with the same columns.
//
// The driver's own appender takes a row of interfaces at a time, which is half
// as fast; its Arrow interface needs a build tag. So the columns go over
// as they lie in memory, one call for each column of a chunk.
func appendBatch(conn any, table string, batch arrow.RecordBatch) error {
	raw, err := connectionPointer(conn)
	if err != nil {
		return err
	}
	columns := make([]appendColumn, batch.NumCols())
	kinds := make([]C.int, batch.NumCols()+1)
	for i := range columns {
		if columns[i], err = newAppendColumn(batch.Column(i)); err != nil {
			return fmt.Errorf("column %s: %w", batch.ColumnName(i), err)
		}
		kinds[i] = columns[i].kind
	}
	name := C.CString(table)
	defer C.free(unsafe.Pointer(name))
	appender := C.quoll_append_open(raw, name, &kinds[0], C.int(len(columns)))
	if appender == nil {
		return errors.New("the table cannot be written")
	}
	chunk := int64(C.quoll_append_rows())
	for start := int64(0); start < batch.NumRows(); start += chunk {
		rows := min(chunk, batch.NumRows()-start)
		for i := range columns {
			columns[i].append(appender, i, start, rows)
		}
		if !C.quoll_append_chunk(appender, C.int64_t(rows)) {
			break
		}
	}
	if message := C.quoll_append_close(appender); message != nil {
		defer C.free(unsafe.Pointer(message))
		return errors.New(C.GoString(message))
	}
	return nil
}

// appendColumn is where an Arrow array's values lie. The memory holds no Go
// pointers, so it may be passed to C for the time of a call.
type appendColumn struct {
	kind    C.int
	data    []byte
	offsets []int32
	bits    []byte // nil when nothing is null
	first   int64  // the array's first row in data, offsets and bits
}

func newAppendColumn(column arrow.Array) (appendColumn, error) {
	kind, ok := appendKind(column.DataType())
	if !ok {
		return appendColumn{}, fmt.Errorf("no column type for %s", column.DataType())
	}
	data := column.Data()
	c := appendColumn{kind: kind, first: int64(data.Offset())}
	buffers := data.Buffers()
	values := buffers[1]
	if kind == C.QUOLL_TEXT {
		c.offsets = arrow.Int32Traits.CastFromBytes(values.Bytes())
		values = buffers[2]
	}
	if values != nil {
		c.data = values.Bytes()
	}
	if column.NullN() > 0 {
		c.bits = buffers[0].Bytes()
	}
	return c, nil
}

func appendKind(t arrow.DataType) (C.int, bool) {
	switch t.ID() {
	case arrow.STRING:
		return C.QUOLL_TEXT, true
	case arrow.BOOL:
		return C.QUOLL_BOOL, true
	case arrow.INT32:
		return C.QUOLL_INT32, true
	case arrow.INT64:
		return C.QUOLL_INT64, true
	case arrow.FLOAT64:
		return C.QUOLL_FLOAT64, true
	case arrow.TIMESTAMP:
		return C.QUOLL_TIMESTAMP, true
	}
	return 0, false
}

func (c *appendColumn) append(appender *C.quoll_appender, column int, start, rows int64) {
	start += c.first
	C.quoll_append_column(appender, C.int(column), unsafe.Pointer(unsafe.SliceData(c.data)),
		(*C.int32_t)(unsafe.Pointer(unsafe.SliceData(c.offsets))), (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(c.bits))),
		C.int64_t(start), C.int64_t(rows))
}
