package detect

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
)

// BacktestResult is what a rule would have found in a period.
type BacktestResult struct {
	Windows int
	Failed  int    // windows whose query failed
	Error   string // of the first of these
	Rows    int64  // of all results
	Alerts  []model.Alert
}

// kept is a Sink that keeps alerts in memory.
type kept struct {
	alerts map[string]*model.Alert
	order  []string
}

func (k *kept) Raise(_ context.Context, a model.Alert) error {
	if k.alerts[a.ID] == nil {
		k.order = append(k.order, a.ID)
	}
	k.alerts[a.ID] = &a
	return nil
}

func (k *kept) Alert(_ context.Context, id string) (*model.Alert, error) {
	if a := k.alerts[id]; a != nil {
		again := *a
		again.Evidence.Rows = slices.Clone(a.Evidence.Rows)
		return &again, nil
	}
	return nil, fmt.Errorf("no alert %s", id)
}

// Backtest evaluates the windows of a rule that end in (from, to], as its
// schedule would have, and returns the alerts it would have raised; suppression
// is left out. With quick, windows are left out as far as the others leave no
// instant out. Alerts of overlapping windows are one, as in operation. scratch
// is an empty database for what is remembered meanwhile; progress may be nil.
func Backtest(ctx context.Context, scratch *sql.DB, r *Rule, querier Querier, from, to time.Time, quick bool, timeout time.Duration, progress func(done, total int)) (*BacktestResult, error) {
	sink := &kept{alerts: map[string]*model.Alert{}}
	d, err := New(ctx, DefaultConfig(), scratch, []*Rule{r}, querier, sink, clock.System(), slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	if _, err := querier.Expect(ctx, r.Query, time.Duration(r.QueryPeriod)); err != nil {
		return nil, fmt.Errorf("rule %q: %w", r.Name, err)
	}
	most := int(to.Sub(from)/time.Duration(r.QueryFrequency)) + 1
	if quick {
		most = 0
	}
	windows := r.cover(from, gridBefore(to, time.Duration(r.QueryFrequency)), most)
	result := &BacktestResult{}
	for i, w := range windows {
		if progress != nil {
			progress(i, len(windows))
		}
		_, rows, err := d.evaluate(ctx, r, w, w.End, timeout)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		result.Windows++
		result.Rows += int64(rows)
		if err != nil {
			if result.Failed++; result.Failed == 1 {
				result.Error, _, _ = strings.Cut(err.Error(), "\n")
			}
		}
	}
	for _, id := range sink.order {
		result.Alerts = append(result.Alerts, *sink.alerts[id])
	}
	return result, nil
}
