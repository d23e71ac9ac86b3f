package parquetfile

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// dictionary numbers the distinct values of a column in a row group.
type dictionary struct {
	seed  maphash.Seed
	keys  [2]uint64 // for short values; random as seed is
	table []uint32  // 1 + number of a value, by hash; 0 is free
	space []uint32  // memory that table is a part of
	// The values one behind the other, with where each ends.
	data []byte
	ends []uint32

	last      uint32 // number of the value that came last
	lastValue []byte

	empty uint32 // 1 + number of the empty text, 0 when it has none
}

func newDictionary() *dictionary {
	d := &dictionary{seed: maphash.MakeSeed()}
	for i := range d.keys {
		d.keys[i] = maphash.Bytes(d.seed, []byte{byte(i)}) | 1
	}
	return d
}

// hash is that of a value that is not empty. Most values are short, and to prepare for
// one of any length takes longer than to hash them.
func (d *dictionary) hash(value []byte) uint64 {
	n := len(value)
	var a, b uint64
	switch {
	case n > 64:
		return maphash.Bytes(d.seed, value)
	case n > 16:
		state := d.keys[1] // of all but the last sixteen bytes, by sixteen
		for rest := value; len(rest) > 16; rest = rest[16:] {
			high, low := bits.Mul64(binary.LittleEndian.Uint64(rest)^d.keys[0], binary.LittleEndian.Uint64(rest[8:])^state)
			state = high ^ low
		}
		a, b = binary.LittleEndian.Uint64(value[n-16:]), binary.LittleEndian.Uint64(value[n-8:])^state
	case n >= 8:
		a, b = binary.LittleEndian.Uint64(value), binary.LittleEndian.Uint64(value[n-8:])
	case n >= 4:
		a, b = uint64(binary.LittleEndian.Uint32(value)), uint64(binary.LittleEndian.Uint32(value[n-4:]))
	default:
		a = uint64(value[0])<<16 | uint64(value[n/2])<<8 | uint64(value[n-1])
	}
	high, low := bits.Mul64(a^d.keys[0], b^d.keys[1]^uint64(n)<<56)
	high, low = bits.Mul64(high^low^d.keys[1], d.keys[0])
	return high ^ low
}

// smallTable is how large the table is to begin with.
const smallTable = 1 << 10

func (d *dictionary) reset() {
	d.resize(smallTable)
	d.data, d.ends = d.data[:0], d.ends[:0]
	d.last, d.lastValue, d.empty = 0, nil, 0
}

func (d *dictionary) size() int { return len(d.ends) }

func (d *dictionary) value(number uint32) []byte {
	start := uint32(0)
	if number > 0 {
		start = d.ends[number-1]
	}
	return d.data[start:d.ends[number]]
}

// isLast says that the value is the one that came last.
func (d *dictionary) isLast(value []byte) bool {
	return len(d.ends) > 0 && string(d.lastValue) == string(value)
}

// number returns the number of a value, a new one if it is new.
func (d *dictionary) number(value []byte) uint32 {
	if len(value) == 0 {
		if d.empty == 0 {
			d.empty = d.add(value) + 1
		}
		d.last, d.lastValue = d.empty-1, nil
		return d.last
	}
	mask := uint64(len(d.table) - 1)
	for at := d.hash(value) & mask; ; at = (at + 1) & mask {
		entry := d.table[at]
		if entry == 0 {
			d.last = d.add(value)
			d.lastValue = d.value(d.last)
			d.table[at] = d.last + 1
			if 2*len(d.ends) > len(d.table) {
				d.grow()
			}
			return d.last
		}
		if known := d.value(entry - 1); string(known) == string(value) {
			d.last, d.lastValue = entry-1, known
			return d.last
		}
	}
}

func (d *dictionary) add(value []byte) uint32 {
	d.data = append(d.data, value...)
	d.ends = append(d.ends, uint32(len(d.data)))
	return uint32(len(d.ends) - 1)
}

// resize makes the table empty and as large as asked for, a power of two.
func (d *dictionary) resize(size int) {
	if size > len(d.space) {
		d.space = make([]uint32, size)
	}
	d.table = d.space[:size]
	clear(d.table)
}

func (d *dictionary) grow() {
	d.resize(2 * len(d.table))
	mask := uint64(len(d.table) - 1)
	for number := range uint32(len(d.ends)) {
		value := d.value(number)
		if len(value) == 0 {
			continue
		}
		at := d.hash(value) & mask
		for d.table[at] != 0 {
			at = (at + 1) & mask
		}
		d.table[at] = number + 1
	}
}
