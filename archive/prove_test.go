package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/internal/durable/durabletest"
)

func proverOf(t testing.TB, files fstest.MapFS, key string) *Prover {
	t.Helper()
	verifier, err := note.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	return &Prover{fs: files, verifier: verifier}
}

func evidenceOf(t testing.TB, proved *Proved) []byte {
	t.Helper()
	size := int64(len(proved.Body))
	e, err := proof.NewEvidence(proved.Body, size/4, size/2, []byte("{\"table\":\"T\"}\n"), proved.Line, proved.Inclusion.Encode())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := e.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func checkEvidence(data []byte, log note.Verifier, witnesses []note.Verifier, quorum int) (*proof.Verified, error) {
	b, err := proof.Read(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if b.Evidence == nil {
		return nil, errors.New("another kind of bundle")
	}
	return b.Evidence.Check(log, witnesses, quorum)
}

// TestEveryPayloadIsProved makes the bundle of each payload of an archive over
// several tiles, and checks it with what a stranger has.
func TestEveryPayloadIsProved(t *testing.T) {
	files, key, last := tallArchive(t)
	p := proverOf(t, files, key)
	for position := uint64(1); position <= last; position += uint64(stride(5)) {
		proved, err := p.Payload(t.Context(), position)
		if err != nil {
			t.Fatal(err)
		}
		v, err := checkEvidence(evidenceOf(t, proved), p.verifier, nil, 0)
		if err != nil {
			t.Fatalf("position %d: %v", position, err)
		}
		want := samplePayload(position)
		if v.Leaf.Position != position || v.Leaf.ContentType != want.ContentType || !bytes.Equal(proved.Body, want.Body) {
			t.Fatalf("position %d: leaf %+v", position, v.Leaf)
		}
	}
	for _, position := range []uint64{0, last + 1} {
		if _, err := p.Payload(t.Context(), position); !errors.Is(err, ErrNotFound) {
			t.Errorf("position %d: error %v, want ErrNotFound", position, err)
		}
	}
}

// TestEveryByteOfEvidence changes, removes and doubles each byte of a bundle.
func TestEveryByteOfEvidence(t *testing.T) {
	t.Parallel()
	files, key, _ := smallArchive(t)
	p := proverOf(t, files, key)
	witness, line := cosign(t, files[checkpointFile].Data)
	files[cosignedFile] = &fstest.MapFile{Data: append(bytes.Clone(files[checkpointFile].Data), line...)}
	proved, err := p.Payload(t.Context(), 6)
	if err != nil {
		t.Fatal(err)
	}
	whole := evidenceOf(t, proved)
	if _, err := checkEvidence(whole, p.verifier, []note.Verifier{witness}, 1); err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(whole); at += stride(7) {
		flipped := bytes.Clone(whole)
		flipped[at] ^= 1 << (at % 8)
		for what, changed := range map[string][]byte{
			"flipped": flipped,
			"removed": append(bytes.Clone(whole[:at]), whole[at+1:]...),
			"doubled": append(bytes.Clone(whole[:at+1]), whole[at:]...),
			"cut":     whole[:at],
		} {
			if _, err := checkEvidence(changed, p.verifier, []note.Verifier{witness}, 1); err == nil {
				t.Fatalf("byte %d %s passes", at, what)
			}
		}
	}
}

// cosign makes a witness and its cosignature on a checkpoint.
func cosign(t testing.TB, signed []byte) (note.Verifier, []byte) {
	t.Helper()
	private, err := proof.GenerateCosigner(bytes.NewReader(bytes.Repeat([]byte("witness!"), 4)), "witness.example/w1")
	if err != nil {
		t.Fatal(err)
	}
	cosigner, err := proof.NewCosigner(private)
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := bytes.Cut(signed, []byte("\n\n"))
	line, err := cosigner.Cosign(string(text)+"\n", time.Unix(1_760_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := proof.NewWitnessVerifier(cosigner.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	return verifier, line
}

// TestEvidenceOfAnother swaps parts of two bundles, each of which is whole.
func TestEvidenceOfAnother(t *testing.T) {
	files, key, _ := smallArchive(t)
	p := proverOf(t, files, key)
	read := func(position uint64) *proof.Evidence {
		proved, err := p.Payload(t.Context(), position)
		if err != nil {
			t.Fatal(err)
		}
		b, err := proof.Read(bytes.NewReader(evidenceOf(t, proved)))
		if err != nil {
			t.Fatal(err)
		}
		return b.Evidence
	}
	tests := []struct {
		name string
		swap func(e, other *proof.Evidence)
		want error
	}{
		{"payload", func(e, other *proof.Evidence) { e.Payload = other.Payload }, proof.ErrContent},
		{"record", func(e, other *proof.Evidence) { e.Record = other.Record }, proof.ErrContent},
		{"rows", func(e, _ *proof.Evidence) { e.Rows = []byte("{}\n") }, proof.ErrContent},
		{"leaf and payload", func(e, other *proof.Evidence) {
			e.About, e.Record, e.Payload, e.Leaf = other.About, other.Record, other.Payload, other.Leaf
		}, proof.ErrInclusion},
		{"proof", func(e, other *proof.Evidence) { e.Proof = other.Proof }, proof.ErrInclusion},
		{"object's leaf", func(e, _ *proof.Evidence) { e.Leaf = []byte(`{"leaf":"object"}`) }, proof.ErrFormat},
	}
	for _, test := range tests {
		e, other := read(5), read(9)
		test.swap(e, other)
		if _, err := e.Check(p.verifier, nil, 0); !errors.Is(err, test.want) {
			t.Errorf("%s of another: error %v, want %v", test.name, err, test.want)
		}
	}
	if _, err := read(5).Check(p.verifier, nil, 1); !errors.Is(err, proof.ErrQuorum) {
		t.Errorf("without a cosignature: error %v, want ErrQuorum", err)
	}
}

// TestConsistencyOfAnyTwo proves each earlier checkpoint of a log against each
// later one, and that a fork of the log cannot be.
func TestConsistencyOfAnyTwo(t *testing.T) {
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	var heads [][]byte
	head := func(fsys *durabletest.FS) []byte { return fsys.Snapshot("/archive")[checkpointFile].Data }
	for _, position := range []uint64{0, 1, 4, 100, 255, 256, 257, 300} {
		fill(t, a, position, 90)
		heads = append(heads, head(fsys))
	}
	p := proverOf(t, fsys.Snapshot("/archive"), a.VerifierKey())
	check := func(older, newer []byte) error {
		bundle, err := p.Consistency(t.Context(), older, newer)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := bundle.Write(&b); err != nil {
			return err
		}
		again, err := proof.Read(io.Reader(&b))
		if err != nil {
			return err
		}
		_, _, err = again.Consistency.Check(p.verifier, nil, 0)
		return err
	}
	for i, older := range heads {
		for j, newer := range heads {
			err := check(older, newer)
			if (err == nil) != (i <= j) {
				t.Errorf("checkpoint %d to %d: %v", i, j, err)
			}
		}
		if err := check(older, nil); err != nil {
			t.Errorf("checkpoint %d to the present: %v", i, err)
		}
	}

	// The same key signs another history.
	other := durabletest.New(nil)
	fork := mustOpen(t, memory(other))
	fill(t, fork, 3, 90)
	for to := uint64(4); to < 8; to++ {
		fill(t, fork, to, 1)
		if err := check(head(other), nil); !errors.Is(err, proof.ErrConsistency) {
			t.Errorf("a fork at position %d: error %v, want ErrConsistency", to, err)
		}
	}
	fill(t, fork, 400, 90)
	if err := check(heads[2], head(other)); !errors.Is(err, ErrNotFound) {
		t.Errorf("a checkpoint beyond the archive: error %v, want ErrNotFound", err)
	}
}

func TestSearchFindsTheNewest(t *testing.T) {
	files, key, last := smallArchive(t)
	p := proverOf(t, files, key)
	for position := uint64(1); position <= last; position++ {
		want := fmt.Sprintf(`"Id":"%d"`, position)
		got, err := p.Search(t.Context(), func(_ PayloadLeaf, body []byte) bool { return bytes.Contains(body, []byte(want)) }, nil)
		if position%7 == 0 { // an empty body
			if !errors.Is(err, ErrNotFound) {
				t.Errorf("position %d: %v", position, err)
			}
		} else if err != nil || got != position {
			t.Errorf("position %d: found %d, error %v", position, got, err)
		}
	}
	got, err := p.Search(t.Context(), func(PayloadLeaf, []byte) bool { return true }, nil)
	if first, _, _ := parseObjectPath(objectPath(9, 11)); err != nil || got != first {
		t.Errorf("anything: position %d, error %v; want the first of the last object", got, err)
	}
}

// A body that goes on beyond what the log says is not unpacked: a small file could
// have very much of it.
func TestNoMoreIsUnpackedThanTheLogSays(t *testing.T) {
	files, key, _ := smallArchive(t)
	p := proverOf(t, files, key)
	leaf, err := p.Leaf(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	packer, err := newPacker()
	if err != nil {
		t.Fatal(err)
	}
	var object bytes.Buffer
	packer.encoder.Reset(&object)
	w := tar.NewWriter(packer.encoder)
	if err := errors.Join(writeMember(w, payloadMember(1), make([]byte, 1<<20), time.Unix(0, 0)), w.Close(), packer.encoder.Close()); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = copyBody(fstest.MapFS{leaf.Object: {Data: object.Bytes()}}, leaf, &out)
	if !errors.Is(err, ErrDamaged) || out.Len() > int(leaf.Size) {
		t.Errorf("%d bytes of %d, error %v", out.Len(), leaf.Size, err)
	}
}
