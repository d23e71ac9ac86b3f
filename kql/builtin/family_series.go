package builtin

import "strings"

func seriesEntries() []entry {
	all := append(seriesElementEntries(), seriesTotalEntries()...)
	all = append(all, seriesFillEntries()...)
	return append(all, seriesAnalysisEntries()...)
}

// The signatures that several functions have.
const (
	oneSeries = "series:dynamic -> dynamic"
	twoSeries = "series1:dynamic, series2:dynamic -> dynamic | series1:dynamic, series2:number -> dynamic | series1:number, series2:dynamic -> dynamic"
)

func seriesElementEntries() []entry {
	var all []entry
	add := func(name, sig, doc, args string) {
		all = append(all, entry{Name: "series_" + name, Stage: "native", Sig: sig, Doc: doc, Example: "print series_" + name + "(" + args + ")"})
	}
	add("abs", oneSeries, "Gives the absolute value of each element.", "dynamic([-1.5, 2])")
	add("acos", oneSeries, "Gives the angle whose cosine is each element.", "dynamic([-1, 0, 1])")
	add("asin", oneSeries, "Gives the angle whose sine is each element.", "dynamic([-1, 0, 1])")
	add("atan", oneSeries, "Gives the angle whose tangent is each element.", "dynamic([-1, 0, 1])")
	add("ceiling", oneSeries, "Rounds each element up.", "dynamic([-1.5, 2.25])")
	add("cos", oneSeries, "Gives the cosine of each element.", "dynamic([0, 1])")
	add("exp", oneSeries, "Raises e to the power of each element.", "dynamic([0, 1])")
	add("floor", oneSeries, "Rounds each element down.", "dynamic([-1.5, 2.25])")
	add("log", oneSeries, "Gives the natural logarithm of each element.", "dynamic([1, 10])")
	add("sign", oneSeries, "Gives -1, 0 or 1 for each element, as it is negative, zero or positive.", "dynamic([-7, 0, 2.5])")
	add("sin", oneSeries, "Gives the sine of each element.", "dynamic([0, 1])")
	add("tan", oneSeries, "Gives the tangent of each element.", "dynamic([0, 1])")
	add("add", twoSeries, "Adds two series element by element.", "dynamic([1, 2]), dynamic([3, 4])")
	add("subtract", twoSeries, "Subtracts the second series from the first element by element.", "dynamic([1, 2]), dynamic([3, 4])")
	add("multiply", twoSeries, "Multiplies two series element by element.", "dynamic([1, 2]), 3")
	add("divide", twoSeries, "Divides the first series by the second element by element.", "dynamic([1, 2]), dynamic([4, 5])")
	add("pow", twoSeries, "Raises each element of the first series to the power of the one in the second.", "dynamic([2, 3]), 2")
	add("equals", twoSeries, "Says for each element whether two series are equal there.", "dynamic([1, 2]), dynamic([1, 3])")
	add("not_equals", twoSeries, "Says for each element whether two series differ there.", "dynamic([1, 2]), dynamic([1, 3])")
	add("less", twoSeries, "Says for each element whether the first series is less there.", "dynamic([1, 2]), dynamic([1, 3])")
	add("less_equals", twoSeries, "Says for each element whether the first series is less or equal there.", "dynamic([1, 2]), dynamic([1, 3])")
	add("greater", twoSeries, "Says for each element whether the first series is greater there.", "dynamic([1, 2]), dynamic([1, 1])")
	add("greater_equals", twoSeries, "Says for each element whether the first series is greater or equal there.", "dynamic([1, 2]), dynamic([1, 3])")
	return all
}

func seriesTotalEntries() []entry {
	return []entry{
		{Name: "series_sum", Sig: "series:dynamic -> real", Doc: "Adds the numbers of a series.", Example: "print series_sum(dynamic([1, 2]))"},
		{Name: "series_product", Stage: "native", Sig: "series:dynamic -> real", Doc: "Multiplies the numbers of a series.", Example: "print series_product(dynamic([2, 3, 4]))"},
		{Name: "series_magnitude", Stage: "native", Sig: "series:dynamic -> real", Doc: "Gives the length of a series as a vector.", Example: "print series_magnitude(dynamic([3, 4]))"},
		{Name: "series_dot_product", Stage: "native", Sig: strings.ReplaceAll(twoSeries, "-> dynamic", "-> real"), Doc: "Gives the sum of the products of two series.", Example: "print series_dot_product(dynamic([1, 2]), dynamic([3, 4]))"},
		{Name: "series_cosine_similarity", Stage: "native", Sig: "series1:dynamic, series2:dynamic, magnitude1?:real, magnitude2?:real -> real", Doc: "Gives the cosine of the angle between two series as vectors.", Example: "print series_cosine_similarity(dynamic([1, 2]), dynamic([2, 1]))"},
		{Name: "series_pearson_correlation", Stage: "native", Sig: "series1:dynamic, series2:dynamic -> real", Doc: "Gives the correlation of two series, from -1 to 1.", Example: "print series_pearson_correlation(dynamic([1, 2, 3]), dynamic([2, 4, 7]))"},
	}
}

