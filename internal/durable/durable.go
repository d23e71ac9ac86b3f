// Package durable writes files so that they are still there, whole, after the
// machine loses power: atomic replacement, exclusive creation, directories whose
// parents are synced too, and appended files that never guess after a failed
// fsync.
//
// Everything goes through the small interface FS, so that the packages that
// promise durability can be tested against a disk that fails or stops at any
// operation (package durabletest).
//
// It must not know what the bytes mean: no formats, no checksums, no retries.
//
// The rules it follows are those of POSIX and of Rebello et al., "Can
// Applications Recover from fsync Failures?" (USENIX ATC 2020): a name is
// durable only after its directory is synced, and after a failed fsync the
// contents of the page cache say nothing about the disk.
package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// ErrLocked is returned by FS.Lock when another holder has the lock.
var ErrLocked = errors.New("locked by another process")

// FS is the part of a file system that durable storage needs. Names are paths
// of the operating system. Errors satisfy errors.Is with fs.ErrNotExist and
// fs.ErrExist where that is the cause.
type FS interface {
	// OpenFile opens a file with the flags of package os.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	Mkdir(name string, perm fs.FileMode) error
	// Rename replaces newName atomically. Both are in the same file system.
	Rename(oldName, newName string) error
	// Link gives a file a second name and fails if that name exists.
	Link(oldName, newName string) error
	Remove(name string) error
	// ReadDir returns the entries sorted by name.
	ReadDir(name string) ([]fs.DirEntry, error)
	Stat(name string) (fs.FileInfo, error)
	// SyncDir makes the names in a directory durable.
	SyncDir(name string) error
	// Lock takes an exclusive advisory lock on the named file, which it
	// creates, and returns ErrLocked at once if somebody else holds it. The
	// lock ends with Close or with the process.
	Lock(name string) (io.Closer, error)
}

// File is an open file. ReadAt may be used while another goroutine writes
// further on.
type File interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.WriterAt
	io.Closer
	Sync() error
	Truncate(size int64) error
	Stat() (fs.FileInfo, error)
}

// TempName returns the name under which WriteFile prepares name. It is always
// the same, so that whoever owns the directory can clear what a crash left.
func TempName(name string) string {
	dir, base := filepath.Split(name)
	return filepath.Join(dir, "."+base+".tmp")
}

