package icebergtable

import (
	"maps"
	"slices"
	"time"
)

// Expiry says which snapshots a table lets go of. The zero value is none.
type Expiry struct {
	// Keep is how many of the newest stay.
	Keep int
	// Age is how old those that go are at least.
	Age time.Duration
	// Named lets those go, too, that a tag or a branch of another program names, and the
	// names with them.
	Named bool
}

// clockTolerance is how far the times of a table may lie in the future. Those
// further ahead were made by a clock that was set back since, and say nothing
// about how old a snapshot is.
const clockTolerance = time.Minute

// Expirable returns how many snapshots would go.
func (m *Metadata) Expirable(e Expiry, now time.Time) int { return len(m.expired(e, now)) }

// expired returns the snapshots that go: all but the newest, those that a tag or
// a branch names, and those that are too young.
func (m *Metadata) expired(e Expiry, now time.Time) map[int64]bool {
	if e.Keep < 1 || len(m.Snapshots) <= e.Keep {
		return nil
	}
	named := map[int64]bool{}
	for _, r := range m.Refs {
		named[r.Snapshot] = !e.Named
	}
	if m.CurrentSnapshot != nil {
		named[*m.CurrentSnapshot] = true
	}
	gone := map[int64]bool{}
	for _, s := range m.Snapshots[:len(m.Snapshots)-e.Keep] {
		age := now.Sub(time.UnixMilli(s.Time))
		if !named[s.ID] && (age >= e.Age || age < -clockTolerance) {
			gone[s.ID] = true
		}
	}
	return gone
}

// expire lets snapshots go. The log of snapshots has no gaps: what was before
// one that is gone goes as well.
func (m *Metadata) expire(e Expiry, now time.Time) {
	gone := m.expired(e, now)
	if len(gone) == 0 {
		return
	}
	m.Snapshots = slices.DeleteFunc(m.Snapshots, func(s Snapshot) bool { return gone[s.ID] })
	maps.DeleteFunc(m.Refs, func(_ string, r Reference) bool { return gone[r.Snapshot] })
	m.Statistics = slices.DeleteFunc(m.Statistics, func(s Statistics) bool { return gone[s.Snapshot] })
	m.PartitionStatistics = slices.DeleteFunc(m.PartitionStatistics, func(s Statistics) bool { return gone[s.Snapshot] })
	for i, entry := range slices.Backward(m.SnapshotLog) {
		if gone[entry.Snapshot] {
			m.SnapshotLog = m.SnapshotLog[i+1:]
			return
		}
	}
}
