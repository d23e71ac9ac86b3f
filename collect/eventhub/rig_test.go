package eventhub

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/frames"
	"github.com/quoll/quoll/internal/loopback"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/model"
)

const (
	tenant = "11111111-2222-3333-4444-555555555555"
	mail   = collect.DefenderPrefix + "emailevents"
	all    = "defender"
	key    = "Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey=c2VjcmV0"
	// patience bounds the wait for what must happen.
	patience = 30 * time.Second
)

// namespace is a Kafka broker that takes TLS and a connection string, as the
// endpoint of Event Hubs does.
type namespace struct {
	t         *testing.T
	cluster   *kfake.Cluster // nil where the broker is one of Apache Kafka
	addresses []string
	ca        string // file
	client    *kgo.Client
}

func newNamespace(t *testing.T, partitions int32) *namespace {
	t.Helper()
	return newNamespaceThat(t, partitions, kfake.EnableSASL(), kfake.Superuser("PLAIN", "$ConnectionString", key))
}

func newNamespaceThat(t *testing.T, partitions int32, signsIn ...kfake.Opt) *namespace {
	t.Helper()
	config, ca := certificate(t)
	cluster, err := kfake.NewCluster(append(signsIn, kfake.NumBrokers(1), kfake.TLS(config), kfake.SeedTopics(partitions, mail, all))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	n := &namespace{t: t, cluster: cluster, addresses: cluster.ListenAddrs(), ca: ca}
	pool := x509.NewCertPool()
	text, err := os.ReadFile(ca)
	if err != nil || !pool.AppendCertsFromPEM(text) {
		t.Fatal("no certificate", err)
	}
	options := []kgo.Opt{kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.DialTLSConfig(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0)}
	if len(signsIn) > 0 {
		options = append(options, kgo.SASL(plain.Auth{User: "$ConnectionString", Pass: key}.AsMechanism()))
	}
	n.client, err = kgo.NewClient(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.client.Close)
	return n
}

// certificate is one for loopback, and a file of who signed it.
func certificate(t *testing.T) (config *tls.Config, file string) {
	t.Helper()
	own, authority, err := loopback.New()
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, authority, 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12}, file
}

// publish writes messages to one partition.
func (n *namespace) publish(hub string, partition int32, bodies ...string) {
	n.t.Helper()
	for _, body := range bodies {
		n.send(&kgo.Record{Topic: hub, Partition: partition, Value: []byte(body)})
	}
}

func (n *namespace) send(records ...*kgo.Record) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	if err := n.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		n.t.Error(err)
	}
}

func (n *namespace) config() Config {
	cfg := DefaultConfig()
	cfg.Tenant, cfg.Hubs, cfg.ConnectionString = tenant, []string{mail, all}, collect.NewSecret(key)
	cfg.Brokers, cfg.CAFile = n.addresses, n.ca
	cfg.CommitEvery, cfg.WatchEvery, cfg.SessionTimeout = 20*time.Millisecond, 50*time.Millisecond, 6*time.Second
	return cfg
}

// memorySink keeps payloads and tells who waits for them.
type memorySink struct {
	mu       sync.Mutex
	payloads []model.Payload
	fail     func(model.Payload) error // called with the lock held
	changed  chan struct{}
}

func newSink() *memorySink { return &memorySink{changed: make(chan struct{}, 1)} }

func (m *memorySink) Journal(_ context.Context, p model.Payload) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		if err := m.fail(p); err != nil {
			return 0, err
		}
	}
	m.payloads = append(m.payloads, p)
	select {
	case m.changed <- struct{}{}:
	default:
	}
	return uint64(len(m.payloads)), nil
}

// messages returns what is journalled, by hub/partition/offset, and how many
// messages that were: more when some came twice.
func (m *memorySink) messages(t *testing.T) (messages map[string]string, times int) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	messages = map[string]string{}
	for _, p := range m.payloads {
		where := filepath.Dir(p.Name)
		for body := p.Body; len(body) > 0; {
			f, rest, err := frames.Next(body)
			if err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprintf("%s/%d", where, f.Offset)
			if old, ok := messages[name]; ok && old != string(f.Body) {
				t.Errorf("%s is %q and %q", name, old, f.Body)
			}
			messages[name] = string(f.Body)
			times++
			body = rest
		}
	}
	return messages, times
}

// await waits until the sink has n messages.
func (m *memorySink) await(t *testing.T, n int) map[string]string {
	t.Helper()
	deadline := time.After(patience)
	for {
		if got, _ := m.messages(t); len(got) >= n {
			return got
		}
		select {
		case <-m.changed:
		case <-deadline:
			got, _ := m.messages(t)
			t.Fatalf("%d messages are journalled, want %d", len(got), n)
		}
	}
}

// await waits until a condition holds that nothing tells us of.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	awaitFor(t, patience, what, holds)
}

func awaitFor(t *testing.T, patience time.Duration, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

func newState(t *testing.T) *sql.DB {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1) // one connection, so that the setting holds
	if _, err := db.ExecContext(t.Context(), "PRAGMA synchronous = OFF"); err != nil {
		t.Fatal(err)
	}
	return db
}

// member is a collector at work.
type member struct {
	*Collector
	cancel context.CancelFunc
	done   chan error
}

func start(t *testing.T, cfg Config, deps Dependencies) *member {
	t.Helper()
	if deps.Random == nil {
		deps.Random = func() float64 { return 0 }
	}
	c, err := New(t.Context(), cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := &member{c, cancel, make(chan error, 1)}
	go func() { m.done <- c.Run(ctx) }()
	t.Cleanup(func() { m.stop(t) })
	return m
}

// stop ends it in good order; again, it does nothing.
func (m *member) stop(t *testing.T) {
	t.Helper()
	m.cancel()
	select {
	case err := <-m.done:
		if err != nil {
			t.Error(err)
		}
		m.done <- nil
	case <-time.After(patience):
		t.Error("the collector does not end")
	}
}

// wire is a network that can be cut.
type wire struct {
	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

var errCut = errors.New("the wire is cut")

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errCut}
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err == nil {
		w.conns = append(w.conns, conn)
	}
	return conn, err
}

func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	if cut {
		for _, c := range w.conns {
			c.Close()
		}
		w.conns = nil
	}
}
