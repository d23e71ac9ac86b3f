package journal

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"

	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/model"
)

// Journal is a journal open for writing. Its methods may be called from any
// goroutine.
type Journal struct {
	*set
	cfg      Config
	recovery Recovery
	lock     io.Closer

	requests chan *request
	erasing  chan struct{} // has a value while a call takes entries out of segments
	closing  chan struct{} // closed by Close
	done     chan struct{} // closed when the writer has ended
	close    func() error
}

// Open opens the journal in a directory for writing, creates it if need be, and
// takes its lock. It cuts a torn tail and makes everything it kept durable. The
// errors are ErrLocked, ErrCorrupt with the place, or the file system's.
func Open(cfg Config) (*Journal, error) {
	if cfg.FS == nil {
		cfg.FS = durable.OS{}
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	cfg.SegmentBytes = cmp.Or(cfg.SegmentBytes, DefaultConfig("").SegmentBytes)
	if err := durable.MkdirAll(cfg.FS, cfg.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	lock, err := cfg.FS.Lock(filepath.Join(cfg.Dir, "lock"))
	if errors.Is(err, durable.ErrLocked) {
		return nil, fmt.Errorf("%w: %s", ErrLocked, cfg.Dir)
	}
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	j, err := open(cfg, lock)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return j, nil
}

func open(cfg Config, lock io.Closer) (*Journal, error) {
	set, tail, err := openSet(cfg.FS, cfg.Dir)
	if err != nil {
		return nil, err
	}
	set.recent.limit = cfg.RecentBytes
	j := &Journal{
		set:      set,
		cfg:      cfg,
		lock:     lock,
		requests: make(chan *request),
		erasing:  make(chan struct{}, 1),
		closing:  make(chan struct{}),
		done:     make(chan struct{}),
	}
	w := &writer{cfg: cfg, set: set}
	if err := j.recover(w, tail); err != nil {
		return nil, err
	}
	j.close = sync.OnceValue(func() error { return j.shutdown(w) })
	go j.run(w)
	return j, nil
}

// recover makes the last segment what openSet took it for, and opens it for
// appending.
func (j *Journal) recover(w *writer, t tail) error {
	if len(j.segments) == 0 {
		return nil
	}
	seg := j.segments[len(j.segments)-1]
	if cut := t.fileSize - seg.size; cut > 0 {
		j.recovery = Recovery{Segment: seg.path, Offset: seg.size, Cut: cut}
	}
	if seg.size == 0 { // not even a header: it was being created, and its name is perhaps not on disk
		j.segments = j.segments[:len(j.segments)-1]
		if err := durable.Remove(j.cfg.FS, seg.path); err != nil {
			return fmt.Errorf("open journal: %w", err)
		}
		return nil
	}
	unsure := t.unsure
	if seg.last < seg.first {
		unsure = 0 // perhaps not even the header is on disk
	}
	file, err := durable.OpenAppend(j.cfg.FS, seg.path, unsure, seg.size)
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	w.file, w.seg, w.marked = file, seg, t.clean && t.fileSize == seg.size
	return nil
}

// Recovery returns what Open had to cut.
func (j *Journal) Recovery() Recovery { return j.recovery }

// Last returns the position of the last durable entry, 0 if there is none.
func (j *Journal) Last() Position { return j.lastPosition() }

// Wait returns nil as soon as Last() > after. Otherwise it returns the
// context's error, or ErrClosed or ErrFailed when nothing more can come.
func (j *Journal) Wait(ctx context.Context, after Position) error { return j.wait(ctx, after) }

// Read calls yield with the durable entries after a position, in order, up to
// what Last() was at the call. It stops with the first error of yield or of the
// context. Damage is ErrCorrupt. The entries are the callee's to keep. Any
// number of goroutines may read while others append.
func (j *Journal) Read(ctx context.Context, after Position, yield func(Entry) error) error {
	return j.read(ctx, after, false, yield)
}

// request is one call of Append on its way to the writer.
type request struct {
	entries []content
	ends    Position   // the segment that has it takes no more; 0: none
	last    Position   // of its last entry, set by the writer
	result  chan error // one value, buffered
}

// Append writes payloads in order, next to each other, and returns the position
// of the last when all are on disk. Callers that come at the same time share one
// fsync. With no payloads it returns Last().
//
// Once the payloads are handed to the disk the context is not asked any more.
// After ErrTooLarge, ErrClosed and a context's error nothing was written by this
// call; after any other error see the package comment.
func (j *Journal) Append(ctx context.Context, payloads ...model.Payload) (Position, error) {
	if len(payloads) == 0 {
		return j.Last(), nil
	}
	for i := range payloads {
		if err := check(&payloads[i]); err != nil {
			return 0, err
		}
	}
	r := &request{entries: make([]content, len(payloads)), result: make(chan error, 1)}
	for i := range payloads {
		var err error
		if r.entries[i], err = j.codec.encode(&payloads[i]); err != nil {
			return 0, err
		}
	}
	if err := j.refuses(ctx); err != nil {
		return 0, err
	}
	select {
	case j.requests <- r:
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-j.closing:
		return 0, ErrClosed
	}
	if err := <-r.result; err != nil {
		return 0, err
	}
	return r.last, nil
}

func (j *Journal) refuses(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-j.closing:
		return ErrClosed
	default:
		return j.stoppedErr()
	}
}

// run is the only goroutine that writes. While it waits for the disk, callers
// queue, and the next fsync is for all of them.
func (j *Journal) run(w *writer) {
	defer close(j.done)
	for {
		select {
		case r := <-j.requests:
			w.commit(j.gather(r))
		case <-j.closing:
			return
		}
	}
}

// maxGroup bounds the bytes that share an fsync, so that none waits long.
const maxGroup = 16 << 20

func (j *Journal) gather(first *request) []*request {
	group := []*request{first}
	size := first.size()
	for size < maxGroup {
		select {
		case r := <-j.requests:
			group = append(group, r)
			size += r.size()
		default:
			return group
		}
	}
	return group
}

func (r *request) size() int64 {
	n := int64(0)
	for i := range r.entries {
		n += r.entries[i].header.size()
	}
	return n
}

// Close waits for the appends in progress, marks the journal as closed in good
// order and gives the lock back. Appends that were not yet taken, waiters and
// later calls get ErrClosed. Reads in progress must have ended.
func (j *Journal) Close() error { return j.close() }

func (j *Journal) shutdown(w *writer) error {
	close(j.closing)
	<-j.done
	err := w.end()
	j.stop(ErrClosed)
	if err = errors.Join(err, j.lock.Close()); err != nil {
		return fmt.Errorf("close journal: %w", err)
	}
	return nil
}
