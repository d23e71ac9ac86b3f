package lake

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/quoll/quoll/internal/parquetpages"
	"github.com/quoll/quoll/internal/termfilter"
)

// Who looks for a word that few rows have reads a row group for each of them, of which
// all but some thousandth is read in vain. So where filters say which blocks of rows may
// have it, the pages that cover them are read here, and the rows that have its terms are
// handed over.

var (
	// ErrTooMany is returned for rows that are more than were asked for at most.
	ErrTooMany = errors.New("more rows are found than may be")
	// ErrNotFindable is returned for a file of which rows cannot be read by themselves.
	ErrNotFindable = errors.New("rows of this file are not read by themselves")
)

// finders is how many files are unpacked at a time without waiting.
const finders = 4

// Finding says which rows of a file are wanted, and of what.
type Finding struct {
	Parts   []Part // as ReadSet.Parts returned them
	Sought  *termfilter.Sought
	Only    []Only   // conditions that all rows must meet, instead of having the terms of Sought; nil: there are none
	Columns []string // in storage
	// Rows and Bytes are the most that are returned.
	Rows, Bytes int64
}

// Find returns, with the columns that are asked for, those rows of the blocks of some
// parts that may be what is sought: no row is left out that is. The batch is the garbage
// collector's; its strings have no nulls where the table's have none.
func (r *ReadSet) Find(ctx context.Context, f File, asked Finding) (arrow.RecordBatch, error) {
	found, err := r.find(ctx, f, asked)
	switch {
	case err == nil || errors.Is(err, ErrTooMany) || ctx.Err() != nil:
	case errors.Is(err, parquetpages.ErrUnsupported):
		err = fmt.Errorf("%s: %w: %w", f.Path, ErrNotFindable, err)
	case errors.Is(err, parquetpages.ErrDamaged):
		err = fmt.Errorf("%s: %w: %w", f.Path, ErrDamaged, err)
	default:
		err = fmt.Errorf("find rows: %s: %w", f.Path, err)
	}
	return found, err
}

func (r *ReadSet) find(ctx context.Context, f File, asked Finding) (arrow.RecordBatch, error) {
	source, err := r.files.open(f.Path)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	footer, err := r.footers.of(f.Path, source)
	if err != nil {
		return nil, err
	}
	file := footer.Open(source, r.pages)
	defer file.Release() // what is handed over is copied
	d := &finder{file: file, Finding: asked, columns: columnsOf(r.Table)}
	if err := d.prepare(); err != nil {
		return nil, err
	}
	for _, p := range asked.Parts {
		if err := d.part(ctx, p); err != nil {
			return nil, err
		}
	}
	return d.batch(), nil
}

// Weigh returns how many bytes the values of some columns of a file take when they are
// unpacked, with those of a dictionary once. A column that the file lacks takes none.
func (r *ReadSet) Weigh(f File, columns []string) (bytes int64, err error) {
	source, err := r.files.open(f.Path)
	if err != nil {
		return 0, fmt.Errorf("weigh columns: %w", err)
	}
	defer source.Close()
	footer, err := r.footers.of(f.Path, source)
	if err != nil {
		return 0, fmt.Errorf("weigh columns: %s: %w", f.Path, err)
	}
	for _, column := range columns {
		bytes += footer.Unpacked(column)
	}
	return bytes, nil
}

// finder looks into one file.
type finder struct {
	Finding
	file    *parquetpages.File
	columns []column
	out     []int // the columns that are asked for
	builder []array.Builder
	rows    int64
	bytes   int64
	matcher termfilter.Matcher
	exact   conditions // instead of terms

	// Of the part and the block at work.
	sought *termfilter.Sought
	texts  []*termfilter.Sought
	number map[*termfilter.Sought]int // in texts
	in     [][]int                    // by column: the texts that it may have
	chunks []*finderChunk             // by column
	block  Span                       // within the part
	has    []bool
}

// finderChunk is a column of the part at work.
type finderChunk struct {
	*parquetpages.Chunk // nil: the file lacks the column
	// lacks says of each text whether the dictionary lacks it, once that is known.
	lacks map[int]bool
}

func (d *finder) prepare() error {
	d.exact = conditions{all: conditionsOf(d.Only), chunk: d.named, refuse: func(column string) error {
		return fmt.Errorf("%w: column %s", parquetpages.ErrUnsupported, column)
	}}
	for _, name := range d.Columns {
		i := slices.IndexFunc(d.columns, func(c column) bool { return c.name == name })
		if i < 0 {
			return fmt.Errorf("the table has no column %s", name)
		}
		d.out = append(d.out, i)
		d.builder = append(d.builder, array.NewBuilder(memory.DefaultAllocator, d.columns[i].kind.arrowType()))
	}
	return nil
}

