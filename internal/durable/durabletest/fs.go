// Package durabletest is a file system in memory that keeps, like a disk, only
// what was synced. A test can make any operation fail, stop the machine at any
// operation, and look at what a restart would find.
//
// The model is stricter than most disks. File contents survive a crash only as
// far as File.Sync reached, names only as far as SyncDir of their directory
// reached; of what is not synced a crash keeps nothing, everything, or an
// arbitrary part, later writes without earlier ones included. After a failed
// Sync the changes it should have written are clean and will not be written by a
// later one, as on Linux.
//
// It must not know who uses it.
package durabletest

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing/fstest"
	"time"

	"github.com/quoll/quoll/internal/durable"
)

// The errors of injected faults.
var (
	ErrInjected = errors.New("injected fault")
	ErrCrashed  = errors.New("the machine has stopped")
)

// Op is an operation that changes something. N counts them from 1.
type Op struct {
	N    int
	Kind string // "create", "mkdir", "rename", "link", "remove", "write", "truncate", "sync", "syncdir", or one given to Step
	Name string
}

// Outcome is what becomes of an operation.
type Outcome int

// The outcomes.
const (
	Done     Outcome = iota // it is done and reported done
	FailLost                // it is not done, and reported failed
	FailKept                // it is done, but reported failed
	Crash                   // the machine stops before it is done; nothing works from now on
)

// FS is a durable.FS in memory. It is safe for concurrent use.
type FS struct {
	mu      sync.Mutex
	inject  func(Op) Outcome
	count   int
	crashed bool
	now     map[string]*node // what a process sees
	disk    map[string]*node // the names a crash keeps
	pending []nameChange
	locks   map[string]bool
}

type node struct {
	dir     bool
	mode    fs.FileMode
	data    []byte // what a process sees
	disk    []byte // what a crash keeps
	pending []dataChange
}

type dataChange struct {
	offset int64
	data   []byte
	cut    bool // truncate to offset
}

type nameChange struct {
	remove string // name that goes, or ""
	create string // name that comes, or ""
	node   *node
}

// New returns an empty file system with the root directory "/". inject decides
// about every changing operation and may be nil; it must not use the FS.
func New(inject func(Op) Outcome) *FS {
	root := &node{dir: true, mode: fs.ModeDir | 0o755}
	return &FS{
		inject: inject,
		now:    map[string]*node{"/": root},
		disk:   map[string]*node{"/": root},
		locks:  map[string]bool{},
	}
}

// Ops returns the number of changing operations so far.
func (m *FS) Ops() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.count
}

// SetInject replaces the decision function.
func (m *FS) SetInject(inject func(Op) Outcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inject = inject
}

// At returns a decision function that gives the nth operation an outcome and
// lets the others pass.
func At(n int, outcome Outcome) func(Op) Outcome {
	return func(op Op) Outcome {
		if op.N == n {
			return outcome
		}
		return Done
	}
}

// step counts an operation and returns whether to do it, and its error. The
// mutex is held.
func (m *FS) step(kind, name string) (do bool, err error) {
	if m.crashed {
		return false, ErrCrashed
	}
	m.count++
	if m.inject == nil {
		return true, nil
	}
	switch m.inject(Op{N: m.count, Kind: kind, Name: name}) {
	case FailLost:
		return false, &fs.PathError{Op: kind, Path: name, Err: ErrInjected}
	case FailKept:
		return true, &fs.PathError{Op: kind, Path: name, Err: ErrInjected}
	case Crash:
		m.crashed = true
		return false, ErrCrashed
	}
	return true, nil
}

// Step counts an operation of something that keeps its data elsewhere but dies
// with this machine, such as a database, and returns whether to do it, and its
// error. After a crash nothing is done.
func (m *FS) Step(kind, name string) (do bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.step(kind, name)
}

// Crashed reports whether the machine has stopped.
func (m *FS) Crashed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.crashed
}

// Stop stops the machine between two operations.
func (m *FS) Stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.crashed = true
}

