package detect

import (
	"context"
	"fmt"
	"time"

	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/query"
)

// evaluate runs a rule over one window and raises what it finds. It returns
// how many alerts were raised or grew.
func (d *Detector) evaluate(ctx context.Context, r *Rule, w Window, now time.Time) (int, error) {
	limited, cancel := context.WithTimeout(ctx, d.config.QueryTimeout)
	defer cancel()
	result, err := d.querier.Query(limited, query.Request{Text: r.Query, From: w.Start, To: w.End, Now: w.End})
	if err != nil {
		return 0, fmt.Errorf("window %s to %s: %w", w.Start.Format(time.RFC3339), w.End.Format(time.RFC3339), err)
	}
	hits := 0
	for _, f := range r.findings(result, w, now) {
		raised, err := d.raise(ctx, f, w)
		if err != nil {
			return hits, err
		}
		if raised {
			hits++
		}
	}
	return hits, nil
}

// raise makes an alert of a finding, or lets the alert of an overlapping
// window grow by it.
func (d *Detector) raise(ctx context.Context, f finding, w Window) (bool, error) {
	id, seen, known, err := d.store.alertFor(ctx, f.subject, w)
	if err != nil {
		return false, err
	}
	alert := f.alert
	if !known {
		id, seen = alertID(f.subject, w), w
	}
	alert.ID = id
	if known {
		old, err := d.sink.Alert(ctx, id)
		if err != nil {
			return false, fmt.Errorf("read the alert that a window continues: %w", err)
		}
		grown, changed := grow(*old, alert)
		if !changed {
			return false, d.store.saveSubject(ctx, f.subject, id, union(seen, w))
		}
		alert = grown
	}
	if err := d.sink.Raise(ctx, alert); err != nil {
		return false, err
	}
	return true, d.store.saveSubject(ctx, f.subject, id, union(seen, w))
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

// grow adds what a later evaluation found to an alert. A sliding window loses
// old rows as it moves on; that is no news, so an alert changes only when the
// finding reaches further in time or holds more rows than were known.
func grow(old, found model.Alert) (model.Alert, bool) {
	news := found.Start.Before(old.Start) || found.End.After(old.End) || found.Evidence.Total > old.Evidence.Total
	if !news {
		return old, false
	}
	known := map[string]bool{}
	for _, row := range old.Evidence.Rows {
		known[fmt.Sprintf("%q", row)] = true
	}
	added := 0
	for _, row := range found.Evidence.Rows {
		if known[fmt.Sprintf("%q", row)] {
			continue
		}
		added++
		if len(old.Evidence.Rows) < maxEvidenceRows {
			old.Evidence.Rows = append(old.Evidence.Rows, row)
		} else {
			old.Evidence.Truncated = true
		}
	}
	if added == 0 {
		return old, false
	}
	old.Evidence.Total += added
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
	result, err := querier.Query(ctx, query.Request{Text: r.Query, From: w.Start, To: w.End, Now: w.End})
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
