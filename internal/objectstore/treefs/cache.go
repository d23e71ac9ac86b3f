package treefs

import (
	"container/list"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quoll/quoll/internal/durable"
)

// cache is which files are on the disk, which of them are held, and which were used
// last.
type cache struct {
	disk durable.FS
	most int64

	mu      sync.Mutex
	files   map[string]*cached
	used    *list.List // of *cached that are on the disk, the oldest first
	bytes   int64      // on the disk
	held    int64      // of files that readers hold, on the disk or to come
	fetches int64
}

// cached is a file that is on the disk, or is being fetched, or is held.
type cached struct {
	path    string
	bytes   int64
	holders int
	counted int64         // of it in held
	place   *list.Element // in used; nil: it is not on the disk
	checked bool
	busy    chan struct{} // closed when who fetches or checks it is done; nil: nobody does
}

func newCache(disk durable.FS, most int64) *cache {
	return &cache{disk: disk, most: most, files: map[string]*cached{}, used: list.New()}
}

// load finds what an earlier process left, in the order in which it was written.
func (c *cache) load(dir string) error {
	type found struct {
		path  string
		bytes int64
		at    time.Time
	}
	var all []found
	var walk func(dir string) error
	walk = func(dir string) error {
		entries, err := c.disk.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			if e.IsDir() {
				if err := walk(path); err != nil {
					return err
				}
				continue
			}
			if strings.HasPrefix(e.Name(), ".") { // of a crash
				if err := c.disk.Remove(path); err != nil {
					return err
				}
				continue
			}
			info, err := e.Info()
			if err != nil {
				return err
			}
			all = append(all, found{path, info.Size(), info.ModTime()})
		}
		return nil
	}
	if err := walk(dir); err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b found) int { return a.at.Compare(b.at) })
	for _, f := range all {
		c.place(c.entry(f.path), f.bytes)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.evict()
	return nil
}

func (c *cache) entry(path string) *cached {
	f := c.files[path]
	if f == nil {
		f = &cached{path: path}
		c.files[path] = f
	}
	return f
}

// place notes that a file is on the disk.
func (c *cache) place(f *cached, bytes int64) {
	c.unplace(f)
	f.bytes, f.place = bytes, c.used.PushBack(f)
	c.bytes += bytes
}

func (c *cache) unplace(f *cached) {
	if f.place != nil {
		c.used.Remove(f.place)
		c.bytes -= f.bytes
		f.place, f.checked = nil, false
	}
}

// drop forgets a file that is neither on the disk nor of interest to anybody.
func (c *cache) drop(f *cached) {
	if f.place == nil && f.holders == 0 && f.busy == nil {
		delete(c.files, f.path)
	}
}

// evict removes what was used longest ago until the rest fits. What cannot be
// removed stays, and is tried again next time.
func (c *cache) evict() {
	for e := c.used.Front(); e != nil && c.bytes > c.most; {
		f := e.Value.(*cached)
		e = e.Next()
		if f.holders > 0 || f.busy != nil {
			continue
		}
		if err := c.disk.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		_ = c.disk.Remove(filepath.Dir(f.path)) // a folder that is not empty stays
		c.unplace(f)
		c.drop(f)
	}
}

// add puts a file that was prepared at its place.
func (c *cache) add(path string, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.disk.Rename(durable.TempName(path), path); err != nil {
		_ = c.disk.Remove(durable.TempName(path))
		return
	}
	f := c.entry(path)
	c.place(f, bytes)
	f.checked = true
	c.evict()
}

// forget removes a file that is gone from the store.
func (c *cache) forget(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.files[path]
	if f == nil || f.place == nil {
		return
	}
	if err := c.disk.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return // it goes when there is no room
	}
	_ = c.disk.Remove(filepath.Dir(path))
	c.unplace(f)
	c.drop(f)
}

// hold keeps files from being evicted, if they fit beside what others hold.
func (c *cache) hold(files []Wanted) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	more := int64(0)
	for _, w := range files {
		if f := c.files[w.Path]; f == nil || f.counted == 0 {
			more += w.Bytes
		}
	}
	if more > 0 && c.held+more > c.most {
		return fmt.Errorf("%w: they have %d MiB, others read %d MiB, and there is room for %d MiB; a shorter time range reads less, or give the cache more room",
			ErrCacheFull, more>>20, c.held>>20, c.most>>20)
	}
	for _, w := range files {
		f := c.entry(w.Path)
		f.holders++
		if f.counted == 0 {
			f.counted = w.Bytes
			c.held += w.Bytes
		}
	}
	return nil
}

func (c *cache) unhold(files []Wanted) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range files {
		f := c.files[w.Path]
		if f.holders--; f.holders == 0 {
			c.held -= f.counted
			f.counted = 0
			c.drop(f)
		}
	}
	c.evict()
}

// state is what is to be done for a file to be there.
type state int

const (
	present   state = iota
	unchecked       // the caller checks it
	absent          // the caller fetches it
	busy            // somebody else does
)

// claim says what is to be done for a file that the caller holds. A file of another
// length than it should have is none.
func (c *cache) claim(path string, bytes int64) (state, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.files[path]
	if f.busy != nil {
		return busy, f.busy
	}
	if f.place != nil && bytes >= 0 && f.bytes != bytes {
		c.unplace(f)
	}
	if f.place != nil {
		c.used.MoveToBack(f.place)
		if f.checked {
			return present, nil
		}
	}
	f.busy = make(chan struct{})
	if f.place != nil {
		return unchecked, nil
	}
	return absent, nil
}

// checked ends a claim to check a file.
func (c *cache) checked(path string, whole bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.files[path]
	if f.checked = whole; !whole {
		c.unplace(f)
	}
	c.free(f)
}

// fetched ends a claim to fetch a file.
func (c *cache) fetched(path string, bytes int64, there bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.files[path]
	if there {
		c.fetches++
		c.place(f, bytes)
		f.checked = true
	}
	c.free(f)
	c.evict()
}

func (c *cache) free(f *cached) {
	close(f.busy)
	f.busy = nil
}

func (c *cache) usage() Usage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Usage{Files: c.used.Len(), Bytes: c.bytes, Held: c.held, Fetched: c.fetches}
}
