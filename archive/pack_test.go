package archive

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/quoll/quoll/model"
)

// TestPackerUsesMemoryAgain packs batches of different sizes with one packer: each
// file is that of a new packer, and what a large one took is not kept.
func TestPackerUsesMemoryAgain(t *testing.T) {
	used, err := newPacker()
	if err != nil {
		t.Fatal(err)
	}
	sealed := time.Unix(1_700_000_000, 0)
	random := rand.NewChaCha8([32]byte{1})
	batch := func(size int) []item {
		body := make([]byte, size)
		_, _ = random.Read(body) // never fails
		it := newItem(1, &model.Payload{Body: body, Received: sealed})
		return []item{it}
	}
	for _, size := range []int{3000, 100_000, 10, maxKept + 1, 200} {
		b := batch(size)
		for name, pack := range map[string]func(*packer) packing{
			"quick": func(p *packer) packing { return p.quick }, "small": func(p *packer) packing { return p.small },
		} {
			fresh, err := newPacker()
			if err != nil {
				t.Fatal(err)
			}
			want, err := pack(fresh)(b, []byte("index\n"), sealed)
			if err != nil {
				t.Fatal(err)
			}
			got, err := pack(used)(b, []byte("index\n"), sealed)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s, a body of %d bytes: the file is another one when memory is used again", name, size)
			}
			if kept := max(cap(used.file), used.around.Cap()); kept > maxKept {
				t.Errorf("%s, a body of %d bytes: %d bytes are kept", name, size, kept)
			}
		}
	}
}
