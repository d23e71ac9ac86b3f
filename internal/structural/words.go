package structural

import "encoding/binary"

// markWords is mark for any processor, eight bytes at a time.
func markWords(blocks []Block, text []byte) {
	for i := range blocks {
		b := Block{}
		for place := 0; place < BlockBytes; place += 8 {
			w := binary.LittleEndian.Uint64(text[i*BlockBytes+place:])
			b.Quotes |= same(w, '"') << place
			b.Slashes |= same(w, '\\') << place
			b.Commas |= same(w, ',') << place
			object := w | 0x20*ones // brackets of arrays become those of objects
			b.Brackets |= (same(object, '{') | same(object, '}')) << place
		}
		blocks[i] = b
	}
}

const ones = 0x0101010101010101

// same returns which of eight bytes are the one asked for, in the lowest eight bits.
func same(w uint64, char byte) uint64 {
	const low = 0x7f * ones
	w ^= uint64(char) * ones
	zero := ^((w&low + low) | w | low) // the highest bit of each byte that is zero
	return zero >> 7 * 0x0102040810204080 >> 56
}
