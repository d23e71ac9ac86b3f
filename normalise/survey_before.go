package normalise

import (
	"math/bits"
	"sync/atomic"
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
			sum = mixText(mix(sum, s.scalars[i].path), stringOf(s.scalars[i].value))
		}
	}
	for i := maxOpen; i < len(s.scalars); i++ {
		sum = mixText(mix(sum, s.scalars[i].path), stringOf(s.scalars[i].value))
	}
	return sum
}

// maxOpen is how many scalars of a record can be told from those with too many
// values.
const maxOpen = 64

// seenBefore remembers the numbers of forms in which nothing was news. Workers
// share it. A number has a few slots, side by side, and may push another out of
// the last: what is forgotten costs a second step, never a sighting.
type seenBefore struct {
	shapes [1 << shapeBits]atomic.Pointer[openShape]
	values [1 << valueBits]atomic.Uint64
}

// openShape is a shape with the scalars whose values are listed.
type openShape struct{ shape, open uint64 }

const (
	shapeBits = 13
	valueBits = 16
	slots     = 8 // of one number: 64 bytes, which processors read at once
)

func (b *seenBefore) open(shape uint64) (open uint64, ok bool) {
	at := shape >> (64 - shapeBits) &^ (slots - 1)
	for i := range b.shapes[at : at+slots] {
		s := b.shapes[at+uint64(i)].Load()
		if s == nil {
			return 0, false
		}
		if s.shape == shape {
			return s.open, true
		}
	}
	return 0, false
}

func (b *seenBefore) has(values uint64) bool {
	at := values >> (64 - valueBits) &^ (slots - 1)
	for i := range b.values[at : at+slots] {
		if b.values[at+uint64(i)].Load() == values {
			return true
		}
	}
	return false
}

// add remembers a shape and its values. Two workers at once may lose one.
func (b *seenBefore) add(shape, open, values uint64) {
	at := shape >> (64 - shapeBits) &^ (slots - 1)
	i := uint64(0)
	for ; i < slots-1; i++ {
		if s := b.shapes[at+i].Load(); s == nil || s.shape == shape {
			break
		}
	}
	b.shapes[at+i].Store(&openShape{shape, open})
	at = values >> (64 - valueBits) &^ (slots - 1)
	for i = 0; i < slots-1; i++ {
		if v := b.values[at+i].Load(); v == 0 || v == values {
			break
		}
	}
	b.values[at+i].Store(values)
}
