// Package dice makes the simulator's choices: numbers, times and identifiers
// drawn from one seed, so that the same seed gives the same world.
//
// It must not know what is being chosen, and nothing in it is fit for secrets.
package dice

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"
)

// Dice is a stream of choices. It is not safe for concurrent use.
type Dice struct{ r *rand.Rand }

// New returns the stream that belongs to a seed and a place in the world: the
// same pair gives the same stream, whatever was drawn elsewhere.
func New(seed, place uint64) *Dice {
	return &Dice{rand.New(rand.NewPCG(mix(seed), mix(seed^mix(place))))}
}

// Named is New for a place that has a name.
func Named(seed uint64, name string) *Dice { return New(seed, Hash(name)) }

// Hash turns a name into the number of a place.
func Hash(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash never fails
	return h.Sum64()
}

// mix spreads neighbouring numbers over the whole range (SplitMix64), because
// the streams of PCG from neighbouring seeds begin alike.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Chance is true with probability p.
func (d *Dice) Chance(p float64) bool { return p > 0 && d.r.Float64() < p }

// Below returns a number in [0, n). It is 0 when n is not positive.
func (d *Dice) Below(n int) int {
	if n <= 0 {
		return 0
	}
	return d.r.IntN(n)
}

// Between returns a number in [low, high].
func (d *Dice) Between(low, high int) int { return low + d.Below(high-low+1) }

// Number returns any number of 64 bits.
func (d *Dice) Number() uint64 { return d.r.Uint64() }

// Span returns a duration in [low, high).
func (d *Dice) Span(low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(d.r.Int64N(int64(high-low)))
}

// Count returns how often something with the given mean happens (Poisson,
// bounded at 1,000).
func (d *Dice) Count(mean float64) int {
	limit, n := math.Exp(-mean), 0
	for p := d.r.Float64(); p > limit && n < 1000; n++ {
		p *= d.r.Float64()
	}
	return n
}

// Shuffle puts n things in an order of its choosing.
func (d *Dice) Shuffle(n int, swap func(i, j int)) { d.r.Shuffle(n, swap) }

// Pick returns one of several things; there must be at least one.
func Pick[T any](d *Dice, things []T) T { return things[d.Below(len(things))] }

// Weighted is a thing and how often it is picked in comparison to others.
type Weighted[T any] struct {
	Weight float64
	Thing  T
}

// PickWeighted returns one of several things by their weights.
func PickWeighted[T any](d *Dice, things []Weighted[T]) T {
	var sum float64
	for _, t := range things {
		sum += t.Weight
	}
	at := d.r.Float64() * sum
	for _, t := range things {
		if at -= t.Weight; at < 0 {
			return t.Thing
		}
	}
	return things[len(things)-1].Thing
}

// GUID returns a random identifier of version 4 in lower case.
func (d *Dice) GUID() string {
	var b [16]byte
	d.bytes(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return guidText(b)
}

// StampedGUID returns an identifier as Exchange and SharePoint make them: the
// last two groups hold the time, in steps of 100 ns since the year 1.
func (d *Dice) StampedGUID(at time.Time) string {
	const yearOneToUnix = 62135596800
	ticks := uint64(at.Unix()+yearOneToUnix)*1e7 + uint64(d.Below(1e7))
	var b [16]byte
	d.bytes(b[:8])
	b[6] = b[6]&0x0f | 0x40
	binary.BigEndian.PutUint64(b[8:], ticks)
	// Group four holds the low bits and group five the high bits, so that the
	// last group begins alike for months: 08de….
	high, low := binary.BigEndian.Uint64(b[8:])>>16, uint16(ticks)
	binary.BigEndian.PutUint16(b[8:], low)
	for i := range 6 {
		b[10+i] = byte(high >> (8 * (5 - i)))
	}
	return guidText(b)
}

func guidText(b [16]byte) string {
	var text [36]byte
	hex.Encode(text[0:], b[0:4])
	hex.Encode(text[9:], b[4:6])
	hex.Encode(text[14:], b[6:8])
	hex.Encode(text[19:], b[8:10])
	hex.Encode(text[24:], b[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// Hex returns n hexadecimal digits in lower case; n must be even.
func (d *Dice) Hex(n int) string {
	b := make([]byte, n/2)
	d.bytes(b)
	return hex.EncodeToString(b)
}

// Base64 returns n random bytes in standard base64.
func (d *Dice) Base64(n int) string {
	b := make([]byte, n)
	d.bytes(b)
	return base64.StdEncoding.EncodeToString(b)
}

func (d *Dice) bytes(b []byte) {
	for i := range b {
		if i%8 == 0 {
			var word [8]byte
			binary.LittleEndian.PutUint64(word[:], d.r.Uint64())
			copy(b[i:], word[:])
		}
	}
}
