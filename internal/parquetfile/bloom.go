package parquetfile

import (
	"slices"

	"github.com/quoll/quoll/internal/bloom"
)

const (
	// bloomBits is the bits for each different value: one miss in a hundred is
	// taken for a hit.
	bloomBits = 11
	// maxBloom bounds a filter, in bytes.
	maxBloom = 1 << 20
)

// bloomFilter returns the filter of the values of the chunk behind its header.
// t is scratch space.
func (c *Chunk) bloomFilter(t *thrift) []byte {
	slices.Sort(c.hashes)
	c.hashes = slices.Compact(c.hashes)
	size := bloom.BlockBytes
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
	for _, h := range c.hashes {
		bloom.Add(t.buf[start:], h)
	}
	return t.buf
}
