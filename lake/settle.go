package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
)

// SettleTombstones settles what a crash left open of a run of retention, as Open does,
// for the lake in config.Dir, which is closed and is to be replaced: from its successor
// nobody can tell which removals were committed, and rows that are gone would come back.
// Of a table that cannot be read none was, as far as anybody knows; the next run repeats
// it. It returns ErrLocked if the lake is in use.
func SettleTombstones(ctx context.Context, config Config) error {
	all, err := readTombstones(&config)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, (*Tombstone).open) {
		return nil
	}
	tables, _, err := Check(ctx, config, CheckOptions{Quick: true, Last: math.MaxUint64})
	if errors.Is(err, ErrOtherStore) && config.Store != nil { // it is to be brought there
		config.Store = nil
		tables, _, err = Check(ctx, config, CheckOptions{Quick: true, Last: math.MaxUint64})
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrOtherStore) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("settle tombstones: %w", err)
	}
	for _, t := range all {
		changed := t.resolve(func(table string) uint64 {
			at := slices.IndexFunc(tables, func(c Checked) bool { return c.Name == table })
			if at < 0 {
				return 0
			}
			return tables[at].RetentionRun
		})
		if !changed {
			continue
		}
		if err := t.write(&config); err != nil {
			return err
		}
	}
	return nil
}

// open says whether a removal was planned of which the tombstone does not know whether it
// was committed.
func (t *Tombstone) open() bool {
	return t.Ended.IsZero() && slices.ContainsFunc(t.Tables, func(r Removal) bool { return !t.Done[r.Table] })
}
