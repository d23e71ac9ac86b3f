package duckdb

import (
	"context"

	bindings "github.com/duckdb/duckdb-go-bindings"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/quoll/quoll/kql/plan"
)

const (
	// fewRows is how many rows may be in memory at once as an answer, whatever their
	// columns: an answer is cut at some bytes, and the rest of its rows need not be made.
	// All columns of a million rows of OfficeActivity took 3.7 GB, of which the first 64 MB
	// were given.
	fewRows = 20_000
	// firstOrdered is how many rows of many columns are put in order at first: an answer
	// is mostly cut by its bytes before.
	firstOrdered, manyColumns = 100_000, 32
)

// coming are these three, but in tests.
type coming struct {
	few, ordered int64
	columns      int
}

// wanted is what the engine is asked for a statement: how many rows at most, in its SQL,
// and whether they may be too many to be in memory at once. Then they come as they are
// made, and are cut here: told of a limit, the engine makes all rows up to it first.
type wanted struct {
	statement *plan.Statement
	limit     int         // in the SQL where the rows are in memory at once
	cut       *plan.Limit // that is left to us, or nil
	enough    int         // so many rows it asks for
	long      bool
}

// unbounded reports whether the SQL names no limit to rows that come. Rows in an order are
// all made before the first of them comes, and a limit lets most of them go.
func (w wanted) unbounded() bool { return w.long && len(w.statement.Order) == 0 }

// want says what to ask the engine for a statement.
func (r *reader) want(s *plan.Statement) wanted {
	w := wanted{statement: s, limit: r.options.Limits.Rows + 1, long: r.options.Each == nil || r.options.Again != nil} // else what was handed on cannot be taken back should a later row fail
	switch n := below(s.Root).(type) {
	case *plan.Aggregate:
		w.long = false
	case *plan.Limit:
		if n.Count <= r.engine.coming.few {
			w.long = false
			return w
		}
		if _, sorted := n.Input.(*plan.Sort); !sorted && w.long && len(s.Order) == 0 {
			w.cut, w.enough = n, int(min(n.Count, int64(w.limit)))
			w.limit = w.enough
		}
	}
	return w
}

// askLong runs a statement as ask does, but its rows come while they are asked for. The
// engine plans it twice, as the driver does. Where it cannot begin, ask says why.
func askLong(ctx context.Context, conn any, text string) (*answer, error) {
	raw, err := connectionPointer(conn)
	if err != nil {
		return nil, err
	}
	a := &answer{ctx: ctx, conn: mapping.Connection{Ptr: raw}, coming: true}
	var prepared mapping.PreparedStatement
	var pending mapping.PendingResult
	defer mapping.DestroyPrepare(&prepared)
	defer mapping.DestroyPending(&pending)
	state := mapping.State(mapping.StateError)
	err = interruptible(ctx, a.conn, func() {
		if mapping.Prepare(a.conn, text, &prepared) == mapping.StateError {
			return
		}
		// Called deprecated, but the C interface has no other way to rows that come.
		if bindings.PendingPreparedStreaming(prepared, &pending) == mapping.StateError {
			return
		}
		state = mapping.ExecutePending(pending, &a.result)
	})
	if err != nil {
		a.letGo()
		return nil, err
	}
	if state == mapping.StateError {
		mapping.DestroyResult(&a.result)
		return ask(ctx, conn, text)
	}
	return a, a.begin(state)
}

// letGo has the engine end the statement at work: it keeps what that holds until the
// connection is asked for something else.
func (a *answer) letGo() {
	var none mapping.Result
	mapping.Query(a.conn, "SELECT 1", &none)
	mapping.DestroyResult(&none)
}