func seriesFillEntries() []entry {
	return []entry{
		{Name: "series_fill_forward", Stage: "native", Naming: FirstArgument, Sig: "series:dynamic, missing?:scalar -> dynamic", Doc: "Fills missing elements with the nearest value before them.", Example: "print series_fill_forward(dynamic([null, 3, null]))"},
		{Name: "series_fill_backward", Stage: "native", Naming: FirstArgument, Sig: "series:dynamic, missing?:scalar -> dynamic", Doc: "Fills missing elements with the nearest value behind them.", Example: "print series_fill_backward(dynamic([null, 3, null]))"},
		{Name: "series_fill_const", Stage: "native", Naming: FirstArgument, Sig: "series:dynamic, constant:scalar, missing?:scalar -> dynamic", Doc: "Fills missing elements with a value.", Example: "print series_fill_const(dynamic([null, 3, null]), 0)"},
		{Name: "series_fill_linear", Stage: "native", Naming: FirstArgument, Sig: "series:dynamic, missing?:scalar, edges?:bool, constant?:scalar -> dynamic", Doc: "Fills missing elements along the line between their neighbours.", Example: "print series_fill_linear(dynamic([2, null, 4]))"},
	}
}

const (
	lineColumns       = "(rsquare:real, slope:real, variance:real, rvariance:real, interception:real, line_fit:dynamic)"
	twoLinesColumns   = "(rsquare:real, split_idx:long, variance:real, rvariance:real, line_fit:dynamic, right_rsquare:real, right_slope:real, right_interception:real, right_variance:real, right_rvariance:real, left_rsquare:real, left_slope:real, left_interception:real, left_variance:real, left_rvariance:real)"
	statisticsColumns = "(min:real, min_idx:long, max:real, max_idx:long, avg:real, stdev:real, variance:real)"
)

