package defender

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/eventhub"
	"github.com/quoll/quoll/drift"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/internal/usage"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/pipeline"
	"github.com/quoll/quoll/simulate/lives"
	wording "github.com/quoll/quoll/tenantsim/defender"
	"github.com/quoll/quoll/tenantsim/hub"
)

var benchEvents = flag.Int("bench-events", 200_000, "how many events the benchmarks of hubs bring")

// perMessage is how many records a message of the benchmarks holds.
const perMessage = 25

// networkMessageID stands before what tells one mail from another.
var networkMessageID = []byte(`"NetworkMessageId":"`)

// filled is a namespace whose one hub is full of events. No two are alike: each
// round of the pool has network message ids of its own.
func filled(b *testing.B, events int) (n *hub.Namespace, size int64) {
	b.Helper()
	all, err := pool()
	if err != nil {
		b.Fatal(err)
	}
	all = slices.DeleteFunc(slices.Clone(all), func(r *wording.Record) bool { return !bytes.Contains(r.Properties, networkMessageID) })
	if n, err = hub.New(1, 4, oneForAll); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(n.Close)
	var batch [][]byte
	for i := 0; i < events; i += perMessage {
		lines := make([][]byte, 0, perMessage)
		for j := i; j < i+perMessage; j++ {
			lines = append(lines, nth(b, all[j%len(all)], j/len(all)))
		}
		batch = append(batch, hub.Message(lines...))
		size += int64(len(batch[len(batch)-1]))
		if len(batch) == 20 || i+perMessage >= events {
			if err := n.Publish(b.Context(), oneForAll, int32(i/perMessage/20%4), batch...); err != nil {
				b.Fatal(err)
			}
			batch = nil
		}
	}
	return n, size
}

// nth is a record as it would be about another mail.
func nth(b *testing.B, r *wording.Record, round int) []byte {
	line, err := r.Line(r.Time.Add(2 * time.Minute))
	if err != nil {
		b.Fatal(err)
	}
	at := bytes.Index(line, networkMessageID) + len(networkMessageID)
	id := append([]byte(nil), line[at:at+36]...)
	return bytes.ReplaceAll(line, id, fmt.Appendf(append([]byte(nil), id[:24]...), "%012x", round))
}

// BenchmarkHubToRows is the time from the first byte of a full hub to rows that a
// reader sees, with everything on the way synced: TLS, group, journal, drift,
// rows. The broker runs in the same process and takes its share of the
// processor.
func BenchmarkHubToRows(b *testing.B) {
	n, size := filled(b, *benchEvents)
	for b.Loop() {
		b.StopTimer()
		r := openRiver(b)
		ctx, cancel := context.WithCancel(b.Context())
		cfg := eventhub.DefaultConfig()
		cfg.Tenant, cfg.Hubs, cfg.ConnectionString = tenantID, []string{oneForAll}, collect.NewSecret(hub.ConnectionString)
		cfg.Brokers, cfg.CAFile, cfg.Group = n.Addresses(), filepath.Join(b.TempDir(), "ca.pem"), b.TempDir()
		if err := n.WriteCA(cfg.CAFile); err != nil {
			b.Fatal(err)
		}
		collector, err := eventhub.New(ctx, cfg, eventhub.Dependencies{DB: r.State, Sink: r.Pipeline})
		if err != nil {
			b.Fatal(err)
		}
		before := usage.Processor()
		b.StartTimer()
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx, collector.Run) }()
		await(b, r, int64(*benchEvents))
		b.StopTimer()
		report(b, usage.Processor()-before, size)
		cancel()
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(*benchEvents*b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkBareConsumer is what no consumer can do without: the bytes of every
// message in a file, synced after each poll.
func BenchmarkBareConsumer(b *testing.B) {
	n, size := filled(b, *benchEvents)
	for b.Loop() {
		b.StopTimer()
		file, err := os.Create(filepath.Join(b.TempDir(), "bytes"))
		if err != nil {
			b.Fatal(err)
		}
		client, err := n.Client(kgo.ConsumeTopics(oneForAll), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxBytes(16<<20), kgo.FetchMaxPartitionBytes(4<<20))
		if err != nil {
			b.Fatal(err)
		}
		before := usage.Processor()
		b.StartTimer()
		for left := size; left > 0; {
			fetches := client.PollFetches(b.Context())
			fetches.EachRecord(func(r *kgo.Record) {
				left -= int64(len(r.Value))
				if _, err := file.Write(r.Value); err != nil {
					b.Fatal(err)
				}
			})
			if err := file.Sync(); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		report(b, usage.Processor()-before, size)
		client.Close()
		if err := file.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(*benchEvents*b.N)/b.Elapsed().Seconds(), "events/s")
}

func report(b *testing.B, used time.Duration, size int64) {
	b.ReportMetric(float64(used.Microseconds())/float64(*benchEvents), "CPU-µs/event")
	b.ReportMetric(float64(size)/float64(*benchEvents), "bytes/event")
}

// openRiver opens the real parts on the real disk, as a server has them; only
// the archive is left out.
func openRiver(b *testing.B) *lives.Process {
	b.Helper()
	dir, quiet, p := b.TempDir(), slog.New(slog.DiscardHandler), &lives.Process{}
	ctx := context.Background()
	check := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	config := journal.DefaultConfig(filepath.Join(dir, "journal"))
	config.RecentBytes = 8 << 20
	var err error
	p.Journal, err = journal.Open(config)
	check(err)
	p.State, err = state.Open(ctx, filepath.Join(dir, "state.db"))
	check(err)
	p.Lake, err = lake.Open(ctx, lake.DefaultConfig(filepath.Join(dir, "lake")), quiet)
	check(err)
	seen, err := drift.Open(ctx, p.State, drift.DefaultLimits())
	check(err)
	p.Pipeline, err = pipeline.New(ctx, pipeline.DefaultConfig(), pipeline.Parts{
		Journal: p.Journal, Lake: p.Lake, Normaliser: normalise.New(normalise.Config{WorkspaceID: "w", Known: seen}), Drift: seen,
		State: p.State, Clock: clock.System(), Logger: quiet,
	})
	check(err)
	for _, opened := range []io.Closer{p.Journal, p.State, p.Lake} {
		p.OnClose(opened.Close)
	}
	return p
}

// await waits until as many rows are visible, and no more.
func await(b *testing.B, p *lives.Process, want int64) {
	b.Helper()
	for {
		var n int64
		for _, table := range wording.Tables() {
			rows, err := p.Rows(table)
			if err != nil {
				b.Fatal(err)
			}
			n += rows
		}
		if n > want {
			b.Fatalf("%d rows are visible of %d events", n, want)
		}
		if n == want {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}
