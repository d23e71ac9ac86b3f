package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrUnsynced is returned by an AppendFile after one of its fsyncs failed: what
// is on disk is unknown, and asking again would not tell (the kernel reports a
// write error once and then takes the pages for clean). The file must be closed
// and recovered.
var ErrUnsynced = errors.New("an earlier fsync failed; the file must be reopened and recovered")

// AppendFile appends to a file and knows how much of it is durable. It is for
// one goroutine; Size and Durable are what that goroutine did.
type AppendFile struct {
	name    string
	file    File
	size    int64 // written, perhaps not synced
	durable int64 // known to be on disk
	failed  bool
}

// CreateAppend creates an empty file for appending and syncs its directory
// entry. A file of that name is emptied. If the directory could not be synced the
// error is ErrUnsynced: the name may never reach the disk, whatever is done to
// the file, unless it is removed and made again.
func CreateAppend(fsys FS, name string) (*AppendFile, error) {
	f, err := fsys.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", name, err)
	}
	if err := fsys.SyncDir(filepath.Dir(name)); err != nil {
		return nil, errors.Join(fmt.Errorf("create %s: %w: %w", name, ErrUnsynced, err), f.Close())
	}
	return &AppendFile{name: name, file: f}, nil
}

// OpenAppend opens an existing file whose first size bytes are good. It cuts
// what follows, writes the bytes from unsure on again and syncs: after a crash
// (or after a failed fsync in the same boot) those may be in the page cache
// alone, marked clean, and a sync by itself would not write them.
func OpenAppend(fsys FS, name string, unsure, size int64) (*AppendFile, error) {
	f, err := fsys.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	a := &AppendFile{name: name, file: f, size: size, durable: unsure}
	if err := a.restore(unsure, size); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", name, err), f.Close())
	}
	return a, nil
}

func (a *AppendFile) restore(unsure, size int64) error {
	if err := a.file.Truncate(size); err != nil {
		return err
	}
	buf := make([]byte, min(size-unsure, 1<<20))
	for at := unsure; at < size; {
		n := min(int64(len(buf)), size-at)
		if _, err := a.file.ReadAt(buf[:n], at); err != nil {
			return err
		}
		if _, err := a.file.WriteAt(buf[:n], at); err != nil {
			return err
		}
		at += n
	}
	return a.Sync()
}

// Write appends p. After an error the file is cut back to what is durable, so
// that a full disk can be tried again; if even that fails, so does every later
// call.
func (a *AppendFile) Write(p []byte) (int, error) {
	if a.failed {
		return 0, fmt.Errorf("append to %s: %w", a.name, ErrUnsynced)
	}
	n, err := a.file.WriteAt(p, a.size)
	if err == nil {
		a.size += int64(n)
		return n, nil
	}
	err = fmt.Errorf("append to %s: %w", a.name, err)
	if cutErr := a.file.Truncate(a.durable); cutErr != nil {
		a.failed = true
		return n, errors.Join(err, fmt.Errorf("cut %s: %w: %w", a.name, ErrUnsynced, cutErr))
	}
	a.size = a.durable
	return n, err
}

// Sync makes everything written durable. After it fails once, it always fails.
func (a *AppendFile) Sync() error {
	if a.failed {
		return fmt.Errorf("sync %s: %w", a.name, ErrUnsynced)
	}
	if err := a.file.Sync(); err != nil {
		a.failed = true
		return fmt.Errorf("sync %s: %w: %w", a.name, ErrUnsynced, err)
	}
	a.durable = a.size
	return nil
}

// Size returns the bytes written and Durable the bytes known to be on disk.
func (a *AppendFile) Size() int64 { return a.size }

// Durable returns the number of leading bytes that the last Sync covered.
func (a *AppendFile) Durable() int64 { return a.durable }

// Close closes the file without syncing it.
func (a *AppendFile) Close() error { return a.file.Close() }