func (m *FS) lookup(op, name string) (*node, error) {
	if m.crashed {
		return nil, ErrCrashed
	}
	n := m.now[name]
	if n == nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return n, nil
}

func (m *FS) parentOf(op, name string) error {
	parent, err := m.lookup(op, filepath.Dir(name))
	if err == nil && !parent.dir {
		err = &fs.PathError{Op: op, Path: name, Err: errors.New("parent is no directory")}
	}
	return err
}

// OpenFile implements durable.FS.
func (m *FS) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name = filepath.Clean(name)
	n, err := m.lookup("open", name)
	switch {
	case err == nil && n.dir:
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("is a directory")}
	case err == nil && flag&(os.O_CREATE|os.O_EXCL) == os.O_CREATE|os.O_EXCL:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrExist}
	case err == nil && flag&os.O_TRUNC != 0:
		do, err := m.step("truncate", name)
		if do {
			n.truncate(0)
		}
		if err != nil {
			return nil, err
		}
	case errors.Is(err, fs.ErrNotExist) && flag&os.O_CREATE != 0:
		if err := m.parentOf("open", name); err != nil {
			return nil, err
		}
		n = &node{mode: perm}
		do, err := m.step("create", name)
		if do {
			m.change(nameChange{create: name, node: n})
		}
		if err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	}
	return &file{fs: m, name: name, node: n}, nil
}

// change makes a change of names visible and remembers that it is not synced.
func (m *FS) change(c nameChange) {
	c.apply(m.now)
	m.pending = append(m.pending, c)
}

func (c nameChange) apply(names map[string]*node) {
	if c.remove != "" {
		delete(names, c.remove)
	}
	if c.create != "" {
		names[c.create] = c.node
	}
}

func (c nameChange) touches(dir string) bool {
	return c.remove != "" && filepath.Dir(c.remove) == dir ||
		c.create != "" && filepath.Dir(c.create) == dir
}

// Mkdir implements durable.FS.
func (m *FS) Mkdir(name string, perm fs.FileMode) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	name = filepath.Clean(name)
	if _, err := m.lookup("mkdir", name); err == nil {
		return &fs.PathError{Op: "mkdir", Path: name, Err: fs.ErrExist}
	}
	if err := m.parentOf("mkdir", name); err != nil {
		return err
	}
	do, err := m.step("mkdir", name)
	if do {
		m.change(nameChange{create: name, node: &node{dir: true, mode: fs.ModeDir | perm}})
	}
	return err
}

// Rename implements durable.FS for files.
func (m *FS) Rename(oldName, newName string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	oldName, newName = filepath.Clean(oldName), filepath.Clean(newName)
	n, err := m.lookup("rename", oldName)
	if err != nil {
		return err
	}
	if err := m.parentOf("rename", newName); err != nil {
		return err
	}
	do, err := m.step("rename", newName)
	if do {
		m.change(nameChange{remove: oldName, create: newName, node: n})
	}
	return err
}

// Link implements durable.FS.
func (m *FS) Link(oldName, newName string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	oldName, newName = filepath.Clean(oldName), filepath.Clean(newName)
	n, err := m.lookup("link", oldName)
	if err != nil {
		return err
	}
	if _, err := m.lookup("link", newName); err == nil {
		return &fs.PathError{Op: "link", Path: newName, Err: fs.ErrExist}
	}
	if err := m.parentOf("link", newName); err != nil {
		return err
	}
	do, err := m.step("link", newName)
	if do {
		m.change(nameChange{create: newName, node: n})
	}
	return err
}

// Remove implements durable.FS.
func (m *FS) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	name = filepath.Clean(name)
	n, err := m.lookup("remove", name)
	if err != nil {
		return err
	}
	if n.dir && len(m.children(name)) > 0 {
		return &fs.PathError{Op: "remove", Path: name, Err: errors.New("directory not empty")}
	}
	do, err := m.step("remove", name)
	if do {
		m.change(nameChange{remove: name})
	}
	return err
}

