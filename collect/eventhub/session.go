package eventhub

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"github.com/quoll/quoll/collect"
)

// Bounds of memory and patience. Event Hubs cuts connections that are idle for
// 240 seconds, and takes up to a minute for an answer.
const (
	fetchBytes     = 16 << 20  // of one answer, unless one batch is larger
	readBytes      = 128 << 20 // the largest answer that is believed
	batchBytes     = 128 << 20 // the largest batch that is unpacked
	pollMessages   = 20_000
	idleTimeout    = 3 * time.Minute
	requestTimeout = time.Minute
	endTimeout     = 5 * time.Second // for the last commit
)

// place is one partition of one hub.
type place struct {
	hub       string
	partition int32
}

// session is one membership in the group.
type session struct {
	*Collector
	client *kgo.Client

	mu        sync.Mutex
	next      map[place]int64 // the offset that comes next; -1 when it is not known
	seen      map[place]furthest
	dirty     map[place]int64 // journalled, and not committed yet
	committed time.Time
	fault     error // of a callback
}

// session joins the group and reads until ctx ends or something goes wrong.
func (c *Collector) session(ctx context.Context) error {
	s := &session{Collector: c, next: map[place]int64{}, seen: map[place]furthest{}, dirty: map[place]int64{}}
	options, err := s.options()
	if err != nil {
		return err
	}
	if s.client, err = kgo.NewClient(options...); err != nil {
		return fmt.Errorf("make Kafka client: %w", err)
	}
	watching, stopWatching := context.WithCancel(ctx)
	var watch sync.WaitGroup
	fault := make(chan error, 1)
	watch.Go(func() {
		if err := s.watch(watching); err != nil {
			fault <- err
		}
	})
	err = s.read(ctx, fault)
	stopWatching()
	watch.Wait()
	s.end()
	s.refuse(ctx, err)
	return err
}

// refuse says of a token that the namespace did not take it, so that the next one
// is another.
func (s *session) refuse(ctx context.Context, err error) {
	if s.tokens == nil || !errors.Is(err, kerr.SaslAuthenticationFailed) {
		return
	}
	if token, err := s.tokens.Token(ctx, s.cfg.resource()); err == nil {
		s.tokens.Refuse(ctx, s.cfg.resource(), token)
	}
}

// end leaves the group, so that others need not wait for the session timeout.
// Leaving commits what is journalled.
func (s *session) end() {
	s.client.AllowRebalance()
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	if err := s.client.LeaveGroupContext(ctx); err != nil {
		s.logger.Info("the group was not left; it will notice", "error", s.redact(err.Error()))
	}
	s.client.Close()
}

func (s *session) options() ([]kgo.Opt, error) {
	mechanism, err := s.mechanism()
	if err != nil {
		return nil, err
	}
	config, err := s.cfg.tls()
	if err != nil {
		return nil, err
	}
	return []kgo.Opt{
		kgo.SeedBrokers(s.cfg.brokers()...),
		kgo.ClientID("quoll"),
		kgo.SASL(mechanism),
		kgo.Dialer(func(ctx context.Context, network, address string) (net.Conn, error) {
			return s.connect(ctx, config, network, address)
		}),
		kgo.ConnIdleTimeout(idleTimeout), kgo.MetadataMaxAge(idleTimeout), kgo.RequestTimeoutOverhead(requestTimeout),
		kgo.RetryTimeout(requestTimeout),
		kgo.DisableClientMetrics(),
		kgo.BrokerMaxReadBytes(readBytes), kgo.MaxDecompressBatchBytes(batchBytes),
		kgo.FetchMaxBytes(fetchBytes), kgo.FetchMaxPartitionBytes(fetchBytes / 4), kgo.FetchMaxWait(500 * time.Millisecond), kgo.MaxConcurrentFetches(2),
		kgo.ConsumerGroup(s.cfg.Group), kgo.ConsumeTopics(s.cfg.Hubs...),
		// What was deleted is a gap; everything that is left is taken.
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.SessionTimeout(s.cfg.SessionTimeout), kgo.RebalanceTimeout(2 * s.cfg.SessionTimeout), kgo.HeartbeatInterval(s.cfg.SessionTimeout / 10),
		kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(),
		kgo.AdjustFetchOffsetsFn(s.resume),
		kgo.OnPartitionsRevoked(s.onRevoked), kgo.OnPartitionsLost(s.onLost),
		kgo.WithHooks(hooks{s.Collector}),
	}, nil
}

