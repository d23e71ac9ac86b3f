package lake

import (
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/quoll/quoll/schema"
)

// intake is which rows of a sheet a batch adds to a table: they are taken over
// column by column once it is known of all records what becomes of them.
type intake struct {
	sheet *schema.Sheet
	to    *tableState
	rows  []int32 // of the sheet, ascending
	of    []int32 // by row: its record in the batch
}

// note remembers a row of a sheet that is to be added.
func (l *Lake) note(t *tableState, sheet *schema.Sheet, row, record int) {
	in := l.intakeOf(t, sheet)
	in.rows, in.of = append(in.rows, int32(row)), append(in.of, int32(record))
}

func (l *Lake) intakeOf(t *tableState, sheet *schema.Sheet) *intake {
	for i := range l.intakes {
		if l.intakes[i].sheet == sheet && l.intakes[i].to == t {
			return &l.intakes[i]
		}
	}
	if len(l.intakes) < cap(l.intakes) { // with the memory of the batch before
		l.intakes = l.intakes[:len(l.intakes)+1]
	} else {
		l.intakes = append(l.intakes, intake{})
	}
	in := &l.intakes[len(l.intakes)-1]
	in.sheet, in.to, in.rows, in.of = sheet, t, in.rows[:0], in.of[:0]
	return in
}

// runRows is how many rows are taken over at once at most, so that batches end
// near their limits.
const runRows = 1 << 10

// takeOver adds the rows that were noted.
func (l *Lake) takeOver(b *Batch, result *Applied) {
	for i := range l.intakes {
		in := &l.intakes[i]
		for start := 0; start < len(in.rows); {
			end := start + 1
			for end < len(in.rows) && end-start < runRows && in.rows[end] == in.rows[end-1]+1 {
				end++
			}
			l.takeRun(in, start, end, b)
			start = end
		}
		result.Rows[in.to.schema.Name] += len(in.rows)
		in.sheet, in.to = nil, nil
	}
	l.intakes = l.intakes[:0]
}

func (l *Lake) takeRun(in *intake, start, end int, b *Batch) {
	t := in.to
	before := t.build.bytes
	t.build.addRun(run{sheet: in.sheet, from: uint32(in.rows[start]), to: uint32(in.rows[end-1] + 1), of: in.of[start:end], batch: b, ingested: l.lastIngested})
	l.freshBytes += t.build.bytes - before
	t.lastIngested = l.lastIngested
	if t.build.full() {
		l.cutAsItIs(t)
	}
}

// run is rows of a sheet that follow each other.
type run struct {
	sheet    *schema.Sheet
	from, to uint32
	of       []int32 // by row: its record in the batch
	batch    *Batch
	ingested time.Time
}

// addRun appends the rows of a run, as add does one.
func (b *builder) addRun(r run) {
	for _, column := range r.sheet.Used() {
		if column == b.time {
			continue
		}
		s, v := r.sheet.Series(column), b.vectors[column]
		if v.n == 0 && hasAny(s, r.from, r.to) {
			b.begin(column)
		}
		b.bytes += v.addSeries(s, b.rows, r.from, r.to)
	}
	b.addTimes(r)
	for _, record := range r.of {
		of := &r.batch.Records[record]
		b.addHidden(rowOrigin{ingested: r.ingested, key: of.Key, digest: of.Digest, position: r.batch.Position})
	}
	b.rows += int(r.to - r.from)
	b.bytes += b.overhead * int64(r.to-r.from)
}

// hasAny says that there are values of the rows from from to before to.
func hasAny(s *schema.Series, from, to uint32) bool {
	low, high := s.Between(from, to)
	return low < high || !s.Constant.IsNull()
}

// addTimes fills TimeGenerated, with the time of ingestion where a row has none.
func (b *builder) addTimes(r run) {
	s, v := r.sheet.Series(b.time), b.vectors[b.time]
	if v.n == 0 {
		b.begin(b.time)
	}
	v.pad(b.rows)
	next, end := s.Between(r.from, r.to)
	for row := r.from; row < r.to; row++ {
		at := r.ingested.UnixMicro()
		if next < end && s.Rows[next] == row {
			at = int64(s.Bits[next])
			next++
		}
		v.addInt64(at)
		b.minTime, b.maxTime = min(b.minTime, at), max(b.maxTime, at)
	}
}

