//go:build kafka

package eventhub

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"github.com/quoll/quoll/collect"
)

// These tests run against a broker of Apache Kafka: make test-kafka.
var jars = flag.String("jars", "", "folder with the jars of a Kafka broker; scripts/kafka/jars makes one")

// brokerPatience bounds the start of a Java machine that shares its processor.
const brokerPatience = time.Minute

// broker is one of Apache Kafka that is its own controller and takes TLS and a
// connection string, as the endpoint of Event Hubs does.
type broker struct {
	t       *testing.T
	dir     string
	address string
	process *exec.Cmd
	*namespace
}

const properties = `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@%[1]s
listeners=EXTERNAL://%[2]s,INTERNAL://%[3]s,CONTROLLER://%[1]s
listener.security.protocol.map=EXTERNAL:SASL_SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=INTERNAL
controller.listener.names=CONTROLLER
sasl.enabled.mechanisms=PLAIN
listener.name.external.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_$ConnectionString="%[4]s";
listener.name.external.ssl.keystore.type=PEM
listener.name.external.ssl.keystore.location=%[5]s/server.pem
log.dirs=%[5]s/data
num.partitions=3
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
`

// newBroker formats a folder and starts a broker on it.
func newBroker(t *testing.T) *broker {
	t.Helper()
	b := &broker{t: t, dir: t.TempDir()}
	config, ca := certificate(t)
	b.writeKeys(config)
	addresses := freeAddresses(t, 3)
	b.address = addresses[1]
	text := fmt.Sprintf(properties, addresses[0], addresses[1], addresses[2], key, b.dir)
	if err := os.WriteFile(b.file("server.properties"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := b.java("kafka.tools.StorageTool", "format", "-t", "QuollQuollQuollQuollQQ", "-c", b.file("server.properties")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(b.kill)
	b.start()
	pem, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	b.namespace = &namespace{t: t, ca: ca, addresses: []string{b.address}}
	b.client, err = kgo.NewClient(kgo.SeedBrokers(b.address), kgo.DialTLSConfig(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}),
		kgo.SASL(plain.Auth{User: "$ConnectionString", Pass: key}.AsMechanism()), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.client.Close)
	return b
}

func (b *broker) file(name string) string { return filepath.Join(b.dir, name) }

func (b *broker) java(main string, arguments ...string) *exec.Cmd {
	all := append([]string{"-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", filepath.Join(*jars, "*"), main}, arguments...)
	return exec.CommandContext(b.t.Context(), "java", all...)
}

// writeKeys writes key and certificate in one file, as Kafka takes them.
func (b *broker) writeKeys(config *tls.Config) {
	b.t.Helper()
	certificate := config.Certificates[0]
	der, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		b.t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})...)
	if err := os.WriteFile(b.file("server.pem"), text, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// start runs the broker and waits until it listens.
func (b *broker) start() {
	b.t.Helper()
	log, err := os.OpenFile(b.file("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		b.t.Fatal(err)
	}
	defer log.Close()
	// Not tied to the test's context: the broker outlives a part of the test.
	b.process = exec.Command("java", b.java("kafka.Kafka", b.file("server.properties")).Args[1:]...)
	b.process.Stdout, b.process.Stderr = log, log
	if err := b.process.Start(); err != nil {
		b.t.Fatal(err)
	}
	defer func() {
		if b.t.Failed() {
			text, _ := os.ReadFile(b.file("log"))
			b.t.Logf("the broker's log ends with: %s", text[max(0, len(text)-8000):])
		}
	}()
	awaitFor(b.t, brokerPatience, "the broker listens", func() bool {
		conn, err := net.Dial("tcp", b.address)
		if err != nil {
			return false
		}
		conn.Close()
		return true
	})
}

// kill ends the broker as a crash of its machine would.
func (b *broker) kill() {
	if b.process != nil && b.process.Process != nil {
		_ = b.process.Process.Signal(syscall.SIGKILL)
		_ = b.process.Wait()
	}
}

// fresh makes both hubs anew, empty, and returns a configuration with a group of
// its own.
func (b *broker) fresh(partitions int32, group string) Config {
	b.t.Helper()
	admin := kadm.NewClient(b.client)
	ctx, cancel := context.WithTimeout(b.t.Context(), brokerPatience)
	defer cancel()
	await(b.t, "both hubs are new", func() bool {
		_, _ = admin.DeleteTopics(ctx, mail, all)
		made, err := admin.CreateTopics(ctx, partitions, 1, nil, mail, all)
		return err == nil && made.Error() == nil
	})
	b.client.PurgeTopicsFromClient(mail, all)
	await(b.t, "both hubs can be written to", func() bool {
		var errs []error
		for _, hub := range []string{mail, all} {
			ends, err := admin.ListEndOffsets(ctx, hub)
			errs = append(errs, err, ends.Error())
		}
		return errors.Join(errs...) == nil
	})
	cfg := b.config()
	cfg.Group = group
	return cfg
}

func freeAddresses(t *testing.T, n int) []string {
	t.Helper()
	var addresses []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		addresses = append(addresses, l.Addr().String())
	}
	return addresses
}

// TestApacheKafka is what a namespace of our own making shows elsewhere, on a
// broker of Apache Kafka.
func TestApacheKafka(t *testing.T) {
	b := newBroker(t)
	for _, c := range []struct {
		name string
		test func(*testing.T, *broker)
	}{
		{"what was published is journalled, and reading goes on where it ended", kafkaGoesOn},
		{"members share and hand over", kafkaHandsOver},
		{"deleted messages are a gap", kafkaDeletes},
		{"a wrong key is shown", kafkaRefuses},
		{"bad days", kafkaBadDays},
		{"a broker that is killed comes back", kafkaIsKilled},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.t, b.namespace.t = t, t
			c.test(t, b)
		})
	}
}

