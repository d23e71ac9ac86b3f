package year

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/iceberg-go"
	"github.com/cespare/xxhash/v2"

	"github.com/quoll/quoll/internal/icebergtable"
	"github.com/quoll/quoll/internal/parquetfile"
	"github.com/quoll/quoll/internal/parquetrows"
	"github.com/quoll/quoll/internal/termfilter"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/schema"
)

// ids are the columns of ids that one record has.
var ids = []string{"Id", "SourceRecordId", "OfficeId", "NetworkMessageId", "InternetMessageId", "ReportId"}

// pattern is a file of the base: its bytes, and the values of what changes.
type pattern struct {
	day        int // days since 1970
	timeColumn string
	content    []byte
	footer     []byte
	filters    int                 // bytes of the filters of terms before the footer
	baseTerms  []*termfilter.Terms // of each row group, once a copy needs them
	homes      []string            // of addresses, as lake.HomeColumns has them
	documents  map[string]bool     // columns of JSON
	base       iceberg.DataFile
	groups     []int64 // rows of each row group
	changes    []change
	// changeOf is the place in changes of a column of the file, or -1.
	changeOf []int
	fieldIDs []int
}

// change is a column whose values are other ones in each copy.
type change struct {
	column parquetfile.Column
	texts  *array.String
	// numbers are those of the base; vary gives those of a copy. The row's time, in
	// microseconds, is that of the copy.
	numbers []int64
	vary    func(value, at, days int64) int64
	null    arrow.Array // whose nulls count
}

const microsecondsPerDay = int64(24 * time.Hour / time.Microsecond)

