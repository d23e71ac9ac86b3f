package lake

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/quoll/quoll/internal/icebergtable"
	"github.com/quoll/quoll/schema"
)

// tableState is one table of the lake. Its fields are guarded by Lake.mu,
// except iceberg, expired and ids, which belong to whoever holds Lake.flushMu.
type tableState struct {
	schema  *schema.Table
	columns []column
	ids     map[string]int // Iceberg field id of each column
	iceberg *icebergtable.Table
	expired bool // snapshots were let go of since the last sweep

	keys *keySet
	// committed is the journal position up to which every row of the table is
	// in files. Entries up to it are skipped when the journal is replayed.
	committed uint64

	build  *builder // rows that nobody has looked at yet
	fresh  []batch  // cut, and not part of a flush
	sealed []batch  // part of a flush that is under way or failed
	files  *fileSet

	// listing is, while the table is loaded from a store, its files with their sizes.
	listing map[string]int64

	commits      atomic.Int64 // since the lake was opened
	lastIngested time.Time
	decision     decision
}

// decision is what was decided about the record of that serial number, so that
// all rows of a record in one table share its fate.
type decision struct {
	serial  uint64
	outcome outcome
}

func newTableState(t *schema.Table) (*tableState, error) {
	timeColumn, ok := t.Column(t.TimeColumn)
	if !ok {
		return nil, fmt.Errorf("table %s has no column %s", t.Name, t.TimeColumn)
	}
	columns := columnsOf(t)
	return &tableState{
		schema:  t,
		columns: columns,
		keys:    newKeySet(newKeyStore(), 0, t.Name == schema.UnifiedAuditLogRevisions),
		build:   newBuilder(columns, timeColumn),
		files:   &fileSet{},
	}, nil
}

func (t *tableState) timeColumn() int { return t.build.time }

// freshRows returns the rows that are in memory only.
func (t *tableState) freshRows() int64 {
	rows := int64(t.build.rows)
	for _, batches := range [][]batch{t.sealed, t.fresh} {
		for _, b := range batches {
			rows += int64(b.rows)
		}
	}
	return rows
}

// freshBytes returns an estimate of the memory they take.
func (t *tableState) freshBytes() int64 {
	bytes := t.build.bytes
	for _, batches := range [][]batch{t.sealed, t.fresh} {
		for _, b := range batches {
			bytes += b.bytes
		}
	}
	return bytes
}