func kafkaGoesOn(t *testing.T, b *broker) {
	cfg, db, sink := b.fresh(3, "goes on"), newState(t), newSink()
	b.publish(mail, 0, `{"records":[]}`, "", "\x00\xff\n", strings.Repeat("x", 70_000))
	b.publish(all, 2, "c")
	m := start(t, cfg, Dependencies{DB: db, Sink: sink})
	got := sink.await(t, 5)
	if got[mail+"/0/2"] != "\x00\xff\n" || len(got[mail+"/0/3"]) != 70_000 {
		t.Errorf("journalled %.200q", got)
	}
	m.stop(t)
	b.publish(mail, 0, "d")
	m = start(t, cfg, Dependencies{DB: newState(t), Sink: sink}) // with the group's offsets alone
	sink.await(t, 6)
	await(t, "nothing is outstanding", func() bool {
		s := m.Status()
		return s.Health == collect.HealthRunning && s.Streams[0].Counts.Backlog() == 0 && !s.Streams[0].Cursor.IsZero()
	})
	if _, times := sink.messages(t); times != 6 {
		t.Errorf("%d messages are journalled, want 6", times)
	}
}

func kafkaHandsOver(t *testing.T, b *broker) {
	cfg, first, second := b.fresh(4, "hands over"), newSink(), newSink()
	published := 0
	publish := func() {
		for i := range 16 {
			b.publish([]string{mail, all}[i%2], int32(i/2%4), fmt.Sprint("message ", published))
			published++
		}
	}
	publish()
	one := start(t, cfg, Dependencies{DB: newState(t), Sink: first})
	first.await(t, published)
	start(t, cfg, Dependencies{DB: newState(t), Sink: second})
	both := func() int {
		seen, _ := first.messages(t)
		theirs, _ := second.messages(t)
		for name, body := range theirs {
			seen[name] = body
		}
		return len(seen)
	}
	await(t, "the second member has a share", func() bool {
		publish()
		await(t, "both together have everything", func() bool { return both() == published })
		_, theirs := second.messages(t)
		return theirs > 0
	})
	one.stop(t)
	publish()
	await(t, "the second member has the rest", func() bool { return both() == published })
}

func kafkaDeletes(t *testing.T, b *broker) {
	cfg, db, sink := b.fresh(1, "deletes"), newState(t), newSink()
	b.publish(mail, 0, "a", "b")
	m := start(t, cfg, Dependencies{DB: db, Sink: sink})
	sink.await(t, 2)
	m.stop(t)
	b.publish(mail, 0, "c", "d", "e", "f")
	offsets := kadm.Offsets{}
	offsets.AddOffset(mail, 0, 5, -1)
	if deleted, err := kadm.NewClient(b.client).DeleteRecords(t.Context(), offsets); err != nil || deleted.Error() != nil {
		t.Fatal(err, deleted.Error())
	}
	m = start(t, cfg, Dependencies{DB: db, Sink: sink})
	if got := sink.await(t, 3); got[mail+"/0/5"] != "f" {
		t.Errorf("journalled %q", got)
	}
	var gaps []Gap
	var err error
	await(t, "the gap is recorded", func() bool { // with the position, after the message is journalled
		gaps, err = m.Gaps(t.Context(), 10)
		return err != nil || len(gaps) > 0
	})
	if err != nil || len(gaps) != 1 || gaps[0].From != 2 || gaps[0].To != 5 || gaps[0].After.IsZero() {
		t.Errorf("gaps %+v, %v; want one", gaps, err)
	}
}

func kafkaRefuses(t *testing.T, b *broker) {
	cfg := b.fresh(1, "refuses")
	cfg.ConnectionString = collect.NewSecret(strings.Replace(key, "c2VjcmV0", "b2xkLWtleQ", 1))
	m := start(t, cfg, Dependencies{DB: newState(t), Sink: newSink()})
	await(t, "the refusal is shown", func() bool {
		s := m.Status()
		return s.Health == collect.HealthBlocked && s.Problem.Code == codeSignIn
	})
}

func kafkaBadDays(t *testing.T, b *broker) {
	cfg := b.fresh(3, "bad days")
	badDaysOn(t, b.namespace, cfg, rand.New(rand.NewPCG(1, 1)))
}

func kafkaIsKilled(t *testing.T, b *broker) {
	cfg, sink := b.fresh(2, "is killed"), newSink()
	b.publish(mail, 0, "before")
	m := start(t, cfg, Dependencies{DB: newState(t), Sink: sink})
	sink.await(t, 1)
	b.kill()
	await(t, "trouble is shown", func() bool { s := m.Status(); return s.Health == collect.HealthDegraded && s.Problem != nil })
	b.start()
	await(t, "the broker takes messages", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		return b.client.ProduceSync(ctx, &kgo.Record{Topic: mail, Partition: 1, Value: []byte("after")}).FirstErr() == nil
	})
	if got := sink.await(t, 2); got[mail+"/1/0"] != "after" {
		t.Errorf("journalled %q", got)
	}
	await(t, "the trouble is over", func() bool { return m.Status().Health == collect.HealthRunning })
}
