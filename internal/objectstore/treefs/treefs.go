// Package treefs is a file system of which one folder lies in an object store: files
// there are written once, read whole, and removed. What is written or read stays in
// a cache on the local disk, at the very path of the file, so that who reads files
// by their paths finds them; the cache is bounded, and what a reader holds stays.
//
// A file is in the store, whole, once its Sync has returned nil. All names but those
// below the folder are the local disk's own.
//
// It must not know what the bytes mean: whoever uses it says whether a file is whole.
package treefs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/internal/objectstore"
)

// Store is what is asked of an object store.
type Store interface {
	objectstore.Readable
	// Upload makes an object that must not be there (fs.ErrExist), whole or not at all.
	Upload(ctx context.Context, name string, body io.ReadSeeker, size int64) error
	// Stat is fs.ErrNotExist where there is none.
	Stat(ctx context.Context, name string) (objectstore.Info, error)
	// Remove takes it for done where there is none.
	Remove(ctx context.Context, name string) error
	// Walk visits every object whose name begins with dir and a slash.
	Walk(ctx context.Context, dir string, visit func(objectstore.Info) error) error
}

// Config says what lies where.
type Config struct {
	Store Store
	// Prefix is what the names of all objects begin with, without a slash at its end.
	Prefix string
	// Disk has all other names, and below Dir the cache.
	Disk durable.FS
	// Dir is the absolute path of the folder.
	Dir string
	// CacheBytes bounds the files of the cache together. What is being written, and a
	// single file that is being read, may exceed it for a moment.
	CacheBytes int64
	// Whole says what is wrong with a file, if anything: it is asked of each that comes
	// from the store, and of each that was there at the start when it is first read.
	Whole  func(path string, f durable.File) error
	Clock  clock.Clock
	Random func() float64 // for the pauses between attempts
}

// FS implements durable.FS. Below the folder there are no folders to make and no
// links, and nothing is renamed.
type FS struct {
	durable.FS
	cfg   Config
	ctx   context.Context
	end   context.CancelFunc
	cache *cache
}

var _ durable.FS = (*FS)(nil)

// New returns the file system and looks at what the cache has. Close ends what is
// under way.
func New(cfg Config) (*FS, error) {
	ctx, end := context.WithCancel(context.Background())
	f := &FS{FS: cfg.Disk, cfg: cfg, ctx: ctx, end: end, cache: newCache(cfg.Disk, cfg.CacheBytes)}
	if err := f.cache.load(cfg.Dir); err != nil {
		end()
		return nil, fmt.Errorf("look at the cache %s: %w", cfg.Dir, err)
	}
	return f, nil
}

// Close ends what is being read from the store and sent there.
func (f *FS) Close() { f.end() }

// Root is the folder, as a path.
func (f *FS) Root() string { return f.cfg.Dir }

// Usage is how much of the cache is in use.
type Usage struct {
	Files       int
	Bytes, Held int64 // Held by readers
	// Fetched counts files that came from the store, since the start.
	Fetched int64
}

// Usage returns it.
func (f *FS) Usage() Usage { return f.cache.usage() }

// object is the name of the object of a path; false for the local disk's.
func (f *FS) object(path string) (string, bool) {
	rest, ok := strings.CutPrefix(path, f.cfg.Dir+string(filepath.Separator))
	if !ok {
		return f.cfg.Prefix, path == f.cfg.Dir
	}
	return f.cfg.Prefix + "/" + filepath.ToSlash(rest), true
}

func (f *FS) path(object string) string {
	return filepath.Join(f.cfg.Dir, filepath.FromSlash(strings.TrimPrefix(object, f.cfg.Prefix+"/")))
}

// OpenFile implements durable.FS: files are made anew, or read.
func (f *FS) OpenFile(path string, flag int, perm fs.FileMode) (durable.File, error) {
	object, ours := f.object(path)
	switch {
	case !ours:
		return f.FS.OpenFile(path, flag, perm)
	case flag == os.O_RDONLY:
		return f.read(f.ctx, path, object)
	case flag&os.O_EXCL != 0:
		return f.create(path, object, perm)
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("files of an object store are written once")}
}

// Mkdir implements durable.FS. A store has no folders.
func (f *FS) Mkdir(path string, perm fs.FileMode) error {
	if _, ours := f.object(path); ours {
		return nil
	}
	return f.FS.Mkdir(path, perm)
}

// SyncDir implements durable.FS: what is in the store is there.
func (f *FS) SyncDir(path string) error {
	if _, ours := f.object(path); ours {
		return nil
	}
	return f.FS.SyncDir(path)
}

// Stat implements durable.FS: it asks the store, whatever the cache has.
func (f *FS) Stat(path string) (fs.FileInfo, error) {
	object, ours := f.object(path)
	if !ours {
		return f.FS.Stat(path)
	}
	info, err := f.cfg.Store.Stat(f.ctx, object)
	if err != nil {
		return nil, err
	}
	info.Name = object
	return objectstore.FileInfo(info), nil
}

// ReadDir implements durable.FS.
func (f *FS) ReadDir(path string) ([]fs.DirEntry, error) {
	object, ours := f.object(path)
	if !ours {
		return f.FS.ReadDir(path)
	}
	return f.folder(f.ctx).ReadDir(object)
}

func (f *FS) folder(ctx context.Context) *objectstore.FS {
	return objectstore.NewFS(ctx, f.cfg.Store, f.cfg.Clock, f.cfg.Random)
}

// Walk visits every file below a folder of the store. What was written or removed a
// moment ago may be missing, or there, where listings lag.
func (f *FS) Walk(dir string, visit func(path string, bytes int64) error) error {
	object, ours := f.object(dir)
	if !ours {
		return fmt.Errorf("walk %s: it is not in the store", dir)
	}
	return f.cfg.Store.Walk(f.ctx, object, func(info objectstore.Info) error { return visit(f.path(info.Name), info.Size) })
}

// Remove implements durable.FS. That there is no such file in the store is no error.
func (f *FS) Remove(path string) error {
	object, ours := f.object(path)
	if !ours {
		return f.FS.Remove(path)
	}
	if err := f.cfg.Store.Remove(f.ctx, object); err != nil {
		return err
	}
	f.cache.forget(path)
	return nil
}

// Rename implements durable.FS, for the local disk's names.
func (f *FS) Rename(from, to string) error {
	if err := f.local("rename", from, to); err != nil {
		return err
	}
	return f.FS.Rename(from, to)
}

// Link implements durable.FS, for the local disk's names.
func (f *FS) Link(from, to string) error {
	if err := f.local("link", from, to); err != nil {
		return err
	}
	return f.FS.Link(from, to)
}

func (f *FS) local(op string, paths ...string) error {
	for _, path := range paths {
		if _, ours := f.object(path); ours {
			return &fs.PathError{Op: op, Path: path, Err: errors.New("it is in an object store")}
		}
	}
	return nil
}
