// Package types is the scalar type system of the Kusto Query Language: the
// types, their names and spellings, and the physical units in which their
// values travel.
//
// It knows no syntax, no functions and no engine, and imports only the
// standard library.
package types

// Type is a scalar type of KQL.
type Type uint8

// The scalar types. Unknown is the type of an expression that failed to bind,
// so that one mistake is reported once.
const (
	Unknown Type = iota
	Bool
	Int      // 32 bits, signed
	Long     // 64 bits, signed
	Real     // IEEE 754 double
	Decimal  // 128-bit decimal
	String   // never null; the empty string stands for nothing
	DateTime // an instant in UTC
	TimeSpan // a signed duration in ticks of 100 ns
	Dynamic  // a JSON value; the null of dynamic is distinct from every value
	Guid
)

// Ticks is the value of a timespan: a signed number of 100 ns ticks.
type Ticks int64

// Lengths of time in ticks.
const (
	TicksPerSecond Ticks = 10_000_000
	TicksPerMinute       = 60 * TicksPerSecond
	TicksPerHour         = 60 * TicksPerMinute
	TicksPerDay          = 24 * TicksPerHour
)
