package collect

import (
	"fmt"
	"time"
)

// HourState is one word on what is known of an hour of a stream. The hour is
// that of creation at the source, in UTC.
type HourState string

// The states. When several hold, the first of lost, off, silent and complete,
// and then waiting and late, is given; recovered takes the place of lost and off.
const (
	// HourComplete: the source was asked for everything created in the hour,
	// to the last page, at least an overlap after the hour's end, and every
	// blob it named is journalled. More can come only later than that; then the
	// hour is waiting or late again until that is journalled too.
	HourComplete HourState = "complete"
	// HourWaiting: not complete, and it is early: now lies before the hour's
	// end plus the overlap of the listings plus LateAfter.
	HourWaiting HourState = "waiting"
	// HourLate: not complete, and that time has passed. Nothing is lost yet.
	HourLate HourState = "late"
	// HourLost: a gap is recorded in the hour: a blob that expired before it
	// could be fetched, or a span that nobody listed in time. For ever.
	HourLost HourState = "lost"
	// HourSilent: complete, but without a single blob, although each of the two
	// to four weeks before had blobs in this hour and in both beside it.
	HourSilent HourState = "silent"
	// HourOff: for at least a part of the hour the subscription was not known
	// to be enabled: it was seen disabled or missing, or was not started yet.
	// Microsoft offers nothing of such a time, ever.
	HourOff HourState = "off"
	// HourRecovered: lost or off, and a search of the audit log has brought what
	// happened in the hour and in the RecoveryReach before it. The gap stays
	// recorded.
	HourRecovered HourState = "recovered"
)

// LateAfter is how long after its end plus the overlap of the listings an hour
// may stay open before it is late: polls, retries and fetching take time.
const LateAfter = 2 * time.Hour

// Hour is what is known of one hour of a stream.
type Hour struct {
	Start  time.Time
	State  HourState
	Detail string    // why it is not complete, in a few words; may be empty
	Closed time.Time // when it was last found complete or lost; zero while open
	// Feed is the state by what came by the feed alone, without any search.
	Feed HourState
	// Recovered is since when a search covers an hour that is lost or was off;
	// zero when none does.
	Recovered time.Time
	// Listed counts blobs; Journalled and Expired are those of them that are
	// settled. Records and Bytes are what is in the journalled ones.
	Listed, Journalled, Expired, Records, Bytes int64
	Root                                        [32]byte // of the closed hour's blobs, see BlobLeaf
}

// Calendar is the hours of one stream in a span of time, the earliest first.
// Hours before Since and hours that have not begun are left out: nothing is
// known of them.
type Calendar struct {
	Stream Stream
	// Name is that of the collector, as in Status, where a tenant may have several
	// of a kind; empty for the ledger's streams.
	Name  string
	Since time.Time // the first hour that was listed whole, or before that the one in which the subscription was first looked at; zero before that
	Hours []Hour
}

// span is a half-open span of time with a reason.
type span struct {
	Window
	reason string
}

func overlapping(spans []span, w Window) (reason string, ok bool) {
	for _, s := range spans {
		if s.From.Before(w.To) && w.From.Before(s.To) {
			return s.reason, true
		}
	}
	return "", false
}

// evidence is what the states of a stream's hours are judged by.
type evidence struct {
	now           time.Time
	listedThrough time.Time
	overlap       time.Duration
	gaps          []span
	off           []span
	searched      []search
}

// judge gives an hour its state. silent matters only when the hour is closed, open
// only when it is not.
func (e *evidence) judge(h *Hour, silent bool, open *openHour) {
	e.judgeFeed(h, silent, open)
	h.Feed = h.State
	e.recover(h)
}

// judgeFeed judges by what came by the feed.
func (e *evidence) judgeFeed(h *Hour, silent bool, open *openHour) {
	w := Window{h.Start, h.Start.Add(time.Hour)}
	if h.Expired > 0 {
		h.State, h.Detail = HourLost, fmt.Sprintf("%s expired before being fetched", count(h.Expired, "blob"))
		return
	}
	if reason, ok := overlapping(e.off, w); ok {
		h.State, h.Detail = HourOff, reason
		return
	}
	if reason, ok := overlapping(e.gaps, w); ok {
		h.State, h.Detail = HourLost, reason
		return
	}
	if !h.Closed.IsZero() {
		h.State = HourComplete
		if silent {
			h.State, h.Detail = HourSilent, "no content, though every one of the weeks before had some"
		}
		return
	}
	h.State = HourWaiting
	if !e.now.Before(w.To.Add(e.overlap + LateAfter)) {
		h.State = HourLate
	}
	switch {
	case open.outstanding > 0:
		h.Detail = open.why()
	case e.listedThrough.Before(w.To) && e.now.After(w.To):
		h.Detail = "not listed to its end yet"
	case open.rechecks > 0:
		h.Detail = fmt.Sprintf("%s to be fetched once more", count(open.rechecks, "blob"))
	case e.now.Before(w.To):
		h.Detail = "not over yet"
	default:
		h.Detail = fmt.Sprintf("to be listed once more, %s after its end", e.overlap)
	}
}

// triesTold is after how many tries in vain the calendar says what the trouble is:
// one or two are ordinary.
const triesTold = 3

// why says in words what the hour waits for that is not fetched.
func (t *openHour) why() string {
	detail := fmt.Sprintf("%s not fetched yet", count(t.outstanding, "blob"))
	if t.tries < triesTold || t.trouble == "" {
		return detail
	}
	if t.outstanding > 1 {
		return fmt.Sprintf("%s; one was tried %d times, the last: %s", detail, t.tries, t.trouble)
	}
	return fmt.Sprintf("%s; tried %d times, the last: %s", detail, t.tries, t.trouble)
}

const (
	week = 7 * 24 * time.Hour
	// An empty hour is unusual when at least fewestWeeks of the mostWeeks before
	// are known, and none of them was empty in the same hour or beside it.
	fewestWeeks, mostWeeks = 2, 4
)

// Unusual says whether the weeks before an empty hour let one expect content in
// it. listed is how many blobs an hour had, if that is known.
func Unusual(hour time.Time, listed func(time.Time) (n int64, known bool)) bool {
	weeks := 0
	for weeks < mostWeeks {
		at := hour.Add(-time.Duration(weeks+1) * week)
		for beside := -1; beside <= 1; beside++ {
			n, known := listed(at.Add(time.Duration(beside) * time.Hour))
			if !known {
				return weeks >= fewestWeeks
			}
			if n == 0 {
				return false
			}
		}
		weeks++
	}
	return true
}

func count(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// ceilHour rounds up to a full hour.
func ceilHour(t time.Time) time.Time {
	if floor := t.Truncate(time.Hour); !floor.Equal(t) {
		return floor.Add(time.Hour)
	}
	return t
}
