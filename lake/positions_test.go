package lake

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/quoll/quoll/schema"
)

// Files that have rows beyond the last wanted position alone are not read, also where
// it is Iceberg that says what they have.
func TestPositionsUpToOne(t *testing.T) {
	dir := t.TempDir()
	l := openLake(t, dir)
	for position := 1; position <= 3; position++ {
		apply(t, l, Batch{Position: uint64(position), Ingested: noon, Records: []schema.Record{auditRecord(position, 0, noon, false)}})
		flush(t, l)
	}
	for _, f := range l.tables[schema.UnifiedAuditLog].files.files {
		if f.firstPosition == 3 {
			flip(t, f.Path, 100)
		}
	}
	for range 2 {
		var found []uint64
		use := func(position uint64) { found = append(found, position) }
		err := l.Positions(t.Context(), 2, use)
		if slices.Sort(found); err != nil || !slices.Equal(found, []uint64{1, 2}) {
			t.Errorf("%v, %v", found, err)
		}
		if err := l.Positions(t.Context(), math.MaxUint64, use); !errors.Is(err, ErrDamaged) {
			t.Errorf("a file that is damaged: %v", err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = openLake(t, dir)
	}
}
