package icebergtable

import (
	"fmt"
	"unicode/utf8"

	"github.com/apache/iceberg-go"
)

// maxBoundRunes is how much of a text is kept as a bound.
const maxBoundRunes = 16

// ColumnMetrics is what a data file holds of a column.
type ColumnMetrics struct {
	ID            int
	Bytes         int64 // as they lie in the file
	Values, Nulls int64
	// Low and High are the least and the greatest value in Iceberg's form for
	// single values, nil where they are not known.
	Low, High []byte
	Text      bool // bounds are cut to a few characters
}

// NewDataFile describes a Parquet file. day is the value of the only field of
// spec: days since 1970. Splits are the offsets of the row groups.
func NewDataFile(spec iceberg.PartitionSpec, location string, day int32, rows, bytes int64, splits []int64, columns []ColumnMetrics) (iceberg.DataFile, error) {
	partition := map[int]any{spec.Field(0).FieldID: iceberg.Date(day)}
	b, err := builder(spec, location, partition, rows, bytes)
	if err != nil {
		return nil, err
	}
	sizes, values, nulls := map[int]int64{}, map[int]int64{}, map[int]int64{}
	low, high := map[int][]byte{}, map[int][]byte{}
	for _, c := range columns {
		sizes[c.ID], values[c.ID], nulls[c.ID] = c.Bytes, c.Values, c.Nulls
		least, most := c.Low, c.High
		if c.Text {
			least, most = cut(least), cutUp(most)
		}
		// An empty text is a bound that some readers take for none.
		if len(least) > 0 {
			low[c.ID] = least
		}
		if len(most) > 0 {
			high[c.ID] = most
		}
	}
	return b.ColumnSizes(sizes).ValueCounts(values).NullValueCounts(nulls).
		LowerBoundValues(low).UpperBoundValues(high).SplitOffsets(splits).Build(), nil
}

// Moved describes the same file at another location.
func Moved(spec iceberg.PartitionSpec, f iceberg.DataFile, location string) (iceberg.DataFile, error) {
	b, err := builder(spec, location, f.Partition(), f.Count(), f.FileSizeBytes())
	if err != nil {
		return nil, err
	}
	b.ColumnSizes(f.ColumnSizes()).ValueCounts(f.ValueCounts()).NullValueCounts(f.NullValueCounts()).
		LowerBoundValues(f.LowerBoundValues()).UpperBoundValues(f.UpperBoundValues())
	if nans := f.NaNValueCounts(); len(nans) > 0 {
		b.NaNValueCounts(nans)
	}
	if splits := f.SplitOffsets(); len(splits) > 0 {
		b.SplitOffsets(splits)
	}
	if order := f.SortOrderID(); order != nil {
		b.SortOrderID(*order)
	}
	return b.Build(), nil
}

func builder(spec iceberg.PartitionSpec, location string, partition map[int]any, rows, bytes int64) (*iceberg.DataFileBuilder, error) {
	if spec.NumFields() != 1 {
		return nil, fmt.Errorf("describe %s: the table is partitioned by %d fields instead of 1", location, spec.NumFields())
	}
	dates := map[int]string{spec.Field(0).FieldID: "date"}
	b, err := iceberg.NewDataFileBuilder(spec, iceberg.EntryContentData, location, iceberg.ParquetFile, partition, dates, nil, rows, bytes)
	if err != nil {
		return nil, fmt.Errorf("describe %s: %w", location, err)
	}
	return b, nil
}

// cut returns the beginning of a text, which is not greater than it.
func cut(text []byte) []byte {
	at := 0
	for range maxBoundRunes {
		if at >= len(text) {
			return text
		}
		_, size := utf8.DecodeRune(text[at:])
		at += size
	}
	return text[:at]
}

// cutUp returns a short text that is not less than text, nil if there is none.
func cutUp(text []byte) []byte {
	short := cut(text)
	if len(short) == len(text) {
		return text
	}
	for len(short) > 0 {
		last, size := utf8.DecodeLastRune(short)
		short = short[:len(short)-size]
		if last < utf8.MaxRune { // a surrogate becomes U+FFFD, which is greater as well
			return utf8.AppendRune(short[:len(short):len(short)], last+1)
		}
	}
	return nil
}