func seriesAnalysisEntries() []entry {
	return []entry{
		{Name: "series_decompose", Stage: "native", Sig: "series:dynamic, seasonality?:integer, trend?:string, test_points?:integer, threshold?:number -> (baseline:dynamic, seasonal:dynamic, trend:dynamic, residual:dynamic)", Doc: "Takes a series apart into a seasonal part, a trend and what remains.", Example: "print series_decompose(dynamic([1, 2, 3, 5, 4]), 0, 'linefit')"},
		{Name: "series_decompose_anomalies", Stage: "native", Sig: "series:dynamic, threshold?:number, seasonality?:integer, trend?:string, test_points?:integer, method?:string, seasonality_threshold?:number -> (ad_flag:dynamic, ad_score:dynamic, baseline:dynamic)", Doc: "Marks the points that differ from what the rest of the series leads to expect.", Example: "print (flag, score, baseline) = series_decompose_anomalies(dynamic([1, 2, 1, 2, 1, 40, 2, 1, 2, 1]), 1.5)"},
		{Name: "series_decompose_forecast", Stage: "native", Sig: "series:dynamic, points:integer, seasonality?:integer, trend?:string, threshold?:number -> (baseline:dynamic, seasonal:dynamic, trend:dynamic, residual:dynamic)", Doc: "Predicts the last points of a series from those before.", Example: "print forecast = series_decompose_forecast(dynamic([1, 2, 3, 0, 0]), 2, 0, 'linefit')"},
		{Name: "series_fft", Stage: "native", Sig: "real:dynamic, imaginary?:dynamic -> (real:dynamic, imag:dynamic)", Doc: "Gives the discrete Fourier transform of a series.", Example: "print series_fft(dynamic([1, 0, 0, 0]))"},
		{Name: "series_ifft", Stage: "native", Sig: "real:dynamic, imaginary?:dynamic -> (real:dynamic, imag:dynamic)", Doc: "Gives the inverse of the discrete Fourier transform.", Example: "print series_ifft(dynamic([1, 1, 1, 1]))"},
		{Name: "series_fir", Stage: "native", Naming: FirstArgument, Sig: "series:dynamic, filter:dynamic, normalize?:bool, center?:bool -> dynamic", Doc: "Applies a finite impulse response, such as a moving average.", Example: "print series_fir(dynamic([1, 2, 3, 4]), dynamic([1, 1]))"},
		{Name: "series_iir", Stage: "native", Naming: FirstArgument, Sig: "series:dynamic, numerators:dynamic, denominators:dynamic -> dynamic", Doc: "Applies an infinite impulse response, such as exponential smoothing.", Example: "print series_iir(dynamic([1, 2, 3, 4]), dynamic([1]), dynamic([1, -1]))"},
		{Name: "series_fit_line", Stage: "native", Sig: "series:dynamic -> " + lineColumns, Doc: "Fits a line to a series.", Example: "print series_fit_line(dynamic([1, 3, 5, 8]))"},
		{Name: "series_fit_line_dynamic", Stage: "native", Sig: oneSeries, Doc: "Fits a line to a series and gives a bag.", Example: "print series_fit_line_dynamic(dynamic([1, 3, 5, 8]))"},
		{Name: "series_fit_2lines", Stage: "native", Sig: "series:dynamic -> " + twoLinesColumns, Doc: "Fits two lines to a series, one to each side of the place where its trend changes.", Example: "print series_fit_2lines(dynamic([1, 2, 3, 9, 8, 7]))"},
		{Name: "series_fit_2lines_dynamic", Stage: "native", Sig: oneSeries, Doc: "Fits two lines to a series and gives a bag.", Example: "print series_fit_2lines_dynamic(dynamic([1, 2, 3, 9, 8, 7]))"},
		{Name: "series_fit_poly", Stage: "native", Sig: "y_series:dynamic, x_series?:dynamic, degree?:integer -> (rsquare:real, coefficients:dynamic, variance:real, rvariance:real, poly_fit:dynamic)", Doc: "Fits a polynomial to a series.", Example: "print series_fit_poly(dynamic([1, 4, 9, 16]), dynamic([1, 2, 3, 4]), 2)"},
		{Name: "series_outliers", Stage: "native", Naming: FirstArgument, Sig: "series:dynamic, kind?:string, ignore?:number, min_percentile?:number, max_percentile?:number, test_points?:integer -> dynamic", Doc: "Scores how far each element lies outside of what is usual.", Example: "print series_outliers(dynamic([1, 2, 3, 2, 50, 1, 2, 3, 2, 1]))"},
		{Name: "series_periods_detect", Stage: "native", Sig: "series:dynamic, min_period:number, max_period:number, count:integer -> (periods:dynamic, scores:dynamic)", Doc: "Finds the periods in which a series repeats.", Example: "print series_periods_detect(dynamic([1, 3, 2, 5, 1, 3, 2, 5, 1, 3, 2, 5, 1, 3]), 0, 7, 2)"},
		{Name: "series_periods_validate", Stage: "native", Sig: "series:dynamic, period...:number -> (periods:dynamic, scores:dynamic)", Doc: "Says how sure it is that a series has the periods.", Example: "print series_periods_validate(dynamic([1, 3, 2, 5, 1, 3, 2, 5, 1, 3, 2, 5, 1, 3]), 4, 6)"},
		{Name: "series_seasonal", Stage: "native", Sig: "series:dynamic, period?:integer, test_points?:integer -> dynamic", Doc: "Gives the seasonal part of a series: the median of each phase of its period.", Example: "print series_seasonal(dynamic([1, 3, 5, 1, 3, 5, 2, 4, 6]), 3)"},
		{Name: "series_stats", Stage: "native", Sig: "series:dynamic, const ignore_nonfinite?:bool -> " + statisticsColumns, Doc: "Describes a series: its extremes, where they are, its average and how it varies.", Example: "print series_stats(dynamic([1, 5, 3]))"},
		{Name: "series_stats_dynamic", Stage: "native", Sig: "series:dynamic, const ignore_nonfinite?:bool -> dynamic", Doc: "Describes a series in a bag.", Example: "print series_stats_dynamic(dynamic([1, 5, 3]))"},
	}
}
