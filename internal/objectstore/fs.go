package objectstore

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"sort"
	"time"

	"github.com/quoll/quoll/internal/backoff"
	"github.com/quoll/quoll/internal/clock"
)

// Readable is what FS needs of a store.
type Readable interface {
	// Open reads an object from an offset on; it is fs.ErrNotExist where there is
	// none.
	Open(ctx context.Context, name string, offset int64) (io.ReadCloser, Info, error)
	// List returns what lies directly in a folder, "." for the highest.
	List(ctx context.Context, dir string) ([]Info, error)
}

// FS shows a store as a folder. What is read streams; where a connection breaks
// it goes on where it was, a few times, if the object is still the same.
type FS struct {
	ctx    context.Context // of the whole reading: package fs has none
	store  Readable
	policy backoff.Policy
	clock  clock.Clock
	random func() float64
}

// NewFS returns a store as a folder, until ctx ends.
func NewFS(ctx context.Context, store Readable, c clock.Clock, random func() float64) *FS {
	return &FS{ctx: ctx, store: store, policy: backoff.Policy{First: 200 * time.Millisecond, Max: 5 * time.Second, Tries: 5}, clock: c, random: random}
}

// retry tries again what a connection broke.
func (f *FS) retry(op func(context.Context) error) error {
	return f.policy.Retry(f.ctx, f.clock, f.random, op, func(err error) backoff.Verdict {
		return backoff.Verdict{Again: !errors.Is(err, fs.ErrNotExist) && (Broken(err) || errors.Is(err, io.ErrUnexpectedEOF))}
	})
}

// Open implements fs.FS, for objects and for the highest folder.
func (f *FS) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if name == "." {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("it is a folder")}
	}
	var body io.ReadCloser
	var info Info
	err := f.retry(func(ctx context.Context) (err error) {
		body, info, err = f.store.Open(ctx, name, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	info.Name = name
	return &file{fs: f, info: info, body: body}, nil
}

// Stat implements fs.StatFS.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	if name == "." {
		return entry{Info{Name: ".", Dir: true}}, nil
	}
	opened, err := f.Open(name)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	return opened.Stat()
}

// ReadDir implements fs.ReadDirFS.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	var found []Info
	err := f.retry(func(ctx context.Context) (err error) {
		found, err = f.store.List(ctx, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	entries := make([]fs.DirEntry, len(found))
	for i := range found {
		entries[i] = fs.FileInfoToDirEntry(entry{found[i]})
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].Name() < entries[j].Name() })
	return entries, nil
}

func join(dir, name string) string { return path.Join(dir, name) }

// file is an object that is being read.
type file struct {
	fs     *FS
	info   Info
	body   io.ReadCloser
	offset int64
}

func (o *file) Stat() (fs.FileInfo, error) { return entry{o.info}, nil }
func (o *file) Close() error               { return o.body.Close() }

func (o *file) Read(p []byte) (int, error) {
	n, err := o.body.Read(p)
	o.offset += int64(n)
	if errors.Is(err, io.EOF) && o.offset < o.info.Size {
		err = io.ErrUnexpectedEOF
	}
	if err == nil || errors.Is(err, io.EOF) || n > 0 {
		if errors.Is(err, io.EOF) {
			return n, io.EOF
		}
		return n, nil // a break is met again by the next call
	}
	if err := o.resume(err); err != nil {
		return 0, err
	}
	return 0, nil
}

// resume goes on where the connection broke.
func (o *file) resume(cause error) error {
	if o.fs.ctx.Err() != nil {
		return o.fs.ctx.Err()
	}
	_ = o.body.Close()
	var info Info
	first := true
	err := o.fs.retry(func(ctx context.Context) (err error) {
		if first { // the first attempt is the one that broke
			first = false
			return &Error{Operation: "read " + o.info.Name, Cause: Plain(cause)}
		}
		o.body, info, err = o.fs.store.Open(ctx, o.info.Name, o.offset)
		return err
	})
	if err != nil {
		o.body = io.NopCloser(broken{err})
		return err
	}
	if info.ETag != o.info.ETag || info.Size != o.info.Size {
		return &Error{Operation: "read " + o.info.Name, Cause: errors.New("it was replaced while it was read")}
	}
	return nil
}

// broken gives an error again and again.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// FileInfo is what package fs says of an object.
func FileInfo(info Info) fs.FileInfo { return entry{info} }

// entry is an Info as package fs has it.
type entry struct{ info Info }

func (e entry) Name() string       { return path.Base(e.info.Name) }
func (e entry) Size() int64        { return e.info.Size }
func (e entry) ModTime() time.Time { return e.info.Modified }
func (e entry) IsDir() bool        { return e.info.Dir }
func (e entry) Sys() any           { return nil }
func (e entry) Mode() fs.FileMode {
	if e.info.Dir {
		return fs.ModeDir | 0o550
	}
	return 0o440
}
