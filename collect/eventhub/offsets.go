package eventhub

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"time"

	"github.com/quoll/quoll/internal/state"
)

//go:embed migrations/*.sql
var migrations embed.FS

// kept is what the state has of one partition.
type kept struct {
	next             int64
	latest, caughtUp time.Time
}

// totals are sums over one hub, over all restarts of this process.
type totals struct {
	payloads, bytes, gaps    int64
	latest, caughtUp, landed time.Time
}

// offsets keeps in SQLite how far one namespace is journalled.
type offsets struct {
	db        *sql.DB
	namespace string
	tenant    string // of records that do not say theirs
}

func openOffsets(ctx context.Context, db *sql.DB, namespace, tenant string) (*offsets, error) {
	if err := state.Migrate(ctx, db, "eventhub", migrations); err != nil {
		return nil, fmt.Errorf("open offsets of event hubs: %w", err)
	}
	return &offsets{db, namespace, tenant}, nil
}

// kept returns all partitions.
func (o *offsets) kept(ctx context.Context) (map[place]kept, error) {
	rows, err := o.db.QueryContext(ctx, `SELECT hub, partition, next, latest, caught_up FROM eventhub_partition WHERE namespace = ?`, o.namespace)
	if err != nil {
		return nil, fmt.Errorf("read offsets of event hubs: %w", err)
	}
	defer rows.Close()
	all := map[place]kept{}
	for rows.Next() {
		var p place
		var k kept
		var latest, caughtUp int64
		if err := rows.Scan(&p.hub, &p.partition, &k.next, &latest, &caughtUp); err != nil {
			return nil, fmt.Errorf("read offsets of event hubs: %w", err)
		}
		k.latest, k.caughtUp = state.FromMicros(latest), state.FromMicros(caughtUp)
		all[p] = k
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read offsets of event hubs: %w", err)
	}
	return all, nil
}

// save keeps how far partitions are journalled, with what is lost before that, in
// one durable transaction.
func (o *offsets) save(ctx context.Context, marks []*mark, now time.Time) error {
	err := state.Change(ctx, o.db, func(tx *sql.Tx) error {
		for _, m := range marks {
			if m.next < 0 {
				continue
			}
			if err := o.saveMark(ctx, tx, m, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save offsets of event hubs: %w", err)
	}
	return nil
}

func (o *offsets) saveMark(ctx context.Context, tx *sql.Tx, m *mark, now time.Time) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO eventhub_partition (namespace, hub, partition, tenant, since, next, latest, payloads, messages, bytes, last_journalled) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET tenant = excluded.tenant, held = 1, next = excluded.next, latest = excluded.latest, payloads = payloads + excluded.payloads,
		  messages = messages + excluded.messages, bytes = bytes + excluded.bytes, last_journalled = excluded.last_journalled`,
		o.namespace, m.hub, m.partition, o.tenant, now.UnixMicro(), m.next, m.latest.UnixMicro(), m.payloads, m.messages, m.bytes, now.UnixMicro())
	if err != nil {
		return err
	}
	for hour, a := range m.hours {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO eventhub_hour (namespace, hub, hour, messages, bytes) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET messages = messages + excluded.messages, bytes = bytes + excluded.bytes`,
			o.namespace, m.hub, hour.UnixMicro(), a.messages, a.bytes)
		if err != nil {
			return err
		}
	}
	for _, g := range m.gaps {
		// A gap is met again when the group's offset was not committed behind it.
		_, err := tx.ExecContext(ctx, `
			INSERT INTO eventhub_gap (namespace, hub, partition, gap_from, gap_to, after, before, recorded, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO NOTHING`,
			o.namespace, m.hub, m.partition, g.from, g.to, state.Micros(g.after), state.Micros(g.before), now.UnixMicro(), g.reason)
		if err != nil {
			return err
		}
	}
	return nil
}

