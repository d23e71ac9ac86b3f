// Package copies keeps copies of the archive in stores that are independent of it:
// another disk, S3, Azure Blob Storage. Each store has a copier of its own, so that
// one that does not answer holds up neither collecting nor the others.
//
// A copy has the archive's objects and full tiles under their own names, written
// once, and a head that is replaced (archive.HeadFile). The head comes last, so
// that a copy verifies up to its head at every instant. What a store already has
// under a name is read and compared; if it differs it is left as it is and told.
//
// What is copied is proved to be in the log before it leaves, and the head of a
// store is overwritten only by one that has grown out of it: neither a damaged
// archive nor another one gets into a store, and a store or an archive that was
// put back to an older state is noticed.
//
// The package must not know what kind a store is, nor what is in a payload.
package copies

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/internal/backoff"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/internal/objectstore"
)

// Store is where a copy is kept.
type Store interface {
	// Create writes an object that must not be there, locked until a time unless
	// that is zero; the error is fs.ErrExist if it is there.
	Create(ctx context.Context, name string, data []byte, until time.Time) error
	// Replace writes an object, whether it is there or not.
	Replace(ctx context.Context, name string, data []byte, until time.Time) error
	// Open reads an object from an offset on; fs.ErrNotExist if there is none.
	Open(ctx context.Context, name string, offset int64) (io.ReadCloser, objectstore.Info, error)
	Locking(ctx context.Context) (objectstore.Locking, error)
}

// Source is the archive that is copied.
type Source interface {
	Snapshot(ctx context.Context) (*archive.Snapshot, error)
}

// The errors that trying again does not end.
var (
	// ErrDifferent: the store has something else under a name. Nothing was
	// overwritten.
	ErrDifferent = errors.New("the store has another object under this name")
	// ErrHistory: the store's head is not of this archive's past.
	ErrHistory = errors.New("the store's copy is not of this archive's past")
	// ErrLost: the store's head is gone, or older than what was written.
	ErrLost = errors.New("the store no longer has what was copied")
)

// Target is one store.
type Target struct {
	Name  string // tells the stores of a configuration apart
	Place string // "s3://bucket/prefix": tells a store from every other
	Store Store
	// Retain is how long what is written is locked, from then on; 0: not at all.
	Retain time.Duration
	// AlarmAfter is the age of the oldest object that is not copied from which on
	// the copy is late.
	AlarmAfter time.Duration
}

// Dependencies are what a copier works with.
type Dependencies struct {
	Source      Source
	VerifierKey string
	// Dir is where notes of what was copied are kept. They save time: without
	// them what a store has is compared again.
	Dir    string
	FS     durable.FS
	Clock  clock.Clock
	Random func() float64 // in [0, 1)
	Log    *slog.Logger
	// Told is called when a copy becomes late or cannot go on, and when that is
	// over; may be nil.
	Told func(ctx context.Context, s Status)
}

const (
	// lookEvery is how often the archive's checkpoint is looked at, and checkEvery
	// how often a store is asked when there is nothing to copy.
	lookEvery  = 5 * time.Second
	checkEvery = 10 * time.Minute
	// A chunk is what is copied before it is noted.
	chunkObjects = 64
	chunkBytes   = 32 << 20
	atOnce       = 4
	// headLock is the time between two heads that are locked: who may remove what
	// is not locked can put a copy back by so much.
	headLock = time.Hour
)

var waits = backoff.Policy{First: 2 * time.Second, Max: 5 * time.Minute}

// Copier keeps one copy.
type Copier struct {
	target Target
	deps   Dependencies

	note    note // what is known to be in the store
	known   bool // note was read
	cleared time.Time
	checked time.Time
	behind  backlog

	mu     sync.Mutex
	status Status
	told   string // the trouble that was told last
}

// New returns the copier of a store. Nothing is sent before Run.
func New(target Target, deps Dependencies) *Copier {
	return &Copier{target: target, deps: deps, status: Status{
		Name: target.Name, Place: target.Place, Retain: target.Retain, AlarmAfter: target.AlarmAfter,
	}}
}

