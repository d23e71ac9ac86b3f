package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/query/duckdb"
	"github.com/quoll/quoll/schema"
)

// ruleBench runs rules on rows out of a file: each set of rows goes into a
// lake of its own, and the real engine answers. It implements ruletest.Bench.
type ruleBench struct {
	log     *slog.Logger
	closers []func() error
}

func (b *ruleBench) close() error {
	var problems []error
	for i := len(b.closers) - 1; i >= 0; i-- {
		problems = append(problems, b.closers[i]())
	}
	b.closers = nil
	return errors.Join(problems...)
}

// Querier implements ruletest.Bench. What the last one was made of is closed.
func (b *ruleBench) Querier(ctx context.Context, rows map[string][]map[string]any) (detect.Querier, error) {
	if err := b.close(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "quoll-rules-*")
	if err != nil {
		return nil, err
	}
	b.closers = append(b.closers, func() error { return os.RemoveAll(dir) })
	l, err := lake.Open(ctx, lake.DefaultConfig(dir), b.log)
	if err != nil {
		return nil, err
	}
	b.closers = append(b.closers, l.Close)
	batch := lake.Batch{Position: 1, Ingested: time.Now().UTC()}
	for table, list := range rows {
		for _, row := range list {
			record, err := ruleRecord(table, row, len(batch.Records))
			if err != nil {
				return nil, err
			}
			batch.Records = append(batch.Records, record)
		}
	}
	if _, err := l.Apply(ctx, batch); err != nil {
		return nil, err
	}
	config := duckdb.DefaultConfig()
	config.Dir = dir
	engine, err := duckdb.Open(ctx, config, duckdb.FromLake(l), b.log)
	if err != nil {
		return nil, err
	}
	b.closers = append(b.closers, engine.Close)
	return ruleQuerier{query.NewService(compile, engine, time.Now)}, nil
}

func ruleRecord(name string, row map[string]any, number int) (schema.Record, error) {
	table, ok := schema.Lookup(name)
	if !ok {
		return schema.Record{}, fmt.Errorf("no table %s", name)
	}
	record := schema.Record{Rows: []schema.Row{{Table: table}}}
	binary.BigEndian.PutUint64(record.Key[:], uint64(number+1))
	for column, value := range row {
		index, ok := table.Column(column)
		if !ok {
			return record, fmt.Errorf("table %s has no column %s", name, column)
		}
		cell, err := ruleValue(table.Columns[index].Type, value)
		if err != nil {
			return record, fmt.Errorf("%s.%s: %w", name, column, err)
		}
		record.Rows[0].Cells = append(record.Rows[0].Cells, schema.Cell{Column: index, Value: cell})
	}
	return record, nil
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
