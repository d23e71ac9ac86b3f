package archive

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/model"
)

// smallArchive has three objects and partial tiles only.
func smallArchive(t testing.TB) (files fstest.MapFS, key string, last uint64) {
	t.Helper()
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	defer a.Close()
	fill(t, a, 11, 4)
	return fsys.Snapshot("/archive"), a.VerifierKey(), 11
}

// tallArchive has, with more than 256 leaves, a full tile, a full bundle and
// partial ones on two levels.
func tallArchive(t testing.TB) (files fstest.MapFS, key string, last uint64) {
	t.Helper()
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	defer a.Close()
	fill(t, a, 12, 4)
	fill(t, a, 262, 250)
	fill(t, a, 266, 2)
	return fsys.Snapshot("/archive"), a.VerifierKey(), 266
}

func verifyDamaged(t *testing.T, files fstest.MapFS, key string) Report {
	t.Helper()
	r, err := verifyFS(context.Background(), files, key, Trust{}, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// requireNamed requires that the problems name a file, and no other than those
// allowed beside it.
func requireNamed(t *testing.T, r Report, what, file string) {
	t.Helper()
	named := false
	for _, p := range r.Problems {
		if p.File != file {
			t.Errorf("%s: also names %v", what, p)
		}
		named = named || p.File == file
	}
	if !named {
		t.Errorf("%s: %s is not named", what, file)
	}
}

// TestEveryFlippedByte changes each byte of each file, in turn.
func TestEveryFlippedByte(t *testing.T) {
	t.Parallel()
	files, key, last := smallArchive(t)
	mustVerify(t, files, key, last)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for at := 0; at < len(files[name].Data); at += stride(47) {
			flip(t, files, key, name, at)
		}
	}
}

// TestEveryByteMisplaced cuts each file at each byte, removes each, doubles each,
// and swaps each with the next and with one far away.
func TestEveryByteMisplaced(t *testing.T) {
	t.Parallel()
	files, key, _ := smallArchive(t)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f := files[name]
		whole := slices.Clone(f.Data)
		for at := 0; at < len(whole); at += stride(61) {
			next, far := (at+1)%len(whole), (at+len(whole)/2)%len(whole)
			for what, changed := range map[string][]byte{
				"cut at":                 whole[:at],
				"removed":                slices.Delete(slices.Clone(whole), at, at+1),
				"doubled":                slices.Insert(slices.Clone(whole), at, whole[at]),
				"swapped with the next":  swapped(whole, at, next),
				"swapped with one away":  swapped(whole, at, far),
				"moved behind the whole": append(slices.Delete(slices.Clone(whole), at, at+1), whole[at]),
			} {
				if slices.Equal(changed, whole) { // equal bytes swapped
					continue
				}
				f.Data = changed
				requireNamed(t, verifyDamaged(t, files, key), fmt.Sprintf("byte %d of %s %s", at, name, what), name)
			}
			f.Data = whole
			if t.Failed() {
				t.FailNow()
			}
		}
	}
}

func swapped(data []byte, a, b int) []byte {
	changed := slices.Clone(data)
	changed[a], changed[b] = changed[b], changed[a]
	return changed
}

// TestFlippedBytesOfATallArchive changes some bytes of each file, others in each
// run: about one in 1,000, with -short one in 2,500.
func TestFlippedBytesOfATallArchive(t *testing.T) {
	t.Parallel()
	files, key, last := tallArchive(t)
	mustVerify(t, files, key, last)
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	t.Log("seed", seed)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for at := rng.IntN(100); at < len(files[name].Data); at += 1 + rng.IntN(1000+1000*stride(16)) {
			flip(t, files, key, name, at)
		}
	}
}

// stride is how far an exhaustive test goes in one step. With -short, which is
// for the race detector, it samples: there is nothing concurrent to find.
func stride(short int) int {
	if testing.Short() {
		return short
	}
	return 1
}

func flip(t *testing.T, files fstest.MapFS, key, name string, at int) {
	t.Helper()
	f := files[name]
	mask := byte(1) << (at % 8)
	f.Data[at] ^= mask
	requireNamed(t, verifyDamaged(t, files, key), fmt.Sprintf("byte %d of %s", at, name), name)
	f.Data[at] ^= mask
	if t.Failed() {
		t.FailNow()
	}
}

// TestEveryFlippedBitOfTheHead changes each bit of the small files, whose text
// has forms that mean the same.
func TestEveryFlippedBitOfTheHead(t *testing.T) {
	t.Parallel()
	files, key, _ := smallArchive(t)
	for _, name := range []string{checkpointFile, PublicKeyFile} {
		f := files[name]
		for bit := 0; bit < len(f.Data)*8; bit += stride(29) {
			f.Data[bit/8] ^= 1 << (bit % 8)
			requireNamed(t, verifyDamaged(t, files, key), fmt.Sprintf("bit %d of %s", bit, name), name)
			f.Data[bit/8] ^= 1 << (bit % 8)
		}
		// The last letters of a Base64 text have bits that decode to nothing.
		for at := len(f.Data) - 4; at < len(f.Data); at++ {
			for mask := 1; mask < 256; mask += stride(16) {
				f.Data[at] ^= byte(mask)
				requireNamed(t, verifyDamaged(t, files, key), fmt.Sprintf("byte %d of %s", at, name), name)
				f.Data[at] ^= byte(mask)
			}
		}
	}
}

