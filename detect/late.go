package detect

import (
	"context"
	"fmt"
	"slices"
	"sync"
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

	mu   sync.Mutex
	seen map[lookKey]*looking
}

// looking is a question that was put to the engine.
type looking struct {
	done  chan struct{} // closed when the answer is there
	found arrival
	err   error
}

// over returns what came into any of the tables after since.
func (l *lookout) over(ctx context.Context, tables []string, since time.Time) (arrival, error) {
	var all arrival
	for _, table := range tables {
		key := lookKey{table, since.UnixMicro()}
		a, err := l.once(ctx, key, since)
		if err != nil {
			return nil, fmt.Errorf("look for late rows in %s: %w", table, err)
		}
		all = all.join(a)
	}
	oldest := l.now.Add(-l.detector.config.LateLimit)
	return slices.DeleteFunc(all, func(m time.Time) bool { return m.Before(oldest) }), nil
}

// once puts a question to the engine that is not put yet, and waits for the answer.
// One that failed is put again.
func (l *lookout) once(ctx context.Context, key lookKey, since time.Time) (arrival, error) {
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
