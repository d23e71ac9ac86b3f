package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/quoll/quoll/lake"
)

// Replay builds the lake anew from the journal, with the normaliser of parts,
// and puts it in the place of the one in config.Dir, which must be closed. The
// old lake stays as it is until the new one is complete. What the normaliser
// can take now leaves the quarantine. Archive and Lake of parts are not used.
// What retention removed stays out of it. progress, unless nil, is called after each
// journal entry with the position reached and the last one.
func Replay(ctx context.Context, config lake.Config, pace Config, parts Parts, progress func(position, last uint64)) error {
	tombstones, err := lake.TombstonesOf(config)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	config.Tombstones = tombstones
	if err := lake.SettleTombstones(ctx, config); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	replacement, err := lake.BeginReplace(ctx, config)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	if err := rebuild(ctx, replacement.Config(), pace, parts, progress); err != nil {
		return errors.Join(fmt.Errorf("replay: %w", err), replacement.Abort())
	}
	if err := replacement.Finish(); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	return nil
}

func rebuild(ctx context.Context, config lake.Config, pace Config, parts Parts, progress func(position, last uint64)) (err error) {
	fresh, err := lake.Open(ctx, config, parts.Logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fresh.Close()) }()
	parts.Lake, parts.Archive = fresh, nil
	if progress != nil {
		parts.Lake = watchedLake{fresh, func(position uint64) { progress(position, uint64(parts.Journal.Last())) }}
	}
	p, err := New(ctx, pace, parts)
	if err != nil {
		return err
	}
	start := p.Clock.Now()
	if err := p.Catchup(ctx); err != nil {
		return err
	}
	if err := p.Flush(ctx); err != nil {
		return err
	}
	return p.endQuarantine(ctx, start)
}

// watchedLake tells how far the lake is.
type watchedLake struct {
	Lake
	applied func(position uint64)
}

func (w watchedLake) Apply(ctx context.Context, b lake.Batch) (lake.Applied, error) {
	a, err := w.Lake.Apply(ctx, b)
	if err == nil {
		w.applied(b.Position)
	}
	return a, err
}
