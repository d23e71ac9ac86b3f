package eventhub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/quoll/quoll/internal/clock"
)

// watch looks again and again at what is outstanding, until ctx ends or the
// namespace does not answer. The first look is also the session's proof that
// the namespace can be reached and lets us in.
func (s *session) watch(ctx context.Context) error {
	admin := kadm.NewClient(s.client)
	for {
		if err := s.look(ctx, admin); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		s.sound(s.clock.Now())
		if clock.Sleep(ctx, s.clock, s.cfg.WatchEvery) != nil {
			return nil
		}
	}
}

// look compares the ends of the partitions with how far we are.
func (s *session) look(ctx context.Context, admin *kadm.Client) error {
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	asked := s.clock.Now()
	starts, err := admin.ListStartOffsets(limited, s.cfg.Hubs...)
	if err == nil {
		err = starts.Error()
	}
	var ends kadm.ListedOffsets
	if err == nil {
		ends, err = admin.ListEndOffsets(limited, s.cfg.Hubs...)
	}
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return fmt.Errorf("ask for the ends of the hubs: %w", err)
	}
	s.mu.Lock()
	outstanding, held, current := map[place]int64{}, map[place]int64{}, map[place]bool{}
	ends.Each(func(end kadm.ListedOffset) {
		p := place{end.Topic, end.Partition}
		next, ours := s.next[p]
		if !ours {
			return
		}
		if start, ok := starts.Lookup(end.Topic, end.Partition); ok && next < start.Offset {
			next = start.Offset // new to us, or deleted before we came
		}
		outstanding[p], held[p] = max(end.Offset-next, 0), max(next, 0)
		current[p] = outstanding[p] == 0
	})
	s.mu.Unlock()
	if err := s.offsets.looked(ctx, held, current, asked); err != nil {
		return errors.Join(errStorage, err)
	}
	// Held over both, so that a partition that has come meanwhile stays known.
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked(s.next, outstanding, asked)
	return nil
}

// sound says in the log that messages are about to be lost.
func (c *Collector) sound(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, hub := range c.cfg.Hubs {
		warning := c.health.alarm(&c.cfg, hub, now)
		if warning != nil && now.Sub(c.sounded) >= alarmEvery {
			c.sounded = now
			c.logger.Error(warning.Cause, "remedy", warning.Remedy)
		}
	}
}
