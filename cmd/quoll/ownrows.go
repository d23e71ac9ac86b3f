package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"github.com/quoll/quoll/incident"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/notify"
	"github.com/quoll/quoll/schema"
)

// ownRows puts rows that Quoll writes itself into the journal, from where they
// reach their tables as everything does.
type ownRows struct {
	journal interface {
		Journal(ctx context.Context, p model.Payload) (uint64, error)
	}
	notifier *notify.Notifier // nil where nobody is to be told
	clock    clock.Clock
	log      *slog.Logger
}

// take journals rows in model.FormatOwnRows, once the queue of notifications has
// what is to be told of them.
func (o ownRows) take(ctx context.Context, body []byte) error {
	if o.notifier != nil {
		for line := range bytes.Lines(body) {
			m, ok := messageOf(line)
			if !ok {
				continue
			}
			if err := o.notifier.Tell(ctx, m); err != nil {
				return err
			}
		}
	}
	sum := sha256.Sum256(body)
	_, err := o.journal.Journal(ctx, model.Payload{
		Source: model.SourceQuoll, Format: model.FormatOwnRows, Name: "rows/" + hex.EncodeToString(sum[:8]), Received: o.clock.Now().UTC(), Body: body,
	})
	return err
}

// messageOf reads what to tell out of a row of SecurityIncident.
func messageOf(line []byte) (m notify.Message, ok bool) {
	var r struct {
		Table, Key string
		Row        struct {
			IncidentNumber                                      int64
			Title, Severity, Status, Classification, ModifiedBy string
			TimeGenerated                                       time.Time
			Owner                                               struct{ AssignedTo string }
			AlertIDs                                            []string `json:"AlertIds"`
		}
	}
	if json.Unmarshal(line, &r) != nil || r.Table != schema.SecurityIncident {
		return m, false
	}
	return notify.Message{
		Key: r.Key, Number: r.Row.IncidentNumber, Title: r.Row.Title, Severity: model.Severity(r.Row.Severity), Status: r.Row.Status, Owner: r.Row.Owner.AssignedTo,
		Classification: r.Row.Classification, Alerts: len(r.Row.AlertIDs), ModifiedBy: r.Row.ModifiedBy, Time: r.Row.TimeGenerated,
	}, true
}

// handOnEvery is how long a row of SecurityAlert waits at most for its way into
// the journal.
const handOnEvery = time.Second

// follow hands on the rows of incidents until ctx ends.
func (o ownRows) follow(ctx context.Context, store *incident.Store) error {
	for {
		n, err := store.HandOn(ctx, o.take)
		if err != nil && ctx.Err() == nil {
			o.log.Error("rows of incidents wait", "error", err)
		}
		if n > 0 && err == nil {
			continue
		}
		if clock.Sleep(ctx, o.clock, handOnEvery) != nil {
			return nil
		}
	}
}

// openNotifier is nil where the configuration names nobody to be told.
func openNotifier(ctx context.Context, n *node, targets []notify.Target, log *slog.Logger) (*notify.Notifier, error) {
	if len(targets) == 0 {
		return nil, nil
	}
	host, err := os.Hostname()
	if err != nil {
		host = "quoll"
	}
	return notify.New(ctx, n.state, targets, notify.Wire{Clock: clock.System(), Host: host}, clock.System(), rand.Float64, log)
}
