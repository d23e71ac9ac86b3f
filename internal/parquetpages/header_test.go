package parquetpages

import (
	"bytes"
	"errors"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
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
		if _, err := readHeader(func(at int64, length int) ([]byte, error) { return c.bytes[at:][:length], nil }, 0, int64(len(c.bytes))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A chunk may begin in its dictionary and go on in an encoding that is not known here: its
// numbers are no places in the dictionary.
func TestPagesOfAnotherEncodingAreInNoDictionary(t *testing.T) {
	const deltas = 7
	for encoding, want := range map[int32]bool{encodingDictionary: true, encodingPlainDictionary: true, encodingPlain: false, deltas: false} {
		c := &Chunk{
			kind: parquet.Types.ByteArray, rows: 2, known: 2, dictionary: &dictionary{texts: [][]byte{[]byte("a")}},
			pages: []page{{header: header{encoding: encodingDictionary, values: 1}}, {header: header{encoding: encoding, values: 1}, first: 1}},
		}
		if _, ok, err := c.Dictionary(); ok != want || err != nil {
			t.Errorf("encoding %d: %v, %v", encoding, ok, err)
		}
	}
}
