package collect

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// The statuses of a subscription.
const (
	SubscriptionEnabled  = "enabled"
	SubscriptionDisabled = "disabled"
	SubscriptionMissing  = "missing" // never started, or vanished
)

// Subscription is what is known of a stream's subscription at the source.
type Subscription struct {
	Status string // empty when it was never asked for
	// Seen is when it was last seen enabled, Start when a start was last
	// requested; zero when never.
	Seen  time.Time
	Start time.Time
	// Webhook is the address that was last set, whatever became of it.
	Webhook string
}

// Subscription returns the stream's subscription as last recorded.
func (l *Ledger) Subscription(ctx context.Context, s Stream) (Subscription, error) {
	var sub Subscription
	var seen, start sql.NullInt64
	err := l.db.QueryRowContext(ctx, `
		SELECT subscription, subscription_seen, subscription_start, webhook FROM collect_stream WHERE tenant = ? AND content_type = ?`,
		s.Tenant, s.ContentType).Scan(&sub.Status, &seen, &start, &sub.Webhook)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	sub.Seen, sub.Start = moment(seen), moment(start)
	return sub, wrap("read subscription", s, err)
}

// SubscriptionStatus records a status seen at now. When a subscription that
// was enabled before is enabled again after it was seen disabled or missing,
// the span in between is recorded as a gap: content that became available in
// it is never offered.
func (l *Ledger) SubscriptionStatus(ctx context.Context, s Stream, status string, now time.Time) error {
	return l.update(ctx, "record subscription", s, func(tx *sql.Tx) error {
		var before string
		var seen sql.NullInt64
		err := tx.QueryRowContext(ctx, `SELECT subscription, subscription_seen FROM collect_stream WHERE tenant = ? AND content_type = ?`,
			s.Tenant, s.ContentType).Scan(&before, &seen)
		if err != nil {
			return err
		}
		enabled := status == SubscriptionEnabled
		if enabled && seen.Valid && (before == SubscriptionDisabled || before == SubscriptionMissing) {
			gap := Gap{From: moment(seen), To: now, Recorded: now, Reason: "the subscription was " + before}
			if err := insertGap(ctx, tx, s, gap); err != nil {
				return err
			}
		}
		if err := rememberStatus(ctx, tx, s, status, now); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE collect_stream SET subscription = ?3, subscription_seen = iif(?4, ?5, subscription_seen)
			WHERE tenant = ?1 AND content_type = ?2`, s.Tenant, s.ContentType, status, enabled, micros(now))
		return err
	})
}

// SubscriptionStands records at now that a subscription was enabled all the time
// since it was last seen so: a look in between that said otherwise was wrong.
func (l *Ledger) SubscriptionStands(ctx context.Context, s Stream, now time.Time) error {
	return l.update(ctx, "record that a subscription stands", s, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			DELETE FROM collect_subscription WHERE tenant = ?1 AND content_type = ?2 AND seen_from > (
			  SELECT max(seen_from) FROM collect_subscription WHERE tenant = ?1 AND content_type = ?2 AND status = ?3)`,
			s.Tenant, s.ContentType, SubscriptionEnabled)
		if err != nil {
			return err
		}
		if err := rememberStatus(ctx, tx, s, SubscriptionEnabled, now); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE collect_stream SET subscription = ?3, subscription_seen = ?4 WHERE tenant = ?1 AND content_type = ?2`,
			s.Tenant, s.ContentType, SubscriptionEnabled, micros(now))
		return err
	})
}

// rememberStatus adds a look to the history of the subscription: to the latest
// span if that has the same status.
func rememberStatus(ctx context.Context, tx *sql.Tx, s Stream, status string, now time.Time) error {
	result, err := tx.ExecContext(ctx, `
		UPDATE collect_subscription SET seen_to = max(seen_to, ?4)
		WHERE tenant = ?1 AND content_type = ?2 AND status = ?3
		  AND seen_from = (SELECT max(seen_from) FROM collect_subscription WHERE tenant = ?1 AND content_type = ?2)`,
		s.Tenant, s.ContentType, status, micros(now))
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO collect_subscription (tenant, content_type, seen_from, seen_to, status) VALUES (?1, ?2, ?3, ?3, ?4)
		ON CONFLICT DO UPDATE SET status = excluded.status`, s.Tenant, s.ContentType, micros(now), status)
	return err
}

// StartRequested records that a start of the subscription is about to be sent,
// with a webhook unless that is empty. It is durable before the request leaves, so
// that the wait between two starts holds over a restart, and a webhook that was
// set is known to be ours.
func (l *Ledger) StartRequested(ctx context.Context, s Stream, webhook string, now time.Time) error {
	return l.update(ctx, "record start of subscription", s, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE collect_stream SET subscription_start = ?3, webhook = iif(?4 = '', webhook, ?4) WHERE tenant = ?1 AND content_type = ?2`,
			s.Tenant, s.ContentType, micros(now), webhook)
		return err
	})
}

// StartNotSent takes back that a start was requested: it never left, so that the
// next need not wait. before is when the one before it was, zero for never.
func (l *Ledger) StartNotSent(ctx context.Context, s Stream, before time.Time) error {
	return l.update(ctx, "take back start of subscription", s, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE collect_stream SET subscription_start = ?3 WHERE tenant = ?1 AND content_type = ?2`,
			s.Tenant, s.ContentType, micros(before))
		return err
	})
}

// WebhookGone records that the source has none of ours any more.
func (l *Ledger) WebhookGone(ctx context.Context, s Stream) error {
	return l.update(ctx, "forget webhook", s, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE collect_stream SET webhook = '' WHERE tenant = ? AND content_type = ?`, s.Tenant, s.ContentType)
		return err
	})
}
