package storetest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quoll/quoll/internal/objectstore"
)

// Memory is a store in memory that fails on demand. It is safe for concurrent use.
type Memory struct {
	mu      sync.Mutex
	objects map[string]object
	count   int
	step    func(kind, name string) (do bool, err error)
	listed  map[string]object // what listings show, if they lag
}

type object struct {
	data []byte
	etag string
}

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{objects: map[string]object{}} }

// SetStep has step decide about each operation, "upload", "swap", "replace", "remove", "open",
// "stat" and "list": whether it is done, and its error. Nil is none. It must not use
// the store.
func (m *Memory) SetStep(step func(kind, name string) (do bool, err error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.step = step
}

// Lag has listings show from now on what there is now; false ends that.
func (m *Memory) Lag(lag bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.listed = nil; lag {
		m.listed = maps.Clone(m.objects)
	}
}

// Names returns those of all objects, sorted.
func (m *Memory) Names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.objects))
}

// Change has change make other bytes of an object's, or nil to remove it.
func (m *Memory) Change(name string, change func([]byte) []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data := change(bytes.Clone(m.objects[name].data))
	if data == nil {
		delete(m.objects, name)
		return
	}
	m.put(name, data)
}

// CopyTo copies all objects below a prefix to below another.
func (m *Memory) CopyTo(from, to string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, o := range m.objects {
		if rest, ok := strings.CutPrefix(name, from+"/"); ok {
			m.put(to+"/"+rest, o.data)
		}
	}
}

func (m *Memory) put(name string, data []byte) string {
	m.count++
	etag := fmt.Sprint("e", m.count)
	m.objects[name] = object{data, etag}
	return etag
}

// do asks the step about an operation and runs it.
func (m *Memory) do(ctx context.Context, kind, name string, run func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.step == nil {
		return run()
	}
	do, failed := m.step(kind, name)
	if do {
		if err := run(); failed == nil {
			return err
		}
	}
	return failed
}

func missing(operation, name string) error {
	return &objectstore.Error{Operation: operation + " " + name, Status: 404, Code: "NoSuchKey", Cause: fs.ErrNotExist}
}

// Upload implements Mutable.
func (m *Memory) Upload(ctx context.Context, name string, body io.ReadSeeker, _ int64) error {
	data, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	return m.do(ctx, "upload", name, func() error {
		if _, there := m.objects[name]; there {
			return &objectstore.Error{Operation: "create " + name, Status: 412, Code: "PreconditionFailed", Cause: fs.ErrExist}
		}
		m.put(name, data)
		return nil
	})
}

// Swap implements Mutable.
func (m *Memory) Swap(ctx context.Context, name string, data []byte, etag string) (made string, err error) {
	err = m.do(ctx, "swap", name, func() error {
		if m.objects[name].etag != etag {
			return fmt.Errorf("replace %s: %w", name, objectstore.ErrChanged)
		}
		made = m.put(name, bytes.Clone(data))
		return nil
	})
	return made, err
}

// Replace implements Store.
func (m *Memory) Replace(ctx context.Context, name string, data []byte, _ time.Time) error {
	return m.do(ctx, "replace", name, func() error {
		m.put(name, bytes.Clone(data))
		return nil
	})
}

// Stat implements Mutable.
func (m *Memory) Stat(ctx context.Context, name string) (info objectstore.Info, err error) {
	err = m.do(ctx, "stat", name, func() error {
		o, there := m.objects[name]
		if !there {
			return missing("look at", name)
		}
		info = objectstore.Info{Name: name, Size: int64(len(o.data)), ETag: o.etag}
		return nil
	})
	return info, err
}

// Remove implements Mutable.
func (m *Memory) Remove(ctx context.Context, name string) error {
	return m.do(ctx, "remove", name, func() error {
		delete(m.objects, name)
		return nil
	})
}

// Open implements Mutable.
func (m *Memory) Open(ctx context.Context, name string, offset int64) (body io.ReadCloser, info objectstore.Info, err error) {
	err = m.do(ctx, "open", name, func() error {
		o, there := m.objects[name]
		if !there {
			return missing("open", name)
		}
		body = io.NopCloser(bytes.NewReader(o.data[offset:]))
		info = objectstore.Info{Name: name, Size: int64(len(o.data)), ETag: o.etag, Modified: time.Unix(int64(m.count), 0)}
		return nil
	})
	return body, info, err
}

// Walk implements Mutable.
func (m *Memory) Walk(ctx context.Context, dir string, visit func(objectstore.Info) error) error {
	var found []objectstore.Info
	err := m.do(ctx, "list", dir, func() error {
		shown := m.objects
		if m.listed != nil {
			shown = m.listed
		}
		for _, name := range slices.Sorted(maps.Keys(shown)) {
			if strings.HasPrefix(name, dir+"/") {
				found = append(found, objectstore.Info{Name: name, Size: int64(len(shown[name].data)), ETag: shown[name].etag})
			}
		}
		return nil
	})
	for _, info := range found {
		if err == nil {
			err = visit(info)
		}
	}
	return err
}

// List implements Mutable.
func (m *Memory) List(ctx context.Context, dir string) ([]objectstore.Info, error) {
	var all []objectstore.Info
	folders := map[string]bool{}
	err := m.Walk(ctx, dir, func(info objectstore.Info) error {
		first, _, deeper := strings.Cut(strings.TrimPrefix(info.Name, dir+"/"), "/")
		if folder := path.Join(dir, first); deeper && !folders[folder] {
			folders[folder] = true
			all = append(all, objectstore.Info{Name: folder, Dir: true})
		} else if !deeper {
			all = append(all, info)
		}
		return nil
	})
	return all, err
}
