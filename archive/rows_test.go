package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/model"
)

// sampleFile makes a data file with the rows of some positions, one for each.
func sampleFile(table string, first, last uint64, kept bool) DataFile {
	data := fmt.Appendf(nil, "PAR1 %s %d-%d %s", table, first, last, strings.Repeat("rows ", int(last-first)))
	sum := sha256.Sum256(data)
	f := DataFile{RowsLeaf: RowsLeaf{
		File: fmt.Sprintf("quoll/%s/data/%d-%d.parquet", table, first, last), SHA256: hex.EncodeToString(sum[:]), Size: int64(len(data)),
		Rows: int64(last - first + 1), Digest: sampleDigest(first, last), From: "2026-05-01T00:00:00Z", To: "2026-05-01T23:59:59.999999Z", First: first, Last: last,
	}}
	if kept {
		f.Data = data
	}
	return f
}

func sampleDigest(first, last uint64) (sum model.RowSum) {
	for position := first; position <= last; position++ {
		sum.Add(sha256.Sum256(fmt.Append(nil, position)))
	}
	return sum
}

// sampleLook is what a table of one row a position looks like: a file for what came
// since the last look and, when there are three, one in the place of all.
func sampleLook(a *Archive, table string) (TableLook, bool, error) {
	standing, whole, upTo, err := a.Standing(table)
	sealed := a.Sealed()
	if err != nil || whole && upTo == sealed {
		return TableLook{}, false, err
	}
	l := TableLook{Table: table, Position: sealed, Whole: true}
	if len(standing) < 3 {
		l.Files = []DataFile{sampleFile(table, upTo+1, sealed, len(standing) == 0)}
		return l, true, nil
	}
	l.Files = []DataFile{sampleFile(table, 1, sealed, true)}
	for _, f := range standing {
		l.Gone = append(l.Gone, f.Number)
	}
	slices.Sort(l.Gone)
	return l, true, nil
}

func sealSample(a *Archive, tables ...string) error {
	var looks []TableLook
	for _, table := range tables {
		l, news, err := sampleLook(a, table)
		if err != nil {
			return err
		}
		if news {
			looks = append(looks, l)
		}
	}
	return a.SealRows(context.Background(), looks)
}

// fillRows is fill, with a look at two tables after each batch.
func fillRows(t testing.TB, a *Archive, to, batch uint64) {
	t.Helper()
	for a.Sealed() < to {
		fill(t, a, min(a.Sealed()+batch, to), batch)
		if err := sealSample(a, "One", "Two"); err != nil {
			t.Fatal(err)
		}
	}
}

// archiveWithRows has objects of payloads and of data files in turn.
func archiveWithRows(t testing.TB, cfg Config, fsys *durabletest.FS) (files fstest.MapFS, key string) {
	t.Helper()
	a := mustOpen(t, cfg)
	defer a.Close()
	fillRows(t, a, 10, 2)
	return fsys.Snapshot("/archive"), a.VerifierKey()
}

// requireTables requires that two tables stand by the log as sampleLook makes them.
func requireTables(t testing.TB, r *Report, upTo uint64) {
	t.Helper()
	if len(r.Standing) != 2 {
		t.Fatalf("tables %+v", r.Standing)
	}
	for _, s := range r.Standing {
		if s.Position != upTo || s.Rows != int64(upTo) || s.Digest != sampleDigest(1, upTo) {
			t.Errorf("%+v up to position %d", s, upTo)
		}
	}
}

