package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/server"
)

// actsTaken keeps what is journalled.
type actsTaken struct {
	bodies []string
	err    error
}

func (a *actsTaken) Append(_ context.Context, payloads ...model.Payload) (journal.Position, error) {
	if a.err != nil {
		return 0, a.err
	}
	for _, p := range payloads {
		a.bodies = append(a.bodies, string(p.Body))
	}
	return journal.Position(len(a.bodies)), nil
}

// A look is a row once in a quarter of an hour for each person and object, and what
// cannot be written down is not shown.
func TestViewsAreWrittenDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		taken := &actsTaken{}
		book := newViewBook(&acts{journal: taken, workspace: "w", clock: clock.System(), log: slog.New(slog.DiscardHandler)})
		look := func(page, object string, want int) {
			t.Helper()
			if err := book.Viewed(t.Context(), server.View{Page: page, Object: object}); err != nil || len(taken.bodies) != want {
				t.Errorf("%s %s: %d rows, want %d, %v", page, object, len(taken.bodies), want, err)
			}
		}
		look("incident", "17", 1)
		time.Sleep(viewEvery - time.Second)
		look("incident", "17", 1)
		look("incident", "18", 2)
		look("entity", "Account ada@coast.example", 3)
		time.Sleep(2 * time.Second)
		look("incident", "17", 4)
		if row := taken.bodies[2]; !strings.Contains(row, `"OperationName":"View"`) || !strings.Contains(row, `"SentinelResourceType":"entity"`) || !strings.Contains(row, `"SentinelResourceId":"Account ada@coast.example"`) || !strings.Contains(row, `"table":"SentinelAudit"`) {
			t.Errorf("row %s", row)
		}
		taken.err = errors.New("the disk is full")
		for range 2 { // a look that was not written down is not taken for one that was
			if err := book.Viewed(t.Context(), server.View{Page: "incident", Object: "19"}); !errors.Is(err, taken.err) {
				t.Errorf("shown without a row: %v", err)
			}
		}
		taken.err = nil
		for n := range maxViews + 10 {
			book.due(seenView{"p", server.View{Page: "incident", Object: time.Duration(n).String()}}, time.Now())
		}
		if len(book.seen) > maxViews {
			t.Errorf("%d views are remembered", len(book.seen))
		}
	})
}
