package parquetpages_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet/file"
	"golang.org/x/sync/errgroup"

	"github.com/quoll/quoll/internal/parquetfile"
	"github.com/quoll/quoll/internal/parquetpages"
	"github.com/quoll/quoll/internal/parquetrows"
)

var kinds = []parquetfile.Kind{parquetfile.Text, parquetfile.Int32, parquetfile.Int64, parquetfile.Float64, parquetfile.Bool, parquetfile.Timestamp}

// written returns a file of random values: few different ones and many, runs, nulls at
// every rate, pages of a megabyte and small ones that end at blocks of rows. packed has no column that is left unpacked.
func written(t *testing.T, r *rand.Rand, groups, rows int, packed bool) ([]byte, []parquetfile.Column) {
	t.Helper()
	codecs := []parquetfile.Codec{parquetfile.Zstd, parquetfile.Snappy, parquetfile.Uncompressed}
	if packed {
		codecs = codecs[:2]
	}
	var columns []parquetfile.Column
	for i := range 24 {
		columns = append(columns, parquetfile.Column{
			Name: fmt.Sprintf("c%d", i), Kind: kinds[i%len(kinds)], Optional: i%4 != 3, Dictionary: r.IntN(3) > 0,
			Codec: codecs[r.IntN(len(codecs))], PageBytes: []int{0, 1, 3000, 30_000}[r.IntN(4)],
		})
	}
	var out bytes.Buffer
	w, err := parquetfile.NewWriter(&out, columns, parquetfile.Options{CreatedBy: "test", Small: !packed, PageRows: r.IntN(2) * (1 + r.IntN(200))})
	if err != nil {
		t.Fatal(err)
	}
	for range groups {
		w.Group(rows)
		for _, c := range columns {
			writeColumn(r, w.Column(), c, rows)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), columns
}

func writeColumn(r *rand.Rand, to *parquetfile.Chunk, c parquetfile.Column, rows int) {
	nulls, different, long := []int{0, 0, 1, 50, 99, 100}[r.IntN(6)], 1<<r.IntN(12), r.IntN(3) == 0
	value, run := 0, 0
	for range rows {
		if run--; run <= 0 {
			value, run = r.IntN(different), r.IntN(40)
		}
		switch {
		case c.Optional && r.IntN(100) < nulls:
			to.Null()
		case c.Kind != parquetfile.Text:
			to.Number(int64(value) & 1)
		case long:
			to.Text(bytes.Repeat(fmt.Appendf(nil, "%d ", value), 200))
		default:
			to.Text(fmt.Append(nil, value))
		}
	}
}

// Any rows of any column are those that a library reads.
func TestRowsAreThoseOfALibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	const rows = 2_500
	decoder, err := parquetpages.NewDecoder(1)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		body, columns := written(t, r, 2, rows, false)
		library, err := file.NewParquetReader(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		var want []arrow.RecordBatch
		if err := parquetrows.Read(context.Background(), library, nil, rows, func(b arrow.RecordBatch) error { b.Retain(); want = append(want, b); return nil }); err != nil {
			t.Fatal(err)
		}
		f, err := parquetpages.Open(bytes.NewReader(body), decoder)
		if err != nil || f.Groups() != 2 || f.Rows(1) != rows {
			t.Fatalf("%+v, %v", f, err)
		}
		for group := range 2 {
			for i, c := range columns {
				chunk, err := f.Chunk(group, c.Name)
				if err != nil {
					t.Fatal(err)
				}
				all := map[string]bool{}
				texts, dictionary, err := chunk.Dictionary()
				for _, text := range texts {
					all[string(text)] = true
				}
				for range 6 {
					first := r.IntN(rows + 1)
					end := first + r.IntN(rows+1-first)
					if r.IntN(2) == 0 {
						end = min(rows, first+r.IntN(20))
					}
					v, readErr := chunk.Read(int64(first), int64(end))
					if readErr != nil || err != nil {
						t.Fatal(readErr, err)
					}
					for row := first; row < end; row++ {
						got := valueOf(c.Kind, v, row-first)
						if want := valueOfArray(want[group].Column(i), row); got != want {
							t.Fatalf("row %d of %+v, %d to %d: %v, want %v", row, c, first, end, got, want)
						}
						if dictionary && got != nil && !all[got.(string)] {
							t.Fatalf("the dictionary of %+v lacks %v", c, got)
						}
					}
				}
			}
		}
		if c, err := f.Chunk(0, "nowhere"); c != nil || err != nil {
			t.Errorf("%v, %v", c, err)
		}
		f.Release() // what it read in is read into by the next file
	}
}