func TestRowsAreInTheLog(t *testing.T) {
	fsys := durabletest.New(nil)
	files, key := archiveWithRows(t, memory(fsys), fsys)
	r := mustVerify(t, files, key, 10)
	// One file at first, two more, one in the place of them, one more; for two tables.
	if r.DataFiles != 4 || r.HashedFiles != 6 || r.RowLeaves != 20 || r.Objects != 5 || r.RowObjects != 5 {
		t.Errorf("%d files, %d hashes, %d leaves, %d objects", r.DataFiles, r.HashedFiles, r.RowLeaves, r.Objects)
	}
	requireTables(t, &r, 10)
	// Another process knows where it was, with the saved book and without.
	a := mustOpen(t, memory(fsys))
	defer a.Close()
	standing, whole, upTo, err := a.Standing("One")
	if err != nil || !whole || upTo != 10 || len(standing) != 2 {
		t.Errorf("standing %v, whole %v, up to %d, %v", standing, whole, upTo, err)
	}
	a.bookSaved = -saveBookAfter
	if err := a.saveBook(); err != nil {
		t.Fatal(err)
	}
	fillRows(t, a, 14, 2)
	a.Close()
	b := mustOpen(t, memory(fsys))
	defer b.Close()
	if saved, size := b.savedBook(); size != r.Size || saved.last != 20 {
		t.Errorf("the saved book is of %d leaves, number %d", size, saved.last)
	}
	fillRows(t, b, 16, 2)
	r = mustVerify(t, fsys.Snapshot("/archive"), key, 16)
	requireTables(t, &r, 16)
	// Rows whose payloads are not there yet are refused, and so is a table that does not add up.
	early := sampleFile("One", 17, 17, true)
	if err := b.SealRows(t.Context(), []TableLook{{Table: "One", Position: 17, Files: []DataFile{early}}}); !errors.Is(err, ErrGap) {
		t.Errorf("rows before their payloads: %v", err)
	}
	if err := b.SealRows(t.Context(), []TableLook{{Table: "One", Position: 16, Gone: []uint64{3}, Whole: true}}); !errors.Is(err, errAccount) {
		t.Errorf("gone twice: %v", err)
	}
	requireTables(t, &r, 16)
	mustVerify(t, fsys.Snapshot("/archive"), key, 16)
}

