package incident

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/quoll/quoll/model"
)

// Change is what a person does to an incident. A nil field stays as it is.
type Change struct {
	Author         string
	Status         *model.IncidentStatus
	Owner          *string
	Classification *model.Classification
	Severity       *model.Severity
	Comment        string
	Tags           []string // to add
	Task           string   // the title of one to add
	// Automated is what automation did, for the timeline. Changes that have it make
	// no automation run.
	Automated string
	// Once is the key of a change that is made once, however often it is asked for;
	// empty: each time.
	Once string
}

// maxComment bounds a comment, in bytes.
const maxComment = 32 << 10

// Update makes a change and notes it in the timeline, all or nothing. The
// error is ErrNotFound or wraps ErrInvalidChange where the caller is wrong.
func (s *Store) Update(ctx context.Context, number int64, c Change) error {
	if err := c.validate(); err != nil {
		return fmt.Errorf("update incident %d: %w", number, err)
	}
	return s.inTransaction(ctx, fmt.Sprintf("update incident %d", number), func(tx *sql.Tx) error {
		var old model.Incident
		err := tx.QueryRowContext(ctx, `SELECT status, owner, classification, severity FROM incident WHERE number=?`, number).
			Scan(&old.Status, &old.Owner, &old.Classification, &old.Severity)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		if first, err := s.first(ctx, tx, c.Once); err != nil || !first {
			return err
		}
		return s.apply(ctx, tx, number, old, c)
	})
}

func (c Change) validate() error {
	if c.Status != nil && !slices.Contains([]model.IncidentStatus{model.IncidentNew, model.IncidentActive, model.IncidentClosed}, *c.Status) {
		return fmt.Errorf("%w: status %q; it is New, Active or Closed", ErrInvalidChange, *c.Status)
	}
	known := []model.Classification{model.ClassificationNone, model.ClassificationTruePositive, model.ClassificationBenignPositive, model.ClassificationFalsePositive, model.ClassificationUndetermined}
	if c.Classification != nil && !slices.Contains(known, *c.Classification) {
		return fmt.Errorf("%w: classification %q; it is TruePositive, BenignPositive, FalsePositive, Undetermined or empty", ErrInvalidChange, *c.Classification)
	}
	if c.Severity != nil && c.Severity.Rank() == 0 {
		return fmt.Errorf("%w: severity %q; it is Informational, Low, Medium or High", ErrInvalidChange, *c.Severity)
	}
	for _, tag := range c.Tags {
		if tag == "" || len(tag) > 100 || !utf8.ValidString(tag) {
			return fmt.Errorf("%w: a tag is 1 to 100 bytes of UTF-8", ErrInvalidChange)
		}
	}
	if len(c.Task) > maxTask || !utf8.ValidString(c.Task) {
		return fmt.Errorf("%w: a task has at most %d bytes of UTF-8", ErrInvalidChange, maxTask)
	}
	if len(c.Comment) > maxComment || !utf8.ValidString(c.Comment) {
		return fmt.Errorf("%w: a comment is at most %d bytes of UTF-8", ErrInvalidChange, maxComment)
	}
	return nil
}

func (s *Store) apply(ctx context.Context, tx *sql.Tx, number int64, old model.Incident, c Change) error {
	now := micros(s.now())
	set := func(kind, column, from, to string) error {
		if from == to {
			return nil
		}
		if _, err := tx.ExecContext(ctx, `UPDATE incident SET `+column+`=? WHERE number=?`, to, number); err != nil {
			return fmt.Errorf("set %s: %w", column, err)
		}
		return s.note(ctx, tx, number, kind, c.Author, fmt.Sprintf("%s → %s", orNone(from), orNone(to)))
	}
	if c.Owner != nil {
		if err := set("owner", "owner", old.Owner, *c.Owner); err != nil {
			return err
		}
	}
	if c.Severity != nil {
		if err := set("severity", "severity", string(old.Severity), string(*c.Severity)); err != nil {
			return err
		}
	}
	if c.Classification != nil {
		if err := set("classification", "classification", string(old.Classification), string(*c.Classification)); err != nil {
			return err
		}
	}
	if c.Status != nil {
		if err := set("status", "status", string(old.Status), string(*c.Status)); err != nil {
			return err
		}
		closed := sql.NullInt64{Int64: now, Valid: *c.Status == model.IncidentClosed}
		if _, err := tx.ExecContext(ctx, `UPDATE incident SET closed=? WHERE number=?`, closed, number); err != nil {
			return fmt.Errorf("set closed: %w", err)
		}
	}
	for _, tag := range c.Tags {
		result, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO incident_tag (incident, tag) VALUES (?,?)`, number, tag)
		if err != nil {
			return fmt.Errorf("add tag: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			continue // it has the tag
		}
		if err := s.note(ctx, tx, number, "tag", c.Author, tag); err != nil {
			return err
		}
	}
	if c.Comment != "" {
		if err := s.note(ctx, tx, number, "comment", c.Author, c.Comment); err != nil {
			return err
		}
	}
	if c.Task != "" {
		if err := s.addTask(ctx, tx, number, c.Task, c.Author); err != nil {
			return err
		}
	}
	if c.Automated != "" {
		if err := s.note(ctx, tx, number, "automation", c.Author, c.Automated); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE incident SET updated=? WHERE number=?`, now, number); err != nil {
		return fmt.Errorf("set updated: %w", err)
	}
	return s.putIncident(ctx, tx, number, c.Author)
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}
