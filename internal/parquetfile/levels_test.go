package parquetfile

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// packedByBits is what the format says of packed numbers, bit by bit.
func packedByBits(numbers []uint32, width int) []byte {
	out := make([]byte, (len(numbers)+7)/8*width)
	for i, n := range numbers {
		for bit := range width {
			if n>>bit&1 == 1 {
				at := i*width + bit
				out[at/8] |= 1 << (at % 8)
			}
		}
	}
	return out
}

func TestNumbersArePackedBitByBit(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for width := 1; width <= 32; width++ {
		for count := 1; count <= 70; count++ {
			numbers := make([]uint32, count)
			for i := range numbers {
				numbers[i] = random.Uint32() >> (32 - width)
			}
			room := bytes.Repeat([]byte{0xff}, 400) // what was there before must not shine through
			got := appendPacked(room[:3], numbers, width)
			head := 4 // three bytes, and one of the number of groups
			if want := packedByBits(numbers, width); !bytes.Equal(got[head:], want) {
				t.Fatalf("%d numbers of %d bits: %x, want %x", count, width, got[head:], want)
			}
		}
	}
}

// hybridByRuns is what appendHybrid writes, run by run.
func hybridByRuns(numbers []uint32, width int) (out []byte) {
	packed := 0
	for i := 0; i < len(numbers); {
		run := 1
		for i+run < len(numbers) && numbers[i+run] == numbers[i] {
			run++
		}
		if fill := (8 - (i-packed)%8) % 8; run-fill >= 16 {
			out = appendPacked(out, numbers[packed:i+fill], width)
			out = appendRun(out, numbers[i], run-fill, width)
			packed = i + run
		}
		i += run
	}
	return appendPacked(out, numbers[packed:], width)
}

func TestRunsAreFoundWhereverTheyBegin(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		var numbers []uint32
		longest := 1 + random.IntN(40)
		for range random.IntN(12) {
			n := uint32(random.IntN(3))
			for range 1 + random.IntN(longest) {
				numbers = append(numbers, n)
			}
		}
		if got, want := appendHybrid(nil, numbers, 2), hybridByRuns(numbers, 2); !bytes.Equal(got, want) {
			t.Fatalf("%d: %x, want %x", numbers, got, want)
		}
	}
}

// Texts of all lengths, many of which differ in one byte or in their length alone, keep
// numbers of their own.
func TestADictionaryTellsTextsApart(t *testing.T) {
	d := newDictionary()
	d.reset()
	var texts []string
	for length := range 80 {
		base := bytes.Repeat([]byte{'a'}, length)
		texts = append(texts, string(base))
		for at := range base {
			for _, other := range []byte{'b', 0, 0xff} {
				base[at] = other
				texts = append(texts, string(base))
				base[at] = 'a'
			}
		}
	}
	for round := range 3 {
		for i, text := range texts {
			if n := d.number([]byte(text)); n != uint32(i) || string(d.value(n)) != text || !d.isLast([]byte(text)) {
				t.Fatalf("round %d: text %d %q has number %d", round, i, text, n)
			}
			if d.isLast([]byte(text + "x")) {
				t.Fatalf("%q is said to be the last, which was %q", text+"x", text)
			}
		}
	}
}

// The hash spreads short texts that are alike: with a table twice as large as there are
// texts few must be looked for far from where they belong.
func TestTheHashOfShortTextsSpreads(t *testing.T) {
	d := newDictionary()
	for _, length := range []int{2, 5, 9, 16} {
		const size = 1 << 12
		taken := make([]int, size)
		value := bytes.Repeat([]byte{'0'}, length)
		for i := range size / 2 {
			value[0], value[length-1] = byte(i), byte(i>>8)
			if length > 2 {
				value[length/2] = byte(i % 3)
			}
			taken[d.hash(value)&(size-1)]++
		}
		most := 0
		for _, n := range taken {
			most = max(most, n)
		}
		if most > 10 {
			t.Errorf("%d texts of %d bytes share a place", most, length)
		}
	}
}
