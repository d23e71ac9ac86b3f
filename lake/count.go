package lake

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/quoll/quoll/internal/parquetpages"
	"github.com/quoll/quoll/schema"
)

// Rows that are counted by texts need not be made: a text is a number in the dictionary
// of its row group, and the numbers are counted. What an engine costs for each file, and
// for each statement, is more than that.

var (
	// ErrNotCountable is returned for files and batches whose rows must be read to be
	// counted.
	ErrNotCountable = errors.New("rows are not counted without being read")
	// ErrManyGroups is returned where rows have more groups than were asked for at most, or
	// groups of longer texts than are kept.
	ErrManyGroups = errors.New("rows have more groups than are counted")
)

const (
	// maxKeys is the most columns that rows are counted by.
	maxKeys = 3
	// maxCountedRows bounds a row group that is counted, and maxDense the combinations of
	// its values that are counted in a table with a place for each.
	maxCountedRows = 4 << 20
	maxDense       = 1 << 18
	// maxCountedBytes bounds the texts of the groups, and those of which it is remembered
	// whether a condition holds: unlike an engine, counts have no other place to go.
	maxCountedBytes = 16 << 20
)

// Counting says which rows are counted, and by what.
type Counting struct {
	Only []Only // conditions, which hold for all of them
	By   []By   // at most maxKeys
	// Groups is how many there may be, and Rows about how many rows of files are gone
	// through, 0 if that is not known.
	Groups int
	Rows   int64
	// Keep says of a number of rows whether groups that have it are wanted; nil: all are.
	Keep func(rows int64) bool
}

// By is a column that rows are counted by: the text, or of times the number of the step
// since the year one that they are in.
type By struct {
	Column string
	Step   int64 // in microseconds; 0: the column has texts
}

// sinceYearOne is the time in microseconds from the year one to 1970.
var sinceYearOne = -time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// Between bounds the times of rows, both included; zero is no bound.
type Between struct{ From, To time.Time }

// micros returns the bounds in microseconds: of rows between them, and of no others, the
// time is within.
func (b Between) micros() (from, to int64) {
	from, to = math.MinInt64, math.MaxInt64
	if !b.From.IsZero() {
		from = b.From.Add(time.Microsecond - 1).UnixMicro()
	}
	if !b.To.IsZero() {
		to = b.To.UnixMicro()
	}
	return from, to
}

// key is the values of a group: for each column its place among Counts.texts, or the step.
type key [maxKeys]int64

// group is the rows with a key.
type group struct {
	key
	rows int64
}

// Counts is how many rows each group has. It is for one goroutine.
type Counts struct {
	asked  *Counting
	number table   // of the group
	groups []group // as they came
	only   conditions
	places []places // by column: where a text is
	// checked is the table of which it is known that its columns can be counted by.
	checked *schema.Table
	counter
}

// NewCounts returns counts of no rows.
func NewCounts(asked *Counting) (*Counts, error) {
	c := &Counts{number: newTable()}
	return c, c.Renew(asked)
}

// Renew has counts be of no rows again, and of something else, in the memory that they have.
func (c *Counts) Renew(asked *Counting) error {
	if len(asked.By) > maxKeys {
		return fmt.Errorf("%w: by %d columns", ErrNotCountable, len(asked.By))
	}
	c.asked, c.only = asked, conditions{all: conditionsOf(asked.Only), chunk: c.chunk, refuse: c.notCountable}
	for len(c.places) < len(asked.By) {
		c.places = append(c.places, newPlaces())
	}
	c.empty()
	return nil
}

// Spare forgets what is counted; ok is false if what it took in memory is too much to keep
// for Renew.
func (c *Counts) Spare() (ok bool) {
	c.asked, c.only, c.file, c.footer, c.uncounted, c.checked = nil, conditions{}, nil, nil, nil, nil
	clear(c.chunks)
	if c.number.large() || slices.ContainsFunc(c.places, func(p places) bool { return p.large() }) {
		return false
	}
	return c.rowGroupCounts.spare()
}

// Groups returns how many groups there are.
func (c *Counts) Groups() int { return len(c.groups) }

// Keep leaves of the groups those that are wanted. No rows are counted after it.
func (c *Counts) Keep() {
	if keep := c.asked.Keep; keep != nil {
		c.groups = slices.DeleteFunc(c.groups, func(g group) bool { return !keep(g.rows) })
	}
}

