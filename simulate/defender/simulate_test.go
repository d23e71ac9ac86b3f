package defender

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/blobexport"
	"github.com/quoll/quoll/collect/eventhub"
	"github.com/quoll/quoll/collect/hunting"
	"github.com/quoll/quoll/collect/push"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/pipeline"
	"github.com/quoll/quoll/simulate/lives"
	wording "github.com/quoll/quoll/tenantsim/defender"
	"github.com/quoll/quoll/tenantsim/dice"
	"github.com/quoll/quoll/tenantsim/graph"
	"github.com/quoll/quoll/tenantsim/hub"
)

// make simulate-defender SEEDS=500 FIRST_SEED=1000 runs this test.
var (
	seeds     = flag.Uint64("seeds", 0, "how many seeds TestEveryRoad lives through; 0 is ten, or one with -short")
	firstSeed = flag.Uint64("first-seed", 1, "the first of them")
	seedStep  = flag.Uint64("seed-step", 1, "the distance between two of them")
)

// patience is how long nothing may happen that has to come about by itself.
const patience = 2 * time.Minute

// TestEveryRoad is the property of the package.
func TestEveryRoad(t *testing.T) {
	count := *seeds
	switch {
	case count > 0:
	case testing.Short():
		count = 1
	default:
		count = 10
	}
	total := lives.NewTally()
	if *seeds > 0 {
		t.Cleanup(func() { fmt.Print(total) }) // after all that run in parallel
	}
	for i := range count {
		seed := *firstSeed + i**seedStep
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel() // most of a life is waiting
			live(t, seed, total)
			if t.Failed() {
				fmt.Printf("seed %d failed; alone: make simulate-defender SEEDS=1 FIRST_SEED=%d\n", seed, seed)
			}
		})
	}
}

// life is one seed.
type life struct {
	t       *testing.T
	dice    *dice.Dice // of what happens to processes; the tenant has its own
	rooms   *dice.Dice // of which process finds the disk nearly full
	tenant  *tenant
	machine *lives.Machine
	wire    *wire
	http    *http.Client
	url, ca string
	token   string // file
	keyRun  int    // how many keys of records make a run; 0 is the lake's own

	narrow  bool          // the disk is nearly full
	refused chan struct{} // what came from a hub was refused for that

	boots, crashes, cuts, losses, gaveUp, seconds, narrows int
}

func live(t *testing.T, seed uint64, total *lives.Tally) {
	l := &life{t: t, dice: dice.Named(seed, "life"), rooms: dice.Named(seed, "room"), wire: &wire{}, refused: make(chan struct{}, 1)}
	l.keyRun = dice.Pick(l.dice, []int{4, 30, 0})
	must(t, l.begin(seed))
	defer func() {
		l.tenant.namespace.Close()
		must(t, l.machine.Close())
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 4*patience)
	defer cancel()
	var relaying, publishing sync.WaitGroup
	relaying.Go(func() { l.tenant.relay.run(ctx) })
	published := make(chan struct{})
	publishing.Go(func() {
		defer close(published)
		l.publish(ctx)
	})
	for done := false; !done && ctx.Err() == nil; {
		l.session(ctx, l.rooms.Chance(0.2))
		select {
		case <-published:
			done = true
		default:
		}
	}
	publishing.Wait()
	if l.narrows == 0 {
		l.session(ctx, true)
	}
	l.settle(ctx, &relaying)
	total.Add(l.met())
	if t.Failed() {
		t.Logf("%d records, %d starts, %d crashes, %d times without a broker or its wire", len(l.tenant.records), l.boots, l.crashes, l.losses+l.cuts)
	}
}

