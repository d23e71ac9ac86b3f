package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/pipeline"
)

// watchDiskEvery is how often the room on the disk is looked at, also while nothing
// comes.
const watchDiskEvery = 10 * time.Second

// pressureWatch writes down when collecting is slowed down or stops for want of room,
// and when it goes on.
type pressureWatch struct {
	pipeline interface{ Status() pipeline.Status }
	audit    *acts
	clock    clock.Clock
	log      *slog.Logger
}

func (w *pressureWatch) run(ctx context.Context) error {
	told := pipeline.PressureNone
	for clock.Sleep(ctx, w.clock, watchDiskEvery) == nil {
		s := w.pipeline.Status()
		if s.Pressure == told {
			continue
		}
		if err := w.tell(ctx, s); err != nil {
			w.log.Error("the state of the disk could not be written down; it is tried again", "error", err)
			continue
		}
		told = s.Pressure
	}
	return nil
}

func (w *pressureWatch) tell(ctx context.Context, s pipeline.Status) error {
	what := act{operation: "Collect", kind: "Server", name: "disk", description: "the disk has room: everything is collected", properties: map[string]any{"FreeBytes": s.Free, "Pressure": s.Pressure}}
	switch s.Pressure {
	case pipeline.PressureSlow:
		what.description = "the disk of the data directory is short of room: collecting is slowed down"
	case pipeline.PressureStop:
		what.description = "the disk of the data directory is nearly full: collecting has stopped until there is room"
	}
	return w.audit.found(ctx, what, s.Pressure == pipeline.PressureNone, what.description)
}

func pressureLevel(p pipeline.Pressure) int {
	switch p {
	case pipeline.PressureSlow:
		return 1
	case pipeline.PressureStop:
		return 2
	}
	return 0
}
