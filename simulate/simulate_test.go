package simulate

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/simulate/lives"
	"github.com/quoll/quoll/tenantsim/dice"
)

// make simulate SEEDS=500 FIRST_SEED=1000 runs this test in as many processes
// as there are cores.
var (
	seeds     = flag.Uint64("seeds", 0, "how many seeds TestTheWholeRiver lives through; 0 is ten, or six with -short")
	firstSeed = flag.Uint64("first-seed", 1, "the first of them")
	seedStep  = flag.Uint64("seed-step", 1, "the distance between two of them")
	verbose   = flag.Bool("log", false, "print what the parts log")
)

// TestTheWholeRiver is the property of the package.
func TestTheWholeRiver(t *testing.T) {
	count := *seeds
	switch {
	case count > 0:
	case testing.Short():
		count = 6
	default:
		count = 10
	}
	warmUp(t)
	total := lives.NewTally()
	for i := range count {
		seed := *firstSeed + i**seedStep
		ok := t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { live(t, seed, total) })
		})
		if !ok {
			fmt.Printf("seed %d failed; alone: make simulate SEEDS=1 FIRST_SEED=%d\n", seed, seed)
		}
	}
	if *verbose || *seeds > 0 {
		fmt.Print(total)
	}
}

// life is one seed.
type life struct {
	t       *testing.T
	dice    *dice.Dice
	tenant  *tenant
	machine *lives.Machine
	jitter  *rand.Rand // seeds of the collectors' jitter
	config  activity.Config
	pace    pace
	logger  *slog.Logger
	log     *logText

	start, end time.Time
	// large lives have more content types and shorter waits; most are small, so
	// that there can be many.
	large bool
	// away is when the machine is off for longer than content can be had; zero
	// in most lives.
	away struct{ from, to time.Time }

	boots, crashes, failures, skews, outages, cuts int
}

const (
	days = 24 * time.Hour
	// calmFor is the time at the end in which everything has to settle.
	calmFor = 30 * time.Hour
)

