package termfilter

import (
	"fmt"
	"io"
	"math"
	"math/bits"
)

// A map from hashes to small numbers that holds no hash: a hash has three places, and
// the number is what stands in them, put together by exclusive or. Of a hash that was
// not put in it gives any number. It is a binary fuse filter
// (https://arxiv.org/abs/2201.01174), whose fingerprint is the number: about 1.14
// places for a hash.

// entries are what is put into a map.
type entries struct {
	keys   []uint64
	values []uint32
}

// fuse says where the places of a map are.
type fuse struct {
	width       int   // bits of a place
	at          int64 // where it begins
	seed        uint8
	segmentBits uint8
	segments    uint32 // those that the first place of a hash may be in; 0: the map is empty
}

// fuseBytes is the length of a map in the directory: what of it is not known otherwise.
const fuseBytes = 1 + 1 + 4

// maxSegmentBits bounds the segments, as the paper does.
const maxSegmentBits = 18

func (f *fuse) places() int { return int(f.segments+2) << f.segmentBits }

func (f *fuse) bytes() int64 {
	if f.segments == 0 {
		return 0
	}
	return int64(f.places()*f.width+7)/8 + 2 // so that any place can be read with three bytes
}

// of returns the places of a hash.
func (f *fuse) of(hash uint64) (places [3]uint32) {
	h := mix(hash + uint64(f.seed)*0x9e3779b97f4a7c15)
	first, _ := bits.Mul64(h, uint64(f.segments)<<f.segmentBits)
	length := uint32(1) << f.segmentBits
	places[0] = uint32(first)
	places[1] = (places[0] + length) ^ uint32(h>>18)&(length-1)
	places[2] = (places[0] + 2*length) ^ uint32(h)&(length-1)
	return places
}

// newFuse returns the shape of a map of that many hashes.
func newFuse(hashes, width int) fuse {
	if hashes == 0 {
		return fuse{width: width}
	}
	n := float64(max(hashes, 2))
	f := fuse{width: width, segmentBits: uint8(min(maxSegmentBits, math.Floor(math.Log(n)/math.Log(3.33)+2.25)))}
	capacity := n * max(1.125, 0.875+0.25*math.Log(1e6)/math.Log(n))
	f.segments = uint32(max(1, math.Ceil(capacity/float64(int(1)<<f.segmentBits))-2))
	return f
}

// build makes a map. Few shapes fit at once, so the next seed is tried, and now and then
// a place more.
func build(e entries, width int) (fuse, []byte) {
	f := newFuse(len(e.keys), width)
	if len(e.keys) == 0 {
		return f, nil
	}
	order := make([]peeled, 0, len(e.keys))
	for !f.peel(e, &order) {
		if f.seed++; f.seed%8 == 0 {
			f.segments += f.segments/16 + 1
		}
	}
	places := make([]uint32, f.places())
	for i := len(order) - 1; i >= 0; i-- {
		p := order[i]
		value := e.values[p.entry]
		for _, at := range f.of(e.keys[p.entry]) {
			if at != p.place {
				value ^= places[at]
			}
		}
		places[p.place] = value
	}
	return f, f.packed(places)
}

// peeled is an entry and the place that it alone decides.
type peeled struct{ entry, place uint32 }

// peel finds an order in which each entry has a place that no later one has.
func (f *fuse) peel(e entries, order *[]peeled) bool {
	type place struct{ count, entries uint32 } // entries are put together by exclusive or
	places := make([]place, f.places())
	for i, key := range e.keys {
		for _, at := range f.of(key) {
			places[at].count++
			places[at].entries ^= uint32(i)
		}
	}
	var single []uint32
	for at := range places {
		if places[at].count == 1 {
			single = append(single, uint32(at))
		}
	}
	*order = (*order)[:0]
	for len(single) > 0 {
		at := single[len(single)-1]
		single = single[:len(single)-1]
		if places[at].count != 1 {
			continue
		}
		entry := places[at].entries
		*order = append(*order, peeled{entry, at})
		for _, other := range f.of(e.keys[entry]) {
			places[other].count--
			places[other].entries ^= entry
			if places[other].count == 1 {
				single = append(single, other)
			}
		}
	}
	return len(*order) == len(e.keys)
}

func (f *fuse) packed(places []uint32) []byte {
	out := make([]byte, f.bytes())
	for i, value := range places {
		bit := i * f.width
		v := value << (bit % 8)
		for at := bit / 8; v != 0; at++ {
			out[at] |= byte(v)
			v >>= 8
		}
	}
	return out
}

// get returns what a map says of a hash.
func (f *fuse) get(r io.ReaderAt, hash uint64) (value uint32, err error) {
	for _, place := range f.of(hash) {
		bit := int64(place) * int64(f.width)
		b, err := threeBytes(r, f.at+bit/8)
		if err != nil {
			return 0, err
		}
		value ^= b >> (bit % 8)
	}
	return value & (1<<f.width - 1), nil
}

// threeBytes reads a number of three bytes; what is in memory costs no allocation.
func threeBytes(r io.ReaderAt, at int64) (uint32, error) {
	if h, ok := r.(*held); ok {
		if b := h.piece(at, 3); b != nil {
			return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16, nil
		}
		r = h.file
	}
	var b [3]byte
	if _, err := r.ReadAt(b[:], at); err != nil {
		return 0, fmt.Errorf("read filter of terms: %w", err)
	}
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16, nil
}
