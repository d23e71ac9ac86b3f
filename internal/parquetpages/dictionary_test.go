package parquetpages_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/quoll/quoll/internal/parquetfile"
	"github.com/quoll/quoll/internal/parquetpages"
)

// A dictionary that says that it has more texts than there are lengths in it is damaged
// before room is made for them.
func TestADictionaryHasRoomForItsTexts(t *testing.T) {
	var out bytes.Buffer
	columns := []parquetfile.Column{{Name: "c", Kind: parquetfile.Text, Dictionary: true, Codec: parquetfile.Uncompressed}}
	w, err := parquetfile.NewWriter(&out, columns, parquetfile.Options{CreatedBy: "test"})
	if err != nil {
		t.Fatal(err)
	}
	w.Group(10)
	to := w.Column()
	for range 10 {
		to.Text([]byte(strings.Repeat("x", 96))) // with its length, room for 25 texts
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	decoder, err := parquetpages.NewDecoder(1)
	if err != nil {
		t.Fatal(err)
	}
	for says, damaged := range map[byte]bool{1: false, 25: false, 26: true} {
		body := bytes.Clone(out.Bytes())
		header := bytes.Index(body, []byte{0x4c, 0x15, 2}) // of a dictionary, with one value
		if header < 0 {
			t.Fatal("there is no dictionary")
		}
		body[header+2] = 2 * says
		f, err := parquetpages.Open(bytes.NewReader(body), decoder)
		if err != nil {
			t.Fatal(err)
		}
		chunk, err := f.Chunk(0, "c")
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := chunk.Codes(0, 10, nil); errors.Is(err, parquetpages.ErrDamaged) != damaged {
			t.Errorf("of %d texts: %v", says, err)
		}
		f.Release()
	}
}
