package incident

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/quoll/quoll/model"
)

// Merge makes incidents part of another: their alerts, comments and tags go
// over, and they are closed and point there. All or nothing; the error is
// ErrNotFound or wraps ErrInvalidChange where the caller is wrong.
func (s *Store) Merge(ctx context.Context, into int64, others []int64, author string) error {
	what := fmt.Sprintf("merge into incident %d", into)
	if len(others) == 0 || slices.Contains(others, into) {
		return fmt.Errorf("%s: %w: name other incidents than itself", what, ErrInvalidChange)
	}
	return s.inTransaction(ctx, what, func(tx *sql.Tx) error {
		if err := alone(ctx, tx, into); err != nil {
			return err
		}
		for _, other := range others {
			if err := alone(ctx, tx, other); err != nil {
				return err
			}
			for _, statement := range []string{
				`UPDATE incident_alert SET incident=? WHERE incident=?`,
				`UPDATE incident_happening SET incident=? WHERE incident=? AND kind='comment'`,
				`UPDATE incident_task SET incident=? WHERE incident=?`,
				`INSERT OR IGNORE INTO incident_tag SELECT ?, tag FROM incident_tag WHERE incident=?`,
			} {
				if _, err := tx.ExecContext(ctx, statement, into, other); err != nil {
					return fmt.Errorf("incident %d: %w", other, err)
				}
			}
			if _, err := tx.ExecContext(ctx, `UPDATE incident SET merged_into=?1, status='Closed', closed=coalesce(closed, ?2), updated=?2 WHERE number=?3`,
				into, micros(s.now()), other); err != nil {
				return fmt.Errorf("close incident %d: %w", other, err)
			}
			if err := s.note(ctx, tx, other, "merged", author, fmt.Sprintf("into incident %d", into)); err != nil {
				return err
			}
			if err := s.note(ctx, tx, into, "merged", author, fmt.Sprintf("with incident %d", other)); err != nil {
				return err
			}
			if err := s.putIncident(ctx, tx, other, author); err != nil {
				return err
			}
		}
		return s.settle(ctx, tx, into, author)
	})
}

// alone says that there is an incident of that number and that it is not part
// of another.
func alone(ctx context.Context, tx *sql.Tx, number int64) error {
	d, err := readDetail(ctx, tx, number)
	if err != nil {
		return err
	}
	if d.MergedInto != 0 {
		return fmt.Errorf("%w: incident %d is part of incident %d", ErrInvalidChange, number, d.MergedInto)
	}
	return nil
}

// Split takes alerts out of an incident into a new one, whose number it returns.
// At least one alert has to stay.
func (s *Store) Split(ctx context.Context, number int64, alerts []string, author string) (created int64, err error) {
	err = s.inTransaction(ctx, fmt.Sprintf("split incident %d", number), func(tx *sql.Tx) error {
		if err := alone(ctx, tx, number); err != nil {
			return err
		}
		all, err := readAlerts(ctx, tx, number)
		if err != nil {
			return err
		}
		var taken []model.Alert
		for _, a := range all {
			if slices.Contains(alerts, a.ID) {
				taken = append(taken, a)
			}
		}
		switch {
		case len(taken) != len(alerts) || len(taken) == 0:
			return fmt.Errorf("%w: name alerts of the incident, each once", ErrInvalidChange)
		case len(taken) == len(all):
			return fmt.Errorf("%w: one alert has to stay", ErrInvalidChange)
		}
		if created, err = s.createIncident(ctx, tx, taken[0]); err != nil {
			return err
		}
		for _, a := range taken {
			if _, err := tx.ExecContext(ctx, `UPDATE incident_alert SET incident=? WHERE id=?`, created, a.ID); err != nil {
				return fmt.Errorf("move alert %s: %w", a.ID, err)
			}
		}
		if err := s.note(ctx, tx, created, "split", author, fmt.Sprintf("from incident %d", number)); err != nil {
			return err
		}
		if err := s.note(ctx, tx, number, "split", author, fmt.Sprintf("%d alerts to incident %d", len(taken), created)); err != nil {
			return err
		}
		if err := s.settle(ctx, tx, created, author); err != nil {
			return err
		}
		return s.settle(ctx, tx, number, author)
	})
	return created, err
}

// settle brings activity and severity of an incident in line with the alerts it
// has now. Severity only rises: a person may have set it.
func (s *Store) settle(ctx context.Context, tx *sql.Tx, number int64, author string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE incident SET updated=?,
		first_activity=(SELECT min(started) FROM incident_alert WHERE incident=number),
		last_activity=(SELECT max(ended) FROM incident_alert WHERE incident=number) WHERE number=?`, micros(s.now()), number); err != nil {
		return fmt.Errorf("settle incident %d: %w", number, err)
	}
	alerts, err := readAlerts(ctx, tx, number)
	if err != nil {
		return err
	}
	for _, a := range alerts {
		if err := s.extend(ctx, tx, number, a); err != nil {
			return err
		}
	}
	return s.putIncident(ctx, tx, number, author)
}
