package eventhub

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// reading is how far a partition was read.
type reading struct {
	next int64 // the offset that comes next; -1 when it is not known
	seen furthest
}

// furthest is the end of what ever came of a partition. It is ahead of where
// reading goes on when a broker has the client start again further back, as one
// does that does not know its own history.
type furthest struct {
	next int64 // the offset behind it; -1 when it is not known
	// at is when the hub took the message before next if exact; otherwise nothing
	// is known but that it was no earlier.
	at    time.Time
	exact bool
}

// gap is offsets that are lost: from From up to, and without, To.
type gap struct {
	from, to int64
	reason   string
	// after and before bound the time at which the hub took what is lost; after is
	// zero when nobody knows.
	after, before time.Time
}

// follow takes records in and finds what is missing before and between them.
// logStart is the first offset that the hub still has, -1 when it does not say. A
// hole that the hub has not deleted is one of its own making, and holds no
// message.
//
// A hub stamps what it takes in the order of the offsets. So what comes with an
// offset that came before is the same again if it is no newer than the furthest
// message; if it is newer, it stands where another one stood.
func (r *reading) follow(records []*kgo.Record, logStart int64) []gap {
	var gaps []gap
	for _, record := range records {
		came, expected := record.Timestamp.UTC(), max(r.next, r.seen.next)
		switch {
		case r.next < 0 || record.Offset == expected:
		case record.Offset < r.seen.next:
			if r.seen.exact && !came.After(r.seen.at) {
				break
			}
			gaps = append(gaps, gap{from: r.seen.next, to: record.Offset, after: r.seen.at, before: came,
				reason: "the hub counts from its start again: it was made anew or has lost messages, and what came last in the old one is not known"})
			r.seen.next = -1
		case record.Offset > expected && (logStart < 0 || expected < logStart):
			gaps = append(gaps, gap{from: expected, to: record.Offset, after: r.seen.at, before: came,
				reason: fmt.Sprintf("%d messages were deleted by the hub's retention before they were read", record.Offset-expected)})
		}
		if r.next = record.Offset + 1; r.next > r.seen.next {
			r.seen = furthest{r.next, came, true}
		}
	}
	return gaps
}
