package lake

import (
	"math/bits"
	"math/rand/v2"
)

// table finds groups by their keys, in a fraction of what a map of such keys takes. Where
// a key goes is drawn anew for each table, so that nobody can choose keys that meet.
type table struct {
	factors [maxKeys]uint64
	at      []uint32 // numbers of groups from 1, 0 for none; a power of two, and half of it is free
}

// leastTable is how many places a table has at least.
const leastTable = 1 << 8

// largeTable is how many places a table has that is not kept for others, as it must be
// cleared for them.
const largeTable = 1 << 13

func (t *table) large() bool { return len(t.at) > largeTable }

func newTable() table {
	t := table{at: make([]uint32, leastTable)}
	for i := range t.factors {
		t.factors[i] = rand.Uint64() | 1
	}
	return t
}

// of returns the place of a key: what is there is the number of its group, or 0.
func (t *table) of(k *key, groups []group) *uint32 {
	var sum uint64
	for i, factor := range t.factors {
		sum += uint64(k[i]) * factor
	}
	mask := len(t.at) - 1
	for at := int(sum >> (64 - bits.Len(uint(mask)))); ; at = (at + 1) & mask {
		if number := t.at[at]; number == 0 || groups[number-1].key == *k {
			return &t.at[at]
		}
	}
}

// grow makes room for one more group than there are.
func (t *table) grow(groups []group) {
	if 2*len(groups) < len(t.at) {
		return
	}
	t.at = make([]uint32, 2*len(t.at))
	for i := range groups {
		*t.of(&groups[i].key, groups) = uint32(i + 1)
	}
}