// Run copies until ctx ends. Trouble is in Status and tried again.
func (c *Copier) Run(ctx context.Context) error {
	failures := 0
	var next time.Time // not before then
	for {
		err := c.look(ctx, c.deps.Clock.Now().Before(next))
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			failures++
			next = c.deps.Clock.Now().Add(waits.Delay(failures, c.deps.Random))
		} else if !c.deps.Clock.Now().Before(next) {
			failures = 0
		}
		c.tell(ctx)
		if clock.Sleep(ctx, c.deps.Clock, lookEvery) != nil {
			return nil
		}
	}
}

// Once copies what there is, and returns what kept it from that.
func (c *Copier) Once(ctx context.Context) error { return c.look(ctx, false) }

// look counts what is to be copied, and copies it unless the store is to be left
// alone for now.
func (c *Copier) look(ctx context.Context, wait bool) error {
	snapshot, err := c.deps.Source.Snapshot(ctx)
	if err == nil {
		err = c.measure(ctx, snapshot)
	}
	if err == nil && wait {
		return nil
	}
	if err == nil {
		err = c.copy(ctx, snapshot)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.outcome(err)
	return err
}

// copy brings a store up to a snapshot.
func (c *Copier) copy(ctx context.Context, s *archive.Snapshot) error {
	if err := c.askLocking(ctx); err != nil {
		return err
	}
	data, cosigned, err := s.Head()
	if err != nil {
		return err
	}
	idle := s.Size() == c.note.Published && cosigned == c.note.Cosigned && c.note.Stands == s.Orders()
	if idle && c.deps.Clock.Now().Before(c.checked.Add(checkEvery)) {
		return nil
	}
	if err := c.compareHead(ctx, s); err != nil {
		return err
	}
	c.checked = c.deps.Clock.Now()
	if s.Size() == c.note.Published && cosigned == c.note.Cosigned && c.note.Stands == s.Orders() {
		return c.clear(ctx, s)
	}
	if err := c.grow(ctx, s); err != nil {
		return err
	}
	if err := c.standIn(ctx, s); err != nil {
		return err
	}
	if err := c.publish(ctx, s, data, cosigned); err != nil {
		return err
	}
	return c.clear(ctx, s)
}

// compareHead reads the store's head and refuses to go on where it is not of this
// archive's past, or not what was written. It takes what the store has for copied.
func (c *Copier) compareHead(ctx context.Context, s *archive.Snapshot) error {
	head, err := c.storeHead(ctx)
	if err != nil {
		return err
	}
	if head.Size > s.Size() {
		return fmt.Errorf("%w: it has %d leaves, the archive %d: the archive was put back to an older state, or another one is copied there", ErrHistory, head.Size, s.Size())
	}
	root, err := s.RootAt(head.Size)
	if err != nil {
		return err
	}
	if head.Size > 0 && root != head.Root {
		return fmt.Errorf("%w: with %d leaves it has another root", ErrHistory, head.Size)
	}
	if head.Size < c.note.Published {
		return fmt.Errorf("%w: its head has %d leaves, %d were written: it was emptied or put back. If that was meant, remove %s, and all is copied again", ErrLost, head.Size, c.note.Published, c.noteFile())
	}
	c.note.Published, c.note.Cosigned = head.Size, head.Cosigned
	if head.Size <= c.note.Size {
		return nil
	}
	// The note is older than the store, or lost.
	c.note.Size, c.note.Root, c.behind = head.Size, head.Root.String(), backlog{}
	return c.measure(ctx, s)
}

func (c *Copier) storeHead(ctx context.Context) (archive.CopyHead, error) {
	body, _, err := c.target.Store.Open(ctx, archive.HeadFile, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return archive.CopyHead{}, nil
	}
	if err != nil {
		return archive.CopyHead{}, err
	}
	defer body.Close()
	head, err := archive.OpenHead(body, c.deps.VerifierKey)
	if err != nil && !objectstore.Broken(err) && !errors.Is(err, io.ErrUnexpectedEOF) && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", ErrHistory, err)
	}
	return head, err
}