// Each calls use for each group. texts and steps have the group's value for each column,
// in the one of the two that its kind has; they are valid during the call.
func (c *Counts) Each(use func(texts []string, steps []int64, rows int64)) {
	texts, steps := make([]string, len(c.asked.By)), make([]int64, len(c.asked.By))
	all := make([]string, len(c.asked.By)) // of which the texts are parts
	for i := range all {
		all[i] = string(c.places[i].body)
	}
	for _, g := range c.groups {
		for i, by := range c.asked.By {
			if by.Step > 0 {
				steps[i] = g.key[i]
			} else {
				first, end := c.places[i].span(g.key[i])
				texts[i] = all[i][first:end]
			}
		}
		use(texts, steps, g.rows)
	}
}

// Add adds the groups of other counts of the same.
func (c *Counts) Add(other *Counts) error {
	for i := range other.groups {
		if err := c.addOf(other, &other.groups[i]); err != nil {
			return err
		}
	}
	return nil
}

// addOf adds a group of other counts.
func (c *Counts) addOf(other *Counts, g *group) error {
	k := g.key
	for i, by := range c.asked.By {
		if by.Step > 0 {
			continue
		}
		var err error
		if k[i], err = c.place(i, other.places[i].text(k[i])); err != nil {
			return err
		}
	}
	return c.add(k, g.rows)
}

func (c *Counts) add(k key, rows int64) error {
	at := c.number.of(&k, c.groups)
	if *at > 0 {
		c.groups[*at-1].rows += rows
		return nil
	}
	if len(c.groups) >= c.asked.Groups {
		return ErrManyGroups
	}
	c.groups = append(c.groups, group{k, rows})
	*at = uint32(len(c.groups))
	c.number.grow(c.groups)
	return nil
}

// place returns the place of a text of a column.
func (c *Counts) place(column int, text []byte) (int64, error) {
	room := maxCountedBytes
	for i := range c.places {
		room -= len(c.places[i].body)
	}
	return c.places[column].of(text, room)
}

// Batch counts the rows of a batch that are within the bounds.
func (c *Counts) Batch(batch arrow.RecordBatch, timeColumn string, within Between) error {
	from, to := within.micros()
	column := func(name string) (arrow.Array, error) {
		indices := batch.Schema().FieldIndices(name)
		if len(indices) != 1 {
			return nil, fmt.Errorf("%w: column %s", ErrNotCountable, name)
		}
		return batch.Column(indices[0]), nil
	}
	texts := func(name string, nulls bool) (*array.String, error) {
		a, err := column(name)
		if err != nil {
			return nil, err
		}
		of, ok := a.(*array.String)
		if !ok || of.NullN() > 0 && !nulls {
			return nil, fmt.Errorf("%w: column %s", ErrNotCountable, name)
		}
		return of, nil
	}
	a, err := column(timeColumn)
	if err != nil {
		return err
	}
	times, ok := a.(*array.Timestamp)
	if !ok || times.NullN() > 0 {
		return fmt.Errorf("%w: column %s", ErrNotCountable, timeColumn)
	}
	by, only := make([]*array.String, len(c.asked.By)), map[string]*array.String{}
	documents := c.asked.documents()
	for column := range c.asked.columns() {
		if only[column], err = texts(column, documents[column]); err != nil {
			return err
		}
	}
	for i, b := range c.asked.By {
		if b.Step > 0 && b.Column != timeColumn {
			return fmt.Errorf("%w: by column %s", ErrNotCountable, b.Column)
		}
		if b.Step == 0 {
			if by[i], err = texts(b.Column, false); err != nil {
				return err
			}
		}
	}
	for row := range int(batch.NumRows()) {
		at := int64(times.Value(row))
		text := func(column string) string { return only[column].Value(row) }
		if at < from || at > to {
			continue
		}
		met := !slices.ContainsFunc(c.only.all, func(o *condition) bool { return !c.only.metBy(o, text) })
		if c.only.unknown {
			return errUnknown
		}
		if !met {
			continue
		}
		var k key
		for i, b := range c.asked.By {
			if b.Step > 0 {
				k[i], err = step(at, b.Step)
			} else {
				k[i], err = c.place(i, bytesOf(by[i], row))
			}
			if err != nil {
				return err
			}
		}
		if err := c.add(k, 1); err != nil {
			return err
		}
	}
	return nil
}

// bytesOf returns a text of an array.
func bytesOf(a *array.String, row int) []byte {
	offsets := a.ValueOffsets()
	return a.ValueBytes()[offsets[row]-offsets[0] : offsets[row+1]-offsets[0]]
}

