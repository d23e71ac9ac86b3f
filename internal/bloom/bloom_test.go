package bloom_test

import (
	"math/rand/v2"
	"testing"

	"github.com/quoll/quoll/internal/bloom"
)

func TestWhatWasAddedIsKnown(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const hashes, bits = 10_000, 12
	filter := make([]byte, hashes*bits/8/bloom.BlockBytes*bloom.BlockBytes)
	has := func(h uint64) bool {
		block, mask := filter[bloom.Block(len(filter), h):], bloom.MaskOf(h)
		if bloom.Has(block, h) != mask.In(block) {
			t.Fatalf("%x is known by its mask: %v", h, mask.In(block))
		}
		return bloom.Has(block, h)
	}
	added := make([]uint64, hashes)
	for i := range added {
		added[i] = r.Uint64()
		bloom.Add(filter, added[i])
	}
	for _, h := range added {
		if !has(h) {
			t.Fatalf("%x is not known", h)
		}
	}
	falsely := 0
	for range hashes {
		if has(r.Uint64()) {
			falsely++
		}
	}
	if falsely > hashes/80 {
		t.Errorf("%d of %d others are taken for known", falsely, hashes)
	}
}