// grow copies objects and full tiles up to a snapshot.
func (c *Copier) grow(ctx context.Context, s *archive.Snapshot) error {
	var chunk []archive.SealedObject
	var size int64
	flush := func(to int64) error {
		if err := c.chunk(ctx, s, chunk, to); err != nil {
			return err
		}
		c.took(len(chunk), size)
		chunk, size = chunk[:0], 0
		return nil
	}
	err := s.Sealed(ctx, c.note.Size, func(o archive.SealedObject) error {
		chunk, size = append(chunk, o), size+o.Size
		if len(chunk) < chunkObjects && size < chunkBytes {
			return nil
		}
		return flush(o.End)
	})
	if err != nil {
		return err
	}
	return flush(s.Size())
}

// chunk copies some objects and the tiles that are full with them, and notes it.
func (c *Copier) chunk(ctx context.Context, s *archive.Snapshot, objects []archive.SealedObject, to int64) error {
	work, workCtx := errgroup.WithContext(ctx)
	work.SetLimit(atOnce)
	for _, o := range objects {
		work.Go(func() error {
			data, err := s.Object(o.ObjectLeaf)
			if errors.Is(err, archive.ErrDisposed) {
				return nil // the certificate goes with the head
			}
			if err != nil {
				return err
			}
			return c.create(workCtx, o.Object, data)
		})
	}
	work.Go(func() error { return c.stamps(workCtx, s, objects) })
	for _, name := range s.Tiles(c.note.Size, to) {
		work.Go(func() error {
			data, err := s.Tile(name)
			if err != nil {
				return err
			}
			return c.create(workCtx, name, data)
		})
	}
	if err := work.Wait(); err != nil {
		return err
	}
	root, err := s.RootAt(to)
	if err != nil {
		return err
	}
	c.note.Size, c.note.Root = to, root.String()
	return c.writeNote()
}

// stamps copies the time stamps that some objects promise, with their checkpoints: one
// after the other, as several may be over one checkpoint.
func (c *Copier) stamps(ctx context.Context, s *archive.Snapshot, objects []archive.SealedObject) error {
	for _, o := range objects {
		for _, f := range o.Stamps {
			checkpoint, stamp, err := s.Stamp(f)
			if err != nil {
				return err
			}
			if err := c.create(ctx, f.Checkpoint, checkpoint); err != nil {
				return err
			}
			if err := c.create(ctx, f.Stamp, stamp); err != nil {
				return err
			}
		}
	}
	return nil
}

// create writes an object once. Where there is one, as after an answer that never
// came, it has to be the same.
func (c *Copier) create(ctx context.Context, name string, data []byte) error {
	err := c.target.Store.Create(ctx, name, data, c.until())
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	body, _, err := c.target.Store.Open(ctx, name, 0)
	if err != nil {
		return err
	}
	defer body.Close()
	there, err := io.ReadAll(io.LimitReader(body, int64(len(data))+1))
	if err != nil {
		return err
	}
	if !bytes.Equal(there, data) {
		return fmt.Errorf("%w, which was left as it is: %s", ErrDifferent, name)
	}
	return nil
}

// until is when what is written now may be removed.
func (c *Copier) until() time.Time {
	if c.target.Retain == 0 || !c.locks() {
		return time.Time{}
	}
	return c.deps.Clock.Now().Add(c.target.Retain)
}

// publish replaces the head.
func (c *Copier) publish(ctx context.Context, s *archive.Snapshot, data []byte, cosigned int64) error {
	var until time.Time
	now := c.deps.Clock.Now()
	if !now.Before(c.note.Locked.Add(headLock)) {
		until = c.until()
	}
	if err := c.target.Store.Replace(ctx, archive.HeadFile, data, until); err != nil {
		return err
	}
	if !until.IsZero() {
		c.note.Locked = now
	}
	c.note.Published, c.note.Cosigned, c.note.Time = s.Size(), cosigned, now.UTC()
	c.published()
	return c.writeNote()
}
