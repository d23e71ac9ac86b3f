package lake

import (
	"errors"
	"io/fs"
	"path/filepath"
	"sync"

	"github.com/quoll/quoll/internal/durable"
)

// names lets one goroutine at a time make a name in a folder and sync the folder.
// A sync that fails may take with it whatever was made in the folder and was not yet
// synced, and the next sync, of somebody else, then reports success: with two at
// work, the name of one is on no disk, and nobody knows.
type names struct {
	mu sync.Mutex
	// known are the folders that are there after a crash. remake are those whose own
	// name may be lost though they can be seen: only making them anew helps.
	known, remake map[string]bool
}

func newNames() *names { return &names{known: map[string]bool{}, remake: map[string]bool{}} }

// create makes an empty file, with its folder, and makes both names durable. After
// an error no file of that name is there, unless removing it failed as well.
func (n *names) create(disk durable.FS, path string, flags int) (durable.File, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	dir := filepath.Dir(path)
	if err := n.folder(disk, dir); err != nil {
		return nil, err
	}
	f, err := disk.OpenFile(path, flags, 0o640)
	if err != nil {
		delete(n.known, dir) // it may be gone by another's hand
		return nil, err
	}
	if err := disk.SyncDir(dir); err != nil {
		return nil, errors.Join(err, f.Close(), disk.Remove(path))
	}
	return f, nil
}

// folder makes a folder and its parents unless they are known to be there. The
// caller holds n.mu.
func (n *names) folder(disk durable.FS, dir string) error {
	if n.known[dir] {
		return nil
	}
	if n.remake[dir] {
		if err := removeEmpty(disk, dir); err != nil {
			return err
		}
		delete(n.remake, dir)
	}
	if err := durable.MkdirAll(disk, dir, 0o750); err != nil {
		n.remake[dir] = true
		return err
	}
	n.known[dir] = true
	return nil
}

// removeEmpty removes a folder if it is there and nothing is in it: something is in
// one only if its name was durable before.
func removeEmpty(disk durable.FS, dir string) error {
	entries, err := disk.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) > 0 {
		return nil
	}
	if err != nil {
		return err
	}
	return disk.Remove(dir)
}