// Whoever reads payloads does not mind what lies between them.
func TestPayloadsBetweenRows(t *testing.T) {
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	defer a.Close()
	fill(t, a, 3, 3)
	for range 70 { // tiles without any payload
		looks := []TableLook{{Table: "One", Position: 3, Files: []DataFile{sampleFile("One", 1, 3, false)}}}
		looks = append(looks, looks[0], looks[0], looks[0])
		if err := a.SealRows(t.Context(), looks); err != nil {
			t.Fatal(err)
		}
	}
	p, err := NewProver(fsys.Snapshot("/archive"), a.VerifierKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if last, err := p.Last(t.Context()); err != nil || last != 3 {
		t.Errorf("last %d, %v", last, err)
	}
	fill(t, a, 9, 3)
	if p, err = NewProver(fsys.Snapshot("/archive"), a.VerifierKey(), nil); err != nil {
		t.Fatal(err)
	}
	for position := uint64(1); position <= 9; position++ {
		if proved, err := p.Payload(t.Context(), position); err != nil || proved.Leaf.Position != position {
			t.Errorf("position %d: %v", position, err)
		}
	}
	read := uint64(0)
	if err := p.Payloads(t.Context(), 0, func(model.Payload, PayloadLeaf) error { read++; return nil }); err != nil || read != 9 {
		t.Errorf("%d payloads, %v", read, err)
	}
	a.Close()
	again := mustOpen(t, memory(fsys))
	defer again.Close()
	if again.Sealed() != 9 {
		t.Errorf("sealed %d", again.Sealed())
	}
}

// TestEveryByteOfRows changes an archive with data files, in the clear and encrypted,
// byte by byte: it is found, and no other file is named.
func TestEveryByteOfRows(t *testing.T) {
	t.Parallel()
	identity, to := keyPair(t)
	turn := 0
	for what, recipient := range map[string]Recipients{"clear": nil, "encrypted": recipients(t, to)} {
		fsys := durabletest.New(nil)
		cfg := memory(fsys)
		cfg.Recipients = recipient
		files, key := archiveWithRows(t, cfg, fsys)
		for _, name := range slices.Sorted(maps.Keys(files)) {
			f := files[name]
			whole := slices.Clone(f.Data)
			for at := 0; at < len(whole); at += stride(4001) {
				flipped := slices.Clone(whole)
				flipped[at] ^= 1 << (at % 8)
				for how, changed := range map[string][]byte{
					"flipped": flipped, "cut at": whole[:at], "doubled": slices.Insert(slices.Clone(whole), at, whole[at]),
					"removed": slices.Delete(slices.Clone(whole), at, at+1), "swapped with one away": swapped(whole, at, (at+len(whole)/2)%len(whole)),
				} {
					if turn++; slices.Equal(changed, whole) || turn%stride(5) != 0 {
						continue
					}
					f.Data = changed
					requireNamed(t, verifyWith(t, files, key, identity), fmt.Sprintf("%s: byte %d of %s %s", what, at, name, how), name)
					if recipient != nil {
						requireNamed(t, verifyWith(t, files, key), fmt.Sprintf("%s, no key: byte %d of %s %s", what, at, name, how), name)
					}
				}
				f.Data = whole
				if t.Failed() {
					t.FailNow()
				}
			}
		}
	}
}

// TestFilesOfRowsMisplaced removes each file, puts any one in the place of any other,
// and adds what the log does not speak of.
func TestFilesOfRowsMisplaced(t *testing.T) {
	t.Parallel()
	fsys := durabletest.New(nil)
	files, key := archiveWithRows(t, memory(fsys), fsys)
	names := slices.Sorted(maps.Keys(files))
	for i, a := range names {
		whole := files[a]
		delete(files, a)
		r := verifyDamaged(t, files, key)
		requireNamed(t, r, a+" removed", a)
		if first, last, ok := parseRowsPath(a); ok && !slices.Equal(r.Problems[0].DataFiles, []Range{{first, last}}) {
			t.Errorf("%s removed: %v", a, r.Problems)
		}
		for j := 0; j < len(names); j += 1 + (i+j)%stride(97) {
			if b := names[j]; b != a {
				files[a] = files[b]
				requireNamed(t, verifyDamaged(t, files, key), b+" in place of "+a, a)
				files[a], files[b] = files[b], whole
				namesBoth(t, verifyDamaged(t, files, key), a+" swapped with "+b, a, b)
				files[b], files[a] = files[a], whole
				if a != checkpointFile && b != checkpointFile {
					delete(files, a)
					cut := files[b]
					files[b] = &fstest.MapFile{Data: cut.Data[:len(cut.Data)/2]}
					if a == rowsPath(17, 20) && b == "tile/entries/000.p/40" {
						// Of the last object nobody knows then whether it had payloads.
						requireNamed(t, verifyDamaged(t, files, key), a+" removed and "+b+" cut", b)
					} else {
						namesBoth(t, verifyDamaged(t, files, key), a+" removed and "+b+" cut", a, b)
					}
					files[b] = cut
				}
			}
		}
		files[a] = whole
	}
	for _, name := range []string{rowsPath(21, 22), rowsPath(1, 3), "rows/x", "rows/0000000000000000/x.parquet", rowsPath(1, 4) + ".age"} {
		files[name] = &fstest.MapFile{Data: files[rowsPath(1, 4)].Data}
		requireNamed(t, verifyDamaged(t, files, key), "stray "+name, name)
		delete(files, name)
	}
	mustVerify(t, files, key, 10)
}

// rowsConsumer is consumer with a look at the tables after each batch.
func rowsConsumer(fsys *durabletest.FS, to uint64) (sealed uint64, err error) {
	cfg := memory(fsys)
	began := time.Unix(1_760_000_000+int64(fsys.Ops()), 0)
	cfg.Now = func() time.Time { return began }
	a, err := Open(cfg)
	if err != nil {
		return 0, err
	}
	defer a.Close()
	a.bookSaved = -saveBookAfter
	for failures := 0; ; {
		if err = a.Add(context.Background(), a.lastAdded()+1, samplePayload(a.lastAdded()+1)); err == nil {
			err = a.Flush(context.Background())
		}
		if err == nil {
			err = sealSample(a, "One", "Two")
		}
		if err == nil && a.Sealed() >= to {
			return a.Sealed(), nil
		}
		if err != nil {
			if failures++; failures > 3 {
				return a.Sealed(), err
			}
		}
	}
}

// TestRowsThroughFaults lets each operation fail, lost or done but reported failed, or
// stops the machine at it: each look is in the log once, and the log goes on.
func TestRowsThroughFaults(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(36, 37))
	from := durabletest.New(nil)
	archiveWithRows(t, memory(from), from)
	for _, outcome := range []durabletest.Outcome{durabletest.FailLost, durabletest.FailKept, durabletest.Crash} {
		for n := 1; ; n += stride(151) {
			fsys := start(from)
			fsys.SetInject(durabletest.At(n, outcome))
			sealed, err := rowsConsumer(fsys, 13)
			if fsys.Ops() < n {
				break
			}
			if outcome != durabletest.Crash && sealed > 0 && err != nil {
				t.Fatalf("outcome %d operation %d: one fault stops the archive for good: %v", outcome, n, err)
			}
			after := fsys.AfterCrash(durabletest.Keep(rng.IntN(3)), rng)
			a := mustOpen(t, memory(after))
			mustVerify(t, after.Snapshot("/archive"), a.VerifierKey(), a.Sealed())
			fillRows(t, a, 15, 2)
			r := mustVerify(t, after.Snapshot("/archive"), a.VerifierKey(), 15)
			requireTables(t, &r, 15)
			a.Close()
			if t.Failed() {
				t.Fatalf("outcome %d operation %d", outcome, n)
			}
		}
	}
}

