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

// dayRun is the rows of one day in UTC, sorted by time; rows of the same time
// are in the order in which they came.
type dayRun struct {
	day  int64 // days since 1970
	rows []rowRef
}

const microsecondsPerDay = int64(24 * time.Hour / time.Microsecond)

// splitByDay sorts the rows of a generation and cuts them where the day ends.
func splitByDay(generation []batch, timeColumn int) []dayRun {
	total := 0
	for _, b := range generation {
		total += b.rows
	}
	refs := make([]rowRef, 0, total)
	for i, b := range generation {
		times := b.records.Column(timeColumn).(*array.Timestamp)
		for row := range b.rows {
			refs = append(refs, rowRef{int64(times.Value(row)), int32(i), int32(row)})
		}
	}
	slices.SortStableFunc(refs, func(a, b rowRef) int { return cmp.Compare(a.time, b.time) })
	var runs []dayRun
	for start := 0; start < len(refs); {
		day := dayOf(refs[start].time)
		end := start + 1
		for end < len(refs) && dayOf(refs[end].time) == day {
			end++
		}
		runs = append(runs, dayRun{day, refs[start:end]})
		start = end
	}
	return runs
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

// writeColumn hands the values of the rows that refs name, of one column, to a
// chunk of a file.
func writeColumn(to *parquetfile.Chunk, generation []batch, index int, c column, refs []rowRef) {
	if c.kind == kindText {
		writeTexts(to, generation, index, refs)
		return
	}
	switch c.kind {
	case kindInt32:
		writeNumbers(to, generation, index, refs, func(a *array.Int32, row int) int64 { return int64(a.Value(row)) })
	case kindInt64:
		writeNumbers(to, generation, index, refs, func(a *array.Int64, row int) int64 { return a.Value(row) })
	case kindFloat64:
		writeNumbers(to, generation, index, refs, func(a *array.Float64, row int) int64 { return int64(math.Float64bits(a.Value(row))) })
	case kindTime:
		writeNumbers(to, generation, index, refs, func(a *array.Timestamp, row int) int64 { return int64(a.Value(row)) })
	case kindBool:
		writeNumbers(to, generation, index, refs, func(a *array.Boolean, row int) int64 {
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

func writeNumbers[A arrow.Array](to *parquetfile.Chunk, generation []batch, index int, refs []rowRef, value func(a A, row int) int64) {
	arrays, rows, nulls := columnOf[A](generation, index)
	if nulls == rows {
		to.Nulls(len(refs))
		return
	}
	for _, ref := range refs {
		a := arrays[ref.batch]
		if nulls > 0 && a.IsNull(int(ref.row)) {
			to.Null()
			continue
		}
		to.Number(value(a, int(ref.row)))
	}
}

// writeTexts is quick about columns without any text, which most are.
func writeTexts(to *parquetfile.Chunk, generation []batch, index int, refs []rowRef) {
	arrays, rows, nulls := columnOf[*array.String](generation, index)
	if nulls == rows {
		to.Nulls(len(refs))
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
		to.Same(nil, len(refs))
		return
	}
	for _, ref := range refs {
		if nulls > 0 && arrays[ref.batch].IsNull(int(ref.row)) {
			to.Null()
			continue
		}
		of := offsets[ref.batch]
		to.Text(texts[ref.batch][of[ref.row]:of[ref.row+1]])
	}
}
