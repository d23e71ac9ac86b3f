package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sync/semaphore"
)

// Spool is where bodies wait between the source and the journal: in memory as
// long as all of them together are small, in files beyond. So the memory that
// bodies take has a ceiling, whatever their size: what NewSpool is given, and 64
// KiB for each that is being read. None is refused for its size. It is safe for
// concurrent use.
type Spool struct {
	dir string
	// Memory for what is being read, and for what is being handed on of files.
	// They are apart, so that those who wait for the second cannot keep it from
	// themselves by holding the first.
	reading *semaphore.Weighted
	handing *semaphore.Weighted
	chunks  sync.Pool
	wholes  [wholeSizes]sync.Pool // of *[]byte, for Whole; of one size each
	create  func(dir, pattern string) (spoolFile, error)
}

type spoolFile interface {
	io.Writer
	io.ReaderAt
	io.Closer
	Name() string
}

const (
	// spoolChunk is the unit in which memory is taken.
	spoolChunk = 64 << 10
	// PartBytes is how large a body may be to be handed on whole. A larger one is
	// handed on in parts of about this size.
	PartBytes = 4 << 20
	// SpoolMemory is what all bodies together may take in memory by default.
	SpoolMemory = 16 << 20
	// handingBytes is the share of it for handing on.
	handingBytes = 2 * PartBytes

	spoolPattern = "body-*.spool"
)

// NewSpool returns a spool with files in a folder, which is made and cleared of
// what a crash left, and with memory for that many bytes of bodies, at least
// four parts.
func NewSpool(dir string, memory int64) (*Spool, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make spool: %w", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, spoolPattern))
	if err != nil {
		return nil, fmt.Errorf("clear spool: %w", err)
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("clear spool: %w", err)
		}
	}
	return newSpool(dir, memory), nil
}

// NewTemporarySpool returns a spool with files in the system's folder for them
// and the memory of SpoolMemory: for collectors that were given none.
func NewTemporarySpool() *Spool { return newSpool(os.TempDir(), SpoolMemory) }

func newSpool(dir string, memory int64) *Spool {
	s := &Spool{dir: dir, handing: semaphore.NewWeighted(handingBytes)}
	s.reading = semaphore.NewWeighted(max(memory-handingBytes, handingBytes))
	s.chunks.New = func() any { return new([spoolChunk]byte) }
	s.create = func(dir, pattern string) (spoolFile, error) { return os.CreateTemp(dir, pattern) }
	return s
}

// ErrSpool says that the spool's disk failed, which is no fault of the source.
var ErrSpool = errors.New("spool failed")

// Body is a body on its way. It belongs to one goroutine, which closes it.
type Body struct {
	spool  *Spool
	chunks []*[spoolChunk]byte // in memory, the last one filled to size
	file   spoolFile           // once it is not
	size   int64
	held   int64 // bytes of the spool's memory
}

// NewBody returns an empty body.
func (s *Spool) NewBody() *Body { return &Body{spool: s} }

// Fill reads r to its end, handing each piece to see as well before it goes on,
// and returns the number of bytes. Errors of see and of r come back as they
// are, those of the disk as ErrSpool.
func (b *Body) Fill(r io.Reader, see func(piece []byte) error) (int64, error) {
	for {
		buffer, err := b.buffer()
		if err != nil {
			return b.size, err
		}
		n, readErr := r.Read(buffer)
		if n > 0 {
			if err := see(buffer[:n]); err != nil {
				return b.size, err
			}
			if b.file != nil {
				if _, err := b.file.Write(buffer[:n]); err != nil {
					return b.size, fmt.Errorf("%w: write %s: %w", ErrSpool, b.file.Name(), err)
				}
			}
			b.size += int64(n)
		}
		if errors.Is(readErr, io.EOF) {
			return b.size, nil
		}
		if readErr != nil {
			return b.size, readErr
		}
	}
}

// buffer returns memory for the next piece.
func (b *Body) buffer() ([]byte, error) {
	if b.file != nil {
		return b.chunks[0][:], nil
	}
	filled := int(b.size) - spoolChunk*max(0, len(b.chunks)-1)
	if len(b.chunks) > 0 && filled < spoolChunk {
		return b.chunks[len(b.chunks)-1][filled:], nil
	}
	// One chunk is each body's due, or a slow source could keep all others from
	// reading. For more there must be room, in the chunks and in the copy that is
	// handed on.
	if len(b.chunks) > 0 {
		if b.size+spoolChunk > PartBytes || !b.spool.reading.TryAcquire(2*spoolChunk) {
			if err := b.spill(); err != nil {
				return nil, err
			}
			return b.chunks[0][:], nil
		}
		b.held += 2 * spoolChunk
	}
	b.chunks = append(b.chunks, b.spool.chunks.Get().(*[spoolChunk]byte))
	return b.chunks[len(b.chunks)-1][:], nil
}

