package eventhub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"golang.org/x/sync/errgroup"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/frames"
	"github.com/quoll/quoll/model"
)

// journalAtOnce is how many partitions are journalled side by side: they share
// the disk's time, and are compressed on several cores.
const journalAtOnce = 4

// errStorage says that the sink or the offsets failed, which is not the hubs'
// fault.
var errStorage = errors.New("storage failed")

// mark is what became of one partition in one poll.
type mark struct {
	place
	next     int64 // -1: nothing was journalled
	seen     furthest
	latest   time.Time
	payloads int64
	messages int64
	bytes    int64
	hours    map[time.Time]amount // by the hour at which the hub took a message
	gaps     []gap
}

type amount struct{ messages, bytes int64 }

// take journals what was fetched, then keeps how far that was.
func (s *session) take(ctx context.Context, fetches kgo.Fetches) error {
	var errs []error
	fetches.EachError(func(hub string, partition int32, err error) {
		var loss *kgo.ErrDataLoss
		switch {
		case ignorable(err):
		case errors.As(err, &loss): // the client has gone on; the messages show whether any is missing
			s.logger.Warn("the hub says that it may have lost messages; what it has is read again", "hub", hub, "partition", partition, "error", err)
		default:
			errs = append(errs, fmt.Errorf("fetch %s/%d: %w", hub, partition, err))
		}
	})
	var marks []*mark
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(journalAtOnce)
	for p, fetched := range byPlace(fetches) {
		m := &mark{place: p, next: -1, hours: map[time.Time]amount{}}
		marks = append(marks, m)
		group.Go(func() error { return s.journal(groupCtx, m, fetched) })
	}
	if err := group.Wait(); err != nil {
		errs = append(errs, fmt.Errorf("%w: %w", errStorage, err))
	}
	if len(marks) > 0 {
		// What is journalled is kept even if the rest failed.
		if err := s.keep(context.WithoutCancel(ctx), marks); err != nil {
			errs = append(errs, fmt.Errorf("%w: %w", errStorage, err))
		}
	}
	return errors.Join(errs...)
}

// byPlace puts together what several brokers may have sent of one partition.
func byPlace(fetches kgo.Fetches) map[place]kgo.FetchPartition {
	all := map[place]kgo.FetchPartition{}
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if len(p.Records) == 0 {
			return
		}
		key := place{p.Topic, p.Partition}
		p.Records = append(all[key].Records, p.Records...)
		all[key] = p.FetchPartition
	})
	return all
}

// journal hands the records of one partition to the sink, in batches. m says how
// far that went, also after an error.
func (s *session) journal(ctx context.Context, m *mark, p kgo.FetchPartition) error {
	s.mu.Lock()
	read := reading{-1, furthest{next: -1}}
	if next, known := s.next[m.place]; known {
		read = reading{next, s.seen[m.place]}
	}
	s.mu.Unlock()
	for records := p.Records; len(records) > 0; {
		var batch batch
		n := batch.fill(records, s.cfg.BatchBytes)
		gaps := read.follow(records[:n], p.LogStartOffset)
		if err := s.send(ctx, m.place, records[0].Offset, batch.body); err != nil {
			return err
		}
		m.add(&batch, gaps, records[n-1].Timestamp.UTC())
		m.next, m.seen = read.next, read.seen
		records = records[n:]
	}
	return nil
}

func (m *mark) add(b *batch, gaps []gap, latest time.Time) {
	m.latest = latest
	m.payloads++
	m.messages, m.bytes = m.messages+int64(b.messages), m.bytes+b.bytes
	for hour, a := range b.hours {
		m.hours[hour] = amount{m.hours[hour].messages + a.messages, m.hours[hour].bytes + a.bytes}
	}
	m.gaps = append(m.gaps, gaps...)
}

// batch is the body of one payload.
type batch struct {
	body     []byte
	messages int
	bytes    int64
	hours    map[time.Time]amount
}

// fill takes as many records as fit, at least one, and returns their number.
func (b *batch) fill(records []*kgo.Record, most int) int {
	size, n := 0, 0
	for ; n < len(records); n++ {
		one := len(records[n].Value) + frames.Overhead
		if n > 0 && size+one > most {
			break
		}
		size += one
	}
	b.body, b.messages, b.hours = make([]byte, 0, size), n, map[time.Time]amount{}
	for _, r := range records[:n] {
		b.body = frames.Append(b.body, frames.Frame{Offset: r.Offset, Millis: r.Timestamp.UnixMilli(), Body: r.Value})
		hour := r.Timestamp.UTC().Truncate(time.Hour)
		a := b.hours[hour]
		b.hours[hour] = amount{a.messages + 1, a.bytes + int64(len(r.Value))}
		b.bytes += int64(len(r.Value))
	}
	return n
}

func (s *session) send(ctx context.Context, p place, first int64, body []byte) error {
	_, err := s.sink.Journal(ctx, model.Payload{
		Tenant:      s.cfg.Tenant,
		Source:      model.SourceEventHub,
		Format:      model.FormatDefenderMessages,
		ContentType: collect.DefenderTable(p.hub),
		Name:        fmt.Sprintf("%s/%d/%d", p.hub, p.partition, first),
		Received:    s.clock.Now().UTC(),
		Body:        body,
	})
	return err
}

// keep makes durable how far every partition is journalled, and lets the next
// commit say so.
func (s *session) keep(ctx context.Context, marks []*mark) error {
	now := s.clock.Now()
	if err := s.offsets.save(ctx, marks, now); err != nil {
		return err
	}
	s.mu.Lock()
	for _, m := range marks {
		if m.next >= 0 {
			s.next[m.place], s.dirty[m.place], s.seen[m.place] = m.next, m.next, m.seen
		}
	}
	s.mu.Unlock()
	for _, m := range marks {
		s.journalled(m)
		for _, g := range m.gaps {
			s.logger.Error("messages are lost", "hub", m.hub, "partition", m.partition, "from", g.from, "to", g.to, "reason", g.reason)
		}
	}
	return nil
}

// commitOffsets is one commit, whose every partition must succeed.
func (s *session) commitOffsets(ctx context.Context, offsets map[string]map[int32]kgo.EpochOffset) error {
	var failed error
	s.client.CommitOffsetsSync(ctx, offsets, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, response *kmsg.OffsetCommitResponse, err error) {
		if failed = err; err != nil {
			return
		}
		for _, hub := range response.Topics {
			for _, p := range hub.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					failed = fmt.Errorf("%s/%d: %w", hub.Topic, p.Partition, err)
				}
			}
		}
	})
	return failed
}
