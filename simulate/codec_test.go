package simulate

import (
	"testing"

	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/klauspost/compress/zstd"
)

// codec is Parquet's zstd with one encoder and one decoder for all. The
// library's own keeps them in pools, and one that was made in a bubble of
// virtual time cannot be used in another.
type codec struct {
	compress.Codec
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

func (c codec) Encode(dst, src []byte) []byte             { return c.encoder.EncodeAll(src, dst[:0]) }
func (c codec) EncodeLevel(dst, src []byte, _ int) []byte { return c.Encode(dst, src) }
func (c codec) DecodeWithError(dst, src []byte) ([]byte, error) {
	return c.decoder.DecodeAll(src, dst[:0])
}

func (c codec) Decode(dst, src []byte) []byte {
	dst, err := c.DecodeWithError(dst, src)
	if err != nil {
		panic(err)
	}
	return dst
}

// warmUp makes outside of virtual time what all lives share.
func warmUp(t *testing.T) {
	t.Helper()
	if _, err := samples(); err != nil {
		t.Fatal(err)
	}
	standard, err := compress.GetCodec(compress.Codecs.Zstd)
	if err != nil {
		t.Fatal(err)
	}
	c := codec{Codec: standard}
	if c.encoder, err = zstd.NewWriter(nil, zstd.WithZeroFrames(true), zstd.WithEncoderLevel(zstd.SpeedFastest)); err != nil {
		t.Fatal(err)
	}
	if c.decoder, err = zstd.NewReader(nil); err != nil {
		t.Fatal(err)
	}
	// Channels are made at the first use.
	if _, err := c.DecodeWithError(nil, c.Encode(nil, []byte("warm"))); err != nil {
		t.Fatal(err)
	}
	compress.RegisterCodec(compress.Codecs.Zstd, c)
}
