package archive

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzScanPayloadLeaf holds the quick reader of leaves to encoding/json: of a line
// that encodeLeaf writes it reads the same, and of any other line it reads nothing
// that JSON reads otherwise.
func FuzzScanPayloadLeaf(f *testing.F) {
	for position := uint64(1); position < 9; position++ {
		p := samplePayload(position)
		l := newPayloadLeaf(position, &p, p.SHA256())
		l.Object = objectPath(1, 9)
		line, err := encodeLeaf(l)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(line, p.Name)
	}
	f.Add([]byte(`{"leaf":"payload","position":01`), `","object":"objects/x"}`)
	f.Fuzz(func(t *testing.T, line []byte, name string) {
		if s, ok := scanPayloadLeaf(line); ok {
			if l, valid := parsePayloadLeaf(line); valid && bytes.Count(line, []byte(`"position":`)) == 1 && l.Position != s.position {
				t.Fatalf("position %d, JSON says %d: %q", s.position, l.Position, line)
			}
		}
		p := samplePayload(1)
		p.Name, p.ContentType = name, strings.ToValidUTF8(name, "")
		want := newPayloadLeaf(7, &p, p.SHA256())
		want.Object = objectPath(7, 7)
		encoded, err := encodeLeaf(want)
		if err != nil {
			return // too large
		}
		s, ok := scanPayloadLeaf(encoded)
		if !ok || s.position != 7 || s.size != want.Size || string(s.sum) != want.SHA256 || string(s.object) != want.Object {
			t.Fatalf("%q is read as %+v, %v", encoded, s, ok)
		}
	})
}