func readPattern(ctx context.Context, t *schema.Table, f iceberg.DataFile) (*pattern, error) {
	path, err := localPath(f.FilePath())
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	tail := len(content) - 8
	length := int(binary.LittleEndian.Uint32(content[tail:]))
	p := &pattern{timeColumn: t.TimeColumn, content: content, footer: content[tail-length : tail], base: f, documents: map[string]bool{}}
	p.homes = lake.HomeColumns(t.Name)
	for _, c := range t.Columns {
		p.documents[c.Name] = c.Type == types.Dynamic
	}
	source, err := file.NewParquetReader(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer source.Close()
	if length := source.MetaData().KeyValueMetadata().FindValue(lake.MetadataTerms); length != nil {
		if p.filters, err = strconv.Atoi(*length); err != nil || p.filters < 0 || p.filters > tail-len(p.footer) {
			return nil, fmt.Errorf("%s: its filters of terms have %q bytes: %w", path, *length, err)
		}
	}
	for i := range source.NumRowGroups() {
		p.groups = append(p.groups, source.RowGroup(i).NumRows())
	}
	for i := range source.MetaData().Schema.NumColumns() {
		column := source.MetaData().Schema.Column(i)
		p.fieldIDs = append(p.fieldIDs, int(column.SchemaNode().FieldID()))
		p.changeOf = append(p.changeOf, -1)
		c, ok := changing(t, column.Name())
		if !ok {
			continue
		}
		c.column.FieldID = int32(p.fieldIDs[i])
		if err := c.read(ctx, source, i); err != nil {
			return nil, fmt.Errorf("%s: column %s: %w", path, column.Name(), err)
		}
		p.changeOf[i] = len(p.changes)
		p.changes = append(p.changes, c)
		if column.Name() == t.TimeColumn {
			p.day = int(c.numbers[0] / microsecondsPerDay)
		}
	}
	return p, nil
}

// changing says how a column is written, if it is one that changes; as the lake
// lays its files out.
func changing(t *schema.Table, name string) (change, bool) {
	number := parquetfile.Column{Name: name, Kind: parquetfile.Int64, Codec: parquetfile.Uncompressed}
	mixed := func(value, _, days int64) int64 { return int64(mix(uint64(value), days)) }
	switch name {
	case lake.ColumnKeyHigh:
		return change{column: number, vary: mixed}, true
	case lake.ColumnKeyLow, lake.ColumnDigest, lake.ColumnPosition:
		// Nobody asks for them, and random they would be an eighth of the files.
		number.Dictionary, number.Bounds, number.Codec = true, true, parquetfile.Zstd
		return change{column: number, vary: func(int64, int64, int64) int64 { return 0 }}, true
	case lake.ColumnIngestionTime:
		c := parquetfile.Column{Name: name, Kind: parquetfile.Timestamp, Dictionary: true, Bounds: true}
		return change{column: c, vary: ingested}, true
	}
	i, ok := t.Column(name)
	if !ok {
		return change{}, false
	}
	if slices.Contains(ids, name) {
		return change{column: parquetfile.Column{Name: name, Kind: parquetfile.Text, Optional: true, Dictionary: true, Bounds: true, Bloom: true, PageBytes: 64 << 10}}, true
	}
	if t.Columns[i].Type != types.DateTime {
		return change{}, false
	}
	c := parquetfile.Column{Name: name, Kind: parquetfile.Timestamp, Optional: true, Dictionary: true, Bounds: true}
	if name == t.TimeColumn {
		c.Codec = parquetfile.Uncompressed
	}
	return change{column: c, vary: func(value, _, days int64) int64 { return value + days*microsecondsPerDay }}, true
}

// ingested lets rows come in two to twelve minutes after they happened, those of
// ten minutes at once.
func ingested(_, at, _ int64) int64 {
	const grain = int64(10 * time.Minute / time.Microsecond)
	return at/grain*grain + grain + int64(2*time.Minute/time.Microsecond)
}

// mix is a number of its own for each number and copy; that of the base stays.
func mix(value uint64, days int64) uint64 {
	if days == 0 {
		return value
	}
	z := value ^ uint64(days)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (c *change) read(ctx context.Context, source *file.Reader, column int) error {
	var whole arrow.Array
	err := parquetrows.Read(ctx, source, []int{column}, int(source.NumRows()), func(rows arrow.RecordBatch) error {
		whole = rows.Column(0)
		whole.Retain()
		return nil
	})
	if err != nil {
		return err
	}
	switch values := whole.(type) {
	case *array.String:
		c.texts = values
	case *array.Int64:
		c.numbers = values.Int64Values()
	case *array.Timestamp:
		c.numbers = make([]int64, values.Len())
		for i := range c.numbers {
			c.numbers[i] = int64(values.Value(i))
		}
	default:
		return fmt.Errorf("its type is %s", whole.DataType())
	}
	if whole.NullN() > 0 {
		c.null = whole
	}
	return nil
}

// copied is what Iceberg wants to know of a copy.
type copied struct {
	bytes   int64
	splits  []int64
	columns []icebergtable.ColumnMetrics
}

// write writes the copy of so many days later: what changes comes from a file of
// its own, all else from the base, chunk by chunk.
func (p *pattern) write(to io.Writer, days int) (*copied, error) {
	var varied bytes.Buffer
	changed, err := p.varied(&varied, int64(days))
	if err != nil {
		return nil, err
	}
	other, err := file.NewParquetReader(bytes.NewReader(varied.Bytes()))
	if err != nil {
		return nil, err
	}
	defer other.Close()
	meta, err := metadata.NewFileMetaData(p.footer, nil)
	if err != nil {
		return nil, err
	}
	out := &counter{to: to, sum: xxhash.New()}
	made := &copied{columns: p.metrics(changed)}
	out.write([]byte("PAR1"))
	for g, group := range meta.RowGroups {
		made.splits = append(made.splits, out.n)
		group.TotalByteSize = 0
		var packed int64
		for i, chunk := range group.Columns {
			source := p.content
			if at := p.changeOf[i]; at >= 0 {
				source = varied.Bytes()
				chunk.MetaData = other.MetaData().RowGroups[g].Columns[at].MetaData
			}
			m := chunk.MetaData
			start := m.DataPageOffset
			if m.DictionaryPageOffset != nil {
				start = *m.DictionaryPageOffset
			}
			moved := out.n - start
			out.write(source[start : start+m.TotalCompressedSize])
			m.DataPageOffset += moved
			if m.DictionaryPageOffset != nil {
				*m.DictionaryPageOffset += moved
			}
			if m.BloomFilterOffset != nil {
				bloom := source[*m.BloomFilterOffset : *m.BloomFilterOffset+int64(*m.BloomFilterLength)]
				*m.BloomFilterOffset = out.n
				out.write(bloom)
			}
			group.TotalByteSize += m.TotalUncompressedSize
			packed += m.TotalCompressedSize
		}
		group.TotalCompressedSize, group.FileOffset = &packed, &made.splits[g]
	}
	terms, err := p.terms(int64(days))
	if err != nil {
		return nil, err
	}
	out.write(terms)
	sum := fmt.Sprintf("%016x", out.sum.Sum64())
	for _, entry := range meta.FileMetaData.KeyValueMetadata {
		if entry.Key == parquetfile.SumKey {
			entry.Value = &sum
		}
	}
	began := out.n
	if _, err := meta.WriteTo(out, nil); err != nil {
		return nil, err
	}
	out.write(binary.LittleEndian.AppendUint32(nil, uint32(out.n-began)))
	out.write([]byte("PAR1"))
	made.bytes = out.n
	return made, out.err
}

// terms are the filters of terms of a copy: those of the base, and its own ids. They
// end where the footer begins, and are none where the base has none.
func (p *pattern) terms(days int64) ([]byte, error) {
	if p.filters == 0 || days == 0 {
		return p.content[len(p.content)-8-len(p.footer)-p.filters : len(p.content)-8-len(p.footer)], nil
	}
	if p.baseTerms == nil {
		if err := p.readTerms(); err != nil {
			return nil, err
		}
	}
	first := 0
	filters := termfilter.Builder{Homes: p.homes}
	for i, base := range p.baseTerms {
		terms, rows := base.Clone(), int(p.groups[i])
		var text []byte
		for _, c := range p.changes {
			for row := range rows {
				if c.texts != nil && !c.texts.IsNull(first+row) {
					text = varyText(append(text[:0], c.texts.Value(first+row)...), days)
					terms.Text(row, text, false)
				}
			}
		}
		filters.Part(terms)
		first += rows
	}
	return filters.Bytes(), nil
}

// blockRows is how many rows are a block of the filters of terms, as the lake has them.
func blockRows() int { return lake.DefaultConfig("").RowGroupRows / termfilter.MaxBlocks }

// readTerms reads the terms of the base.
func (p *pattern) readTerms() error {
	source, err := file.NewParquetReader(bytes.NewReader(p.content))
	if err != nil {
		return err
	}
	defer source.Close()
	for _, rows := range p.groups {
		terms := termfilter.NewTerms(int(rows), blockRows())
		if len(p.homes) > 0 {
			terms.Homes()
		}
		p.baseTerms = append(p.baseTerms, terms)
	}
	part, row := 0, 0
	const atOnce = 1 << 10
	return parquetrows.Read(context.Background(), source, nil, atOnce, func(batch arrow.RecordBatch) error {
		for i := range int(batch.NumRows()) {
			if row == int(p.groups[part]) {
				part, row = part+1, 0
			}
			for _, home := range p.homes {
				for _, c := range batch.Schema().FieldIndices(home) {
					if texts, ok := batch.Column(c).(*array.String); ok && !texts.IsNull(i) {
						p.baseTerms[part].Home(row, []byte(texts.Value(i)))
					}
				}
			}
			for c := range int(batch.NumCols()) {
				if texts, ok := batch.Column(c).(*array.String); ok && !texts.IsNull(i) {
					p.baseTerms[part].Text(row, []byte(texts.Value(i)), p.documents[batch.ColumnName(c)])
				}
			}
			row++
		}
		return nil
	})
}

// varied writes the columns that change, in row groups as those of the base.
func (p *pattern) varied(to io.Writer, days int64) ([]parquetfile.ColumnMetrics, error) {
	columns := make([]parquetfile.Column, len(p.changes))
	for i := range p.changes {
		columns[i] = p.changes[i].column
	}
	at := p.times(days)
	w, err := parquetfile.NewWriter(to, columns, parquetfile.Options{CreatedBy: "quoll", PageRows: blockRows()})
	if err != nil {
		return nil, err
	}
	first := 0
	for _, rows := range p.groups {
		w.Group(int(rows))
		for i := range p.changes {
			p.changes[i].add(w.Column(), at, first, first+int(rows), days)
		}
		first += int(rows)
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	metrics, _ := w.Metrics()
	return metrics, nil
}

// times are the times of the rows of a copy.
func (p *pattern) times(days int64) []int64 {
	for i := range p.changes {
		if p.changes[i].column.Name == p.timeColumn {
			at := slices.Clone(p.changes[i].numbers)
			for row := range at {
				at[row] += days * microsecondsPerDay
			}
			return at
		}
	}
	return nil
}

func (c *change) add(to *parquetfile.Chunk, at []int64, first, last int, days int64) {
	var text []byte
	for row := first; row < last; row++ {
		switch {
		case c.null != nil && c.null.IsNull(row):
			to.Null()
		case c.texts != nil:
			text = varyText(append(text[:0], c.texts.Value(row)...), days)
			to.Text(text)
		default:
			to.Number(c.vary(c.numbers[row], at[row], days))
		}
	}
}

// varyText gives an id of a copy: its first run of eight hexadecimal digits is
// another one.
func varyText(text []byte, days int64) []byte {
	if days == 0 {
		return text
	}
	run := 0
	for i, b := range text {
		if !isHex(b) {
			run = 0
			continue
		}
		if run++; run < 8 {
			continue
		}
		digits := text[i-7 : i+1]
		var value uint64
		for _, d := range digits {
			value = value<<4 | uint64(nibble(d))
		}
		// The rest of the text keeps ids of equal digits apart.
		value = mix(value^xxhash.Sum64(text[i+1:]), days)
		for j := range digits {
			digits[j] = "0123456789abcdef"[value>>(4*j)&15]
		}
		return text
	}
	return text
}

func isHex(b byte) bool { return b >= '0' && b <= '9' || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F' }

func nibble(b byte) byte {
	if b <= '9' {
		return b - '0'
	}
	return (b | 0x20) - 'a' + 10
}

// metrics are those of a copy, by column of the file.
func (p *pattern) metrics(changed []parquetfile.ColumnMetrics) []icebergtable.ColumnMetrics {
	columns := make([]icebergtable.ColumnMetrics, len(p.fieldIDs))
	for i, id := range p.fieldIDs {
		if at := p.changeOf[i]; at >= 0 {
			c, column := changed[at], p.changes[at].column
			columns[i] = icebergtable.ColumnMetrics{ID: id, Bytes: c.Bytes, Values: c.Values, Nulls: c.Nulls, Text: column.Kind == parquetfile.Text}
			if column.Bounds {
				columns[i].Low, columns[i].High = c.Low, c.High
			}
			continue
		}
		columns[i] = icebergtable.ColumnMetrics{
			ID: id, Bytes: p.base.ColumnSizes()[id], Values: p.base.ValueCounts()[id], Nulls: p.base.NullValueCounts()[id],
			Low: p.base.LowerBoundValues()[id], High: p.base.UpperBoundValues()[id],
		}
	}
	return columns
}

// counter counts and sums what is written; the first error stays.
type counter struct {
	to  io.Writer
	n   int64
	sum *xxhash.Digest
	err error
}

func (c *counter) write(b []byte) {
	_, _ = c.Write(b) // the error is kept
}

func (c *counter) Write(b []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.to.Write(b)
	c.n += int64(n)
	_, _ = c.sum.Write(b) // cannot fail
	c.err = err
	return n, err
}
