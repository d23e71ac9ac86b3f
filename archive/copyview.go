package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// openCopy shows a copy, whose edge is packed in its head, as the folder of an
// archive; what is one already is returned as it is.
func openCopy(fsys fs.FS) (fs.FS, bool, error) {
	_, err := fs.Stat(fsys, HeadFile)
	if errors.Is(err, fs.ErrNotExist) {
		return fsys, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return &copyView{under: fsys}, true, nil
}

// copyView is a copy as a folder. The head is read anew when the checkpoint is
// opened, so that what is read after it goes with it; one that was read for a
// listing is good for the checkpoint that is opened next.
type copyView struct {
	under fs.FS

	mu    sync.Mutex
	files map[string][]byte // of the head
	fresh bool              // read for a listing, and not used yet
}

func (c *copyView) load() error {
	f, err := c.under.Open(HeadFile)
	if err != nil {
		return err
	}
	defer f.Close()
	files, err := decodeHead(f)
	if err != nil {
		return fmt.Errorf("read %s: %w", HeadFile, err)
	}
	c.files = files
	return nil
}

// Open implements fs.FS.
func (c *copyView) Open(name string) (fs.File, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if name == checkpointFile && !c.fresh {
		if err := c.load(); err != nil {
			return nil, err
		}
	}
	if name == checkpointFile {
		c.fresh = false
	}
	if data, ok := c.files[name]; ok {
		return &memoryFile{Reader: bytes.NewReader(data), name: name}, nil
	}
	if name == HeadFile || name == checkpointFile || name == cosignedFile || name == PublicKeyFile {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return c.under.Open(name)
}

// Stat implements fs.StatFS.
func (c *copyView) Stat(name string) (fs.FileInfo, error) {
	if name == "." {
		return fs.Stat(c.under, name)
	}
	f, err := c.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Stat()
}

// ReadDir implements fs.ReadDirFS. A file that both have is an error: only one of
// them would be verified.
func (c *copyView) ReadDir(name string) ([]fs.DirEntry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if name == "." {
		// Before the rest is listed, so that the listing has all that it needs.
		if err := c.load(); err != nil {
			return nil, err
		}
		c.fresh = true
	}
	entries, err := fs.ReadDir(c.under, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return name == "." && e.Name() == HeadFile })
	for _, e := range c.below(name) {
		at, found := slices.BinarySearchFunc(entries, e.Name(), func(e fs.DirEntry, name string) int { return strings.Compare(e.Name(), name) })
		switch {
		case found && !(e.IsDir() && entries[at].IsDir()):
			return nil, fmt.Errorf("%s is in %s, and beside it too", path.Join(name, e.Name()), HeadFile)
		case !found:
			entries = slices.Insert(entries, at, e)
		}
	}
	return entries, nil
}

// below returns what the head has directly in a folder.
func (c *copyView) below(dir string) []fs.DirEntry {
	var found []fs.DirEntry
	seen := map[string]bool{}
	for _, name := range sortedKeys(c.files) {
		rest := name
		if dir != "." {
			var ok bool
			if rest, ok = strings.CutPrefix(name, dir+"/"); !ok {
				continue
			}
		}
		first, _, isDir := strings.Cut(rest, "/")
		if seen[first] {
			continue
		}
		seen[first] = true
		found = append(found, fs.FileInfoToDirEntry(memoryInfo{first, int64(len(c.files[name])), isDir}))
	}
	return found
}

// memoryFile is a file of the head.
type memoryFile struct {
	*bytes.Reader
	name string
}

func (f *memoryFile) Stat() (fs.FileInfo, error) {
	return memoryInfo{path.Base(f.name), f.Size(), false}, nil
}
func (f *memoryFile) Close() error { return nil }

type memoryInfo struct {
	name  string
	size  int64
	isDir bool
}

func (i memoryInfo) Name() string       { return i.name }
func (i memoryInfo) Size() int64        { return i.size }
func (i memoryInfo) ModTime() time.Time { return time.Time{} }
func (i memoryInfo) IsDir() bool        { return i.isDir }
func (i memoryInfo) Sys() any           { return nil }
func (i memoryInfo) Mode() fs.FileMode {
	if i.isDir {
		return fs.ModeDir | 0o550
	}
	return 0o440
}