// seek has what is left of the condition in a part be looked for.
func (d *finder) seek(p Part) {
	d.sought = p.Sought
	if d.sought == nil {
		d.sought = d.Sought
	}
	d.texts, d.in = d.sought.Texts(), make([][]int, len(d.columns))
	d.number = make(map[*termfilter.Sought]int, len(d.texts))
	for number, text := range d.texts {
		d.number[text] = number
		for i, c := range d.columns {
			if c.kind == kindText && (text.Columns == nil || slices.Contains(text.Columns, c.name)) {
				d.in[i] = append(d.in[i], number)
			}
		}
	}
}

func (d *finder) part(ctx context.Context, p Part) error {
	if p.Number >= d.file.Groups() || d.file.Rows(p.Number) != p.Rows() {
		return fmt.Errorf("%w: its filters of terms are not those of its row groups", ErrDamaged)
	}
	if len(d.Only) == 0 {
		d.seek(p)
	}
	d.chunks = make([]*finderChunk, len(d.columns))
	for _, block := range p.Blocks {
		if err := ctx.Err(); err != nil {
			return err
		}
		d.block = Span{First: block.First - p.First, End: block.End - p.First}
		if err := d.look(p.Number); err != nil {
			return err
		}
	}
	return nil
}

// look finds the rows of the block at work.
func (d *finder) look(group int) error {
	if len(d.Only) > 0 {
		return d.lookExactly(group)
	}
	rows := int(d.block.Rows())
	d.has = slices.Grow(d.has[:0], rows*len(d.texts))[:rows*len(d.texts)]
	clear(d.has)
	for c := range d.columns {
		if err := d.mark(group, c); err != nil {
			return err
		}
	}
	var found []int
	for row := range rows {
		if d.sought.Meets(func(text *termfilter.Sought) bool { return d.has[d.number[text]*rows+row] }) {
			found = append(found, row)
		}
	}
	return d.found(group, found)
}

// lookExactly finds those that meet the conditions.
func (d *finder) lookExactly(group int) error {
	spans, err := d.exact.meet(group, []Span{d.block})
	if err != nil {
		return err
	}
	var found []int
	for _, s := range spans {
		for row := s.First; row < s.End; row++ {
			found = append(found, int(row-d.block.First))
		}
	}
	return d.found(group, found)
}

// found takes rows of the block unless they are too many.
func (d *finder) found(group int, rows []int) error {
	if d.rows += int64(len(rows)); d.rows > d.Rows {
		return ErrTooMany
	}
	if len(rows) == 0 {
		return nil
	}
	return d.take(group, rows)
}

// keptPages is how many bytes of the pages of a column that conditions are on are kept,
// for the rows that meet them.
const keptPages = 1 << 20

// named returns a column of the part.
func (d *finder) named(group int, name string) (*parquetpages.Chunk, error) {
	c := slices.IndexFunc(d.columns, func(c column) bool { return c.name == name && c.kind == kindText && c.text })
	if c < 0 {
		return nil, d.exact.refuse(name)
	}
	first := d.chunks[c] == nil
	chunk, err := d.chunk(group, c)
	if err == nil && chunk.Chunk == nil {
		err = d.exact.refuse(name)
	}
	if err != nil {
		return nil, err
	}
	if first {
		chunk.Keep(keptPages)
	}
	return chunk.Chunk, nil
}

func (d *finder) chunk(group, c int) (*finderChunk, error) {
	if d.chunks[c] == nil {
		chunk, err := d.file.Chunk(group, d.columns[c].name)
		if err != nil {
			return nil, err
		}
		d.chunks[c] = &finderChunk{Chunk: chunk, lacks: map[int]bool{}}
	}
	return d.chunks[c], nil
}

// mark says which rows of the block have texts in a column.
func (d *finder) mark(group, c int) error {
	if len(d.in[c]) == 0 {
		return nil
	}
	chunk, err := d.chunk(group, c)
	if err != nil || chunk.Chunk == nil {
		return err
	}
	var texts []int
	for _, text := range d.in[c] {
		lacks, known := chunk.lacks[text]
		if !known {
			if lacks, err = d.dictionaryLacks(chunk, text, c); err != nil {
				return err
			}
			chunk.lacks[text] = lacks
		}
		if !lacks {
			texts = append(texts, text)
		}
	}
	if len(texts) == 0 {
		return nil
	}
	return chunk.pages(d.block, func(read Span, values *parquetpages.Values) error {
		for _, text := range texts {
			has := d.has[text*int(d.block.Rows()):][read.First-d.block.First:]
			d.markPage(values.Texts, text, c, has)
		}
		return nil
	})
}

