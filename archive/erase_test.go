package archive

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/model"
)

// signErasure puts files aside for positions and signs a certificate about them.
func signErasure(t testing.TB, fsys *durabletest.FS, a *Archive, ids Identities, sequence int, positions ...uint64) []byte {
	t.Helper()
	p, err := NewProver(fsys.Snapshot("/archive"), a.VerifierKey(), ids)
	if err != nil {
		t.Fatal(err)
	}
	made, err := p.Rewrite(t.Context(), a.cfg, sequence, positions)
	if err != nil {
		t.Fatal(err)
	}
	made[0].Kept = []KeptRecords{{Position: positions[0], As: a.Sealed(), SHA256: strings.Repeat("0", 64), Records: 2}}
	at := time.Unix(1_760_000_000, 0).UTC()
	signed, err := a.id.signDisposal(&Disposal{
		Sequence: sequence, Reason: "she asked for it", Minimum: "7 years", Proposed: Word{"ines", at}, Confirmed: Word{"bo", at}, Issued: at,
		Subject: strings.Repeat("ab", 32), Younger: len(positions), Erased: made,
	})
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// erasable has three objects of four payloads, and a certificate under the log that
// says that positions 2, 3 and 7 are to go.
func erasable(t testing.TB, to Recipients, ids Identities) (fsys *durabletest.FS, a *Archive, signed []byte) {
	t.Helper()
	fsys = durabletest.New(nil)
	settings := memory(fsys)
	settings.Recipients = to
	a = mustOpen(t, settings)
	fill(t, a, 12, 4)
	signed = signErasure(t, fsys, a, ids, 1, 2, 3, 7)
	if err := a.Dispose(t.Context(), signed); err == nil {
		t.Fatal("erased by a certificate that the log does not have")
	}
	logPayload(t, a, signed)
	return fsys, a, signed
}

// What is erased is gone and said to be; all else is proved as before.
func TestErasure(t *testing.T) {
	fsys, a, signed := erasable(t, nil, nil)
	defer a.Close()
	key := a.VerifierKey()
	before := fsys.Snapshot("/archive")
	evidence, err := mustProver(t, before, key).Payload(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // again does nothing
		if err := a.Dispose(t.Context(), signed); err != nil {
			t.Fatal(err)
		}
	}
	files := fsys.Snapshot("/archive")
	stands := erasedPath(objectPath(1, 4), 1)
	if files[objectPath(1, 4)] != nil || files[objectPath(5, 8)] != nil || files[stands] == nil || files[objectPath(9, 12)] == nil {
		t.Errorf("files %v", slices.Sorted(maps.Keys(files)))
	}
	if aside := fsys.Snapshot("/keys/archive.erasing"); len(aside) > 0 {
		t.Errorf("aside %v", slices.Sorted(maps.Keys(aside)))
	}
	if r := verifyWith(t, files, key); !r.OK() || r.Erased != 3 || r.Payloads != 10 || r.Objects != 4 || r.Last != 13 || r.Lingering != 0 {
		t.Errorf("%d erased, %d payloads, %d objects, %v", r.Erased, r.Payloads, r.Objects, r.Problems)
	}
	p := mustProver(t, files, key)
	if proved, err := p.Payload(t.Context(), 4); err != nil || !bytes.Equal(proved.Body, samplePayload(4).Body) {
		t.Errorf("prove a neighbour: %v", err)
	}
	if _, err := p.Payload(t.Context(), 7); !errors.Is(err, ErrErased) || !errors.Is(err, ErrDisposed) || !strings.Contains(err.Error(), disposalPath(1)) {
		t.Errorf("prove what was erased: %v", err)
	}
	// What was handed out before stays true: the leaf is where it was.
	if _, line, err := mustView(t, p).find(2); err != nil || !bytes.Equal(line, evidence.Line) {
		t.Errorf("the leaf of what was erased: %s, %v", line, err)
	}
	places, read := map[uint64]bool{}, 0
	err = p.Payloads(t.Context(), 0, func(payload model.Payload, l PayloadLeaf) error {
		if read++; payload.ContentType == ErasedContent && len(payload.Body) == 0 {
			places[l.Position] = true
		}
		return nil
	})
	if err != nil || read != 13 || !maps.Equal(places, map[uint64]bool{2: true, 3: true, 7: true}) {
		t.Errorf("%v of %d payloads, %v", places, read, err)
	}
	seen := 0
	if _, err := p.Search(t.Context(), func(PayloadLeaf, []byte) bool { seen++; return false }, nil); !errors.Is(err, ErrNotFound) || seen != 10 {
		t.Errorf("search saw %d payloads, %v", seen, err)
	}
	if _, err := p.Rewrite(t.Context(), a.cfg, 2, []uint64{3}); !errors.Is(err, ErrErased) {
		t.Errorf("erase again: %v", err)
	}
	fill(t, a, 16, 4)
	if r := verifyWith(t, fsys.Snapshot("/archive"), key); !r.OK() || r.Payloads != 13 {
		t.Errorf("after it: %v", r.Problems)
	}
}

// Other data of the same object are erased later, and the object is disposed of in
// the end.
func TestErasedTwiceAndDisposedOf(t *testing.T) {
	fsys, a, signed := erasable(t, nil, nil)
	defer a.Close()
	if err := a.Dispose(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	again := signErasure(t, fsys, a, nil, 2, 4)
	logPayload(t, a, again)
	if err := a.Dispose(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	files, key := fsys.Snapshot("/archive"), a.VerifierKey()
	if files[erasedPath(objectPath(1, 4), 1)] != nil || files[erasedPath(objectPath(1, 4), 2)] == nil {
		t.Errorf("files %v", slices.Sorted(maps.Keys(files)))
	}
	if r := verifyWith(t, files, key); !r.OK() || r.Erased != 4 || r.Payloads != 10 {
		t.Errorf("%d erased, %d payloads, %v", r.Erased, r.Payloads, r.Problems)
	}
	disposal := signDisposal(t, a, 3, objectsOf(t, a, files)[:2]...)
	logPayload(t, a, disposal)
	if err := a.Dispose(t.Context(), disposal); err != nil {
		t.Fatal(err)
	}
	a.Close()
	b := mustOpen(t, a.cfg) // which carries all out once more
	defer b.Close()
	files = fsys.Snapshot("/archive")
	if r := verifyWith(t, files, key); !r.OK() || r.Erased != 0 || r.Disposed != 8 {
		t.Errorf("%d erased, %d disposed of, %v", r.Erased, r.Disposed, r.Problems)
	}
	if _, err := mustProver(t, files, key).Payload(t.Context(), 1); !errors.Is(err, ErrDisposed) || errors.Is(err, ErrErased) {
		t.Errorf("prove what was disposed of: %v", err)
	}
}

// Each byte of a file that stands for an object counts, and the file itself does.
func TestDamagedStandIn(t *testing.T) {
	t.Parallel()
	fsys, a, signed := erasable(t, nil, nil)
	defer a.Close()
	if err := a.Dispose(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	files, key := fsys.Snapshot("/archive"), a.VerifierKey()
	name, object := erasedPath(objectPath(1, 4), 1), objectPath(1, 4)
	whole := files[name].Data
	for at := 0; at < len(whole); at += stride(53) {
		changed := slices.Clone(whole)
		changed[at] ^= 1 << (at % 8)
		for what, data := range map[string][]byte{"flipped": changed, "cut": whole[:at]} {
			files[name] = &fstest.MapFile{Data: data}
			if r := verifyWith(t, files, key); len(r.Problems) != 1 || r.Problems[0].File != name || r.Problems[0].What != Changed {
				t.Fatalf("%s at %d: %v", what, at, r.Problems)
			}
		}
	}
	require := func(what, file string, kind Kind) {
		t.Helper()
		if r := verifyWith(t, files, key); len(r.Problems) != 1 || r.Problems[0].File != file || r.Problems[0].What != kind {
			t.Errorf("%s: %v", what, r.Problems)
		}
	}
	delete(files, name)
	require("removed", name, Missing)
	files[name] = files[erasedPath(objectPath(5, 8), 1)]
	require("another's", name, Changed)
	files[name] = &fstest.MapFile{Data: whole}
	files[erasedPath(object, 7)] = files[name]
	require("one too many", erasedPath(object, 7), Extra)
	delete(files, erasedPath(object, 7))
}

// Of encrypted objects the same holds, with the key and without it.
func TestErasureOfEncryptedObjects(t *testing.T) {
	identity, to := keyPair(t)
	fsys, a, signed := erasable(t, recipients(t, to), Identities{identity})
	defer a.Close()
	if err := a.Dispose(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	files, key := fsys.Snapshot("/archive"), a.VerifierKey()
	name := erasedPath(objectPath(1, 4)+encryptedSuffix, 1)
	if files[name] == nil {
		t.Fatalf("files %v", slices.Sorted(maps.Keys(files)))
	}
	verify := func(ids Identities) Report {
		t.Helper()
		r, err := verifyFS(t.Context(), files, key, Trust{Identities: ids}, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := verify(Identities{identity}); !r.OK() || r.Erased != 3 || r.Payloads != 10 {
		t.Errorf("%d erased, %d payloads, %v", r.Erased, r.Payloads, r.Problems)
	}
	if r := verify(nil); !r.OK() || r.Erased != 3 || r.Sealed != 10 {
		t.Errorf("without the key: %d erased, %d sealed, %v", r.Erased, r.Sealed, r.Problems)
	}
	p, err := NewProver(files, key, Identities{identity})
	if err != nil {
		t.Fatal(err)
	}
	if proved, err := p.Payload(t.Context(), 4); err != nil || !bytes.Equal(proved.Body, samplePayload(4).Body) {
		t.Errorf("prove a neighbour: %v", err)
	}
	whole := files[name].Data
	for at := 0; at < len(whole); at += 97 {
		changed := slices.Clone(whole)
		changed[at] ^= 1
		files[name] = &fstest.MapFile{Data: changed}
		if r := verify(nil); len(r.Problems) != 1 || r.Problems[0].File != name {
			t.Fatalf("byte %d: %v", at, r.Problems)
		}
	}
}

// A store that locks keeps the old object beside what stands for it. That verifies
// and is told, and a byte of either is found.
func TestLingeringObject(t *testing.T) {
	fsys, a, signed := erasable(t, nil, nil)
	defer a.Close()
	old := fsys.Snapshot("/archive")[objectPath(1, 4)]
	if err := a.Dispose(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	files, key := fsys.Snapshot("/archive"), a.VerifierKey()
	files[objectPath(1, 4)] = old
	if r := verifyWith(t, files, key); !r.OK() || r.Lingering != 2 || r.Erased != 1 || r.Payloads != 12 {
		t.Errorf("%d linger, %d erased, %d payloads, %v", r.Lingering, r.Erased, r.Payloads, r.Problems)
	}
	for _, name := range []string{objectPath(1, 4), erasedPath(objectPath(1, 4), 1)} {
		whole := files[name].Data
		changed := slices.Clone(whole)
		changed[len(changed)/2] ^= 1
		files[name] = &fstest.MapFile{Data: changed}
		if r := verifyWith(t, files, key); len(r.Problems) != 1 || r.Problems[0].File != name {
			t.Errorf("%s: %v", name, r.Problems)
		}
		files[name] = &fstest.MapFile{Data: whole}
	}
}

// TestCrashWhileErasing stops the machine at each operation: the archive verifies,
// and the next start goes on with what the certificate says.
func TestCrashWhileErasing(t *testing.T) {
	t.Parallel()
	from, first, signed := erasable(t, nil, nil)
	first.Close()
	crashWhileDisposing(t, from, signed, 3, func(r Report) uint64 { return r.Erased })
}

// The folder verifies at each instant of an erasure, not only after the next start.
func TestVerifyAtEachStepOfAnErasure(t *testing.T) {
	t.Parallel()
	from, first, signed := erasable(t, nil, nil)
	first.Close()
	for n := 1; ; n++ {
		fsys := start(from)
		a := mustOpen(t, memory(fsys))
		fsys.SetInject(durabletest.At(fsys.Ops()+n, durabletest.Crash))
		err := a.Dispose(t.Context(), signed)
		if err == nil {
			return
		}
		files := fsys.Snapshot("/archive")
		r := verifyWith(t, files, a.VerifierKey())
		r.Problems = slices.DeleteFunc(r.Problems, func(p Problem) bool { return strings.HasSuffix(p.File, ".tmp") })
		if !r.OK() || r.Erased+r.Payloads != 13 {
			t.Fatalf("operation %d: %d erased, %d whole, %v", n, r.Erased, r.Payloads, r.Problems)
		}
	}
}

// A certificate of erasure says one thing only.
func TestSignErasure(t *testing.T) {
	_, a, signed := erasable(t, nil, nil)
	defer a.Close()
	for name, change := range map[string]func(*Disposal){
		"one person":         func(d *Disposal) { d.Confirmed.By = "ines" },
		"no subject":         func(d *Disposal) { d.Subject = "" },
		"a bound":            func(d *Disposal) { d.Before = d.Issued },
		"no position":        func(d *Disposal) { d.Erased[0].Positions = nil },
		"another's":          func(d *Disposal) { d.Erased[0].Positions = []uint64{5} },
		"twice":              func(d *Disposal) { d.Erased[0].Positions = []uint64{2, 2} },
		"another sequence":   func(d *Disposal) { d.Sequence = 2 },
		"a strange file":     func(d *Disposal) { d.Erased[0].File = "checkpoint" },
		"kept of others":     func(d *Disposal) { d.Erased[0].Kept[0].Position = 4 },
		"kept before":        func(d *Disposal) { d.Erased[0].Kept[0].As = 1 },
		"a disposal as well": func(d *Disposal) { d.Objects = []ObjectLeaf{d.Erased[0].Object} },
	} {
		d, err := OpenDisposal(signed, a.VerifierKey())
		if err != nil {
			t.Fatal(err)
		}
		change(d)
		if _, err := a.id.signDisposal(d); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

// What was put aside and is lost leaves the object as it was, at a start too.
func TestLostAside(t *testing.T) {
	fsys, a, signed := erasable(t, nil, nil)
	defer a.Close()
	d, err := OpenDisposal(signed, a.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	if !Aside(a.cfg, d) {
		t.Error("what was put aside is not found")
	}
	if err := ClearAside(a.cfg, d.Erased); err != nil || Aside(a.cfg, d) {
		t.Errorf("cleared: %v", err)
	}
	if err := a.Dispose(t.Context(), signed); err == nil || !strings.Contains(err.Error(), "plan the erasure anew") {
		t.Errorf("erased without files: %v", err)
	}
	a.Close()
	b := mustOpen(t, a.cfg)
	defer b.Close()
	if r := verifyWith(t, fsys.Snapshot("/archive"), b.VerifierKey()); !r.OK() || r.Lingering != 3 || r.Payloads != 13 {
		t.Errorf("%d linger, %d payloads, %v", r.Lingering, r.Payloads, r.Problems)
	}
}

func mustProver(t testing.TB, files fstest.MapFS, key string) *Prover {
	t.Helper()
	p, err := NewProver(files, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustView(t testing.TB, p *Prover) *view {
	t.Helper()
	v, err := p.view()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Objects of data files that have a person's rows go by the same certificate, and
// what the log says of the tables still adds up.
func TestErasureOfDataFiles(t *testing.T) {
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	defer a.Close()
	fillRows(t, a, 10, 2)
	key := a.VerifierKey()
	p := mustProver(t, fsys.Snapshot("/archive"), key)
	asked := 0
	objects, err := p.ObjectsWithRows(t.Context(), func(l RowsLeaf) bool { return l.First <= 2 && 2 <= l.Last }, func(data []byte) (bool, error) {
		asked++
		return bytes.HasPrefix(data, []byte("PAR1 Two ")), nil
	})
	if err != nil || len(objects) == 0 || asked <= len(objects) {
		t.Fatalf("%d objects, asked of %d files, %v", len(objects), asked, err)
	}
	if none, err := p.ObjectsWithRows(t.Context(), func(RowsLeaf) bool { return true }, func([]byte) (bool, error) { return false, nil }); err != nil || len(none) != 0 {
		t.Errorf("%v, %v", none, err)
	}
	made, err := p.Rewrite(t.Context(), a.cfg, 1, []uint64{2})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1_760_000_000, 0).UTC()
	d := &Disposal{
		Sequence: 1, Reason: "she asked for it", Minimum: "none is set", Proposed: Word{"ines", at}, Confirmed: Word{"bo", at}, Issued: at,
		Subject: strings.Repeat("ab", 32), Objects: objects, Erased: made,
	}
	signed, err := a.id.signDisposal(d)
	if err != nil {
		t.Fatal(err)
	}
	logPayload(t, a, signed)
	if err := a.Dispose(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	r := verifyWith(t, fsys.Snapshot("/archive"), key)
	if !r.OK() || r.Erased != 1 || r.DisposedFiles == 0 {
		t.Errorf("%d erased, %d data files went, %v", r.Erased, r.DisposedFiles, r.Problems)
	}
	requireTables(t, &r, 10)
	d.Objects = []ObjectLeaf{made[0].Object}
	if _, err := a.id.signDisposal(d); err == nil {
		t.Error("signed that an object of payloads goes as a whole")
	}
}
