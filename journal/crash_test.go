package journal_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/journal"
)

// session opens a journal, appends batches of samples and closes it. It returns
// how many samples were handed over and how many acknowledged, over all
// sessions of a file system, given what the sessions before left.
func session(t *testing.T, fsys *durabletest.FS, handed int, batches ...int) (handedAfter, acknowledged int, err error) {
	t.Helper()
	j, err := journal.Open(memory(fsys))
	if err != nil {
		return handed, 0, err
	}
	handed = int(j.Last()) // positions and samples stay in step
	acknowledged = handed
	for _, count := range batches {
		handed += count
		if _, err = j.Append(t.Context(), samples(handed-count, count)...); err != nil {
			break
		}
		acknowledged = handed
	}
	if closeErr := j.Close(); err == nil {
		err = closeErr
	}
	return handed, acknowledged, err
}

// checkRestart opens what a crash left and requires: every acknowledged entry,
// in order, unchanged; nothing that was not handed over; and that the journal
// goes on from there, durably.
func checkRestart(t *testing.T, after *durabletest.FS, handed, acknowledged int) {
	t.Helper()
	r, err := journal.OpenReadOnly(memory(after))
	if err == nil {
		checkSamples(t, readAll(t, r, 0), 0)
		if int(r.Last()) < acknowledged {
			t.Errorf("read-only: %d entries of %d acknowledged", r.Last(), acknowledged)
		}
	} else if acknowledged > 0 {
		t.Errorf("read-only: %v", err)
	}
	j, err := journal.Open(memory(after))
	if err != nil {
		t.Error(err)
		return
	}
	defer j.Close()
	last := int(j.Last())
	if last < acknowledged || last > handed {
		t.Errorf("%d entries after the restart; %d were acknowledged of %d handed over", last, acknowledged, handed)
	}
	entries := readAll(t, j, 0)
	if len(entries) != last {
		t.Errorf("%d entries, Last %d", len(entries), last)
	}
	checkSamples(t, entries, 0)
	if _, err := j.Append(t.Context(), samplePayload(last)); err != nil {
		t.Error("append after the restart:", err)
	}
	again, err := journal.Open(memory(after.AfterCrash(durabletest.KeepNone, nil)))
	if err != nil {
		t.Error("second crash:", err)
		return
	}
	defer again.Close()
	if int(again.Last()) != last+1 {
		t.Errorf("second crash: %d entries, want %d", again.Last(), last+1)
	}
	checkSamples(t, readAll(t, again, 0), 0)
}

// stride is how far an exhaustive test goes in one step. With -short, which is
// for the race detector, it samples: there is little concurrent to find.
func stride(short int) int {
	if testing.Short() {
		return short
	}
	return 1
}

// TestCrashAtEveryOperation stops the machine at each file operation of two
// sessions that roll several segments, and restarts on what was synced, on
// everything, and on arbitrary parts of it.
func TestCrashAtEveryOperation(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for n := 1; ; n += stride(5) {
		fsys := durabletest.New(durabletest.At(n, durabletest.Crash))
		handed, acknowledged, err := session(t, fsys, 0, 1, 5, 2, 9)
		if err == nil {
			var more int
			handed, more, err = session(t, fsys, handed, 3, 3)
			acknowledged = max(acknowledged, more)
		}
		if err == nil {
			if n < 30 {
				t.Fatalf("only %d operations: the test does not roll segments", n)
			}
			return
		}
		for try := range 8 {
			keep := durabletest.Keep(min(try, int(durabletest.KeepSome)))
			t.Run(fmt.Sprintf("operation %d keep %d try %d", n, keep, try), func(t *testing.T) {
				checkRestart(t, fsys.AfterCrash(keep, rng), handed, acknowledged)
			})
		}
	}
}

