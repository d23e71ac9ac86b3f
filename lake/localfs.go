package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	icebergio "github.com/apache/iceberg-go/io"

	"github.com/quoll/quoll/internal/durable"
)

// syncedFS is the file system that the Iceberg library writes metadata
// through. The library's own local file system does not sync; here a file and
// its folder entry are on the disk before Close or WriteFile returns, so that
// the catalog never points to a metadata file that a power cut can take away.
type syncedFS struct{}

var (
	_ icebergio.WriteFileIO = syncedFS{}
	_ icebergio.ReadFileIO  = syncedFS{}
)

// loadSyncedFS has the shape that Iceberg tables want their file system in.
func loadSyncedFS(context.Context) (icebergio.IO, error) { return syncedFS{}, nil }

// fileURI returns the absolute file URI that Iceberg metadata stores for path.
func fileURI(path string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}

// localPath is the inverse of fileURI; it also takes a plain path, which other
// writers of Iceberg metadata use.
func localPath(location string) (string, error) {
	u, err := url.Parse(location)
	if err != nil {
		return "", fmt.Errorf("parse location %q: %w", location, err)
	}
	switch u.Scheme {
	case "":
		return location, nil
	case "file":
		return filepath.FromSlash(u.Path), nil
	}
	return "", fmt.Errorf("location %q is not on the local disk", location)
}

func (syncedFS) Open(location string) (icebergio.File, error) {
	path, err := localPath(location)
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

func (syncedFS) ReadFile(location string) ([]byte, error) {
	path, err := localPath(location)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

func (syncedFS) Remove(location string) error {
	path, err := localPath(location)
	if err != nil {
		return err
	}
	return os.Remove(path)
}

func (syncedFS) Create(location string) (icebergio.FileWriter, error) {
	path, err := localPath(location)
	if err != nil {
		return nil, err
	}
	return createSynced(path)
}

func (syncedFS) WriteFile(location string, content []byte) error {
	path, err := localPath(location)
	if err != nil {
		return err
	}
	return writeSynced(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// syncedFile is a file that is durable once Close has returned nil.
type syncedFile struct{ *os.File }

func createSynced(path string) (*syncedFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeDirs(filepath.Dir(path)); err != nil {
			return nil, err
		}
		f, err = os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	}
	if err != nil {
		return nil, err
	}
	return &syncedFile{f}, nil
}

func (f *syncedFile) Close() error {
	err := f.Sync()
	if closeErr := f.File.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return durable.OS{}.SyncDir(filepath.Dir(f.Name()))
}

// writeSynced creates path, lets write fill it and makes it durable. Nothing
// is left at path when it fails.
func writeSynced(path string, write func(io.Writer) error) error {
	f, err := createSynced(path)
	if err != nil {
		return err
	}
	if err := write(f.File); err != nil {
		return errors.Join(err, f.File.Close(), os.Remove(path))
	}
	if err := f.Close(); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// makeDirs creates dir and its parents and makes their entries durable.
func makeDirs(dir string) error { return durable.MkdirAll(durable.OS{}, dir, 0o750) }
