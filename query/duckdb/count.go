package duckdb

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/rewrite"
	sqlgen "github.com/quoll/quoll/kql/sqlgen/duckdb"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
)

// Most questions count rows by texts. The lake counts by the numbers that texts have in
// the dictionaries of its files, and the engine goes on with the groups; where nothing is
// asked of them it is not needed at all.

const (
	// maxGroups is the most groups that rows are counted in.
	maxGroups = 64 << 10
	// countedApart is how many rows make it worth to count in several goroutines.
	countedApart = 512 << 10
)

// countFirst computes aggregates of a statement in the lake. Where one is all that is
// asked for, its groups are returned, and else tables stand for them in the statement.
func (r *reader) countFirst(ctx context.Context, s *plan.Statement) (*query.Execution, error) {
	if r.options.Standing || r.engine.atOnce {
		return nil, nil // what it reads is shared with others
	}
	for _, t := range r.tallies(s) {
		if _, known := r.first.stored[t.node]; known || r.first.inside[t.node] {
			continue
		}
		counts, err := r.count(ctx, &t)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			if !errors.Is(err, lake.ErrNotCountable) && !errors.Is(err, lake.ErrManyGroups) {
				r.engine.logger.Warn("rows could not be counted by the lake; they are read", "table", t.scan.Table, "error", err)
			}
			continue
		}
		execution := r.groups(s, &t, counts)
		var table string
		if execution == nil {
			table, err = r.countTable(ctx, &t, counts)
		}
		r.engine.counts.put(counts)
		if execution != nil || err != nil {
			return execution, err
		}
		r.first.stored[t.node] = table
		plan.Visit(t.node.Input, func(n plan.Node) { r.first.inside[n] = true })
	}
	return nil, nil
}

// count counts the rows of an aggregate.
func (r *reader) count(ctx context.Context, t *tally) (*lake.Counts, error) {
	set, err := r.acquire(ctx, t.scan.Table)
	if err != nil {
		return nil, err
	}
	if set.Count == nil || set.TimeColumn != rewrite.TimeColumn {
		return nil, lake.ErrNotCountable
	}
	w := r.window(set, t.times)
	from, to := r.within(t.scan)
	files := touched(set, t.scan, from, to)
	for _, f := range files {
		if len(set.Later[f.Path]) > 0 || !set.Countable(f, &t.asked) {
			return nil, lake.ErrNotCountable
		}
	}
	narrow, _, err := r.narrowed(ctx, set, t.scan, files)
	if err != nil {
		return nil, err
	}
	files = files[:0:0]
	for _, n := range narrow {
		files = append(files, n.file)
	}
	if set.Fetch != nil && len(files) > 0 {
		if err := set.Fetch(ctx, files); err != nil {
			return nil, err
		}
	}
	var fresh []lake.Fresh
	for _, batch := range set.Fresh {
		if overlaps(batch.MinTime, batch.MaxTime, from, to) {
			fresh = append(fresh, batch)
		}
	}
	if len(t.having) > 0 {
		t.asked.Keep = func(rows int64) bool {
			return !slices.ContainsFunc(t.having, func(h having) bool { return !h.met(rows) })
		}
	}
	within := lake.Between{From: w.from, To: w.to}
	counts, err := r.engine.countFiles(ctx, set, narrow, fresh, &t.asked, within)
	if err != nil {
		return nil, err
	}
	for _, batch := range fresh {
		if err := counts.Batch(batch.Batch, set.TimeColumn, within); err != nil {
			return nil, err
		}
	}
	counts.Keep()
	r.counted(set, narrow, from, to)
	return counts, nil
}

// counted notes what was read for counts.
func (r *reader) counted(set *ReadSet, narrow []narrowed, from, to time.Time) {
	read := map[string]bool{}
	again := len(r.read) > 0 // files of the table may have been read already
	for _, n := range narrow {
		read[n.file.Path] = true
		if r.read[n.file.Path] {
			continue
		}
		r.read[n.file.Path] = true
		r.statistics.FilesRead++
		if n.all {
			r.statistics.RowsScanned += n.file.Rows
		}
		for _, p := range n.parts {
			r.statistics.RowsScanned += p.Rows()
		}
	}
	r.statistics.FilesPruned += len(set.Files) - len(read)
	if again {
		r.statistics.FilesPruned -= r.readBefore(set, read)
	}
	for _, batch := range set.Fresh {
		if overlaps(batch.MinTime, batch.MaxTime, from, to) && !r.loaded[batch.ID] {
			r.loaded[batch.ID] = true
			r.statistics.FreshRows += batch.Batch.NumRows()
			r.statistics.RowsScanned += batch.Batch.NumRows()
		}
	}
}