func live(t *testing.T, seed uint64, total *lives.Tally) {
	// A bubble begins at midnight; real clocks never do.
	time.Sleep(8*time.Hour + 22*time.Minute + 33*time.Second + 456*time.Millisecond)
	l := &life{t: t, dice: dice.Named(seed, "life"), start: time.Now(), log: &logText{}, jitter: rand.New(rand.NewPCG(seed, 5))}
	l.logger = slog.New(slog.NewTextHandler(l.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	l.large = l.dice.Chance(0.1)
	l.end = l.start.Add(14*days + l.dice.Span(0, 2*days))
	lateBy := 36 * time.Hour
	if l.dice.Chance(0.1) {
		l.away.from = l.start.Add(l.dice.Span(4*days, 8*days))
		l.away.to = l.away.from.Add(l.dice.Span(7*days+6*time.Hour, 9*days))
		l.end = l.end.Add(10 * days)
		// What is later than the overlap of listings, and appears while nobody
		// looks for longer than it can be had, is beyond anybody's account.
		lateBy = 5 * time.Hour
	}
	var err error
	if l.tenant, err = newTenant(seed, l, lateBy); err != nil {
		t.Fatal(err)
	}
	defer l.tenant.network.close()
	if l.machine, err = lives.NewMachine(seed); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.machine.Close(); err != nil {
			t.Error(err)
		}
	}()
	l.configure()
	l.plan()
	for time.Now().Before(l.end) {
		l.session()
	}
	l.settle()
	total.Add(l.met())
	if t.Failed() {
		t.Logf("%d starts, %d crashes, %d ended by themselves", l.boots, l.crashes, l.failures)
		if *verbose {
			t.Log(l.log)
		}
	}
}

func (l *life) configure() {
	c := l.tenant.collectorConfig()
	c.PollEvery = dice.Pick(l.dice, []time.Duration{4 * time.Hour, 6 * time.Hour, 8 * time.Hour})
	c.RelistEvery = dice.Pick(l.dice, []time.Duration{12 * time.Hour, 24 * time.Hour, 24 * time.Hour})
	c.Concurrency = l.dice.Between(1, 4)
	if l.large {
		c.PollEvery, c.RelistEvery = 2*time.Hour, 8*time.Hour
	}
	if l.away.from.IsZero() && !l.large && l.dice.Chance(0.8) {
		c.Lookback = 4 * days // listing all of a week is most of the work of a life
	}
	l.config = c
	l.pace = pace{l.dice.Span(40*time.Hour, 200*time.Hour), 1000 * time.Hour, dice.Pick(l.dice, []int{40, 0, 0})}
	if l.dice.Chance(0.25) { // merging would be a quarter of the work of all lives
		l.pace.maintain = l.pace.flush + l.pace.flush/3
	}
}

// plan decides what happens to the tenant and the machine from outside, and
// when.
func (l *life) plan() {
	sometime := func() time.Duration { return l.dice.Span(days, l.end.Sub(l.start)-days) }
	for range l.dice.Below(3) {
		contentType, end := dice.Pick(l.dice, l.tenant.types), l.tenant.feed.Disable
		if l.dice.Chance(0.4) {
			end = l.tenant.feed.Vanish
		}
		time.AfterFunc(sometime(), func() { end(contentType) })
	}
	for range l.dice.Below(4) {
		from, lasts := sometime(), l.dice.Span(time.Minute, time.Hour)
		if l.dice.Chance(0.2) { // longer than listings overlap; all of it is attempts in vain
			lasts = l.dice.Span(time.Hour, 20*time.Hour)
		}
		time.AfterFunc(from, func() { l.tenant.network.down.Store(true); l.outages++ })
		time.AfterFunc(from+lasts, func() { l.tenant.network.down.Store(false) })
	}
	share := 0.0
	if l.dice.Chance(0.6) {
		share = 0.002 * float64(l.dice.Below(100)) / 100
	}
	l.machine.Faults.Set(share, time.Time{})
	for range l.dice.Below(3) {
		from, lasts := sometime(), l.dice.Span(time.Minute, 6*time.Hour)
		time.AfterFunc(from, func() { l.machine.Faults.Set(share, time.Now().Add(lasts)) })
	}
}

// session is the life of one process, and the time until the next.
func (l *life) session() {
	crash, skew := lives.Crash{}, time.Duration(0)
	if l.dice.Chance(0.5) {
		crash = lives.CrashSometime(l.dice)
	}
	if l.dice.Chance(0.3) {
		skew = l.dice.Span(-3*time.Hour, 3*time.Hour)
		l.skews++
	}
	until := time.Now().Add(l.dice.Span(12*time.Hour, 200*time.Hour))
	if until.After(l.end) {
		until = l.end
	}
	if l.away.from.After(time.Now()) && until.After(l.away.from) {
		until = l.away.from
	}
	l.boots++
	crashed := l.machine.Faults.Boot(crash)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- l.process(ctx, skew, nil) }()
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case err := <-done: // it gave up
		l.logger.Info("the process ended", "error", err)
		l.failures++
		done <- err
	case <-crashed:
	case <-timer.C:
		if l.dice.Chance(0.4) {
			l.machine.Cut()
			l.cuts++
		}
	}
	cancel()
	<-done
	if l.machine.Crashed() {
		l.logger.Info("the machine crashed")
		l.crashes++
		l.machine.Restart()
	}
	off := l.dice.Span(time.Second, time.Minute)
	if l.dice.Chance(0.3) {
		off = l.dice.Span(time.Minute, 6*time.Hour)
	}
	time.Sleep(off)
	if !l.away.from.IsZero() && !time.Now().Before(l.away.from) && time.Now().Before(l.away.to) {
		time.Sleep(time.Until(l.away.to))
	}
}

// process runs until ctx ends or it gives up. ready, unless nil, is called when
// it is open.
func (l *life) process(ctx context.Context, skew time.Duration, ready func(*process)) error {
	p, err := l.boot(ctx, skew)
	if err != nil {
		return err
	}
	if ready != nil {
		ready(p)
	}
	return p.Run(ctx, p.collector.Run)
}

// settle ends all trouble, gives the river time, and looks at what there is:
// while it flows, and after one more start.
func (l *life) settle() {
	l.tenant.feed.BadDays(false)
	l.tenant.network.down.Store(false)
	l.machine.Faults.End()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	opened, done := make(chan *process, 1), make(chan error, 1)
	go func() { done <- l.process(ctx, 0, func(p *process) { opened <- p }) }()
	select {
	case err := <-done:
		l.t.Errorf("the process ended: %v", err)
		return
	case <-time.After(calmFor):
	}
	p := <-opened
	seen := l.look(p)
	l.checkRows(seen)
	l.checkLedger(p, seen)
	cancel()
	if err := <-done; err != nil {
		l.t.Errorf("the process ended: %v", err)
	}
	p, err := l.boot(context.Background(), 0)
	if err != nil {
		l.t.Fatal(err)
	}
	l.checkRows(l.look(p))
	l.checkJournal(p)
	if err := p.Close(); err != nil {
		l.t.Error(err)
	}
}

// logText keeps what the parts log, if it is to be printed.
type logText struct {
	mu     sync.Mutex
	text   strings.Builder
	merges int // of files of the lake
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if bytes.Contains(p, []byte("merged files of the lake")) {
		l.merges++
	}
	if !*verbose {
		return len(p), nil
	}
	return l.text.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
