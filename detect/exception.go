package detect

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/model"
)

// Exception says that something is known to be harmless, so that what rules
// find about it is held back until a day. What it holds back is kept and
// counted.
type Exception struct {
	ID     int64
	RuleID string // empty: every rule
	// Kind and Value name an entity: "Account" and "backup@coast.example". In
	// Value * stands for any text; case does not count. A finding is held back
	// where each of its entities of that kind is meant, and there is one.
	Kind, Value string
	Why, By     string
	At, Expires time.Time // UTC
	// Agreed is the second person. Without one, a rule that watches the watchers
	// heeds the exception not.
	Agreed string
	// Held counts the alerts that there would have been; LastHeld is zero before
	// the first.
	Held     int64
	LastHeld time.Time
}

// Held is an alert that there would have been.
type Held struct {
	RuleID, Name string
	Entities     []model.Entity
	Rows         int
	First, Last  time.Time // when it was found, UTC
}

var (
	// ErrInvalidException wraps what is wrong with an exception.
	ErrInvalidException = errors.New("not valid")
	// ErrUnknownException says that there is none of that number.
	ErrUnknownException = errors.New("no such exception")
)

// maxException is how long an exception lasts at most.
const maxException = 366 * 24 * time.Hour

func (e Exception) check(now time.Time) error {
	switch {
	case !slices.Contains(entityKinds, e.Kind):
		return fmt.Errorf("%w: kind %q; it is one of %s", ErrInvalidException, e.Kind, strings.Join(entityKinds, ", "))
	case len(strings.ReplaceAll(e.Value, "*", "")) < 3:
		return fmt.Errorf("%w: value %q means too much: three characters besides * at least", ErrInvalidException, e.Value)
	case e.Why == "" || e.By == "":
		return fmt.Errorf("%w: say who and why", ErrInvalidException)
	case !e.Expires.After(now) || e.Expires.Sub(now) > maxException:
		return fmt.Errorf("%w: it has to end, within %d days", ErrInvalidException, maxException/(24*time.Hour))
	}
	return nil
}

// AddException keeps an exception and returns its number. Exceptions count
// for what is found from then on.
func AddException(ctx context.Context, db *sql.DB, e Exception, now time.Time) (int64, error) {
	s, err := openStore(ctx, db)
	if err != nil {
		return 0, err
	}
	if err := e.check(now); err != nil {
		return 0, fmt.Errorf("add exception: %w", err)
	}
	result, err := s.db.ExecContext(ctx, `INSERT INTO detect_exception (rule_id, kind, value, why, by, at, expires) VALUES (?,?,?,?,?,?,?)`,
		e.RuleID, e.Kind, e.Value, e.Why, e.By, micro(now), micro(e.Expires))
	if err != nil {
		return 0, fmt.Errorf("add exception: %w", err)
	}
	return result.LastInsertId()
}

// AgreeException makes an exception count for rules that watch the watchers as
// well. It takes another person than the one who added it: ErrSamePerson.
func AgreeException(ctx context.Context, db *sql.DB, id int64, by string) error {
	s, err := openStore(ctx, db)
	if err != nil {
		return err
	}
	var asked string
	err = s.db.QueryRowContext(ctx, `SELECT by FROM detect_exception WHERE id=?`, id).Scan(&asked)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("agree to exception %d: %w", id, ErrUnknownException)
	}
	if err == nil && (by == "" || by == asked) {
		return fmt.Errorf("agree to exception %d, asked for by %s: %w", id, asked, ErrSamePerson)
	}
	if err == nil {
		_, err = s.db.ExecContext(ctx, `UPDATE detect_exception SET agreed=? WHERE id=? AND agreed=''`, by, id)
	}
	if err != nil {
		return fmt.Errorf("agree to exception %d: %w", id, err)
	}
	return nil
}

