package normalise

import (
	"math/bits"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
)

// recordForm is what the first step of a survey makes of a record: its kind with all
// fields, and what else has no field of its own.
type recordForm struct{ shape, extra uint64 }

// values returns the number of a form together with its listed values, those of
// fields with too many left out: open has a bit for each scalar that counts.
// Scalars beyond the bits of open count always.
func (s *survey) values(f recordForm, open uint64) uint64 {
	sum := mix(f.shape, f.extra)
	for rest := open; rest != 0; rest &= rest - 1 {
		if i := bits.TrailingZeros64(rest); i < len(s.scalars) {
			sum = mix(sum, s.scalars[i].path^xxhash.Sum64String(stringOf(s.scalars[i].value)))
		}
	}
	for i := maxOpen; i < len(s.scalars); i++ {
		sum = mix(sum, s.scalars[i].path^xxhash.Sum64String(stringOf(s.scalars[i].value)))
	}
	return sum
}

// maxOpen is how many scalars of a record can be told from those with too many
// values.
const maxOpen = 64

// seenBefore remembers the numbers of forms in which nothing was news. Workers
// share it. A slot holds one number and is overwritten by the next: what is
// forgotten costs a second step, never a sighting.
type seenBefore struct {
	shapes [1 << shapeBits]atomic.Pointer[openShape]
	values [1 << valueBits]atomic.Uint64
}

// openShape is a shape with the scalars whose values are listed.
type openShape struct{ shape, open uint64 }

const (
	shapeBits = 13
	valueBits = 15
)

func (b *seenBefore) open(shape uint64) (open uint64, ok bool) {
	s := b.shapes[shape>>(64-shapeBits)].Load()
	if s == nil || s.shape != shape {
		return 0, false
	}
	return s.open, true
}

func (b *seenBefore) has(values uint64) bool {
	return b.values[values>>(64-valueBits)].Load() == values
}

func (b *seenBefore) add(shape, open, values uint64) {
	b.shapes[shape>>(64-shapeBits)].Store(&openShape{shape, open})
	b.values[values>>(64-valueBits)].Store(values)
}
