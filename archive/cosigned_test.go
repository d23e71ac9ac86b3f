package archive

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"testing/fstest"

	"golang.org/x/mod/sumdb/note"

	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/internal/durable/durabletest"
)

func verifyTrusting(t *testing.T, files fstest.MapFS, key string, trust Trust) Report {
	t.Helper()
	r, err := verifyFS(t.Context(), files, key, trust, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// onlyProblem requires one problem, of a kind and a file.
func onlyProblem(t *testing.T, r Report, what Kind, file string) {
	t.Helper()
	if len(r.Problems) != 1 || r.Problems[0].What != what || r.Problems[0].File != file {
		t.Errorf("problems %v, want %s: %s", r.Problems, file, what)
	}
}

// TestCosignedCheckpoint publishes one, lets the log grow beyond it, and verifies
// with what a verifier may have.
func TestCosignedCheckpoint(t *testing.T) {
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	fill(t, a, 6, 4)
	early := a.Checkpoint()
	witness, line := cosign(t, early)
	if err := a.KeepCosigned(append(bytes.Clone(early), line...)); err != nil {
		t.Fatal(err)
	}
	fill(t, a, 11, 4)
	a.Close()
	a = mustOpen(t, memory(fsys)) // it survives a restart
	key := a.VerifierKey()
	files := fsys.Snapshot("/archive")
	known := []note.Verifier{witness}

	r := verifyTrusting(t, files, key, Trust{Witnesses: known, Quorum: 1})
	if !r.OK() || r.Cosigned == nil || len(r.Cosigned.Witnesses) != 1 || r.Cosigned.Size != 8 {
		t.Fatalf("problems %v, cosigned %+v", r.Problems, r.Cosigned)
	}
	if r := verifyTrusting(t, files, key, Trust{}); !r.OK() || r.Cosigned.Unknown != 1 {
		t.Errorf("without the witness's key: problems %v, cosigned %+v", r.Problems, r.Cosigned)
	}
	for at := range files[cosignedFile].Data {
		files[cosignedFile].Data[at] ^= 1 << (at % 8)
		r := verifyTrusting(t, files, key, Trust{Witnesses: known, Quorum: 1})
		requireNamed(t, r, fmt.Sprintf("byte %d", at), cosignedFile)
		files[cosignedFile].Data[at] ^= 1 << (at % 8)
	}
	whole := files[cosignedFile]
	delete(files, cosignedFile)
	onlyProblem(t, verifyTrusting(t, files, key, Trust{Witnesses: known, Quorum: 1}), Missing, cosignedFile)
	files[cosignedFile] = whole

	// A proof is under the cosigned checkpoint where that reaches, else under the
	// newest.
	p := proverOf(t, files, key)
	for position, want := range map[uint64]int{1: 1, 6: 1, 7: 0, 11: 0} {
		proved, err := p.Payload(t.Context(), position)
		if err != nil {
			t.Fatal(err)
		}
		v, err := checkEvidence(evidenceOf(t, proved), p.verifier, known, want)
		if err != nil || v.Checkpoint.Witnesses() != want {
			t.Errorf("position %d: %v, want %d witnesses", position, err, want)
		}
	}
}

// TestRollbackAndFork shows Verify a folder that was put back as a whole, and one
// whose key signed another history, against a checkpoint that was kept.
func TestRollbackAndFork(t *testing.T) {
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	fill(t, a, 5, 4)
	old := fsys.Snapshot("/archive")
	fill(t, a, 11, 4)
	kept := Trust{Kept: [][]byte{old[checkpointFile].Data, a.Checkpoint()}}
	if r := verifyTrusting(t, fsys.Snapshot("/archive"), a.VerifierKey(), kept); !r.OK() {
		t.Fatal(r.Problems)
	}
	if r := verifyTrusting(t, old, a.VerifierKey(), Trust{}); !r.OK() {
		t.Fatalf("alone, an older state is whole: %v", r.Problems)
	}
	onlyProblem(t, verifyTrusting(t, old, a.VerifierKey(), kept), Behind, checkpointFile)

	other := durabletest.New(nil)
	fork := mustOpen(t, memory(other))
	fill(t, fork, 20, 3)
	r := verifyTrusting(t, other.Snapshot("/archive"), fork.VerifierKey(), Trust{Kept: [][]byte{a.Checkpoint()}})
	onlyProblem(t, r, Split, "kept checkpoint 1")
	r = verifyTrusting(t, old, a.VerifierKey(), Trust{Kept: [][]byte{[]byte("no checkpoint")}})
	onlyProblem(t, r, Changed, "kept checkpoint 1")
}

func TestKeepCosignedRefuses(t *testing.T) {
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	fill(t, a, 3, 4)
	present := a.Checkpoint()
	_, line := cosign(t, present)
	fill(t, a, 9, 4)
	future := a.Checkpoint()
	if err := a.KeepCosigned(present); err == nil {
		t.Error("a checkpoint that nobody has cosigned is published")
	}
	if err := a.KeepCosigned([]byte("text\n\nnothing\n")); !errors.Is(err, proof.ErrSignature) {
		t.Errorf("no checkpoint: %v", err)
	}
	behind := durabletest.New(nil)
	b := mustOpen(t, memory(behind))
	if err := b.KeepCosigned(append(bytes.Clone(future), line...)); err == nil {
		t.Error("a checkpoint beyond the log is published")
	}
	if _, err := b.Consistency(0, 5); !errors.Is(err, ErrNotFound) {
		t.Errorf("consistency beyond the log: %v", err)
	}
}
