package collect

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
)

// Changes share transactions; one that fails, or whose caller has gone, must
// neither take others with it nor leave anything of itself.
func TestSharedTransactionsKeepChangesApart(t *testing.T) {
	l := openLedger(t)
	const blobs = 150
	var entries []Listing
	for i := range blobs {
		entries = append(entries, listing(fmt.Sprint("blob", i), day0))
	}
	_, err := l.Listed(t.Context(), exchange, day0, entries)
	must(t, err)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	var group sync.WaitGroup
	for i := range blobs {
		group.Go(func() {
			if err := l.Journalled(t.Context(), exchange, fmt.Sprint("blob", i), Receipt{Records: 3, Size: 10, At: day0}); err != nil {
				t.Errorf("blob %d: %v", i, err)
			}
		})
		group.Go(func() {
			if err := l.Journalled(t.Context(), exchange, fmt.Sprint("unknown", i), Receipt{Records: 1000, At: day0}); !errors.Is(err, ErrNotOutstanding) {
				t.Errorf("a blob that was never listed: %v", err)
			}
		})
		group.Go(func() {
			other := Stream{fmt.Sprint("tenant", i), "Audit.General"}
			if err := l.Journalled(gone, other, "x", Receipt{}); err == nil {
				t.Error("a caller that has gone got its change through")
			}
		})
	}
	group.Wait()
	status, err := l.Status(t.Context(), exchange, day0)
	must(t, err)
	if c := status.Counts; c.Journalled != blobs || c.Records != 3*blobs || c.Bytes != 10*blobs || c.Backlog() != 0 {
		t.Errorf("the counts are %+v", c)
	}
	streams, err := l.Streams(t.Context())
	must(t, err)
	if len(streams) != 1 {
		t.Errorf("%d streams, want 1: changes that failed left some", len(streams))
	}
}
