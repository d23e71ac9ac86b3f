package activity

import (
	"log/slog"
	"math/rand/v2"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/clock"
)

func fillIn(deps *Dependencies) {
	if deps.Clock == nil {
		deps.Clock = clock.System()
	}
	if deps.Spool == nil {
		deps.Spool = collect.NewTemporarySpool()
	}
	if deps.Random == nil {
		deps.Random = rand.Float64
	}
	if deps.Logger == nil {
		deps.Logger = slog.New(slog.DiscardHandler)
	}
}
