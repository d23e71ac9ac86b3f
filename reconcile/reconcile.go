// Package reconcile compares the audit records that Quoll holds with what
// another source says there are: by Id, and by operation and hour.
//
// Both sides may be larger than memory. It must not know how Quoll keeps its
// rows, nor where the other side comes from beyond the formats of its payloads;
// and it changes nothing.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/quoll/quoll/internal/extsort"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/schema"
)

// margin is how far beyond the range Quoll's records are looked at, so that one
// whose time the other side writes for another zone is found, as one with
// another time.
const margin = 25 * time.Hour

// Held is a record as Quoll's tables have it.
type Held struct {
	ID, Organization, Operation, RecordType, UserID string
	ObjectID, ClientIP, Workload                    string
	Time                                            time.Time
	// Record is the whole record as JSON, of UnifiedAuditLog and where there is
	// no ID.
	Record string
}

// Holding is what Quoll holds.
type Holding interface {
	// Each yields the records of a table whose TimeGenerated lies in [from, to),
	// in any order.
	Each(ctx context.Context, table string, from, to time.Time, yield func(Held) error) error
	// ByID yields the records of a table that have one of the ids.
	ByID(ctx context.Context, table string, ids []string, yield func(Held) error) error
	// WithoutID yields the records of a table that have none.
	WithoutID(ctx context.Context, table string, yield func(Held) error) error
}

// Config says how to compare.
type Config struct {
	// From and To bound the time of records, half-open. Zero means as far as the
	// records of the other side reach.
	From, To time.Time
	// Dir is a folder for temporary files, Memory about how many bytes are kept
	// out of them.
	Dir    string
	Memory int
	// Listed is how many lacking records and rejects a Report lists at most.
	Listed int
}

// DefaultConfig returns the defaults, with dir for temporary files.
func DefaultConfig(dir string) Config { return Config{Dir: dir, Memory: 64 << 20, Listed: 1000} }

// Comparison is one comparison in the making: first the other side is added,
// then it is held against Quoll. It is for one goroutine.
type Comparison struct {
	cfg      Config
	table    string
	entries  *extsort.Sorter // of both sides, by identity
	noID     *extsort.Sorter // of both sides, by fingerprint
	lacking  *extsort.Sorter // what either side lacks
	hours    *hourTable
	report   Report
	first    time.Time // of the other side's records
	last     time.Time
	untimed  []string // ids of records whose time cannot be read
	nameless bool     // there are such records without id
	ordinal  uint64
	reader   *reader
	temp     string
	finished bool
}

// New returns an empty comparison. The caller closes it.
func New(cfg Config) (*Comparison, error) {
	temp, err := os.MkdirTemp(cfg.Dir, "reconcile-*")
	if err != nil {
		return nil, fmt.Errorf("reconcile: %w", err)
	}
	c := &Comparison{cfg: cfg, temp: temp, reader: newReader()}
	part := cfg.Memory / 4
	for _, s := range []**extsort.Sorter{&c.entries, &c.noID, &c.lacking} {
		*s = extsort.New(temp, part)
	}
	c.hours = newHourTable(extsort.New(temp, part), part)
	return c, nil
}

// Close removes the temporary files.
func (c *Comparison) Close() error {
	return errors.Join(c.entries.Close(), c.noID.Close(), c.lacking.Close(), c.hours.sorter.Close(), os.RemoveAll(c.temp))
}

// The tables that can be compared.
const (
	tableLog    = schema.UnifiedAuditLog
	tableOffice = schema.OfficeActivity
)

// ErrFormat says that payloads hold nothing that can be compared.
var ErrFormat = errors.New("that cannot be reconciled")

// tableOf returns the table that a format is compared with.
func tableOf(f model.Format) (string, error) {
	switch f {
	case model.FormatAuditArray, model.FormatAuditLines, model.FormatAuditSearchCSV, model.FormatAuditSearchPage:
		return tableLog, nil
	case model.FormatOfficeActivityCSV, model.FormatOfficeActivityJSON:
		return tableOffice, nil
	}
	return "", fmt.Errorf("%w: %s; audit records, exports of audit search and of Sentinel's OfficeActivity can", ErrFormat, f)
}

