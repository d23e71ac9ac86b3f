package drift

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"sync"
	"time"

	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/normalise"
)

// Limits bound what is remembered. What finds no room is counted.
type Limits struct {
	// Rows is how many sightings are remembered in all, about 300 bytes of disk
	// each.
	Rows int
	// Fields is how many fields are remembered of one kind of record.
	Fields int
	// Values is how many values a field may have to be listed by value.
	Values int
}

// DefaultLimits returns the limits for a tenant of any size.
func DefaultLimits() Limits { return Limits{Rows: 100_000, Fields: 400, Values: normalise.MaxValues} }

// Tracker remembers sightings. It is safe for use by several goroutines.
type Tracker struct {
	db     *sql.DB
	limits Limits
	known  keyTable

	mu     sync.Mutex // held by Keep
	rows   int
	fields map[uint64]int // by kind of record
	values map[uint64]int // by field
}

var _ normalise.Known = (*Tracker)(nil)

//go:embed migrations
var migrations embed.FS

// Open prepares the tables in the state and reads what is known.
func Open(ctx context.Context, db *sql.DB, limits Limits) (*Tracker, error) {
	if err := state.Migrate(ctx, db, "drift", migrations); err != nil {
		return nil, fmt.Errorf("prepare the record of schema drift: %w", err)
	}
	t := &Tracker{db: db, limits: limits, fields: map[uint64]int{}, values: map[uint64]int{}}
	if err := t.load(ctx); err != nil {
		return nil, fmt.Errorf("read the record of schema drift: %w", err)
	}
	return t, nil
}

func (t *Tracker) load(ctx context.Context) error {
	rows, err := t.db.QueryContext(ctx, `SELECT key, parent, what FROM drift_sighting`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key, parent int64
		var what normalise.What
		if err := rows.Scan(&key, &parent, &what); err != nil {
			return err
		}
		t.remember(normalise.Sighting{Key: uint64(key), Parent: uint64(parent), What: what})
	}
	return rows.Err()
}

// remember takes what is in the database into memory.
func (t *Tracker) remember(s normalise.Sighting) {
	t.known.add(s.Key)
	t.rows++
	switch s.What {
	case normalise.SightedField:
		t.fields[s.Parent]++
	case normalise.SightedValue:
		t.values[s.Parent]++
	case normalise.SightedMany:
		delete(t.values, s.Parent)
	}
}

// Has implements normalise.Known.
func (t *Tracker) Has(key uint64) bool { return t.known.has(key) }

// Keep remembers what the payload at a journal position showed first, and when
// the payload arrived. It must be called in the order of the journal. When it
// fails nothing is remembered, and the next record of that form is the first.
func (t *Tracker) Keep(ctx context.Context, position uint64, received time.Time, sightings []normalise.Sighting) error {
	if len(sightings) == 0 {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	k := keeping{Tracker: t, position: position, received: received, fields: map[uint64]int{}, values: map[uint64]int{}, overflow: map[normalise.What]int{}}
	for _, s := range sightings {
		k.sort(s)
	}
	if err := k.write(ctx); err != nil {
		return fmt.Errorf("keep schema drift of position %d: %w", position, err)
	}
	k.done()
	return nil
}

// keeping is one call of Keep.
type keeping struct {
	*Tracker
	position uint64
	received time.Time
	rows     []normalise.Sighting
	turned   []normalise.Sighting // away: known from now on, but not remembered
	overflow map[normalise.What]int
	fields   map[uint64]int // of this call, by kind
	values   map[uint64]int // of this call, by field
	many     map[uint64]bool
}

// sort decides whether there is room for a sighting.
func (k *keeping) sort(s normalise.Sighting) {
	if k.Has(s.Key) {
		return
	}
	if k.many[s.Parent] && s.What == normalise.SightedValue {
		k.turned = append(k.turned, s)
		return
	}
	switch {
	case k.Tracker.rows+len(k.rows) >= k.limits.Rows && s.What != normalise.SightedMany:
		k.refuse(s)
		return
	case s.What == normalise.SightedField:
		if k.Tracker.fields[s.Parent]+k.fields[s.Parent] >= k.limits.Fields {
			k.refuse(s)
			return
		}
		k.fields[s.Parent]++
	case s.What == normalise.SightedValue:
		if k.Tracker.values[s.Parent]+k.values[s.Parent] >= k.limits.Values {
			k.tooMany(s)
			return
		}
		k.values[s.Parent]++
	case s.What == normalise.SightedMany:
		k.tooMany(s)
		return
	}
	k.rows = append(k.rows, s)
}

// tooMany ends the list of a field's values. The sighting takes the place of
// the values that were remembered.
func (k *keeping) tooMany(s normalise.Sighting) {
	if k.many == nil {
		k.many = map[uint64]bool{}
	}
	if k.many[s.Parent] {
		return
	}
	k.many[s.Parent] = true
	if s.What != normalise.SightedMany {
		s.What, s.Key, s.Value = normalise.SightedMany, normalise.ManyKey(s.Parent), ""
	}
	k.rows = append(k.rows, s)
}

func (k *keeping) refuse(s normalise.Sighting) {
	k.overflow[s.What]++
	k.turned = append(k.turned, s)
}

// write brings it into the database, whole or not at all.
func (k *keeping) write(ctx context.Context) error {
	return state.Change(ctx, k.db, func(tx *sql.Tx) error { return k.writeIn(ctx, tx) })
}

func (k *keeping) writeIn(ctx context.Context, tx *sql.Tx) error {
	insert, err := tx.PrepareContext(ctx, `INSERT INTO drift_sighting
		(key, parent, what, category, record_type, operation, field, type, value, first_seen, happened, position, record_id, example)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, s := range k.rows {
		if s.What == normalise.SightedMany {
			if _, err := tx.ExecContext(ctx, `DELETE FROM drift_sighting WHERE parent = ? AND what = ?`, int64(s.Parent), normalise.SightedValue); err != nil {
				return err
			}
		} else if s.What == normalise.SightedValue && k.many[s.Parent] {
			continue
		}
		_, err := insert.ExecContext(ctx, int64(s.Key), int64(s.Parent), s.What, s.Category, s.RecordType, s.Operation, s.Field, s.Type,
			s.Value, k.received.UnixMicro(), state.NullMicros(s.Time), int64(k.position), s.RecordID, s.Example)
		if err != nil {
			return err
		}
	}
	for what, n := range k.overflow {
		_, err := tx.ExecContext(ctx, `INSERT INTO drift_overflow (what, count, last_seen) VALUES (?, ?, ?)
			ON CONFLICT (what) DO UPDATE SET count = count + excluded.count, last_seen = excluded.last_seen`, what, n, k.received.UnixMicro())
		if err != nil {
			return err
		}
	}
	return nil
}

// done takes what is in the database now into memory.
func (k *keeping) done() {
	for _, s := range k.rows {
		if s.What == normalise.SightedMany {
			k.Tracker.rows -= k.Tracker.values[s.Parent]
		} else if s.What == normalise.SightedValue && k.many[s.Parent] {
			k.known.add(s.Key)
			continue
		}
		k.remember(s)
	}
	for _, s := range k.turned {
		k.known.add(s.Key)
		if s.What == normalise.SightedField && k.Tracker.fields[s.Parent] >= k.limits.Fields {
			k.known.add(normalise.FullKey(s.Parent))
		}
	}
}
