// Package types is the scalar type system of the Kusto Query Language: the
// types, their names and spellings, what widens to what, and the text forms of
// datetime and timespan values.
//
// It knows no syntax, no functions and no engine, and imports only the
// standard library.
//
// Source: https://learn.microsoft.com/kusto/query/scalar-data-types
package types

import "strings"

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
	typeCount
)

// names holds the name that Kusto prints for each type.
var names = [typeCount]string{
	Unknown: "unknown", Bool: "bool", Int: "int", Long: "long", Real: "real", Decimal: "decimal", String: "string",
	DateTime: "datetime", TimeSpan: "timespan", Dynamic: "dynamic", Guid: "guid",
}

// String returns the name that Kusto prints: "long", "datetime" and so on.
func (t Type) String() string {
	if t >= typeCount {
		return names[Unknown]
	}
	return names[t]
}

// ParseType returns the type that a spelling means. Kusto takes several for some
// types (`double`, `date`, `time`, `boolean`, `uuid`) and .NET names
// (`System.Int64`), in lower case as written here.
func ParseType(spelling string) (Type, bool) {
	switch spelling {
	case "bool", "boolean", "System.SByte", "System.Boolean":
		return Bool, true
	case "int", "int32", "System.Int32":
		return Int, true
	case "long", "int64", "System.Int64":
		return Long, true
	case "real", "double", "float", "System.Double":
		return Real, true
	case "decimal", "System.Data.SqlTypes.SqlDecimal":
		return Decimal, true
	case "string", "System.String":
		return String, true
	case "datetime", "date", "System.DateTime":
		return DateTime, true
	case "timespan", "time", "System.TimeSpan":
		return TimeSpan, true
	case "dynamic", "System.Object":
		return Dynamic, true
	case "guid", "uuid", "uniqueid", "System.Guid":
		return Guid, true
	}
	return Unknown, false
}

// Spellings returns the names that a query may write for a type, for messages.
func Spellings() string {
	return strings.Join(names[Bool:], ", ")
}

// All returns every scalar type except Unknown.
func All() []Type {
	all := make([]Type, 0, typeCount-1)
	for t := Bool; t < typeCount; t++ {
		all = append(all, t)
	}
	return all
}
