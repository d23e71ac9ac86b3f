package journal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/model"
)

// places are what stands for positions that are erased.
func places(positions ...journal.Position) map[journal.Position]model.Payload {
	all := map[journal.Position]model.Payload{}
	for _, position := range positions {
		all[position] = model.Payload{Source: model.SourceQuoll, Format: model.FormatOwnRows, ContentType: "Erased", Name: fmt.Sprint("place of ", position)}
	}
	return all
}

// secret is a payload whose body can be looked for in files: it does not shrink.
func secret(n int) model.Payload {
	p := samplePayload(2*n + 1)
	p.Body = fmt.Appendf(nil, "secret %03d %x", n, p.Body[:min(len(p.Body), 40)])
	return p
}

func appendSecrets(t testing.TB, j *journal.Journal, from, count int) {
	t.Helper()
	for n := from; n < from+count; n++ {
		if _, err := j.Append(t.Context(), secret(n)); err != nil {
			t.Fatal(err)
		}
	}
}

// checkErased requires that all but some positions are as they were appended.
func checkErased(t testing.TB, entries []journal.Entry, gone map[journal.Position]model.Payload) {
	t.Helper()
	for i, e := range entries {
		want := secret(i + 1)
		if place, ok := gone[e.Position]; ok {
			want = place
		}
		if e.Position != journal.Position(i+1) || !equalPayload(e.Payload, want) || e.SHA256 != want.SHA256() {
			t.Fatalf("position %d is %q %q, want %q", e.Position, e.Payload.Name, e.Payload.Body, want.Body)
		}
	}
}

func TestErase(t *testing.T) {
	fsys := durabletest.New(nil)
	cfg := memory(fsys)
	cfg.RecentBytes = 1 << 10
	j := mustOpen(t, cfg)
	appendSecrets(t, j, 1, 60)
	gone := places(1, 20, 21, 59, 60) // in the first segment, one in the middle, and the present one
	if err := j.Erase(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	check := func(j *journal.Journal, count int) {
		t.Helper()
		entries := readAll(t, j, 0)
		if len(entries) != count {
			t.Fatalf("%d entries, want %d", len(entries), count)
		}
		checkErased(t, entries, gone)
		for name, f := range fsys.Snapshot("/journal") {
			for n := range gone {
				if bytes.Contains(f.Data, fmt.Appendf(nil, "secret %03d", n)) {
					t.Errorf("%s still has what position %d was", name, n)
				}
			}
		}
	}
	check(j, 60)
	appendSecrets(t, j, 61, 5)
	check(j, 65)
	if err := j.Erase(t.Context(), gone); err != nil { // again does nothing
		t.Fatal(err)
	}
	check(j, 65)
	if err := j.Erase(t.Context(), places(66)); err == nil {
		t.Error("erased what is not there")
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Erase(t.Context(), gone); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("erase from a closed journal: %v", err)
	}
	j = mustOpen(t, cfg)
	check(j, 65)
	appendSecrets(t, j, 66, 1)
	check(j, 66)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// Who reads while segments are exchanged sees every position once.
func TestEraseWhileReading(t *testing.T) {
	j := mustOpen(t, memory(durabletest.New(nil)))
	defer j.Close()
	appendSecrets(t, j, 1, 60)
	gone := places(3, 30, 58)
	seen := journal.Position(0)
	err := j.Read(t.Context(), 0, func(e journal.Entry) error {
		if e.Position != seen+1 {
			return fmt.Errorf("position %d after %d", e.Position, seen)
		}
		if seen = e.Position; seen == 2 {
			return j.Erase(t.Context(), gone)
		}
		return nil
	})
	if err != nil || seen != 60 {
		t.Fatalf("read up to %d: %v", seen, err)
	}
	checkErased(t, readAll(t, j, 0), gone)
}

// After a crash at any operation each place is the old one or the new one, nothing
// else has changed, and the same call goes on.
func TestCrashWhileErasing(t *testing.T) {
	from := durabletest.New(nil)
	j := mustOpen(t, memory(from))
	appendSecrets(t, j, 1, 40)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	gone := places(2, 25, 40)
	for _, keep := range []durabletest.Keep{durabletest.KeepNone, durabletest.KeepAll} {
		for n := 1; ; n += stride(2) {
			fsys := from.AfterCrash(durabletest.KeepAll, nil)
			j := mustOpen(t, memory(fsys))
			fsys.SetInject(durabletest.At(fsys.Ops()+n, durabletest.Crash))
			if err := j.Erase(t.Context(), gone); err == nil {
				break
			}
			after := fsys.AfterCrash(keep, nil)
			j = mustOpen(t, memory(after))
			entries := readAll(t, j, 0)
			if len(entries) != 40 {
				t.Fatalf("operation %d: %d entries", n, len(entries))
			}
			half := map[journal.Position]model.Payload{}
			for _, e := range entries {
				if e.Payload.ContentType == "Erased" {
					half[e.Position] = gone[e.Position]
				}
			}
			checkErased(t, entries, half)
			if err := j.Erase(t.Context(), gone); err != nil {
				t.Fatalf("operation %d: again: %v", n, err)
			}
			checkErased(t, readAll(t, j, 0), gone)
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// pausing calls paused once, when the first segment that is written anew is written to.
type pausing struct {
	*durabletest.FS
	once   sync.Once
	paused func()
}

type pausedFile struct {
	durable.File
	fs *pausing
}

func (f *pausing) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	file, err := f.FS.OpenFile(name, flag, perm)
	if err != nil || strings.HasSuffix(name, ".journal") {
		return file, err
	}
	return &pausedFile{file, f}, nil
}

func (f *pausedFile) Write(p []byte) (int, error) {
	// Not within the Once, in which the second would wait.
	first := false
	f.fs.once.Do(func() { first = true })
	if first {
		f.fs.paused()
	}
	return f.File.Write(p)
}

// Somebody erases while somebody trims the same segments: each position is what one
// of them made it, and what both took out is erased, whoever comes first.
func TestEraseWhileTrimming(t *testing.T) {
	erased, trimmed := places(3, 4, 30), places(4, 5, 30, 31)
	for position, p := range trimmed {
		p.ContentType = model.ContentTrimmed
		trimmed[position] = p
	}
	want := maps.Clone(trimmed)
	maps.Copy(want, erased)
	trim := func(ctx context.Context, j *journal.Journal) error { return j.Trim(ctx, trimmed) }
	erase := func(ctx context.Context, j *journal.Journal) error { return j.Erase(ctx, erased) }
	for name, c := range map[string]struct {
		first, second func(context.Context, *journal.Journal) error
	}{
		"trimming": {trim, erase},
		"erasing":  {erase, trim},
	} {
		t.Run(name+" first", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fsys := &pausing{FS: durabletest.New(nil)}
				cfg := memory(fsys.FS)
				cfg.FS, cfg.RecentBytes = fsys, 1<<10
				j := mustOpen(t, cfg)
				defer func() { j.Close() }() // or a failure leaves its goroutine in the bubble
				appendSecrets(t, j, 1, 40)
				second := make(chan error, 1)
				fsys.paused = func() {
					go func() { second <- c.second(t.Context(), j) }()
					synctest.Wait() // until it is done, or waits for the first
				}
				if err := c.first(t.Context(), j); err != nil {
					t.Fatal(err)
				}
				if err := <-second; err != nil {
					t.Fatal(err)
				}
				checkErased(t, readAll(t, j, 0), want)
				if err := j.Close(); err != nil {
					t.Fatal(err)
				}
				j = mustOpen(t, cfg)
				checkErased(t, readAll(t, j, 0), want)
			})
		})
	}
}
