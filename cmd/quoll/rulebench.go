package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sort"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/query/duckdb"
	"github.com/quoll/quoll/schema"
)

// ruleBench runs rules on rows out of a file. One lake takes the rows of all
// sets and one engine answers; of a set, the engine sees the rows that came in
// at its own ingestion time. It implements ruletest.Bench. Its zero value with
// a log is ready.
type ruleBench struct {
	log     *slog.Logger
	lake    *lake.Lake
	engine  *duckdb.Engine
	sets    int       // of rows so far
	records int       // in the lake
	at      time.Time // ingestion time of the set at hand, as the lake has it
	// came holds, by table, when each row of the set at hand came in, as the
	// test says: the engine is shown these in the place of at.
	came    map[string][]time.Time
	closers []func() error
}

func (b *ruleBench) close() error {
	var problems []error
	for i := len(b.closers) - 1; i >= 0; i-- {
		problems = append(problems, b.closers[i]())
	}
	b.closers, b.engine = nil, nil
	return errors.Join(problems...)
}

// Querier implements ruletest.Bench. It ends the use of the one before.
func (b *ruleBench) Querier(ctx context.Context, rows map[string][]map[string]any) (detect.Querier, error) {
	if err := b.open(ctx); err != nil {
		return nil, err
	}
	b.sets++
	b.at = time.Unix(int64(b.sets), 0).UTC()
	b.came = map[string][]time.Time{}
	batch := lake.Batch{Position: uint64(b.sets), Ingested: b.at}
	for table, list := range rows {
		for _, row := range list {
			r, err := readRuleRow(table, row)
			if err != nil {
				return nil, err
			}
			for range r.times {
				b.records++
				binary.BigEndian.PutUint64(r.record.Key[:], uint64(b.records))
				batch.Records = append(batch.Records, r.record)
				b.came[r.record.Rows[0].Table.Name] = append(b.came[r.record.Rows[0].Table.Name], r.came)
			}
		}
	}
	if _, err := b.lake.Apply(ctx, batch); err != nil {
		return nil, err
	}
	return ruleQuerier{query.NewService(tables.Compile, b.engine, time.Now)}, nil
}

func (b *ruleBench) open(ctx context.Context) error {
	if b.engine != nil {
		return nil
	}
	dir, err := os.MkdirTemp("", "quoll-rules-*")
	if err != nil {
		return err
	}
	b.closers = append(b.closers, func() error { return os.RemoveAll(dir) })
	if b.lake, err = lake.Open(ctx, lake.DefaultConfig(dir), b.log); err != nil {
		return err
	}
	b.closers = append(b.closers, b.lake.Close)
	config := duckdb.DefaultConfig()
	config.Dir = dir
	if b.engine, err = duckdb.Open(ctx, config, b, b.log); err != nil {
		return err
	}
	b.closers = append(b.closers, b.engine.Close)
	return nil
}

// Acquire implements duckdb.Source with the rows of the set at hand.
func (b *ruleBench) Acquire(table string) (*duckdb.ReadSet, error) {
	set, err := duckdb.FromLake(b.lake).Acquire(table)
	if err != nil {
		return nil, err
	}
	var mine []lake.Fresh
	seen := 0
	for _, fresh := range set.Fresh {
		from, to := ingestedAt(fresh.Batch, b.at)
		if from == to {
			continue
		}
		// The engine keeps batches by their ID; a part is another batch.
		fresh.ID = fresh.ID<<32 | uint64(b.sets)
		fresh.Batch = cameAt(fresh.Batch.NewSlice(int64(from), int64(to)), b.came[table][seen:])
		seen += to - from
		mine = append(mine, fresh)
	}
	set.Fresh = mine
	return set, nil
}

