package types

// widens[from] lists the types that a value of type from becomes by itself
// where another operand or a parameter asks for it, nearest first. Kusto widens
// numbers only.
var widens = [typeCount][]Type{
	Int:  {Long, Real, Decimal},
	Long: {Real, Decimal},
	Real: {Decimal},
}

// Widens reports whether a value of type from can stand where to is asked
// for, without a conversion function. A type widens to itself.
func Widens(from, to Type) bool {
	if from == to {
		return true
	}
	for _, t := range widens[from] {
		if t == to {
			return true
		}
	}
	return false
}

// Common returns the narrowest type that both widen to, as the operands of an
// arithmetic operator or the branches of iff() need it. Unknown is common with
// every type and gives the other one.
func Common(a, b Type) (Type, bool) {
	switch {
	case a == Unknown:
		return b, true
	case b == Unknown || Widens(b, a):
		return a, true
	case Widens(a, b):
		return b, true
	}
	return Unknown, false
}

// Numeric reports whether t is int, long, real or decimal.
func (t Type) Numeric() bool { return t == Int || t == Long || t == Real || t == Decimal }

// Integer reports whether t is int or long.
func (t Type) Integer() bool { return t == Int || t == Long }

// Summable reports whether values of t can be added up: numbers and timespans.
func (t Type) Summable() bool { return t.Numeric() || t == TimeSpan }

// Orderable reports whether values of t can be compared with < and sorted.
func (t Type) Orderable() bool { return t != Dynamic && t != Unknown }

// Comparable reports whether `==` may stand between two types: they have a
// common type, or one is dynamic, which compares by its value.
func Comparable(a, b Type) bool {
	if a == Dynamic || b == Dynamic {
		return true
	}
	_, ok := Common(a, b)
	return ok
}

// Converts reports whether Kusto has a conversion function from one type to
// the other (tolong(), todatetime(), tostring(), …). A value that cannot be
// converted gives null, never an error.
func Converts(from, to Type) bool {
	switch {
	case from == to || from == Dynamic || to == String || to == Dynamic || from == Unknown:
		return true
	case from == String:
		return true
	case from.Numeric() && (to.Numeric() || to == Bool):
		return true
	case from == Bool && to.Numeric():
		return true
	case from == Long && (to == DateTime || to == TimeSpan), from == Int && to == TimeSpan:
		return true // a number of ticks
	case (from == DateTime || from == TimeSpan) && to.Numeric():
		return true
	}
	return false
}
