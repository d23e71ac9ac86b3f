package blobexport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sort"
	"strings"
	"time"
)

// Blob is one file of the export.
type Blob struct {
	// Name is the path inside the container, with slashes.
	Name     string
	Size     int64
	Modified time.Time
	// ETag is another with every change; empty where there is no such thing.
	ETag string
}

// Store is where the export lies. Whatever it returns for a thing that is not
// there satisfies errors.Is(err, fs.ErrNotExist).
type Store interface {
	// Containers returns the names of all containers that begin with prefix.
	Containers(ctx context.Context, prefix string) ([]string, error)
	// List returns the blobs of a container whose names begin with prefix, in
	// the order of their names.
	List(ctx context.Context, container, prefix string) ([]Blob, error)
	// ReadAt reads into p from a byte offset of a blob, all of it from one state of
	// the blob. As with io.ReaderAt it returns io.EOF when the blob ends before p is
	// full.
	ReadAt(ctx context.Context, container, name string, p []byte, offset int64) (int, error)
}

// Folder is a Store on a local disk: one folder per container. Links that lead
// out of it are not followed. It need not exist yet.
type Folder struct{ path string }

// NewFolder returns the store at path.
func NewFolder(path string) *Folder { return &Folder{path} }

var _ Store = (*Folder)(nil)

// Containers implements Store.
func (f *Folder) Containers(_ context.Context, prefix string) ([]string, error) {
	entries, err := os.ReadDir(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() && strings.HasPrefix(entry.Name(), prefix) {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// List implements Store.
func (f *Folder) List(ctx context.Context, container, prefix string) ([]Blob, error) {
	root, err := os.OpenRoot(f.path)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", container, err)
	}
	defer root.Close()
	var blobs []Blob
	err = fs.WalkDir(root.FS(), container, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return errors.Join(err, ctx.Err())
		}
		inside := strings.TrimPrefix(name, container+"/")
		if !strings.HasPrefix(inside, prefix) {
			return nil
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed since the folder was read
		}
		if err != nil {
			return err
		}
		blobs = append(blobs, Blob{Name: inside, Size: info.Size(), Modified: info.ModTime().UTC()})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", container, err)
	}
	sort.Slice(blobs, func(i, j int) bool { return blobs[i].Name < blobs[j].Name })
	return blobs, nil
}

// ReadAt implements Store.
func (f *Folder) ReadAt(_ context.Context, container, name string, p []byte, offset int64) (int, error) {
	root, err := os.OpenRoot(f.path)
	if err != nil {
		return 0, err
	}
	defer root.Close()
	file, err := root.Open(path.Join(container, name))
	if err != nil {
		return 0, err
	}
	defer file.Close()
	n, err := file.ReadAt(p, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, fmt.Errorf("read %s/%s at %d: %w", container, name, offset, err)
	}
	return n, err
}
