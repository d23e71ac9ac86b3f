package builtin

func mathEntries() []entry {
	all := []entry{
		{Name: "bin", Naming: FirstArgument, Sig: "value:number, size:number -> widest | value:timespan, size:timespan -> timespan | value:datetime, size:timespan -> datetime", Doc: "Rounds down to a multiple of a size; for a datetime, counted from year 1.", Example: "print bin(7, 5), bin(-1, 5), bin(datetime(2026-01-31 10:45), 1h)"},
		{Name: "floor", Of: "bin", Naming: FirstArgument, Sig: "value:number, size:number -> widest | value:timespan, size:timespan -> timespan | value:datetime, size:timespan -> datetime", Doc: "Another spelling of bin().", Example: "print floor(7, 5)"},
		{Name: "bin_at", Naming: FirstArgument, Sig: "value:number, size:number, fixed:number -> widest | value:timespan, size:timespan, fixed:timespan -> timespan | value:datetime, size:timespan, fixed:datetime -> datetime", Doc: "Rounds down to a multiple of a size, counted from a fixed point.", Example: "print bin_at(6.5, 2.5, 7)"},
		{Name: "abs", Naming: FirstArgument, Sig: "value:number -> promoted | value:timespan -> timespan", Doc: "Gives the value without its sign.", Example: "print abs(-5)"},
		{Name: "round", Naming: FirstArgument, Sig: "value:number, const precision?:long -> first", Doc: "Rounds to a number of decimals.", Example: "print round(2.567, 1)"},
		{Name: "ceiling", Naming: FirstArgument, Sig: "value:number -> first", Doc: "Rounds up.", Example: "print ceiling(1.2)"},
		{Name: "pow", Naming: FirstArgument, Sig: "base:real, exponent:real -> real", Doc: "Raises to a power.", Example: "print pow(2, 10)"},
		{Name: "sqrt", Naming: FirstArgument, Sig: "value:real -> real", Doc: "Gives the square root; null for a negative number.", Example: "print sqrt(16)"},
		{Name: "exp", Naming: FirstArgument, Sig: "value:real -> real", Doc: "Raises e to a power.", Example: "print exp(1)"},
		{Name: "exp2", Naming: FirstArgument, Sig: "value:real -> real", Doc: "Raises 2 to a power.", Example: "print exp2(3)"},
		{Name: "exp10", Naming: FirstArgument, Sig: "value:real -> real", Doc: "Raises 10 to a power.", Example: "print exp10(3)"},
		{Name: "log", Naming: FirstArgument, Sig: "value:real -> real", Doc: "Gives the natural logarithm; null for what has none.", Example: "print log(10)"},
		{Name: "log2", Naming: FirstArgument, Sig: "value:real -> real", Doc: "Gives the logarithm to base 2.", Example: "print log2(8)"},
		{Name: "log10", Naming: FirstArgument, Sig: "value:real -> real", Doc: "Gives the logarithm to base 10.", Example: "print log10(1000)"},
		{Name: "sign", Sig: "value:real -> real", Doc: "Gives -1, 0 or 1.", Example: "print sign(-2)"},
		{Name: "isnan", Sig: "value:real -> bool", Doc: "True for a real that is not a number.", Example: "print isnan(0.0 / 0.0)"},
		{Name: "isinf", Sig: "value:real -> bool", Doc: "True for an infinite real.", Example: "print isinf(1.0 / 0.0)"},
		{Name: "isfinite", Sig: "value:real -> bool", Doc: "True for a real that is neither infinite nor NaN.", Example: "print isfinite(1.0)"},
		{Name: "rand", Naming: FirstArgument, Sig: "n?:integer -> real", Doc: "Gives a random real from 0 to 1, or a whole number below n.", Example: "print rand() < 1"},
		{Name: "binary_and", Naming: FirstArgument, Sig: "x:long, y:long -> long", Doc: "Combines bits with and.", Example: "print binary_and(6, 3)"},
		{Name: "binary_or", Naming: FirstArgument, Sig: "x:long, y:long -> long", Doc: "Combines bits with or.", Example: "print binary_or(6, 3)"},
		{Name: "binary_xor", Naming: FirstArgument, Sig: "x:long, y:long -> long", Doc: "Combines bits with exclusive or.", Example: "print binary_xor(6, 3)"},
		{Name: "binary_not", Naming: FirstArgument, Sig: "x:long -> long", Doc: "Inverts bits.", Example: "print binary_not(0)"},
		{Name: "binary_shift_left", Naming: FirstArgument, Sig: "x:long, count:long -> long", Doc: "Shifts bits to the left.", Example: "print binary_shift_left(1, 4)"},
		{Name: "binary_shift_right", Naming: FirstArgument, Sig: "x:long, count:long -> long", Doc: "Shifts bits to the right.", Example: "print binary_shift_right(16, 2)"},
		{Name: "bitset_count_ones", Naming: FirstArgument, Sig: "x:long -> long", Doc: "Counts the bits that are set.", Example: "print bitset_count_ones(7)"},
		{Name: "pi", Sig: "-> real", Doc: "Gives the number pi.", Example: "print pi()"},
	}
	for _, name := range []string{"cot", "degrees", "radians"} {
		all = append(all, entry{Name: name, Sig: "value:real -> real", Doc: "Gives the " + name + " of a number; null outside its domain.", Example: "print " + name + "(0.5)"})
	}
	for _, name := range []string{"sin", "cos", "tan", "asin", "acos", "atan"} {
		all = append(all, entry{Name: name, Naming: FirstArgument, Sig: "value:real -> real", Doc: "Gives the " + name + " of a number; null outside its domain.", Example: "print " + name + "(0.5)"})
	}
	return append(all, entry{Name: "atan2", Naming: FirstArgument, Sig: "y:real, x:real -> real", Doc: "Gives the angle of a point.", Example: "print atan2(1, 1)"})
}