// groups returns the groups of an aggregate as the rows of a statement that asks for
// nothing else; nil if it does, or if the rows are more than it may give.
func (r *reader) groups(s *plan.Statement, t *tally, counts *lake.Counts) *query.Execution {
	n := s.Root
	for {
		p, ok := n.(*plan.Project)
		if !ok || len(p.Define) > 0 {
			break
		}
		n = p.Input
	}
	limits := r.options.Limits
	if n != plan.Node(t.node) || len(s.Order) > 0 || counts.Groups() > limits.Rows {
		return nil
	}
	execution := &query.Execution{Rows: make([][]any, 0, counts.Groups())}
	cells := make([]any, counts.Groups()*len(s.Output)) // of all rows
	var size int64
	of := t.places(s.Output)
	err := t.each(counts, func(group []any) error {
		if len(cells) == 0 { // no group is one row
			cells = make([]any, len(s.Output))
		}
		row := cells[:len(s.Output):len(s.Output)]
		cells = cells[len(s.Output):]
		for i, o := range s.Output {
			if text, ok := group[of[i]].(string); ok {
				row[i] = group[of[i]]
				size += int64(len(text))
				continue
			}
			value, bytes, err := cell(group[of[i]], o.Column.Type)
			if err != nil {
				return err
			}
			row[i] = value
			size += bytes
		}
		execution.Rows = append(execution.Rows, row)
		return nil
	})
	if err != nil || size > limits.Bytes {
		return nil
	}
	return execution
}

// places returns where the values of columns are in a group.
func (t *tally) places(output []plan.Output) []int {
	of := make([]int, len(output))
	for i, o := range output {
		of[i] = len(t.node.Keys) // the number of rows, whatever it is called
		for n, d := range t.node.Keys {
			if d.Column == o.Column {
				of[i] = n
			}
		}
	}
	return of
}

// each hands over the groups: the values of the keys, and the number of rows. The slice
// is valid during the call.
func (t *tally) each(counts *lake.Counts, use func(group []any) error) (err error) {
	group := make([]any, len(t.node.Keys)+1)
	if len(t.node.Keys) == 0 && counts.Groups() == 0 {
		group[0] = int64(0)
		return use(group)
	}
	counts.Each(func(texts []string, steps []int64, rows int64) {
		if err != nil {
			return
		}
		for i, by := range t.asked.By {
			if group[i] = texts[i]; by.Step > 0 {
				group[i] = by.StepStart(steps[i])
			}
		}
		group[len(group)-1] = rows
		err = use(group)
	})
	return err
}

// maxWritten is the most groups that are written into the statement, and maxWrittenBytes
// their length. It takes the engine more than a table does when they are some hundred, and
// a statement may not be of any length.
const (
	maxWritten      = 192
	maxWrittenBytes = 32 << 10
)

// countTable returns an item of a FROM clause with the groups, which is there until the
// query ends.
func (r *reader) countTable(ctx context.Context, t *tally, counts *lake.Counts) (string, error) {
	columns := t.node.Columns()
	output := make([]plan.Output, len(columns))
	for i, c := range columns {
		output[i] = plan.Output{Name: sqlgen.StoredName(c), Column: c}
	}
	of := t.places(output)
	if counts.Groups() <= maxWritten {
		if text, ok := t.written(output, of, counts); ok {
			return text, nil
		}
	}
	return r.loadTable(ctx, t.batch(output, of, counts))
}

// written returns the groups as a table of constants; ok is false if the engine cannot
// read one of them, or they are too long.
func (t *tally) written(output []plan.Output, of []int, counts *lake.Counts) (_ string, ok bool) {
	names := make([]string, len(output))
	for i, o := range output {
		names[i] = quoteName(o.Name)
	}
	if counts.Groups() == 0 && len(t.node.Keys) > 0 {
		for i, o := range output {
			typ, err := columnType(o.Column.Type)
			if err != nil {
				return "", false
			}
			names[i] = "NULL::" + typ + " AS " + names[i]
		}
		return "(SELECT " + strings.Join(names, ", ") + " WHERE false)", true
	}
	var b strings.Builder
	ok = true
	err := t.each(counts, func(group []any) error {
		typ := "::BIGINT" // of the others too
		if b.Len() > 0 {
			b.WriteString(", ")
			typ = ""
		}
		for i, n := range of {
			b.WriteString([]string{"(", ", "}[min(i, 1)])
			switch value := group[n].(type) {
			case string:
				if ok = ok && !strings.Contains(value, "\x00"); ok {
					b.WriteString(quoteText(value))
				}
			case time.Time:
				b.WriteString("make_timestamp(" + strconv.FormatInt(value.UnixMicro(), 10) + ")")
			case int64:
				b.WriteString(strconv.FormatInt(value, 10) + typ)
			}
		}
		b.WriteString(")")
		ok = ok && b.Len() <= maxWrittenBytes
		return nil
	})
	if err != nil || !ok || b.Len() == 0 {
		return "", false
	}
	return "(SELECT * FROM (VALUES " + b.String() + ") AS counted(" + strings.Join(names, ", ") + "))", true
}

// batch returns the groups as a batch.
func (t *tally) batch(output []plan.Output, of []int, counts *lake.Counts) arrow.RecordBatch {
	fields := make([]arrow.Field, len(output))
	for i, o := range output {
		fields[i].Name = o.Name
		switch o.Column.Type {
		case types.String:
			fields[i].Type = arrow.BinaryTypes.String
		case types.DateTime:
			fields[i].Type = &arrow.TimestampType{Unit: arrow.Microsecond}
		default:
			fields[i].Type = arrow.PrimitiveTypes.Int64
		}
	}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	counts.Each(func(texts []string, steps []int64, rows int64) {
		for i, n := range of {
			switch to := builder.Field(i).(type) {
			case *array.StringBuilder:
				to.Append(texts[n])
			case *array.TimestampBuilder:
				to.Append(arrow.Timestamp(t.asked.By[n].StepStart(steps[n]).UnixMicro()))
			case *array.Int64Builder:
				to.Append(rows)
			}
		}
	})
	return builder.NewRecordBatch()
}
