// Package storetest holds what every store has to do, for tests of stores: the
// same against what speaks their protocols here and against the real ones.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/objectstore"
)

// Store is all that stores do.
type Store interface {
	objectstore.Readable
	Create(ctx context.Context, name string, data []byte, until time.Time) error
	Replace(ctx context.Context, name string, data []byte, until time.Time) error
	Purge(ctx context.Context, name string) error
	Locking(ctx context.Context) (objectstore.Locking, error)
}

// Mutable is a store that the lake can lie in.
type Mutable interface {
	objectstore.Readable
	Upload(ctx context.Context, name string, body io.ReadSeeker, size int64) error
	Swap(ctx context.Context, name string, data []byte, etag string) (string, error)
	Stat(ctx context.Context, name string) (objectstore.Info, error)
	Remove(ctx context.Context, name string) error
	Walk(ctx context.Context, dir string, visit func(objectstore.Info) error) error
}

// RunMutable checks what the lake asks of a store, below a folder of its own.
func RunMutable(t *testing.T, s Mutable) {
	t.Helper()
	ctx := t.Context()
	body := bytes.Repeat([]byte("0123456789abcdef"), 1<<14)
	for _, name := range []string{"m/t/data/day=1/a.parquet", "m/t/data/day=2/b.parquet", "m/u/c", "mm/d"} {
		if err := s.Upload(ctx, name, bytes.NewReader(body), int64(len(body))); err != nil {
			t.Fatalf("upload %s: %v", name, err)
		}
	}
	if err := s.Upload(ctx, "m/u/c", bytes.NewReader(body), int64(len(body))); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("upload what is there: %v", err)
	}
	if info, err := s.Stat(ctx, "m/u/c"); err != nil || info.Size != int64(len(body)) || info.ETag == "" {
		t.Fatalf("stat: %+v, %v", info, err)
	}
	if _, err := s.Stat(ctx, "m/u/nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("stat what is not there: %v", err)
	}
	walks(t, s, "m", "m/t/data/day=1/a.parquet m/t/data/day=2/b.parquet m/u/c")
	for range 2 { // what is not there is removed
		if err := s.Remove(ctx, "m/t/data/day=1/a.parquet"); err != nil {
			t.Fatalf("remove: %v", err)
		}
	}
	walks(t, s, "m", "m/t/data/day=2/b.parquet m/u/c")
	walks(t, s, "m/none", "")
	swaps(t, s)
}

func walks(t *testing.T, s Mutable, dir, want string) {
	t.Helper()
	var names []string
	err := s.Walk(t.Context(), dir, func(info objectstore.Info) error {
		names = append(names, info.Name)
		return nil
	})
	slices.Sort(names)
	if got := strings.Join(names, " "); err != nil || got != want {
		t.Fatalf("walk %s: %s, %v; want %s", dir, got, err, want)
	}
}

// swaps moves one object on, as two writers would.
func swaps(t *testing.T, s Mutable) {
	t.Helper()
	ctx := t.Context()
	first, err := s.Swap(ctx, "m/HEAD", []byte("one"), "")
	if err != nil || first == "" {
		t.Fatalf("make: %q, %v", first, err)
	}
	if _, err := s.Swap(ctx, "m/HEAD", []byte("other"), ""); !errors.Is(err, objectstore.ErrChanged) {
		t.Fatalf("made twice: %v", err)
	}
	second, err := s.Swap(ctx, "m/HEAD", []byte("two"), first)
	if err != nil || second == first {
		t.Fatalf("replace: %q, %v", second, err)
	}
	if _, err := s.Swap(ctx, "m/HEAD", []byte("three"), first); !errors.Is(err, objectstore.ErrChanged) {
		t.Fatalf("replaced what is gone: %v", err)
	}
	body, info, err := s.Open(ctx, "m/HEAD", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if text, err := io.ReadAll(body); err != nil || string(text) != "two" || info.ETag != second {
		t.Fatalf("%q with ETag %s, %v; want that of the second, %s", text, info.ETag, err, second)
	}
	if _, err := s.Swap(ctx, "m/never", []byte("one"), second); !errors.Is(err, objectstore.ErrChanged) {
		t.Fatalf("replaced what never was: %v", err)
	}
}

// Run checks a store that is empty. until is the lock of what is written, or zero.
func Run(t *testing.T, s Store, until time.Time) {
	t.Helper()
	ctx := t.Context()
	if _, _, err := s.Open(ctx, "nothing", 0); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("open what is not there: %v", err)
	}
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	written := map[string][]byte{"objects/1/a+b.tar.zst": big, "objects/1/empty": {}, "objects/2/c d": []byte("c"), "tile/0/x001/234": []byte("t"), "head": []byte("one")}
	for name, data := range written {
		if err := s.Create(ctx, name, data, until); err != nil {
			t.Fatalf("create %s: %v", name, err)
		}
	}
	if err := s.Create(ctx, "head", []byte("two"), until); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("create what is there: %v", err)
	}
	mustRead(t, s, "head", 0, "one")
	if err := s.Replace(ctx, "head", []byte("three"), until); err != nil {
		t.Fatal(err)
	}
	written["head"] = []byte("three")
	mustRead(t, s, "head", 0, "three")
	mustRead(t, s, "head", 2, "ree")
	asFolder(t, s, written)
	if err := s.Purge(ctx, "nothing"); err != nil {
		t.Errorf("purge what is not there: %v", err)
	}
	err := s.Purge(ctx, "objects/2/c d")
	if !until.IsZero() {
		if err == nil {
			t.Error("purged what is locked")
		}
		mustRead(t, s, "objects/2/c d", 0, "c")
		return
	}
	if _, _, gone := s.Open(ctx, "objects/2/c d", 0); err != nil || !errors.Is(gone, fs.ErrNotExist) {
		t.Errorf("purged: %v, and then %v", err, gone)
	}
}

func mustRead(t *testing.T, s Store, name string, offset int64, want string) {
	t.Helper()
	body, info, err := s.Open(t.Context(), name, offset)
	if err != nil {
		t.Fatalf("open %s at %d: %v", name, offset, err)
	}
	defer body.Close()
	got, err := io.ReadAll(body)
	if err != nil || string(got) != want || info.Size != offset+int64(len(want)) {
		t.Fatalf("read %s at %d: %q of %d bytes, %v; want %q", name, offset, got, info.Size, err, want)
	}
}

// asFolder reads all of it through package fs.
func asFolder(t *testing.T, s Store, want map[string][]byte) {
	t.Helper()
	folder := objectstore.NewFS(t.Context(), s, clock.System(), func() float64 { return 0 })
	got := fstest.MapFS{}
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(folder, name)
		if err != nil {
			return err
		}
		if info, err := d.Info(); err != nil || info.Size() != int64(len(data)) {
			return fmt.Errorf("%s is listed with %d bytes and has %d, %v", name, info.Size(), len(data), err)
		}
		got[name] = &fstest.MapFile{Data: data}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("listed %d objects, want %d: %v", len(got), len(want), got)
	}
	for name, data := range want {
		if got[name] == nil || !bytes.Equal(got[name].Data, data) {
			t.Fatalf("%s was not listed, or reads otherwise", name)
		}
	}
}