// addSeries appends the values of the rows from from to before to of a sheet, the
// first of which becomes the row base. It returns the bytes of their texts.
func (v *vector) addSeries(s *schema.Series, base int, from, to uint32) (bytes int64) {
	if !s.Constant.IsNull() {
		v.pad(base)
		v.addRepeated(s.Constant, int(to-from))
		return int64(len(s.Constant.Text())) * int64(to-from)
	}
	low, high := s.Between(from, to)
	if low == high {
		return 0
	}
	shift := base - int(from) // from a row of the sheet to one here
	switch {
	case s.Views != nil:
		for i := low; i < high; i++ {
			v.pad(int(s.Rows[i]) + shift)
			if s.AreText() {
				v.addValid(s.Views[i])
			} else {
				v.addText(s.Views[i])
			}
			bytes += int64(len(s.Views[i]))
		}
	case s.Ends != nil:
		return v.addTexts(s, shift, low, high)
	default:
		for i := low; i < high; i++ {
			v.pad(int(s.Rows[i]) + shift)
			v.addBits(s.Bits[i])
		}
	}
	return bytes
}

// addRepeated appends a value as many times.
func (v *vector) addRepeated(value schema.Value, times int) {
	if v.kind != kindText || v.valid != nil || kindOf(value.Type()) != kindText {
		for range times {
			v.add(value)
		}
		return
	}
	text := value.Text()
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	end := len(v.data)
	v.data = slices.Grow(v.data, times*len(text))[:end+times*len(text)]
	to := v.data[end:]
	for filled := copy(to, text); filled < len(to); { // what is there already, again
		filled += copy(to[filled:], to[:filled])
	}
	first := len(v.offsets)
	v.offsets = slices.Grow(v.offsets, times)[:first+times]
	offsets := v.offsets[first:]
	for i := range offsets {
		end += len(text)
		offsets[i] = int32(end)
	}
	v.n += times
}

// addTexts appends texts that lie one behind the other.
func (v *vector) addTexts(s *schema.Series, shift, low, high int) (bytes int64) {
	start := uint32(0)
	if low > 0 {
		start = s.Ends[low-1]
	}
	end := s.Ends[high-1]
	all := s.Text[start:end]
	if v.valid != nil || !v.text || !s.AreText() && !areTexts(all, s.Ends[low:high], start) {
		for i := low; i < high; i++ {
			v.pad(int(s.Rows[i]) + shift)
			v.addText(string(s.Text[start:s.Ends[i]]))
			start = s.Ends[i]
		}
		return int64(len(all))
	}
	move := int32(len(v.data)) - int32(start)
	v.data = append(v.data, all...)
	offsets := v.offsets
	for i := low; i < high; i++ {
		for gap := int(s.Rows[i]) + shift - len(offsets) + 1; gap > 0; gap-- {
			offsets = append(offsets, offsets[len(offsets)-1])
		}
		offsets = append(offsets, int32(s.Ends[i])+move)
	}
	v.offsets, v.n = offsets, len(offsets)-1
	return int64(len(all))
}

// areTexts says that each text, and not only all of them together, is UTF-8.
func areTexts(all []byte, ends []uint32, start uint32) bool {
	if !utf8.Valid(all) {
		return false
	}
	for _, end := range ends {
		if at := int(end - start); at < len(all) && !utf8.RuneStart(all[at]) {
			return false
		}
	}
	return true
}

// addBits appends a value of a column without texts.
func (v *vector) addBits(bits uint64) {
	switch v.kind {
	case kindInt32:
		v.i32 = append(v.i32, int32(bits))
	case kindFloat64:
		v.f64 = append(v.f64, math.Float64frombits(bits))
	case kindBool:
		v.setBit(bits != 0)
	default:
		v.i64 = append(v.i64, int64(bits))
	}
	v.markValid()
}