// TestRowsThatDoNotAddUp signs what does not follow from the leaves before it, as a
// keeper would who takes rows out of a table unseen.
func TestRowsThatDoNotAddUp(t *testing.T) {
	for what, lie := range map[string]func(b *book){
		"a number left out":   func(b *book) { b.last++ },
		"a row more":          func(b *book) { b.tables["One"].rows++ },
		"another digest":      func(b *book) { b.tables["One"].digest[3]++ },
		"a file forgotten":    func(b *book) { clear(b.tables["One"].files) },
		"of another position": nil,
	} {
		fsys := durabletest.New(nil)
		a := mustOpen(t, memory(fsys))
		fillRows(t, a, 4, 2)
		fill(t, a, 5, 1)
		if lie != nil {
			lie(a.book)
		} else {
			a.state.last += 5
		}
		look := TableLook{Table: "One", Position: a.state.last, Files: []DataFile{sampleFile("One", 5, a.state.last, true)}, Whole: true}
		if err := a.SealRows(t.Context(), []TableLook{look}); err != nil {
			t.Fatal(err)
		}
		r := verifyDamaged(t, fsys.Snapshot("/archive"), a.VerifierKey())
		if r.OK() || r.Standing != nil {
			t.Errorf("%s: passes, %+v", what, r.Standing)
		}
		a.Close()
	}
}