// RemoveException ends an exception at once. What it held back stays visible.
func RemoveException(ctx context.Context, db *sql.DB, id int64, now time.Time) error {
	s, err := openStore(ctx, db)
	if err != nil {
		return err
	}
	result, err := s.db.ExecContext(ctx, `UPDATE detect_exception SET expires=min(expires, ?) WHERE id=?`, micro(now), id)
	if err != nil {
		return fmt.Errorf("remove exception %d: %w", id, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(fmt.Errorf("remove exception %d: %w", id, ErrUnknownException), err)
	}
	return nil
}

// Exceptions returns all exceptions, those that have ended included, the newest
// first.
func Exceptions(ctx context.Context, db *sql.DB) ([]Exception, error) {
	s, err := openStore(ctx, db)
	if err != nil {
		return nil, err
	}
	return s.exceptions(ctx, time.Time{})
}

// exceptions returns those that end after a time.
func (s *store) exceptions(ctx context.Context, after time.Time) ([]Exception, error) {
	return state.All(ctx, s.db, "read exceptions", func(row state.Row) (e Exception, err error) {
		var at, expires, last int64
		err = row.Scan(&e.ID, &e.RuleID, &e.Kind, &e.Value, &e.Why, &e.By, &at, &expires, &e.Agreed, &e.Held, &last)
		e.At, e.Expires, e.LastHeld = fromMicro(at), fromMicro(expires), fromMicro(last)
		return e, err
	}, `SELECT e.id, e.rule_id, e.kind, e.value, e.why, e.by, e.at, e.expires, e.agreed, count(h.subject), coalesce(max(h.last), 0)
		FROM detect_exception e LEFT JOIN detect_held h ON h.exception = e.id WHERE e.expires > ? GROUP BY e.id ORDER BY e.id DESC`, micro(after))
}

// HeldBack returns what an exception held back, the newest first, at most 500.
func HeldBack(ctx context.Context, db *sql.DB, id int64) ([]Held, error) {
	s, err := openStore(ctx, db)
	if err != nil {
		return nil, err
	}
	return state.All(ctx, s.db, "read what was held back", func(row state.Row) (h Held, err error) {
		var entities []byte
		var first, last int64
		if err := row.Scan(&h.RuleID, &h.Name, &entities, &h.Rows, &first, &last); err != nil {
			return h, err
		}
		h.First, h.Last = fromMicro(first), fromMicro(last)
		return h, json.Unmarshal(entities, &h.Entities)
	}, `SELECT rule_id, name, entities, result_rows, first, last FROM detect_held WHERE exception=? ORDER BY last DESC LIMIT 500`, id)
}

// covers says whether an exception holds back an alert of a rule.
func (e Exception) covers(r *Rule, alert model.Alert) bool {
	if e.RuleID != "" && e.RuleID != r.ID || r.Watches() && e.Agreed == "" {
		return false
	}
	found := false
	for _, entity := range alert.Entities {
		if entity.Kind != e.Kind {
			continue
		}
		found = true
		meant := false
		for _, value := range entity.Identifiers {
			meant = meant || like(strings.ToLower(e.Value), strings.ToLower(value))
		}
		if !meant {
			return false
		}
	}
	return found
}

// like compares a text with a pattern, in which * stands for any text.
func like(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return strings.HasSuffix(text, last)
}

// held keeps a finding that an exception covers, and says whether one did.
func (d *Detector) held(ctx context.Context, r *Rule, f finding, now time.Time) (bool, error) {
	exceptions, err := d.store.exceptions(ctx, now)
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(exceptions, func(e Exception) bool { return e.covers(r, f.alert) })
	if i < 0 {
		return false, nil
	}
	entities, err := json.Marshal(f.alert.Entities)
	if err != nil {
		return false, fmt.Errorf("hold back an alert: %w", err)
	}
	_, err = d.store.db.ExecContext(ctx, `INSERT INTO detect_held (exception, subject, rule_id, name, entities, result_rows, first, last) VALUES (?,?,?,?,?,?,?,?)
		ON CONFLICT (exception, subject) DO UPDATE SET last=excluded.last, result_rows=max(result_rows, excluded.result_rows)`,
		exceptions[i].ID, f.subject, r.ID, f.alert.Name, string(entities), f.alert.Evidence.Total, micro(now), micro(now))
	if err != nil {
		return false, fmt.Errorf("hold back an alert: %w", err)
	}
	return true, nil
}
