package journal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/model"
)

// memory is a journal in a file system in memory, small enough to roll often.
func memory(fsys *durabletest.FS) journal.Config {
	cfg := journal.DefaultConfig("/journal")
	cfg.FS, cfg.SegmentBytes = fsys, 4<<10
	cfg.Random = rand.NewChaCha8([32]byte{1})
	return cfg
}

func mustOpen(t testing.TB, cfg journal.Config) *journal.Journal {
	t.Helper()
	j, err := journal.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// samplePayload makes the nth payload of a test: sizes, compressibility and
// fields differ, and the same n gives the same payload.
func samplePayload(n int) model.Payload {
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	body := make([]byte, rng.IntN(1500))
	for i := range body {
		body[i] = byte(rng.IntN(256))
		if n%2 == 0 {
			body[i] = "0123456789abcdef"[i%16]
		}
	}
	p := model.Payload{
		Tenant: "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
		Source: model.SourceActivity,
		Format: model.FormatAuditArray,
		Name:   fmt.Sprintf("blob-%d", n),
		Body:   body,
	}
	if n%3 == 0 {
		p.Name = string([]byte{0xff, 0xfe, byte(n)}) // file names need not be UTF-8
		p.Source, p.Tenant, p.Offset, p.Line = model.SourceFile, "", int64(n)<<33, int64(n)
		p.Format, p.ContentType = model.FormatDefenderLines, "EmailEvents"
	}
	if n%5 != 0 {
		p.Received = time.Unix(1_700_000_000+int64(n), int64(n)).UTC()
	}
	return p
}

func samples(from, count int) []model.Payload {
	var out []model.Payload
	for n := from; n < from+count; n++ {
		out = append(out, samplePayload(n))
	}
	return out
}

// equalPayload compares payloads. What one is packed to must be its body.
func equalPayload(a, b model.Payload) bool {
	sameBody := bytes.Equal(a.Body, b.Body)
	sameTime := a.Received.Equal(b.Received)
	if !packsBody(a) || !packsBody(b) {
		return false
	}
	a.Body, b.Body, a.Received, b.Received = nil, nil, time.Time{}, time.Time{}
	a.Packed, b.Packed = nil, nil
	return sameBody && sameTime && fmt.Sprint(a) == fmt.Sprint(b)
}

var unpacker, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))

func packsBody(p model.Payload) bool {
	if p.Packed == nil {
		return true
	}
	body, err := unpacker.DecodeAll(p.Packed, nil)
	return err == nil && bytes.Equal(body, p.Body)
}

type reader interface {
	Read(context.Context, journal.Position, func(journal.Entry) error) error
}