// Data files are disposed of as payloads are; what the log says of the tables stays, and
// a file that has gone without a certificate is missing.
func TestRowsThatWereDisposedOf(t *testing.T) {
	fsys := durabletest.New(nil)
	cfg := memory(fsys)
	_, key := archiveWithRows(t, cfg, fsys)
	a := mustOpen(t, cfg)
	defer a.Close()
	var rows []ObjectLeaf
	for _, o := range objectsOf(t, a, fsys.Snapshot("/archive")) {
		if _, _, ok := parseRowsPath(o.Object); ok {
			rows = append(rows, o)
		}
	}
	if len(rows) != 5 || rows[0].Payloads != 0 {
		t.Fatalf("objects of data files %+v", rows)
	}
	prover, err := NewProver(fsys.Snapshot("/archive"), key, nil)
	if err != nil {
		t.Fatal(err)
	}
	held, err := prover.Disposable(t.Context(), time.Now(), func(l PayloadLeaf) bool { return l.Position == 0 }) // as a hold on any tenant does
	if err != nil || slices.ContainsFunc(held, func(o ObjectLeaf) bool { return strings.HasPrefix(o.Object, rowsDir) }) {
		t.Errorf("held: %v, %v", held, err)
	}
	signed := signDisposal(t, a, 1, rows[0], rows[3])
	logPayload(t, a, signed)
	if err := a.Dispose(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	files := fsys.Snapshot("/archive")
	r := mustVerify(t, files, key, 11)
	if r.DisposedFiles != 4 || r.DataFiles != 0 || r.RowObjects != 3 {
		t.Errorf("%d disposed of, %d files, %d objects", r.DisposedFiles, r.DataFiles, r.RowObjects)
	}
	requireTables(t, &r, 10)
	delete(files, rows[1].Object)
	requireNamed(t, verifyDamaged(t, files, key), "removed without a certificate", rows[1].Object)
	fillRows(t, a, 14, 2)
	r = mustVerify(t, fsys.Snapshot("/archive"), key, 14)
	requireTables(t, &r, 14)
}

// A data file is proved with the archive alone, and checked without it.
func TestRowsAreProved(t *testing.T) {
	identity, to := keyPair(t)
	fsys := durabletest.New(nil)
	cfg := memory(fsys)
	cfg.Recipients = recipients(t, to)
	files, key := archiveWithRows(t, cfg, fsys)
	prover, err := NewProver(files, key, Identities{identity})
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	proved := 0
	for number := uint64(1); number <= 20; number++ {
		f, err := prover.DataFile(t.Context(), number)
		if errors.Is(err, ErrNotFound) {
			continue // of a table, or a hash alone
		}
		if err != nil {
			t.Fatal(err)
		}
		proved++
		bundle := proof.DataFile{Data: f.Data, Leaf: f.Line, Proof: f.Inclusion.Encode()}
		v, err := bundle.Check(verifier, nil, 0)
		if err != nil || v.Leaf.Number != number || v.Leaf.File != f.Leaf.File {
			t.Errorf("number %d: %v, %+v", number, err, v)
		}
		for what, spoil := range map[string]func(d *proof.DataFile){
			"the file":  func(d *proof.DataFile) { d.Data = append(slices.Clone(d.Data), 0) },
			"the leaf":  func(d *proof.DataFile) { d.Leaf = []byte(strings.Replace(string(d.Leaf), `"rows":`, `"rows":1`, 1)) },
			"the proof": func(d *proof.DataFile) { d.Proof = d.Proof[:len(d.Proof)-2] },
		} {
			spoiled := bundle
			spoil(&spoiled)
			if _, err := spoiled.Check(verifier, nil, 0); err == nil {
				t.Errorf("number %d: holds with %s changed", number, what)
			}
		}
	}
	f, err := prover.DataFile(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := (&proof.DataFile{Data: f.Data, Leaf: f.Line, Proof: f.Inclusion.Encode()}).Write(&file); err != nil {
		t.Fatal(err)
	}
	holds := func(data []byte) bool {
		b, err := proof.Read(bytes.NewReader(data))
		if err == nil && b.DataFile != nil {
			_, err = b.DataFile.Check(verifier, nil, 0)
		}
		return err == nil && b.DataFile != nil
	}
	if !holds(file.Bytes()) {
		t.Error("the file does not hold")
	}
	for at := 0; at < file.Len(); at += stride(53) {
		changed := slices.Clone(file.Bytes())
		changed[at] ^= 1 << (at % 8)
		if holds(changed) {
			t.Fatalf("it holds with byte %d changed", at)
		}
	}
	if proved != 4 {
		t.Errorf("%d files were proved", proved)
	}
	if _, err := prover.DataFile(t.Context(), 21); !errors.Is(err, ErrNotFound) {
		t.Errorf("behind the last: %v", err)
	}
	locked, err := NewProver(files, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := locked.DataFile(t.Context(), 1); !errors.Is(err, ErrEncrypted) {
		t.Errorf("without a key: %v", err)
	}
}
