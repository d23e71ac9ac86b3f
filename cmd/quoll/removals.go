package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/server"
)

// removalPrefix begins the names of the payloads by which runs of retention come under
// the log.
const removalPrefix = "retention/"

// removalKey is of one run of one lake; the name of its payload goes on with "/" and the
// sum of the tombstone, so that a leaf alone commits to it.
func removalKey(t *lake.Tombstone) string {
	return fmt.Sprintf("%s%d/%s", removalPrefix, t.Run, t.Began.Format(time.RFC3339Nano))
}

// writtenWithin is how long after the end of a run it may not be written down yet.
const writtenWithin = time.Hour

// removals are the runs of retention that the log tells of, by the position.
type removals map[uint64]model.Payload

// see notes a payload of the archive if it tells of a run, where somebody wants to know.
func (r removals) see(position uint64, p model.Payload) {
	if r != nil && p.Source == model.SourceQuoll && strings.HasPrefix(p.Name, removalPrefix) {
		p.Body = bytes.Clone(p.Body)
		r[position] = p
	}
}

// compare holds the tombstones beside the lake against the log, up to a position. The
// journal ends at journaled: what a tombstone names beyond that was never written down.
func (r removals) compare(ctx context.Context, prover *archive.Prover, tombstones []lake.Tombstone, to, journaled uint64, now time.Time) (*server.ReconciledRemovals, []string, error) {
	found := &server.ReconciledRemovals{}
	var problems []string
	for i := range tombstones {
		t := &tombstones[i]
		switch {
		case t.Recorded > journaled:
			problems = append(problems, fmt.Sprintf("the tombstone of run %d of retention names position %d, and the journal ends at %d: it was made up or changed; put it back from a backup", t.Run, t.Recorded, journaled))
			continue
		case t.Recorded > to, t.Recorded == 0 && (!settled(t) || !now.Before(t.Ended) && now.Sub(t.Ended) < writtenWithin):
			found.Waiting++
			continue
		case t.Recorded == 0:
			problems = append(problems, fmt.Sprintf("run %d of retention, which began at %s, is not under the log: quoll serve writes it down with its next run; if it never ran, the tombstone is not of its making", t.Run, t.Began.Format(time.RFC3339)))
			continue
		}
		wrong, err := r.differs(ctx, prover, t)
		if err != nil {
			return nil, nil, err
		}
		if wrong != "" {
			problems = append(problems, fmt.Sprintf("the tombstone of run %d of retention is not what the log has at position %d: %s; put it back from a backup, and compare with quoll archive prove --position %d", t.Run, t.Recorded, wrong, t.Recorded))
			continue
		}
		found.Runs++
		for _, table := range t.Tables {
			found.Rows += table.Rows
		}
	}
	found.Wrong = len(problems)
	return found, problems, nil
}

// without says which runs of the log have no tombstone beside the lake.
func (r removals) without(tombstones []lake.Tombstone) (problems []string) {
	for _, position := range slices.Sorted(maps.Keys(r)) {
		name := r[position].Name
		if !slices.ContainsFunc(tombstones, func(t lake.Tombstone) bool { return strings.HasPrefix(name, removalKey(&t)) }) {
			problems = append(problems, fmt.Sprintf("the log has a run of retention at position %d, %s, and no tombstone beside the lake tells of it: what it removed counts as lost; put the folder of tombstones back from a backup", position, name))
		}
	}
	return problems
}

// differs says in what a tombstone is not the one that the log has; empty if it is.
func (r removals) differs(ctx context.Context, prover *archive.Prover, t *lake.Tombstone) (string, error) {
	seen, ok := r[t.Recorded]
	if !ok { // no payload of a removal, or one that was disposed of, whose leaf stays
		leaf, err := prover.Leaf(ctx, t.Recorded)
		switch {
		case errors.Is(err, archive.ErrNotFound):
			return "the log has nothing there", nil
		case err != nil:
			return "", err
		case leaf.Source != string(model.SourceQuoll) || !strings.HasPrefix(leaf.Name, removalPrefix):
			return "no run of retention is there", nil
		}
		seen.Name = leaf.Name
	}
	key := removalKey(t)
	rest, ok := strings.CutPrefix(seen.Name, key)
	if !ok {
		return "another run is there", nil
	}
	if sum, ok := strings.CutPrefix(rest, "/"); ok {
		own, err := t.Sum()
		if err != nil || own == sum {
			return "", err
		}
		return fmt.Sprintf("its SHA-256 is %.16s…, the log's %.16s…", own, sum), nil
	}
	if seen.Body == nil {
		return "", nil // written down before names had sums, and disposed of since
	}
	return sameTables(seen.Body, t)
}

// sameTables compares what a row of before names had sums says was removed.
func sameTables(body []byte, t *lake.Tombstone) (string, error) {
	var told struct {
		Row struct {
			ExtendedProperties struct{ Tables []lake.Removal }
		} `json:"row"`
	}
	if err := json.Unmarshal(body, &told); err != nil {
		return "its row cannot be read", nil
	}
	log, err := json.Marshal(told.Row.ExtendedProperties.Tables)
	if err != nil {
		return "", err
	}
	own, err := json.Marshal(t.Tables)
	if err != nil {
		return "", err
	}
	if !bytes.Equal(log, own) && len(told.Row.ExtendedProperties.Tables)+len(t.Tables) > 0 {
		return "it tells of other tables, rows or digests", nil
	}
	return "", nil
}