func (m *FS) children(dir string) []string {
	var names []string
	for name := range m.now {
		if name != dir && filepath.Dir(name) == dir {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// ReadDir implements durable.FS.
func (m *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name = filepath.Clean(name)
	if _, err := m.lookup("readdir", name); err != nil {
		return nil, err
	}
	var entries []fs.DirEntry
	for _, child := range m.children(name) {
		entries = append(entries, fs.FileInfoToDirEntry(m.now[child].info(child)))
	}
	return entries, nil
}

// Stat implements durable.FS.
func (m *FS) Stat(name string) (fs.FileInfo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name = filepath.Clean(name)
	n, err := m.lookup("stat", name)
	if err != nil {
		return nil, err
	}
	return n.info(name), nil
}

// SyncDir implements durable.FS.
func (m *FS) SyncDir(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	name = filepath.Clean(name)
	if _, err := m.lookup("syncdir", name); err != nil {
		return err
	}
	do, err := m.step("syncdir", name)
	if !do && m.crashed {
		return err
	}
	m.pending = slices.DeleteFunc(m.pending, func(c nameChange) bool {
		if !c.touches(name) {
			return false
		}
		if do {
			c.apply(m.disk)
		}
		return true
	})
	return err
}

// Lock implements durable.FS within this FS.
func (m *FS) Lock(name string) (io.Closer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name = filepath.Clean(name)
	if m.crashed {
		return nil, ErrCrashed
	}
	if err := m.parentOf("lock", name); err != nil {
		return nil, err
	}
	if m.locks[name] {
		return nil, fmt.Errorf("lock %s: %w", name, durable.ErrLocked)
	}
	if m.now[name] == nil {
		m.change(nameChange{create: name, node: &node{mode: 0o600}})
	}
	m.locks[name] = true
	return unlocker(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.locks, name)
	}), nil
}

type unlocker func()

func (u unlocker) Close() error { u(); return nil }

// Keep says what a crash keeps of the changes that were not synced.
type Keep int

// What is kept. KeepSome is an arbitrary part, chosen by the random source.
const (
	KeepNone Keep = iota
	KeepAll
	KeepSome
)

// AfterCrash returns the file system that a restart finds. The original is not
// changed. rng is used with KeepSome only.
func (m *FS) AfterCrash(keep Keep, rng *rand.Rand) *FS {
	m.mu.Lock()
	defer m.mu.Unlock()
	names := make(map[string]*node, len(m.disk))
	for name, n := range m.disk {
		names[name] = n
	}
	stopped := map[string]bool{} // directories whose journal ends here
	for _, c := range m.pending {
		dir := filepath.Dir(cmp.Or(c.create, c.remove))
		if stopped[dir] || keep == KeepNone || keep == KeepSome && rng.IntN(3) == 0 {
			stopped[dir] = true
			continue
		}
		c.apply(names)
	}
	after := New(nil)
	clones := map[*node]*node{}
	for name, n := range names {
		if !reachable(names, name) {
			continue
		}
		if clones[n] == nil {
			data := n.afterCrash(keep, rng)
			clones[n] = &node{dir: n.dir, mode: n.mode, data: data, disk: slices.Clone(data)}
		}
		after.now[name] = clones[n]
		after.disk[name] = clones[n]
	}
	return after
}

func reachable(names map[string]*node, name string) bool {
	for name != "/" {
		name = filepath.Dir(name)
		if names[name] == nil {
			return false
		}
	}
	return true
}

// Snapshot returns the files below a directory as a process sees them, for
// reading with package io/fs. Changing it changes nothing here.
func (m *FS) Snapshot(dir string) fstest.MapFS {
	m.mu.Lock()
	defer m.mu.Unlock()
	prefix := strings.TrimSuffix(filepath.Clean(dir), "/") + "/"
	snapshot := fstest.MapFS{}
	for name, n := range m.now {
		if rest, ok := strings.CutPrefix(name, prefix); ok && !n.dir {
			snapshot[rest] = &fstest.MapFile{Data: slices.Clone(n.data), Mode: n.mode, ModTime: time.Unix(0, 0)}
		}
	}
	return snapshot
}

var _ durable.FS = (*FS)(nil)
