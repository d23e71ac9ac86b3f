package treefs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/quoll/quoll/internal/durable"
)

// ErrCacheFull is returned to a reader that would hold more than the cache may have.
var ErrCacheFull = errors.New("the files to read exceed the cache")

// parallel is how many files are fetched at a time for one reader.
const parallel = 4

// Wanted is a file that a reader is about to open by its path.
type Wanted struct {
	Path  string
	Bytes int64
}

// Hold brings files into the cache and keeps them there until release is called. It
// fails with ErrCacheFull, before it fetches anything, if all that readers hold
// would then exceed the cache.
func (f *FS) Hold(ctx context.Context, files []Wanted) (release func(), err error) {
	if err := f.cache.hold(files); err != nil {
		return nil, err
	}
	release = sync.OnceFunc(func() { f.cache.unhold(files) })
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, w := range files {
		group.Go(func() error {
			object, _ := f.object(w.Path)
			return f.fetch(ctx, w.Path, object, w.Bytes)
		})
	}
	if err := group.Wait(); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// read opens a file of the cache, into which it is brought first.
func (f *FS) read(ctx context.Context, path, object string) (durable.File, error) {
	one := []Wanted{{Path: path}} // of no bytes: a file alone is always read
	if err := f.cache.hold(one); err != nil {
		return nil, err
	}
	defer f.cache.unhold(one)
	if err := f.fetch(ctx, path, object, -1); err != nil {
		return nil, err
	}
	return f.cfg.Disk.OpenFile(path, os.O_RDONLY, 0)
}

// fetch brings a file into the cache, unless it is there. Of several who ask for the
// same one does. bytes is its length; below zero any.
func (f *FS) fetch(ctx context.Context, path, object string, bytes int64) error {
	for {
		state, wait := f.cache.claim(path, bytes)
		switch state {
		case present:
			return nil
		case unchecked:
			err := f.check(path)
			f.cache.checked(path, err == nil)
			if err == nil {
				return nil
			}
			continue // it is fetched anew
		case absent:
			size, err := f.download(ctx, path, object, bytes)
			f.cache.fetched(path, size, err == nil)
			return err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// check asks whether a file of the cache is whole.
func (f *FS) check(path string) error {
	file, err := f.cfg.Disk.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.cfg.Whole(path, file), file.Close())
}

// download writes a file of the store into the cache, where it appears whole. What
// is read goes on where a connection breaks, and is refused if the object is another
// meanwhile.
func (f *FS) download(ctx context.Context, path, object string, bytes int64) (size int64, err error) {
	source, err := f.folder(ctx).Open(object)
	if err != nil {
		return 0, err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return 0, err
	}
	if size = info.Size(); bytes >= 0 && size != bytes {
		return 0, fmt.Errorf("%s has %d bytes in the store and should have %d", object, size, bytes)
	}
	file, err := f.cache.temp(path, 0o640)
	if err != nil {
		return 0, err
	}
	temp := durable.TempName(path)
	got, err := io.Copy(file, source)
	if err == nil && got != size {
		err = fmt.Errorf("read %s: %d of %d bytes: %w", object, got, size, io.ErrUnexpectedEOF)
	}
	if err == nil {
		err = f.cfg.Whole(path, file)
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = f.cfg.Disk.Rename(temp, path)
	}
	if err != nil {
		_ = f.cfg.Disk.Remove(temp) // the next start removes it
		return 0, fmt.Errorf("fetch %s: %w", object, err)
	}
	return size, nil
}
