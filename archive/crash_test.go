package archive

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/quoll/quoll/internal/durable/durabletest"
)

// consumer does what the pipeline does: opens the archive, goes on from
// Sealed(), and tries again after an error, a few times. It returns the last
// position that Sealed() has promised.
func consumer(fsys *durabletest.FS, to uint64) (sealed uint64, err error) {
	cfg := memory(fsys)
	cfg.MaxPayloads = 4
	// An object made again has another time in it and so another hash: a log
	// that forgot what it signed would sign something else.
	began := time.Unix(1_760_000_000+int64(fsys.Ops()), 0)
	cfg.Now = func() time.Time { return began }
	a, err := Open(cfg)
	if err != nil {
		return 0, err
	}
	defer a.Close()
	ctx := context.Background()
	failures := 0
	for position := a.Sealed() + 1; position <= to; {
		if err = a.Add(ctx, position, samplePayload(position)); err != nil {
			if failures++; failures > 3 {
				return a.Sealed(), err
			}
			continue
		}
		position++
	}
	if err = a.Flush(ctx); err != nil {
		err = a.Flush(ctx)
	}
	return a.Sealed(), err
}

// checkRestart starts on what a crash left, verifies the whole, goes on, and
// verifies again: nothing sealed is lost.
func checkRestart(t *testing.T, before, after *durabletest.FS, sealed uint64) {
	t.Helper()
	seen := before.Snapshot("/archive")[checkpointFile]
	a, err := Open(memory(after))
	if err != nil {
		t.Fatal(err)
	}
	if a.Sealed() < sealed {
		t.Errorf("sealed %d after the restart, %d was promised", a.Sealed(), sealed)
	}
	mustVerify(t, after.Snapshot("/archive"), a.VerifierKey(), a.Sealed())
	to := a.Sealed() + 5
	fill(t, a, to, 2)
	a.Close()
	// What was published before a second crash is still there.
	again := after.AfterCrash(durabletest.KeepNone, nil)
	b := mustOpen(t, memory(again))
	defer b.Close()
	files := again.Snapshot("/archive")
	r := mustVerify(t, files, b.VerifierKey(), to)
	if seen != nil {
		requirePrefix(t, seen.Data, files, b.id.verifier, r.Size)
	}
}

// requirePrefix requires that a checkpoint that somebody could have seen in the
// folder is of a tree that later grew into this one.
func requirePrefix(t *testing.T, signed []byte, files fstest.MapFS, verifier note.Verifier, size int64) {
	t.Helper()
	c, err := openCheckpoint(signed, verifier)
	if err != nil {
		t.Fatal(err)
	}
	var prefix tree
	for n := int64(0); n*tileWidth < c.size; n++ {
		tile := tileAt(0, n, int(min(tileWidth, size-n*tileWidth)))
		leaves, err := decodeBundle(files[bundlePath(tile)].Data, tile.W)
		if err != nil {
			t.Fatal(err)
		}
		for i := range min(c.size-n*tileWidth, int64(len(leaves))) {
			prefix.append(tlog.RecordHash(leaves[i]), func(tlog.Tile, []tlog.Hash) {})
		}
	}
	if prefix.size != c.size || prefix.root() != c.root {
		t.Fatalf("a checkpoint of size %d was published and is no prefix of the log of size %d", c.size, size)
	}
}

// base is an archive whose next batches cross the end of the first tile.
func base(t *testing.T) *durabletest.FS {
	t.Helper()
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	defer a.Close()
	fill(t, a, 250, 250)
	return fsys
}

// start returns a copy of a file system in which all is synced.
func start(fsys *durabletest.FS) *durabletest.FS {
	return fsys.AfterCrash(durabletest.KeepAll, nil)
}

// lives are the workloads: a new archive with its key and two batches, and one
// whose next batch fills a tile and whose last goes beyond.
func lives(t *testing.T) map[string]life {
	all := []durabletest.Keep{durabletest.KeepNone, durabletest.KeepAll, durabletest.KeepSome}
	return map[string]life{
		"new":  {durabletest.New(nil), 5, all},
		"tile": {base(t), 255, all[2:]}, // each verify takes longer
	}
}

type life struct {
	from  *durabletest.FS
	to    uint64
	keeps []durabletest.Keep
}

// TestCrashAtEveryOperation stops the machine at each operation.
func TestCrashAtEveryOperation(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(21, 22))
	for name, life := range lives(t) {
		for n := 1; ; n += stride(23) {
			fsys := start(life.from)
			fsys.SetInject(durabletest.At(n, durabletest.Crash))
			sealed, err := consumer(fsys, life.to)
			if err == nil {
				break
			}
			for _, keep := range life.keeps {
				t.Run(fmt.Sprintf("%s operation %d keep %d", name, n, keep), func(t *testing.T) {
					checkRestart(t, fsys, fsys.AfterCrash(keep, rng), sealed)
				})
			}
		}
	}
}

