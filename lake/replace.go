package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/quoll/quoll/internal/durable"
)

// Folders beside a lake while it is replaced.
const (
	buildSuffix = ".build" // not complete
	nextSuffix  = ".next"  // complete, and to be put in place
	oldSuffix   = ".old"   // was replaced, and is to be removed
)

// Replacement puts a lake that was built anew in the place of an old one.
type Replacement struct {
	dir    string
	lock   io.Closer // of the old lake; nil if there is none
	config Config    // of the new one
}

// BeginReplace takes the lock of the lake in config.Dir for as long as its successor
// is built as Config says. It returns ErrLocked if the lake is in use.
func BeginReplace(ctx context.Context, config Config) (*Replacement, error) {
	dir, err := filepath.Abs(config.Dir)
	if err != nil {
		return nil, fmt.Errorf("replace lake %s: %w", dir, err)
	}
	if err := finishReplace(dir); err != nil {
		return nil, err
	}
	lock, err := lockLake(durable.OS{}, dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("replace lake %s: %w", dir, err)
	}
	r := &Replacement{dir: dir, lock: lock, config: config}
	r.config.Dir = r.BuildDir()
	if config.Store != nil {
		// Where its catalogue cannot be read, the old one stays in the store.
		r.config.replaces, _ = nameInStore(ctx, dir)
	}
	if err := r.removeBuilt(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("replace lake %s: %w", dir, err), r.unlock())
	}
	return r, nil
}

// nameInStore returns the name in the store of the lake in a folder, empty if there
// is none.
func nameInStore(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "catalog.db")
	if _, err := os.Stat(path); err != nil {
		return "", nil
	}
	db, err := openSQLite(ctx, path)
	if err != nil {
		return "", err
	}
	name, err := (&catalog{db: db}).property(ctx, propertyStore)
	return name, errors.Join(err, db.Close())
}

// removeBuilt removes what was built and is not put in place.
func (r *Replacement) removeBuilt(ctx context.Context) error {
	if r.config.Store != nil {
		if name, err := nameInStore(ctx, r.BuildDir()); err == nil && name != "" {
			if err := removeFromStore(ctx, r.config.Store, name); err != nil {
				return err
			}
		}
	}
	return os.RemoveAll(r.BuildDir())
}

// Config is the configuration of the new lake.
func (r *Replacement) Config() Config { return r.config }

// BuildDir is the empty place for the new lake.
func (r *Replacement) BuildDir() string { return r.dir + buildSuffix }

// Abort removes what was built and leaves the old lake as it was.
func (r *Replacement) Abort() error {
	// What ended the building may be the end of its context.
	return errors.Join(r.removeBuilt(context.Background()), r.unlock())
}

// Finish puts the new lake, which must be closed, in place and removes the old
// one. After a crash either of them is there: the next Open finishes what was
// begun.
func (r *Replacement) Finish() error {
	fsys := durable.OS{}
	err := fsys.Rename(r.BuildDir(), r.dir+nextSuffix)
	if err == nil {
		err = fsys.SyncDir(filepath.Dir(r.dir))
	}
	if err == nil {
		err = putInPlace(r.dir, r.lock != nil)
	}
	if err != nil {
		err = fmt.Errorf("replace lake %s: %w", r.dir, err)
	}
	return errors.Join(err, r.unlock())
}

func (r *Replacement) unlock() error {
	if r.lock == nil {
		return nil
	}
	return r.lock.Close()
}

// finishReplace does what a crash left of a Finish, if anything.
func finishReplace(dir string) error {
	if _, err := os.Stat(dir + nextSuffix); errors.Is(err, fs.ErrNotExist) {
		return removeOld(dir)
	}
	lock, err := lockLake(durable.OS{}, dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = putInPlace(dir, false)
	case err == nil:
		err = errors.Join(putInPlace(dir, true), lock.Close())
	}
	if err != nil {
		return fmt.Errorf("finish replacing lake %s: %w", dir, err)
	}
	return nil
}

// putInPlace renames the complete lake to dir. The caller has the lock of the
// old one, if there is one.
func putInPlace(dir string, replaces bool) error {
	if replaces {
		if err := removeOld(dir); err != nil {
			return err
		}
		if err := os.Rename(dir, dir+oldSuffix); err != nil {
			return err
		}
	}
	if err := os.Rename(dir+nextSuffix, dir); err != nil {
		return err
	}
	if err := (durable.OS{}).SyncDir(filepath.Dir(dir)); err != nil {
		return err
	}
	return removeOld(dir)
}

func removeOld(dir string) error {
	if err := os.RemoveAll(dir + oldSuffix); err != nil {
		return fmt.Errorf("remove replaced lake: %w", err)
	}
	return nil
}

// lockLake takes the lock of the lake in dir, which must exist.
func lockLake(disk durable.FS, dir string) (io.Closer, error) {
	lock, err := disk.Lock(filepath.Join(dir, "LOCK"))
	if errors.Is(err, durable.ErrLocked) {
		return nil, ErrLocked
	}
	return lock, err
}
