// Package hub is a simulated Event Hubs namespace: a Kafka broker in this process
// that takes TLS and a connection string, as the endpoint of Event Hubs does, and
// to which Defender records are published the way its streaming does.
//
// It must not know what a record says, nor when it is due. No binary of ours has
// it, as the broker in it is large.
package hub

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"github.com/quoll/quoll/internal/loopback"
)

// ConnectionString is what signs in. It opens nothing outside of this process.
const ConnectionString = "Endpoint=sb://simulated.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey=c2ltdWxhdGVk"

// containerPrefix begins the name of every hub that Defender makes.
const containerPrefix = "insights-logs-advancedhunting-"

// Name is the hub that Defender makes for a table.
func Name(table string) string { return containerPrefix + strings.ToLower(table) }

// Namespace is a broker, or several.
type Namespace struct {
	cluster    *kfake.Cluster
	client     *kgo.Client
	partitions int32
	brokers    int32
	ca         []byte // PEM
	network    Network
}

// Network is what a namespace listens on and its clients call over.
type Network interface {
	Listen(network, address string) (net.Listener, error)
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// system is that of the machine.
type system struct{ net.Dialer }

func (system) Listen(network, address string) (net.Listener, error) {
	return (&net.ListenConfig{}).Listen(context.Background(), network, address)
}

// New starts a namespace with that many brokers, and with hubs of that many
// partitions each.
func New(brokers int, partitions int32, hubs ...string) (*Namespace, error) {
	return NewOn(&system{}, brokers, partitions, hubs...)
}

// NewOn starts a namespace on another network than the machine's, such as
// kfake.VirtualNetwork.
func NewOn(network Network, brokers int, partitions int32, hubs ...string) (*Namespace, error) {
	own, ca, err := loopback.New()
	if err != nil {
		return nil, fmt.Errorf("make simulated namespace: %w", err)
	}
	n := &Namespace{partitions: partitions, brokers: int32(brokers), ca: ca, network: network}
	n.cluster, err = kfake.NewCluster(kfake.NumBrokers(brokers), kfake.ListenFn(network.Listen), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12}), kfake.SeedTopics(partitions, hubs...),
		kfake.EnableSASL(), kfake.Superuser("PLAIN", "$ConnectionString", ConnectionString))
	if err != nil {
		return nil, fmt.Errorf("start simulated namespace: %w", err)
	}
	n.client, err = n.Client(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0), kgo.ProducerBatchMaxBytes(1<<20))
	if err != nil {
		n.cluster.Close()
		return nil, err
	}
	return n, nil
}

// Client is a client of the namespace that is signed in.
func (n *Namespace) Client(options ...kgo.Opt) (*kgo.Client, error) {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(n.ca)
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(n.Addresses()...),
		kgo.Dialer(func(ctx context.Context, network, address string) (net.Conn, error) {
			return n.dial(ctx, pool, network, address)
		}),
		kgo.SASL(plain.Auth{User: "$ConnectionString", Pass: ConnectionString}.AsMechanism()),
	}, options...)...)
	if err != nil {
		return nil, fmt.Errorf("make client of simulated namespace: %w", err)
	}
	return client, nil
}

func (n *Namespace) dial(ctx context.Context, pool *x509.CertPool, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	conn, err := n.network.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return tls.Client(conn, &tls.Config{RootCAs: pool, ServerName: host, MinVersion: tls.VersionTLS12}), nil
}

// Addresses are host:port of the brokers.
func (n *Namespace) Addresses() []string { return n.cluster.ListenAddrs() }

// Partitions is how many each hub has.
func (n *Namespace) Partitions() int32 { return n.partitions }

// WriteCA writes the certificate that clients must trust.
func (n *Namespace) WriteCA(path string) error {
	if err := os.WriteFile(path, n.ca, 0o600); err != nil {
		return fmt.Errorf("write certificate of simulated namespace: %w", err)
	}
	return nil
}

// Publish writes messages to a partition of a hub and waits until it has them.
func (n *Namespace) Publish(ctx context.Context, hub string, partition int32, messages ...[]byte) error {
	records := make([]*kgo.Record, len(messages))
	for i, m := range messages {
		records[i] = &kgo.Record{Topic: hub, Partition: partition, Value: m}
	}
	if err := n.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("publish to hub %s: %w", hub, err)
	}
	return nil
}

// Message wraps lines, each a record as it is streamed, in one message.
func Message(lines ...[]byte) []byte {
	message := []byte(`{"records":[`)
	for i, line := range lines {
		if i > 0 {
			message = append(message, ',')
		}
		message = append(message, line...)
	}
	return append(message, "]}"...)
}

// Lose takes a broker away, of several; its partitions move to others.
func (n *Namespace) Lose(broker int32) error {
	if err := n.cluster.RemoveNode(broker % n.brokers); err != nil {
		return fmt.Errorf("lose a broker: %w", err)
	}
	return nil
}

// Return brings a broker back that was lost.
func (n *Namespace) Return(broker int32) error {
	if _, _, err := n.cluster.AddNode(broker%n.brokers, 0); err != nil {
		return fmt.Errorf("bring a broker back: %w", err)
	}
	return nil
}

// Close ends the namespace.
func (n *Namespace) Close() {
	n.client.Close()
	n.cluster.Close()
}