// met counts what happened in the life, by kind.
func (l *life) met() map[string]int {
	met := l.machine.Faults.Met()
	maps.Copy(met, l.tenant.made)
	delete(met, "disk full at an operation") // that is the other simulation's
	met["wire to the brokers cut"] = l.cuts
	met["broker lost"] = l.losses
	met["process ended by itself"] = l.gaveUp
	met["hub met a disk that is nearly full"] = l.narrows
	met["second member of the group"] = l.seconds
	met["= starts of the process"] = l.boots
	met["= records"] = len(l.tenant.records)
	return met
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (l *life) begin(seed uint64) error {
	all, err := pool()
	if err != nil {
		return err
	}
	dir := l.t.TempDir()
	n := &tenant{
		dice: dice.Named(seed, "tenant"), export: filepath.Join(dir, "export"), relay: &relay{bodies: make(chan []byte, 1000)},
		roads: map[*wording.Record]road{}, sent: map[road][]*wording.Record{}, halves: map[string][]byte{}, made: map[string]int{},
	}
	l.tenant = n
	n.plan(all)
	if n.namespace, err = hub.New(2, int32(n.dice.Between(1, 4)), hubs()...); err != nil {
		return err
	}
	settings := graph.DefaultConfig()
	settings.HuntsPerMinute, settings.HuntingRowLimit = 1_000_000, n.dice.Between(3, 60)
	settings.Authorise = func(string) ([]string, bool) { return []string{"ThreatHunting.Read.All"}, true }
	settings.Faults = graph.Faults{Seed: seed, BrokenPages: 0.02, Throttled: 0.01, ServerErrors: 0.02, Resets: 0.01}
	n.graph = graph.New(settings)
	n.graph.AddTables(wording.Tables()...)
	server := httptest.NewTLSServer(n.graph)
	l.t.Cleanup(server.Close)
	l.http, l.url = server.Client(), server.URL
	l.ca, l.token = filepath.Join(dir, "ca.pem"), filepath.Join(dir, "token")
	if err := n.namespace.WriteCA(l.ca); err != nil {
		return err
	}
	if err := os.WriteFile(l.token, []byte(pushToken), 0o600); err != nil {
		return err
	}
	if err := os.Mkdir(n.export, 0o750); err != nil {
		return err
	}
	l.machine, err = lives.NewMachine(seed, secondDB)
	return err
}

// publish lets everything happen, piece by piece, among trouble with brokers.
func (l *life) publish(ctx context.Context) {
	n, rest := l.tenant, l.tenant.records
	for len(rest) > 0 && ctx.Err() == nil {
		some := min(len(rest), n.dice.Between(1, 15))
		if err := n.publish(ctx, rest[:some]); err != nil {
			l.t.Error(err)
			return
		}
		rest = rest[some:]
		switch {
		case n.dice.Chance(0.1):
			l.cuts++
			l.wire.cut(n.dice.Chance(0.5))
		case n.dice.Chance(0.05):
			l.losses++
			must(l.t, n.namespace.Lose(0))
			_ = clock.Sleep(ctx, hasty{}, n.dice.Span(time.Second, 20*time.Second))
			must(l.t, n.namespace.Return(0))
		case l.wire.isDown() && n.dice.Chance(0.5):
			l.wire.cut(false)
		}
		_ = clock.Sleep(ctx, hasty{}, n.dice.Span(0, 6*time.Second)) // the loop asks ctx
	}
	l.wire.cut(false)
	if err := n.complete(); err != nil {
		l.t.Error(err)
	}
	close(n.relay.bodies)
}

// longest is how long a process lasts that waits for a hub: to be let into the group
// takes longer than most processes last.
const longest = 5 * time.Second

// session is the life of one process. On a disk that is nearly full it lasts until
// something of a hub was refused for that.
func (l *life) session(ctx context.Context, narrow bool) {
	share, crash := 0.0, lives.Crash{}
	if l.dice.Chance(0.4) {
		share = 0.01 * float64(l.dice.Below(100)) / 100
	}
	if l.dice.Chance(0.5) {
		crash = lives.CrashSometime(l.dice)
	}
	lasts := l.dice.Span(20*time.Millisecond, 600*time.Millisecond)
	if l.narrow = narrow; narrow {
		lasts = longest
	}
	select {
	case <-l.refused: // by the process before
	default:
	}
	defer func() { l.narrow = false }()
	l.machine.Faults.Set(share, time.Time{})
	crashed := l.machine.Faults.Boot(crash)
	ctx, cancel := context.WithTimeout(ctx, lasts)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := l.process(ctx, l.dice.Span(10*time.Second, 200*time.Second), nil)
		if err != nil && ctx.Err() == nil { // it gave up; the next one goes on
			l.gaveUp++
		}
	}()
	select {
	case <-done:
	case <-crashed:
	case <-l.refused:
		l.narrows++
		_ = clock.Sleep(ctx, hasty{}, 30*time.Second) // and more of it
	case <-ctx.Done():
	}
	cancel()
	<-done
	l.tenant.relay.set(nil)
	if l.machine.Crashed() {
		l.crashes++
		l.machine.Restart()
	}
}