// Files of one decoder lend and give back memory beside each other, and the values of all
// columns of a file stay as they are until it is released.
func TestValuesStayUntilTheirFileIsReleased(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 8))
	const rows = 400
	decoder, err := parquetpages.NewDecoder(2)
	if err != nil {
		t.Fatal(err)
	}
	var group errgroup.Group
	for range 4 {
		body, columns := written(t, r, 1, rows, true)
		library, err := file.NewParquetReader(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		var want arrow.RecordBatch
		if err := parquetrows.Read(t.Context(), library, nil, rows, func(b arrow.RecordBatch) error { b.Retain(); want = b; return nil }); err != nil {
			t.Fatal(err)
		}
		group.Go(func() error {
			for range 10 {
				f, err := parquetpages.Open(bytes.NewReader(body), decoder)
				if err != nil {
					return err
				}
				all := make([]*parquetpages.Values, len(columns))
				for i, c := range columns {
					chunk, err := f.Chunk(0, c.Name)
					if err != nil {
						return err
					}
					if all[i], err = chunk.Read(0, rows); err != nil {
						return err
					}
				}
				for i, c := range columns {
					for row := range rows {
						if got, want := valueOf(c.Kind, all[i], row), valueOfArray(want.Column(i), row); got != want {
							return fmt.Errorf("row %d of %+v: %v, want %v", row, c, got, want)
						}
					}
				}
				f.Release()
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

func valueOf(kind parquetfile.Kind, v *parquetpages.Values, row int) any {
	switch {
	case v.Null != nil && v.Null[row]:
		return nil
	case kind == parquetfile.Text:
		return string(v.Texts[row])
	}
	return v.Numbers[row]
}

func valueOfArray(a arrow.Array, row int) any {
	if a.IsNull(row) {
		return nil
	}
	switch a := a.(type) {
	case *array.String:
		return a.Value(row)
	case *array.Int32:
		return int64(a.Value(row))
	case *array.Int64:
		return a.Value(row)
	case *array.Float64:
		return int64(math.Float64bits(a.Value(row)))
	case *array.Boolean:
		if a.Value(row) {
			return int64(1)
		}
		return int64(0)
	case *array.Timestamp:
		return int64(a.Value(row))
	}
	return fmt.Sprintf("%T", a)
}

// rows is how many rows of a row group are compared.
const rows = 2_500

// Codes, numbers, what is counted by codes and what meets conditions are those of the values.
func TestCodesAreThoseOfValues(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	decoder, err := parquetpages.NewDecoder(1)
	if err != nil {
		t.Fatal(err)
	}
	coded, numbered, met := 0, 0, 0
	for range 6 {
		body, columns := written(t, r, 2, rows, false)
		footer, err := parquetpages.ReadFooter(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		f := footer.Open(bytes.NewReader(body), decoder)
		for _, c := range columns {
			chunk, err := f.Chunk(1, c.Name)
			if err != nil {
				t.Fatal(err)
			}
			for range 5 {
				first := r.Int64N(rows + 1)
				end := first + r.Int64N(rows+1-first)
				if c.Kind == parquetfile.Text {
					met += checkMeeting(t, r, chunk, first, end)
					coded += checkCodes(t, chunk, first, end)
				} else {
					numbered += checkNumbers(t, footer, chunk, c, first, end)
				}
			}
		}
		f.Release()
	}
	if coded < 20 || numbered < 20 || met < 20 {
		t.Errorf("%d columns had codes, and %d numbers, and %d rows that meet a condition", coded, numbered, met)
	}
}

// checkMeeting compares the rows that are said to meet a condition with their values.
func checkMeeting(t *testing.T, r *rand.Rand, chunk *parquetpages.Chunk, first, end int64) (met int) {
	t.Helper()
	piece := fmt.Append(nil, r.IntN(30))
	condition := parquetpages.Condition{Holds: func(text []byte) bool { return bytes.Contains(text, piece) && len(text)%3 > 0 }}
	switch r.IntN(4) {
	case 0:
		condition.Holds = func(text []byte) bool { return !bytes.Contains(text, piece) }
	case 1: // as in the bytes of a length
		piece = []byte{byte(r.IntN(3)), 0, 0}[:1+r.IntN(3)]
		fallthrough
	default:
		condition.Find = func(body []byte) int { return bytes.Index(body, piece) }
	}
	values, err := chunk.Read(first, end)
	if err != nil {
		t.Fatal(err)
	}
	var want, found []int64
	for i, text := range values.Texts {
		if condition.Holds(text) {
			want = append(want, first+int64(i))
		}
	}
	meeting, ok, err := chunk.Meeting(condition, []bool{true, true})
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if ok, err = meeting.Where(first, end, func(from, to int64) {
		for ; from < to; from++ {
			found = append(found, from)
		}
	}); err != nil {
		t.Fatal(err)
	}
	all, err := chunk.Read(0, rows) // a null may be in the same page
	if err != nil {
		t.Fatal(err)
	}
	null := all.Null != nil && slices.Contains(all.Null, true)
	if !ok && !null || ok && !slices.Equal(found, want) && !(null && len(found) == 0 && !condition.Holds(nil)) {
		t.Fatalf("%d to %d with nulls %v: %v, %v, want %v", first, end, null, ok, found, want)
	}
	return min(1, len(found))
}

func checkCodes(t *testing.T, chunk *parquetpages.Chunk, first, end int64) (coded int) {
	t.Helper()
	values, err := chunk.Read(first, end)
	if err != nil {
		t.Fatal(err)
	}
	texts, has, err := chunk.Dictionary()
	codes, ok, codesErr := chunk.Codes(first, end, []uint32{7})
	if err != nil || codesErr != nil || ok && (!has || values.Null != nil) || int64(len(codes)) != end-first+1 && ok {
		t.Fatal(ok, has, err, codesErr)
	}
	if !ok {
		return 0
	}
	numbers := make([]uint32, len(texts))
	if ok, err := chunk.Tally(first, end, numbers); err != nil || !ok {
		t.Fatal(ok, err)
	}
	counts := make([]uint32, len(texts))
	for i, code := range codes[1:] {
		if !bytes.Equal(texts[code], values.Texts[i]) {
			t.Fatalf("row %d is %q, and its code %d is of %q", first+int64(i), values.Texts[i], code, texts[code])
		}
		counts[code]++
	}
	if !slices.Equal(counts, numbers) {
		t.Fatalf("%d to %d: %v, want %v", first, end, numbers, counts)
	}
	return 1
}

func checkNumbers(t *testing.T, footer *parquetpages.Footer, chunk *parquetpages.Chunk, c parquetfile.Column, first, end int64) (numbered int) {
	t.Helper()
	values, err := chunk.Read(first, end)
	if err != nil {
		t.Fatal(err)
	}
	numbers, ok, err := chunk.Numbers(first, end, []int64{7})
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return 0
	}
	if values.Null != nil && slices.Contains(values.Null, true) || !slices.Equal(numbers[1:], values.Numbers) {
		t.Fatalf("%d to %d of %+v: %v, want %v", first, end, c, numbers, values.Numbers)
	}
	if least, most, ok := footer.Bounds(1, c.Name); ok && end > first && (slices.Min(values.Numbers) < least || slices.Max(values.Numbers) > most) {
		t.Fatalf("%+v is not within %d to %d", c, least, most)
	}
	return 1
}

// Whatever byte of the pages is another, there are values or an error, and no panic. In a
// page that is not packed it is another value as a rule, which the file's checksum tells.
func TestDamagedPagesAreAnError(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	damage(t, r, false)
	if failed := damage(t, r, true); failed < 15 {
		t.Errorf("%d of 100 damages were noticed", failed)
	}
}

// damage reads a file with a bit of it turned, 100 times, and returns how often that was
// an error.
func damage(t *testing.T, r *rand.Rand, packed bool) (failed int) {
	t.Helper()
	body, columns := written(t, r, 1, 300, packed)
	decoder, err := parquetpages.NewDecoder(1)
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		at := r.IntN(len(body))
		was := body[at]
		body[at] ^= 1 << r.IntN(8)
		f, err := parquetpages.Open(bytes.NewReader(body), decoder)
		for _, c := range columns {
			if err != nil {
				break
			}
			var chunk *parquetpages.Chunk
			if chunk, err = f.Chunk(0, c.Name); err == nil && chunk != nil {
				rows := min(300, f.Rows(0))
				_, err = chunk.Read(5, rows)
				_, _, coded := chunk.Codes(3, rows, nil)
				_, _, numbered := chunk.Numbers(2, rows, nil)
				texts, ok, _ := chunk.Dictionary()
				if ok {
					_, _ = chunk.Tally(1, rows, make([]uint32, len(texts)))
				}
				meeting, ok, met := chunk.Meeting(parquetpages.Condition{Holds: func(text []byte) bool { return len(text)%2 == 0 }}, nil)
				if met == nil && ok {
					_, met = meeting.Where(1, rows, func(first, end int64) {
						if first < 1 || end > rows || first >= end {
							t.Errorf("rows %d to %d", first, end)
						}
					})
				}
				err = errors.Join(err, coded, numbered, met)
			}
		}
		if err != nil {
			failed++
		}
		if err != nil && !errors.Is(err, parquetpages.ErrDamaged) && !errors.Is(err, parquetpages.ErrUnsupported) && f == nil {
			t.Fatalf("byte %d: %v", at, err)
		}
		body[at] = was
	}
	return failed
}

// A footer that is read here has what the library says; what is damaged is no reason to
// panic, nor to make more of than there is.
func TestFootersAreThoseOfALibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	same := 0
	for range 4 {
		body, _ := written(t, r, 1+r.IntN(3), 400, false)
		ours, library, err := parquetpages.Footers(bytes.NewReader(body))
		if err != nil || ours != library {
			t.Fatalf("%v:\n%s\nwant\n%s", err, ours, library)
		}
		for range 500 {
			damaged := slices.Clone(body)
			for range 1 + r.IntN(2) { // most of them in the footer
				damaged[len(damaged)-1-r.IntN(min(len(damaged), 9000))] ^= 1 << r.IntN(8)
			}
			ours, library, err := parquetpages.Footers(bytes.NewReader(damaged[r.IntN(2)*r.IntN(9):]))
			if err == nil && ours == library {
				same++
			}
		}
	}
	if same < 100 {
		t.Errorf("%d damaged footers are read alike", same)
	}
	for _, short := range []string{"", "PAR1", "\x00\x00\x00\x00PAR1", "\xff\xff\xff\xffPAR1", "\x04\x00\x00\x00PAR1PAR1"} {
		if ours, _, err := parquetpages.Footers(bytes.NewReader([]byte(short))); err == nil || ours != "" {
			t.Errorf("%q: %v, %q", short, err, ours)
		}
	}
}
