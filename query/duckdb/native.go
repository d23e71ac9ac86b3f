package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"runtime/debug"
	"time"

	duckdriver "github.com/duckdb/duckdb-go/v2"

	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/native/all"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
)

// maxNative bounds the text that one call of a native function gives.
const maxNative = 64 << 20

// registerNative adds the functions that are computed in Go.
func registerNative(conn *sql.Conn) error {
	infos := map[types.Type]duckdriver.TypeInfo{}
	for t, of := range map[types.Type]duckdriver.Type{
		types.Bool: duckdriver.TYPE_BOOLEAN, types.Int: duckdriver.TYPE_INTEGER, types.Long: duckdriver.TYPE_BIGINT,
		types.TimeSpan: duckdriver.TYPE_BIGINT, types.Real: duckdriver.TYPE_DOUBLE, types.Decimal: duckdriver.TYPE_DOUBLE,
		types.String: duckdriver.TYPE_VARCHAR, types.Guid: duckdriver.TYPE_VARCHAR, types.Dynamic: duckdriver.TYPE_VARCHAR,
		types.DateTime: duckdriver.TYPE_TIMESTAMP,
	} {
		info, err := duckdriver.NewTypeInfo(of)
		if err != nil {
			return fmt.Errorf("describe type %s: %w", t, err)
		}
		infos[t] = info
	}
	for _, f := range all.Functions() {
		if err := duckdriver.RegisterScalarUDF(conn, f.SQLName(), &nativeFunction{f, infos}); err != nil {
			return fmt.Errorf("register function %s: %w", f.Name, err)
		}
	}
	return nil
}

// nativeFunction is a native.Function as DuckDB's driver wants it.
type nativeFunction struct {
	*native.Function
	infos map[types.Type]duckdriver.TypeInfo
}

// Config describes the function to the driver.
func (f *nativeFunction) Config() duckdriver.ScalarFuncConfig {
	c := duckdriver.ScalarFuncConfig{ResultTypeInfo: f.infos[f.Result], SpecialNullHandling: true}
	params := f.Params
	if f.Variadic {
		c.VariadicTypeInfo = f.infos[params[len(params)-1]]
		params = params[:len(params)-1]
	}
	for _, p := range params {
		c.InputTypeInfos = append(c.InputTypeInfos, f.infos[p])
	}
	return c
}

// Executor returns what runs the function over a batch of rows.
func (f *nativeFunction) Executor() duckdriver.ScalarFuncExecutor {
	return duckdriver.ScalarFuncExecutor{ChunkContextExecutor: f.run}
}

// run computes a batch. A panic must not leave it, since its caller is C.
func (f *nativeFunction) run(ctx context.Context, chunk *duckdriver.ChunkIteratorState) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: %w", f.Name, &query.Fault{Value: p, Stack: debug.Stack()})
		}
	}()
	var cache dynamicCache
	for row, err := range chunk.Rows() {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		args, err := f.args(row, &cache)
		if err != nil {
			return err
		}
		value, err := f.Call(args)
		if err != nil {
			return fmt.Errorf("%s(): %w", f.Name, err)
		}
		if value, err = f.result(value); err != nil {
			return err
		}
		if err := row.SetResult(value); err != nil {
			return fmt.Errorf("%s(): %w", f.Name, err)
		}
	}
	return nil
}

// dynamicCache keeps the last dynamic value of each argument, which is often
// the same constant in every row.
type dynamicCache struct {
	texts  []string
	values []any
}

func (c *dynamicCache) parse(i int, text string) any {
	for len(c.texts) <= i {
		c.texts, c.values = append(c.texts, ""), append(c.values, nil)
	}
	if c.texts[i] != text {
		v, err := dynamic.Parse(text)
		if err != nil {
			v = text // what a source sent as it is
		}
		c.texts[i], c.values[i] = text, v
	}
	return c.values[i]
}

func (f *nativeFunction) args(row *duckdriver.ChunkIteratorState, cache *dynamicCache) ([]any, error) {
	args := make([]any, row.ColumnCount())
	for i := range args {
		v := *row.GetValuePtr(i)
		t, err := f.Param(i)
		if err != nil {
			return nil, err
		}
		switch {
		case v == nil && t == types.String:
			args[i] = ""
		case v == nil:
		case t == types.Dynamic:
			args[i] = cache.parse(i, v.(string))
		case t == types.TimeSpan:
			args[i] = types.Ticks(v.(int64))
		case t == types.DateTime:
			args[i] = v.(time.Time).UTC()
		default:
			args[i] = v
		}
	}
	return args, nil
}

func (f *nativeFunction) result(v any) (any, error) {
	switch {
	case v == nil:
		return nil, nil
	case f.Result == types.Dynamic:
		v = dynamic.Text(v)
	case f.Result == types.TimeSpan:
		v = int64(v.(types.Ticks))
	}
	if s, ok := v.(string); ok && len(s) > maxNative {
		return nil, fmt.Errorf("%s(): the result is larger than %d MB", f.Name, maxNative>>20)
	}
	return v, nil
}
