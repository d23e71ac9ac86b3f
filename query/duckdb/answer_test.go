package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	duckdriver "github.com/duckdb/duckdb-go/v2"
)

// The values of an answer are those that the driver gives, of every type that a cell has.
func TestAnswersHoldWhatTheDriverGives(t *testing.T) {
	e := openEngine(t, DefaultConfig(), nil)
	long := strings.Repeat("é", 100)
	for _, values := range []string{
		"true, false, NULL::BOOLEAN",
		"1::TINYINT, (-128)::TINYINT, (-32768)::SMALLINT, (-2147483648)::INTEGER, (-9223372036854775808)::BIGINT",
		"255::UTINYINT, 65535::USMALLINT, 4294967295::UINTEGER, 18446744073709551615::UBIGINT",
		"1::HUGEINT, (-1)::HUGEINT, (-170141183460469231731687303715884105728)::HUGEINT, 18446744073709551616::HUGEINT, 340282366920938463463374607431768211455::UHUGEINT",
		"1.5::FLOAT, (-2.5)::DOUBLE, 'nan'::DOUBLE, 'inf'::DOUBLE",
		"1.5, 0.01::DECIMAL(4,2), (-12345678.9)::DECIMAL(9,1), 1234567890.12345::DECIMAL(18,5), (-12345678901234567890.5)::DECIMAL(38,3), NULL::DECIMAL(4,1)",
		"'', 'twelve bytes', 'thirteen byte', '" + long + "', NULL::VARCHAR, 'a' || chr(0) || 'b'",
		"TIMESTAMP '2026-03-04 05:06:07.123456', TIMESTAMP '1969-12-31 23:59:59.999999', TIMESTAMP '0001-01-01', TIMESTAMPTZ '2026-03-04 05:06:07+02', DATE '2026-03-04', DATE '1850-01-01'",
		"NULL",
	} {
		text := "SELECT " + values
		got, want := answered(t, e, text), driven(t, e, text)
		for i := range want {
			// nan is unlike itself
			if gotText, wantText := fmt.Sprintf("%T %v", got[0][i], got[0][i]), fmt.Sprintf("%T %v", want[i], want[i]); gotText != wantText {
				t.Errorf("%s: column %d is %s, the driver says %s", text, i, gotText, wantText)
			}
		}
	}
	// More than a chunk, with nulls on both sides of its end.
	rows := answered(t, e, "SELECT CASE WHEN i % 7 <> 0 THEN i END, 'row number ' || i FROM range(5000) AS r(i) ORDER BY i")
	if len(rows) != 5000 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, row := range rows {
		want := []any{int64(i), fmt.Sprintf("row number %d", i)}
		if i%7 == 0 {
			want[0] = nil
		}
		if !reflect.DeepEqual(row, want) {
			t.Fatalf("row %d is %v", i, row)
		}
	}
}

func answered(t *testing.T, e *Engine, text string) (all [][]any) {
	t.Helper()
	onConnection(t, e, func(_ *sql.Conn, c any) {
		rows, err := ask(context.Background(), c, text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		defer rows.close()
		for rows.next() {
			for i := range rows.size {
				var row []any
				for _, column := range rows.columns {
					row = append(row, column.value(i))
				}
				all = append(all, row)
			}
		}
	})
	return all
}

// driven returns the one row of a statement as the driver reads it.
func driven(t *testing.T, e *Engine, text string) []any {
	t.Helper()
	rows, err := e.db.Query(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil || !rows.Next() {
		t.Fatalf("%s: no row: %v", text, err)
	}
	row, pointers := make([]any, len(columns)), make([]any, len(columns))
	for i := range row {
		pointers[i] = &row[i]
	}
	if err := rows.Scan(pointers...); err != nil {
		t.Fatal(err)
	}
	return row
}

func onConnection(t *testing.T, e *Engine, use func(conn *sql.Conn, c any)) {
	t.Helper()
	conn, err := e.db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Raw(func(c any) error { use(conn, c); return nil }); err != nil {
		t.Fatal(err)
	}
}

// counted counts how often the engine calls it: once where it is given a constant, for
// each time that a statement is planned.
type counted struct{ calls atomic.Int64 }

func (c *counted) Config() duckdriver.ScalarFuncConfig {
	text, err := duckdriver.NewTypeInfo(duckdriver.TYPE_VARCHAR)
	if err != nil {
		panic(err)
	}
	return duckdriver.ScalarFuncConfig{InputTypeInfos: []duckdriver.TypeInfo{text}, ResultTypeInfo: text}
}

func (c *counted) Executor() duckdriver.ScalarFuncExecutor {
	return duckdriver.ScalarFuncExecutor{RowExecutor: func(values []driver.Value) (any, error) {
		c.calls.Add(1)
		return values[0], nil
	}}
}

func TestStatementsArePlannedOnce(t *testing.T) {
	_, e, table := newService(t)
	conn, err := e.db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	c := &counted{}
	if err := errors.Join(duckdriver.RegisterScalarUDF(conn, "counted", c), conn.Close()); err != nil {
		t.Fatal(err)
	}
	text := "SELECT count(*) FROM " + parquet(paths(table.set.Files)) + ` WHERE "Name" = counted('event 3')`
	if rows := answered(t, e, text); !reflect.DeepEqual(rows, [][]any{{int64(1)}}) {
		t.Errorf("rows %v", rows)
	}
	ours := c.calls.Swap(0)
	driven(t, e, text)
	if theirs := c.calls.Load(); ours == 0 || 2*ours > theirs {
		t.Errorf("planning called a function %d times, %d where the driver plans twice", ours, theirs)
	}
}

func TestAnswersSayWhatIsWrong(t *testing.T) {
	e := openEngine(t, DefaultConfig(), nil)
	for text, want := range map[string]duckdriver.ErrorType{
		"SELECT nothing":                    duckdriver.ErrorTypeBinder,
		"SELECT 'x'::INTEGER FROM range(1)": duckdriver.ErrorTypeConversion,
		"SELECT":                            duckdriver.ErrorTypeParser,
		"SELECT 9223372036854775807 + i FROM range(2) AS r(i)": duckdriver.ErrorTypeOutOfRange,
	} {
		onConnection(t, e, func(_ *sql.Conn, c any) {
			_, err := ask(context.Background(), c, text)
			var failure *duckdriver.Error
			if !errors.As(err, &failure) || failure.Type != want {
				t.Errorf("%s: %v of type %v", text, err, failure)
			}
		})
	}
	onConnection(t, e, func(_ *sql.Conn, c any) {
		if _, err := ask(context.Background(), c, "SELECT [1, 2]"); err == nil || !strings.Contains(err.Error(), "no cell") {
			t.Errorf("a list is %v", err)
		}
	})
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	onConnection(t, e, func(_ *sql.Conn, c any) {
		if _, err := ask(ended, c, "SELECT 1"); !errors.Is(err, context.Canceled) {
			t.Errorf("an ended query gives %v", err)
		}
		// What was told to end is over: the connection answers the next one.
		if rows, err := ask(context.Background(), c, "SELECT 1"); err != nil {
			t.Error(err)
		} else {
			rows.close()
		}
	})
}