// connect is TLS always: what signs in is a password.
func (s *session) connect(ctx context.Context, config *tls.Config, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	raw, err := s.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	config = config.Clone()
	config.ServerName = host
	secured := tls.Client(raw, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	return secured, nil
}

// mechanism is how the session signs in. A connection string in a file is read
// anew for each connection.
func (s *session) mechanism() (sasl.Mechanism, error) {
	if s.tokens == nil {
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			secret := s.cfg.ConnectionString
			if s.cfg.ConnectionStringFile != "" {
				read, err := collect.ReadSecretFile(s.cfg.ConnectionStringFile)
				if err != nil {
					return plain.Auth{}, fmt.Errorf("connection string: %w", err)
				}
				secret = read
			}
			s.remember(secret.Reveal())
			return plain.Auth{User: "$ConnectionString", Pass: secret.Reveal()}, nil
		}), nil
	}
	return oauth.Oauth(func(ctx context.Context) (oauth.Auth, error) {
		token, err := s.tokens.Token(ctx, s.cfg.resource())
		s.remember(token)
		return oauth.Auth{Token: token}, err
	}), nil
}

// resume says where each new partition goes on: at the group's offset, which may
// be another process's; where the group has none, at our own; otherwise at the
// start. Our own being ahead of the group's says only that a commit was lost:
// what lies between comes again, and is dropped as repeats.
func (s *session) resume(ctx context.Context, group map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	ours, err := s.offsets.kept(ctx)
	if err != nil {
		s.fail(fmt.Errorf("%w: %w", errStorage, err))
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for hub, partitions := range group {
		for partition, offset := range partitions {
			p := place{hub, partition}
			s.next[p] = -1
			if at := offset.EpochOffset().Offset; at >= 0 {
				s.next[p] = at
			} else if kept, known := ours[p]; known {
				s.logger.Warn("the group has no offset; reading goes on at our own", "hub", hub, "partition", partition, "offset", kept.next)
				partitions[partition] = kgo.NewOffset().At(kept.next)
				s.next[p] = kept.next
			}
			s.seen[p] = furthest{s.next[p], ours[p].latest, ours[p].next == s.next[p] && !ours[p].latest.IsZero()}
			s.assignedTo(p, ours[p])
		}
	}
	return group, nil
}

// onRevoked commits what is journalled of the partitions that go to others. It
// runs between two polls, so that nothing of them is on its way to the journal.
func (s *session) onRevoked(ctx context.Context, _ *kgo.Client, gone map[string][]int32) {
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	if err := s.commit(ctx); err != nil {
		s.logger.Warn("offsets were not committed before partitions went to others; they will read some messages again", "error", s.redact(err.Error()))
	}
	s.forget(gone)
}

// onLost drops what belongs to others already: they go on at the last commit.
func (s *session) onLost(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
	s.logger.Warn("partitions were taken from this member", "partitions", gone)
	s.forget(gone)
}

func (s *session) forget(gone map[string][]int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for hub, partitions := range gone {
		for _, partition := range partitions {
			p := place{hub, partition}
			delete(s.next, p)
			delete(s.seen, p)
			delete(s.dirty, p)
		}
	}
}

func (s *session) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = errors.Join(s.fault, err)
}

func (s *session) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

// read polls until ctx ends.
func (s *session) read(ctx context.Context, fault <-chan error) error {
	for {
		poll, cancel := context.WithTimeout(ctx, s.cfg.CommitEvery)
		fetches := s.client.PollRecords(poll, pollMessages)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		err := errors.Join(s.take(ctx, fetches), s.failure())
		select {
		case watched := <-fault:
			err = errors.Join(err, watched)
		default:
		}
		if err == nil && s.due(fetches.Empty()) {
			err = s.commit(ctx)
		}
		s.client.AllowRebalance()
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// due says whether it is time to commit.
func (s *session) due(idle bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.dirty) > 0 && (idle || s.clock.Now().Sub(s.committed) >= s.cfg.CommitEvery)
}

// commit tells the group how far everything is journalled.
func (s *session) commit(ctx context.Context) error {
	s.mu.Lock()
	offsets := map[string]map[int32]kgo.EpochOffset{}
	for p, next := range s.dirty {
		if offsets[p.hub] == nil {
			offsets[p.hub] = map[int32]kgo.EpochOffset{}
		}
		offsets[p.hub][p.partition] = kgo.EpochOffset{Epoch: -1, Offset: next}
	}
	s.mu.Unlock()
	if len(offsets) == 0 {
		return nil
	}
	if err := s.commitOffsets(ctx, offsets); postponed(err) {
		s.logger.Info("offsets are committed later, or by whom the partitions went to", "error", err)
		return nil
	} else if err != nil {
		return fmt.Errorf("commit offsets: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.committed = s.clock.Now()
	for hub, partitions := range offsets {
		for partition, offset := range partitions {
			if p := (place{hub, partition}); s.dirty[p] == offset.Offset {
				delete(s.dirty, p)
			}
		}
	}
	return nil
}

// postponed are refusals of a commit while partitions are being handed out anew.
func postponed(err error) bool {
	return errors.Is(err, kerr.RebalanceInProgress) || errors.Is(err, kerr.IllegalGeneration) || errors.Is(err, kerr.UnknownMemberID)
}

// ignorable are fetch errors after which the client goes on by itself.
func ignorable(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, kerr.RebalanceInProgress)
}
