// Package query answers KQL: it compiles a text against the tables of the
// schema, runs the plan on an engine within limits, and says what it cost.
//
// It declares the engine that it needs and knows none; it knows neither HTTP
// nor users, nor how rows are stored.
package query

import (
	"fmt"
	"time"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// Request is one query.
type Request struct {
	// Text is KQL.
	Text string
	// From and To bound TimeGenerated of every table: From <= t < To. A zero
	// time is no bound. They come from a time picker or an API's timespan, and
	// add to what the query itself says.
	From, To time.Time
	// Now is what now() and ago() mean. Zero is the present.
	Now time.Time
	// Limits bound the answer. A zero field is its default.
	Limits Limits
	// Standing says that the query is asked again and again, as that of a rule is, so
	// that the engine may read once what several of them look at. The answer is the
	// same.
	Standing bool
	// Parameters are the values for declare query_parameters, by name: constants
	// as a query writes them, or their texts alone. One that the query does not
	// declare is a mistake.
	Parameters map[string]string
	// Each, when it is set, is given the rows of a query with one table in batches, as
	// the engine reads them, and the result has none: they are never all in memory. It
	// must not keep the batch. Its error ends the query. A query that
	// gives several tables or no rows does not call it.
	Each func(columns []Column, rows [][]any) error
	// Again, when it is set beside Each, is told that the rows that Each was given so far
	// are void, and that all come anew. Where it is not set, no row is handed on before
	// all are known, which takes more time and memory.
	Again func() error
}

// Limits bound one query.
type Limits struct {
	Rows  int           // most rows of the result
	Bytes int64         // most bytes of the result's values
	Time  time.Duration // longest run
}

// DefaultLimits returns the limits that Kusto has: 500,000 rows, 64 MB, four
// minutes.
func DefaultLimits() Limits {
	return Limits{Rows: 500_000, Bytes: 64 << 20, Time: 4 * time.Minute}
}

// RecordLimitReached and SizeLimitReached are what Kusto says with a result that
// was cut.
//
// Source: https://learn.microsoft.com/kusto/concepts/query-limits
func (l Limits) RecordLimitReached() string {
	return fmt.Sprintf("Query result set has exceeded the internal record count limit %d (E_QUERY_RESULT_SET_TOO_LARGE)", l.Rows)
}

// SizeLimitReached is for the bytes of a result.
func (l Limits) SizeLimitReached() string {
	return fmt.Sprintf("Query result set has exceeded the internal data size limit %d (E_QUERY_RESULT_SET_TOO_LARGE)", l.Bytes)
}

// GreatestLimits returns the limits that a query can ask for by set
// notruncation and the like.
func GreatestLimits() Limits {
	return Limits{Rows: 2_000_000, Bytes: 256 << 20, Time: 20 * time.Minute}
}

// settle gives the limits of one run: what the request asks for, and what the
// query itself sets within that. A request that asks for nothing lets the query
// go up to the greatest limits.
func (l Limits) settle(set plan.Limits) Limits {
	most, d := GreatestLimits(), DefaultLimits()
	return Limits{
		Rows:  settled(l.Rows, d.Rows, most.Rows, int(min(set.Rows, int64(most.Rows))), set.NoTruncation),
		Bytes: settled(l.Bytes, d.Bytes, most.Bytes, set.Bytes, set.NoTruncation),
		Time:  settled(l.Time, d.Time, most.Time, set.Time, set.NoTimeout),
	}
}

// settled gives one limit. Zero means that request or query ask for nothing.
func settled[N int | int64 | time.Duration](request, fallback, most, set N, unlimited bool) N {
	bound := most
	if request > 0 {
		bound = request
	}
	switch {
	case set > 0:
		return min(set, bound)
	case request > 0 || unlimited:
		return bound
	}
	return fallback
}

// Column is a column of a result.
type Column struct {
	Name string
	Type types.Type
}

// Result is the answer to a query.
type Result struct {
	Columns []Column
	// Rows holds a cell for each column: nil for null, else string (String and
	// Guid), int32 (Int), int64 (Long), float64 (Real), bool, time.Time in UTC,
	// types.Ticks, json.RawMessage (Dynamic), or decimal digits as a string
	// (Decimal). A string is never nil.
	Rows [][]any
	// Handed counts the rows that Request.Each was given instead.
	Handed int
	// Truncated says that there were more rows than the limits allow.
	Truncated bool
	// PartialFailure is what Kusto says with a result that was cut: which limit was
	// exceeded, under the code that its users know. It is empty for a whole result.
	PartialFailure string
	// Visualization is what render asked for, or nil.
	Visualization *Visualization
	Statistics    Statistics // of all tables together
	// Name is what the query calls the table, where it gives several.
	Name string
	// Reads says what a standing query looked at, scan by scan.
	Reads []*Interest
	// More are the further tables of a query that gives several, in order; they
	// see the same rows. Each has the limits for itself.
	More []*Result
}

// Visualization is what render asked for: a kind such as "timechart", and
// properties such as "title".
type Visualization = plan.Visualization

// Statistics say what a query cost.
type Statistics struct {
	Compile time.Duration // from text to plan
	Execute time.Duration // from plan to the last row
	// RowsScanned counts the rows of the files and batches that were opened. A
	// file may be read in part only, so it is an upper bound.
	RowsScanned int64
	FilesRead   int
	FilesPruned int // files that need not be read: their statistics say enough of them
	FreshRows   int64
}
