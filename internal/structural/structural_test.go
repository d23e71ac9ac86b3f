package structural

import (
	"math/rand/v2"
	"testing"
)

// byByte is Mark, one byte after the other.
func byByte(text []byte) (b Block) {
	for i, c := range text {
		bit := uint64(1) << i
		switch c {
		case '"':
			b.Quotes |= bit
		case '\\':
			b.Slashes |= bit
		case ',':
			b.Commas |= bit
		case '[', ']', '{', '}':
			b.Brackets |= bit
		}
	}
	return b
}

// ways are all ways to mark: the one that this processor has, and the one that all have.
var ways = map[string]func([]Block, []byte){"mark": mark, "markWords": markWords}

func hold(t *testing.T, text []byte) {
	t.Helper()
	for name, way := range ways {
		blocks := make([]Block, len(text)/BlockBytes+1)
		beyond := Block{1, 2, 3, 4}
		blocks[len(blocks)-1] = beyond
		way(blocks[:len(blocks)-1], text)
		for i := range len(blocks) - 1 {
			if want := byByte(text[i*BlockBytes:][:BlockBytes]); blocks[i] != want {
				t.Fatalf("%s: block %d of %q is %+v, want %+v", name, i, text, blocks[i], want)
			}
		}
		if blocks[len(blocks)-1] != beyond {
			t.Fatalf("%s wrote behind the last block", name)
		}
	}
}

// Each byte there is, at each place of a block.
func TestMarkKnowsEachByte(t *testing.T) {
	for c := range 256 {
		for _, filler := range []byte{'a', 0x00, 0xff, 0x80, '"'} {
			text := make([]byte, 64*BlockBytes)
			for i := range text {
				if text[i] = filler; i%BlockBytes == i/BlockBytes {
					text[i] = byte(c)
				}
			}
			hold(t, text)
		}
	}
}

func TestMarkOfNothing(*testing.T) { Mark(nil, nil) }

func TestMarkNeedsTheText(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("63 bytes made a block")
		}
	}()
	Mark(make([]Block, 1), make([]byte, BlockBytes-1))
}

func FuzzMark(f *testing.F) {
	f.Add([]byte(`[{"Id":"a\"b","Members":[1,2,{"c":null}]},{"Id":"\\"}] and what is behind it, so that it is long enough`))
	f.Fuzz(func(t *testing.T, text []byte) { hold(t, text[:len(text)/BlockBytes*BlockBytes]) })
}

// Blocks of random backslashes and quotes, one after the other, as one reads them byte
// by byte.
func TestEscapedAndInside(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	escapes, open := false, uint64(0)
	for round := range 100_000 {
		often := random.Uint64()
		slashes := random.Uint64()
		for range round % 4 { // from rare to nearly all
			if slashes &= often; round%8 > 4 {
				slashes |= often
			}
			often = random.Uint64()
		}
		quotes := random.Uint64() & random.Uint64() &^ slashes

		var wantEscaped, wantInside uint64
		wantEscapes, in := escapes, open != 0
		for i := range BlockBytes {
			bit := uint64(1) << i
			switch {
			case wantEscapes:
				wantEscaped |= bit
				wantEscapes = false
			case slashes&bit != 0:
				wantEscapes = true
			case quotes&bit != 0:
				in = !in
			}
			if in {
				wantInside |= bit
			}
		}
		escaped, last := Escaped(slashes, escapes)
		inside, next := Inside(quotes&^escaped, open)
		if escaped != wantEscaped || last != wantEscapes || inside != wantInside || next != 0 != in {
			t.Fatalf("slashes %064b, quotes %064b, first %v, open %x:\nescaped %064b %v, want %064b %v;\ninside %064b, want %064b",
				slashes, quotes, escapes, open, escaped, last, wantEscaped, wantEscapes, inside, wantInside)
		}
		escapes, open = last, next
	}
}

func BenchmarkMark(b *testing.B) {
	text := make([]byte, 64<<10)
	blocks := make([]Block, len(text)/BlockBytes)
	for name, way := range ways {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				way(blocks, text)
			}
		})
	}
}
