package lake

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/quoll/quoll/schema"
)

// The index says of each table what a map for that table alone would say.
func TestKeyIndexIsAMapForEachTable(t *testing.T) {
	index := newKeyStore()
	const tables = 4 // the last is that of revisions
	var sets [tables]*keySet
	var first [tables - 1]map[schema.Key]schema.Digest
	versions := map[string]bool{}
	for i := range sets {
		sets[i] = newKeySet(index, i, i == tables-1)
		if i < tables-1 {
			first[i] = map[schema.Key]schema.Digest{}
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for step := range 200_000 {
		key := schema.NewKey(fmt.Sprint(r.IntN(20_000)))
		digest := schema.NewDigest([]byte{byte(r.IntN(3))})
		n := r.IntN(tables)
		got, want := sets[n].lookUp(key, digest), unknownRecord
		if n == tables-1 {
			if versions[string(key[:])+string(digest[:])] {
				want = sameRecord
			}
		} else if seen, ok := first[n][key]; ok {
			if want = changedRecord; seen == digest {
				want = sameRecord
			}
		}
		if got != want {
			t.Fatalf("step %d, table %d: %d, want %d", step, n, got, want)
		}
		switch {
		case n == tables-1:
			sets[n].add(key, digest)
			versions[string(key[:])+string(digest[:])] = true
		case want == unknownRecord:
			sets[n].add(key, digest)
			first[n][key] = digest
		}
	}
	for i := range first {
		if sets[i].size() != len(first[i]) {
			t.Errorf("table %d has %d records, want %d", i, sets[i].size(), len(first[i]))
		}
	}
	if sets[tables-1].size() != len(versions) {
		t.Errorf("%d versions, want %d", sets[tables-1].size(), len(versions))
	}
	if n := len(schema.Tables()); n > 32 {
		t.Errorf("%d tables; the index has room for 32", n)
	}
}
