package durable_test

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/internal/durable/durabletest"
)

const limit = 1 << 20

func read(t *testing.T, fsys durable.FS, name string) string {
	t.Helper()
	data, err := durable.ReadFile(fsys, name, limit)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestWriteFileIsAtomicAtEveryOperation stops the machine at, and fails, each
// operation of a replacement, and looks at what a restart finds.
func TestWriteFileIsAtomicAtEveryOperation(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, outcome := range []durabletest.Outcome{durabletest.Crash, durabletest.FailLost, durabletest.FailKept} {
		for n := 1; ; n++ {
			fsys := durabletest.New(nil)
			if err := durable.WriteFile(fsys, "/file", []byte("old"), 0o644); err != nil {
				t.Fatal(err)
			}
			before := fsys.Ops()
			fsys.SetInject(durabletest.At(before+n, outcome))
			err := durable.WriteFile(fsys, "/file", []byte("new contents"), 0o644)
			for _, keep := range []durabletest.Keep{durabletest.KeepNone, durabletest.KeepAll, durabletest.KeepSome} {
				got := read(t, fsys.AfterCrash(keep, rng), "/file")
				if got != "new contents" && (err == nil || got != "old") {
					t.Errorf("outcome %d at operation %d, keep %d, error %v: file holds %q", outcome, n, keep, err, got)
				}
			}
			if fsys.Ops() < before+n {
				break // the replacement has fewer operations than n
			}
		}
	}
}

// TestWriteFilesIsWholeAtEveryOperation is the same of several files in two
// directories.
func TestWriteFilesIsWholeAtEveryOperation(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	names := []string{"/file", "/dir/one", "/dir/two"}
	write := func(fsys *durabletest.FS, contents string) error {
		var files []durable.NewFile
		for _, name := range names {
			files = append(files, durable.NewFile{Name: name, Data: []byte(contents)})
		}
		return durable.WriteFiles(fsys, files, 0o644)
	}
	for _, outcome := range []durabletest.Outcome{durabletest.Crash, durabletest.FailLost, durabletest.FailKept} {
		for n := 1; ; n++ {
			fsys := durabletest.New(nil)
			if err := errors.Join(durable.MkdirAll(fsys, "/dir", 0o755), write(fsys, "old")); err != nil {
				t.Fatal(err)
			}
			before := fsys.Ops()
			fsys.SetInject(durabletest.At(before+n, outcome))
			err := write(fsys, "new contents")
			for _, keep := range []durabletest.Keep{durabletest.KeepNone, durabletest.KeepAll, durabletest.KeepSome} {
				after := fsys.AfterCrash(keep, rng)
				for _, name := range names {
					if got := read(t, after, name); got != "new contents" && (err == nil || got != "old") {
						t.Errorf("outcome %d at operation %d, keep %d, error %v: %s holds %q", outcome, n, keep, err, name, got)
					}
				}
			}
			if fsys.Ops() < before+n {
				break // all of it has fewer operations than n
			}
		}
	}
}

// TestWriteFilesOnADisk writes where files are synced beside each other.
func TestWriteFilesOnADisk(t *testing.T) {
	one, two := filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "two")
	for _, contents := range []string{"old", "new contents"} {
		files := []durable.NewFile{{Name: one, Data: []byte(contents)}, {Name: two, Data: []byte(contents)}}
		if err := durable.WriteFiles(durable.OS{}, files, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := read(t, durable.OS{}, one) + read(t, durable.OS{}, two); got != contents+contents {
			t.Errorf("the files hold %q", got)
		}
	}
	missing := []durable.NewFile{{Name: one, Data: []byte("newer")}, {Name: filepath.Join(two, "below a file"), Data: nil}}
	if err := durable.WriteFiles(durable.OS{}, missing, 0o600); err == nil || read(t, durable.OS{}, one) != "new contents" {
		t.Errorf("with one that cannot be made: error %v, the other holds %q", err, read(t, durable.OS{}, one))
	}
	if _, err := os.Stat(durable.TempName(one)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("what was prepared is left over:", err)
	}
}

func TestMkdirAllSurvivesACrash(t *testing.T) {
	fsys := durabletest.New(nil)
	if err := durable.MkdirAll(fsys, "/a/b/c", 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := fsys.AfterCrash(durabletest.KeepNone, nil).Stat("/a/b/c"); err != nil {
		t.Error("after a crash:", err)
	}
}

// A directory whose parent could not be synced must not pass for durable on the
// second attempt.
func TestMkdirAllAfterAFailedSync(t *testing.T) {
	fsys := durabletest.New(func(op durabletest.Op) durabletest.Outcome {
		if op.Kind == "syncdir" {
			return durabletest.FailLost
		}
		return durabletest.Done
	})
	if err := durable.MkdirAll(fsys, "/a", 0o755); err == nil {
		t.Fatal("the failed sync went unreported")
	}
	fsys.SetInject(nil)
	if err := durable.MkdirAll(fsys, "/a", 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := fsys.AfterCrash(durabletest.KeepNone, nil).Stat("/a"); err != nil {
		t.Error("after a crash:", err)
	}
}

// A removal whose sync failed must be durable after the second attempt.
func TestRemoveAfterAFailedSync(t *testing.T) {
	fsys := durabletest.New(nil)
	if err := durable.WriteFile(fsys, "/f", []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	fsys.SetInject(durabletest.At(fsys.Ops()+2, durabletest.FailLost))
	if err := durable.Remove(fsys, "/f"); err == nil {
		t.Fatal("the failed sync went unreported")
	}
	if err := durable.Remove(fsys, "/f"); err != nil {
		t.Fatal(err)
	}
	if _, err := fsys.AfterCrash(durabletest.KeepNone, nil).Stat("/f"); !errors.Is(err, fs.ErrNotExist) {
		t.Error("after a crash the file is back:", err)
	}
}

func TestCreateExclusive(t *testing.T) {
	for _, fsys := range []durable.FS{durable.OS{}, durabletest.New(nil)} {
		dir := "/"
		if _, ok := fsys.(durable.OS); ok {
			dir = t.TempDir()
		}
		name := filepath.Join(dir, "key")
		if err := durable.CreateExclusive(fsys, name, []byte("first"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := durable.CreateExclusive(fsys, name, []byte("second"), 0o600); !errors.Is(err, fs.ErrExist) {
			t.Errorf("second creation: error %v, want fs.ErrExist", err)
		}
		if got := read(t, fsys, name); got != "first" {
			t.Errorf("file holds %q", got)
		}
		info, err := fsys.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, error %v", info.Mode(), err)
		}
		if _, err := fsys.Stat(durable.TempName(name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("temporary file left: %v", err)
		}
	}
}

// TestAppendFileAfterFailedSync is the fsyncgate case: the bytes of the failed
// sync are visible but not on disk, and a reopened file must put them there.
func TestAppendFileAfterFailedSync(t *testing.T) {
	fsys := durabletest.New(nil)
	a, err := durable.CreateAppend(fsys, "/log")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Write([]byte("one")); err != nil {
		t.Fatal(err)
	}
	if err := a.Sync(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Write([]byte("two")); err != nil {
		t.Fatal(err)
	}
	fsys.SetInject(durabletest.At(fsys.Ops()+1, durabletest.FailLost))
	if err := a.Sync(); !errors.Is(err, durable.ErrUnsynced) {
		t.Fatalf("failed sync: %v", err)
	}
	if err := a.Sync(); !errors.Is(err, durable.ErrUnsynced) {
		t.Errorf("second sync: %v, want ErrUnsynced", err)
	}
	if _, err := a.Write([]byte("x")); !errors.Is(err, durable.ErrUnsynced) {
		t.Errorf("write after failed sync: %v, want ErrUnsynced", err)
	}
	if got := read(t, fsys.AfterCrash(durabletest.KeepAll, nil), "/log"); got != "one" {
		t.Fatalf("the model wrote %q though the sync failed", got)
	}
	if _, err := durable.OpenAppend(fsys, "/log", a.Durable(), 6); err != nil {
		t.Fatal(err)
	}
	if got := read(t, fsys.AfterCrash(durabletest.KeepNone, nil), "/log"); got != "onetwo" {
		t.Errorf("after reopening and a crash: %q, want %q", got, "onetwo")
	}
}

// A full disk: the write fails half way, is cut, and works later.
func TestAppendFileAfterFailedWrite(t *testing.T) {
	fsys := durabletest.New(nil)
	a, err := durable.CreateAppend(fsys, "/log")
	if err != nil {
		t.Fatal(err)
	}
	fsys.SetInject(durabletest.At(fsys.Ops()+1, durabletest.FailKept))
	if _, err := a.Write([]byte("lost")); !errors.Is(err, durabletest.ErrInjected) {
		t.Fatalf("failed write: %v", err)
	}
	if _, err := a.Write([]byte("kept")); err != nil {
		t.Fatal(err)
	}
	if err := a.Sync(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, fsys.AfterCrash(durabletest.KeepNone, nil), "/log"); got != "kept" {
		t.Errorf("file holds %q", got)
	}
}

func TestLockExcludes(t *testing.T) {
	dir := t.TempDir()
	for _, fsys := range []durable.FS{durable.OS{}, durabletest.New(nil)} {
		name := filepath.Join(dir, "lock")
		if _, ok := fsys.(durable.OS); !ok {
			name = "/lock"
		}
		held, err := fsys.Lock(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fsys.Lock(name); !errors.Is(err, durable.ErrLocked) {
			t.Errorf("second lock: %v, want ErrLocked", err)
		}
		if err := held.Close(); err != nil {
			t.Fatal(err)
		}
		again, err := fsys.Lock(name)
		if err != nil {
			t.Fatal("after release:", err)
		}
		again.Close()
	}
}

func TestReadFileIsBounded(t *testing.T) {
	name := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(name, make([]byte, 11), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := durable.ReadFile(durable.OS{}, name, 10); err == nil {
		t.Error("a file over the limit was read")
	}
	if data, err := durable.ReadFile(durable.OS{}, name, 11); err != nil || len(data) != 11 {
		t.Errorf("a file at the limit: %d bytes, %v", len(data), err)
	}
}

// TestFaultSystemBehavesLikeTheRealOne runs the same operations on both.
func TestFaultSystemBehavesLikeTheRealOne(t *testing.T) {
	dir := t.TempDir()
	mem := durabletest.New(nil)
	for _, place := range []struct {
		fsys durable.FS
		root string
	}{{durable.OS{}, dir}, {mem, "/"}} {
		name := func(n string) string { return filepath.Join(place.root, n) }
		if err := durable.MkdirAll(place.fsys, name("x/y"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := durable.WriteFile(place.fsys, name("x/y/f"), []byte("abc"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := place.fsys.Remove(name("x/y")); err == nil {
			t.Error("a directory with a file in it was removed")
		}
		entries, err := place.fsys.ReadDir(name("x/y"))
		if err != nil || len(entries) != 1 || entries[0].Name() != "f" {
			t.Errorf("entries %v, error %v", entries, err)
		}
		if err := durable.Remove(place.fsys, name("x/y/f")); err != nil {
			t.Error(err)
		}
		if err := durable.Remove(place.fsys, name("x/y/f")); err != nil {
			t.Error("removing what is not there:", err)
		}
		if err := durable.Remove(place.fsys, name("no/such/f")); err != nil {
			t.Error("removing below what is not there:", err)
		}
		if _, err := place.fsys.OpenFile(name("none"), os.O_RDONLY, 0); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
}