// TestFaultAtEveryOperation lets each operation fail, lost or done but reported
// failed. The process goes on as far as it can, is then started again, and the
// machine may crash at the end of either life.
func TestFaultAtEveryOperation(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	for _, outcome := range []durabletest.Outcome{durabletest.FailLost, durabletest.FailKept} {
		for n := 1; ; n += stride(5) {
			fsys := durabletest.New(durabletest.At(n, outcome))
			handed, acknowledged, err := session(t, fsys, 0, 1, 5, 2, 9)
			if err == nil && fsys.Ops() < n {
				break
			}
			for try := range 6 {
				keep := durabletest.Keep(min(try, int(durabletest.KeepSome)))
				name := fmt.Sprintf("outcome %d operation %d try %d", outcome, n, try)
				t.Run(name+" crash", func(t *testing.T) {
					checkRestart(t, fsys.AfterCrash(keep, rng), handed, acknowledged)
				})
			}
			t.Run(fmt.Sprintf("outcome %d operation %d restart", outcome, n), func(t *testing.T) {
				checkRestart(t, fsys, handed, acknowledged)
			})
		}
	}
}

// TestRetryAfterFault appends again what failed, in the same process, as a
// collector would. After a failed write that works; after a failed fsync the
// journal refuses until it is opened again. The order stays, and an entry may
// be there twice but never be missing.
func TestRetryAfterFault(t *testing.T) {
	for _, outcome := range []durabletest.Outcome{durabletest.FailLost, durabletest.FailKept} {
		for n := 1; ; n += stride(5) {
			fsys := durabletest.New(nil)
			j := mustOpen(t, memory(fsys))
			base := fsys.Ops()
			fsys.SetInject(durabletest.At(base+n, outcome))
			for i := range 12 {
				_, err := j.Append(t.Context(), samplePayload(i))
				if errors.Is(err, journal.ErrFailed) {
					if _, again := j.Append(t.Context(), samplePayload(i)); !errors.Is(again, journal.ErrFailed) {
						t.Fatalf("the journal went on after a failed fsync: %v", again)
					}
					if waitErr := j.Wait(t.Context(), j.Last()); !errors.Is(waitErr, journal.ErrFailed) {
						t.Fatalf("a waiter is not told: %v", waitErr)
					}
					j.Close()
					j = mustOpen(t, memory(fsys))
				}
				if err != nil {
					if _, err = j.Append(t.Context(), samplePayload(i)); err != nil {
						t.Fatalf("outcome %d operation %d: second attempt: %v", outcome, n, err)
					}
				}
			}
			j.Close()
			checkRepeats(t, fsys.AfterCrash(durabletest.KeepNone, nil), 12)
			if fsys.Ops() < base+n {
				break
			}
		}
	}
}

// checkRepeats requires samples 0 to count-1 in order, each at least once.
func checkRepeats(t *testing.T, fsys *durabletest.FS, count int) {
	t.Helper()
	j := mustOpen(t, memory(fsys))
	defer j.Close()
	next := 0
	for _, e := range readAll(t, j, 0) {
		switch {
		case next < count && equalPayload(e.Payload, samplePayload(next)):
			next++
		case next > 0 && equalPayload(e.Payload, samplePayload(next-1)):
		default:
			t.Fatalf("position %d holds neither sample %d nor a repetition of the one before", e.Position, next)
		}
	}
	if next != count {
		t.Fatalf("%d samples of %d", next, count)
	}
}

// TestRandomLives runs many lives of a journal with random batches, random
// faults and random crashes.
func TestRandomLives(t *testing.T) {
	for seed := range uint64(150 / stride(10)) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 99))
			fsys := durabletest.New(nil)
			acknowledged := 0
			for range 6 {
				stopAt := fsys.Ops() + 1 + rng.IntN(25)
				outcome := durabletest.Outcome(1 + rng.IntN(3))
				fsys.SetInject(durabletest.At(stopAt, outcome))
				batches := make([]int, rng.IntN(6))
				for i := range batches {
					batches[i] = 1 + rng.IntN(7)
				}
				handed, done, _ := session(t, fsys, acknowledged, batches...)
				acknowledged = max(acknowledged, done)
				fsys = fsys.AfterCrash(durabletest.Keep(rng.IntN(3)), rng)
				j := mustOpen(t, memory(fsys))
				if last := int(j.Last()); last < acknowledged || last > max(handed, acknowledged) {
					t.Fatalf("%d entries; %d acknowledged, %d handed over", last, acknowledged, handed)
				}
				checkSamples(t, readAll(t, j, 0), 0)
				acknowledged = int(j.Last())
				j.Close()
			}
		})
	}
}
