package lake

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/quoll/quoll/internal/parquetfile"
)

// Footers are read once, until others need their room.
func TestFootersAreKeptUpToABound(t *testing.T) {
	var out bytes.Buffer
	w, err := parquetfile.NewWriter(&out, []parquetfile.Column{{Name: "a", Kind: parquetfile.Int64}}, parquetfile.Options{CreatedBy: "test"})
	if err != nil {
		t.Fatal(err)
	}
	w.Group(1)
	w.Column().Number(7)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := func() *bytes.Reader { return bytes.NewReader(out.Bytes()) }
	first, err := newFooters(1<<20).of("path", file())
	if err != nil {
		t.Fatal(err)
	}
	k := newFooters(10 * first.Bytes())
	for i := range 30 {
		if _, err := k.of(fmt.Sprint(i), file()); err != nil {
			t.Fatal(err)
		}
		if _, err := k.of("0", nil); err != nil { // is not read again
			t.Fatal(err)
		}
	}
	if k.bytes != 10*first.Bytes() || len(k.known) != 10 || k.last.Len() != 10 {
		t.Errorf("%d bytes of %d files are kept, want %d of ten", k.bytes, len(k.known), 10*first.Bytes())
	}
	for path, kept := range map[string]bool{"0": true, "5": false, "20": false, "21": true, "29": true} {
		if got := k.get(path) != nil; got != kept {
			t.Errorf("%s: kept %v, want %v", path, got, kept)
		}
	}
	if _, err := k.of("damaged", bytes.NewReader(out.Bytes()[:out.Len()-9])); err == nil || k.get("damaged") != nil {
		t.Errorf("a damaged footer: %v", err)
	}
}
