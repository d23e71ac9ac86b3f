package lake

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/quoll/quoll/internal/parquetfile"
)

// rowRef is the place of a row in a generation, with its TimeGenerated in
// microseconds since 1970.
type rowRef struct {
	time  int64
	batch int32
	row   int32
}

// dayRun is the rows of one day in UTC, in the order in which they came: a payload has
// records of one kind, so that rows that are alike lie together. Compaction sorts them.
type dayRun struct {
	day  int64 // days since 1970
	rows []rowRef
}

const microsecondsPerDay = int64(24 * time.Hour / time.Microsecond)

// splitByDay divides the rows of a generation by their day, the first one first.
func splitByDay(generation []batch, timeColumn int) []dayRun {
	total := 0
	for _, b := range generation {
		total += b.rows
	}
	var runs []dayRun
	of := map[int64]int{} // by day: its run
	last := 0             // of the row before
	for i, b := range generation {
		times := b.records.Column(timeColumn).(*array.Timestamp)
		for row := range b.rows {
			at := int64(times.Value(row))
			if day := dayOf(at); len(runs) == 0 || runs[last].day != day {
				known := false
				if last, known = of[day]; !known {
					last = len(runs)
					of[day] = last
					runs = append(runs, dayRun{day: day})
				}
			}
			run := &runs[last]
			if run.rows == nil && last == 0 { // mostly there is no other
				run.rows = make([]rowRef, 0, total)
			}
			run.rows = append(run.rows, rowRef{at, int32(i), int32(row)})
		}
	}
	slices.SortFunc(runs, func(a, b dayRun) int { return cmp.Compare(a.day, b.day) })
	return runs
}

// rowSpan is rows of a batch that follow each other.
type rowSpan struct{ batch, from, to int32 }

// spansOf joins rows that follow each other.
func spansOf(refs []rowRef) []rowSpan {
	var spans []rowSpan
	for i := 0; i < len(refs); {
		span := rowSpan{refs[i].batch, refs[i].row, refs[i].row + 1}
		for i++; i < len(refs) && refs[i].batch == span.batch && refs[i].row == span.to; i++ {
			span.to++
		}
		spans = append(spans, span)
	}
	return spans
}

// dayOf rounds down, also before 1970, as Iceberg's day transform does.
func dayOf(micros int64) int64 {
	day := micros / microsecondsPerDay
	if micros%microsecondsPerDay < 0 {
		day--
	}
	return day
}

// dayName is how Iceberg writes a day in a path.
func dayName(day int64) string {
	return time.Unix(day*24*60*60, 0).UTC().Format(time.DateOnly)
}

// writeColumn hands the values of rows of one column to a chunk of a file.
func writeColumn(to *parquetfile.Chunk, generation []batch, index int, c column, rows []rowSpan) {
	switch c.kind {
	case kindText:
		writeTexts(to, generation, index, rows)
	case kindInt32:
		writeNumbers(to, generation, index, rows, func(a *array.Int32, row int) int64 { return int64(a.Value(row)) })
	case kindInt64:
		writeInt64s(to, generation, index, rows, func(a *array.Int64) []int64 { return a.Int64Values() })
	case kindFloat64:
		writeNumbers(to, generation, index, rows, func(a *array.Float64, row int) int64 { return int64(math.Float64bits(a.Value(row))) })
	case kindTime:
		writeInt64s(to, generation, index, rows, func(a *array.Timestamp) []int64 {
			return arrow.Int64Traits.CastFromBytes(arrow.TimestampTraits.CastToBytes(a.TimestampValues()))
		})
	case kindBool:
		writeNumbers(to, generation, index, rows, func(a *array.Boolean, row int) int64 {
			if a.Value(row) {
				return 1
			}
			return 0
		})
	}
}

// columnOf returns the arrays of one column in all batches, and how many of
// their values are null.
func columnOf[A arrow.Array](generation []batch, index int) (arrays []A, rows, nulls int) {
	arrays = make([]A, len(generation))
	for i, b := range generation {
		arrays[i] = b.records.Column(index).(A)
		rows += b.rows
		nulls += arrays[i].NullN()
	}
	return arrays, rows, nulls
}

// countRows returns how many rows are in spans.
func countRows(spans []rowSpan) (rows int) {
	for _, s := range spans {
		rows += int(s.to - s.from)
	}
	return rows
}

func writeNumbers[A arrow.Array](to *parquetfile.Chunk, generation []batch, index int, spans []rowSpan, value func(a A, row int) int64) {
	arrays, rows, nulls := columnOf[A](generation, index)
	if nulls == rows {
		to.Nulls(countRows(spans))
		return
	}
	for _, s := range spans {
		a := arrays[s.batch]
		for row := int(s.from); row < int(s.to); row++ {
			if nulls > 0 && a.IsNull(row) {
				to.Null()
				continue
			}
			to.Number(value(a, row))
		}
	}
}

// writeInt64s writes numbers that lie in memory as the file has them.
func writeInt64s[A arrow.Array](to *parquetfile.Chunk, generation []batch, index int, spans []rowSpan, values func(a A) []int64) {
	arrays, rows, nulls := columnOf[A](generation, index)
	if nulls == rows {
		to.Nulls(countRows(spans))
		return
	}
	for _, s := range spans {
		a, numbers := arrays[s.batch], values(arrays[s.batch])
		if nulls == 0 || a.NullN() == 0 {
			to.Numbers(numbers[s.from:s.to])
			continue
		}
		for row := s.from; row < s.to; row++ {
			if a.IsNull(int(row)) {
				to.Null()
				continue
			}
			to.Number(numbers[row])
		}
	}
}

// writeTexts is quick about columns without any text, which most are.
func writeTexts(to *parquetfile.Chunk, generation []batch, index int, spans []rowSpan) {
	arrays, rows, nulls := columnOf[*array.String](generation, index)
	if nulls == rows {
		to.Nulls(countRows(spans))
		return
	}
	texts := make([][]byte, len(arrays))
	offsets := make([][]int32, len(arrays))
	bytes := 0
	for i, a := range arrays {
		texts[i], offsets[i] = a.ValueBytes(), a.ValueOffsets()
		bytes += len(texts[i])
	}
	if nulls == 0 && bytes == 0 {
		to.Same(nil, countRows(spans))
		return
	}
	for _, s := range spans {
		of := offsets[s.batch]
		if nulls == 0 || arrays[s.batch].NullN() == 0 {
			to.Texts(texts[s.batch], of[s.from:s.to+1])
			continue
		}
		for row := s.from; row < s.to; row++ {
			if arrays[s.batch].IsNull(int(row)) {
				to.Null()
				continue
			}
			to.Text(texts[s.batch][of[row]:of[row+1]])
		}
	}
}
