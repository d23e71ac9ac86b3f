package archive

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/archive/proof/timestamp"
	"github.com/quoll/quoll/archive/proof/timestamp/timestamptest"
	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/model"
)

// stampedAt is the clock of the authorities: after all that samplePayload receives.
var stampedAt = time.Unix(1_750_001_000, 0).UTC()

// stamping is an authority with the name that it has in an archive.
type stamping struct {
	name  string
	asked *timestamptest.Authority
	roots *timestamp.Roots
	pem   []byte
}

func newStamping(t testing.TB, name string, at time.Time) stamping {
	t.Helper()
	a, err := timestamptest.New(timestamptest.Options{Name: name + ".example", Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	roots, err := timestamp.ReadRoots(a.Root())
	if err != nil {
		t.Fatal(err)
	}
	return stamping{name, a, roots, a.Root()}
}

// over gets a stamp over a checkpoint.
func (s stamping) over(t testing.TB, checkpoint []byte) Stamp {
	t.Helper()
	request, err := timestamp.NewRequest(rand.Reader, checkpoint, nil)
	if err != nil {
		t.Fatal(err)
	}
	query, err := request.Encode()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.asked.Answer(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	_, token, err := request.Accept(answer, s.roots)
	if err != nil {
		t.Fatal(err)
	}
	return Stamp{Authority: s.name, Checkpoint: checkpoint, Token: token}
}

// stamp stamps the present checkpoint, and puts it under the log if it is to be there.
func (s stamping) stamp(t testing.TB, a *Archive, logged bool) {
	t.Helper()
	s.stampOver(t, a, a.Checkpoint(), logged)
}

func (s stamping) stampOver(t testing.TB, a *Archive, checkpoint []byte, logged bool) {
	t.Helper()
	p, err := a.KeepStamp(s.over(t, checkpoint))
	if err != nil {
		t.Fatal(err)
	}
	if !logged {
		return
	}
	p.Received = stampedAt
	if err := errors.Join(a.Add(t.Context(), a.Sealed()+1, p), a.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// stampedArchive has three stamps by two authorities under the log, two of them over one
// checkpoint, and one that is not there yet.
func stampedArchive(t testing.TB) (files fstest.MapFS, key string, harbour, ridge stamping) {
	t.Helper()
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	defer a.Close()
	harbour, ridge = newStamping(t, "harbour", stampedAt), newStamping(t, "ridge", stampedAt)
	fill(t, a, 4, 4)
	over := a.Checkpoint()
	harbour.stamp(t, a, true)
	ridge.stampOver(t, a, over, true)
	fill(t, a, 10, 4)
	ridge.stamp(t, a, true)
	fill(t, a, 13, 4)
	harbour.stamp(t, a, false)
	fill(t, a, 14, 4)
	return fsys.Snapshot("/archive"), a.VerifierKey(), harbour, ridge
}

func TestStampsAreVerified(t *testing.T) {
	files, key, harbour, ridge := stampedArchive(t)
	both, err := timestamp.ReadRoots(append(bytes.Clone(harbour.pem), ridge.pem...))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		trust   Trust
		trusted int
	}{
		"no roots": {Trust{}, 0}, "one root": {Trust{StampRoots: ridge.roots, StampQuorum: 1}, 2}, "both": {Trust{StampRoots: both, StampQuorum: 2}, 4},
	} {
		r := verifyTrusting(t, files, key, tt.trust)
		if !r.OK() || r.Stamps == nil || r.Stamps.Count != 4 || r.Stamps.Trusted != tt.trusted || r.Stamps.Pending != 1 || r.Stamps.Contradicted != 0 || len(r.Stamps.Authorities) != 2 {
			t.Fatalf("%s: problems %v, stamps %+v", name, r.Problems, r.Stamps)
		}
		if b := r.Stamps.Authorities[1]; b.Name != "ridge" || b.Subject != "CN=ridge.example,O=Stamps" || b.Count != 2 || !b.Last.Equal(stampedAt) || b.Size < 12 {
			t.Errorf("%s: %+v", name, b)
		}
	}
	onlyProblem(t, verifyTrusting(t, files, key, Trust{StampRoots: ridge.roots, StampQuorum: 2}), Missing, stampsDir)
	if _, err := verifyFS(t.Context(), files, key, Trust{StampQuorum: 1}, nil, 0); !errors.Is(err, errStampRoots) {
		t.Errorf("a quorum without roots: %v", err)
	}
	// An archive without any is asked for some.
	plain, key, _ := smallArchive(t)
	onlyProblem(t, verifyTrusting(t, plain, key, Trust{StampRoots: both, StampQuorum: 1}), Missing, stampsDir)
}

// TestAnAuthorityIsCountedOnce has one under three names: with one certificate, with one
// that somebody else's stamp follows, and with another one that signs.
func TestAnAuthorityIsCountedOnce(t *testing.T) {
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	harbour, ridge := newStamping(t, "harbour", stampedAt), newStamping(t, "ridge", stampedAt)
	another, err := harbour.asked.Another("another.example")
	if err != nil {
		t.Fatal(err)
	}
	two := Trust{StampRoots: harbour.roots, StampQuorum: 2}
	fill(t, a, 4, 4)
	over := a.Checkpoint()
	harbour.stampOver(t, a, over, true)
	stamping{"ridge", harbour.asked, harbour.roots, nil}.stampOver(t, a, over, true)
	ridge.stamp(t, a, true)
	onlyProblem(t, verifyTrusting(t, fsys.Snapshot("/archive"), a.VerifierKey(), two), Missing, stampsDir)
	stamping{"second", another, harbour.roots, nil}.stampOver(t, a, over, true)
	files, key := fsys.Snapshot("/archive"), a.VerifierKey()
	onlyProblem(t, verifyTrusting(t, files, key, two), Missing, stampsDir)
	both, err := timestamp.ReadRoots(append(bytes.Clone(harbour.pem), ridge.pem...))
	if err != nil {
		t.Fatal(err)
	}
	if r := verifyTrusting(t, files, key, Trust{StampRoots: both, StampQuorum: 2}); !r.OK() || r.Stamps.Trusted != 4 {
		t.Errorf("two authorities: %v, %+v", r.Problems, r.Stamps)
	}
	proved, err := proverOf(t, files, key).Payload(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	evidence := stampedEvidence(t, proved)
	for quorum, want := range []error{nil, nil, proof.ErrStamps} {
		v, err := checkStamped(evidence, proof.Trust{Log: a.Verifier(), StampRoots: harbour.roots, StampQuorum: quorum})
		if !errors.Is(err, want) || want == nil && (err != nil || len(v.Stamps) != 3 || v.Stamps[2].Subject != "CN=another.example,O=Stamps" || v.Stamps[2].Root != "CN=harbour.example root") {
			t.Errorf("evidence, %d authorities asked for: %v, want %v; or the roots are not told", quorum, err, want)
		}
	}
}

// TestEveryByteOfStamps flips, cuts and removes what stamps are made of: without any
// roots, as the log has the hashes.
func TestEveryByteOfStamps(t *testing.T) {
	t.Parallel()
	files, key, _, _ := stampedArchive(t)
	var names []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasPrefix(name, stampsDir+"/") {
			names = append(names, name)
		}
	}
	if len(names) != 7 {
		t.Fatalf("files %q", names)
	}
	pending := names[len(names)-1] // its leaf comes with the next batch
	for _, name := range names {
		f := files[name]
		whole := bytes.Clone(f.Data)
		for at := 0; at < len(whole); at += stride(211) {
			// Of one that is not under the log, the signature of the last certificate is
			// not checked without its root.
			if name != pending {
				flip(t, files, key, name, at)
			}
		}
		for at := 0; at < len(whole); at += stride(307) {
			f.Data = whole[:at]
			requireNamed(t, verifyDamaged(t, files, key), fmt.Sprintf("%s cut at %d", name, at), name)
			f.Data = slices.Insert(bytes.Clone(whole), at, whole[at])
			requireNamed(t, verifyDamaged(t, files, key), fmt.Sprintf("%s doubled at %d", name, at), name)
		}
		f.Data = whole
		delete(files, name)
		if r := verifyDamaged(t, files, key); name == pending {
			if !r.OK() {
				t.Errorf("the log does not speak of %s: %v", name, r.Problems)
			}
		} else {
			onlyProblem(t, r, Missing, name)
		}
		files[name] = f
	}
	for i, a := range names {
		for _, b := range names[i+1:] {
			files[a], files[b] = files[b], files[a]
			namesBoth(t, verifyDamaged(t, files, key), a+" swapped with "+b, a, b)
			files[a], files[b] = files[b], files[a]
		}
	}
	for _, name := range []string{"stamps/readme", names[0] + ".copy", "stamps/00000000000000000005.harbour.tsr.tmp", "stamps/00000000000000000005.Harbour.tsr", "stamps/5.checkpoint"} {
		files[name] = files[names[0]]
		onlyProblem(t, verifyDamaged(t, files, key), Extra, name)
		delete(files, name)
	}
}

// TestAStampPutThere puts good stamps where the log has none, or others.
func TestAStampPutThere(t *testing.T) {
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	harbour := newStamping(t, "harbour", stampedAt)
	fill(t, a, 4, 4)
	early := a.Checkpoint()
	fill(t, a, 8, 4)
	harbour.stamp(t, a, true)
	files, key := fsys.Snapshot("/archive"), a.VerifierKey()
	name, checkpoint := stampPath(5, "harbour"), stampedCheckpointPath(5)
	forger := newStamping(t, "forger", stampedAt)
	stamp := forger.over(t, early)
	files[checkpoint] = &fstest.MapFile{Data: early}
	onlyProblem(t, verifyDamaged(t, files, key), Extra, checkpoint)
	files[name] = &fstest.MapFile{Data: stamp.Token}
	onlyProblem(t, verifyDamaged(t, files, key), Extra, name)
	delete(files, name)
	delete(files, checkpoint)
	// In the place of the true one, over the same checkpoint.
	files[stampPath(10, "harbour")] = &fstest.MapFile{Data: forger.over(t, files[stampedCheckpointPath(10)].Data).Token}
	onlyProblem(t, verifyDamaged(t, files, key), Changed, stampPath(10, "harbour"))
	// Under another name, and newer than all: as if the log were about to have it.
	files = fsys.Snapshot("/archive")
	files[stampPath(10, "forger")] = &fstest.MapFile{Data: forger.over(t, files[stampedCheckpointPath(10)].Data).Token}
	r := verifyTrusting(t, files, key, Trust{StampRoots: harbour.roots, StampQuorum: 1})
	if !r.OK() || r.Stamps.Pending != 1 || r.Stamps.Trusted != 1 || r.Stamps.Authorities[0].Name != "forger" || r.Stamps.Authorities[0].Untrusted == "" {
		t.Errorf("%v, %+v", r.Problems, r.Stamps)
	}
	delete(files, stampPath(10, "harbour"))
	onlyNamed := verifyTrusting(t, files, key, Trust{StampRoots: harbour.roots})
	onlyProblem(t, onlyNamed, Missing, stampPath(10, "harbour"))
}

// TestStampsShowARollback puts an archive back, but for its stamps.
func TestStampsShowARollback(t *testing.T) {
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	fill(t, a, 4, 4)
	old, key := fsys.Snapshot("/archive"), a.VerifierKey()
	fill(t, a, 8, 4)
	newStamping(t, "harbour", stampedAt).stamp(t, a, true)
	for name, f := range fsys.Snapshot("/archive") {
		if strings.HasPrefix(name, stampsDir+"/") {
			old[name] = f
		}
	}
	onlyProblem(t, verifyDamaged(t, old, key), Behind, checkpointFile)
}

// TestAnotherLogPromisesNothing archives the journal of a log that had stamps under
// another key.
func TestAnotherLogPromisesNothing(t *testing.T) {
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	fill(t, a, 4, 4)
	p, err := a.KeepStamp(newStamping(t, "harbour", stampedAt).over(t, a.Checkpoint()))
	if err != nil {
		t.Fatal(err)
	}
	p.Received = stampedAt
	cfg := memory(durabletest.New(nil))
	cfg.Random = strings.NewReader(strings.Repeat("another key", 10))
	other := mustOpen(t, cfg)
	fillWith(t, other, 5, 5, func(position uint64) model.Payload {
		if position == 5 {
			return p
		}
		return samplePayload(position)
	})
	if r := mustVerify(t, cfg.FS.(*durabletest.FS).Snapshot("/archive"), other.VerifierKey(), 5); r.Stamps != nil {
		t.Errorf("%+v", r.Stamps)
	}
}

func TestAClockThatWasWrong(t *testing.T) {
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	fill(t, a, 4, 4)
	newStamping(t, "harbour", time.Unix(1_749_999_000, 0)).stamp(t, a, true)
	if r := mustVerify(t, fsys.Snapshot("/archive"), a.VerifierKey(), 5); r.Stamps.Contradicted != 1 {
		t.Errorf("%+v", r.Stamps)
	}
}

func TestKeepStampRefuses(t *testing.T) {
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	harbour := newStamping(t, "harbour", stampedAt)
	empty := harbour.over(t, a.Checkpoint())
	fill(t, a, 4, 4)
	good, other := harbour.over(t, a.Checkpoint()), harbour.over(t, a.Checkpoint())
	if _, err := a.KeepStamp(good); err != nil {
		t.Fatal(err)
	}
	if _, err := a.KeepStamp(good); err != nil {
		t.Errorf("again: %v", err)
	}
	if kept, ok, err := a.LastStamp("harbour"); err != nil || !ok || !bytes.Equal(kept.Token, good.Token) || !bytes.Equal(kept.Checkpoint, good.Checkpoint) {
		t.Errorf("the last stamp: %v, %v", ok, err)
	}
	if _, err := a.KeepStamp(other); !errors.Is(err, fs.ErrExist) {
		t.Errorf("another one of the same checkpoint: %v", err)
	}
	wrong, moved := good, good
	wrong.Token, moved.Authority = harbour.over(t, []byte("something else")).Token, "../harbour"
	for name, s := range map[string]Stamp{"empty log": empty, "of something else": wrong, "a name that leads away": moved} {
		if _, err := a.KeepStamp(s); !errors.Is(err, ErrStamp) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, ok, err := a.LastStamp("ridge"); ok || err != nil {
		t.Errorf("of nobody: %v, %v", ok, err)
	}
	mustVerify(t, fsys.Snapshot("/archive"), a.VerifierKey(), 4)
}

// TestACrashWhileAStampIsKept stops the machine at each operation, starts again, keeps
// the stamp again, and puts it under the log.
func TestACrashWhileAStampIsKept(t *testing.T) {
	began := durabletest.New(nil)
	first := mustOpen(t, memory(began))
	fill(t, first, 4, 4)
	stamp := newStamping(t, "harbour", stampedAt).over(t, first.Checkpoint())
	first.Close()
	for n := 1; ; n++ {
		for _, keep := range []durabletest.Keep{durabletest.KeepNone, durabletest.KeepAll} {
			fsys := start(began)
			a := mustOpen(t, memory(fsys))
			fsys.SetInject(durabletest.At(fsys.Ops()+n, durabletest.Crash))
			_, err := a.KeepStamp(stamp)
			if !fsys.Crashed() {
				if err != nil || n < 6 {
					t.Fatalf("after %d operations: %v", n, err)
				}
				return
			}
			after := fsys.AfterCrash(keep, nil)
			a = mustOpen(t, memory(after))
			mustVerify(t, after.Snapshot("/archive"), a.VerifierKey(), 4)
			p, err := a.KeepStamp(stamp)
			if err != nil {
				t.Fatalf("operation %d: %v", n, err)
			}
			p.Received = stampedAt
			if err := errors.Join(a.Add(t.Context(), 5, p), a.Flush(t.Context())); err != nil {
				t.Fatal(err)
			}
			if r := mustVerify(t, after.Snapshot("/archive"), a.VerifierKey(), 5); r.Stamps.Count != 1 || r.Stamps.Pending != 0 {
				t.Fatalf("operation %d: %+v", n, r.Stamps)
			}
		}
	}
}

// stampedEvidence is the bundle of a payload with its stamps.
func stampedEvidence(t testing.TB, proved *Proved) []byte {
	t.Helper()
	size := int64(len(proved.Body))
	e, err := proof.NewEvidence(proved.Body, size/4, size/2, []byte("{\"table\":\"T\"}\n"), proved.Line, proved.Inclusion.Encode())
	if err != nil {
		t.Fatal(err)
	}
	e.Stamped = proved.Stamped
	var b bytes.Buffer
	if err := e.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func checkStamped(data []byte, trust proof.Trust) (*proof.Verified, error) {
	b, err := proof.Read(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if b.Evidence == nil {
		return nil, errors.New("another kind of bundle")
	}
	return b.Evidence.CheckTrusting(trust)
}

// TestEvidenceHasStamps proves payloads under the first stamped checkpoint that has them.
func TestEvidenceHasStamps(t *testing.T) {
	files, key, harbour, ridge := stampedArchive(t)
	p := proverOf(t, files, key)
	for position, want := range map[uint64]string{1: "harbour ridge", 4: "harbour ridge", 5: "ridge", 10: "ridge", 11: "harbour", 13: "harbour", 14: ""} {
		proved, err := p.Payload(t.Context(), position)
		if err != nil {
			t.Fatal(err)
		}
		v, err := checkStamped(stampedEvidence(t, proved), proof.Trust{Log: p.verifier, StampRoots: harbour.roots})
		if err != nil {
			t.Fatalf("position %d: %v", position, err)
		}
		var names []string
		for _, s := range v.Stamps {
			names = append(names, s.Name)
			if s.Trusted != (s.Name == "harbour") || s.Trusted == (s.Untrusted != "") || !s.Time.Equal(stampedAt) || s.Size <= v.Index {
				t.Errorf("position %d: %+v", position, s)
			}
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("position %d is stamped by %q, want %q", position, got, want)
		}
		for quorum, roots := range map[int]*timestamp.Roots{1: ridge.roots, 2: ridge.roots} {
			_, err := checkStamped(stampedEvidence(t, proved), proof.Trust{Log: p.verifier, StampRoots: roots, StampQuorum: quorum})
			if holds := quorum == 1 && strings.Contains(want, "ridge"); holds != (err == nil) || err != nil && !errors.Is(err, proof.ErrStamps) {
				t.Errorf("position %d, %d authorities: %v", position, quorum, err)
			}
		}
	}
}

// TestEveryByteOfStampedEvidence changes each byte of a bundle with a stamp.
func TestEveryByteOfStampedEvidence(t *testing.T) {
	t.Parallel()
	files, key, _, ridge := stampedArchive(t)
	p := proverOf(t, files, key)
	proved, err := p.Payload(t.Context(), 6)
	if err != nil {
		t.Fatal(err)
	}
	whole := stampedEvidence(t, proved)
	trust := proof.Trust{Log: p.verifier, StampRoots: ridge.roots, StampQuorum: 1}
	if _, err := checkStamped(whole, trust); err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(whole); at += stride(53) {
		flipped := bytes.Clone(whole)
		flipped[at] ^= 1 << (at % 8)
		if _, err := checkStamped(flipped, trust); err == nil {
			t.Fatalf("byte %d flipped passes", at)
		}
		if _, err := checkStamped(whole[:at], trust); err == nil {
			t.Fatalf("cut at byte %d passes", at)
		}
	}
	// The stamps of another leaf say nothing of this one.
	other, err := p.Payload(t.Context(), 7)
	if err != nil {
		t.Fatal(err)
	}
	other.Stamped = proved.Stamped
	if _, err := checkStamped(stampedEvidence(t, other), trust); !errors.Is(err, proof.ErrInclusion) {
		t.Errorf("the stamps of another leaf: %v", err)
	}
	if _, err := checkStamped(whole, proof.Trust{Log: p.verifier, Witnesses: []note.Verifier{}, StampRoots: ridge.roots, StampQuorum: 2}); !errors.Is(err, proof.ErrStamps) {
		t.Errorf("two authorities are asked for: %v", err)
	}
}

// TestStampsOutliveWhatTheyAreOver disposes of the object with the payload of a stamp and
// erases another payload: the stamp, its promise and what it proves stay.
func TestStampsOutliveWhatTheyAreOver(t *testing.T) {
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	harbour := newStamping(t, "harbour", stampedAt)
	fill(t, a, 4, 4)
	harbour.stamp(t, a, true)
	fill(t, a, 9, 4)
	disposal := signDisposal(t, a, 1, objectsOf(t, a, fsys.Snapshot("/archive"))[:2]...)
	logPayload(t, a, disposal)
	if err := a.Dispose(t.Context(), disposal); err != nil {
		t.Fatal(err)
	}
	erasure := signErasure(t, fsys, a, Identities{}, 2, 7)
	logPayload(t, a, erasure)
	if err := a.Dispose(t.Context(), erasure); err != nil {
		t.Fatal(err)
	}
	harbour.stamp(t, a, true)
	files, key := fsys.Snapshot("/archive"), a.VerifierKey()
	r := verifyTrusting(t, files, key, Trust{StampRoots: harbour.roots, StampQuorum: 1})
	if !r.OK() || r.Disposed != 5 || r.Erased != 1 || r.Stamps.Count != 2 || r.Stamps.Trusted != 2 || r.Stamps.Pending != 0 {
		t.Fatalf("%v, disposed %d, erased %d, %+v", r.Problems, r.Disposed, r.Erased, r.Stamps)
	}
	p, err := NewProver(files, key, Identities{})
	if err != nil {
		t.Fatal(err)
	}
	if proved, err := p.Payload(t.Context(), 8); err != nil || proved.Stamped == nil || len(proved.Stamped.Stamps) != 1 {
		t.Errorf("a payload beside the erased one: %v, %+v", err, proved)
	}
	delete(files, stampPath(5, "harbour"))
	onlyProblem(t, verifyDamaged(t, files, key), Missing, stampPath(5, "harbour"))
}