// ingestedAt returns the rows of a batch that came in at a time: they are next
// to each other, as rows are kept in the order of their coming.
func ingestedAt(batch arrow.RecordBatch, at time.Time) (from, to int) {
	index := batch.Schema().FieldIndices(lake.ColumnIngestionTime)
	if len(index) != 1 {
		return 0, 0
	}
	times, ok := batch.Column(index[0]).(*array.Timestamp)
	if !ok {
		return 0, 0
	}
	from = sort.Search(times.Len(), func(i int) bool { return int64(times.Value(i)) >= at.UnixMicro() })
	to = sort.Search(times.Len(), func(i int) bool { return int64(times.Value(i)) > at.UnixMicro() })
	return from, to
}

// cameAt gives a batch the ingestion times that a test wants; times has one for
// each row at least.
func cameAt(batch arrow.RecordBatch, times []time.Time) arrow.RecordBatch {
	index := batch.Schema().FieldIndices(lake.ColumnIngestionTime)[0]
	column := array.NewTimestampBuilder(memory.DefaultAllocator, batch.Schema().Field(index).Type.(*arrow.TimestampType))
	defer column.Release()
	for _, t := range times[:batch.NumRows()] {
		column.Append(arrow.Timestamp(t.UnixMicro()))
	}
	columns := slices.Clone(batch.Columns())
	columns[index] = column.NewArray()
	return array.NewRecordBatch(batch.Schema(), columns, batch.NumRows())
}

// What a row of a test says besides its columns: how often it comes, and when it
// came in.
const (
	repeatKey   = "_repeat"
	ingestedKey = "_ingested"
)

// ruleRow is a row of a test.
type ruleRow struct {
	record schema.Record
	times  int       // how often it comes
	came   time.Time // when it came in; otherwise when it happened
}

func readRuleRow(name string, row map[string]any) (r ruleRow, err error) {
	table, ok := schema.Lookup(name)
	if !ok {
		return r, fmt.Errorf("no table %s", name)
	}
	r = ruleRow{record: schema.Record{Rows: []schema.Row{{Table: table}}}, times: 1}
	if r.came, ok = row[ingestedKey].(time.Time); !ok && row[ingestedKey] != nil {
		return r, fmt.Errorf("%s: %v is no time", ingestedKey, row[ingestedKey])
	}
	if happened, is := row[table.TimeColumn].(time.Time); is && !ok {
		r.came = happened
	}
	for column, value := range row {
		switch column {
		case ingestedKey:
			continue
		case repeatKey:
			if r.times, ok = value.(int); !ok || r.times < 1 {
				return r, fmt.Errorf("%s: %v is no count", repeatKey, value)
			}
			continue
		}
		index, ok := table.Column(column)
		if !ok {
			return r, fmt.Errorf("table %s has no column %s", name, column)
		}
		cell, err := ruleValue(table.Columns[index].Type, value)
		if err != nil {
			return r, fmt.Errorf("%s.%s: %w", name, column, err)
		}
		r.record.Rows[0].Cells = append(r.record.Rows[0].Cells, schema.Cell{Column: index, Value: cell})
	}
	return r, nil
}

func ruleValue(t types.Type, value any) (schema.Value, error) {
	if value == nil {
		return schema.Null(), nil
	}
	switch t {
	case types.String, types.Guid:
		return schema.String(fmt.Sprint(value)), nil
	case types.DateTime:
		if at, ok := value.(time.Time); ok {
			return schema.DateTime(at), nil
		}
	case types.Bool:
		if b, ok := value.(bool); ok {
			return schema.Bool(b), nil
		}
	case types.Int:
		if n, ok := value.(int); ok {
			return schema.Int(int32(n)), nil
		}
	case types.Long:
		if n, ok := value.(int); ok {
			return schema.Long(int64(n)), nil
		}
	case types.Real:
		switch n := value.(type) {
		case float64:
			return schema.Real(n), nil
		case int:
			return schema.Real(float64(n)), nil
		}
	case types.Dynamic:
		text, err := json.Marshal(value)
		return schema.Dynamic(string(text)), err
	}
	return schema.Value{}, fmt.Errorf("%v (%T) is no %s", value, value, t)
}
