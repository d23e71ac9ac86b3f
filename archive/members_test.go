package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMembersAreWhatTarSays flips and cuts every byte of a file as the archive writes
// it, and compares what is read with what package tar reads.
func TestMembersAreWhatTarSays(t *testing.T) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, m := range []struct{ name, body string }{{indexMember, "{}\n"}, {payloadMember(17), ""}, {"rows/1.parquet", strings.Repeat("x", 600)}} {
		if err := writeMember(w, m.name, []byte(m.body), time.Unix(1_750_000_000, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	plain := out.Bytes()
	if got := ownMembers(plain); len(got) != 4 || got[3] != "end" {
		t.Fatalf("the file as it is: %v", got)
	}
	same := func(what string, data []byte) {
		t.Helper()
		if own, tars := ownMembers(data), tarMembers(data); !slices.Equal(own, tars) {
			t.Fatalf("%s: members are\n%v\npackage tar says\n%v", what, own, tars)
		}
	}
	for at := range plain {
		same(fmt.Sprintf("cut at %d", at), plain[:at])
		for _, flip := range []byte{0x01, 0x20, 0x80} {
			if at >= tarBlock && flip > 0x01 {
				break // bodies, and headers like the first
			}
			changed := bytes.Clone(plain)
			changed[at] ^= flip
			same(fmt.Sprintf("byte %d flipped by %#x", at, flip), changed)
			// The same with a checksum that is right, so that the field itself is judged.
			header := changed[at/tarBlock*tarBlock:][:tarBlock]
			if at < tarSum || at >= tarRest && at < tarBlock {
				copy(header[tarSum:], fmt.Sprintf("%06o\x00 ", sumOf(header)))
				same(fmt.Sprintf("byte %d flipped by %#x, summed up again", at, flip), changed)
			}
		}
	}
}

func sumOf(header []byte) (sum int) {
	for i, b := range header {
		if i >= tarSum && i < tarRest {
			b = ' '
		}
		sum += int(b)
	}
	return sum
}

// ownMembers lists what members reads, to the end or to the first error.
func ownMembers(data []byte) (all []string) {
	r := newMembers(bytes.NewReader(data))
	for {
		name, size, err := r.step("")
		all = append(all, outcome(name, size, r, err))
		if err != nil {
			return all
		}
	}
}

func tarMembers(data []byte) (all []string) {
	r := tar.NewReader(bytes.NewReader(data))
	for {
		h, err := r.Next()
		if err == nil && h.Typeflag != tar.TypeReg {
			err = errors.New("no file")
		}
		if err != nil {
			return append(all, outcome("", 0, nil, err))
		}
		all = append(all, outcome(h.Name, h.Size, r, nil))
	}
}

func outcome(name string, size int64, r io.Reader, err error) string {
	switch {
	case errors.Is(err, io.EOF):
		return "end"
	case err != nil:
		return "error"
	}
	body, err := io.ReadAll(r)
	return fmt.Sprintf("%q %d %x %v", name, size, body, err)
}
