package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/intel"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/server"
)

// indicatorDesk is the server's view of indicators.
type indicatorDesk struct {
	store    *intel.Store
	node     *node
	detector *detect.Detector
	acts     *acts
}

// takeRows puts rows of indicators into the journal.
func (d indicatorDesk) takeRows(ctx context.Context, body []byte) error {
	sum := sha256.Sum256(body)
	_, err := d.node.journal.Append(ctx, model.Payload{
		Source: model.SourceQuoll, Format: model.FormatOwnRows, Name: "indicators/" + hex.EncodeToString(sum[:8]), Received: time.Now().UTC(), Body: body,
	})
	return err
}

// Indicators implements server.Indicators.
func (d indicatorDesk) Indicators(ctx context.Context, limit int) (*server.IndicatorList, error) {
	all, err := d.store.List(ctx, limit)
	if err != nil {
		return nil, err
	}
	list := &server.IndicatorList{}
	for _, i := range all {
		view := server.Indicator{ID: i.ID, Source: i.Source, Key: i.Key, Value: i.Value, Description: i.Description, ValidUntil: moment(i.ValidUntil)}
		if i.Confidence >= 0 {
			view.Confidence = &i.Confidence
		}
		list.Indicators = append(list.Indicators, view)
	}
	list.Unmatched, _, err = d.store.Unhunted(ctx)
	return list, err
}

// ImportIndicators implements server.Indicators.
func (d indicatorDesk) ImportIndicators(ctx context.Context, i server.IndicatorImport) (*server.IndicatorsTaken, error) {
	taken, err := d.take(ctx, i)
	what := act{operation: "Import indicators", kind: "ThreatIntelligence", id: i.Source, name: i.Source, description: "took in indicators of threats",
		properties: map[string]any{"Found": taken.Found, "Changed": taken.Changed, "Skipped": len(taken.Skipped), "SHA256": hash(i.Text)}}
	if errors.Is(err, intel.ErrInvalid) {
		err = &server.Failure{Code: server.CodeBadRequest, Message: err.Error()}
	}
	if err := d.acts.done(ctx, what, err); err != nil {
		return nil, err
	}
	return &taken, nil
}

func (d indicatorDesk) take(ctx context.Context, i server.IndicatorImport) (taken server.IndicatorsTaken, err error) {
	parse := map[string]func(string, []byte) ([]intel.Indicator, []intel.Skipped, error){"stix": intel.ParseSTIX, "csv": intel.ParseCSV}[i.Format]
	if parse == nil || i.Source == "" {
		return taken, &server.Failure{Code: server.CodeBadRequest, Message: "indicators have a source and a format, stix or csv"}
	}
	found, skipped, err := parse(i.Source, []byte(i.Text))
	if err != nil {
		return taken, err
	}
	taken.Found = len(found)
	for _, s := range skipped {
		taken.Skipped = append(taken.Skipped, server.IndicatorSkipped{ID: s.ID, Why: s.Why})
	}
	taken.Changed, err = d.store.Take(ctx, found, "import", d.takeRows)
	return taken, err
}

// MatchBackwards implements server.Indicators.
func (d indicatorDesk) MatchBackwards(ctx context.Context, from time.Time, _ string) (int, error) {
	alerts, err := d.backwards(ctx, from)
	what := act{operation: "Match indicators backwards", kind: "ThreatIntelligence", description: "ran the rules that match indicators over the past", properties: map[string]any{"From": from, "Alerts": alerts}}
	return alerts, d.acts.done(ctx, what, err)
}

func (d indicatorDesk) backwards(ctx context.Context, from time.Time) (int, error) {
	began := time.Now()
	alerts, err := d.detector.Backwards(ctx, from)
	if err != nil {
		return alerts, fmt.Errorf("match indicators backwards: %w", err)
	}
	// Those that came in during the last seconds may not have been visible yet.
	return alerts, d.store.Hunted(ctx, began.Add(-visibleAfter))
}

const (
	// backwardsMonths is how far back new indicators are matched by themselves.
	backwardsMonths = 12
	// visibleAfter is how long rows take at most to be seen by queries.
	visibleAfter = 10 * time.Second
)

// indicatorKeeper reads collections, writes indicators again each week, and
// matches new ones backwards.
type indicatorKeeper struct {
	desk    indicatorDesk
	sources []config.IndicatorSource
	read    map[string]time.Time
	clock   clock.Clock
	log     *slog.Logger
}

// keepEvery is how often the keeper looks for something to do.
const keepEvery = 30 * time.Second

func (k *indicatorKeeper) run(ctx context.Context) error {
	k.read = map[string]time.Time{}
	for {
		if err := k.round(ctx, k.clock.Now()); err != nil && ctx.Err() == nil {
			k.log.Error("indicators", "error", err)
		}
		if clock.Sleep(ctx, k.clock, keepEvery) != nil {
			return nil
		}
	}
}

func (k *indicatorKeeper) round(ctx context.Context, now time.Time) error {
	var problems []error
	for _, source := range k.sources {
		if now.Sub(k.read[source.Name]) < source.Every {
			continue
		}
		k.read[source.Name] = now
		changed, skipped, err := k.desk.store.Fetch(ctx, source.Name, source.Taxii, k.desk.takeRows)
		if err != nil {
			problems = append(problems, fmt.Errorf("source %s: %w", source.Name, err))
		}
		if changed > 0 || len(skipped) > 0 {
			k.log.Info("indicators were read", "source", source.Name, "changed", changed, "skipped", len(skipped))
		}
	}
	if _, err := k.desk.store.Republish(ctx, k.desk.takeRows); err != nil {
		problems = append(problems, err)
	}
	waiting, newest, err := k.desk.store.Unhunted(ctx)
	if err == nil && waiting > 0 && now.Sub(newest) > 2*visibleAfter {
		var alerts int
		if alerts, err = k.desk.backwards(ctx, now.AddDate(0, -backwardsMonths, 0)); err != nil {
			return errors.Join(append(problems, err)...)
		}
		k.log.Info("indicators were matched backwards", "indicators", waiting, "alerts", alerts)
	}
	return errors.Join(append(problems, err)...)
}
