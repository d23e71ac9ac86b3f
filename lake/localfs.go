package lake

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/internal/icebergtable"
	"github.com/quoll/quoll/internal/objectstore/treefs"
)

// syncedFS is the file system that Iceberg's metadata is written through. A file
// and its folder entry are on the disk before Close or WriteFile returns, so that
// the catalog never points to a metadata file that a power cut can take away.
type syncedFS struct {
	disk durable.FS
	// tree is disk where the files of tables are in an object store, and root what
	// their locations begin with; nil and empty otherwise.
	tree *treefs.FS
	root string
	// names is shared by all that write into the lake's folders.
	names *names
}

var _ icebergtable.Files = syncedFS{}

// fileURI returns the absolute file URI that Iceberg metadata stores for path.
func fileURI(path string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}

// localPath is the inverse of fileURI; it also takes a plain path, which other
// writers of Iceberg metadata use.
func localPath(location string) (string, error) {
	switch {
	case strings.HasPrefix(location, "file:"):
	case strings.Contains(location, "://"):
		return "", fmt.Errorf("location %q is not on the local disk", location)
	default:
		return location, nil
	}
	u, err := url.Parse(location)
	if err != nil {
		return "", fmt.Errorf("parse location %q: %w", location, err)
	}
	return filepath.FromSlash(u.Path), nil
}

// locate returns the location that Iceberg metadata stores for a path.
func (s syncedFS) locate(path string) string {
	if s.tree != nil {
		if rest, ok := strings.CutPrefix(path, s.tree.Root()+string(filepath.Separator)); ok {
			return s.root + "/" + filepath.ToSlash(rest)
		}
	}
	return fileURI(path)
}

// pathOf is the inverse of locate.
func (s syncedFS) pathOf(location string) (string, error) {
	if s.tree == nil {
		return localPath(location)
	}
	rest, ok := strings.CutPrefix(location, s.root+"/")
	if !ok || !filepath.IsLocal(filepath.FromSlash(rest)) {
		return "", fmt.Errorf("location %q is not below %s", location, s.root)
	}
	return filepath.Join(s.tree.Root(), filepath.FromSlash(rest)), nil
}

func (s syncedFS) Open(location string) (io.ReadCloser, error) {
	path, err := s.pathOf(location)
	if err != nil {
		return nil, err
	}
	return s.open(path)
}

// openFile is a file that is read; it adds to a durable.File what readers of
// Parquet and Avro want.
type openFile struct {
	*io.SectionReader
	file durable.File
}

func (s syncedFS) open(path string) (*openFile, error) {
	f, err := s.disk.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	opened, err := sized(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return opened, nil
}

func sized(f durable.File) (*openFile, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return &openFile{io.NewSectionReader(f, 0, info.Size()), f}, nil
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.file.Stat() }
func (f *openFile) Close() error               { return f.file.Close() }

func (s syncedFS) Remove(location string) error {
	path, err := s.pathOf(location)
	if err != nil {
		return err
	}
	return s.disk.Remove(path)
}

func (s syncedFS) WriteFile(location string, fill func(io.Writer) error) error {
	path, err := s.pathOf(location)
	if err != nil {
		return err
	}
	return s.write(path, func(w io.Writer) error {
		buffer := bufio.NewWriter(w)
		if err := fill(buffer); err != nil {
			return err
		}
		return buffer.Flush()
	})
}

// create makes a file in a folder, which it makes if need be.
func (s syncedFS) create(path string) (durable.File, error) {
	const flags = os.O_CREATE | os.O_EXCL | os.O_WRONLY
	if s.inTree(path) { // what is in the store has no folder
		return s.disk.OpenFile(path, flags, 0o640)
	}
	return s.names.create(s.disk, path, flags)
}

func (s syncedFS) inTree(path string) bool {
	return s.tree != nil && strings.HasPrefix(path, s.tree.Root()+string(filepath.Separator))
}

// write creates path, lets fill write it and makes it durable. Nothing is left
// at path when it fails.
func (s syncedFS) write(path string, fill func(io.Writer) error) error {
	f, err := s.create(path)
	if err != nil {
		return err
	}
	err = fill(f)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return errors.Join(err, s.disk.Remove(path))
	}
	return nil
}

// replace is durable.WriteFile.
func (s syncedFS) replace(path string, data []byte) error {
	s.names.mu.Lock()
	defer s.names.mu.Unlock()
	return durable.WriteFile(s.disk, path, data, 0o640)
}

// remove is durable.Remove.
func (s syncedFS) remove(path string) error {
	s.names.mu.Lock()
	defer s.names.mu.Unlock()
	return durable.Remove(s.disk, path)
}

// makeDirs creates dir and its parents and makes their entries durable.
func (s syncedFS) makeDirs(dir string) error {
	s.names.mu.Lock()
	defer s.names.mu.Unlock()
	return s.names.folder(s.disk, dir)
}

// removeFolder removes a folder of the disk, unless something is in it.
func (s syncedFS) removeFolder(dir string) {
	if s.tree != nil {
		return
	}
	s.names.mu.Lock()
	defer s.names.mu.Unlock()
	delete(s.names.known, dir)
	_ = s.disk.Remove(dir)
}

// walk calls visit with every file below dir.
func (s syncedFS) walk(dir string, visit func(path string) error) error {
	if s.tree != nil && strings.HasPrefix(dir, s.tree.Root()) {
		return s.tree.Walk(dir, func(path string, _ int64) error { return visit(path) })
	}
	entries, err := s.disk.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		step := visit
		if entry.IsDir() {
			step = func(path string) error { return s.walk(path, visit) }
		}
		if err := step(path); err != nil {
			return err
		}
	}
	return nil
}
