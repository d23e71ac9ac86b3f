package drift

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/normalise"
)

// Filter says which sightings to list. The zero Filter lists them all.
type Filter struct {
	// Since and Until bound when a sighting's payload arrived, Since inclusive
	// and Until exclusive; zero is no bound.
	Since, Until time.Time
	// RecordType is the number of a record type, or its name. Operation and
	// Category are exact. What is one of the Sighted constants.
	RecordType, Operation, Category string
	What                            normalise.What
	// Limit bounds the list, not the counts; 0 lists nothing. Offset skips.
	Limit, Offset int
}

// Entry is something that was seen first.
type Entry struct {
	What                            normalise.What
	Category, RecordType, Operation string
	Field, Type, Value              string
	// NewType says that the field was seen before with another type, null aside.
	NewType bool
	// FirstSeen is when the payload arrived, and Happened when the record says
	// that it happened, zero if that cannot be read (both UTC).
	FirstSeen, Happened time.Time
	// Position is that of the payload in the journal.
	Position uint64
	// RecordID is the id of the first record, Example what its field held.
	RecordID, Example string
}

// Page is a stretch of the list, latest first.
type Page struct {
	Entries []Entry
	// Total is how many sightings match, and Counts how many by What, whatever
	// What of the Filter is.
	Total  int
	Counts map[normalise.What]int
	// Overflow is how many sightings found no room since the beginning.
	Overflow map[normalise.What]int
}

// List returns what matches the filter.
func (t *Tracker) List(ctx context.Context, f Filter) (*Page, error) {
	page := &Page{Counts: map[normalise.What]int{}, Overflow: map[normalise.What]int{}}
	if err := t.count(ctx, f, page); err != nil {
		return nil, fmt.Errorf("count schema drift: %w", err)
	}
	if f.Limit <= 0 {
		return page, nil
	}
	if err := t.list(ctx, f, page); err != nil {
		return nil, fmt.Errorf("list schema drift: %w", err)
	}
	return page, nil
}

// where returns the filter as SQL, without What.
func (f Filter) where() (string, []any) {
	conditions, arguments := []string{"what != ?"}, []any{normalise.SightedMany}
	add := func(condition string, values ...any) {
		conditions, arguments = append(conditions, condition), append(arguments, values...)
	}
	if !f.Since.IsZero() {
		add("first_seen >= ?", f.Since.UnixMicro())
	}
	if !f.Until.IsZero() {
		add("first_seen < ?", f.Until.UnixMicro())
	}
	if f.RecordType != "" {
		number, name := recordType(f.RecordType)
		add("record_type IN (?, ?)", number, name)
	}
	if f.Operation != "" {
		add("operation = ?", f.Operation)
	}
	if f.Category != "" {
		add("category = ?", f.Category)
	}
	return strings.Join(conditions, " AND "), arguments
}

// recordType returns the number and the name of a record type that is given as
// either: records of some exports carry the name.
func recordType(text string) (number, name string) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		if name, ok := normalise.RecordTypeName(n); ok {
			return text, name
		}
		return text, text // an empty one is that of what is of no type
	}
	if n, ok := normalise.RecordTypeNumber(text); ok {
		return strconv.FormatInt(n, 10), text
	}
	return text, text
}

func (t *Tracker) count(ctx context.Context, f Filter, page *Page) error {
	where, arguments := f.where()
	err := t.tally(ctx, page.Counts, `SELECT what, count(*) FROM drift_sighting WHERE `+where+` GROUP BY what`, arguments...)
	if err != nil {
		return err
	}
	for what, n := range page.Counts {
		if f.What == "" || f.What == what {
			page.Total += n
		}
	}
	return t.tally(ctx, page.Overflow, `SELECT what, count FROM drift_overflow`)
}

func (t *Tracker) tally(ctx context.Context, into map[normalise.What]int, query string, arguments ...any) error {
	rows, err := t.db.QueryContext(ctx, query, arguments...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var what normalise.What
		var n int
		if err := rows.Scan(&what, &n); err != nil {
			return err
		}
		into[what] = n
	}
	return rows.Err()
}

// list reads the latest first; of one payload what is larger comes first.
func (t *Tracker) list(ctx context.Context, f Filter, page *Page) error {
	where, arguments := f.where()
	if f.What != "" {
		where, arguments = where+" AND what = ?", append(arguments, f.What)
	}
	rows, err := t.db.QueryContext(ctx, `SELECT what, category, record_type, operation, field, type, value,
		first_seen, happened, position, record_id, example,
		what = 'field' AND type != 'null' AND EXISTS (SELECT 1 FROM drift_sighting AS other
			WHERE other.parent = s.parent AND other.what = 'field' AND other.field = s.field
			AND other.type NOT IN (s.type, 'null') AND (other.first_seen, other.position) < (s.first_seen, s.position))
		FROM drift_sighting AS s WHERE `+where+`
		ORDER BY first_seen DESC, position DESC, category, record_type, operation,
			CASE what WHEN 'workload' THEN 0 WHEN 'recordType' THEN 1 WHEN 'field' THEN 3 WHEN 'value' THEN 4 ELSE 2 END, field, type, value
		LIMIT ? OFFSET ?`, append(arguments, f.Limit, f.Offset)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return err
		}
		page.Entries = append(page.Entries, e)
	}
	return rows.Err()
}

func scanEntry(rows *sql.Rows) (Entry, error) {
	var e Entry
	var seen, position int64
	var happened sql.NullInt64
	err := rows.Scan(&e.What, &e.Category, &e.RecordType, &e.Operation, &e.Field, &e.Type, &e.Value,
		&seen, &happened, &position, &e.RecordID, &e.Example, &e.NewType)
	e.FirstSeen, e.Position = time.UnixMicro(seen).UTC(), uint64(position)
	if happened.Valid {
		e.Happened = time.UnixMicro(happened.Int64).UTC()
	}
	return e, err
}
