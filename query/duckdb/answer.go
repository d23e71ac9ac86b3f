package duckdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	duckdriver "github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"
)

// The driver prepares each statement and then runs it. DuckDB plans one that reads
// files both times, since files may have changed in between, and planning is most of
// what a short answer costs. So statements of queries go to the engine as they are.

// answer is what the engine gives for a statement; all its rows are in memory until
// close.
type answer struct {
	result  mapping.Result
	chunk   mapping.DataChunk
	columns []vector
	size    int // rows of the chunk
}

// interruptAgain is how long the engine has to end after it was told to, before it is
// told again: it forgets that where one of its steps begins.
const interruptAgain = 500 * time.Millisecond

// ask runs a statement without parameters on a connection of the driver. It returns soon
// after ctx ends. The caller calls close.
func ask(ctx context.Context, conn any, text string) (*answer, error) {
	raw, err := connectionPointer(conn)
	if err != nil {
		return nil, err
	}
	a := &answer{}
	var state mapping.State
	connection := mapping.Connection{Ptr: raw}
	if err := interruptible(ctx, connection, func() { state = mapping.Query(connection, text, &a.result) }); err != nil {
		return nil, err
	}
	if state == mapping.StateError {
		defer a.close()
		failure := &duckdriver.Error{Type: duckdriver.ErrorType(mapping.ResultErrorType(&a.result)), Msg: mapping.ResultError(&a.result)}
		return nil, errors.Join(ctx.Err(), failure)
	}
	a.columns = make([]vector, mapping.ColumnCount(&a.result))
	for i := range a.columns {
		if a.columns[i], err = newVector(&a.result, i); err != nil {
			a.close()
			return nil, fmt.Errorf("column %s: %w", mapping.ColumnName(&a.result, mapping.IdxT(i)), err)
		}
	}
	return a, nil
}

// interruptible runs a call of the engine, and tells the engine to end it when ctx ends.
func interruptible(ctx context.Context, conn mapping.Connection, call func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ended, quiet := make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(quiet)
		again := time.NewTicker(interruptAgain)
		defer again.Stop()
		for {
			select {
			case <-ended:
				return
			default:
				mapping.Interrupt(conn)
			}
			select {
			case <-ended:
				return
			case <-again.C:
			}
		}
	})
	call()
	close(ended)
	if !stop() {
		<-quiet // else it could end the next statement of the connection
	}
	return nil
}

// next goes to the next chunk of rows; false is the end.
func (a *answer) next() bool {
	mapping.DestroyDataChunk(&a.chunk)
	a.size = 0
	for a.size == 0 {
		mapping.DestroyDataChunk(&a.chunk)
		a.chunk = mapping.FetchChunk(a.result)
		if a.chunk.Ptr == nil {
			return false
		}
		a.size = int(mapping.DataChunkGetSize(a.chunk))
	}
	for i := range a.columns {
		at := mapping.DataChunkGetVector(a.chunk, mapping.IdxT(i))
		a.columns[i].data, a.columns[i].valid = mapping.VectorGetData(at), mapping.VectorGetValidity(at)
	}
	return true
}

func (a *answer) close() {
	mapping.DestroyDataChunk(&a.chunk)
	mapping.DestroyResult(&a.result)
}