// looked keeps what a look at the hubs found: which partitions are read here, at
// which offset each goes on, and of those in current that nothing was outstanding
// at a time.
func (o *offsets) looked(ctx context.Context, held map[place]int64, current map[place]bool, at time.Time) error {
	err := state.Change(ctx, o.db, func(tx *sql.Tx) error {
		if len(held) > 0 {
			if _, err := tx.ExecContext(ctx, `UPDATE eventhub_partition SET held = 0 WHERE namespace = ?`, o.namespace); err != nil {
				return err
			}
		}
		for p, next := range held {
			caughtUp := int64(0)
			if current[p] {
				caughtUp = at.UnixMicro()
			}
			_, err := tx.ExecContext(ctx, `
				INSERT INTO eventhub_partition (namespace, hub, partition, tenant, since, next, latest, caught_up) VALUES (?, ?, ?, ?, ?, ?, 0, ?)
				ON CONFLICT DO UPDATE SET tenant = excluded.tenant, held = 1, caught_up = max(caught_up, excluded.caught_up)`,
				o.namespace, p.hub, p.partition, o.tenant, at.UnixMicro(), next, caughtUp)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save the state of event hubs: %w", err)
	}
	return nil
}

// totals returns the sums of every hub, by its name. A hub is caught up as far
// as the partition that is furthest behind.
func (o *offsets) totals(ctx context.Context) (map[string]totals, error) {
	rows, err := o.db.QueryContext(ctx, `
		SELECT hub, sum(payloads), sum(bytes), max(latest), min(caught_up), max(last_journalled),
		  (SELECT count(*) FROM eventhub_gap g WHERE g.namespace = p.namespace AND g.hub = p.hub)
		FROM eventhub_partition p WHERE namespace = ? GROUP BY hub`, o.namespace)
	if err != nil {
		return nil, fmt.Errorf("read totals of event hubs: %w", err)
	}
	defer rows.Close()
	all := map[string]totals{}
	for rows.Next() {
		var hub string
		var t totals
		var latest, caughtUp, landed int64
		if err := rows.Scan(&hub, &t.payloads, &t.bytes, &latest, &caughtUp, &landed, &t.gaps); err != nil {
			return nil, fmt.Errorf("read totals of event hubs: %w", err)
		}
		t.latest, t.caughtUp, t.landed = state.FromMicros(latest), state.FromMicros(caughtUp), state.FromMicros(landed)
		all[hub] = t
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read totals of event hubs: %w", err)
	}
	return all, nil
}

// Gap is messages of one partition that are lost for ever.
type Gap struct {
	Hub       string
	Partition int32
	// From and To are offsets, half-open; To lies below From where the hub began
	// to count anew.
	From, To int64
	// After and Before bound the time at which the hub took them, in UTC; After is
	// zero when nobody knows.
	After, Before time.Time
	Recorded      time.Time
	Reason        string
}

// Gaps returns up to limit gaps of the namespace, the latest recorded first.
func (c *Collector) Gaps(ctx context.Context, limit int) ([]Gap, error) {
	gaps, err := gapsOf(ctx, c.offsets.db, `namespace = ? ORDER BY id DESC LIMIT ?`, c.cfg.Namespace, limit)
	if err != nil {
		return nil, fmt.Errorf("read gaps of event hubs: %w", err)
	}
	return gaps, nil
}

// gapsOf reads the gaps that a condition, and what may follow it, selects.
func gapsOf(ctx context.Context, db *sql.DB, where string, arguments ...any) ([]Gap, error) {
	rows, err := db.QueryContext(ctx, `SELECT hub, partition, gap_from, gap_to, after, before, recorded, reason FROM eventhub_gap WHERE `+where, arguments...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var gaps []Gap
	for rows.Next() {
		var g Gap
		var after, before, recorded int64
		if err := rows.Scan(&g.Hub, &g.Partition, &g.From, &g.To, &after, &before, &recorded, &g.Reason); err != nil {
			return nil, err
		}
		g.After, g.Before, g.Recorded = state.FromMicros(after), state.FromMicros(before), state.FromMicros(recorded)
		gaps = append(gaps, g)
	}
	return gaps, rows.Err()
}