// TestHole signs a log in which a position is missing, as a writer with a fault
// would.
func TestHole(t *testing.T) {
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	fill(t, a, 4, 4)
	a.state.last = 6
	a.sealed.Store(6)
	fill(t, a, 9, 4)
	r := verifyDamaged(t, fsys.Snapshot("/archive"), a.VerifierKey())
	if len(r.Problems) != 1 || r.Problems[0].What != Hole || !slices.Equal(r.Problems[0].Positions, []Range{{5, 6}}) {
		t.Errorf("problems %v, want a hole of positions 5 to 6", r.Problems)
	}
}

// TestPayloadsAreNamed damages what a payload is made of, and looks at which
// payloads the report says are lost.
func TestPayloadsAreNamed(t *testing.T) {
	files, key, last := smallArchive(t)
	name := objectPath(5, 8)
	f := files[name]
	whole := slices.Clone(f.Data)
	lost := 0
	tried := 0
	for at := 0; at < len(f.Data); at += stride(9) {
		tried++
		f.Data[at] ^= 0x55
		r := verifyDamaged(t, files, key)
		covered := uint64(0)
		for _, p := range r.Problems {
			for _, positions := range p.Positions {
				if positions.First < 5 || positions.Last > 8 {
					t.Fatalf("byte %d: positions %v are not of this object", at, positions)
				}
				covered += positions.Last - positions.First + 1
			}
		}
		if r.Payloads+covered != last {
			t.Fatalf("byte %d: %d payloads whole and %d lost of %d", at, r.Payloads, covered, last)
		}
		if covered > 0 {
			lost++
		}
		copy(f.Data, whole)
	}
	if lost < tried/2 {
		t.Errorf("only %d of %d bytes belong to a payload: are they named?", lost, tried)
	}
}

func TestTruncatedAndLengthened(t *testing.T) {
	files, key, _ := smallArchive(t)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		whole := files[name].Data
		for size := 0; size < len(whole); size += 1 + len(whole)/50 {
			files[name].Data = whole[:size]
			requireNamed(t, verifyDamaged(t, files, key), fmt.Sprintf("%s cut to %d bytes", name, size), name)
		}
		for _, more := range []string{"\x00", "x", "\n", string(whole)} {
			files[name].Data = append(slices.Clone(whole), more...)
			requireNamed(t, verifyDamaged(t, files, key), fmt.Sprintf("%s with %d bytes more", name, len(more)), name)
		}
		files[name].Data = whole
	}
}

func TestRemovedAndExtra(t *testing.T) {
	files, key, last := smallArchive(t)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f := files[name]
		delete(files, name)
		r := verifyDamaged(t, files, key)
		requireNamed(t, r, name+" removed", name)
		if r.Problems[0].What != Missing {
			t.Errorf("%s removed: %v", name, r.Problems[0])
		}
		if first, to, ok := parseObjectPath(name); ok && (len(r.Problems[0].Positions) != 1 ||
			r.Problems[0].Positions[0] != Range{first, to}) {
			t.Errorf("%s removed: positions %v", name, r.Problems[0].Positions)
		}
		files[name] = f
	}
	strays := []string{"stray", "tile/0/002", "tile/0/000.p/7", "tile/0/001.p/1", "tile/3/000.p/1", "tile/entries/002",
		".hidden", "objects/0000000000000000/readme", "objects/.x.tmp",
		objectPath(last+1, last+3), objectPath(5, 7), objectPath(100, 100), objectPath(20_000, 20_001)}
	for name := range files {
		strays = append(strays, name+".copy", "copy/"+name)
	}
	for _, name := range strays {
		for _, data := range [][]byte{nil, []byte("x"), files[objectPath(5, 8)].Data} {
			files[name] = &fstest.MapFile{Data: data}
			requireNamed(t, verifyDamaged(t, files, key), "stray file "+name, name)
		}
		delete(files, name)
	}
	mustVerify(t, files, key, last)
}

// TestSwappedAndReplaced exchanges any two files and puts any one in the place
// of another.
func TestSwappedAndReplaced(t *testing.T) {
	files, key, _ := smallArchive(t)
	names := slices.Sorted(maps.Keys(files))
	for i, a := range names {
		for _, b := range names[i+1:] {
			files[a], files[b] = files[b], files[a]
			r := verifyDamaged(t, files, key)
			namesBoth(t, r, a+" swapped with "+b, a, b)
			files[a], files[b] = files[b], files[a]

			whole := files[a]
			files[a] = files[b]
			r = verifyDamaged(t, files, key)
			requireNamed(t, r, b+" in place of "+a, a)
			files[a] = whole
		}
	}
}

