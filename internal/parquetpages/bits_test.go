package parquetpages

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Numbers are taken out of bits as one by one, whatever their width, from wherever they
// begin, and none is read beyond the end.
func TestNumbersAreUnpacked(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for width := range maxWidth + 1 {
		for range 60 {
			body := make([]byte, width*r.IntN(12))
			for i := range body {
				body[i] = byte(r.Uint32())
			}
			rows := 8 * r.IntN(12)
			if width > 0 {
				rows = len(body) * 8 / width
			}
			first := r.IntN(rows + 1)
			count := r.IntN(rows - first + 1)
			want := []uint32{7}
			for i := range count {
				want = append(want, bitsAt(body, (first+i)*width, width))
			}
			got := unpackBits(slices.Clip(body), width, first, count, []uint32{7})
			if !slices.Equal(got, want) {
				t.Fatalf("%d of %d bits from %d of %d bytes: %v, want %v", count, width, first, len(body), got, want)
			}
			if largest(got) != slices.Max(want) {
				t.Fatalf("the largest of %v is %d", got, largest(got))
			}
		}
	}
	if got := unpackBits(nil, 3, 100, 0, nil); len(got) != 0 {
		t.Errorf("none behind the end are %v", got)
	}
	if largest(nil) != 0 {
		t.Error("the largest of none")
	}
}
