package builtin

// operatorEntries are the operators. How a dynamic operand, a null and a
// mixture of types behave is decided by the binder, see its file operator.go.
func operatorEntries() []entry {
	return []entry{
		{Name: "+", Kind: Operator, Sig: "x:number, y:number -> widest | x:timespan, y:timespan -> timespan | x:datetime, y:timespan -> datetime | x:timespan, y:datetime -> datetime",
			Doc: "Adds. An integer overflow gives null.", Example: "print 1 + 2.5, 1h + 30m"},
		{Name: "-", Kind: Operator, Sig: "x:number, y:number -> widest | x:timespan, y:timespan -> timespan | x:datetime, y:datetime -> timespan | x:datetime, y:timespan -> datetime",
			Doc: "Subtracts.", Example: "print datetime(2026-01-02) - datetime(2026-01-01)"},
		{Name: "*", Kind: Operator, Sig: "x:number, y:number -> widest | x:timespan, y:number -> timespan | x:number, y:timespan -> timespan",
			Doc: "Multiplies.", Example: "print 3 * 1h"},
		{Name: "/", Kind: Operator, Sig: "x:number, y:number -> widest | x:timespan, y:timespan -> real | x:timespan, y:number -> timespan",
			Doc: "Divides. Between integers the result is an integer, cut towards zero; an integer divided by zero gives null.", Example: "print 7 / 2, 7 / 2.0, 1h / 1m"},
		{Name: "%", Kind: Operator, Sig: "x:number, y:number -> widest | x:timespan, y:timespan -> timespan | x:datetime, y:timespan -> timespan",
			Doc: "Gives the remainder of a division, which is never negative for a positive divisor.", Example: "print 7 % 3"},
		{Name: "negate", Kind: Operator, Sig: "x:number -> promoted | x:timespan -> timespan",
			Doc: "Changes the sign: `-x`.", Example: "print -(1 + 2)"},
		{Name: "==", Kind: Operator, Sig: "x:scalar, y:scalar -> bool", Doc: "Equal, letters in their case. A null is equal to no value; of two nulls it gives null.", Example: "print 'a' == 'A', 1 == 1.0"},
		{Name: "!=", Kind: Operator, Sig: "x:scalar, y:scalar -> bool", Doc: "Different. A null is different from every value.", Example: "print long(null) != 1"},
		{Name: "<", Kind: Operator, Sig: "x:orderable, y:orderable -> bool", Doc: "Less than. With a null it gives null.", Example: "print 1 < 2"},
		{Name: "<=", Kind: Operator, Sig: "x:orderable, y:orderable -> bool", Doc: "Less than or equal.", Example: "print 1 <= 2"},
		{Name: ">", Kind: Operator, Sig: "x:orderable, y:orderable -> bool", Doc: "Greater than.", Example: "print 1 > 2"},
		{Name: ">=", Kind: Operator, Sig: "x:orderable, y:orderable -> bool", Doc: "Greater than or equal.", Example: "print 1 >= 2"},
		{Name: "and", Kind: Operator, Sig: "x:bool, y:bool -> bool", Doc: "True when both are true; a null counts as false.", Example: "print true and bool(null)"},
		{Name: "or", Kind: Operator, Sig: "x:bool, y:bool -> bool", Doc: "True when one is true; a null counts as false.", Example: "print true or bool(null)"},
		{Name: "=~", Kind: Operator, Sig: "x:text, y:text -> bool", Doc: "Equal, upper and lower case alike.", Example: "print 'Quoll' =~ 'QUOLL'"},
		{Name: "!~", Kind: Operator, Sig: "x:text, y:text -> bool", Doc: "Different, upper and lower case alike.", Example: "print 'Quoll' !~ 'QUOLL'"},
		{Name: "in", Kind: Operator, Sig: "x:scalar, list...:scalar -> bool", Doc: "Equal to one of a list, of the elements of a dynamic array or of the rows of a one-column table.", Example: "print 2 in (1, 2), 'a' in (dynamic(['a', 'b']))"},
		{Name: "!in", Kind: Operator, Sig: "x:scalar, list...:scalar -> bool", Doc: "Equal to none of a list.", Example: "print 2 !in (1, 3)"},
		{Name: "in~", Kind: Operator, Sig: "x:text, list...:scalar -> bool", Doc: "As in, upper and lower case alike.", Example: "print 'A' in~ ('a', 'b')"},
		{Name: "!in~", Kind: Operator, Sig: "x:text, list...:scalar -> bool", Doc: "As !in, upper and lower case alike.", Example: "print 'A' !in~ ('a', 'b')"},
		{Name: "between", Kind: Operator, Sig: "x:orderable, low:orderable, high:orderable -> bool", Doc: "Within a closed range. With a datetime the end may be a timespan after the start.", Example: "print 5 between (1 .. 5)"},
		{Name: "!between", Kind: Operator, Sig: "x:orderable, low:orderable, high:orderable -> bool", Doc: "Outside a closed range.", Example: "print 5 !between (1 .. 4)"},
		{Name: "has_any", Kind: Operator, Sig: "x:text, list...:scalar -> bool", Doc: "Holds one of the terms, upper and lower case alike.", Example: "print 'copy C:/x.exe' has_any ('exe', 'dll')"},
		{Name: "has_all", Kind: Operator, Sig: "x:text, list...:scalar -> bool", Doc: "Holds all of the terms, upper and lower case alike.", Example: "print 'copy C:/x.exe' has_all ('exe', 'copy')"},
		{Name: "matches regex", Kind: Operator, Sig: "x:text, const pattern:string -> bool", Doc: "Holds a match of a regular expression (RE2).", Example: "print 'abc' matches regex 'b.$'",
			Differs: "Regular expressions of all functions are RE2's: \\w, \\d, \\s and \\b know ASCII only, and Kusto's all of Unicode. Sets of classes with && and ~~, (?x), and edges of words other than \\b are refused; -- and a [ in a class are characters."},
	}
}

// termOperator describes one of the string operators that come in four forms:
// plain, negated, case-sensitive, and both.
type termOperator struct{ name, doc, text, pattern string }

func stringOperators() []termOperator {
	return []termOperator{
		{"has", "Holds the term: a run of letters and digits that begins and ends where such a run does", "North-West wind", "west"},
		{"hasprefix", "Holds a term that begins with the text", "North-West wind", "we"},
		{"hassuffix", "Holds a term that ends with the text", "North-West wind", "est"},
		{"contains", "Holds the text anywhere", "North-West wind", "h-w"},
		{"startswith", "Begins with the text", "North-West wind", "nor"},
		{"endswith", "Ends with the text", "North-West wind", "IND"},
	}
}

// stringOperatorEntries spells out the four forms of each string operator.
func stringOperatorEntries() []entry {
	var all []entry
	for _, op := range stringOperators() {
		for _, form := range []struct{ prefix, suffix, note string }{
			{"", "", ", upper and lower case alike."},
			{"!", "", ": the opposite of " + op.name + "."},
			{"", "_cs", ", letters in their case."},
			{"!", "_cs", ": the opposite of " + op.name + "_cs."},
		} {
			name := form.prefix + op.name + form.suffix
			all = append(all, entry{
				Name: name, Kind: Operator, Sig: "x:text, y:text -> bool", Doc: op.doc + form.note,
				Example: "print '" + op.text + "' " + name + " '" + op.pattern + "'",
			})
		}
	}
	return all
}
