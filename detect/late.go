package detect

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/quoll/quoll/query"
)

// arrival is the rows of a table that came in, in short.
type arrival struct {
	// minutes are those into which the event times of rows fall, by what kind of rows
	// they are: the value of the table's key. They are under the empty one where it
	// has none, or is not known.
	minutes map[string][]time.Time
	keys    map[string]bool // but the empty one
}

// of returns the minutes of the rows that an interest looks at, not sorted.
func (a *arrival) of(ctx context.Context, d *Detector, it *query.Interest) ([]time.Time, error) {
	var met map[string]bool
	if it.Key != "" && len(a.keys) > 0 {
		var err error
		if met, err = d.known.meeting(ctx, d.querier, it, a.keys); err != nil {
			return nil, err
		}
	}
	var minutes []time.Time
	for key, of := range a.minutes {
		if key == "" || it.Key == "" || met[key] {
			minutes = append(minutes, of...)
		}
	}
	return minutes, nil
}

type lookKey struct {
	table string
	since int64
}

// lookout looks for late rows during one tick. Rules mostly ask the same, so
// each question is put to the engine once.
type lookout struct {
	detector  *Detector
	now, upTo time.Time

	mu   sync.Mutex
	seen map[lookKey]*looking
}

// looking is a question that was put to the engine.
type looking struct {
	done  chan struct{} // closed when the answer is there
	found *arrival
	err   error
}

// over returns the minutes, sorted, of what came in after since that a rule looks
// at. Rows of which it looks at none change nothing of what it finds.
func (l *lookout) over(ctx context.Context, reads []*query.Interest, since time.Time) ([]time.Time, error) {
	oldest := l.now.Add(-l.detector.config.LateLimit)
	all := map[time.Time]bool{}
	for _, it := range reads {
		found, err := l.once(ctx, lookKey{it.Table, since.UnixMicro()}, since)
		if err != nil {
			return nil, fmt.Errorf("look for late rows in %s: %w", it.Table, err)
		}
		minutes, err := found.of(ctx, l.detector, it)
		if err != nil {
			return nil, fmt.Errorf("look for late rows in %s: %w", it.Table, err)
		}
		for _, m := range minutes {
			if !m.Before(oldest) {
				all[m] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(all), time.Time.Compare), nil
}

// once puts a question to the engine that is not put yet, and waits for the answer.
// One that failed is put again.
func (l *lookout) once(ctx context.Context, key lookKey, since time.Time) (*arrival, error) {
	l.mu.Lock()
	asked, ok := l.seen[key]
	if !ok {
		asked = &looking{done: make(chan struct{})}
		l.seen[key] = asked
	}
	l.mu.Unlock()
	if ok {
		select {
		case <-asked.done:
			return asked.found, asked.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	asked.found, asked.err = l.look(ctx, key.table, since)
	if asked.err != nil {
		l.mu.Lock()
		delete(l.seen, key)
		l.mu.Unlock()
	}
	close(asked.done)
	return asked.found, asked.err
}

// The bounds of what is taken in. Where there is more, as after an absence of days,
// all rules that read the table look again.
const (
	mostKinds = 100_000 // pairs of a minute and a key
	// mostKeys is of different keys. Those that are not known are put into the text of
	// one query, which the engine bounds.
	mostKeys = 4096
	// longestKey is in bytes; a longer one counts as not known.
	longestKey = 128
)

func (l *lookout) look(ctx context.Context, table string, since time.Time) (*arrival, error) {
	const layout = "2006-01-02T15:04:05.000000Z"
	// Names come from the compiled plan of a rule, so they are names of the
	// schema; they are quoted all the same.
	text := fmt.Sprintf("['%s'] | where ingestion_time() > datetime(%s) and ingestion_time() <= datetime(%s) | distinct Minute=bin(TimeGenerated, 1m)",
		table, since.UTC().Format(layout), l.upTo.Format(layout))
	if key := query.KeyColumn(table); key != "" {
		found, err := l.ask(ctx, text+", Key=['"+key+"']", mostKinds)
		if err != nil || found != nil {
			return found, err
		}
	}
	return l.ask(ctx, text, 0)
}

// ask puts the question for minutes, or for minutes and keys. It returns nil where
// there are more of them than most, or too many keys; 0 is no bound.
func (l *lookout) ask(ctx context.Context, text string, most int) (*arrival, error) {
	limited, cancel := context.WithTimeout(ctx, l.detector.config.QueryTimeout)
	defer cancel()
	result, err := l.detector.querier.Query(limited, query.Request{Text: text, Now: l.now, Limits: query.Limits{Rows: most}})
	if err != nil || most > 0 && result.Truncated {
		return nil, err
	}
	found := &arrival{minutes: map[string][]time.Time{}, keys: map[string]bool{}}
	for _, row := range result.Rows {
		key := ""
		if len(row) > 1 {
			key, _ = row[1].(string)
		}
		if len(key) > longestKey {
			key = ""
		}
		if m, ok := row[0].(time.Time); ok {
			found.minutes[key] = append(found.minutes[key], m)
			found.keys[key] = key != ""
		}
	}
	delete(found.keys, "")
	if len(found.keys) > mostKeys {
		return nil, nil
	}
	return found, nil
}
