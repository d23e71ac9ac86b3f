package collect

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"testing/iotest"
)

func noise(seed uint64, size int) []byte {
	b := make([]byte, size)
	source := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	_, _ = source.Read(b) // never fails
	return b
}

func see([]byte) error { return nil }

func openSpool(t *testing.T, memory int64) *Spool {
	t.Helper()
	s, err := NewSpool(t.TempDir(), memory)
	must(t, err)
	t.Cleanup(func() {
		if !s.reading.TryAcquire(max(memory-handingBytes, handingBytes)) || !s.handing.TryAcquire(handingBytes) {
			t.Error("memory was not given back")
		}
		if left, _ := filepath.Glob(filepath.Join(s.dir, "*")); len(left) > 0 {
			t.Errorf("files are left: %v", left)
		}
	})
	return s
}

func TestABodyIsWhatWasRead(t *testing.T) {
	s := openSpool(t, SpoolMemory)
	for _, size := range []int{0, 1, spoolChunk - 1, spoolChunk, spoolChunk + 1, PartBytes - spoolChunk, PartBytes, PartBytes + 1, 3*PartBytes + 5} {
		want := noise(uint64(size), size)
		b := s.NewBody()
		var seen []byte
		n, err := b.Fill(iotest.HalfReader(bytes.NewReader(want)), func(piece []byte) error {
			seen = append(seen, piece...)
			return nil
		})
		must(t, err)
		if n != int64(size) || b.Size() != n || !bytes.Equal(seen, want) {
			t.Errorf("%d bytes: read %d, size %d, %d seen", size, n, b.Size(), len(seen))
		}
		if b.InMemory() != (size < PartBytes) {
			t.Errorf("%d bytes: in memory is %v", size, b.InMemory())
		}
		if head := b.Head(100); !bytes.Equal(head, want[:min(size, 100)]) {
			t.Errorf("%d bytes: the head is %x", size, head)
		}
		if b.InMemory() {
			checkWhole(t, b, want)
		}
		for from := 0; from < size; {
			to := min(size, from+1+rand.IntN(PartBytes))
			part, done, err := b.Part(t.Context(), int64(from), int64(to))
			must(t, err)
			if !bytes.Equal(part, want[from:to]) {
				t.Errorf("%d bytes: the part from %d to %d is another", size, from, to)
			}
			done()
			from = to
		}
		must(t, b.Close())
	}
}

// checkWhole takes copies of a body, of which the memory of one that is free is used
// for the next and that of another is not.
func checkWhole(t *testing.T, b *Body, want []byte) {
	t.Helper()
	first, free := b.Whole()
	second, _ := b.Whole()
	if !bytes.Equal(first, want) || !bytes.Equal(second, want) {
		t.Errorf("%d bytes: the whole is another", len(want))
	}
	if most := max(len(want)+len(want)/2, leastWhole); cap(first) > most {
		t.Errorf("%d bytes: the whole keeps %d, more than %d", len(want), cap(first), most)
	}
	clear(first)
	free()
	if third, _ := b.Whole(); !bytes.Equal(third, want) || !bytes.Equal(second, want) {
		t.Errorf("%d bytes: the whole is another after memory came back", len(want))
	}
}

