package treefs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/quoll/quoll/internal/durable"
)

// written is a file on its way to the store. It is prepared on the disk, sent by
// Sync, and in the cache after Close.
type written struct {
	durable.File
	fs           *FS
	path, object string
	bytes        int64
	sent         bool
}

func (f *FS) create(path, object string, perm fs.FileMode) (durable.File, error) {
	file, err := f.cache.temp(path, perm)
	if err != nil {
		return nil, err
	}
	return &written{File: file, fs: f, path: path, object: object}, nil
}

// Sync sends the file. An object of that name and size is this very file: a store
// may report a failure of what it kept, and names are used once.
func (w *written) Sync() error {
	info, err := w.File.Stat()
	if err != nil {
		return err
	}
	w.bytes = info.Size()
	if err := w.File.Sync(); err != nil { // for the cache, which is trusted after a crash
		return err
	}
	err = w.fs.cfg.Store.Upload(w.fs.ctx, w.object, io.NewSectionReader(w.File, 0, w.bytes), w.bytes)
	if errors.Is(err, fs.ErrExist) {
		kept, statErr := w.fs.cfg.Store.Stat(w.fs.ctx, w.object)
		switch {
		case statErr != nil:
			err = errors.Join(err, statErr)
		case kept.Size == w.bytes:
			err = nil
		}
	}
	w.sent = err == nil
	return err
}

// Close puts what was sent into the cache. That this fails is no harm: it is read
// from the store then.
func (w *written) Close() error {
	err := w.File.Close()
	if !w.sent || err != nil {
		return errors.Join(err, w.fs.cfg.Disk.Remove(durable.TempName(w.path)))
	}
	w.fs.cache.add(w.path, w.bytes)
	return nil
}

// temp makes the file that is prepared for a path, in place of what a crash left.
func (c *cache) temp(path string, perm fs.FileMode) (durable.File, error) {
	name := durable.TempName(path)
	const flags = os.O_RDWR | os.O_CREATE | os.O_TRUNC
	file, err := c.disk.OpenFile(name, flags, perm)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeDirs(c.disk, filepath.Dir(name)); err != nil {
			return nil, err
		}
		file, err = c.disk.OpenFile(name, flags, perm)
	}
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", path, err)
	}
	return file, nil
}

// makeDirs makes folders of the cache, which need not survive a crash.
func makeDirs(disk durable.FS, dir string) error {
	err := disk.Mkdir(dir, 0o750)
	if errors.Is(err, fs.ErrNotExist) && filepath.Dir(dir) != dir {
		if err := makeDirs(disk, filepath.Dir(dir)); err != nil {
			return err
		}
		err = disk.Mkdir(dir, 0o750)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}
