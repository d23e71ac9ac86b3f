package text

import (
	"math"
	"slices"
	"strconv"
)

// byteUnits are the units of format_bytes, each 1024 of the one before.
var byteUnits = [...]string{"Bytes", "KB", "MB", "GB", "TB", "PB", "EB"}

// formatBytes prints a number of bytes in the largest unit of which there is
// one, or in the unit that is asked for.
func formatBytes(args []any) (any, error) {
	size, ok := args[0].(float64)
	if !ok || math.IsNaN(size) || math.IsInf(size, 0) {
		return "", nil
	}
	precision, _ := args[1].(int64)
	unit := 0
	if name, _ := args[2].(string); name != "" {
		if unit = slices.Index(byteUnits[:], name); unit < 0 {
			return "", nil
		}
		size /= math.Pow(1024, float64(unit))
	} else {
		for ; math.Abs(size) >= 1024 && unit < len(byteUnits)-1; unit++ {
			size /= 1024
		}
	}
	scale := math.Pow(10, float64(max(0, min(precision, 15))))
	if rounded := math.Round(size*scale) / scale; !math.IsInf(rounded, 0) {
		size = rounded + 0 // no minus before a zero
	}
	return strconv.FormatFloat(size, 'f', -1, 64) + " " + byteUnits[unit], nil
}
