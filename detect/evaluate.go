package detect

import (
	"context"
	"fmt"
	"time"

	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/query"
)

// evaluate runs a rule over one window and raises what it finds; its query is
// ended after patience. It returns how many alerts were raised or grew, and of how
// many rows.
func (d *Detector) evaluate(ctx context.Context, r *Rule, w Window, now time.Time, patience time.Duration) (hits, rows int, err error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	result, err := d.querier.Query(limited, query.Request{Text: r.Query, From: w.Start, To: w.End, Now: w.End, Standing: true})
	if err != nil {
		return 0, 0, fmt.Errorf("window %s to %s: %w", w.Start.Format(time.RFC3339), w.End.Format(time.RFC3339), err)
	}
	if result.Reads != nil { // a watchlist or a saved function may have changed since
		d.known.setReads(r.ID, result.Reads)
	}
	for _, f := range r.findings(result, w, now) {
		held, err := d.held(ctx, r, f, now)
		if err != nil {
			return hits, 0, err
		}
		if held {
			continue
		}
		raised, err := d.raise(ctx, f, w)
		if err != nil {
			return hits, 0, err
		}
		if raised {
			hits++
		}
	}
	return hits, len(result.Rows), nil
}

// raise makes an alert of a finding, or lets the alert of an overlapping
// window grow by it. Rows that an alert about the same subject stands on already
// are not raised again.
func (d *Detector) raise(ctx context.Context, f finding, w Window) (bool, error) {
	digest := f.digest()
	if before, ok, err := d.store.finding(ctx, f.subject, w); err != nil || ok && before == digest {
		return false, err // the window was seen as it is
	}
	known, err := d.store.episodes(ctx, f.subject, w)
	if err != nil {
		return false, err
	}
	fresh := make(map[rowKey]bool, len(f.keys))
	for _, key := range f.keys {
		fresh[key] = true
	}
	alert, seen, news := f.alert, w, true
	alert.ID = alertID(f.subject, w)
	if len(known) > 0 {
		if alert, news, err = d.continued(ctx, known, f, w, fresh); err != nil {
			return false, err
		}
		seen = union(known[0].seen, w)
	}
	if news {
		if err := d.sink.Raise(ctx, alert); err != nil {
			return false, err
		}
	} else {
		clear(fresh)
	}
	return news, d.store.saveFinding(ctx, f.subject, alert.ID, seen, w, digest, fresh)
}

// continued lets the oldest of the alerts that a window continues grow by what
// none of them stands on yet, which is what it leaves in fresh.
func (d *Detector) continued(ctx context.Context, known []episode, f finding, w Window, fresh map[rowKey]bool) (model.Alert, bool, error) {
	var first *model.Alert
	total, late := 0, false
	for _, e := range known {
		a, err := d.sink.Alert(ctx, e.alert)
		if err != nil {
			return f.alert, false, fmt.Errorf("read the alert that a window continues: %w", err)
		}
		on, none, err := d.store.standsOn(ctx, e.alert, fresh)
		if err != nil {
			return f.alert, false, err
		}
		if none { // it was raised before keys were kept: its evidence has to do
			seen := counter{}
			for _, row := range a.Evidence.Rows {
				delete(fresh, seen.key(row))
			}
			on = a.Evidence.Total
		}
		if first == nil {
			first, total = a, on
		}
		// A window behind the newest one of the alert is evaluated because rows
		// came late: what it shows now and did not before is news.
		late = late || !w.End.After(e.seen.End)
	}
	grown, news := grow(*first, f, fresh, total, late || len(known) > 1)
	return grown, news, nil
}

func union(a, b Window) Window {
	if b.Start.Before(a.Start) {
		a.Start = b.Start
	}
	if b.End.After(a.End) {
		a.End = b.End
	}
	return a
}

// grow adds to an alert, which stands on total rows, the fresh ones of a later
// evaluation. A sliding window loses old rows as it moves on; that is no news, so an
// alert changes only when the finding reaches further in time or holds more rows
// than were known, or when rows came late.
//
// After a crash behind the raising the alert may have grown by the same rows before:
// the total is counted from what it is noted to stand on, and evidence is not added
// twice, so that growing again makes the same alert.
func grow(old model.Alert, f finding, fresh map[rowKey]bool, total int, late bool) (model.Alert, bool) {
	found := f.alert
	news := late || found.Start.Before(old.Start) || found.End.After(old.End) || found.Evidence.Total > total
	if !news || len(fresh) == 0 {
		return old, false
	}
	shown, seen := map[rowKey]bool{}, counter{}
	for _, row := range old.Evidence.Rows {
		shown[seen.key(row)] = true
	}
	for i, key := range f.keys {
		if len(old.Evidence.Rows) >= maxEvidenceRows {
			break
		}
		if fresh[key] && !shown[key] {
			old.Evidence.Rows = append(old.Evidence.Rows, cellsOf(f.rows[i]))
		}
	}
	old.Evidence.Total = max(old.Evidence.Total, total+len(fresh))
	old.Evidence.Truncated = old.Evidence.Total > len(old.Evidence.Rows)
	if found.Start.Before(old.Start) {
		old.Start = found.Start
	}
	if found.End.After(old.End) {
		old.End = found.End
	}
	if found.Evidence.From.Before(old.Evidence.From) {
		old.Evidence.From = found.Evidence.From
	}
	if found.Evidence.To.After(old.Evidence.To) {
		old.Evidence.To = found.Evidence.To
	}
	old.Watermark = found.Watermark
	return old, true
}

// Evaluate runs the rule over the window that ends at now, apart from any
// schedule and state, and returns the alerts it would raise.
func (r *Rule) Evaluate(ctx context.Context, querier Querier, now time.Time) ([]model.Alert, error) {
	w := r.windowEnding(now)
	result, err := querier.Query(ctx, query.Request{Text: r.Query, From: w.Start, To: w.End, Now: w.End, Standing: true})
	if err != nil {
		return nil, err
	}
	var alerts []model.Alert
	for _, f := range r.findings(result, w, now) {
		f.alert.ID = alertID(f.subject, w)
		alerts = append(alerts, f.alert)
	}
	return alerts, nil
}
