package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/model"
)

// Archive is an archive open for writing. Its methods may be called from any
// goroutine; the calls of Add must be in the order of positions.
type Archive struct {
	cfg    Config
	id     *identity
	lock   io.Closer
	packer *packer
	sealed atomic.Uint64

	mu      sync.Mutex
	closed  bool
	state   state
	unsure  bool            // the disk may be ahead of state: recover first
	dirs    map[string]bool // directories known to be durable
	pending []item
	bytes   int64     // of bodies in pending
	held    int64     // that pending takes: of bodies packed where they are
	rushed  bool      // pending had enough for an object long before its time
	oldest  time.Time // when the first of pending was added

	book      *book // what the log says of the tables; nil until it was read
	bookSaved int64 // size of the log when the book was saved
}

// state is what the last published checkpoint says.
type state struct {
	tree   *tree
	bundle [][]byte // leaves of the entry bundle that is not full
	last   uint64   // last position
	signed []byte   // the checkpoint
}

// Open opens the archive in a folder for writing, creates folder and key if need
// be, takes the lock, and brings the folder back to the last published
// checkpoint if a crash left it beyond. The errors are ErrLocked, ErrKey,
// ErrBehind, ErrDamaged, or the file system's.
func Open(cfg Config) (*Archive, error) {
	defaults := DefaultConfig(cfg.Dir, cfg.KeyFile)
	cfg.Origin = cmp.Or(cfg.Origin, defaults.Origin)
	cfg.MaxPayloads = cmp.Or(cfg.MaxPayloads, defaults.MaxPayloads)
	cfg.MaxBytes = cmp.Or(cfg.MaxBytes, defaults.MaxBytes)
	cfg.MaxAge = cmp.Or(cfg.MaxAge, defaults.MaxAge)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.FS == nil {
		cfg.FS = durable.OS{}
	}
	if rel, err := filepath.Rel(cfg.Dir, cfg.KeyFile); err == nil && filepath.IsLocal(rel) {
		return nil, fmt.Errorf("%w: the key file %s must not be in the archive", ErrKey, cfg.KeyFile)
	}
	if err := durable.MkdirAll(cfg.FS, cfg.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	if err := durable.MkdirAll(cfg.FS, filepath.Dir(cfg.KeyFile), 0o700); err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	lock, err := cfg.FS.Lock(cfg.beside(".lock"))
	if errors.Is(err, durable.ErrLocked) {
		return nil, fmt.Errorf("%w: %s", ErrLocked, cfg.Dir)
	}
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	a := &Archive{cfg: cfg, lock: lock, dirs: map[string]bool{}}
	if a.packer, err = newPacker(); err == nil {
		err = a.start()
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return a, nil
}

// VerifierKey returns the public key of the log, as Verify takes it.
func (a *Archive) VerifierKey() string { return a.id.public }

// Sealed returns the last journal position under a published checkpoint, 0 if
// there is none. Everything up to it survives a crash.
func (a *Archive) Sealed() uint64 { return a.sealed.Load() }

// Add takes the payload at a journal position, which must be the one after the
// last; one that the archive already holds does nothing, so that a consumer may
// always start again after Sealed(). What the payload's body is packed to, or
// the body where it is not, must not be changed afterwards. If a batch is due it is sealed, and an error of that is returned;
// calling Add again with the same position tries again. The error ErrGap or
// ErrTooLarge is the payload's own.
func (a *Archive) Add(ctx context.Context, position uint64, p model.Payload) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	// First what is due: a batch that cannot be sealed must not grow.
	if err := a.sealIfDue(ctx); err != nil {
		return err
	}
	last := a.lastAdded()
	if position <= last {
		return nil
	}
	if position != last+1 {
		return fmt.Errorf("%w: position %d after %d", ErrGap, position, last)
	}
	it := newItem(position, &p)
	it.leaf.Object = a.cfg.Recipients.objectPath(position, position) // as long as the real one
	if _, err := encodeLeaf(it.leaf); err != nil {
		return fmt.Errorf("archive position %d: %w", position, err)
	}
	if len(a.pending) == 0 {
		a.oldest, a.rushed = a.cfg.Now(), false
	}
	a.pending = append(a.pending, it)
	a.bytes, a.held = a.bytes+it.leaf.Size, a.held+it.held()
	a.rushed = a.rushed || a.bytes >= a.cfg.MaxBytes && a.isEarly()
	return a.sealIfDue(ctx)
}

func (a *Archive) lastAdded() uint64 {
	if n := len(a.pending); n > 0 {
		return a.pending[n-1].leaf.Position
	}
	return a.state.last
}

// SealIfDue seals the waiting payloads if the oldest has waited for
// Config.MaxAge. Whoever adds payloads calls it now and then, so that the last
// ones of a quiet hour are sealed too.
func (a *Archive) SealIfDue(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sealIfDue(ctx)
}

func (a *Archive) sealIfDue(ctx context.Context) error {
	if a.closed {
		return ErrClosed
	}
	if a.full() || len(a.pending) > 0 && a.cfg.Now().Sub(a.oldest) >= a.cfg.MaxAge {
		return a.seal(ctx)
	}
	return ctx.Err()
}

// rushFactor is how many times as much an object may have when payloads come faster than
// they are sealed: to seal costs the same whatever is in it.
const rushFactor = 4

// full says that pending is enough for an object. What came in a rush may be more, as long
// as it takes no more memory than what did not, and is not half as old as it may be.
func (a *Archive) full() bool {
	if len(a.pending) >= a.cfg.MaxPayloads || a.held >= a.cfg.MaxBytes {
		return true
	}
	if a.rushed && a.isEarly() {
		return a.bytes >= rushFactor*a.cfg.MaxBytes
	}
	return a.bytes >= a.cfg.MaxBytes
}

// isEarly says that pending has waited for less than half of the time that it may.
func (a *Archive) isEarly() bool { return a.cfg.Now().Sub(a.oldest) < a.cfg.MaxAge/2 }

// packing is quick for what came in a rush: there is much to catch up with then. Otherwise
// there is the time to make it small.
func (a *Archive) packing() packing {
	if a.rushed || a.full() && a.isEarly() {
		return a.packer.quick
	}
	return a.packer.small
}

// Flush seals the waiting payloads now. If it returns nil, Sealed() is the last
// position added.
func (a *Archive) Flush(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return ErrClosed
	}
	return a.seal(ctx)
}

// Close gives the lock back. Payloads that were not sealed are dropped; the
// journal has them.
func (a *Archive) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil
	}
	a.closed = true
	a.pending = nil
	if err := a.lock.Close(); err != nil {
		return fmt.Errorf("close archive: %w", err)
	}
	return nil
}
