package lake

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/internal/objectstore"
	"github.com/quoll/quoll/internal/objectstore/treefs"
)

// A lake in an object store. Files of tables and the head, which says which metadata
// file each table is at, are objects below a name that is the lake's own; in the
// folder are the lock, the catalogue, which follows the head, the files of keys, and
// a cache of the store's files at the paths where a lake on the disk has them.

// Objects is what a lake asks of an object store.
type Objects interface {
	treefs.Store
	// Swap replaces the object that has that ETag, or makes it if etag is empty and
	// there is none; objectstore.ErrChanged says that it is another.
	Swap(ctx context.Context, name string, data []byte, etag string) (string, error)
	// Replace writes an object, whether it is there or not; until is not used.
	Replace(ctx context.Context, name string, data []byte, until time.Time) error
}

// Store says that the files of tables are in an object store.
type Store struct {
	Objects Objects
	// URI is what Objects is in the words of Iceberg, without a slash at its end:
	// "s3://bucket/prefix", "abfss://container@account.dfs.core.windows.net/prefix".
	URI string
	// CacheBytes bounds the files of the store that are on the disk as well. A query
	// that reads more than that at once is refused.
	CacheBytes int64
	Random     func() float64 // for the pauses between attempts
	Host       string         // this machine, for the words to a second one
}

func (s *Store) validate() error {
	switch {
	case s == nil:
		return nil
	case s.Objects == nil || s.Random == nil:
		return errors.New("lake: Store.Objects or Store.Random is missing")
	case s.URI == "" || strings.HasSuffix(s.URI, "/"):
		return fmt.Errorf("lake: Store.URI %q is empty or ends with a slash", s.URI)
	case s.CacheBytes < 1<<20:
		return fmt.Errorf("lake: Store.CacheBytes is %d, less than 1 MiB", s.CacheBytes)
	}
	return nil
}

var (
	// ErrTaken is returned once another process has opened the lake of this store,
	// and by whoever finds it in another state than its own catalogue says. Rows stay
	// readable; nothing is written any more.
	ErrTaken = errors.New("another process has taken the lake of this store")
	// ErrCacheFull is returned to who would read more of a store at once than there is
	// room for on the disk.
	ErrCacheFull = treefs.ErrCacheFull
	// ErrOtherStore is returned by Open for a lake whose files are elsewhere than the
	// configuration has them.
	ErrOtherStore = errors.New("the files of the lake are elsewhere")
)

// stops says whether an error ends all writing: nothing is cleared away then, as it
// may be in use.
func stops(err error) bool { return errors.Is(err, ErrUncertain) || errors.Is(err, ErrTaken) }

// Properties of the catalogue's namespace.
const (
	propertyStore    = "quoll.store"    // name of the lake in the store
	propertyReplaces = "quoll.replaces" // name of the lake that this one was built to replace
)

// storeName is the form of the name of a lake in a store.
var storeName = regexp.MustCompile(`^lake-[0-9a-f]{16}$`)

func newStoreName() (string, error) {
	var random [8]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", fmt.Errorf("name a lake: %w", err)
	}
	return "lake-" + hex.EncodeToString(random[:]), nil
}

// openStore finds the lake in its store, or makes it there. Who only looks does not
// take it from whoever writes. Without a store it only sees that there is none.
func (l *Lake) openStore(ctx context.Context, write bool) error {
	name, err := l.cat.property(ctx, propertyStore)
	if err != nil {
		return err
	}
	s := l.config.Store
	if s == nil {
		if name != "" {
			return fmt.Errorf("%w: they are in an object store, as %s; name that store under lake.store", ErrOtherStore, name)
		}
		return nil
	}
	if name == "" && write {
		if name, err = l.createInStore(ctx); err != nil {
			return err
		}
	}
	if !storeName.MatchString(name) {
		return fmt.Errorf("%w: they are on the disk, not in %s; bring them there with quoll replay, or take lake.store out of the configuration", ErrOtherStore, s.URI)
	}
	tree, err := treefs.New(treefs.Config{
		Store: s.Objects, Prefix: name, Disk: cmp.Or[durable.FS](l.config.FS, durable.OS{}), Dir: filepath.Join(l.config.Dir, namespace),
		CacheBytes: s.CacheBytes, Whole: wholeFile, Clock: l.config.Clock, Random: s.Random,
	})
	if err != nil {
		return err
	}
	l.files = syncedFS{disk: tree, tree: tree, root: s.URI + "/" + name, names: l.files.names}
	l.cat.files = l.files
	l.cat.head = &head{objects: s.Objects, name: name + headSuffix, clock: l.config.Clock, random: s.Random, waits: l.waits, ending: l.ending}
	if err := l.cat.head.read(ctx); err != nil {
		return fmt.Errorf("%s/%s: %w", s.URI, name, err)
	}
	if !write {
		return nil
	}
	if err := l.cat.follow(ctx); err != nil {
		return err
	}
	return l.cat.head.take(ctx, s.Host)
}

