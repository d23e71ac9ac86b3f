// Package intel keeps threat-intelligence indicators: it reads them from STIX 2.1
// bundles, TAXII 2.1 collections and CSV, and words them as rows of Sentinel's
// two tables of indicators.
//
// It must not know how rows are kept or matched: it is given something that
// takes them.
package intel

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/quoll/quoll/internal/state"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrInvalid wraps why something holds no indicators.
var ErrInvalid = errors.New("no indicators")

// Indicator is one observable of one indicator.
type Indicator struct {
	ID      string // at its source
	Source  string
	Key     string // ipv4-addr:value, domain-name:value, file:hashes.'SHA-256', …
	Value   string
	Pattern string // in STIX
	// Confidence is 0 to 100, or -1 where nobody says.
	Confidence            int
	Description           string
	Labels                []string
	TLP                   string // white, green, amber, red, or empty
	Created, Modified     time.Time
	ValidFrom, ValidUntil time.Time // zero: without end
	Revoked               bool
	Raw                   json.RawMessage // as the source gave it
}

// active says whether an indicator counts at a time.
func (i Indicator) active(now time.Time) bool {
	return !i.Revoked && (i.ValidUntil.IsZero() || now.Before(i.ValidUntil))
}

// Skipped is something that was not taken, and why.
type Skipped struct{ ID, Why string }

// RepublishAfter is when an active indicator is written again, so that rules
// that look back two weeks see it, as Sentinel does.
const RepublishAfter = 7 * 24 * time.Hour

// Taker takes rows in model.FormatOwnRows and returns once they are durable.
type Taker func(ctx context.Context, body []byte) error

// Store keeps indicators in the state database. It is safe for concurrent use.
type Store struct {
	db  *sql.DB
	now func() time.Time
}

// Open brings the tables up to date.
func Open(ctx context.Context, db *sql.DB, now func() time.Time) (*Store, error) {
	if err := state.Migrate(ctx, db, "intel", migrations); err != nil {
		return nil, err
	}
	return &Store{db: db, now: now}, nil
}

// maxBatch bounds the indicators whose rows are written at once.
const maxBatch = 500

// Take keeps indicators and writes rows of those that are new or changed. It
// returns how many were. Taking the same again changes nothing; after a crash
// rows may be written again under the same keys.
func (s *Store) Take(ctx context.Context, indicators []Indicator, method string, take Taker) (changed int, err error) {
	indicators = newest(indicators)
	for len(indicators) > 0 {
		batch := indicators[:min(len(indicators), maxBatch)]
		indicators = indicators[len(batch):]
		n, err := s.takeBatch(ctx, batch, method, take)
		if changed += n; err != nil {
			return changed, fmt.Errorf("take indicators: %w", err)
		}
	}
	return changed, nil
}

func (s *Store) takeBatch(ctx context.Context, batch []Indicator, method string, take Taker) (int, error) {
	now := s.now().UTC().Truncate(time.Microsecond)
	news, err := s.news(ctx, batch)
	if err != nil || len(news) == 0 {
		return 0, err
	}
	if err := take(ctx, rows(news, method, now)); err != nil {
		return 0, err
	}
	return len(news), s.keep(ctx, news, now)
}

func (s *Store) keep(ctx context.Context, indicators []Indicator, now time.Time) error {
	return state.Change(ctx, s.db, func(tx *sql.Tx) error {
		for _, i := range indicators {
			body, err := json.Marshal(i)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO intel_indicator (source, id, observable, until, active, digest, body, published) VALUES (?,?,?,?,?,?,?,?)
			ON CONFLICT (source, id, observable) DO UPDATE SET until=excluded.until, active=excluded.active, digest=excluded.digest, body=excluded.body, published=excluded.published`,
				i.Source, i.ID, i.Key+"="+i.Value, state.Micros(i.ValidUntil), !i.Revoked, digest(i), string(body), state.Micros(now)); err != nil {
				return err
			}
		}
		return nil
	})
}

func digest(i Indicator) string {
	body, err := json.Marshal(i)
	if err != nil {
		panic("intel: an indicator that cannot be marshalled: " + err.Error()) // texts, times, and JSON that was read
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16])
}

// Republish writes rows of active indicators that were not written for a week.
func (s *Store) Republish(ctx context.Context, take Taker) (int, error) {
	now := s.now().UTC().Truncate(time.Microsecond)
	total := 0
	for {
		batch, err := s.list(ctx, `WHERE active AND published < ? AND (until = 0 OR until > ?) ORDER BY source, id, observable LIMIT ?`, state.Micros(now.Add(-RepublishAfter)), state.Micros(now), maxBatch)
		if err != nil || len(batch) == 0 {
			return total, err
		}
		if err := take(ctx, rows(batch, "republished", now)); err != nil {
			return total, fmt.Errorf("republish indicators: %w", err)
		}
		if err := s.keep(ctx, batch, now); err != nil {
			return total, fmt.Errorf("republish indicators: %w", err)
		}
		total += len(batch)
	}
}

func (s *Store) list(ctx context.Context, where string, args ...any) ([]Indicator, error) {
	return state.All(ctx, s.db, "read indicators", func(row state.Row) (i Indicator, err error) {
		var body []byte
		if err := row.Scan(&body); err != nil {
			return i, err
		}
		return i, json.Unmarshal(body, &i)
	}, `SELECT body FROM intel_indicator `+where, args...)
}

// List returns active indicators, at most limit, by source and id.
func (s *Store) List(ctx context.Context, limit int) ([]Indicator, error) {
	return s.list(ctx, `WHERE active AND (until = 0 OR until > ?) ORDER BY source, id, observable LIMIT ?`, state.Micros(s.now()), limit)
}

// Unhunted returns how many active indicators were not yet matched backwards,
// and when the newest of them was written.
func (s *Store) Unhunted(ctx context.Context) (count int, newest time.Time, err error) {
	var at int64
	err = s.db.QueryRowContext(ctx, `SELECT count(*), coalesce(max(published), 0) FROM intel_indicator WHERE hunted = 0 AND active AND (until = 0 OR until > ?)`, state.Micros(s.now())).Scan(&count, &at)
	if err != nil {
		return 0, newest, fmt.Errorf("count indicators: %w", err)
	}
	if at != 0 {
		newest = time.UnixMicro(at).UTC()
	}
	return count, newest, nil
}

// Hunted notes that indicators written up to a time were matched backwards.
func (s *Store) Hunted(ctx context.Context, upTo time.Time) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE intel_indicator SET hunted=? WHERE hunted=0 AND published<=?`, state.Micros(s.now()), state.Micros(upTo)); err != nil {
		return fmt.Errorf("note that indicators were matched: %w", err)
	}
	return nil
}