// step returns the number of the step that a time is in.
func step(at, of int64) (int64, error) {
	if at < -sinceYearOne || at > math.MaxInt64-sinceYearOne {
		return 0, fmt.Errorf("%w: a time before the year one", ErrNotCountable)
	}
	return (at + sinceYearOne) / of, nil
}

// StepStart returns when a step begins.
func (b By) StepStart(number int64) time.Time {
	return time.UnixMicro(number*b.Step - sinceYearOne).UTC()
}

// Count adds the rows of a file to counts, all or those of some parts of it, that are
// within the bounds. After an error the counts are of no use.
func (r *ReadSet) Count(ctx context.Context, f File, parts []Part, all bool, within Between, to *Counts) error {
	err := r.count(ctx, f, parts, all, within, to)
	switch {
	case err == nil || ctx.Err() != nil || errors.Is(err, ErrManyGroups) || errors.Is(err, ErrNotCountable):
	case errors.Is(err, parquetpages.ErrUnsupported):
		err = fmt.Errorf("%s: %w: %w", f.Path, ErrNotCountable, err)
	case errors.Is(err, parquetpages.ErrDamaged):
		err = fmt.Errorf("%s: %w: %w", f.Path, ErrDamaged, err)
	default:
		err = fmt.Errorf("count rows: %s: %w", f.Path, err)
	}
	return err
}

// Countable says whether nothing is known yet by which Count would say ErrNotCountable.
func (r *ReadSet) Countable(f File, asked *Counting) bool {
	return f.uncounted != nil && f.uncounted.allow(asked)
}

func (r *ReadSet) count(ctx context.Context, f File, parts []Part, all bool, within Between, to *Counts) error {
	if f.uncounted == nil {
		return ErrNotCountable
	}
	if to.checked != r.Table {
		if err := to.asked.check(columnsOf(r.Table), r.Table.TimeColumn); err != nil {
			return err
		}
		to.checked = r.Table
	}
	source, err := r.files.open(f.Path)
	if err != nil {
		return err
	}
	defer source.Close()
	footer, err := r.footers.of(f.Path, source)
	if err != nil {
		return err
	}
	file := footer.Open(source, r.pages)
	defer file.Release() // texts that are kept are copied
	to.file, to.footer, to.uncounted, to.timeColumn = file, footer, f.uncounted, r.Table.TimeColumn
	if to.asked.asksAnywhere() {
		if err := to.only.look(f, source, r.Table.Name); err != nil {
			return err
		}
	}
	from, until := within.micros()
	to.bounded = f.MinTime.IsZero() || f.MaxTime.IsZero() || from > f.MinTime.UnixMicro() || until < f.MaxTime.UnixMicro()
	to.from, to.until = from, until
	if all {
		var rows int64
		for group := range file.Groups() {
			rows += file.Rows(group)
			if err := to.rowGroup(ctx, group, nil); err != nil {
				return err
			}
		}
		if rows != f.Rows {
			return fmt.Errorf("%w: it has %d rows and should have %d", ErrDamaged, rows, f.Rows)
		}
		return nil
	}
	for _, p := range parts {
		if p.Number >= file.Groups() || file.Rows(p.Number) != p.Rows() {
			return fmt.Errorf("%w: its filters of terms are not those of its row groups", ErrDamaged)
		}
		blocks := make([]Span, len(p.Blocks))
		for i, b := range p.Blocks {
			blocks[i] = Span{First: b.First - p.First, End: b.End - p.First}
		}
		if err := to.rowGroup(ctx, p.Number, blocks); err != nil {
			return err
		}
	}
	return nil
}

// check says ErrNotCountable unless all columns are of the kinds that can be counted by.
func (a *Counting) check(all []column, timeColumn string) error {
	documents := a.documents()
	for column := range a.columns() {
		if !isText(all, column, documents[column]) {
			return fmt.Errorf("%w: column %s", ErrNotCountable, column)
		}
	}
	for _, b := range a.By {
		if isTime := b.Step > 0; isTime && b.Column != timeColumn || !isTime && !isText(all, b.Column, false) {
			return fmt.Errorf("%w: by column %s", ErrNotCountable, b.Column)
		}
	}
	return nil
}

// isText says whether a column has texts, or documents.
func isText(all []column, name string, document bool) bool {
	return slices.ContainsFunc(all, func(c column) bool {
		return c.name == name && c.kind == kindText && (c.text && !document || c.document && document)
	})
}
