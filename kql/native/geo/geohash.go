package geo

import (
	"math"
	"strings"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

const (
	geohashDigits  = "0123456789bcdefghjkmnpqrstuvwxyz"
	longestGeohash = 18
)

func geohashFunctions() []native.Function {
	return []native.Function{
		optional("geo_point_to_geohash", types.String, pointToGeohash, types.Real, types.Real, types.Long),
		function("geo_geohash_to_central_point", types.Dynamic, geohashToCentralPoint, types.String),
		function("geo_geohash_to_polygon", types.Dynamic, geohashToPolygon, types.String),
		function("geo_geohash_neighbors", types.Dynamic, geohashNeighbors, types.String),
	}
}

func pointToGeohash(args []any) any {
	_, ok1 := latLng(args[0], args[1])
	length, ok2 := level(args, 2, 5, 1, longestGeohash)
	if !ok1 || !ok2 {
		return nil
	}
	return geohash(args[0].(float64), args[1].(float64), length)
}

// geohash halves the longitudes and the latitudes in turn, and writes the
// halves that were taken, five to a letter.
func geohash(lng, lat float64, length int) string {
	box := [2][2]float64{{-180, 180}, {-90, 90}}
	at := [2]float64{lng, lat}
	text := make([]byte, length)
	for i := range text {
		digit := 0
		for bit := range 5 {
			axis := (i*5 + bit) % 2
			middle := (box[axis][0] + box[axis][1]) / 2
			digit <<= 1
			if at[axis] >= middle {
				digit++
				box[axis][0] = middle
			} else {
				box[axis][1] = middle
			}
		}
		text[i] = geohashDigits[digit]
	}
	return string(text)
}

// box is a rectangle of longitudes and latitudes.
type box struct{ west, east, south, north float64 }

func geohashBox(arg any) (box, bool) {
	text, _ := arg.(string)
	if text == "" || len(text) > longestGeohash {
		return box{}, false
	}
	bounds := [2][2]float64{{-180, 180}, {-90, 90}}
	for i := range len(text) {
		digit := strings.IndexByte(geohashDigits, text[i])
		if digit < 0 {
			return box{}, false
		}
		for bit := range 5 {
			axis := (i*5 + bit) % 2
			middle := (bounds[axis][0] + bounds[axis][1]) / 2
			if digit&(16>>bit) != 0 {
				bounds[axis][0] = middle
			} else {
				bounds[axis][1] = middle
			}
		}
	}
	return box{bounds[0][0], bounds[0][1], bounds[1][0], bounds[1][1]}, true
}

func geohashToCentralPoint(args []any) any {
	b, ok := geohashBox(args[0])
	if !ok {
		return nil
	}
	return pointJSON((b.west+b.east)/2, (b.south+b.north)/2)
}

func geohashToPolygon(args []any) any {
	b, ok := geohashBox(args[0])
	if !ok {
		return nil
	}
	return geoJSON("Polygon", []any{[]any{
		position(b.west, b.south), position(b.east, b.south), position(b.east, b.north), position(b.west, b.north), position(b.west, b.south),
	}})
}

// geohashNeighbors gives the cells around one: those across the 180th meridian
// too, none beyond a pole.
func geohashNeighbors(args []any) any {
	b, ok := geohashBox(args[0])
	if !ok {
		return nil
	}
	var cells []string
	for _, step := range [8][2]float64{{-1, 1}, {0, 1}, {1, 1}, {-1, 0}, {1, 0}, {-1, -1}, {0, -1}, {1, -1}} {
		lng := (b.west+b.east)/2 + step[0]*(b.east-b.west)
		lat := (b.south+b.north)/2 + step[1]*(b.north-b.south)
		if math.Abs(lat) > 90 {
			continue
		}
		cells = append(cells, geohash(wrap(lng), lat, len(args[0].(string))))
	}
	return orderedCells(cells)
}

// wrap brings a longitude that is at most one turn off to [-180, 180].
func wrap(lng float64) float64 {
	switch {
	case lng > 180:
		return lng - 360
	case lng < -180:
		return lng + 360
	}
	return lng
}
