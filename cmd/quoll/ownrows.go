package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"time"

	"github.com/quoll/quoll/incident"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
)

// ownRows puts rows that Quoll writes itself into the journal, from where they
// reach their tables as everything does.
type ownRows struct {
	journal interface {
		Journal(ctx context.Context, p model.Payload) (uint64, error)
	}
	clock clock.Clock
	log   *slog.Logger
}

// take journals rows in model.FormatOwnRows.
func (o ownRows) take(ctx context.Context, body []byte) error {
	sum := sha256.Sum256(body)
	_, err := o.journal.Journal(ctx, model.Payload{
		Source: model.SourceQuoll, Format: model.FormatOwnRows, Name: "rows/" + hex.EncodeToString(sum[:8]), Received: o.clock.Now().UTC(), Body: body,
	})
	return err
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
