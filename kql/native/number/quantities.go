package number

// multiples lists the quantities whose units are all multiples of one another.
func multiples() []quantity {
	return []quantity{energy(), force(), length(), mass(), speed(), volume()}
}

// energy is in joules.
func energy() quantity {
	const thermal, watt = 1055.05585262, 3600
	return newQuantity("energy", []measured{
		{"Joule", 1, "Giga Kilo Mega Milli"}, {"BritishThermalUnit", thermal, "Giga Kilo Mega"}, {"Calorie", 4.184, "Kilo Mega"},
		{"ElectronVolt", 1.602176634e-19, "Giga Kilo Mega Tera"}, {"Erg", 1e-7, ""}, {"FootPound", foot * pound * gravity, ""},
		{"HorsepowerHour", 550 * foot * pound * gravity * watt, ""}, {"WattHour", watt, "Giga Kilo Mega Tera"}, {"WattDay", 24 * watt, "Giga Kilo Mega Tera"},
		{"ThermEc", 1e5 * thermal, "Deca"}, {"ThermImperial", 1.05505585257348e8, "Deca"}, {"ThermUs", 1.054804e8, "Deca"},
	})
}

// force is in newtons.
func force() quantity {
	return newQuantity("force", []measured{
		{"Newton", 1, "Deca Kilo Mega Micro Milli"}, {"Dyn", 1e-5, ""}, {"KilogramForce", gravity, ""}, {"KiloPond", gravity, ""},
		{"TonneForce", 1000 * gravity, ""}, {"PoundForce", pound * gravity, "Kilo"}, {"OunceForce", pound * gravity / 16, ""},
		{"ShortTonForce", 2000 * pound * gravity, ""}, {"Poundal", pound * foot, ""},
	})
}

// length is in metres.
func length() quantity {
	return newQuantity("length", []measured{
		{"Meter", 1, "Centi Deca Deci Hecto Kilo Micro Milli Nano"}, {"Angstrom", 1e-10, ""}, {"AstronomicalUnit", 149_597_870_700, ""},
		{"Chain", 66 * foot, ""}, {"DataMile", 6000 * foot, ""}, {"DtpPica", inch / 6, ""}, {"DtpPoint", inch / 72, ""}, {"Fathom", 6 * foot, ""},
		{"Foot", foot, ""}, {"Hand", 4 * inch, ""}, {"Inch", inch, "Micro"}, {"LightYear", light, "Kilo Mega"}, {"Mil", inch / 1000, ""},
		{"Mile", mile, ""}, {"NauticalMile", 1852, ""}, {"Parsec", parsec, "Kilo Mega"}, {"PrinterPica", 12 * inch / 72.27, ""},
		{"PrinterPoint", inch / 72.27, ""}, {"Shackle", 90 * foot, ""}, {"SolarRadius", 6.957e8, ""}, {"Twip", inch / 1440, ""},
		{"UsSurveyFoot", survey, ""}, {"Yard", 3 * foot, ""},
	})
}

// mass is in kilograms.
func mass() quantity {
	return newQuantity("mass", []measured{
		{"Gram", 1e-3, "Centi Deca Deci Hecto Kilo Micro Milli Nano"}, {"Tonne", 1000, "Kilo Mega"}, {"Pound", pound, "Kilo Mega"},
		{"Ounce", pound / 16, ""}, {"Grain", pound / 7000, ""}, {"Stone", 14 * pound, ""}, {"Slug", pound * gravity / foot, ""},
		{"ShortHundredweight", 100 * pound, ""}, {"ShortTon", 2000 * pound, ""}, {"LongHundredweight", 112 * pound, ""}, {"LongTon", 2240 * pound, ""},
		{"EarthMass", 5.9722e24, ""}, {"SolarMass", 1.98847e30, ""},
	})
}

// speed is in metres a second.
func speed() quantity {
	var units []measured
	for _, m := range []measured{
		{"Meter", 1, "Centi Kilo Milli"}, {"Foot", foot, ""}, {"Inch", inch, ""}, {"UsSurveyFoot", survey, ""}, {"Yard", 3 * foot, ""},
	} {
		for period, seconds := range map[string]float64{"PerHour": 3600, "PerMinute": 60, "PerSecond": 1} {
			units = append(units, measured{m.name + period, m.factor / seconds, m.prefixes})
		}
	}
	for period, seconds := range map[string]float64{"PerMinute": 60, "PerSecond": 1} {
		units = append(units, measured{"Meter" + period, 1 / seconds, "Deci Micro Nano"})
	}
	units = append(units, measured{"MilePerHour", mile / 3600, ""}, measured{"Knot", 1852.0 / 3600, ""})
	return newQuantity("speed", units)
}

// volume is in cubic metres. The acre foot is cut to as many digits as Kusto
// has of it.
func volume() quantity {
	const cubicFoot, cubicInch = foot * foot * foot, inch * inch * inch
	return newQuantity("volume", []measured{
		{"CubicMeter", 1, "Hecto Kilo"}, {"CubicDecimeter", 1e-3, ""}, {"CubicCentimeter", 1e-6, ""}, {"CubicMillimeter", 1e-9, ""},
		{"CubicMicrometer", 1e-18, ""}, {"CubicHectometer", 1e6, ""}, {"CubicKilometer", 1e9, ""},
		{"CubicInch", cubicInch, ""}, {"CubicFoot", cubicFoot, "Hecto Kilo Mega"}, {"CubicYard", 27 * cubicFoot, ""}, {"CubicMile", mile * mile * mile, ""},
		{"AcreFoot", 1 / 0.000810714, ""}, {"BoardFoot", 144 * cubicInch, ""},
		{"Liter", 1e-3, "Centi Deca Deci Hecto Kilo Mega Micro Milli"}, {"MetricCup", 250e-6, ""}, {"MetricTeaspoon", 5e-6, ""},
		{"AuTablespoon", 20e-6, ""}, {"UkTablespoon", 15e-6, ""},
		{"ImperialGallon", imperial, "Kilo Mega"}, {"ImperialPint", imperial / 8, ""}, {"ImperialOunce", imperial / 160, ""}, {"ImperialBeerBarrel", 36 * imperial, ""},
		{"UsGallon", gallon, "Deca Deci Hecto Kilo Mega"}, {"UsQuart", gallon / 4, ""}, {"UsPint", gallon / 8, ""}, {"UsCustomaryCup", gallon / 16, ""},
		{"UsOunce", gallon / 128, ""}, {"UsTablespoon", gallon / 256, ""}, {"UsTeaspoon", gallon / 768, ""}, {"UsLegalCup", 240e-6, ""},
		{"UsBeerBarrel", 31 * gallon, ""}, {"OilBarrel", 42 * gallon, ""},
	})
}