// Finish holds what was added against what Quoll holds.
func (c *Comparison) Finish(ctx context.Context, holding Holding) (*Report, error) {
	if c.finished {
		return nil, errors.New("reconcile: finished already")
	}
	c.finished = true
	if c.nothing() {
		return nil, ErrNothing
	}
	c.setRange()
	if c.table == "" {
		c.table = tableLog
	}
	c.report.Table, c.report.From, c.report.To = c.table, c.cfg.From, c.cfg.To
	if err := c.addHolding(ctx, holding); err != nil {
		return nil, fmt.Errorf("reconcile: read what Quoll holds: %w", err)
	}
	for _, step := range []func(context.Context) error{c.matchIDs, c.matchFingerprints, c.listLacking, c.listHours} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("reconcile: %w", err)
		}
	}
	return &c.report, nil
}

// ErrNothing says that the other side is empty and that nobody said of which
// time: that both sides were equal would be true of nothing.
var ErrNothing = errors.New("the other side holds no records, so that there is no time to compare: an export that came out empty? --from and --to say the time")

func (c *Comparison) nothing() bool {
	whole := !c.cfg.From.IsZero() && !c.cfg.To.IsZero()
	return !whole && c.first.IsZero() && len(c.untimed) == 0 && !c.nameless && c.report.Rejected == 0
}

// setRange takes the range of the other side where none was given.
func (c *Comparison) setRange() {
	if c.cfg.From.IsZero() {
		c.cfg.From = c.first.Truncate(time.Second)
	}
	if c.cfg.To.IsZero() && !c.last.IsZero() {
		c.cfg.To = c.last.Truncate(time.Second).Add(time.Second)
	}
}

// inside reports whether a time belongs to the range that is judged. A time that
// cannot be read does.
func (c *Comparison) inside(at time.Time) bool {
	return at.IsZero() || !at.Before(c.cfg.From) && at.Before(c.cfg.To)
}

// addHolding adds Quoll's side: the range with a margin, and the records whose
// time the other side does not say.
func (c *Comparison) addHolding(ctx context.Context, holding Holding) error {
	add := func(h Held) error {
		e := entry{
			side: sideQuoll, at: h.Time, organization: h.Organization, id: h.ID,
			operation: h.Operation, recordType: h.RecordType, user: h.UserID,
		}
		e.print = fingerprint(h.Time, h.Operation, h.UserID, h.ObjectID, h.ClientIP, h.Workload)
		if h.ID == "" && c.table == tableLog {
			var err error
			if e.print, err = c.reader.content(h.Record); err != nil {
				return err
			}
		}
		return c.add(e)
	}
	from, to := c.cfg.From.Add(-margin), c.cfg.To.Add(margin)
	if c.cfg.From.Before(c.cfg.To) {
		if err := holding.Each(ctx, c.table, from, to, add); err != nil {
			return err
		}
	}
	beyond := func(h Held) error {
		if !h.Time.Before(from) && h.Time.Before(to) {
			return nil // it is there
		}
		return add(h)
	}
	if c.nameless {
		if err := holding.WithoutID(ctx, c.table, beyond); err != nil {
			return err
		}
	}
	for start := 0; start < len(c.untimed); start += atOnce {
		ids := c.untimed[start:min(start+atOnce, len(c.untimed))]
		if err := holding.ByID(ctx, c.table, ids, beyond); err != nil {
			return err
		}
	}
	return nil
}

// add files an entry under its id, or under its fingerprint when it has none.
func (c *Comparison) add(e entry) error {
	if e.id == "" {
		return c.noID.Add(e.encode(e.print))
	}
	return c.entries.Add(e.encode(identity(e.id)))
}
