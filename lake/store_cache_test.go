package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/quoll/quoll/internal/objectstore/storetest"
	"github.com/quoll/quoll/schema"
)

// TestTheCacheOfALake is smaller than what is in the lake: readers get the files they
// ask for, and those that ask for too many are told.
func TestTheCacheOfALake(t *testing.T) {
	store := storetest.NewMemory()
	config := storedConfig(t.TempDir(), store)
	config.Store.CacheBytes = 1 << 20
	l := opens(t, config)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 6 { // files of some 260 KiB
		var wide strings.Builder
		for range 30000 {
			fmt.Fprint(&wide, r.Uint64(), " ")
		}
		rec := auditRecord(i, 0, noon.AddDate(0, 0, i), false)
		rec.Rows[0].Cells = append(rec.Rows[0].Cells, row(schema.UnifiedAuditLog, "ObjectId", schema.String(wide.String())).Cells...)
		apply(t, l, Batch{Position: uint64(i + 1), Ingested: noon, Records: []schema.Record{rec}})
		flush(t, l)
	}
	set, err := l.Acquire(schema.UnifiedAuditLog)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Release()
	if err := set.Fetch(t.Context(), set.Files); !errors.Is(err, ErrCacheFull) {
		s, _ := l.Store()
		t.Fatalf("all: %v, %+v", err, s)
	}
	for i, f := range set.Files {
		one, err := l.Acquire(schema.UnifiedAuditLog)
		if err != nil {
			t.Fatal(err)
		}
		if err := one.Fetch(t.Context(), set.Files[i:i+1]); err != nil {
			t.Fatal(err)
		}
		if n := len(readParquet(t, f.Path)); n != 1 {
			t.Errorf("%d rows", n)
		}
		one.Release()
	}
	if s, ok := l.Store(); !ok || s.HeldBytes != 0 || s.CacheBytes > config.Store.CacheBytes || s.Fetched == 0 || !strings.HasPrefix(s.URI, "s3://bucket/some/lake-") {
		t.Errorf("%+v", s)
	}
	// Other engines are told where a table is by a file beside its metadata.
	hint, err := below{store, ""}.read(filepath.Base(l.files.root) + "/UnifiedAuditLog/metadata/" + hintName)
	if at := l.tables[schema.UnifiedAuditLog].iceberg.MetadataLocation(); err != nil || !strings.HasSuffix(at, "/UnifiedAuditLog/metadata/"+string(hint)+".metadata.json") {
		t.Errorf("%q, %v; want %s", hint, err, at)
	}
}

// TestASlowStoreHoldsNobodyUp lets an upload hang while rows come and are read.
func TestASlowStoreHoldsNobodyUp(t *testing.T) {
	slow := &slowStore{Objects: storetest.NewMemory(), hanging: make(chan struct{}, 1), goOn: make(chan struct{})}
	l := opens(t, storedConfig(t.TempDir(), slow))
	apply(t, l, batchOf(1))
	slow.slow.Store(true)
	done := make(chan error)
	go func() { done <- l.Flush(context.Background()) }()
	<-slow.hanging
	apply(t, l, batchOf(2))
	rowsAre(t, l, 2, "while an upload hangs")
	slow.slow.Store(false)
	close(slow.goOn)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if l.Position() != 1 {
		t.Errorf("position %d", l.Position())
	}
	rowsAre(t, l, 2, "afterwards")
}

// slowStore hangs in uploads while it is slow.
type slowStore struct {
	Objects
	slow    atomic.Bool
	hanging chan struct{}
	goOn    chan struct{}
}

func (s *slowStore) Upload(ctx context.Context, name string, body io.ReadSeeker, size int64) error {
	if s.slow.Load() {
		select {
		case s.hanging <- struct{}{}:
		default:
		}
		<-s.goOn
	}
	return s.Objects.Upload(ctx, name, body, size)
}
