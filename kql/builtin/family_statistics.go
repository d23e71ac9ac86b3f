package builtin

func statisticsEntries() []entry {
	all := []entry{
		{Name: "erf", Naming: FirstArgument, Stage: "native", Sig: "value:real -> real", Doc: "Gives the error function of a number.", Example: "print erf(0.5)"},
		{Name: "erfc", Naming: FirstArgument, Stage: "native", Sig: "value:real -> real", Doc: "Gives the complementary error function of a number.", Example: "print erfc(0.5)"},
		{Name: "gamma", Naming: FirstArgument, Stage: "native", Sig: "value:real -> real", Doc: "Gives the gamma function of a number.", Example: "print gamma(5)"},
		{Name: "loggamma", Naming: FirstArgument, Stage: "native", Sig: "value:real -> real", Doc: "Gives the logarithm of the absolute value of the gamma function.", Example: "print loggamma(5)"},
		{Name: "beta_cdf", Stage: "native", Sig: "x:real, alpha:real, beta:real -> real", Doc: "Gives the probability that a value of the beta distribution is at most x.", Example: "print beta_cdf(0.5, 2, 3)"},
		{Name: "beta_inv", Stage: "native", Sig: "probability:real, alpha:real, beta:real -> real", Doc: "Gives the x whose beta_cdf() is a probability.", Example: "print beta_inv(0.5, 2, 3)"},
		{Name: "beta_pdf", Stage: "native", Sig: "x:real, alpha:real, beta:real -> real", Doc: "Gives the density of the beta distribution.", Example: "print beta_pdf(0.5, 2, 3)"},
		{Name: "welch_test", Stage: "native", Sig: "mean1:real, variance1:real, count1:real, mean2:real, variance2:real, count2:real -> real", Doc: "Gives the probability that two samples come from populations of one mean (Welch's t-test).", Example: "print welch_test(10, 2, 30, 11, 3, 25)"},
	}
	for _, of := range []struct{ quantity, from, to string }{
		{"angle", "Degree", "Radian"}, {"energy", "WattHour", "Joule"}, {"force", "PoundForce", "Newton"}, {"length", "Mile", "Kilometer"},
		{"mass", "Pound", "Kilogram"}, {"speed", "Knot", "KilometerPerHour"}, {"temperature", "DegreeFahrenheit", "DegreeCelsius"}, {"volume", "UsGallon", "Liter"},
	} {
		all = append(all, entry{Name: "convert_" + of.quantity, Stage: "native", Sig: "value:real, from:string, to:string -> real",
			Doc:     "Converts between units of " + of.quantity + "; null for a unit that there is not.",
			Example: "print convert_" + of.quantity + "(1, '" + of.from + "', '" + of.to + "')"})
	}
	return all
}
