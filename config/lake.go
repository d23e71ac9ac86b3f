package config

import (
	"bytes"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/quoll/quoll/internal/objectstore"
	"github.com/quoll/quoll/lake"
)

// lakeSection is how the rows are kept.
type lakeSection struct {
	CompactShare  float64 `yaml:"compact_share"`
	CompactMemory int64   `yaml:"compact_memory_mib"`
	// Store is read anew by commands that know the data directory alone.
	Store yaml.Node `yaml:"store"`
}

// LakeStore is the object store that has the files of the tables.
type LakeStore struct {
	ObjectStore
	// CacheBytes bounds the files of the store that are on the disk as well.
	CacheBytes int64
	// Text is what was written, for ReadLakeStore; it names files and variables, and no
	// secret. Relative paths in it are relative to Dir.
	Text, Dir string
}

type lakeStoreSection struct {
	CacheMiB     int64 `yaml:"cache_mib"`
	storeSection `yaml:",inline"`
}

const (
	defaultCacheMiB = 10 << 10
	leastCacheMiB   = 64
)

// ReadLakeStore reads what LakeStore.Text is.
func ReadLakeStore(text, dir string, getenv func(string) string) (*LakeStore, error) {
	var s lakeStoreSection
	decoder := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&s); err != nil {
		return nil, fmt.Errorf("lake.store: %w", plainly(err))
	}
	b := builder{dir: dir, getenv: getenv}
	store, err := b.store(&s.storeSection, "lake.store")
	if err != nil {
		return nil, fmt.Errorf("lake.store.%w", err)
	}
	mib := or(s.CacheMiB, defaultCacheMiB)
	switch {
	case len(b.problems) > 0:
		return nil, errors.Join(b.problems...)
	case store.Location.Kind == objectstore.KindDirectory:
		return nil, errors.New("lake.store.url: the lake on a disk lies in data_dir; write an address as s3://bucket/prefix or az://account/container/prefix, or leave lake.store out")
	case mib < leastCacheMiB:
		return nil, fmt.Errorf("lake.store.cache_mib: %d is too little; write at least %d", mib, leastCacheMiB)
	}
	return &LakeStore{ObjectStore: store, CacheBytes: mib << 20, Text: text, Dir: dir}, nil
}

func (b *builder) lakeStore(s *lakeSection) *LakeStore {
	if s == nil || s.Store.IsZero() {
		return nil
	}
	text, err := yaml.Marshal(&s.Store)
	if err != nil {
		b.bad("lake.store: %w", err)
		return nil
	}
	store, err := ReadLakeStore(string(text), b.dir, b.getenv)
	if err != nil {
		b.problems = append(b.problems, err)
	}
	return store
}

func (b *builder) lake(s *lakeSection) lake.Config {
	c := lake.DefaultConfig("")
	if s == nil {
		return c
	}
	c.CompactShare = or(s.CompactShare, c.CompactShare)
	if c.CompactShare <= 0 || c.CompactShare > 1 {
		b.bad("lake.compact_share: %v is no share of a core; write a number above 0 and up to 1, such as 0.5", s.CompactShare)
	}
	c.CompactBytes = or(s.CompactMemory<<20, c.CompactBytes)
	if c.CompactBytes < 16<<20 {
		b.bad("lake.compact_memory_mib: %d is too little; write at least 16", s.CompactMemory)
	}
	return c
}
