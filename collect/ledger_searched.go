package collect

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// RecoveryReach is how long before an hour of content its records may have
// happened: a search recovers the hour when it covers as much before it.
// Microsoft offers a record within 60 to 90 minutes as a rule, and names 24
// hours as what can happen.
const RecoveryReach = 24 * time.Hour

// Searched records that everything of a tenant that happened in w was brought
// by a search of the audit log. Lost hours that it covers are recovered from
// then on; the gaps themselves stay recorded.
func (l *Ledger) Searched(ctx context.Context, tenant string, w Window, now time.Time) error {
	_, err := l.db.ExecContext(ctx, `
		INSERT INTO collect_searched (tenant, searched_from, searched_to, recorded) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		tenant, micros(w.From), micros(w.To), micros(now))
	if err != nil {
		return fmt.Errorf("ledger: record a search of %s: %w", tenant, err)
	}
	return nil
}

// search is a span of time without holes that was searched, and since when that
// is so of all of it.
type search struct {
	Window
	recorded time.Time
}

// searches returns what was searched that touches w, adjoining spans as one.
func (l *Ledger) searches(ctx context.Context, tenant string, w Window) ([]search, error) {
	rows, err := l.db.QueryContext(ctx, `
		SELECT searched_from, searched_to, recorded FROM collect_searched
		WHERE tenant = ? AND searched_from <= ? AND searched_to >= ? ORDER BY searched_from`,
		tenant, micros(w.To), micros(w.From))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []search
	for rows.Next() {
		var from, to, recorded sql.NullInt64
		if err := rows.Scan(&from, &to, &recorded); err != nil {
			return nil, err
		}
		next := search{Window{moment(from), moment(to)}, moment(recorded)}
		if n := len(all); n > 0 && !next.From.After(all[n-1].To) {
			last := &all[n-1]
			if next.To.After(last.To) {
				last.To, last.recorded = next.To, later(last.recorded, next.recorded)
			}
			continue
		}
		all = append(all, next)
	}
	return all, rows.Err()
}

// recover turns an hour that is lost, or was off, into a recovered one where a
// search covers it.
func (e *evidence) recover(h *Hour) {
	if h.State != HourLost && h.State != HourOff {
		return
	}
	from, to := h.Start.Add(-RecoveryReach), h.Start.Add(time.Hour)
	for _, s := range e.searched {
		if !s.From.After(from) && !s.To.Before(to) {
			h.Recovered = s.recorded
			h.Detail = fmt.Sprintf("%s; a search of the audit log brought what happened in this time on %s", h.Detail, s.recorded.Format(time.DateOnly))
			h.State = HourRecovered
			return
		}
	}
}