func readAll(t testing.TB, r reader, after journal.Position) []journal.Entry {
	t.Helper()
	var out []journal.Entry
	err := r.Read(t.Context(), after, func(e journal.Entry) error {
		if want := after + journal.Position(len(out)) + 1; e.Position != want {
			t.Fatalf("position %d where %d should be", e.Position, want)
		}
		out = append(out, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func checkSamples(t testing.TB, entries []journal.Entry, from int) {
	t.Helper()
	for i, e := range entries {
		if want := samplePayload(from + i); !equalPayload(e.Payload, want) || e.SHA256 != want.SHA256() {
			t.Fatalf("entry at position %d differs from what was appended", e.Position)
		}
	}
}

func TestAppendReadReopen(t *testing.T) {
	fsys := durabletest.New(nil)
	n := 0
	for range 4 { // sessions
		j := mustOpen(t, memory(fsys))
		for range 6 {
			last, err := j.Append(t.Context(), samples(n, 1+n%4)...)
			n += 1 + n%4
			if err != nil || last != journal.Position(n) || j.Last() != last {
				t.Fatalf("append: position %d, Last %d, error %v; want %d", last, j.Last(), err, n)
			}
		}
		for after := range n + 1 {
			entries := readAll(t, j, journal.Position(after))
			if len(entries) != n-after {
				t.Fatalf("%d entries after %d, want %d", len(entries), after, n-after)
			}
			checkSamples(t, entries, after)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	names, _ := fsys.ReadDir("/journal")
	if len(names) < 4 {
		t.Errorf("only %d files: segments do not roll", len(names))
	}
	r, err := journal.OpenReadOnly(memory(fsys))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if entries := readAll(t, r, 0); len(entries) != n || r.Last() != journal.Position(n) {
		t.Errorf("read-only: %d entries, Last %d, want %d", len(entries), r.Last(), n)
	}
}

// The same on the real disk, with the default configuration.
func TestRealFileSystem(t *testing.T) {
	cfg := journal.DefaultConfig(t.TempDir() + "/new/journal")
	j := mustOpen(t, cfg)
	if _, err := j.Append(t.Context(), samples(0, 20)...); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Open(cfg); !errors.Is(err, journal.ErrLocked) {
		t.Errorf("second Open: %v, want ErrLocked", err)
	}
	r, err := journal.OpenReadOnly(cfg) // beside the writer
	if err != nil {
		t.Fatal(err)
	}
	checkSamples(t, readAll(t, r, 0), 0)
	r.Close()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = mustOpen(t, cfg)
	defer j.Close()
	checkSamples(t, readAll(t, j, 7), 7)
	if got := j.Recovery(); got != (journal.Recovery{}) {
		t.Errorf("a journal closed in good order needed recovery: %+v", got)
	}
}

func TestLimits(t *testing.T) {
	j := mustOpen(t, memory(durabletest.New(nil)))
	defer j.Close()
	for name, p := range map[string]model.Payload{
		"body":  {Body: make([]byte, journal.MaxBody+1)},
		"name":  {Name: strings.Repeat("n", journal.MaxName+1)},
		"label": {ContentType: strings.Repeat("c", journal.MaxLabel+1)},
	} {
		if _, err := j.Append(t.Context(), samplePayload(0), p); !errors.Is(err, journal.ErrTooLarge) {
			t.Errorf("%s over the limit: %v, want ErrTooLarge", name, err)
		}
	}
	if j.Last() != 0 {
		t.Error("a refused call appended something")
	}
	atLimit := model.Payload{Name: strings.Repeat("n", journal.MaxName), Tenant: strings.Repeat("t", journal.MaxLabel),
		Source: model.Source(strings.Repeat("s", journal.MaxLabel)), Format: model.Format(strings.Repeat("f", journal.MaxLabel)),
		ContentType: strings.Repeat("c", journal.MaxLabel), Offset: -1 << 63, Line: 1<<63 - 1, Body: make([]byte, 3<<20),
		Received: time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)}
	if _, err := j.Append(t.Context(), atLimit, model.Payload{}); err != nil {
		t.Fatal(err)
	}
	entries := readAll(t, j, 0)
	if !equalPayload(entries[0].Payload, atLimit) || !equalPayload(entries[1].Payload, model.Payload{}) {
		t.Error("payloads at the limits are not read as written")
	}
}

func TestLargeBodies(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	body := make([]byte, 9<<20) // beyond every internal buffer, and not compressible
	for i := range body {
		body[i] = byte(rng.Uint32())
	}
	fsys := durabletest.New(nil)
	j := mustOpen(t, memory(fsys))
	for range 2 {
		if _, err := j.Append(t.Context(), samplePayload(1), model.Payload{Body: body}, samplePayload(2)); err != nil {
			t.Fatal(err)
		}
	}
	j.Close()
	j = mustOpen(t, memory(fsys))
	defer j.Close()
	for i, e := range readAll(t, j, 0) {
		if i%3 == 1 && !bytes.Equal(e.Payload.Body, body) {
			t.Error("large body differs")
		}
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := mustOpen(t, memory(durabletest.New(nil)))
		results := make(chan error, 3)
		for after := range 3 {
			go func() { results <- j.Wait(t.Context(), journal.Position(after)) }()
		}
		synctest.Wait()
		if len(results) != 0 {
			t.Fatal("Wait returned before anything was appended")
		}
		if _, err := j.Append(t.Context(), samples(0, 2)...); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(results) != 2 {
			t.Fatalf("%d waiters let go by two entries, want 2", len(results))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := j.Wait(ctx, 2); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait with a deadline: %v", err)
		}
		j.Close()
		for want := range 3 {
			err := <-results
			if (want < 2) != (err == nil) || want == 2 && !errors.Is(err, journal.ErrClosed) {
				t.Errorf("waiter %d: %v", want, err)
			}
		}
		if err := j.Wait(t.Context(), 1); err != nil {
			t.Errorf("Wait for what is there, after Close: %v", err)
		}
	})
}

func TestClosed(t *testing.T) {
	fsys := durabletest.New(nil)
	j := mustOpen(t, memory(fsys))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if _, err := j.Append(t.Context(), samplePayload(0)); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("Append: %v, want ErrClosed", err)
	}
	mustOpen(t, memory(fsys)).Close()
}

func TestContext(t *testing.T) {
	j := mustOpen(t, memory(durabletest.New(nil)))
	defer j.Close()
	if _, err := j.Append(t.Context(), samples(0, 3)...); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	seen := 0
	err := j.Read(ctx, 0, func(journal.Entry) error { seen++; cancel(); return nil })
	if !errors.Is(err, context.Canceled) || seen != 1 {
		t.Errorf("Read: %d entries, %v", seen, err)
	}
	if _, err := j.Append(ctx, samplePayload(3)); !errors.Is(err, context.Canceled) || j.Last() != 3 {
		t.Errorf("Append: %v, Last %d", err, j.Last())
	}
	stop := errors.New("enough")
	if err := j.Read(t.Context(), 0, func(journal.Entry) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Read does not give yield's error back: %v", err)
	}
}

// TestConcurrent has writers and readers at once: every append keeps its order
// and its neighbours, and a reader sees only what was synced.
func TestConcurrent(t *testing.T) {
	fsys := durabletest.New(nil)
	j := mustOpen(t, memory(fsys))
	const writers, appends, each = 4, 25, 3
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for a := range appends {
				var ps []model.Payload
				for i := range each {
					ps = append(ps, model.Payload{Name: fmt.Sprintf("%d", w), Line: int64(a*each + i), Body: make([]byte, 200)})
				}
				if _, err := j.Append(t.Context(), ps...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		wg.Go(func() {
			next := [writers]int64{}
			for after := journal.Position(0); after < writers*appends*each; {
				if err := j.Wait(t.Context(), after); err != nil {
					t.Error(err)
					return
				}
				err := j.Read(t.Context(), after, func(e journal.Entry) error {
					w := e.Payload.Name[0] - '0'
					if e.Position != after+1 || e.Payload.Line != next[w] {
						return fmt.Errorf("writer %d: line %d at position %d, want %d at %d", w, e.Payload.Line, e.Position, next[w], after+1)
					}
					after, next[w] = e.Position, next[w]+1
					return nil
				})
				if err != nil {
					t.Error(err)
					return
				}
				crashed, err := journal.OpenReadOnly(memory(fsys.AfterCrash(durabletest.KeepNone, nil)))
				if err != nil || crashed.Last() < after {
					t.Errorf("a reader saw position %d, a crash keeps less (%v)", after, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got, want := j.Last(), journal.Position(writers*appends*each); got != want {
		t.Errorf("Last %d, want %d", got, want)
	}
	j.Close()
}

// Callers that come while the disk is busy share the next fsync.
func TestGroupCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		syncs, busy := 0, make(chan struct{})
		fsys := durabletest.New(nil)
		cfg := memory(fsys)
		cfg.SegmentBytes = 1 << 20
		j := mustOpen(t, cfg)
		appendOne := func(n int) {
			if _, err := j.Append(t.Context(), model.Payload{Name: fmt.Sprint(n)}); err != nil {
				t.Error(err)
			}
		}
		appendOne(0)
		fsys.SetInject(func(op durabletest.Op) durabletest.Outcome {
			if op.Kind == "sync" {
				if syncs++; syncs == 1 {
					<-busy
				}
			}
			return durabletest.Done
		})
		go appendOne(1)
		synctest.Wait() // it waits for the disk
		for n := range 30 {
			go appendOne(2 + n)
		}
		synctest.Wait() // all wait for it
		close(busy)
		synctest.Wait()
		if syncs != 2 || j.Last() != 32 {
			t.Errorf("%d fsyncs for %d entries, want 2 for 32", syncs, j.Last())
		}
		j.Close()
	})
}
