package parquetfile

import (
	"encoding/binary"
	"slices"
)

// A split block Bloom filter, as
// https://parquet.apache.org/docs/file-format/bloomfilter/ describes it: the
// upper half of a hash chooses a block of 256 bits, the lower half sets one bit
// in each of its eight words.
const (
	bloomBlock = 32 // bytes
	// bloomBits is the bits for each different value: one miss in a hundred is
	// taken for a hit.
	bloomBits = 11
	// maxBloom bounds a filter, in bytes.
	maxBloom = 1 << 20
)

var bloomSalts = [8]uint32{
	0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31,
}

// bloomFilter returns the filter of the values of the chunk behind its header.
// t is scratch space.
func (c *Chunk) bloomFilter(t *thrift) []byte {
	slices.Sort(c.hashes)
	c.hashes = slices.Compact(c.hashes)
	size := bloomBlock
	for size < maxBloom && size*8 < len(c.hashes)*bloomBits {
		size *= 2
	}
	t.reset()
	t.int32(1, int32(size))
	for field := int16(2); field <= 4; field++ { // block, xxHash, uncompressed: the only ones there are
		t.begin(field)
		t.begin(1)
		t.end()
		t.end()
	}
	t.buf = append(t.buf, 0)
	start := len(t.buf)
	t.buf = append(t.buf, make([]byte, size)...)
	blocks := uint64(size / bloomBlock)
	for _, h := range c.hashes {
		block := t.buf[start+int((h>>32)*blocks>>32)*bloomBlock:]
		for i, salt := range bloomSalts {
			word := block[4*i:]
			bit := uint32(1) << (uint32(h) * salt >> 27)
			binary.LittleEndian.PutUint32(word, binary.LittleEndian.Uint32(word)|bit)
		}
	}
	return t.buf
}
