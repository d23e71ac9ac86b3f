package durabletest

import (
	"io"
	"io/fs"
	"math/rand/v2"
	"path"
	"slices"
	"time"
)

// file is an open file of an FS.
type file struct {
	fs     *FS
	name   string
	node   *node
	offset int64
}

// Read implements durable.File.
func (f *file) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.offset)
	f.offset += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

// ReadAt implements durable.File.
func (f *file) ReadAt(p []byte, offset int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.fs.crashed {
		return 0, ErrCrashed
	}
	if offset >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[offset:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Write implements durable.File.
func (f *file) Write(p []byte) (int, error) {
	n, err := f.WriteAt(p, f.offset)
	f.offset += int64(n)
	return n, err
}

// WriteAt implements durable.File.
func (f *file) WriteAt(p []byte, offset int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	do, err := f.fs.step("write", f.name)
	if do {
		f.node.write(dataChange{offset: offset, data: slices.Clone(p)})
	}
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// Truncate implements durable.File.
func (f *file) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	do, err := f.fs.step("truncate", f.name)
	if do {
		f.node.truncate(size)
	}
	return err
}

// Sync implements durable.File.
func (f *file) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	do, err := f.fs.step("sync", f.name)
	if !do && f.fs.crashed {
		return err
	}
	if do {
		for _, c := range f.node.pending {
			f.node.disk = c.apply(f.node.disk)
		}
	}
	f.node.pending = nil
	return err
}

// Stat implements durable.File.
func (f *file) Stat() (fs.FileInfo, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return f.node.info(f.name), nil
}

// Close implements durable.File.
func (f *file) Close() error { return nil }

func (n *node) write(c dataChange) {
	n.data = c.apply(n.data)
	n.pending = append(n.pending, c)
}

func (n *node) truncate(size int64) { n.write(dataChange{offset: size, cut: true}) }

func (c dataChange) apply(data []byte) []byte {
	end := c.offset + int64(len(c.data))
	if c.cut {
		end = c.offset
		if int64(len(data)) > end {
			return slices.Clone(data[:end])
		}
	}
	for int64(len(data)) < end {
		data = append(data, make([]byte, end-int64(len(data)))...)
	}
	copy(data[c.offset:], c.data)
	return data
}

// without returns the change as it is when some of its bytes did not reach the
// disk, which has other data there: what was overwritten is as before, and what
// was never written is zero.
func (c dataChange) without(disk []byte, from, to int) dataChange {
	c.data = slices.Clone(c.data)
	clear(c.data[from:to])
	if at := c.offset + int64(from); at < int64(len(disk)) {
		copy(c.data[from:to], disk[at:])
	}
	return c
}

func (n *node) afterCrash(keep Keep, rng *rand.Rand) []byte {
	data := slices.Clone(n.disk)
	for _, c := range n.pending {
		switch {
		case keep == KeepNone:
			return data
		case keep == KeepAll:
			data = c.apply(data)
			continue
		}
		switch rng.IntN(4) {
		case 0: // lost
		case 1: // torn at the end
			if !c.cut {
				c.data = c.data[:rng.IntN(len(c.data)+1)]
			}
			data = c.apply(data)
		case 2: // the size came, some of the data did not
			if !c.cut && len(c.data) > 0 {
				from := rng.IntN(len(c.data))
				c = c.without(data, from, from+rng.IntN(len(c.data)-from)+1)
			}
			data = c.apply(data)
		default:
			data = c.apply(data)
		}
	}
	return data
}

type info struct {
	name string
	size int64
	mode fs.FileMode
}

func (n *node) info(name string) fs.FileInfo {
	return info{name: path.Base(name), size: int64(len(n.data)), mode: n.mode}
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return time.Unix(0, 0) }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }
