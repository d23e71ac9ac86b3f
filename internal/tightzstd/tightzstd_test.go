package tightzstd

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func newDecoder(t testing.TB) *zstd.Decoder {
	t.Helper()
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func checkFrame(t testing.TB, d *zstd.Decoder, e *Encoder, src []byte) []byte {
	t.Helper()
	frame := e.Append([]byte("before"), src)
	if !bytes.HasPrefix(frame, []byte("before")) {
		t.Fatal("what was there is gone")
	}
	frame = frame[len("before"):]
	back, err := d.DecodeAll(frame, nil)
	if err != nil || !bytes.Equal(back, src) {
		t.Fatalf("of %d bytes came %d back: %v", len(src), len(back), err)
	}
	return frame
}

// mixture returns bytes of copies from before and of few or many letters.
func mixture(r *rand.Rand, size int) (src []byte) {
	letters, copies := 1+r.IntN(1<<r.IntN(9)), r.IntN(4)
	for len(src) < size {
		if len(src) > 10 && r.IntN(4) < copies {
			offset := 1 + r.IntN(min(len(src), 1<<r.IntN(20)))
			for range 1 + r.IntN(1<<r.IntN(12)) {
				src = append(src, src[len(src)-offset])
			}
			continue
		}
		for range 1 + r.IntN(1<<r.IntN(10)) {
			src = append(src, byte(r.IntN(letters)))
		}
	}
	return src[:size]
}

// The library reads what was written, whatever it is and however long, and whatever frame
// was written before by the same encoder.
func TestFramesComeBack(t *testing.T) {
	d, e := newDecoder(t), NewEncoder()
	r := rand.New(rand.NewPCG(6, 9))
	sizes := []int{255, 256, 257, 65_791, 65_792, maxBlock - 1, maxBlock, maxBlock + 1, 2*maxBlock + 7, 3*maxBlock + 100}
	for size := range 80 {
		sizes = append(sizes, size)
	}
	for range 300 {
		sizes = append(sizes, r.IntN(1<<r.IntN(19)))
	}
	for _, size := range sizes {
		checkFrame(t, d, e, mixture(r, size))
	}
	random := make([]byte, 3*maxBlock)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	if frame := checkFrame(t, d, e, random); len(frame) > len(random)+20 {
		t.Errorf("%d random bytes take %d", len(random), len(frame))
	}
	// A block that is left as it is between others, whose offsets and tables go on behind it.
	text := lines(r, 4000)
	checkFrame(t, d, e, append(append(bytes.Clone(text[:maxBlock]), random[:maxBlock]...), text...))
	if frame := checkFrame(t, d, e, make([]byte, 1<<20)); len(frame) > 200 {
		t.Errorf("a mebibyte of zeros takes %d bytes", len(frame))
	}
}

// lines returns records in JSON, each with an id of its own, as a column of them has.
func lines(r *rand.Rand, n int) (text []byte) {
	for i := range n {
		text = fmt.Appendf(text, `{"Id":"%08x-%04x-4%03x-a%03x-%012x","Operation":"Op%d","UserId":"user%d@example.org","Number":%d}`,
			r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Int64N(1<<48), i/100, r.IntN(30), r.IntN(1<<r.IntN(20)))
	}
	return text
}

// ids returns random ids as a column of them has: each behind its length.
func ids(r *rand.Rand, n int) (text []byte) {
	for range n {
		text = append(text, 36, 0, 0, 0)
		text = fmt.Appendf(text, `%08x-%04x-4%03x-%x%03x-%012x`, r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), 8+r.IntN(4), r.IntN(1<<12), r.Int64N(1<<48))
	}
	return text
}

// Frames are smaller than those of the library's stronger level: that is what they are for.
func TestFramesAreSmall(t *testing.T) {
	d, e := newDecoder(t), NewEncoder()
	library, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(6, 9))
	for name, c := range map[string]struct {
		text []byte
		of   float64 // the library's
	}{"records": {lines(r, 20_000), 0.95}, "ids": {ids(r, 2_048), 0.98}} {
		frame, theirs := checkFrame(t, d, e, c.text), library.EncodeAll(c.text, nil)
		if ratio := float64(len(frame)) / float64(len(theirs)); ratio > c.of {
			t.Errorf("%s: %d bytes, %.3f of the library's", name, len(frame), ratio)
		}
	}
}

