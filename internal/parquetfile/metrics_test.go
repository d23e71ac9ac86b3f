package parquetfile_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/quoll/quoll/internal/parquetfile"
)

// TestMetricsCoverAllGroups writes two groups of a row or two each: a bound
// holds for the file only if it holds in each group.
func TestMetricsCoverAllGroups(t *testing.T) {
	number := func(n int64) string { return string(binary.LittleEndian.AppendUint64(nil, uint64(n))) }
	float := func(f float64) int64 { return int64(math.Float64bits(f)) }
	for name, c := range map[string]struct {
		kind      parquetfile.Kind
		groups    [2][]cell
		low, high string
		nulls     int64
	}{
		"texts":                        {parquetfile.Text, [2][]cell{{"m", "c"}, {"x", "d"}}, "c", "x", 0},
		"nulls in one group":           {parquetfile.Text, [2][]cell{{nil, nil}, {"x", nil}}, "x", "x", 3},
		"nulls only":                   {parquetfile.Text, [2][]cell{{nil, nil}, {nil, nil}}, "", "", 4},
		"a group with a text too long": {parquetfile.Text, [2][]cell{{"m", "c"}, {strings.Repeat("z", 200), "d"}}, "", "", 0},
		"numbers below zero":           {parquetfile.Int64, [2][]cell{{int64(5), int64(-3)}, {int64(256), int64(7)}}, number(-3), number(256), 0},
		"floats":                       {parquetfile.Float64, [2][]cell{{float(-1.5), float(2)}, {float(-20), float(0.5)}}, number(float(-20)), number(float(2)), 0},
		"no number":                    {parquetfile.Float64, [2][]cell{{float(1), float(2)}, {float(math.NaN()), float(0.5)}}, "", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			w, err := parquetfile.NewWriter(&out, []parquetfile.Column{{Name: "c", FieldID: 1, Kind: c.kind, Optional: true, Dictionary: true, Bounds: true}}, parquetfile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, values := range c.groups {
				w.Group(len(values))
				chunk := w.Column()
				for _, v := range values {
					switch v := v.(type) {
					case string:
						chunk.Text([]byte(v))
					case int64:
						chunk.Number(v)
					default:
						chunk.Null()
					}
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			columns, splits := w.Metrics()
			m := columns[0]
			if string(m.Low) != c.low || string(m.High) != c.high || m.Nulls != c.nulls || m.Values != 4 {
				t.Errorf("%+v", m)
			}
			if len(splits) != 2 || splits[0] != 4 || splits[1] != 4+firstBytes(m.Bytes, splits, out.Len()) {
				t.Errorf("groups begin at %v of %d bytes", splits, out.Len())
			}
		})
	}
}

// firstBytes is how long the first group is, if the two make up all of the pages.
func firstBytes(pages int64, splits []int64, file int) int64 {
	if len(splits) != 2 || splits[1] <= 4 || splits[1]-4 >= pages || int(pages) >= file {
		return -1
	}
	return splits[1] - 4
}
