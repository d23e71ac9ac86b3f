package lake

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/quoll/quoll/internal/termfilter"
	"github.com/quoll/quoll/schema"
)

// A lasting file has, behind its row groups, a filter of the terms of all texts for
// each of them: who looks for a word in any column reads no more than the groups
// that may have it. It is a part of the file, so that it comes and goes with it.

// MetadataTerms is the key of the footer's metadata under which the length of the
// filters of terms is, which end where the footer begins.
const MetadataTerms = "quoll.terms"

// blockRows is how many rows of a row group are a block of the filters of terms: it has
// as many blocks as a filter can tell apart.
func (f form) blockRows() int {
	return (f.rowGroupRows + termfilter.MaxBlocks - 1) / termfilter.MaxBlocks
}

// homeColumns are the columns of a table in which the addresses of most rows stand, of the
// network and of mail, short and in dictionaries: its homes (see termfilter.Terms.Home).
// What was written by other homes is read as if it had none.
var homeColumns = map[string][]string{
	schema.UnifiedAuditLog:          {"ClientIP", "UserId"},
	schema.UnifiedAuditLogRevisions: {"ClientIP", "UserId"},
}

// HomeColumns returns the homes of a table, none if it has none. The caller must not change
// them.
func HomeColumns(table string) []string { return homeColumns[table] }

// addHomes adds the texts of the homes to the terms of a row group.
func addHomes(to *termfilter.Terms, generation []batch, t *tableState, refs []rowRef) {
	homes := homeColumns[t.schema.Name]
	if len(homes) == 0 {
		return
	}
	to.Homes()
	for i, c := range t.columns {
		if slices.Contains(homes, c.name) {
			eachText(generation, i, refs, to.Home)
		}
	}
}

// eachText calls use for the texts of a column that are not empty.
func eachText(generation []batch, index int, refs []rowRef, use func(row int, text []byte)) {
	arrays, rows, nulls := columnOf[*array.String](generation, index)
	if nulls == rows {
		return
	}
	for row, ref := range refs {
		a := arrays[ref.batch]
		if nulls > 0 && a.IsNull(int(ref.row)) {
			continue
		}
		offsets := a.ValueOffsets()
		if text := a.ValueBytes()[offsets[ref.row]-offsets[0] : offsets[ref.row+1]-offsets[0]]; len(text) > 0 {
			use(row, text)
		}
	}
}

// addTerms adds the texts of a column to the terms of a row group. Neighbours are often
// the same.
func addTerms(to *termfilter.Terms, generation []batch, index int, c column, refs []rowRef) {
	var last []byte
	block := 0 // of last: a text is in each block that has it
	eachText(generation, index, refs, func(row int, text []byte) {
		if to.Block(row) == block && bytes.Equal(text, last) {
			to.Again(row)
			return
		}
		to.Text(row, text, c.document)
		last, block = text, to.Block(row)
	})
}

// fileTerms is the filters of a file once somebody has asked for them. It is
// shared by the copies of a File.
type fileTerms struct {
	mu     sync.Mutex
	known  bool
	filter *termfilter.Filter
}

// of returns the filters of a file, nil if it has none or they are damaged, which
// is told once.
func (t *fileTerms) of(source *openFile, rows int64) (*termfilter.Filter, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known {
		return t.filter, nil
	}
	var err error
	t.filter, err = openTerms(source, rows)
	t.known = err == nil || errors.Is(err, ErrDamaged) || errors.Is(err, termfilter.ErrDamaged)
	return t.filter, err
}

// Part is a row group of a file that may have what is sought.
type Part = termfilter.Part

// Span is rows of a file in the order in which they are stored: from First up to
// but not including End, from 0.
type Span = termfilter.Span

