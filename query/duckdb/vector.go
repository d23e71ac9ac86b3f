package duckdb

import (
	"fmt"
	"math/big"
	"strings"
	"time"
	"unsafe"

	duckdriver "github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"
)

// vector is a column of a chunk of rows, in the engine's memory and layout.
type vector struct {
	kind         mapping.Type // how the values lie
	width, scale uint8        // of decimals; else 0
	data, valid  unsafe.Pointer
}

// newVector describes a column of a result, still without rows.
func newVector(result *mapping.Result, column int) (vector, error) {
	v := vector{kind: mapping.ColumnType(result, mapping.IdxT(column))}
	switch v.kind {
	case mapping.TypeBoolean, mapping.TypeTinyInt, mapping.TypeSmallInt, mapping.TypeInteger, mapping.TypeBigInt,
		mapping.TypeUTinyInt, mapping.TypeUSmallInt, mapping.TypeUInteger, mapping.TypeUBigInt, mapping.TypeHugeInt, mapping.TypeUHugeInt,
		mapping.TypeFloat, mapping.TypeDouble, mapping.TypeVarchar, mapping.TypeTimestamp, mapping.TypeTimestampTZ, mapping.TypeDate,
		mapping.TypeSQLNull:
		return v, nil
	case mapping.TypeDecimal:
		of := mapping.ColumnLogicalType(result, mapping.IdxT(column))
		defer mapping.DestroyLogicalType(&of)
		v.kind, v.width, v.scale = mapping.DecimalInternalType(of), mapping.DecimalWidth(of), mapping.DecimalScale(of)
		return v, nil
	}
	return v, fmt.Errorf("the engine gave type %d, which no cell has", v.kind)
}

// null reports whether a row has no value.
func (v *vector) null(row int) bool {
	if v.kind == mapping.TypeSQLNull {
		return true
	}
	return v.valid != nil && *at[uint64](v.valid, row/64)>>(row%64)&1 == 0
}

// value returns the value of a row as the driver would; nil is null. It is a copy.
func (v *vector) value(row int) any {
	if v.null(row) {
		return nil
	}
	number := v.number(row)
	if v.width == 0 {
		return number
	}
	digits, ok := number.(*big.Int)
	if !ok {
		n, _ := integerCell(number)
		digits = big.NewInt(n)
	}
	return duckdriver.Decimal{Width: v.width, Scale: v.scale, Value: digits}
}

// number returns what is stored of a value: of a decimal its digits.
func (v *vector) number(row int) any {
	switch v.kind {
	case mapping.TypeBoolean:
		return *at[bool](v.data, row)
	case mapping.TypeTinyInt:
		return *at[int8](v.data, row)
	case mapping.TypeSmallInt:
		return *at[int16](v.data, row)
	case mapping.TypeInteger:
		return *at[int32](v.data, row)
	case mapping.TypeBigInt:
		return *at[int64](v.data, row)
	case mapping.TypeUTinyInt:
		return *at[uint8](v.data, row)
	case mapping.TypeUSmallInt:
		return *at[uint16](v.data, row)
	case mapping.TypeUInteger:
		return *at[uint32](v.data, row)
	case mapping.TypeUBigInt:
		return *at[uint64](v.data, row)
	case mapping.TypeHugeInt:
		halves := at[[2]uint64](v.data, row) // the lower one first
		return wide(big.NewInt(int64(halves[1])), halves[0])
	case mapping.TypeUHugeInt:
		halves := at[[2]uint64](v.data, row)
		return wide(new(big.Int).SetUint64(halves[1]), halves[0])
	case mapping.TypeFloat:
		return *at[float32](v.data, row)
	case mapping.TypeDouble:
		return *at[float64](v.data, row)
	case mapping.TypeVarchar:
		return strings.Clone(v.text(row))
	case mapping.TypeTimestamp, mapping.TypeTimestampTZ:
		return time.UnixMicro(*at[int64](v.data, row)).UTC()
	case mapping.TypeDate:
		return time.Unix(int64(*at[int32](v.data, row))*secondsOfDay, 0).UTC()
	}
	return nil
}

const secondsOfDay = 24 * 60 * 60

func wide(upper *big.Int, lower uint64) *big.Int {
	upper.Lsh(upper, 64)
	return upper.Add(upper, new(big.Int).SetUint64(lower))
}

const (
	textBytes  = 16 // of the entry of a text: its length in four bytes, and
	inlineText = 12 // so many bytes of it behind that, or
	textAt     = 8  // where it lies, from this byte on
)

// text returns a text that lies in the engine's memory. Entries are read where they
// are: a copy need not have the place that a pointer must.
func (v *vector) text(row int) string {
	entry := unsafe.Add(v.data, row*textBytes)
	length := *(*uint32)(entry)
	if length <= inlineText {
		return unsafe.String((*byte)(unsafe.Add(entry, 4)), length)
	}
	return unsafe.String(*(**byte)(unsafe.Add(entry, textAt)), length)
}

// at returns where a row of a column of numbers lies.
func at[T any](data unsafe.Pointer, row int) *T {
	var of T
	return (*T)(unsafe.Add(data, row*int(unsafe.Sizeof(of))))
}
