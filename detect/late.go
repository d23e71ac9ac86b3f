package detect

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/quoll/quoll/query"
)

// arrival is the minutes, sorted, into which the event times of rows fall that
// came in.
type arrival []time.Time

// join returns the minutes of both.
func (a arrival) join(b arrival) arrival {
	all := slices.Concat(a, b)
	slices.SortFunc(all, time.Time.Compare)
	return slices.CompactFunc(all, time.Time.Equal)
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
				return nil, fmt.Errorf("look for late rows in %s: %w", table, err)
			}
			l.seen[key] = a
		}
		all = all.join(a)
	}
	oldest := l.now.Add(-l.detector.config.LateLimit)
	return slices.DeleteFunc(all, func(m time.Time) bool { return m.Before(oldest) }), nil
}

func (l *lookout) look(ctx context.Context, table string, since time.Time) (arrival, error) {
	const layout = "2006-01-02T15:04:05.000000Z"
	// The table's name comes from the compiled plan of a rule, so it is a
	// name of the schema; it is quoted all the same.
	text := fmt.Sprintf("['%s'] | where ingestion_time() > datetime(%s) and ingestion_time() <= datetime(%s) | distinct Minute=bin(TimeGenerated, 1m)",
		table, since.UTC().Format(layout), l.upTo.Format(layout))
	limited, cancel := context.WithTimeout(ctx, l.detector.config.QueryTimeout)
	defer cancel()
	result, err := l.detector.querier.Query(limited, query.Request{Text: text, Now: l.now})
	if err != nil {
		return nil, err
	}
	minutes := arrival{}
	for _, row := range result.Rows {
		if m, ok := row[0].(time.Time); ok {
			minutes = append(minutes, m)
		}
	}
	slices.SortFunc(minutes, time.Time.Compare)
	return minutes, nil
}
