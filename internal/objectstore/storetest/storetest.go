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
	Locking(ctx context.Context) (objectstore.Locking, error)
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
