package lake

import (
	"cmp"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
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

// gather copies the rows that refs name, of one column, into one array.
func gather(generation []batch, index int, c column, refs []rowRef) arrow.Array {
	v := newVector(c, len(refs), 0)
	switch c.kind {
	case kindText:
		v.data = make([]byte, 0, textBytes(generation, index, refs))
		copyRows[*array.String](v, generation, index, refs, func(a *array.String, row int) {
			v.data = append(v.data, a.Value(row)...)
			v.offsets = append(v.offsets, int32(len(v.data)))
		})
	case kindInt32:
		copyRows[*array.Int32](v, generation, index, refs, func(a *array.Int32, row int) { v.i32 = append(v.i32, a.Value(row)) })
	case kindInt64:
		copyRows[*array.Int64](v, generation, index, refs, func(a *array.Int64, row int) { v.i64 = append(v.i64, a.Value(row)) })
	case kindFloat64:
		copyRows[*array.Float64](v, generation, index, refs, func(a *array.Float64, row int) { v.f64 = append(v.f64, a.Value(row)) })
	case kindTime:
		copyRows[*array.Timestamp](v, generation, index, refs, func(a *array.Timestamp, row int) { v.i64 = append(v.i64, int64(a.Value(row))) })
	case kindBool:
		v.bits = growBits(nil, len(refs))
		copyRows[*array.Boolean](v, generation, index, refs, func(a *array.Boolean, row int) { v.setBit(a.Value(row)) })
	}
	return v.array()
}

// textBytes returns the length of all values of a text column.
func textBytes(generation []batch, index int, refs []rowRef) int {
	offsets := make([][]int32, len(generation))
	for i, b := range generation {
		offsets[i] = b.records.Column(index).(*array.String).ValueOffsets()
	}
	bytes := 0
	for _, ref := range refs {
		of := offsets[ref.batch]
		bytes += int(of[ref.row+1] - of[ref.row])
	}
	return bytes
}

// copyRows calls add for every row that is not null and pads for the others.
// add stores the value; the count is kept here.
func copyRows[A arrow.Array](v *vector, generation []batch, index int, refs []rowRef, add func(a A, row int)) {
	arrays := make([]A, len(generation))
	for i, b := range generation {
		arrays[i] = b.records.Column(index).(A)
	}
	for _, ref := range refs {
		a := arrays[ref.batch]
		if a.IsNull(int(ref.row)) {
			v.pad(v.n + 1)
			continue
		}
		add(a, int(ref.row))
		v.markValid()
	}
}
