package parquetpages

import (
	"bytes"
	"errors"
	"testing"
)

// TestHostileHeaders reads headers that would have a reader go on for ever, or deeper and
// deeper.
func TestHostileHeaders(t *testing.T) {
	for name, c := range map[string]struct {
		bytes []byte
		want  error
	}{
		"lists in lists":    {bytes.Repeat([]byte{0x19}, 1<<20), ErrDamaged},
		"unknown type":      {append([]byte{0x1d}, make([]byte, 1<<20)...), ErrDamaged},
		"a number too long": {append([]byte{0x15}, bytes.Repeat([]byte{0xff}, 1<<20)...), ErrDamaged},
		"a long list":       {append([]byte{0x19, 0xf3, 0xff, 0xff, 0xff, 0x7f}, make([]byte, 8<<20)...), ErrUnsupported},
		"no end":            {[]byte{0x15}, ErrDamaged},
	} {
		if _, err := readHeader(bytes.NewReader(c.bytes), 0, int64(len(c.bytes))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