// markPage is mark for one text and some rows, has says which of them have it.
func (d *finder) markPage(values [][]byte, text, c int, has []bool) {
	var last []byte
	var lastHas bool
	for row, value := range values {
		if len(value) == 0 || has[row] {
			continue
		}
		if len(last) != len(value) || &last[0] != &value[0] { // those of a dictionary are the same
			last, lastHas = value, d.matcher.In(value, d.columns[c].document, d.texts[text])
		}
		has[row] = lastHas
	}
}

// pages calls use for rows of a column page by page: no more of it is in memory, however long
// its texts are.
func (c *finderChunk) pages(rows Span, use func(read Span, values *parquetpages.Values) error) error {
	for read := (Span{End: rows.First}); read.End < rows.End; {
		read.First = read.End
		end, err := c.PageEnd(read.First)
		if err != nil {
			return err
		}
		read.End = min(end, rows.End)
		values, err := c.Read(read.First, read.End)
		if err != nil {
			return err
		}
		if err := use(read, values); err != nil {
			return err
		}
	}
	return nil
}

// dictionaryLacks says whether a column has no text of the part that is sought.
func (d *finder) dictionaryLacks(chunk *finderChunk, text, c int) (bool, error) {
	values, ok, err := chunk.Dictionary()
	if err != nil || !ok {
		return false, err
	}
	for _, value := range values {
		if d.matcher.In(value, d.columns[c].document, d.texts[text]) {
			return false, nil
		}
	}
	return true, nil
}

// take adds rows of the block to what is handed over.
func (d *finder) take(group int, rows []int) error {
	for i, c := range d.out {
		chunk, err := d.chunk(group, c)
		if err != nil {
			return err
		}
		if chunk.Chunk == nil {
			return fmt.Errorf("%w: it lacks the column %s", parquetpages.ErrUnsupported, d.columns[c].name)
		}
		if err := d.takeOf(chunk, d.columns[c], rows, d.builder[i]); err != nil {
			return err
		}
	}
	return nil
}

// takeOf is take for one column. Pages without such rows are not unpacked.
func (d *finder) takeOf(chunk *finderChunk, c column, rows []int, to array.Builder) error {
	for end := d.block.First + int64(rows[len(rows)-1]) + 1; len(rows) > 0; {
		read := Span{First: d.block.First + int64(rows[0])}
		behind, err := chunk.PageEnd(read.First)
		if err != nil {
			return err
		}
		read.End = min(behind, end)
		values, err := chunk.Read(read.First, read.End)
		if err != nil {
			return err
		}
		if (c.kind == kindText) != (values.Texts != nil) {
			return fmt.Errorf("%w: column %s is of another type", parquetpages.ErrUnsupported, c.name)
		}
		for len(rows) > 0 && d.block.First+int64(rows[0]) < read.End {
			d.append(to, values, int(d.block.First+int64(rows[0])-read.First))
			rows = rows[1:]
		}
		if d.bytes > d.Bytes {
			return ErrTooMany
		}
	}
	return nil
}

func (d *finder) append(to array.Builder, values *parquetpages.Values, row int) {
	d.bytes += 8
	if values.Null != nil && values.Null[row] {
		to.AppendNull()
		return
	}
	switch to := to.(type) {
	case *array.StringBuilder:
		d.bytes += int64(len(values.Texts[row]))
		to.BinaryBuilder.Append(values.Texts[row])
	case *array.Int32Builder:
		to.Append(int32(values.Numbers[row]))
	case *array.Int64Builder:
		to.Append(values.Numbers[row])
	case *array.Float64Builder:
		to.Append(math.Float64frombits(uint64(values.Numbers[row])))
	case *array.BooleanBuilder:
		to.Append(values.Numbers[row] != 0)
	case *array.TimestampBuilder:
		to.Append(arrow.Timestamp(values.Numbers[row]))
	}
}

func (d *finder) batch() arrow.RecordBatch {
	columns := make([]column, len(d.out))
	arrays := make([]arrow.Array, len(d.out))
	for i, c := range d.out {
		columns[i], arrays[i] = d.columns[c], d.builder[i].NewArray()
	}
	return array.NewRecordBatch(arrowSchemaOf(columns), arrays, d.rows)
}
