package jsontape

import (
	"math/bits"

	"github.com/cespare/xxhash/v2"
)

// Outline returns a number for how a value is built: the names of members, in
// their order, and the kinds of values. Texts, numbers, which of true and false,
// and how many items an array has, do not count; items of an array that are
// built like the one before count once. But an item that is an object of at most
// maxNamed members is known by its label, too: the text of the first member for
// whose name isLabel is true. isLabel may be nil.
//
// Values of one outline are built alike but for a coincidence of 64 bits. The
// number may differ between versions of this package.
func (v Value) Outline(isLabel func(name string) bool) uint64 {
	if v.t == nil {
		return 0
	}
	o := outliner{t: v.t, isLabel: isLabel}
	return o.value(outlineStart, v.at)
}

// maxNamed is how many members an item with a label has at most: a name, an old
// and a new value.
const maxNamed = 3

const (
	outlineStart  uint64 = 0x2d358dccaa6c78a5
	outlineEnd    uint64 = 0x8bb84b93962eacc9
	outlineText   uint64 = 0x4b33a62ed433d4a3
	outlineSumXor uint64 = 0xa0761d6478bd642f
	outlineXor    uint64 = 0xe7037ed1a0b428db
)

type outliner struct {
	t       *Tape
	isLabel func(string) bool
}

func (o *outliner) value(sum uint64, at uint32) uint64 {
	n := &o.t.nodes[at]
	switch n.kind {
	case Object:
		return o.members(sum, at)
	case Array:
		return o.items(sum, at)
	}
	return outlineMix(sum, outlineKind(n.kind))
}

func (o *outliner) members(sum uint64, at uint32) uint64 {
	n := &o.t.nodes[at]
	i := at + 1
	for range n.size {
		key, value := &o.t.nodes[i], &o.t.nodes[i+1]
		sum = outlineString(sum^outlineKind(value.kind), o.t.text[key.start:key.end])
		if value.kind >= Array {
			sum = o.value(sum, i+1)
		}
		i = value.after
	}
	return outlineMix(sum, outlineEnd)
}

func (o *outliner) items(sum uint64, at uint32) uint64 {
	n := &o.t.nodes[at]
	i, last := at+1, uint64(0)
	for range n.size {
		item := o.value(outlineStart, i)
		if o.t.nodes[i].kind == Object && o.t.nodes[i].size <= maxNamed && o.isLabel != nil {
			item = o.label(item, i)
		}
		if item != last {
			sum = outlineMix(sum, item)
		}
		last = item
		i = o.t.nodes[i].after
	}
	return outlineMix(sum, outlineEnd)
}

// label adds the text of an item's label.
func (o *outliner) label(sum uint64, at uint32) uint64 {
	n := &o.t.nodes[at]
	i := at + 1
	for range n.size {
		key, value := &o.t.nodes[i], &o.t.nodes[i+1]
		if value.kind == String && o.isLabel(o.t.text[key.start:key.end]) {
			return outlineString(sum^outlineText, o.t.text[value.start:value.end])
		}
		i = value.after
	}
	return sum
}

// outlineKind spreads kinds over a word; true and false are of one kind.
func outlineKind(k Kind) uint64 {
	if k == False {
		k = True
	}
	return uint64(k) * 0x9e3779b97f4a7c15
}

func outlineMix(sum, hash uint64) uint64 {
	high, low := bits.Mul64(sum^outlineSumXor, hash^outlineXor)
	return high ^ low
}

// outlineString adds a text. Up to 16 bytes are two words that may overlap.
func outlineString(sum uint64, s string) uint64 {
	n := len(s)
	var head, tail uint64
	switch {
	case n > 16:
		return outlineMix(sum, xxhash.Sum64String(s))
	case n >= 8:
		head, tail = outlineWord(s), outlineWord(s[n-8:])
	case n > 0:
		for i := range n {
			head = head<<8 | uint64(s[i])
		}
	}
	return outlineMix(sum^head, tail^uint64(n)<<56)
}

func outlineWord(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
