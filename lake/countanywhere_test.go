package lake

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

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
