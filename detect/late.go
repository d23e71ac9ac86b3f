package detect

import (
	"context"
	"fmt"
	"time"

	"github.com/quoll/quoll/query"
)

// arrival is the span of event times of rows that came in; both ends are zero
// when none did.
type arrival struct{ earliest, latest time.Time }

// join returns the span that covers both.
func (a arrival) join(b arrival) arrival {
	if a.earliest.IsZero() {
		return b
	}
	if b.earliest.IsZero() {
		return a
	}
	if b.earliest.Before(a.earliest) {
		a.earliest = b.earliest
	}
	if b.latest.After(a.latest) {
		a.latest = b.latest
	}
	return a
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
	seen      map[lookKey]arrival
}

// over returns what came into any of the tables after since.
func (l *lookout) over(ctx context.Context, tables []string, since time.Time) (arrival, error) {
	var all arrival
	for _, table := range tables {
		key := lookKey{table, since.UnixMicro()}
		a, ok := l.seen[key]
		if !ok {
			var err error
			if a, err = l.look(ctx, table, since); err != nil {
				return arrival{}, fmt.Errorf("look for late rows in %s: %w", table, err)
			}
			l.seen[key] = a
		}
		all = all.join(a)
	}
	if oldest := l.now.Add(-l.detector.config.LateLimit); !all.earliest.IsZero() && all.earliest.Before(oldest) {
		all.earliest = oldest
	}
	if all.latest.Before(all.earliest) {
		return arrival{}, nil
	}
	return all, nil
}

func (l *lookout) look(ctx context.Context, table string, since time.Time) (arrival, error) {
	const layout = "2006-01-02T15:04:05.000000Z"
	// The table's name comes from the compiled plan of a rule, so it is a
	// name of the schema; it is quoted all the same.
	text := fmt.Sprintf("['%s'] | where ingestion_time() > datetime(%s) and ingestion_time() <= datetime(%s) | summarize Earliest=min(TimeGenerated), Latest=max(TimeGenerated)",
		table, since.UTC().Format(layout), l.upTo.Format(layout))
	limited, cancel := context.WithTimeout(ctx, l.detector.config.QueryTimeout)
	defer cancel()
	result, err := l.detector.querier.Query(limited, query.Request{Text: text, Now: l.now})
	if err != nil {
		return arrival{}, err
	}
	if len(result.Rows) != 1 || len(result.Rows[0]) != 2 {
		return arrival{}, fmt.Errorf("%d rows instead of one", len(result.Rows))
	}
	earliest, ok := result.Rows[0][0].(time.Time)
	latest, both := result.Rows[0][1].(time.Time)
	if !ok || !both {
		return arrival{}, nil
	}
	return arrival{earliest, latest}, nil
}