// Parts returns the parts of a file of the set that may have what is sought. all says
// that every row may: the file has no filters, they cannot be read, or they know
// nothing of what is asked for.
func (r *ReadSet) Parts(f File, sought *termfilter.Sought) (parts []Part, all bool, err error) {
	if !sought.Asks() || f.terms == nil || !f.lasting() {
		return nil, true, nil
	}
	source, err := r.files.open(f.Path)
	if err != nil {
		return nil, true, fmt.Errorf("look for terms: %w", err)
	}
	defer source.Close()
	filter, err := f.terms.of(source, f.Rows)
	if err == nil && filter == nil {
		return nil, true, nil
	}
	if err == nil {
		parts, err = r.partsOf(f, source, filter, sought)
	}
	if err != nil {
		return nil, true, fmt.Errorf("look for terms: %s: %w", f.Path, err)
	}
	return parts, false, nil
}

// manyValues is how many values are sought of a column before its Bloom filter is asked,
// for which a footer must be known: some thousand bytes say of each whether it is in the
// row group, of which the filter of terms is a hundred thousand.
const manyValues = 16

func (r *ReadSet) partsOf(f File, source *openFile, filter *termfilter.Filter, sought *termfilter.Sought) ([]Part, error) {
	if sought.Many() < manyValues {
		return filter.Parts(source, sought, r.maps, nil)
	}
	footer, err := r.footers.of(f.Path, source)
	if err != nil {
		return nil, err
	}
	pages := footer.Open(source, r.pages)
	defer pages.Release()
	return filter.Parts(source, sought, r.maps, func(part int, column string) ([]byte, error) {
		if part >= pages.Groups() {
			return nil, fmt.Errorf("%w: its filters of terms are not those of its row groups", ErrDamaged)
		}
		return pages.Bloom(part, column)
	})
}

// openTerms finds the filters of a file, nil if it has none.
func openTerms(source *openFile, rows int64) (*termfilter.Filter, error) {
	var tail [parquetTail]byte
	size := source.Size()
	if size < parquetTail {
		return nil, fmt.Errorf("%w: %d bytes are no Parquet file", ErrDamaged, size)
	}
	if _, err := source.ReadAt(tail[:], size-parquetTail); err != nil {
		return nil, err
	}
	filter, err := termfilter.Open(source, size-parquetTail-int64(binary.LittleEndian.Uint32(tail[:])))
	if err != nil || filter == nil {
		return nil, err
	}
	if filter.Rows() != rows {
		return nil, fmt.Errorf("%w: its filters of terms are of %d rows, and it has %d", ErrDamaged, filter.Rows(), rows)
	}
	return filter, nil
}

// termChecker compares the rows of a file with its filters.
type termChecker struct {
	columns []column
	homes   []string
	checker *termfilter.Checker
}

// checkTerms returns what compares the rows of a file with its filters, nil if the
// file has none.
func (s syncedFS) checkTerms(f File, t *tableState) (*termChecker, error) {
	if !f.lasting() {
		return nil, nil
	}
	source, err := s.open(f.Path)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	filter, err := openTerms(source, f.Rows)
	if err != nil || filter == nil {
		return nil, err
	}
	homes := homeColumns[t.schema.Name]
	checker, err := termfilter.NewChecker(source, filter, homes)
	return &termChecker{t.columns, homes, checker}, err
}

// batch looks at the next rows of the file.
func (c *termChecker) batch(b batch) {
	if c == nil {
		return
	}
	for row := range b.rows {
		for i := range c.columns {
			if text := textAt(b, i, row); slices.Contains(c.homes, c.columns[i].name) {
				c.checker.Home(text)
			}
		}
		for i := range c.columns {
			c.checker.Text(textAt(b, i, row), c.columns[i].document)
		}
		c.checker.Row()
	}
}

// textAt returns the text of a row, nil if it has none.
func textAt(b batch, column, row int) []byte {
	texts, ok := b.records.Column(column).(*array.String)
	if !ok || texts.IsNull(row) {
		return nil
	}
	return bytesOf(texts, row)
}

// missing returns how often a filter lacks what a row has.
func (c *termChecker) missing() int {
	if c == nil {
		return 0
	}
	return c.checker.Missing()
}
