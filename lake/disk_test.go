package lake

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/schema"
)

// TestADiskThatTakesNothing lets whatever needs room fail, then whatever changes
// anything: rows stay visible, the error names the operation, the position does
// not move, and all goes on once the disk takes writes again.
func TestADiskThatTakesNothing(t *testing.T) {
	needsRoom := map[string]bool{"create": true, "write": true, "mkdir": true, "commit": true}
	for name, fails := range map[string]func(durabletest.Op) bool{
		"full":      func(op durabletest.Op) bool { return needsRoom[op.Kind] },
		"read-only": func(durabletest.Op) bool { return true },
	} {
		t.Run(name, func(t *testing.T) {
			m := newInMemory(t)
			l, err := m.open(t)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { l.Close() }()
			apply(t, l, batchOf(1))
			flush(t, l)
			apply(t, l, batchOf(2))
			m.disk.SetInject(func(op durabletest.Op) durabletest.Outcome {
				if fails(op) {
					return durabletest.FailLost
				}
				return durabletest.Done
			})
			if err := l.Flush(context.Background()); !errors.Is(err, durabletest.ErrInjected) {
				t.Fatalf("flush: %v", err)
			}
			if _, err := l.Compact(context.Background()); !errors.Is(err, durabletest.ErrInjected) {
				t.Errorf("compact: %v", err)
			}
			apply(t, l, batchOf(3))
			if n := l.Stats()[auditTable(l)].Rows; n != 3 || l.Position() != 1 {
				t.Errorf("%d rows, position %d while the disk takes nothing", n, l.Position())
			}
			m.disk.SetInject(nil)
			flush(t, l)
			compact(t, l)
			rows := memoryRows(t, l)
			if len(rows) != 3 || l.Position() != 3 {
				t.Errorf("%d rows, position %d afterwards", len(rows), l.Position())
			}
			l.Close()
			if l, err = m.open(t); err != nil {
				t.Fatal(err)
			}
			if again := memoryRows(t, l); !slices.Equal(again, rows) {
				t.Errorf("reopened: %d rows", len(again))
			}
			noOrphans(t, l, m.disk)
		})
	}
}

// auditTable is the place of UnifiedAuditLog among the tables.
func auditTable(l *Lake) int {
	return slices.IndexFunc(l.order, func(t *tableState) bool { return t.schema.Name == schema.UnifiedAuditLog })
}