// createInStore makes the head of a new lake and has the catalogue name it.
func (l *Lake) createInStore(ctx context.Context) (string, error) {
	if old, err := l.cat.empty(ctx); err != nil || !old {
		return "", err
	}
	name, err := newStoreName()
	if err != nil {
		return "", err
	}
	if err := createHead(ctx, l.config.Store.Objects, name); err != nil {
		return "", fmt.Errorf("make a lake in %s: %w", l.config.Store.URI, err)
	}
	if l.config.replaces != "" {
		if err := l.cat.setProperty(ctx, propertyReplaces, l.config.replaces); err != nil {
			return "", err
		}
	}
	return name, l.cat.setProperty(ctx, propertyStore, name)
}

// retire removes from the store the lake that this one has replaced, if it has.
func (l *Lake) retire(ctx context.Context) error {
	if l.config.Store == nil {
		return nil
	}
	old, err := l.cat.property(ctx, propertyReplaces)
	if err != nil || old == "" {
		return err
	}
	if err := removeFromStore(ctx, l.config.Store, old); err != nil {
		return err
	}
	return l.cat.setProperty(ctx, propertyReplaces, "")
}

// removeFromStore removes all objects of a lake, its head last.
func removeFromStore(ctx context.Context, s *Store, name string) error {
	if !storeName.MatchString(name) {
		return fmt.Errorf("remove a lake from %s: %q is no name of one", s.URI, name)
	}
	var names []string
	err := s.Objects.Walk(ctx, name, func(info objectstore.Info) error {
		if info.Name != name+headSuffix {
			names = append(names, info.Name)
		}
		return nil
	})
	for _, n := range append(names, name+headSuffix) {
		if err == nil {
			err = s.Objects.Remove(ctx, n)
		}
	}
	if err != nil {
		return fmt.Errorf("remove %s from %s: %w", name, s.URI, err)
	}
	return nil
}

// wholeFile says what is wrong with a file of the cache. What is no Parquet file has
// no checksum; it was synced before it got its name.
func wholeFile(path string, f durable.File) error {
	if filepath.Ext(path) != ".parquet" {
		return nil
	}
	source, err := sized(f)
	if err != nil {
		return err
	}
	return checkSum(source)
}

// waits notes what the outcome of a commit waits for; empty when it is known.
func (l *Lake) waits(problem string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if problem != "" && l.waiting == "" {
		l.logger.Error("a commit waits for the store; rows stay in memory and in the journal", "error", problem)
	}
	l.waiting = problem
}

// StoreStatus is how a lake in an object store does.
type StoreStatus struct {
	// URI is where the lake is: the folders of the tables are below.
	URI string
	// Problem is what a commit under way waits for, empty otherwise.
	Problem string
	// CacheFiles and CacheBytes are of the store's files that are on the disk, HeldBytes
	// of those that queries read; Fetched counts files that came from the store.
	CacheFiles            int
	CacheBytes, HeldBytes int64
	Fetched               int64
}

// Store returns how the store does, and false for a lake on the disk.
func (l *Lake) Store() (StoreStatus, bool) {
	if l.files.tree == nil {
		return StoreStatus{}, false
	}
	used := l.files.tree.Usage()
	l.mu.Lock()
	defer l.mu.Unlock()
	return StoreStatus{
		URI: l.files.root, Problem: l.waiting, CacheFiles: used.Files, CacheBytes: used.Bytes, HeldBytes: used.Held, Fetched: used.Fetched,
	}, true
}

// Fetch brings files of the set to the disk, where they can be read by their paths
// until Release. On a lake that is on the disk they are there.
func (r *ReadSet) Fetch(ctx context.Context, files []File) error {
	if r.tree == nil || len(files) == 0 {
		return nil
	}
	wanted := make([]treefs.Wanted, len(files))
	for i, f := range files {
		wanted[i] = treefs.Wanted{Path: f.Path, Bytes: f.Bytes}
	}
	release, err := r.tree.Hold(ctx, wanted)
	if err != nil {
		return fmt.Errorf("bring %d files of table %s from the store: %w", len(files), r.Table.Name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = append(r.held, release)
	return nil
}

// letGo is what Release does for files that were fetched.
func (r *ReadSet) letGo() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, release := range r.held {
		release()
	}
	r.held = nil
}

// property returns a property of the namespace, empty if there is none.
func (c *catalog) property(ctx context.Context, key string) (string, error) {
	var value sql.NullString
	err := c.db.QueryRowContext(ctx, `SELECT property_value FROM iceberg_namespace_properties
		WHERE catalog_name = ? AND namespace = ? AND property_key = ?`, catalogName, namespace, key).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read property %s: %w", key, err)
	}
	return value.String, nil
}

func (c *catalog) setProperty(ctx context.Context, key, value string) error {
	_, err := c.db.ExecContext(ctx, `INSERT OR REPLACE INTO iceberg_namespace_properties VALUES (?, ?, ?, ?)`, catalogName, namespace, key, value)
	if err != nil {
		return fmt.Errorf("set property %s: %w", key, err)
	}
	return nil
}

// empty says whether the catalogue has no table.
func (c *catalog) empty(ctx context.Context) (bool, error) {
	var many int
	if err := c.db.QueryRowContext(ctx, `SELECT count(*) FROM iceberg_tables`).Scan(&many); err != nil {
		return false, fmt.Errorf("count tables: %w", err)
	}
	return many == 0, nil
}