// TestFaultAtEveryOperation lets each operation fail, lost or done but reported
// failed. The consumer tries again in the same process, and everything is sealed
// in the end; then the machine crashes.
func TestFaultAtEveryOperation(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(23, 24))
	for name, life := range lives(t) {
		for _, outcome := range []durabletest.Outcome{durabletest.FailLost, durabletest.FailKept} {
			for n := 1; ; n += stride(23) {
				fsys := start(life.from)
				fsys.SetInject(durabletest.At(n, outcome))
				sealed, err := consumer(fsys, life.to)
				if fsys.Ops() < n {
					break
				}
				t.Run(fmt.Sprintf("%s outcome %d operation %d", name, outcome, n), func(t *testing.T) {
					if err != nil && sealed > 0 || err == nil && sealed != life.to {
						t.Errorf("sealed %d, error %v: one fault stops the archive for good", sealed, err)
					}
					for _, keep := range life.keeps {
						checkRestart(t, fsys, fsys.AfterCrash(keep, rng), sealed)
					}
					if name == "new" {
						checkRestart(t, fsys, fsys, sealed)
					}
				})
			}
		}
	}
}

// TestVerifyAfterEveryFault verifies the folder as it stands when the consumer
// has got over a fault, without a restart.
func TestVerifyAfterEveryFault(t *testing.T) {
	t.Parallel()
	from := base(t)
	for _, outcome := range []durabletest.Outcome{durabletest.FailLost, durabletest.FailKept} {
		for n := 1; ; n += stride(23) {
			fsys := start(from)
			a := mustOpen(t, memory(fsys))
			ops := fsys.Ops()
			fsys.SetInject(durabletest.At(ops+n, outcome))
			for position := uint64(251); position <= 254; position++ {
				err := a.Add(t.Context(), position, samplePayload(position))
				if err != nil {
					t.Fatal(err)
				}
				if position%2 != 0 {
					continue
				}
				if err := a.Flush(t.Context()); err != nil {
					before := a.Sealed()
					if err := a.Flush(t.Context()); err != nil {
						t.Fatalf("outcome %d operation %d: second attempt: %v", outcome, n, err)
					}
					if a.Sealed() < before || a.Sealed() != position {
						t.Fatalf("outcome %d operation %d: sealed %d after %d", outcome, n, a.Sealed(), before)
					}
				}
				mustVerify(t, fsys.Snapshot("/archive"), a.VerifierKey(), position)
			}
			a.Close()
			if fsys.Ops() < ops+n {
				break
			}
		}
	}
}

// TestRandomLives has many lives of an archive with random batches, faults and
// crashes. Whatever checkpoint could be seen at the end of one life must be a
// prefix of the log ever after: two must never disagree.
func TestRandomLives(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30 / stride(5)) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 77))
			fsys := durabletest.New(nil)
			sealed := uint64(0)
			var seen [][]byte
			for range 8 {
				fsys.SetInject(durabletest.At(fsys.Ops()+1+rng.IntN(120), durabletest.Outcome(1+rng.IntN(3))))
				done, err := consumer(fsys, sealed+uint64(1+rng.IntN(12)))
				if err != nil && !errors.Is(err, durabletest.ErrInjected) && !errors.Is(err, durabletest.ErrCrashed) {
					t.Fatal(err)
				}
				sealed = max(sealed, done)
				if c := fsys.Snapshot("/archive")[checkpointFile]; c != nil {
					seen = append(seen, c.Data)
				}
				fsys = fsys.AfterCrash(durabletest.Keep(rng.IntN(3)), rng)
				a := mustOpen(t, memory(fsys))
				if a.Sealed() < sealed {
					t.Fatalf("sealed %d, %d was promised", a.Sealed(), sealed)
				}
				sealed = a.Sealed()
				files := fsys.Snapshot("/archive")
				r := mustVerify(t, files, a.VerifierKey(), sealed)
				for _, c := range seen {
					requirePrefix(t, c, files, a.id.verifier, r.Size)
				}
				a.Close()
			}
		})
	}
}

// TestVerifyWhileSealing verifies in the middle of a batch: what is seen half is
// looked at again once the checkpoint has come.
func TestVerifyWhileSealing(t *testing.T) {
	cfg := DefaultConfig(t.TempDir()+"/archive", t.TempDir()+"/keys/archive.key")
	a := mustOpen(t, cfg)
	defer a.Close()
	stop := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		for position := uint64(1); ; position++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			err := a.Add(context.Background(), position, samplePayload(position))
			if position%20 == 0 {
				err = errors.Join(err, a.Flush(context.Background()))
				time.Sleep(20 * time.Millisecond)
			}
			if err != nil {
				done <- err
				return
			}
		}
	}()
	for range 15 {
		r, err := Verify(t.Context(), cfg.Dir, a.VerifierKey(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range r.Problems {
			t.Error(p)
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