// An encoder's frame says nothing of those it made before: the same bytes make the same.
func TestFramesAreTheSame(t *testing.T) {
	d, e := newDecoder(t), NewEncoder()
	r := rand.New(rand.NewPCG(1, 1))
	text := lines(r, 3000)
	first := bytes.Clone(checkFrame(t, d, e, text))
	checkFrame(t, d, e, ids(r, 3000))
	if !bytes.Equal(checkFrame(t, d, e, text), first) || !bytes.Equal(checkFrame(t, d, NewEncoder(), text), first) {
		t.Error("another frame")
	}
}

// Each way in which the format has tables and literals is taken by some frame.
func TestAllWaysAreTaken(t *testing.T) {
	d, e := newDecoder(t), NewEncoder()
	r := rand.New(rand.NewPCG(2, 7))
	ways, literals := map[string]bool{}, map[byte]bool{}
	take := func(src []byte) {
		for at := checkFrame(t, d, e, src)[headBytes(len(src)):]; len(at) > 3; {
			head := int(at[0]) | int(at[1])<<8 | int(at[2])<<16
			if head>>1&3 == blockRaw {
				at = at[3+head>>3:]
				continue
			}
			literals[at[3]&3] = true
			at = at[3+head>>3:]
		}
		for kind, table := range e.tables {
			switch {
			case table == nil:
			case table.one:
				ways[fmt.Sprint("one ", kind)] = true
			case table == predefined[kind]:
				ways[fmt.Sprint("predefined ", kind)] = true
			default:
				ways[fmt.Sprint("written ", kind)] = true
			}
		}
	}
	take(lines(r, 8000))
	take(make([]byte, 1000))
	copies := make([]byte, maxBlock) // of a first block, from about as far back, with one letter between
	for i := range copies {
		copies[i] = byte(r.Uint32())
	}
	for range 60 {
		from := r.IntN(50_000)
		copies = append(append(copies, 'z'), copies[from:from+20]...)
	}
	take(copies)
	for range 400 {
		take(mixture(r, r.IntN(1<<r.IntN(19))))
	}
	for n := range 60 {
		take(lines(r, n))
	}
	if len(ways) != 9 || len(literals) != 4 {
		t.Errorf("%v, %v", ways, literals)
	}
}

func headBytes(size int) int { return len(appendHeader(nil, size)) }

// Shares of a table are all of its states, and each code that is there has some.
func TestSharesAreAllStates(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for range 3000 {
		var count [maxCode + 1]uint32
		n, different := 0, 0
		for range 2 + r.IntN(40) {
			code := r.IntN(maxCode + 1)
			if count[code] == 0 {
				different++
			}
			c := 1 + r.IntN(1<<r.IntN(12))
			count[code], n = count[code]+uint32(c), n+c
		}
		if different < 2 {
			continue
		}
		shares, log := sharesOf(&count, n, different, 8+uint8(r.IntN(2)))
		sum := 0
		for code, share := range shares {
			if (share > 0) != (count[code] > 0) {
				t.Fatalf("%d of %v: %v", code, count, shares)
			}
			sum += int(share)
		}
		if sum != 1<<log {
			t.Fatalf("%d states of %d: %v", sum, 1<<log, shares)
		}
	}
}

func FuzzFrames(f *testing.F) {
	r := rand.New(rand.NewPCG(4, 4))
	f.Add([]byte{}, uint16(1))
	f.Add(lines(r, 3), uint16(50))
	f.Add(ids(r, 30), uint16(3))
	f.Add(mixture(r, 5000), uint16(30))
	d, e := newDecoder(f), NewEncoder()
	f.Fuzz(func(t *testing.T, piece []byte, times uint16) {
		src := bytes.Repeat(piece, 1+int(times)%64)
		checkFrame(t, d, e, src[:min(len(src), 1<<20)])
	})
}
