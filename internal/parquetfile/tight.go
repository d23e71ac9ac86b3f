package parquetfile

import (
	"bytes"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/quoll/quoll/internal/tightzstd"
)

// tightPacker makes the frames of Small files, and reads each of them back: they are the
// only copy of their rows, and reading takes a tenth of what making them does.
type tightPacker struct {
	frame   func(dst, src []byte) []byte
	library *zstd.Encoder
	decoder *zstd.Decoder
	back    []byte
	other   []byte
}

// shortPage is below how many bytes the library's frame is made too, which is the smaller
// one now and then.
const shortPage = 32 << 10

func newTightPacker(library *zstd.Encoder) (*tightPacker, error) {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(tightzstd.MaxInput))
	if err != nil {
		return nil, fmt.Errorf("prepare decompression: %w", err)
	}
	return &tightPacker{frame: tightzstd.NewEncoder().Append, library: library, decoder: decoder}, nil
}

// append appends the frame of a body: the library's, if the body is too long for another, or
// another body comes back, or it is smaller.
func (p *tightPacker) append(dst, body []byte) []byte {
	if len(body) > tightzstd.MaxInput {
		return p.library.EncodeAll(body, dst)
	}
	out := p.frame(dst, body)
	back, err := p.decoder.DecodeAll(out[len(dst):], p.back[:0])
	if err != nil || !bytes.Equal(back, body) {
		return p.library.EncodeAll(body, dst)
	}
	p.back = back
	if len(body) < shortPage {
		p.other = p.library.EncodeAll(body, p.other[:0])
		if len(p.other) < len(out)-len(dst) {
			return append(dst, p.other...)
		}
	}
	return out
}
