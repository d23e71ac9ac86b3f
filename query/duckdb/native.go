package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
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
func registerNative(conn *sql.Conn, running *running) error {
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
		if err := duckdriver.RegisterScalarUDF(conn, f.SQLName(), &nativeFunction{f, infos, running}); err != nil {
			return fmt.Errorf("register function %s: %w", f.Name, err)
		}
	}
	return nil
}

// nativeFunction is a native.Function as DuckDB's driver wants it.
type nativeFunction struct {
	*native.Function
	infos   map[types.Type]duckdriver.TypeInfo
	running *running
}

// Config describes the function to the driver.
func (f *nativeFunction) Config() duckdriver.ScalarFuncConfig {
	c := duckdriver.ScalarFuncConfig{ResultTypeInfo: f.infos[f.Result], SpecialNullHandling: true}
	c.InputTypeInfos = append(c.InputTypeInfos, f.infos[types.Long]) // the number of the query
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

// Executor returns what runs the function over a batch of rows; the driver asks
// for it anew for each. The driver's executors that are given a context race
// for it when several threads work (setCtx in its scalar_udf.go), so the
// context of a query is found by the number that its SQL hands on.
func (f *nativeFunction) Executor() duckdriver.ScalarFuncExecutor {
	return duckdriver.ScalarFuncExecutor{RowExecutor: (&nativeBatch{nativeFunction: f}).call}
}

// nativeBatch is a batch of rows at work, in one thread.
type nativeBatch struct {
	*nativeFunction
	ctx   context.Context //nolint:containedctx // it lives as long as the batch
	cache dynamicCache
}

// call computes one row. A panic must not leave it, since its caller is C.
func (b *nativeBatch) call(values []driver.Value) (value any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: %w", b.Name, &query.Fault{Value: p, Stack: debug.Stack()})
		}
	}()
	if b.ctx == nil {
		b.ctx = b.running.context(values[0])
	}
	if err := b.ctx.Err(); err != nil {
		return nil, err
	}
	args, err := b.args(values[1:])
	if err != nil {
		return nil, err
	}
	if value, err = b.Call(args); err != nil {
		return nil, fmt.Errorf("%s(): %w", b.Name, err)
	}
	return b.result(value)
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

func (b *nativeBatch) args(values []driver.Value) ([]any, error) {
	args := make([]any, len(values))
	for i, v := range values {
		t, err := b.Param(i)
		if err != nil {
			return nil, err
		}
		switch {
		case v == nil && t == types.String:
			args[i] = ""
		case v == nil:
		case t == types.Dynamic:
			args[i] = b.cache.parse(i, v.(string))
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
