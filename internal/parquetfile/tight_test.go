package parquetfile

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/quoll/quoll/internal/tightzstd"
)

// Whatever a frame of our own has, what is in the file is the body: if another comes back,
// the library makes the frame.
func TestAFrameThatDoesNotComeBackIsNotWritten(t *testing.T) {
	m, err := newMemory(true)
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	right := m.tight.frame
	body := bytes.Repeat([]byte("a page of a file, "), 10_000)
	for name, frame := range map[string]func(dst, src []byte) []byte{
		"right": right,
		"damaged": func(dst, src []byte) []byte {
			out := right(dst, src)
			out[len(out)-1] ^= 4
			return out
		},
		"of another body": func(dst, src []byte) []byte { return right(dst, src[1:]) },
		"none":            func(dst, _ []byte) []byte { return dst },
	} {
		m.tight.frame = frame
		out := m.tight.append([]byte("before"), body)
		back, err := decoder.DecodeAll(out[len("before"):], nil)
		if err != nil || !bytes.Equal(back, body) || string(out[:6]) != "before" {
			t.Errorf("%s: %d bytes of %d: %v", name, len(back), len(body), err)
		}
		theirs := m.encoder.EncodeAll(body, nil)
		if ours := bytes.Equal(out[6:], right(nil, body)); ours != (name == "right") || !ours && !bytes.Equal(out[6:], theirs) {
			t.Errorf("%s: the frame is neither ours nor the library's", name)
		}
	}
}

// The longest pages are the library's, and of a short page the smaller frame is taken.
func TestFramesOfTheLibrary(t *testing.T) {
	m, err := newMemory(true)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(2, 2))
	var short []byte
	for range 200 {
		short = fmt.Appendf(short, "%08x-%04x", r.Uint32(), r.IntN(1<<16))
	}
	long := bytes.Repeat([]byte("0123456789abcdef"), tightzstd.MaxInput/16+1)
	for _, body := range [][]byte{short, long} {
		theirs := m.encoder.EncodeAll(body, nil)
		if got := m.tight.append(nil, body); len(got) > len(theirs) || len(body) > tightzstd.MaxInput && !bytes.Equal(got, theirs) {
			t.Errorf("%d bytes take %d, and by the library %d", len(body), len(got), len(theirs))
		}
	}
	m.tight.frame = func(dst, src []byte) []byte {
		if len(src) > tightzstd.MaxInput {
			t.Error("a frame of our own of too much")
		}
		return dst
	}
	m.tight.append(nil, long)
}
