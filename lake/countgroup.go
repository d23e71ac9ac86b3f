package lake

import (
	"context"
	"fmt"
	"math/bits"
	"slices"

	"github.com/quoll/quoll/internal/parquetpages"
)

// Of more than manyGroups groups there must be groupShare times as many rows that are gone
// through: what is done for each group is more than what an engine spares.
const (
	manyGroups = 4 << 10
	groupShare = 8
)

// counter counts the rows of a row group.
type counter struct {
	file        *parquetpages.File
	footer      *parquetpages.Footer
	uncounted   *uncounted
	timeColumn  string
	bounded     bool // times are asked for
	from, until int64
	passed      int64 // rows that were gone through

	timed bool // of the row group at work
	// chunks are its columns that were asked for: most are asked more than one condition, and
	// each would unpack the dictionary.
	chunks map[string]*parquetpages.Chunk
	rowGroupCounts
}

// rowGroupCounts is what the rows of the row group at work are counted with.
type rowGroupCounts struct {
	spans, other []Span  // the rows that are counted, in order, and room
	times        []int64 // of the rows that are counted, if timed is set
	keys         []counted
	dense        []uint32
}

// maxSpare is how much memory for row groups is kept by Counts that are spare.
const maxSpare = 8 << 20

// spare forgets what is in the memory; ok is false if that is too much to keep.
func (r *rowGroupCounts) spare() (ok bool) {
	bytes := 16*(cap(r.spans)+cap(r.other)) + 8*cap(r.times) + 4*cap(r.dense)
	r.keys = r.keys[:cap(r.keys)]
	for i := range r.keys {
		k := &r.keys[i]
		k.texts = nil // they are their file's
		bytes += 4*cap(k.codes) + 8*cap(k.place)
	}
	return bytes <= maxSpare
}

// counted is a column that the rows of a row group are counted by. A row has a code of
// it, which is below size.
type counted struct {
	codes []uint32 // of the rows that are counted
	size  uint64
	first int64    // the step of code 0
	texts [][]byte // of codes; nil: they are steps
	place []int64  // of texts, or -1
}

// rowGroup counts the rows of a row group, or those of some spans of it: no others can be
// wanted.
func (c *Counts) rowGroup(ctx context.Context, number int, only []Span) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	rows := c.file.Rows(number)
	if rows < 0 || rows > maxCountedRows {
		return fmt.Errorf("%w: a row group of %d rows", ErrNotCountable, rows)
	}
	if c.passed += rows; c.tooMany() {
		return ErrManyGroups
	}
	c.timed = false
	clear(c.chunks)
	bounded := c.bounded
	if least, most, ok := c.footer.Bounds(number, c.timeColumn); bounded && ok {
		if least > c.until || most < c.from {
			return nil
		}
		bounded = least < c.from || most > c.until
	}
	c.spans = append(c.spans[:0], only...)
	if only == nil {
		c.spans = append(c.spans, Span{First: 0, End: rows})
	}
	var err error
	c.only.stopped = ctx.Err
	if c.spans, err = c.only.meet(number, c.spans); err != nil || len(c.spans) == 0 {
		return err
	}
	if bounded {
		if err := c.within(number); err != nil {
			return err
		}
	}
	if rows == 0 || len(c.spans) == 0 {
		return nil
	}
	if len(c.spans) == 1 && len(c.asked.By) == 1 && c.asked.By[0].Step == 0 {
		return c.run(number)
	}
	c.keys = slices.Grow(c.keys[:0], len(c.asked.By))[:len(c.asked.By)]
	for i, by := range c.asked.By {
		if err := c.key(&c.keys[i], number, by); err != nil {
			return err
		}
	}
	return c.tally()
}

// tooMany says that the groups are too many for the rows so far, or will be at the end:
// each day has steps of time of its own.
func (c *Counts) tooMany() bool {
	groups := int64(len(c.groups))
	if groups <= manyGroups {
		return false
	}
	return groups*groupShare > c.passed ||
		groups*c.asked.Rows/c.passed > 2*int64(c.asked.Groups) && slices.ContainsFunc(c.asked.By, func(b By) bool { return b.Step > 0 })
}