// WriteFile replaces name by data, atomically and durably: after a crash the
// file holds the old contents or the new, and the new if WriteFile returned nil.
// After an error either may be there. The directory must exist; only one writer
// may use a name at a time. A crash can leave TempName(name) behind.
func WriteFile(fsys FS, name string, data []byte, perm fs.FileMode) error {
	temp := TempName(name)
	if err := writeNew(fsys, temp, data, perm); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := fsys.Rename(temp, name); err != nil {
		_ = fsys.Remove(temp)
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := fsys.SyncDir(filepath.Dir(name)); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// NewFile is a file to be written.
type NewFile struct {
	Name string
	Data []byte
}

// WriteFiles is WriteFile of several files: each is whole or as it was, and all of
// them are there after a crash if it returned nil. They are synced together, and
// each directory once: a disk takes little longer for several than for one.
func WriteFiles(fsys FS, files []NewFile, perm fs.FileMode) (err error) {
	renamed := 0
	defer func() {
		for i := renamed; err != nil && i < len(files); i++ {
			_ = fsys.Remove(TempName(files[i].Name))
		}
	}()
	if err := writeTemps(fsys, files, perm); err != nil {
		return err
	}
	var dirs []string
	for _, f := range files {
		if err := fsys.Rename(TempName(f.Name), f.Name); err != nil {
			return fmt.Errorf("write %s: %w", f.Name, err)
		}
		renamed++
		if dir := filepath.Dir(f.Name); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	for _, dir := range dirs {
		if err := fsys.SyncDir(dir); err != nil {
			return fmt.Errorf("write into %s: %w", dir, err)
		}
	}
	return nil
}

// writeTemps writes what the files will be, and syncs it.
func writeTemps(fsys FS, files []NewFile, perm fs.FileMode) (err error) {
	var open []File
	defer func() {
		for _, f := range open {
			err = errors.Join(err, f.Close())
		}
	}()
	for _, file := range files {
		f, err := createNew(fsys, TempName(file.Name), perm)
		if err == nil {
			open = append(open, f)
			_, err = f.Write(file.Data)
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", file.Name, err)
		}
	}
	if together, ok := fsys.(syncsTogether); ok {
		return together.SyncAll(open)
	}
	for i, f := range open {
		if err := f.Sync(); err != nil {
			return fmt.Errorf("write %s: %w", files[i].Name, err)
		}
	}
	return nil
}

// syncsTogether is a file system that syncs several files in the time of one.
type syncsTogether interface {
	SyncAll(files []File) error
}

// CreateExclusive writes a file that must not exist yet, durably, and returns
// an error that is fs.ErrExist if it does. It is never visible half written, and
// after another error it is not there, unless removing it failed too.
func CreateExclusive(fsys FS, name string, data []byte, perm fs.FileMode) error {
	temp := TempName(name)
	if err := writeNew(fsys, temp, data, perm); err != nil {
		return fmt.Errorf("create %s: %w", name, err)
	}
	linkErr := fsys.Link(temp, name)
	removeErr := fsys.Remove(temp)
	if err := errors.Join(linkErr, removeErr); err != nil {
		return fmt.Errorf("create %s: %w", name, err)
	}
	if err := fsys.SyncDir(filepath.Dir(name)); err != nil {
		_ = fsys.Remove(name) // it may never reach the disk: see MkdirAll
		return fmt.Errorf("create %s: %w", name, err)
	}
	return nil
}

// createNew opens a file that is made from nothing. What an earlier crash left
// under the name is removed rather than truncated, so that its permissions do
// not survive.
func createNew(fsys FS, name string, perm fs.FileMode) (File, error) {
	if err := fsys.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return fsys.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
}

// writeNew writes and syncs a file from nothing.
func writeNew(fsys FS, name string, data []byte, perm fs.FileMode) (err error) {
	f, err := createNew(fsys, name, perm)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			_ = fsys.Remove(name)
		}
	}()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

// MkdirAll creates a directory and the parents it lacks, and syncs the parent of
// each. Where it finds a directory it syncs that one's parent too and goes no
// higher: a process that died may have created it without syncing, but had
// synced everything above it first.
func MkdirAll(fsys FS, name string, perm fs.FileMode) error {
	name = filepath.Clean(name)
	parent := filepath.Dir(name)
	info, err := fsys.Stat(name)
	switch {
	case err == nil && !info.IsDir():
		return fmt.Errorf("create directory %s: a file is in the way", name)
	case err == nil && parent == name:
		return nil
	case err == nil:
		// A parent that may not be read is none of ours to have created in.
		if err := fsys.SyncDir(parent); err != nil && !errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("create directory %s: %w", name, err)
		}
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("create directory %s: %w", name, err)
	}
	if err := MkdirAll(fsys, parent, perm); err != nil {
		return err
	}
	if err := fsys.Mkdir(name, perm); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("create directory %s: %w", name, err)
	}
	if err := fsys.SyncDir(parent); err != nil {
		// After a failed sync the name may be clean in memory and not on disk:
		// only making it anew puts it there.
		_ = fsys.Remove(name)
		return fmt.Errorf("create directory %s: %w", name, err)
	}
	return nil
}

// Remove removes a file durably. Where there is none, one is made and removed:
// an earlier removal whose sync failed is visible, but not on disk, and no sync
// by itself would bring it there.
func Remove(fsys FS, name string) error {
	err := fsys.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		if _, statErr := fsys.Stat(filepath.Dir(name)); errors.Is(statErr, fs.ErrNotExist) {
			return nil
		}
		err = touchAndRemove(fsys, name)
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	if err := fsys.SyncDir(filepath.Dir(name)); err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}

func touchAndRemove(fsys FS, name string) error {
	f, err := fsys.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return fsys.Remove(name)
}

// ReadFile reads a whole file of at most limit bytes. A larger file is an
// error, so that a damaged directory cannot exhaust memory.
func ReadFile(fsys FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("read %s: larger than %d bytes", name, limit)
	}
	return data, nil
}
