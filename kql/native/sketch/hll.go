package sketch

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"slices"
)

// A set of different values is kept as the least of their hashes, at most as
// many as its accuracy says. While there are fewer, the count is exact; behind
// that it follows from how closely the least hashes lie. Two such sets merge
// into the one of all values, and they can be intersected.
//
// As a dynamic value it is ["hll", most hashes, their bytes in base64].
type valueSet struct {
	most   int
	hashes []int64 // ascending, different, not negative
}

const hllMark = "hll"

// mostHashes is how many hashes an accuracy of hll() keeps. The error behind
// that is one in the root of the number.
func mostHashes(accuracy any) int {
	level, ok := accuracy.(int64)
	if !ok {
		level = 1
	}
	return 1 << (12 + 2*min(max(level, 0), 2))
}

func (s *valueSet) value() any {
	data := make([]byte, 0, 8*len(s.hashes))
	for _, h := range s.hashes {
		data = binary.BigEndian.AppendUint64(data, uint64(h))
	}
	return []any{hllMark, int64(s.most), base64.StdEncoding.EncodeToString(data)}
}

func readSet(v any) (*valueSet, bool) {
	parts, ok := v.([]any)
	if !ok || len(parts) != 3 || parts[0] != hllMark {
		return nil, false
	}
	most, ok := parts[1].(int64)
	text, isText := parts[2].(string)
	if !ok || !isText || most < 2 || most > int64(mostHashes(int64(2))) {
		return nil, false
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(data)%8 != 0 || len(data)/8 > int(most) {
		return nil, false
	}
	s := &valueSet{most: int(most), hashes: make([]int64, 0, len(data)/8)}
	for ; len(data) > 0; data = data[8:] {
		s.hashes = append(s.hashes, int64(binary.BigEndian.Uint64(data)&math.MaxInt64))
	}
	s.settle()
	return s, true
}

// settle sorts the hashes and keeps the least of them.
func (s *valueSet) settle() {
	slices.Sort(s.hashes)
	s.hashes = slices.Compact(s.hashes)
	s.hashes = s.hashes[:min(len(s.hashes), s.most)]
}

// merged returns the set of the values of both. The coarser one decides how
// many hashes say something about all values.
func merged(a, b *valueSet) *valueSet {
	out := &valueSet{most: min(a.most, b.most), hashes: slices.Concat(a.hashes, b.hashes)}
	out.settle()
	return out
}

func (s *valueSet) count() int64 {
	n := len(s.hashes)
	if n < s.most {
		return int64(n)
	}
	return int64(math.Round(float64(n-1) / s.covered()))
}

// covered is the share of all hashes that the kept ones reach up to.
func (s *valueSet) covered() float64 {
	return (float64(s.hashes[len(s.hashes)-1]) + 1) / (1 << 63)
}

// gatherHLL makes a set of an array of hashes.
func gatherHLL(args []any) (any, error) {
	s := &valueSet{most: mostHashes(args[1])}
	list, _ := args[0].([]any)
	for _, v := range list {
		if h, ok := v.(int64); ok && h >= 0 {
			s.hashes = append(s.hashes, h)
		}
	}
	s.settle()
	return s.value(), nil
}

func gatherMergedHLL(args []any) (any, error) {
	list, _ := args[0].([]any)
	return mergeHLL(list)
}

// mergeHLL merges sets. What is none is passed over.
func mergeHLL(sets []any) (any, error) {
	var out *valueSet
	for _, v := range sets {
		s, ok := readSet(v)
		switch {
		case !ok:
		case out == nil:
			out = s
		default:
			out = merged(out, s)
		}
	}
	if out == nil {
		return nil, nil
	}
	return out.value(), nil
}

func countHLL(args []any) (any, error) {
	s, ok := readSet(args[0])
	if !ok {
		return nil, nil
	}
	return s.count(), nil
}

// intersectHLL counts the values of the first set, of the first two, and so on.
// The share of the least hashes of all sets together that every set has says
// how much they have in common.
func intersectHLL(args []any) (any, error) {
	counts := make([]any, len(args))
	var sets []*valueSet
	for i, v := range args {
		s, ok := readSet(v)
		if !ok {
			return counts, nil
		}
		sets = append(sets, s)
		counts[i] = intersection(sets)
	}
	return counts, nil
}

func intersection(sets []*valueSet) int64 {
	all := sets[0]
	for _, s := range sets[1:] {
		all = merged(all, s)
	}
	common := 0
	for _, h := range all.hashes {
		if inAll(sets, h) {
			common++
		}
	}
	if len(all.hashes) < all.most {
		return int64(common)
	}
	return int64(math.Round(float64(common) / float64(len(all.hashes)) * float64(all.count())))
}

func inAll(sets []*valueSet, h int64) bool {
	for _, s := range sets {
		if _, ok := slices.BinarySearch(s.hashes, h); !ok {
			return false
		}
	}
	return true
}
