package collect

import (
	"slices"
	"sync"
	"time"

	"github.com/quoll/quoll/internal/histogram"
)

// LagStage is a part of the way of a record.
type LagStage string

// The stages. The first two are of payloads whose creation at the source is
// known: those of the Management Activity API, fetched by this process.
const (
	EventToAvailable      LagStage = "eventToAvailable"      // it happened, until its blob was created at the source
	AvailableToJournalled LagStage = "availableToJournalled" // until the blob was fetched
	JournalledToVisible   LagStage = "journalledToVisible"   // until queries see it
	EventToVisible        LagStage = "eventToVisible"        // all of it
)

// LagStages are all stages, in order.
var LagStages = []LagStage{EventToAvailable, AvailableToJournalled, JournalledToVisible, EventToVisible}

// LagSummary is how long a stage took for the records of a stream that became
// visible in a span of time. Quantiles are off by an eighth at most.
type LagSummary struct {
	Records            uint64
	P50, P90, P99, Max time.Duration
}

// Lags measures how long records take, by stream and stage, over the last hour
// and the last day. Its memory is bounded: 17 KiB a stream at most, and 2 MiB
// for what is under way. It is safe for concurrent use, and forgets everything
// when the process ends. A nil *Lags measures nothing.
type Lags struct {
	mu      sync.Mutex
	streams map[Stream]*streamLags
	// created is when what was journalled last was created at the source; order
	// is that of arrival, so that the oldest can make room.
	created map[lagKey]time.Time
	order   []lagKey
}

type lagKey struct {
	Stream
	contentID string
}

type streamLags struct {
	hour, day [4]*histogram.Window // by the place in LagStages
}

// underWay bounds the blobs whose creation is remembered.
const underWay = 8192

// NewLags returns a Lags that has measured nothing.
func NewLags() *Lags {
	return &Lags{streams: map[Stream]*streamLags{}, created: map[lagKey]time.Time{}}
}

// Available notes when a blob that is about to be journalled was created.
func (l *Lags) Available(s Stream, contentID string, created time.Time) {
	if l == nil || created.IsZero() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key := lagKey{s, contentID}
	if _, ok := l.created[key]; !ok {
		l.order = append(l.order, key)
	}
	l.created[key] = created
	if len(l.order) > underWay {
		delete(l.created, l.order[0])
		l.order = l.order[1:]
	}
}

// Visible measures the records of a payload that has become visible at now. It
// was handed to the journal at received; events are when its records happened.
func (l *Lags) Visible(s Stream, contentID string, received time.Time, events []time.Time, now time.Time) {
	if l == nil || len(events) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// It stays known for a while: a large blob becomes visible in parts.
	created, known := l.created[lagKey{s, contentID}]
	m := l.streams[s]
	if m == nil {
		m = newStreamLags()
		l.streams[s] = m
	}
	n := uint32(len(events))
	if known {
		m.add(1, now, received.Sub(created), n)
	}
	m.add(2, now, now.Sub(received), n)
	for _, event := range events {
		if known {
			m.add(0, now, created.Sub(event), 1)
		}
		m.add(3, now, now.Sub(event), 1)
	}
}

func newStreamLags() *streamLags {
	m := &streamLags{}
	for i := range m.hour {
		m.hour[i], m.day[i] = histogram.NewWindow(time.Hour), histogram.NewWindow(day)
	}
	return m
}

func (m *streamLags) add(stage int, now time.Time, d time.Duration, n uint32) {
	m.hour[stage].Add(now, d, n)
	m.day[stage].Add(now, d, n)
}

// Summary returns what was measured of a stream over the last hour and the last
// day, and up to a quarter more. Stages without records are left out.
func (l *Lags) Summary(s Stream, now time.Time) (hour, day map[LagStage]LagSummary) {
	hour, day = map[LagStage]LagSummary{}, map[LagStage]LagSummary{}
	if l == nil {
		return hour, day
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.streams[s]
	if m == nil {
		return hour, day
	}
	for i, stage := range LagStages {
		summarise(hour, stage, m.hour[i].Sum(now))
		summarise(day, stage, m.day[i].Sum(now))
	}
	return hour, day
}

// ContentTypes returns the content types and tables of a tenant of which
// something was measured, in order.
func (l *Lags) ContentTypes(tenant string) []string {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var names []string
	for s := range l.streams {
		if s.Tenant == tenant {
			names = append(names, s.ContentType)
		}
	}
	slices.Sort(names)
	return names
}

func summarise(into map[LagStage]LagSummary, stage LagStage, h histogram.Histogram) {
	if h.Count() > 0 {
		into[stage] = LagSummary{h.Count(), h.Quantile(0.5), h.Quantile(0.9), h.Quantile(0.99), h.Max()}
	}
}
