package lake

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/objectstore"
	"github.com/quoll/quoll/internal/objectstore/storetest"
)

// storeKind says where the tables of all tests of this package are: on the disk, or
// in a store. openers has the stores that speak a protocol, which are not part of
// the short run (make test-s3, make test-azurite).
var (
	storeKind = flag.String("store", "disk", "disk, memory, or with the tag stores: s3, azure, moto, azurite")
	openers   = map[string]func(testing.TB) mutable{"memory": func(testing.TB) mutable { return storetest.NewMemory() }}
)

type mutable interface {
	storetest.Mutable
	Replace(ctx context.Context, name string, data []byte, until time.Time) error
}

// shared is the store that all tests of the process have.
var shared struct {
	once   sync.Once
	store  mutable
	copies atomic.Int64
	placed sync.Map // names in the store of what was copied, by folder
}

func TestMain(m *testing.M) {
	flag.Parse()
	p := &process{}
	defer p.end()
	if *storeKind != "disk" {
		shared.store = openers[*storeKind](p)
	}
	code := m.Run()
	p.end()
	os.Exit(code)
}

// process is a testing.TB for what all tests share.
type process struct {
	testing.TB
	ends []func()
}

func (p *process) Helper()                       {}
func (p *process) Cleanup(f func())              { p.ends = append(p.ends, f) }
func (p *process) Fatal(args ...any)             { panic(fmt.Sprint(args...)) }
func (p *process) Fatalf(text string, a ...any)  { panic(fmt.Sprintf(text, a...)) }
func (p *process) Context() context.Context      { return context.Background() }
func (p *process) Errorf(text string, a ...any)  { panic(fmt.Sprintf(text, a...)) }
func (p *process) Logf(text string, args ...any) {}

func (p *process) TempDir() string {
	dir, err := os.MkdirTemp("", "lake-stores-*")
	if err != nil {
		panic(err)
	}
	p.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (p *process) end() {
	for _, end := range p.ends {
		end()
	}
	p.ends = nil
}

// testConfig is DefaultConfig, with the tables where this run has them.
func testConfig(dir string) Config {
	config := DefaultConfig(dir)
	if *storeKind != "disk" {
		config.Store = storeOf(dir)
	}
	return config
}

// inBubble gives a lake in virtual time a store without a network, which keeps to the
// machine's.
func inBubble(config *Config) {
	if config.Store != nil {
		config.Store.Objects = storetest.NewMemory()
	}
}

// storeOf is the store for a lake in a folder: a copy of a folder has its own place,
// all others share one.
func storeOf(dir string) *Store {
	place, ok := shared.placed.Load(dir)
	if !ok {
		place = "tests"
	}
	return &Store{
		Objects: below{shared.store, place.(string)}, URI: "s3://bucket/" + place.(string),
		CacheBytes: 1 << 30, Random: func() float64 { return 0 }, Host: "here",
	}
}

// below is what is below a folder of a store.
type below struct {
	mutable
	dir string
}

func (b below) own(info objectstore.Info) objectstore.Info {
	info.Name = strings.TrimPrefix(info.Name, b.dir+"/")
	return info
}

func (b below) Open(ctx context.Context, name string, offset int64) (io.ReadCloser, objectstore.Info, error) {
	body, info, err := b.mutable.Open(ctx, path.Join(b.dir, name), offset)
	return body, b.own(info), err
}

func (b below) Upload(ctx context.Context, name string, body io.ReadSeeker, size int64) error {
	return b.mutable.Upload(ctx, path.Join(b.dir, name), body, size)
}

func (b below) Swap(ctx context.Context, name string, data []byte, etag string) (string, error) {
	return b.mutable.Swap(ctx, path.Join(b.dir, name), data, etag)
}

func (b below) Replace(ctx context.Context, name string, data []byte, until time.Time) error {
	return b.mutable.Replace(ctx, path.Join(b.dir, name), data, until)
}

func (b below) Stat(ctx context.Context, name string) (objectstore.Info, error) {
	info, err := b.mutable.Stat(ctx, path.Join(b.dir, name))
	return b.own(info), err
}

func (b below) Remove(ctx context.Context, name string) error {
	return b.mutable.Remove(ctx, path.Join(b.dir, name))
}

func (b below) Walk(ctx context.Context, dir string, visit func(objectstore.Info) error) error {
	return b.mutable.Walk(ctx, path.Join(b.dir, dir), func(info objectstore.Info) error { return visit(b.own(info)) })
}

func (b below) read(name string) ([]byte, error) {
	body, _, err := b.Open(context.Background(), name, 0)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

// copyObjects copies the lake of a folder to a place of its own for another folder,
// as a copy of a whole bucket would.
func copyObjects(from, to string) error {
	if *storeKind == "disk" {
		return nil
	}
	place := fmt.Sprint("copies/", shared.copies.Add(1))
	shared.placed.Store(to, place)
	source, target := storeOf(from).Objects.(below), storeOf(to).Objects.(below)
	name, err := nameInStore(context.Background(), to)
	if err != nil {
		return err
	}
	var names []string
	err = source.Walk(context.Background(), name, func(info objectstore.Info) error {
		names = append(names, info.Name)
		return nil
	})
	for _, n := range names {
		data, readErr := source.read(n)
		if errors.Is(readErr, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = readErr
		}
		if err == nil {
			err = target.Upload(context.Background(), n, bytes.NewReader(data), int64(len(data)))
		}
	}
	return err
}

// changeFile makes other bytes of a file of a table, where it lies; nil removes it.
func changeFile(t testing.TB, l *Lake, file string, change func([]byte) []byte) {
	t.Helper()
	if l.files.tree != nil {
		objects := l.config.Store.Objects
		rest := strings.TrimPrefix(file, l.files.tree.Root()+string(filepath.Separator))
		name := path.Join(path.Base(l.files.root), filepath.ToSlash(rest))
		body, _, err := objects.Open(t.Context(), name, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		data, err := io.ReadAll(body)
		if err == nil {
			err = objects.Remove(t.Context(), name)
		}
		if data = change(data); err == nil && data != nil {
			err = objects.Upload(t.Context(), name, bytes.NewReader(data), int64(len(data)))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) && l.files.tree != nil {
		return // it is not in the cache
	}
	if err != nil {
		t.Fatal(err)
	}
	if data = change(data); data == nil {
		err = os.Remove(file)
	} else {
		err = os.WriteFile(file, data, 0o640)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// flipped turns a bit.
func flipped(offset int64) func([]byte) []byte {
	return func(b []byte) []byte {
		b[offset] ^= 4
		return b
	}
}

// inStore gives a lake in memory a store that fails and dies with its machine. When
// the machine dies, so does whoever waits for the store.
func (m *inMemory) inStore() {
	memory := storetest.NewMemory()
	memory.SetStep(func(kind, name string) (bool, error) {
		if kind != "upload" && kind != "swap" && kind != "remove" && kind != "replace" {
			return true, nil
		}
		do, err := m.disk.Step(kind, name)
		if m.disk.Crashed() {
			m.died()
		}
		return do, err
	})
	m.store = &Store{Objects: memory, URI: "s3://bucket", CacheBytes: 1 << 30, Random: func() float64 { return 0 }, Host: "here"}
}

// context ends when the machine dies.
func (m *inMemory) context() context.Context {
	ctx, died := context.WithCancel(context.Background())
	m.died = died
	return ctx
}