func (c *Counts) chunk(number int, name string) (*parquetpages.Chunk, error) {
	if chunk := c.chunks[name]; chunk != nil {
		return chunk, nil
	}
	chunk, err := c.file.Chunk(number, name)
	if err != nil {
		return nil, err
	}
	if chunk == nil {
		return nil, c.notCountable(name)
	}
	if c.chunks == nil {
		c.chunks = map[string]*parquetpages.Chunk{}
	}
	c.chunks[name] = chunk
	return chunk, nil
}

// size is how many rows are counted.
func (c *Counts) size() (rows int64) {
	for _, s := range c.spans {
		rows += s.Rows()
	}
	return rows
}

// fewSpans is up to how many spans are read each by itself. Each goes through the chunk
// from its beginning.
const fewSpans = 32

// gather appends what read gives for the rows that are counted.
func gather[T any](spans []Span, to []T, read func(first, end int64, to []T) ([]T, bool, error)) (_ []T, ok bool, err error) {
	if len(spans) <= fewSpans {
		for _, s := range spans {
			if to, ok, err = read(s.First, s.End, to); err != nil || !ok {
				return to, false, err
			}
		}
		return to, true, nil
	}
	first := spans[0].First
	if to, ok, err = read(first, spans[len(spans)-1].End, to); err != nil || !ok {
		return to, false, err
	}
	n := 0
	for _, s := range spans {
		n += copy(to[n:], to[s.First-first:s.End-first])
	}
	return to[:n], true, nil
}

// notCountable says that a column is not there, has nulls, or values that are not in its dictionary.
func (c *Counts) notCountable(column string) error {
	c.uncounted.add(column)
	return fmt.Errorf("%w: column %s", ErrNotCountable, column)
}

// within leaves of the rows those whose times are within the bounds.
func (c *Counts) within(number int) error {
	if err := c.readTimes(number); err != nil {
		return err
	}
	kept, at, n := c.other[:0], 0, 0
	for _, s := range c.spans {
		for row := s.First; row < s.End; row++ {
			time := c.times[at]
			if at++; time < c.from || time > c.until {
				continue
			}
			c.times[n] = time
			n++
			kept = withRows(kept, row, row+1)
		}
	}
	c.spans, c.other, c.times = kept, c.spans, c.times[:n]
	return nil
}

// readTimes reads the times of the rows that are counted.
func (c *Counts) readTimes(number int) error {
	chunk, err := c.chunk(number, c.timeColumn)
	if err != nil {
		return err
	}
	ok := false
	if c.times, ok, err = gather(c.spans, c.times[:0], chunk.Numbers); err == nil && !ok {
		err = fmt.Errorf("%w: column %s", ErrNotCountable, c.timeColumn)
	}
	c.timed = true
	return err
}

// key reads a column that rows are counted by.
func (c *Counts) key(k *counted, number int, by By) error {
	if by.Step > 0 {
		if least, most, ok := c.footer.Bounds(number, c.timeColumn); ok && !c.timed {
			if one, err := k.oneStep(least, most, by.Step, int(c.size())); one || err != nil {
				return err
			}
		}
		if !c.timed {
			if err := c.readTimes(number); err != nil {
				return err
			}
		}
		return k.steps(c.times, by.Step)
	}
	chunk, err := c.chunk(number, by.Column)
	if err != nil {
		return err
	}
	ok := false
	if k.codes, ok, err = gather(c.spans, k.codes[:0], chunk.Codes); err != nil {
		return err
	}
	if !ok {
		return c.notCountable(by.Column)
	}
	k.texts, _, err = chunk.Dictionary()
	k.size = uint64(len(k.texts))
	k.place = k.place[:0]
	for range k.texts {
		k.place = append(k.place, -1)
	}
	return err
}

// run counts a run of rows by one column of texts.
func (c *Counts) run(number int) error {
	column := c.asked.By[0].Column
	chunk, err := c.chunk(number, column)
	if err != nil {
		return err
	}
	texts, ok, err := chunk.Dictionary()
	if err != nil {
		return err
	}
	if !ok {
		return c.notCountable(column)
	}
	c.dense = slices.Grow(c.dense[:0], len(texts))[:len(texts)]
	clear(c.dense)
	if ok, err = chunk.Tally(c.spans[0].First, c.spans[0].End, c.dense); err != nil {
		return err
	}
	if !ok {
		return c.notCountable(column)
	}
	for code, rows := range c.dense {
		if rows == 0 {
			continue
		}
		place, err := c.place(0, texts[code])
		if err != nil {
			return err
		}
		if err := c.add(key{place}, int64(rows)); err != nil {
			return err
		}
	}
	return nil
}

