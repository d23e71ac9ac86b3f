package duckdb

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/quoll/quoll/kql/kqltest"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
)

func TestScripts(t *testing.T) {
	kqltest.Run(t, newScriptEngine(t))
}

// scriptEngine runs plans over the tables of scripts, given to the engine as
// fresh batches.
type scriptEngine struct {
	engine *Engine
	source *scriptSource
}

func newScriptEngine(t testing.TB) scriptEngine {
	source := &scriptSource{}
	return scriptEngine{openEngine(t, DefaultConfig(), source), source}
}

func (s scriptEngine) Run(ctx context.Context, statement *plan.Statement, tables []kqltest.Table) ([][]any, string, error) {
	s.source.tables = tables
	options := query.RunOptions{Limits: query.DefaultLimits()}
	text, err := s.engine.SQL(ctx, statement, options)
	if err != nil {
		return nil, text, err
	}
	execution, err := s.engine.Run(ctx, statement, options)
	if err != nil {
		return nil, text, err
	}
	return execution.Rows, text, nil
}

// scriptSource is a Source over the tables of a script. Each has one batch.
type scriptSource struct {
	tables []kqltest.Table
	last   uint64
}

func (s *scriptSource) Acquire(name string) (*ReadSet, error) {
	table, ok := kqltest.Find(s.tables, name)
	if !ok {
		return nil, fmt.Errorf("no table %q", name)
	}
	batch, err := tableBatch(table)
	if err != nil {
		return nil, err
	}
	s.last++
	set := &ReadSet{TimeColumn: "TimeGenerated", Release: func() {}}
	set.Fresh = append(set.Fresh, lake.Fresh{ID: s.last, Batch: batch})
	return set, nil
}

// tableBatch turns a table into a batch as the lake has it.
func tableBatch(table kqltest.Table) (arrow.RecordBatch, error) {
	fields := make([]arrow.Field, len(table.Columns))
	for i, c := range table.Columns {
		fields[i] = arrow.Field{Name: c.Name, Type: arrowType(c.Type), Nullable: true}
	}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	for _, row := range table.Rows {
		for i, value := range row {
			if err := appendCell(builder.Field(i), value); err != nil {
				return nil, fmt.Errorf("column %s: %w", table.Columns[i].Name, err)
			}
		}
	}
	return builder.NewRecordBatch(), nil
}

func arrowType(t types.Type) arrow.DataType {
	switch t {
	case types.Bool:
		return arrow.FixedWidthTypes.Boolean
	case types.Int:
		return arrow.PrimitiveTypes.Int32
	case types.Long, types.TimeSpan:
		return arrow.PrimitiveTypes.Int64
	case types.Real:
		return arrow.PrimitiveTypes.Float64
	case types.DateTime:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	}
	return arrow.BinaryTypes.String
}

func appendCell(builder array.Builder, value any) error {
	switch v := value.(type) {
	case nil:
		builder.AppendNull()
	case string:
		builder.(*array.StringBuilder).Append(v)
	case bool:
		builder.(*array.BooleanBuilder).Append(v)
	case int32:
		builder.(*array.Int32Builder).Append(v)
	case int64:
		builder.(*array.Int64Builder).Append(v)
	case types.Ticks:
		builder.(*array.Int64Builder).Append(int64(v))
	case float64:
		builder.(*array.Float64Builder).Append(v)
	case time.Time:
		builder.(*array.TimestampBuilder).Append(arrow.Timestamp(v.UnixMicro()))
	default:
		return fmt.Errorf("no cell for a %T", value)
	}
	return nil
}
