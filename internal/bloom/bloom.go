// Package bloom is the split block Bloom filter of
// https://parquet.apache.org/docs/file-format/bloomfilter/: the upper half of a
// hash chooses a block of 256 bits, the lower half sets one bit in each of its
// eight words.
//
// It must not know what was hashed, nor how.
package bloom

import "encoding/binary"

// BlockBytes is the size of a block. A filter is a whole number of blocks.
const BlockBytes = 32

var salts = [8]uint32{
	0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31,
}

// Block returns where in a filter of that size the block of a hash begins.
func Block(size int, hash uint64) int {
	return int((hash>>32)*uint64(size/BlockBytes)>>32) * BlockBytes
}

// Add puts a hash into a filter.
func Add(filter []byte, hash uint64) {
	block := filter[Block(len(filter), hash):]
	for i, salt := range salts {
		word := block[4*i:]
		binary.LittleEndian.PutUint32(word, binary.LittleEndian.Uint32(word)|bit(hash, salt))
	}
}

// Has reports whether a hash may have been added to the filter that has this
// block, as Block says.
func Has(block []byte, hash uint64) bool {
	block = block[:BlockBytes]
	var lacks uint32 // without a branch for each word, which nobody could foretell
	for i, salt := range salts {
		lacks |= bit(hash, salt) &^ binary.LittleEndian.Uint32(block[4*i:])
	}
	return lacks == 0
}

func bit(hash uint64, salt uint32) uint32 { return 1 << (uint32(hash) * salt >> 27) }

// Mask is the bits of a hash in its block. Who asks many filters for the same hash computes
// it once.
type Mask [4]uint64

// MaskOf returns the bits of a hash.
func MaskOf(hash uint64) (m Mask) {
	for i, salt := range salts {
		m[i/2] |= uint64(bit(hash, salt)) << (32 * (i % 2))
	}
	return m
}

// In reports whether the hash may have been added to the filter that has this block.
func (m *Mask) In(block []byte) bool {
	block = block[:BlockBytes]
	return m[0]&^binary.LittleEndian.Uint64(block)|m[1]&^binary.LittleEndian.Uint64(block[8:])|
		m[2]&^binary.LittleEndian.Uint64(block[16:])|m[3]&^binary.LittleEndian.Uint64(block[24:]) == 0
}