// The ceiling holds whatever the number of bodies and their size: all are open
// at once here, and together are five times as large.
func TestBodiesHaveACeilingOfMemory(t *testing.T) {
	const memory = 16 << 20
	s := openSpool(t, memory)
	var group sync.WaitGroup
	bodies := make([]*Body, 40)
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range bodies {
		bodies[i] = s.NewBody()
		size := int64(1 << 20)
		if i%8 == 0 {
			size = 10 << 20
		}
		group.Go(func() {
			if _, err := bodies[i].Fill(io.LimitReader(zeros{}, size), see); err != nil || bodies[i].Size() != size {
				t.Errorf("body of %d bytes: %d (%v)", size, bodies[i].Size(), err)
			}
		})
	}
	group.Wait()
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > memory+int64(len(bodies))*spoolChunk {
		t.Errorf("85 MiB of bodies take %d bytes of memory, the ceiling is %d and a chunk for each", grown, memory)
	}
	for _, b := range bodies {
		must(t, b.Close())
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// Those who wait to hand a large body on do not keep each other from it, even
// if one piece is larger than all memory together.
func TestHandingOnNeverGetsStuck(t *testing.T) {
	s := openSpool(t, 4*PartBytes)
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			b := s.NewBody()
			size := int64(PartBytes + 1)
			if i == 0 {
				size = 5 * PartBytes
			}
			_, err := b.Fill(io.LimitReader(zeros{}, size), see)
			part, done, partErr := b.Part(t.Context(), 0, size)
			if err = errors.Join(err, partErr); err != nil || int64(len(part)) != size {
				t.Errorf("%d of %d bytes (%v)", len(part), size, err)
				return
			}
			done()
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// fullDisk is a file on a disk that has room for so many bytes.
type fullDisk struct {
	spoolFile
	left int
}

var errFull = errors.New("no space left on device")

func (f *fullDisk) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return f.spoolFile.Write(p)
}

func TestAFullDiskIsNoFaultOfTheSource(t *testing.T) {
	s := openSpool(t, SpoolMemory)
	for _, room := range []int{0, PartBytes / 2, PartBytes, PartBytes + spoolChunk} {
		s.create = func(dir, pattern string) (spoolFile, error) {
			file, err := os.CreateTemp(dir, pattern)
			return &fullDisk{file, room}, err
		}
		b := s.NewBody()
		if _, err := b.Fill(io.LimitReader(zeros{}, 3*PartBytes), see); !errors.Is(err, ErrSpool) || !errors.Is(err, errFull) {
			t.Errorf("with room for %d bytes: %v", room, err)
		}
		must(t, b.Close())
	}
	s.create = func(string, string) (spoolFile, error) { return nil, errFull }
	b := s.NewBody()
	if _, err := b.Fill(io.LimitReader(zeros{}, 3*PartBytes), see); !errors.Is(err, ErrSpool) {
		t.Errorf("no file can be made: %v", err)
	}
	must(t, b.Close())
}

func TestErrorsOfTheSourceComeBack(t *testing.T) {
	s := openSpool(t, SpoolMemory)
	b := s.NewBody()
	broken := errors.New("broken")
	if n, err := b.Fill(io.MultiReader(bytes.NewReader(noise(1, 1000)), iotest.ErrReader(broken)), see); !errors.Is(err, broken) || n != 1000 {
		t.Errorf("%d bytes (%v)", n, err)
	}
	must(t, b.Close())
	b = s.NewBody()
	if _, err := b.Fill(zeros{}, func([]byte) error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	must(t, b.Close())
}

func TestASpoolClearsWhatACrashLeft(t *testing.T) {
	dir := t.TempDir()
	left, other := filepath.Join(dir, "body-123.spool"), filepath.Join(dir, "mine.txt")
	must(t, os.WriteFile(left, []byte("x"), 0o600))
	must(t, os.WriteFile(other, []byte("x"), 0o600))
	_, err := NewSpool(dir, SpoolMemory)
	must(t, err)
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is there still (%v)", left, err)
	}
	if _, err := os.Stat(other); err != nil {
		t.Errorf("%s, which is no spool's, is gone", other)
	}
}

// Whatever came before, a small body does not get, and keep, the memory of a large one.
func TestASmallBodyDoesNotKeepTheMemoryOfALargeOne(t *testing.T) {
	s := openSpool(t, SpoolMemory)
	for _, size := range []int{PartBytes - spoolChunk, 1000, 300_000, 5000, 0} {
		b := s.NewBody()
		_, err := b.Fill(bytes.NewReader(noise(1, size)), see)
		must(t, err)
		for range 3 {
			whole, free := b.Whole()
			if len(whole) != size || cap(whole) > max(size+size/2, leastWhole) {
				t.Errorf("a body of %d bytes has memory of %d", size, cap(whole))
			}
			free()
		}
		must(t, b.Close())
	}
}
