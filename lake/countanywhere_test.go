package lake

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/quoll/quoll/internal/parquetpages"
	"github.com/quoll/quoll/internal/termfilter"
	"github.com/quoll/quoll/schema"
)

// Who no longer waits ends the look into documents within a row group: each of many texts is
// looked for in all of them.
func TestDocumentsAreLookedIntoAsLongAsSomebodyWaits(t *testing.T) {
	l, _ := actsLake(t, rand.New(rand.NewPCG(6, 3)), 10_000)
	set, err := l.Acquire(schema.UnifiedAuditLog)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Release()
	file := set.Files[slices.IndexFunc(set.Files, File.lasting)]
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	first, further := 0, 0
	looks := func(looked *int, then func()) Only {
		return Only{Column: "Record", Document: func([]byte) (holds, known bool) { *looked++; then(); return false, true }}
	}
	counts, err := NewCounts(&Counting{Only: []Only{{Any: []Only{looks(&first, cancel), looks(&further, func() {})}}}, Groups: 10})
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Count(ctx, file, nil, true, Between{}, counts); !errors.Is(err, context.Canceled) || first == 0 || further > 0 {
		t.Errorf("%v after looking into %d documents, and into %d that nobody waited for", err, first, further)
	}
}

// However many conditions are asked of a document, the column is gone through once.
func TestDocumentsAreUnpackedOnce(t *testing.T) {
	l, _ := actsLake(t, rand.New(rand.NewPCG(6, 4)), 10_000)
	set, err := l.Acquire(schema.UnifiedAuditLog)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Release()
	file := set.Files[slices.IndexFunc(set.Files, File.lasting)]
	var looked [3]int64
	looks := func(i int) Only {
		return Only{Column: "Record", Document: func([]byte) (holds, known bool) { looked[i]++; return looked[i]%3 == 0, true }}
	}
	any := Only{Any: []Only{looks(0), {Any: []Only{{Column: "UserId", Holds: func(text string) bool { return text == "u0" }}, looks(1)}}, looks(2)}}
	counts, err := NewCounts(&Counting{Only: []Only{any}, Groups: 10})
	if err != nil {
		t.Fatal(err)
	}
	asked, chunk := 0, counts.only.chunk
	counts.only.chunk = func(number int, column string) (*parquetpages.Chunk, error) {
		if column == "Record" {
			asked++
		}
		return chunk(number, column)
	}
	if err := set.Count(t.Context(), file, nil, true, Between{}, counts); err != nil || asked != 1 {
		t.Errorf("%v after going through documents %d times", err, asked)
	}
	// Those that met a condition are not asked for another.
	if looked[0] == 0 || looked[0] >= file.Rows || looked[1] != looked[0]-looked[0]/3 || looked[2] != looked[1]-looked[1]/3 {
		t.Errorf("looked into %v documents of %d rows", looked, file.Rows)
	}
}

// Of files of which nobody knows where texts are, more rows than an engine reads as quickly are
// left to it.
func TestManyRowsOfFilesWithoutHomesAreNotCounted(t *testing.T) {
	l, _ := actsLake(t, rand.New(rand.NewPCG(6, 5)), 10_000)
	set, err := l.Acquire(schema.UnifiedAuditLog)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Release()
	file := set.Files[slices.IndexFunc(set.Files, File.lasting)]
	file.terms = &fileTerms{known: true} // it has none
	any := Only{Text: termfilter.Text("10.0.0.7", true, true, false), Any: []Only{{Column: "UserId", Holds: func(string) bool { return true }}}}
	counts, err := NewCounts(&Counting{Only: []Only{any}, Groups: 10})
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Count(t.Context(), file, nil, true, Between{}, counts); err != nil || counts.groups[0].rows != file.Rows {
		t.Errorf("%v of %d rows, %v", counts.groups, file.Rows, err)
	}
	counts.only.unplaced = maxUnplaced - file.Rows + 1
	if err := set.Count(t.Context(), file, nil, true, Between{}, counts); !errors.Is(err, ErrNotCountable) {
		t.Errorf("%d rows are gone through: %v", counts.only.unplaced, err)
	}
}
