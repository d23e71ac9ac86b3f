package builtin

func conversionEntries() []entry {
	all := []entry{
		{Name: "tostring", Sig: "value:scalar -> string", Doc: "Converts to a string; null gives the empty string.", Example: "print tostring(dynamic({'a':1}))"},
		{Name: "tolong", Sig: "value:scalar -> long", Doc: "Converts to a long; what cannot be converted gives null.", Example: "print tolong('12'), tolong('')"},
		{Name: "toint", Sig: "value:scalar -> int", Doc: "Converts to an int.", Example: "print toint('12')"},
		{Name: "todouble", Sig: "value:scalar -> real", Doc: "Converts to a real.", Example: "print todouble('1.5')"},
		{Name: "todecimal", Sig: "value:scalar -> decimal", Doc: "Converts to a decimal, which Quoll computes as a real.", Example: "print todecimal('1.5')"},
		{Name: "todatetime", Sig: "value:scalar -> datetime", Doc: "Converts to a datetime.", Example: "print todatetime('2026-01-31 10:00')"},
		{Name: "totimespan", Sig: "value:scalar -> timespan", Doc: "Converts to a timespan; a number is ticks of 100 ns.", Example: "print totimespan('1.02:03:04')"},
		{Name: "tobool", Sig: "value:scalar -> bool", Doc: "Converts to a bool.", Example: "print tobool('true'), tobool(0)"},
		{Name: "toguid", Sig: "value:scalar -> guid", Doc: "Converts to a guid.", Example: "print toguid('70fc66f7-8279-44fc-9092-d364d70fce44')"},
		{Name: "todynamic", Sig: "value:scalar -> dynamic", Doc: "Reads JSON; text that is not JSON becomes a dynamic string.", Example: "print todynamic('{\"a\": 1}').a"},
		{Name: "parse_json", Sig: "value:scalar -> dynamic", Doc: "Reads JSON; text that is not JSON becomes a dynamic string.", Example: "print parse_json('[1, 2]')[1]"},
		{Name: "tohex", Sig: "value:integer, length?:integer -> string", Doc: "Gives an integer in base 16.", Example: "print tohex(255, 4)"},
		{Name: "gettype", Sig: "value:scalar -> string", Naming: PrefixFirstArgument, Prefix: "type", Doc: "Names the type; for a dynamic value, the type of what it holds.", Example: "print gettype(1), gettype(dynamic([1]))"},
		{Name: "dynamic_to_json", Sig: "value:scalar -> string", Doc: "Gives the JSON text of a dynamic value.", Example: "print dynamic_to_json(dynamic({'a':1}))"},
	}
	for i := range all {
		if all[i].Naming == NoName && all[i].Name != "dynamic_to_json" {
			all[i].Naming = FirstArgument
		}
	}
	older := []struct{ name, of, result string }{
		{"toreal", "todouble", "real"}, {"totime", "totimespan", "timespan"}, {"toboolean", "tobool", "bool"},
		{"toobject", "todynamic", "dynamic"}, {"parsejson", "parse_json", "dynamic"},
	}
	for _, o := range older {
		all = append(all, entry{Name: o.name, Of: o.of, Naming: FirstArgument, Sig: "value:scalar -> " + o.result, Doc: "Another spelling of " + o.of + "().", Example: "print " + o.name + "('1')"})
	}
	return all
}

func logicEntries() []entry {
	return []entry{
		{Name: "not", Sig: "value:bool -> bool", Doc: "Turns true into false and false into true; null stays null.", Example: "print not(1 == 2)"},
		{Name: "isnull", Sig: "value:scalar -> bool", Doc: "True for null. A string is never null.", Example: "print isnull(long(null)), isnull('')"},
		{Name: "isnotnull", Sig: "value:scalar -> bool", Doc: "True for what is not null.", Example: "print isnotnull(1)"},
		{Name: "notnull", Of: "isnotnull", Sig: "value:scalar -> bool", Doc: "Older spelling of isnotnull().", Example: "print notnull(1)"},
		{Name: "isempty", Sig: "value:scalar -> bool", Doc: "True for null and for the empty string.", Example: "print isempty(''), isempty(long(null))"},
		{Name: "isnotempty", Sig: "value:scalar -> bool", Doc: "True for what is neither null nor the empty string.", Example: "print isnotempty('a')"},
		{Name: "notempty", Of: "isnotempty", Sig: "value:scalar -> bool", Doc: "Older spelling of isnotempty().", Example: "print notempty('a')"},
		{Name: "iff", Sig: "condition:bool, then:common, else:common -> common", Doc: "Gives one value where a condition is true, and another where it is false or null.", Example: "print iff(1 < 2, 'yes', 'no')"},
		{Name: "iif", Of: "iff", Sig: "condition:bool, then:common, else:common -> common", Doc: "Another spelling of iff().", Example: "print iif(1 < 2, 'yes', 'no')"},
		{Name: "coalesce", Sig: "value...:common -> common", Doc: "Gives the first value that is not null, for strings the first that is not empty.", Example: "print coalesce(long(null), 2)"},
		{Name: "max_of", Sig: "value...:common -> common", Doc: "Gives the greatest of its arguments.", Example: "print max_of(1, 3, 2)"},
		{Name: "min_of", Sig: "value...:common -> common", Doc: "Gives the least of its arguments.", Example: "print min_of(1, 3, 2)"},
		{Name: "around", Sig: "value:number, center:number, delta:number -> bool | value:datetime, center:datetime, delta:timespan -> bool | value:timespan, center:timespan, delta:timespan -> bool", Doc: "True when a value is within a distance of a centre.", Example: "print around(10, 12, 2)"},
	}
}