// namesBoth requires both files in the report, except that nothing can be
// judged under a bad checkpoint.
func namesBoth(t *testing.T, r Report, what, a, b string) {
	t.Helper()
	named := map[string]bool{}
	for _, p := range r.Problems {
		named[p.File] = true
	}
	if named[checkpointFile] {
		return
	}
	if !named[a] || !named[b] {
		t.Errorf("%s: names %v", what, slices.Sorted(maps.Keys(named)))
	}
}

// TestForgery rewrites a payload and everything above it that an attacker
// without the key can rewrite.
func TestForgery(t *testing.T) {
	files, key, _ := smallArchive(t)
	// The forger's archive: the same payloads, one of them changed, and a key of
	// its own with the right name.
	fsys := durabletest.New(nil)
	cfg := memory(fsys)
	cfg.Random = strings.NewReader(strings.Repeat("another key", 10))
	forger := mustOpen(t, cfg)
	fillWith(t, forger, 11, 4, func(position uint64) model.Payload {
		p := samplePayload(position)
		if position == 6 {
			p.Body, p.Packed = append(p.Body, ' '), nil
		}
		return p
	})
	forged := fsys.Snapshot("/archive")
	if !slices.Equal(slices.Sorted(maps.Keys(forged)), slices.Sorted(maps.Keys(files))) {
		t.Fatal("the forged archive has other files")
	}
	if r := verifyDamaged(t, forged, key); r.OK() {
		t.Error("an archive under another key passes")
	}
	forged[checkpointFile], forged[PublicKeyFile] = files[checkpointFile], files[PublicKeyFile]
	r := verifyDamaged(t, forged, key)
	if r.OK() {
		t.Error("another tree under the true checkpoint passes")
	}
	for _, p := range r.Problems {
		if p.File == checkpointFile && strings.Contains(p.Detail, "signed root") {
			return
		}
	}
	t.Errorf("the root is not said to be wrong: %v", r.Problems)
}

// TestTwoFilesDamaged loses an entry bundle and an object, which otherwise help
// each other out: verify goes on and still names the rest.
func TestTwoFilesDamaged(t *testing.T) {
	files, key, _ := smallArchive(t)
	names := slices.Sorted(maps.Keys(files))
	for _, a := range names {
		for _, b := range names {
			if a == b || a == checkpointFile || b == checkpointFile {
				continue
			}
			wholeA, wholeB := files[a], files[b]
			delete(files, a)
			files[b] = &fstest.MapFile{Data: wholeB.Data[:len(wholeB.Data)/2]}
			namesBoth(t, verifyDamaged(t, files, key), a+" removed and "+b+" cut", a, b)
			files[a], files[b] = wholeA, wholeB
		}
	}
}

// FuzzVerify puts arbitrary bytes in place of any file: no panic, no unbounded
// memory, and a good report only for the archive as it was.
func FuzzVerify(f *testing.F) {
	files, key, _ := smallArchive(f)
	names := slices.Sorted(maps.Keys(files))
	for i, name := range names {
		f.Add(i, files[name].Data)
	}
	f.Fuzz(func(t *testing.T, i int, data []byte) {
		if i < 0 {
			i = -(i + 1)
		}
		name := names[i%len(names)]
		changed := maps.Clone(files)
		changed[name] = &fstest.MapFile{Data: data}
		r := verifyDamaged(t, changed, key)
		if same := slices.Equal(data, files[name].Data); r.OK() != same {
			t.Errorf("%s replaced by %d bytes (the same: %v): %v", name, len(data), same, r.Problems)
		}
	})
}

// TestEndlessObject has a leaf, and then a file, that name an object of as many
// payloads as there are numbers, where nothing vouches for the leaves.
func TestEndlessObject(t *testing.T) {
	t.Parallel()
	whole, key, _ := smallArchive(t)
	tile, size := tileAt(0, 0, 14), int64(14)
	if whole[tilePath(tile)] == nil || whole[bundlePath(tile)] == nil {
		t.Fatalf("the log does not have %d leaves", size)
	}
	endless := objectPath(1, math.MaxUint64)
	damaged := func() fstest.MapFS {
		files := maps.Clone(whole)
		hashes := bytes.Clone(whole[tilePath(tile)].Data)
		hashes[0] ^= 1
		files[tilePath(tile)] = &fstest.MapFile{Data: hashes}
		return files
	}
	leaves, err := decodeBundle(whole[bundlePath(tile)].Data, int(size))
	if err != nil {
		t.Fatal(err)
	}
	leaves[0] = bytes.Replace(leaves[0], []byte(objectPath(1, 4)), []byte(endless), 1)
	files := damaged()
	files[bundlePath(tile)] = &fstest.MapFile{Data: encodeBundle(leaves)}
	if r := verifyDamaged(t, files, key); r.OK() {
		t.Error("a leaf of an endless object passes")
	}
	files = damaged()
	files[bundlePath(tile)] = &fstest.MapFile{Data: []byte{0}}
	files[endless] = &fstest.MapFile{Data: []byte("none")}
	delete(files, objectPath(1, 4))
	if r := verifyDamaged(t, files, key); r.OK() {
		t.Error("the file of an endless object passes")
	}
}