// process runs until ctx ends or it gives up. ready, unless nil, is called when
// it is open.
func (l *life) process(ctx context.Context, flushEvery time.Duration, ready func(*lives.Process, []collect.Collector)) error {
	l.boots++
	p, err := l.boot(ctx, flushEvery)
	if err != nil {
		return err
	}
	collectors, err := l.collectors(ctx, p)
	if err != nil {
		return fmt.Errorf("%w; %w", err, p.Close())
	}
	if ready != nil {
		ready(p, collectors)
	}
	var runs []func(context.Context) error
	for _, c := range collectors {
		runs = append(runs, c.Run)
	}
	return p.Run(ctx, runs...)
}

// collectors are one of each road, and a second member of the group for a part
// of the time.
func (l *life) collectors(ctx context.Context, p *lives.Process) ([]collect.Collector, error) {
	first, err := l.member(ctx, p, p.State)
	if err != nil {
		return nil, err
	}
	settings := blobexport.DefaultConfig("export")
	settings.Tenant, settings.ChunkBytes = tenantID, 3000
	stored, err := blobexport.New(ctx, settings, blobexport.Dependencies{DB: p.State, Store: blobexport.NewFolder(l.tenant.export), Sink: p.Pipeline, Clock: hasty{}})
	if err != nil {
		return nil, err
	}
	hunt := hunting.DefaultConfig()
	hunt.TenantID, hunt.BaseURL, hunt.Tables = tenantID, l.url, wording.Tables()
	// Rows appear up to a day after their time, and requests cost nothing.
	hunt.PollEvery, hunt.Overlap, hunt.Reread, hunt.RequestsPerMinute, hunt.Slice = 10*time.Second, 47*time.Hour, 48*time.Hour, 1_000_000, 6*time.Hour
	hunt.Lookback, hunt.RowLimit = 60*time.Hour, l.tenant.graph.RowLimit()
	hunter, err := hunting.New(ctx, hunt, hunting.Dependencies{DB: p.State, Sink: p.Pipeline, HTTP: l.http, Tokens: anyToken{}, Clock: hasty{}})
	if err != nil {
		return nil, err
	}
	taken := push.DefaultConfig()
	taken.Listen, taken.TokenFile, taken.Tenant, taken.ChunkBytes = "127.0.0.1:0", l.token, tenantID, 2000
	receiver, err := push.New(ctx, taken, push.Dependencies{DB: p.State, Sink: p.Pipeline, Clock: hasty{}})
	if err != nil {
		return nil, err
	}
	l.tenant.relay.set(receiver)
	all := []collect.Collector{first, stored, hunter}
	if l.dice.Chance(0.5) {
		l.seconds++
		second, err := l.member(ctx, p, p.Open(secondDB))
		if err != nil {
			return nil, err
		}
		all = append(all, partTime{second, l.dice.Span(0, 10*time.Second), l.dice.Span(5*time.Second, 40*time.Second)})
	}
	return all, nil
}

// member is one of the group, with a state of its own.
func (l *life) member(ctx context.Context, p *lives.Process, db *sql.DB) (*eventhub.Collector, error) {
	cfg := eventhub.DefaultConfig()
	cfg.Tenant, cfg.Hubs, cfg.ConnectionString = tenantID, hubs(), collect.NewSecret(hub.ConnectionString)
	cfg.Brokers, cfg.CAFile = l.tenant.namespace.Addresses(), l.ca
	cfg.BatchBytes, cfg.CommitEvery, cfg.WatchEvery, cfg.SessionTimeout = 4000, 20*time.Millisecond, 5*time.Second, 6*time.Second
	return eventhub.New(ctx, cfg, eventhub.Dependencies{DB: db, Sink: refusals{p.Pipeline, l.refused}, Clock: hasty{}, Dial: l.wire.dial})
}

// refusals tells of what is refused for want of room.
type refusals struct {
	collect.Sink
	told chan<- struct{}
}

func (r refusals) Journal(ctx context.Context, p model.Payload) (uint64, error) {
	position, err := r.Sink.Journal(ctx, p)
	if errors.Is(err, pipeline.ErrNoRoom) {
		select {
		case r.told <- struct{}{}:
		default: // it is told already
		}
	}
	return position, err
}

// partTime is a collector that comes later and goes earlier.
type partTime struct {
	collect.Collector
	after, lasts time.Duration
}

func (p partTime) Run(ctx context.Context) error {
	if clock.Sleep(ctx, hasty{}, p.after) != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, p.lasts/100)
	defer cancel()
	return p.Collector.Run(ctx)
}

type anyToken struct{}

func (anyToken) Token(context.Context) (string, error) { return "token", nil }
func (anyToken) Refuse(context.Context, string)        {}
