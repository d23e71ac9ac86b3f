// Command torture kills the real binary again and again while it collects from
// a simulated tenant over TLS on loopback, and then compares what can be seen
// with what the tenant produced: rows are records, each once, and the archive
// verifies. make torture runs it.
//
// It knows the binary as a user does: by its configuration and its commands.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"time"

	"github.com/quoll/quoll/tenantsim"
	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/feed"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	binary   string
	duration time.Duration
	settle   time.Duration
	seed     uint64
	keep     bool
}

func run() (err error) {
	var o options
	flag.StringVar(&o.binary, "quoll", "bin/quoll", "the binary")
	flag.DurationVar(&o.duration, "duration", 3*time.Minute, "how long it is killed again and again")
	flag.DurationVar(&o.settle, "settle", 3*time.Minute, "how long it may take afterwards to bring what is missing")
	flag.Uint64Var(&o.seed, "seed", 1, "another seed is another agency and other moments")
	flag.BoolVar(&o.keep, "keep", false, "leave the folder with data and logs")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, err := os.MkdirTemp("", "quoll-torture-*")
	if err != nil {
		return err
	}
	if o.keep {
		fmt.Println("data and logs:", dir)
	} else {
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	tenant, server, err := startTenant(ctx, o.seed)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	v, err := newVictim(o.binary, dir, tenant, server)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.log.Close()) }()
	return torture(ctx, o, tenant, v)
}

// startTenant makes a tenant in the middle of a working day, whatever the day
// is here: the client goes by the server's clock.
func startTenant(ctx context.Context, seed uint64) (*tenantsim.Tenant, *tenantsim.Server, error) {
	real := time.Now()
	working := time.Date(2026, 11, 25, 0, 30, 0, 0, time.UTC)
	settings := tenantsim.DefaultConfig(seed)
	settings.Now = func() time.Time { return working.Add(time.Since(real)) }
	settings.History, settings.NoStory, settings.Volume = 3*time.Hour, true, 4
	settings.Delay, settings.PublishEvery, settings.MostRecords = 2*time.Second, time.Second, 40
	settings.LateRecords = -1 // they would be late for the end
	settings.DuplicateRecords, settings.PageSize = 0.03, 10
	settings.Faults = feed.Faults{
		Seed: seed, Throttled: 0.003, ServerErrors: 0.02, Resets: 0.02, Refused: 0.01, TokensExpire: 0.01,
		Truncated: 0.03, WrongLengths: 0.02, BadGzip: 0.02, RepeatedBlobs: 0.1, RepeatedPages: 0.05, ShrunkPages: 0.05,
		BadPageTokens: 0.03, DuplicateBlobs: 0.05, LateBlobs: 0.05, LateBy: 20 * time.Second,
	}
	tenant, err := tenantsim.New(settings)
	if err != nil {
		return nil, nil, err
	}
	server, err := tenant.Start(ctx, "127.0.0.1:0")
	return tenant, server, err
}

func torture(ctx context.Context, o options, tenant *tenantsim.Tenant, v *victim) error {
	producing, stopProducing := context.WithCancel(ctx)
	defer stopProducing()
	produced := make(chan error, 1)
	go func() { produced <- tenant.Run(producing) }()

	if err := subscribe(ctx, tenant, v); err != nil {
		return err
	}
	kills, err := killAgainAndAgain(ctx, o, v)
	if err != nil {
		return err
	}
	stopProducing()
	if err := <-produced; err != nil {
		return err
	}
	fmt.Printf("killed %d times in %v; the tenant has produced %d records\n", kills, o.duration, len(tenant.Produced().Audit))
	tenant.BadDays(false)
	return judge(ctx, o, tenant, v)
}

// subscribe runs the binary until it has started its subscriptions. After a
// start that failed the API demands a quarter of an hour of patience.
func subscribe(ctx context.Context, tenant *tenantsim.Tenant, v *victim) error {
	tenant.BadDays(false)
	defer tenant.BadDays(true)
	stop, err := v.start(ctx)
	if err != nil {
		return err
	}
	left := audit.ContentTypes()
	for end := time.Now().Add(2 * time.Minute); len(left) > 0 && time.Now().Before(end) && ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		left = slices.DeleteFunc(left, tenant.SubscriptionEnabled)
	}
	if err := stop(); err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("no subscription was started to %v; the server says:\n%s", left, v.lastWords())
	}
	return nil
}

// killAgainAndAgain starts the binary, gives it up to some seconds and kills
// it, until the time is over.
func killAgainAndAgain(ctx context.Context, o options, v *victim) (kills int, err error) {
	random := rand.New(rand.NewPCG(o.seed, 1))
	for end := time.Now().Add(o.duration); time.Now().Before(end) && ctx.Err() == nil; kills++ {
		// Some do not live long enough to open anything.
		life := time.Duration(random.Int64N(int64(6 * time.Second)))
		if err := v.live(ctx, life); err != nil {
			return kills, err
		}
	}
	return kills, ctx.Err()
}

// judge lets the binary run in peace until nothing is missing, stops it, and
// looks at what is on the disk.
func judge(ctx context.Context, o options, tenant *tenantsim.Tenant, v *victim) error {
	end := time.Now().Add(o.settle)
	stop, err := v.start(ctx)
	if err != nil {
		return err
	}
	for {
		err = v.compare(ctx, tenant)
		if err == nil || time.Now().After(end) || ctx.Err() != nil {
			break
		}
		time.Sleep(2 * time.Second)
	}
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	if err := v.compare(ctx, tenant); err != nil {
		return fmt.Errorf("after the end: %w", err)
	}
	verified, err := v.command(ctx, "archive", "verify", "--data", v.data)
	if err != nil {
		return err
	}
	_, _ = io.WriteString(os.Stdout, verified)
	fmt.Printf("%d rows are %d records, each once, and the archive verifies\n", len(tenant.Produced().Audit), len(tenant.Produced().Audit))
	return nil
}

// configFile is the name of the configuration in the folder.
func configFile(dir string) string { return filepath.Join(dir, "quoll.yaml") }
