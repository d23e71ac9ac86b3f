package pipeline

import (
	"context"
	"time"

	"github.com/quoll/quoll/journal"
)

const (
	// ahead is how many entries the journal may be ahead of the rows before
	// whoever brings more waits for them: what is applied soon is in memory
	// still, and needs neither be read nor unpacked.
	ahead = 16
	// standstill is how long the rows may make no progress before nobody waits
	// for them any more. Content at Microsoft expires; the journal has room.
	standstill = 200 * time.Millisecond
)

// pace waits while the rows are far behind a position and move.
func (p *Pipeline) pace(ctx context.Context, position journal.Position) {
	for p.following.Load() > 0 && uint64(position) > p.Lake.Applied()+ahead {
		p.mu.Lock()
		moved := p.moved
		p.mu.Unlock()
		timer := p.Clock.NewTimer(standstill)
		select {
		case <-moved:
			timer.Stop()
		case <-timer.C():
			return
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}
