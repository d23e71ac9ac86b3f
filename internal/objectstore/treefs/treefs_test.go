package treefs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/internal/objectstore/storetest"
	"github.com/quoll/quoll/internal/objectstore/treefs"
)

var errTorn = errors.New("it is torn")

// whole takes a file for whole whose last byte is a full stop.
func whole(_ string, f durable.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, info.Size()-1); err != nil || last[0] != '.' {
		return errTorn
	}
	return nil
}

func tree(t *testing.T, store treefs.Store, dir string, room int64) *treefs.FS {
	t.Helper()
	f, err := treefs.New(treefs.Config{
		Store: store, Prefix: "some/lake", Disk: durable.OS{}, Dir: dir, CacheBytes: room, Whole: whole,
		Clock: clock.System(), Random: func() float64 { return 0 },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

func write(f *treefs.FS, path, text string) error {
	file, err := f.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_, err = io.WriteString(file, text)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func mustWrite(t *testing.T, f *treefs.FS, path, text string) {
	t.Helper()
	if err := write(f, path, text); err != nil {
		t.Fatal(err)
	}
}

func reads(t *testing.T, f *treefs.FS, path, want string) {
	t.Helper()
	if got, err := durable.ReadFile(f, path, 1<<20); err != nil || string(got) != want {
		t.Fatalf("%s: %q, %v; want %q", path, got, err, want)
	}
}

// TestFilesAreInTheStoreAndInTheCache writes, reads, lists and removes, here and from
// another machine.
func TestFilesAreInTheStoreAndInTheCache(t *testing.T) {
	store, dir := storetest.NewMemory(), filepath.Join(t.TempDir(), "tree")
	f := tree(t, store, dir, 1<<20)
	a, b := filepath.Join(dir, "t", "data", "a"), filepath.Join(dir, "t", "b")
	mustWrite(t, f, a, "one.")
	mustWrite(t, f, b, "two two.")
	if got := strings.Join(store.Names(), " "); got != "some/lake/t/b some/lake/t/data/a" {
		t.Fatal(got)
	}
	if text, err := os.ReadFile(a); err != nil || string(text) != "one." {
		t.Fatalf("in the cache: %q, %v", text, err)
	}
	if err := write(f, a, "other."); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("written twice: %v", err)
	}
	other := tree(t, store, filepath.Join(t.TempDir(), "tree"), 1<<20)
	seen := map[string]int64{}
	if err := f.Walk(dir, func(path string, bytes int64) error { seen[path] = bytes; return nil }); err != nil || len(seen) != 2 || seen[b] != 8 {
		t.Fatalf("walk: %v, %v", seen, err)
	}
	if entries, err := f.ReadDir(filepath.Join(dir, "t")); err != nil || len(entries) != 2 || entries[0].Name() != "b" || !entries[1].IsDir() {
		t.Fatalf("%v, %v", entries, err)
	}
	if info, err := f.Stat(b); err != nil || info.Size() != 8 {
		t.Fatalf("stat: %v, %v", info, err)
	}
	reads(t, other, filepath.Join(other.Root(), "t", "b"), "two two.")
	if u := other.Usage(); u.Files != 1 || u.Fetched != 1 {
		t.Fatalf("of another machine: %+v", u)
	}
	if err := f.Remove(a); err != nil {
		t.Fatal(err)
	}
	if _, err := f.OpenFile(a, os.O_RDONLY, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("what was removed: %v", err)
	}
	if _, err := os.Stat(a); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("what was removed is in the cache")
	}
}

// TestTheCacheIsBounded evicts what was used longest ago, keeps what is held, and
// says when too much is.
func TestTheCacheIsBounded(t *testing.T) {
	store, dir := storetest.NewMemory(), filepath.Join(t.TempDir(), "tree")
	f := tree(t, store, dir, 30)
	var wanted []treefs.Wanted
	for i := range 5 {
		path := filepath.Join(dir, fmt.Sprint(i))
		mustWrite(t, f, path, fmt.Sprintf("file %d ab.", i)) // 10 bytes
		wanted = append(wanted, treefs.Wanted{Path: path, Bytes: 10})
	}
	if u := f.Usage(); u.Files != 3 || u.Bytes != 30 {
		t.Fatalf("%+v", u)
	}
	reads(t, f, wanted[2].Path, "file 2 ab.") // now 3 is the oldest
	release, err := f.Hold(t.Context(), wanted[:2])
	if err != nil {
		t.Fatal(err)
	}
	if u := f.Usage(); u.Bytes != 30 || u.Held != 20 || u.Fetched != 2 {
		t.Fatalf("held: %+v", u)
	}
	if _, err := os.Stat(wanted[2].Path); err != nil {
		t.Error("what was read last was evicted")
	}
	if _, err := f.Hold(t.Context(), wanted[2:4]); !errors.Is(err, treefs.ErrCacheFull) {
		t.Fatalf("more than there is room for: %v", err)
	}
	for _, w := range wanted[2:] { // one at a time is always read
		reads(t, f, w.Path, "file "+filepath.Base(w.Path)+" ab.")
	}
	for _, w := range wanted[:2] {
		if _, err := os.Stat(w.Path); err != nil {
			t.Errorf("what is held was evicted: %v", err)
		}
	}
	release()
	if release, err = f.Hold(t.Context(), wanted[2:]); err != nil {
		t.Fatal(err)
	}
	if u := f.Usage(); u.Bytes != 30 || u.Held != 30 {
		t.Fatalf("the others: %+v", u)
	}
	release()
	release()
	if u := f.Usage(); u.Held != 0 || u.Bytes > 30 {
		t.Fatalf("released: %+v", u)
	}
}

// TestOneFetchForMany reads one file from many sides.
func TestOneFetchForMany(t *testing.T) {
	store, dir := storetest.NewMemory(), filepath.Join(t.TempDir(), "tree")
	path := filepath.Join(dir, "a")
	store.Change("some/lake/a", func([]byte) []byte { return []byte("one.") })
	f := tree(t, store, dir, 1<<20)
	var opened atomic.Int64
	store.SetStep(func(kind, _ string) (bool, error) {
		if kind == "open" {
			opened.Add(1)
		}
		return true, nil
	})
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			release, err := f.Hold(context.Background(), []treefs.Wanted{{Path: path, Bytes: 4}})
			if err != nil {
				t.Error(err)
				return
			}
			defer release()
			if text, err := os.ReadFile(path); err != nil || string(text) != "one." {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
	group.Wait()
	if n := opened.Load(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
}

// TestOnlyWholeFilesCount damages what is in the cache, what is in the store, and
// what is on its way.
func TestOnlyWholeFilesCount(t *testing.T) {
	store, dir := storetest.NewMemory(), filepath.Join(t.TempDir(), "tree")
	path := filepath.Join(dir, "a")
	mustWrite(t, tree(t, store, dir, 1<<20), path, "one one.")
	if err := os.WriteFile(path, []byte("one \x00\x00\x00\x00"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(durable.TempName(path), []byte("half"), 0o640); err != nil {
		t.Fatal(err)
	}
	f := tree(t, store, dir, 1<<20)
	reads(t, f, path, "one one.")
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 || err != nil {
		t.Errorf("left: %v, %v", left, err)
	}
	if err := os.WriteFile(path, []byte("one."), 0o640); err != nil { // shorter, as another file would be
		t.Fatal(err)
	}
	f = tree(t, store, dir, 1<<20)
	release, err := f.Hold(t.Context(), []treefs.Wanted{{Path: path, Bytes: 8}})
	if err != nil {
		t.Fatal(err)
	}
	release()
	reads(t, f, path, "one one.")
	store.Change("some/lake/a", func(b []byte) []byte { return b[:5] })
	f = tree(t, store, filepath.Join(t.TempDir(), "tree"), 1<<20)
	other := filepath.Join(f.Root(), "a")
	if _, err := f.OpenFile(other, os.O_RDONLY, 0); !errors.Is(err, errTorn) {
		t.Errorf("torn in the store: %v", err)
	}
	if _, err := f.Hold(t.Context(), []treefs.Wanted{{Path: other, Bytes: 8}}); err == nil || !strings.Contains(err.Error(), "should have 8") {
		t.Errorf("cut in the store: %v", err)
	}
	if u := f.Usage(); u.Files != 0 || u.Held != 0 {
		t.Errorf("kept: %+v", u)
	}
}

// TestAStoreThatFails lets each kind of operation fail, before and after it was done.
func TestAStoreThatFails(t *testing.T) {
	lost := errors.New("nobody answers")
	store, dir := storetest.NewMemory(), filepath.Join(t.TempDir(), "tree")
	f := tree(t, store, dir, 1<<20)
	path := filepath.Join(dir, "a")
	failing := func(kind string, kept bool) {
		store.SetStep(func(k, _ string) (bool, error) {
			if k != kind {
				return true, nil
			}
			return kept, lost
		})
	}
	failing("upload", false)
	if err := write(f, path, "one."); !errors.Is(err, lost) {
		t.Fatalf("upload: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) || f.Usage().Files != 0 {
		t.Error("what is not in the store is in the cache")
	}
	failing("upload", true)
	if err := write(f, path, "one."); !errors.Is(err, lost) {
		t.Fatalf("kept: %v", err)
	}
	store.SetStep(nil)
	if err := write(f, path, "one."); err != nil { // as a client does that tries again
		t.Fatalf("what was kept is not known again: %v", err)
	}
	if err := write(f, path, "longer."); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("another one of the name: %v", err)
	}
	failing("remove", false)
	if err := f.Remove(path); !errors.Is(err, lost) {
		t.Fatalf("remove: %v", err)
	}
	reads(t, f, path, "one.") // of the cache
	if err := f.Rename(path, path+"2"); err == nil {
		t.Error("renamed in a store")
	}
	failing("stat", false)
	if _, err := f.Stat(path); !errors.Is(err, lost) {
		t.Errorf("stat: %v", err)
	}
	names := store.Names()
	if !slices.Equal(names, []string{"some/lake/a"}) {
		t.Error(names)
	}
}
