package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/model"
)

// signDisposal signs a certificate over objects with the key of an archive in
// memory.
func signDisposal(t testing.TB, a *Archive, sequence int, objects ...ObjectLeaf) []byte {
	t.Helper()
	at := time.Unix(1_760_000_000, 0).UTC()
	d := &Disposal{
		Sequence: sequence, Reason: "its class has passed", Minimum: "7 years", Before: at, Proposed: Word{"ines", at}, Confirmed: Word{"bo", at}, Issued: at, Objects: objects,
	}
	signed, err := a.id.signDisposal(d)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// objectsOf are the leaves of the objects in a folder, in order.
func objectsOf(t testing.TB, a *Archive, files fstest.MapFS) []ObjectLeaf {
	t.Helper()
	p, err := NewProver(files, a.VerifierKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	all, err := p.Disposable(t.Context(), time.Now(), func(PayloadLeaf) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// logPayload archives a payload at once.
func logPayload(t testing.TB, a *Archive, body []byte) {
	t.Helper()
	err := a.Add(t.Context(), a.Sealed()+1, model.Payload{Source: model.SourceLedger, Format: model.FormatCertificate, ContentType: "Disposal", Received: time.Unix(1_760_000_000, 0), Body: body})
	if err == nil {
		err = a.Flush(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// disposedArchive has four objects, of which the first two were disposed of.
func disposedArchive(t testing.TB) (fsys *durabletest.FS, a *Archive, signed []byte) {
	t.Helper()
	fsys = durabletest.New(nil)
	a = mustOpen(t, memory(fsys))
	fill(t, a, 12, 4)
	signed = signDisposal(t, a, 1, objectsOf(t, a, fsys.Snapshot("/archive"))[:2]...)
	if err := a.Dispose(t.Context(), signed); err == nil {
		t.Fatal("disposed of with a certificate that the log does not have")
	}
	logPayload(t, a, signed)
	return fsys, a, signed
}

func TestDisposal(t *testing.T) {
	fsys, a, signed := disposedArchive(t)
	defer a.Close()
	before := fsys.Snapshot("/archive")
	for range 2 { // again does nothing
		if err := a.Dispose(t.Context(), signed); err != nil {
			t.Fatal(err)
		}
	}
	files, key := fsys.Snapshot("/archive"), a.VerifierKey()
	if files[objectPath(1, 4)] != nil || files[objectPath(5, 8)] != nil || files[objectPath(9, 12)] == nil {
		t.Errorf("files %v", slices.Sorted(maps.Keys(files)))
	}
	if r := verifyWith(t, files, key); !r.OK() || r.Disposed != 8 || r.Payloads != 5 || r.Objects != 2 || r.Last != 13 {
		t.Errorf("%d disposed, %d payloads, %v", r.Disposed, r.Payloads, r.Problems)
	}
	// The certificate before its objects have gone, as after a crash.
	crashed := maps.Clone(before)
	crashed[disposalPath(1)] = files[disposalPath(1)]
	if r := verifyWith(t, crashed, key); !r.OK() || r.Payloads != 13 {
		t.Errorf("half done: %v", r.Problems)
	}
	// What remains is proved, what went has its place.
	p, err := NewProver(files, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if proved, err := p.Payload(t.Context(), 10); err != nil || !bytes.Equal(proved.Body, samplePayload(10).Body) {
		t.Errorf("prove what remains: %v", err)
	}
	if _, err := p.Payload(t.Context(), 6); !errors.Is(err, ErrDisposed) || !strings.Contains(err.Error(), disposalPath(1)) {
		t.Errorf("prove what went: %v", err)
	}
	places, read := 0, 0
	if err := p.Payloads(t.Context(), 0, func(payload model.Payload, l PayloadLeaf) error {
		if read++; payload.ContentType == DisposedContent && len(payload.Body) == 0 && l.Position <= 8 {
			places++
		}
		return nil
	}); err != nil || places != 8 || read != 13 {
		t.Errorf("%d places of %d payloads, %v", places, read, err)
	}
	if all, err := p.Disposals(); err != nil || len(all) != 1 || all[0].Confirmed.By != "bo" {
		t.Errorf("%v, %v", all, err)
	}
	if left := objectsOf(t, a, files); len(left) != 2 || left[0].First != 9 {
		t.Errorf("disposable %v", left)
	}
	// The log goes on.
	fill(t, a, 16, 4)
	if r := verifyWith(t, fsys.Snapshot("/archive"), key); !r.OK() || r.Payloads != 8 {
		t.Errorf("after it: %v", r.Problems)
	}
}

// countedFS counts how often files are opened.
type countedFS struct {
	fs.FS
	opened map[string]int
}

func (c countedFS) Open(name string) (fs.File, error) {
	c.opened[name]++
	return c.FS.Open(name)
}

// However many objects went, their certificate is read once.
func TestCertificatesAreReadOnce(t *testing.T) {
	fsys, a, signed := disposedArchive(t)
	defer a.Close()
	if err := a.Dispose(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	files := countedFS{fsys.Snapshot("/archive"), map[string]int{}}
	p, err := NewProver(files, a.VerifierKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Payloads(t.Context(), 0, func(model.Payload, PayloadLeaf) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Disposable(t.Context(), time.Now(), func(PayloadLeaf) bool { return false }); err != nil {
		t.Fatal(err)
	}
	if n := files.opened[disposalPath(1)]; n != 1 {
		t.Errorf("read %d times", n)
	}
	// One that came since is read.
	later := signDisposal(t, a, 2, objectsOf(t, a, fsys.Snapshot("/archive"))[0])
	logPayload(t, a, later)
	if err := a.Dispose(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	maps.Copy(files.FS.(fstest.MapFS), fsys.Snapshot("/archive"))
	delete(files.FS.(fstest.MapFS), objectPath(9, 12))
	if _, err := p.Payload(t.Context(), 10); !errors.Is(err, ErrDisposed) {
		t.Errorf("what went since: %v", err)
	}
}

// Each byte of a certificate counts, and without a good one the objects are missing.
func TestDamagedCertificatesOfDisposal(t *testing.T) {
	t.Parallel()
	fsys, a, signed := disposedArchive(t)
	defer a.Close()
	if err := a.Dispose(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	files, key := fsys.Snapshot("/archive"), a.VerifierKey()
	name := disposalPath(1)
	whole := files[name].Data
	requires := func(what string, first Kind) {
		t.Helper()
		r := verifyWith(t, files, key)
		got := map[string]Kind{}
		for _, p := range r.Problems {
			got[p.File] = p.What
		}
		if want := map[string]Kind{name: first, objectPath(1, 4): Missing, objectPath(5, 8): Missing}; !maps.Equal(got, want) {
			t.Fatalf("%s: %v", what, r.Problems)
		}
	}
	for at := 0; at < len(whole); at += stride(151) {
		changed := slices.Clone(whole)
		changed[at] ^= 1 << (at % 8)
		files[name].Data = changed
		requires(fmt.Sprintf("byte %d", at), Changed)
		files[name].Data = whole[:at]
		requires(fmt.Sprintf("cut at %d", at), Changed)
	}
	files[name].Data = whole
	delete(files, objectPath(9, 12))
	if r := verifyWith(t, files, key); len(r.Problems) != 1 || r.Problems[0].File != objectPath(9, 12) || r.Problems[0].What != Missing {
		t.Errorf("a hole that no certificate names: %v", r.Problems)
	}
	files = fsys.Snapshot("/archive")
	// A certificate that was signed and never logged.
	files[disposalPath(2)] = &fstest.MapFile{Data: signDisposal(t, a, 2, objectsOf(t, a, files)[0])}
	delete(files, objectPath(9, 12))
	if r := verifyWith(t, files, key); len(r.Problems) != 1 || r.Problems[0].File != disposalPath(2) || r.Problems[0].What != Extra {
		t.Errorf("a certificate that is not in the log: %v", r.Problems)
	}
	delete(files, disposalPath(1))
	if r := verifyWith(t, files, key); !slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.File == disposalPath(1) && p.What == Missing }) {
		t.Errorf("a certificate that was removed: %v", r.Problems)
	}
}

// TestCrashWhileDisposing stops the machine at each operation: either all is there,
// or the certificate is, and the next start goes on with it.
func TestCrashWhileDisposing(t *testing.T) {
	t.Parallel()
	from, first, signed := disposedArchive(t)
	first.Close()
	crashWhileDisposing(t, from, signed, 8, func(r Report) uint64 { return r.Disposed })
}

// crashWhileDisposing stops the machine at each operation of carrying out a
// certificate by which so many payloads go.
func crashWhileDisposing(t *testing.T, from *durabletest.FS, signed []byte, all uint64, gone func(Report) uint64) {
	t.Helper()
	for _, keep := range []durabletest.Keep{durabletest.KeepNone, durabletest.KeepAll} {
		for n := 1; ; n += stride(3) {
			fsys := start(from)
			a := mustOpen(t, memory(fsys))
			fsys.SetInject(durabletest.At(fsys.Ops()+n, durabletest.Crash))
			if err := a.Dispose(t.Context(), signed); err == nil {
				break
			}
			after := fsys.AfterCrash(keep, nil)
			b := mustOpen(t, memory(after))
			files := after.Snapshot("/archive")
			r := verifyWith(t, files, b.VerifierKey())
			if !r.OK() || gone(r)+r.Payloads != 13 || (files[disposalPath(1)] != nil) != (gone(r) == all) {
				t.Fatalf("operation %d: %d gone, %d whole, %v", n, gone(r), r.Payloads, r.Problems)
			}
			if err := b.Dispose(t.Context(), signed); err != nil {
				t.Fatalf("operation %d: again: %v", n, err)
			}
			if r := verifyWith(t, after.Snapshot("/archive"), b.VerifierKey()); !r.OK() || gone(r) != all {
				t.Fatalf("operation %d: again: %v", n, r.Problems)
			}
			b.Close()
		}
	}
}

func TestSignDisposal(t *testing.T) {
	dir := t.TempDir()
	cfg := DefaultConfig(filepath.Join(dir, "archive"), filepath.Join(dir, "keys", "archive.key"))
	a := mustOpen(t, cfg)
	defer a.Close()
	at := time.Unix(1_760_000_000, 0).UTC()
	good := Disposal{
		Sequence: 1, Reason: "r", Minimum: "7 years", Before: at, Proposed: Word{"ines", at}, Confirmed: Word{"bo", at}, Issued: at, Objects: []ObjectLeaf{objectLeaf(objectPath(1, 4), 1, 4, [32]byte{}, 1)},
	}
	signed, err := SignDisposal(cfg, &good)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openCheckpoint(signed, a.id.verifier); err == nil {
		t.Error("a certificate is taken for a checkpoint")
	}
	for name, change := range map[string]func(*Disposal){
		"one person": func(d *Disposal) { d.Confirmed.By = "ines" },
		"nothing":    func(d *Disposal) { d.Objects = nil },
		"no minimum": func(d *Disposal) { d.Minimum = "" },
		"too large":  func(d *Disposal) { d.Reason = strings.Repeat("r", maxDisposal) }, // nothing would open an archive that has it
		"no object":  func(d *Disposal) { d.Objects = []ObjectLeaf{{Leaf: "object", Object: "checkpoint"}} },
	} {
		bad := good
		change(&bad)
		if _, err := SignDisposal(cfg, &bad); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}
