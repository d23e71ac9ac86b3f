package duckdb

import (
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	duckdriver "github.com/duckdb/duckdb-go/v2"
)

// appendBatch writes the rows of a batch into a table with the same columns.
func appendBatch(conn any, table string, batch arrow.RecordBatch) (err error) {
	appender, err := duckdriver.NewAppenderFromConn(conn.(driver.Conn), "", table)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, appender.Close()) }()
	columns := make([]func(int) driver.Value, batch.NumCols())
	for i := range columns {
		if columns[i], err = cells(batch.Column(i)); err != nil {
			return fmt.Errorf("column %s: %w", batch.ColumnName(i), err)
		}
	}
	row := make([]driver.Value, len(columns))
	for r := range int(batch.NumRows()) {
		for i, cell := range columns {
			row[i] = cell(r)
		}
		if err := appender.AppendRow(row...); err != nil {
			return err
		}
	}
	return nil
}

// cells returns a function that gives the value in a row of a column, nil for
// null.
func cells(column arrow.Array) (func(row int) driver.Value, error) {
	var value func(row int) driver.Value
	switch c := column.(type) {
	case *array.String:
		value = func(row int) driver.Value { return c.Value(row) }
	case *array.Boolean:
		value = func(row int) driver.Value { return c.Value(row) }
	case *array.Int32:
		value = func(row int) driver.Value { return c.Value(row) }
	case *array.Int64:
		value = func(row int) driver.Value { return c.Value(row) }
	case *array.Float64:
		value = func(row int) driver.Value { return c.Value(row) }
	case *array.Timestamp:
		value = func(row int) driver.Value { return c.Value(row).ToTime(arrow.Microsecond) }
	default:
		return nil, fmt.Errorf("no value for %s", column.DataType())
	}
	if column.NullN() == 0 {
		return value, nil
	}
	return func(row int) driver.Value {
		if column.IsNull(row) {
			return nil
		}
		return value(row)
	}, nil
}
