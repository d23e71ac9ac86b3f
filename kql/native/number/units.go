package number

import (
	"math"
	"strings"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// unit is a unit of a quantity: how much of the base unit it is.
type unit struct {
	factor float64
	offset float64 // in base units, for temperatures
	// sine is set for the one unit that is no multiple: the sine of an angle.
	sine bool
}

func (u unit) toBase(x float64) float64 {
	if u.sine {
		return math.Asin(x)
	}
	return x*u.factor + u.offset
}

func (u unit) fromBase(x float64) float64 {
	if u.sine {
		return math.Sin(x)
	}
	return (x - u.offset) / u.factor
}

// quantity is what units of one kind measure. Its units are written as lines
// of a name, a factor, and the prefixes that it is used with.
type quantity struct {
	name  string
	units map[string]unit
}

// function converts a value from one unit to another; null for a unit that
// there is not.
func (q quantity) function() native.Function {
	params := []types.Type{types.Real, types.String, types.String}
	return native.Function{Name: "convert_" + q.name, Params: params, Result: types.Real, Call: func(args []any) (any, error) {
		x, ok := args[0].(float64)
		fromName, _ := args[1].(string)
		toName, _ := args[2].(string)
		from, ok1 := q.units[fromName]
		to, ok2 := q.units[toName]
		if !ok || !ok1 || !ok2 {
			return nil, nil
		}
		if from == to {
			return x, nil
		}
		return to.fromBase(from.toBase(x)), nil
	}}
}

var prefixes = map[string]float64{
	"Nano": 1e-9, "Micro": 1e-6, "Milli": 1e-3, "Centi": 1e-2, "Deci": 1e-1,
	"Deca": 10, "Hecto": 100, "Kilo": 1e3, "Mega": 1e6, "Giga": 1e9, "Tera": 1e12,
}

// measured lists one unit, and its multiples under the given prefixes.
type measured struct {
	name     string
	factor   float64
	prefixes string
}

func newQuantity(name string, units []measured) quantity {
	q := quantity{name: name, units: map[string]unit{}}
	for _, m := range units {
		q.units[m.name] = unit{factor: m.factor}
		for prefix := range strings.FieldsSeq(m.prefixes) {
			q.units[prefix+strings.ToLower(m.name[:1])+m.name[1:]] = unit{factor: prefixes[prefix] * m.factor}
		}
	}
	return q
}

// Lengths in metres, from which speeds and volumes follow.
const (
	inch     = 0.0254
	foot     = 12 * inch
	mile     = 5280 * foot
	survey   = 1200.0 / 3937
	light    = 9.4607304725808e15 // how far it goes in a year
	parsec   = 3.0856775814913673e16
	pound    = 0.45359237 // in kilograms
	gravity  = 9.80665
	gallon   = 231 * inch * inch * inch // of the United States
	imperial = 0.00454609
)

func quantities() []quantity {
	const turn = math.Pi / 180
	angle := newQuantity("angle", []measured{
		{"Radian", 1, "Centi Deci Micro Milli Nano"}, {"Degree", turn, "Micro Milli Nano"}, {"Arcminute", turn / 60, ""},
		{"Arcsecond", turn / 3600, ""}, {"Gradian", turn * 0.9, ""}, {"NatoMil", 2 * math.Pi / 6400, ""}, {"Revolution", 2 * math.Pi, ""},
	})
	angle.units["Tilt"] = unit{sine: true}
	return append([]quantity{angle, temperature()}, multiples()...)
}

func temperature() quantity {
	const zero = 273.15
	return quantity{name: "temperature", units: map[string]unit{
		"Kelvin": {factor: 1}, "DegreeCelsius": {factor: 1, offset: zero}, "MillidegreeCelsius": {factor: 1e-3, offset: zero},
		"DegreeFahrenheit": {factor: 5.0 / 9, offset: 459.67 * 5 / 9}, "DegreeRankine": {factor: 5.0 / 9},
		"DegreeDelisle": {factor: -2.0 / 3, offset: zero + 100}, "DegreeNewton": {factor: 100.0 / 33, offset: zero},
		"DegreeReaumur": {factor: 1.25, offset: zero}, "DegreeRoemer": {factor: 40.0 / 21, offset: zero - 7.5*40/21},
		"SolarTemperature": {factor: 5778},
	}}
}
