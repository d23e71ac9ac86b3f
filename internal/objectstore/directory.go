package objectstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/quoll/quoll/internal/durable"
)

// Directory is a store in a folder, best on another disk.
type Directory struct {
	fs  durable.FS
	dir string
}

// NewDirectory returns the store in a folder, which has to exist: where the disk
// is not mounted, its folder would be made on the wrong one.
func NewDirectory(fsys durable.FS, dir string) *Directory {
	return &Directory{fs: fsys, dir: dir}
}

const filePerm, dirPerm = 0o440, 0o750

func (d *Directory) file(name string) string { return filepath.Join(d.dir, filepath.FromSlash(name)) }

// ready refuses a folder that is not there, and makes those below it.
func (d *Directory) ready(name string) error {
	if _, err := d.fs.Stat(d.dir); err != nil {
		return err
	}
	return durable.MkdirAll(d.fs, filepath.Dir(d.file(name)), dirPerm)
}

// Create writes an object that must not be there; the error is fs.ErrExist if it
// is. A folder locks nothing.
func (d *Directory) Create(ctx context.Context, name string, data []byte, _ time.Time) error {
	err := ctx.Err()
	if err == nil {
		err = d.ready(name)
	}
	if err == nil {
		err = durable.CreateExclusive(d.fs, d.file(name), data, filePerm)
	}
	return d.wrap("create "+name, err)
}

// Replace writes an object, whether it is there or not.
func (d *Directory) Replace(ctx context.Context, name string, data []byte, _ time.Time) error {
	err := ctx.Err()
	if err == nil {
		err = d.ready(name)
	}
	if err == nil {
		err = durable.WriteFile(d.fs, d.file(name), data, filePerm)
	}
	return d.wrap("replace "+name, err)
}

// Purge removes an object for good; there need be none.
func (d *Directory) Purge(ctx context.Context, name string) error {
	err := ctx.Err()
	if err == nil {
		err = durable.Remove(d.fs, d.file(name))
	}
	return d.wrap("purge "+name, err)
}

// Open reads an object from an offset on.
func (d *Directory) Open(_ context.Context, name string, offset int64) (io.ReadCloser, Info, error) {
	f, err := d.fs.OpenFile(d.file(name), os.O_RDONLY, 0)
	if err != nil {
		return nil, Info{}, d.wrap("open "+name, err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, Info{}, errors.Join(d.wrap("open "+name, err), f.Close())
	}
	section := io.NewSectionReader(f, offset, max(info.Size()-offset, 0))
	return readCloser{section, f}, Info{Name: name, Size: info.Size(), Modified: info.ModTime()}, nil
}

type readCloser struct {
	io.Reader
	io.Closer
}

// List returns what lies directly in a folder, "." for the highest.
func (d *Directory) List(_ context.Context, dir string) ([]Info, error) {
	entries, err := d.fs.ReadDir(d.file(dir))
	if err != nil {
		return nil, d.wrap("list "+dir, err)
	}
	var all []Info
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, d.wrap("list "+dir, err)
		}
		all = append(all, Info{Name: join(dir, e.Name()), Size: info.Size(), Modified: info.ModTime(), Dir: e.IsDir()})
	}
	return all, nil
}

// Locking says that there is none.
func (d *Directory) Locking(context.Context) (Locking, error) {
	if _, err := d.fs.Stat(d.dir); err != nil {
		return Locking{}, d.wrap("look at the folder", err)
	}
	return Locking{
		Found:  "a folder has no locking: who may write to the disk can change and remove copies",
		Remedy: "Keep another copy in a store that locks, or give the disk to a machine of its own.",
	}, nil
}

func (d *Directory) wrap(operation string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%s in %s: %w", operation, d.dir, err)
}
