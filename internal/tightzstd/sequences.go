package tightzstd

import (
	"encoding/binary"
	"math/bits"
)

// repeats are the last three offsets, which have short numbers of their own.
type repeats [3]int

// number returns the number by which an offset is written behind so many literals, and
// notes it.
func (r *repeats) number(offset, literals int) uint32 {
	switch {
	case literals > 0 && offset == r[0]:
		return 1
	case offset == r[1]:
		r[0], r[1] = r[1], r[0]
		if literals == 0 {
			return 1
		}
		return 2
	case offset == r[2]:
		r[0], r[1], r[2] = r[2], r[0], r[1]
		if literals == 0 {
			return 2
		}
		return 3
	case literals == 0 && offset == r[0]-1 && offset > 0:
		r[0], r[1], r[2] = offset, r[0], r[1]
		return 3
	}
	r[0], r[1], r[2] = offset, r[0], r[1]
	return uint32(offset) + 3
}

// What is written of a sequence, in the order of the format.
const (
	ofLiterals = 0
	ofOffset   = 1
	ofLength   = 2
)

// coder has the numbers of a block's sequences: the code of each, which goes into a table,
// and the bits that are added to it.
type coder struct {
	codes [3][]uint8
	extra [3][]uint32
	count [3][maxCode + 1]uint32
}

// maxCode is the greatest code of all three kinds.
const maxCode = 52

func (c *coder) fill(found []sequence, repeats repeats) {
	for kind := range c.codes {
		c.codes[kind], c.extra[kind] = c.codes[kind][:0], c.extra[kind][:0]
		clear(c.count[kind][:])
	}
	for _, s := range found {
		offset := repeats.number(s.offset, s.literals)
		code := uint8(bits.Len32(offset) - 1)
		c.add(ofOffset, code, offset-1<<code)
		code = codeOf(uint32(s.literals), literalCodes[:], 16, 6, 19)
		c.add(ofLiterals, code, uint32(s.literals)-literalBase[code])
		length := uint32(s.length - 3)
		code = codeOf(length, lengthCodes[:], 32, 7, 36)
		c.add(ofLength, code, length-lengthBase[code])
	}
}

func (c *coder) add(kind int, code uint8, extra uint32) {
	c.codes[kind] = append(c.codes[kind], code)
	c.extra[kind] = append(c.extra[kind], extra)
	c.count[kind][code]++
}

// codeOf returns the code of a number: itself below direct, in the table below 1<<high, and
// beyond by its highest bit.
func codeOf(n uint32, table []uint8, direct uint32, high int, beyond uint8) uint8 {
	switch {
	case n < direct:
		return uint8(n)
	case n < 1<<high:
		return table[n]
	}
	return uint8(bits.Len32(n)-1) + beyond
}

// The numbers of bits that are added to a code, and where its numbers begin.
var (
	literalBits = [36]uint8{16: 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	lengthBits  = [53]uint8{32: 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

	literalBase = basesOf(literalBits[:])
	lengthBase  = basesOf(lengthBits[:])

	literalCodes = codesBelow[[64]uint8](literalBase[:36])
	lengthCodes  = codesBelow[[128]uint8](lengthBase[:53])
)

func basesOf(bits []uint8) (bases [maxCode + 1]uint32) {
	next := uint32(0)
	for code, n := range bits {
		bases[code] = next
		next += 1 << n
	}
	return bases
}

func codesBelow[T [64]uint8 | [128]uint8](bases []uint32) (codes T) {
	code := 0
	for n := range len(codes) {
		for code+1 < len(bases) && bases[code+1] <= uint32(n) {
			code++
		}
		codes[n] = uint8(code)
	}
	return codes
}

// addedBits is how many bits are added to a code.
func addedBits(kind int, code uint8) uint8 {
	switch kind {
	case ofLiterals:
		return literalBits[code]
	case ofOffset:
		return code
	}
	return lengthBits[code]
}

// The ways in which a table is written.
const (
	tablePredefined = 0
	tableOne        = 1 // a single code
	tableWritten    = 2
	tableSame       = 3 // that of the block before
)

func (e *Encoder) appendSequences(dst []byte, before repeats) []byte {
	n := len(e.found)
	switch {
	case n == 0:
		return append(dst, 0)
	case n < 128:
		dst = append(dst, byte(n))
	case n < 0x7f00:
		dst = append(dst, byte(n>>8)+128, byte(n))
	default:
		dst = binary.LittleEndian.AppendUint16(append(dst, 255), uint16(n-0x7f00))
	}
	e.coder.fill(e.found, before)
	modes := len(dst)
	dst = append(dst, 0)
	for kind := range e.tables {
		var way byte
		dst, way = e.appendTable(dst, kind, n)
		dst[modes] |= way << (6 - 2*kind)
	}
	return e.appendCodes(dst)
}

// appendCodes writes sequences from the last to the first, as they are read the other way.
func (e *Encoder) appendCodes(dst []byte) []byte {
	w := &e.bits
	*w = bitWriter{to: dst}
	var states [3]state
	last := len(e.found) - 1
	for kind := range states {
		states[kind].begin(e.tables[kind], e.coder.codes[kind][last])
	}
	for i := last; i >= 0; i-- {
		if i < last {
			for _, kind := range [...]int{ofOffset, ofLength, ofLiterals} {
				states[kind].add(w, e.coder.codes[kind][i])
			}
		}
		for _, kind := range [...]int{ofLiterals, ofLength, ofOffset} {
			w.add(uint64(e.coder.extra[kind][i]), addedBits(kind, e.coder.codes[kind][i]))
		}
	}
	for _, kind := range [...]int{ofLength, ofOffset, ofLiterals} {
		states[kind].end(w)
	}
	return w.end()
}

// bitWriter appends bits, the lowest first.
type bitWriter struct {
	to      []byte
	pending uint64
	have    uint8
}

// add appends the low n bits of v, which has no others; n is 32 at most.
func (w *bitWriter) add(v uint64, n uint8) {
	w.pending |= v << w.have
	if w.have += n; w.have >= 32 {
		w.to = binary.LittleEndian.AppendUint32(w.to, uint32(w.pending))
		w.pending >>= 32
		w.have -= 32
	}
}

// end appends the bit that says where the bits end.
func (w *bitWriter) end() []byte {
	w.add(1, 1)
	for ; w.have > 0; w.have -= min(8, w.have) {
		w.to = append(w.to, byte(w.pending))
		w.pending >>= 8
	}
	return w.to
}