// maxSteps is the most steps that the rows of a row group are in.
const maxSteps = 1 << 16

// oneStep has the codes be those of the step that all times of a row group are in, of which
// none needs to be read; false if they are in several.
func (k *counted) oneStep(least, most, of int64, rows int) (one bool, err error) {
	first, err := step(least, of)
	if err != nil {
		return false, err
	}
	last, err := step(most, of)
	if err != nil || first != last {
		return false, err
	}
	k.first, k.size, k.texts, k.codes = first, 1, nil, slices.Grow(k.codes[:0], rows)[:rows]
	clear(k.codes)
	return true, nil
}

// steps has the codes be the steps that times are in.
func (k *counted) steps(times []int64, of int64) error {
	least, err := step(slices.Min(times), of)
	if err != nil {
		return err
	}
	most, err := step(slices.Max(times), of)
	if err != nil {
		return err
	}
	if most-least >= maxSteps {
		return fmt.Errorf("%w: more than %d steps of time", ErrNotCountable, maxSteps)
	}
	k.first, k.size, k.texts, k.codes = least, uint64(most-least)+1, nil, slices.Grow(k.codes[:0], len(times))
	begins := least*of - sinceYearOne
	k.codes = k.codes[:len(times)]
	parts := 1 / float64(of) // a multiplication takes a fifth of a division, and is one off at most
	for i, at := range times {
		within := at - begins
		code := int64(float64(within) * parts)
		switch rest := within - code*of; {
		case rest < 0:
			code--
		case rest >= of:
			code++
		}
		k.codes[i] = uint32(code)
	}
	return nil
}

// tally counts the rows by the columns together: each combination of codes is a number.
func (c *Counts) tally() error {
	if len(c.keys) == 0 {
		return c.add(key{}, c.size())
	}
	size, over := uint64(1), uint64(0)
	for _, k := range c.keys {
		if over, size = bits.Mul64(size, k.size); over > 0 {
			return fmt.Errorf("%w: dictionaries with too many values", ErrNotCountable)
		}
	}
	if size > maxDense {
		return c.sparse()
	}
	c.dense = slices.Grow(c.dense[:0], int(size))[:size]
	clear(c.dense)
	switch len(c.keys) {
	case 1:
		for _, code := range c.keys[0].codes {
			c.dense[code]++
		}
	case 2:
		size, second := c.keys[1].size, c.keys[1].codes
		for i, code := range c.keys[0].codes {
			c.dense[uint64(code)*size+uint64(second[i])]++
		}
	default:
		for i := range c.keys[0].codes {
			c.dense[c.together(i)]++
		}
	}
	for together, rows := range c.dense {
		if rows > 0 {
			if err := c.addTogether(uint64(together), int64(rows)); err != nil {
				return err
			}
		}
	}
	return nil
}

// together returns the number of the combination of codes that a row has.
func (c *Counts) together(i int) uint64 {
	sum := uint64(0)
	for n := range c.keys {
		sum = sum*c.keys[n].size + uint64(c.keys[n].codes[i])
	}
	return sum
}

// sparse counts combinations that are too many for a place each: neighbours are often the
// same.
func (c *Counts) sparse() error {
	rows, last, run := map[uint64]int64{}, uint64(0), int64(0)
	for i := range c.keys[0].codes {
		if sum := c.together(i); sum != last {
			if rows[last] += run; len(rows) > c.asked.Groups {
				return ErrManyGroups
			}
			last, run = sum, 0
		}
		run++
	}
	rows[last] += run
	for together, n := range rows {
		if n == 0 {
			continue
		}
		if err := c.addTogether(together, n); err != nil {
			return err
		}
	}
	return nil
}

func (c *Counts) addTogether(together uint64, rows int64) error {
	var k key
	for n := len(c.keys) - 1; n >= 0; n-- {
		of := &c.keys[n]
		code := together % of.size
		together /= of.size
		if of.texts == nil {
			k[n] = of.first + int64(code)
			continue
		}
		if of.place[code] < 0 {
			place, err := c.place(n, of.texts[code])
			if err != nil {
				return err
			}
			of.place[code] = place
		}
		k[n] = of.place[code]
	}
	return c.add(k, rows)
}