// spill moves the body to a file and keeps one chunk as a buffer.
func (b *Body) spill() error {
	file, err := b.spool.create(b.spool.dir, spoolPattern)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSpool, err)
	}
	b.file = file
	_ = os.Remove(file.Name()) // where an open file can be removed, a crash leaves nothing
	left := b.size
	for _, c := range b.chunks {
		n := min(left, spoolChunk)
		if _, err := file.Write(c[:n]); err != nil {
			return fmt.Errorf("%w: write %s: %w", ErrSpool, file.Name(), err)
		}
		left -= n
	}
	for _, c := range b.chunks[1:] {
		b.spool.chunks.Put(c)
	}
	b.chunks = b.chunks[:1]
	b.spool.reading.Release(b.held)
	b.held = 0
	return nil
}

// Size is the number of bytes read so far.
func (b *Body) Size() int64 { return b.size }

// InMemory says that the body is small enough to be handed on whole.
func (b *Body) InMemory() bool { return b.file == nil }

// Head returns a copy of the first bytes, at most most of them and at most a
// chunk.
func (b *Body) Head(most int) []byte {
	head := make([]byte, min(int64(most), b.size, spoolChunk))
	if b.file != nil {
		n, _ := b.file.ReadAt(head, 0) // what can be read of it is enough
		return head[:n]
	}
	if len(b.chunks) > 0 {
		copy(head, b.chunks[0][:])
	}
	return head
}

// Whole returns a copy of a body that is in memory, and what lets that copy's memory be
// used for the next: to be called once, or never, when nobody refers to the copy any more.
// That memory is at most half as large again as the body: a copy may be kept for long, and
// small ones must not keep what large ones needed.
func (b *Body) Whole() (body []byte, free func()) {
	number, size := wholeSize(b.size)
	pool := &b.spool.wholes[number]
	room, ok := pool.Get().(*[]byte)
	if !ok {
		kept := make([]byte, 0, size)
		room = &kept
	}
	body = (*room)[:0]
	for _, c := range b.chunks {
		body = append(body, c[:min(b.size-int64(len(body)), spoolChunk)]...)
	}
	return body, func() { pool.Put(room) }
}

const (
	leastWhole = 4 << 10
	wholeSizes = 22 // up to 4 MiB, which is PartBytes, and one more
)

// wholeSize returns the size of memory for a body, and its number: powers of two from
// leastWhole, and what lies half way between them.
func wholeSize(bytes int64) (number int, size int64) {
	for size = leastWhole; size < bytes; number++ {
		if number%2 == 0 {
			size += size / 2
		} else {
			size += size / 3
		}
	}
	return number, size
}

// Part returns a copy of the bytes from one place to another, and what gives
// their memory back. It waits until there is room for them.
func (b *Body) Part(ctx context.Context, from, to int64) (part []byte, done func(), err error) {
	if b.file == nil {
		pieces := make([][]byte, 0, len(b.chunks))
		for i, c := range b.chunks {
			start := int64(i) * spoolChunk
			low, high := max(from, start), min(to, start+spoolChunk)
			if low < high {
				pieces = append(pieces, c[low-start:high-start])
			}
		}
		return bytes.Join(pieces, nil), func() {}, nil // it does not clear the memory first, as make does
	}
	// A record that is larger than all this memory has it alone.
	weight := min(to-from, handingBytes)
	if err := b.spool.handing.Acquire(ctx, weight); err != nil {
		return nil, nil, err
	}
	part = make([]byte, to-from)
	if _, err := b.file.ReadAt(part, from); err != nil {
		b.spool.handing.Release(weight)
		return nil, nil, fmt.Errorf("%w: read %s: %w", ErrSpool, b.file.Name(), err)
	}
	return part, func() { b.spool.handing.Release(weight) }, nil
}

// Close lets go of memory and file.
func (b *Body) Close() error {
	for _, c := range b.chunks {
		b.spool.chunks.Put(c)
	}
	b.spool.reading.Release(b.held)
	b.chunks, b.held = nil, 0
	if b.file == nil {
		return nil
	}
	err := b.file.Close()
	if removeErr := os.Remove(b.file.Name()); removeErr != nil && !errors.Is(removeErr, os.ErrNotExist) {
		err = errors.Join(err, removeErr)
	}
	b.file = nil
	return err
}
