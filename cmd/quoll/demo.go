package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/collect/auditsearch"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/schema"
	"github.com/quoll/quoll/server"
	"github.com/quoll/quoll/tenantsim"
)

type demoOptions struct {
	data, listen string
	seed         uint64
	history      time.Duration
	attacks      bool
	unconnected  bool
	verbose      bool
}

func demoCommand() *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run everything on a simulated tenant",
		Long: `Demo starts a simulated Microsoft 365 tenant on loopback, which speaks the
Management Activity API and exports Defender events, and collects it through the
same code as a real one. The invented agency has a few days of history with one
business e-mail compromise in it, and goes on living.

Nothing is to be configured: the address that is printed signs in once. The data
lies in a new temporary folder that is removed at the end, unless --data names one
to keep.`,
		Example: `  quoll demo
  quoll demo --data ./demo --seed 42
  quoll demo --attacks
  quoll demo --unconnected --history 2h
  quoll demo --listen 127.0.0.1:0 --history 24h`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), cmd.OutOrStdout(), o) },
	}
	cmd.Flags().StringVar(&o.data, "data", "", "data directory to keep (default: a temporary one)")
	cmd.Flags().StringVar(&o.listen, "listen", server.DefaultConfig().Listen, "address of the web UI; port 0 takes a free one")
	cmd.Flags().Uint64Var(&o.seed, "seed", 1, "another seed is another agency")
	cmd.Flags().DurationVar(&o.history, "history", 72*time.Hour, "how much has happened before")
	cmd.Flags().BoolVar(&o.attacks, "attacks", false, "tell fourteen further attacks besides the compromise")
	cmd.Flags().BoolVar(&o.unconnected, "unconnected", false, "begin with nothing, and say what to add on Connectors")
	cmd.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "log what happens")
	return cmd
}

func runDemo(ctx context.Context, w io.Writer, o demoOptions) (err error) {
	if o.data == "" {
		dir, err := os.MkdirTemp("", "quoll-demo-*")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		o.data = filepath.Join(dir, "data")
	}
	if o.data, err = filepath.Abs(o.data); err != nil {
		return err
	}
	if err := addressFree(ctx, o.listen, o.data); err != nil {
		return err
	}
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelDebug
	}
	log := serverLog(level)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	export := o.data + "-export"
	tenant, simulated, err := startTenant(ctx, o, export, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, simulated.Close()) }()
	c, err := demoConfig(o, export, tenant, simulated)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return tenant.Run(ctx) })
	group.Go(func() error {
		return serve(ctx, c, demoPace(), log, func(address, link string) {
			group.Go(func() error {
				if o.unconnected {
					return sayHowToConnect(w, cmp.Or(link, address), tenant, simulated, demoCA(o))
				}
				awaitHistory(ctx, o.data, len(tenant.Produced().Audit))
				if ctx.Err() != nil {
					return nil
				}
				_, err := fmt.Fprintf(w, "Quoll is running on a simulated tenant (%s).\n\n    %s\n\nIts data is in %s. Stop with Ctrl-C.\n", tenant.Domain(), cmp.Or(link, address), o.data)
				return err
			})
		})
	})
	return group.Wait()
}

// demoCA is the file with the certificate authority of the simulated tenant.
func demoCA(o demoOptions) string { return filepath.Join(o.data, "demo-ca.pem") }

// sayHowToConnect gives what the dialog of Connectors asks for.
func sayHowToConnect(w io.Writer, address string, tenant *tenantsim.Tenant, simulated *tenantsim.Server, ca string) error {
	_, err := fmt.Fprintf(w, `Quoll is running, and collects from nothing. Connect the simulated tenant (%s) on Connectors:

    %s

    Directory (tenant) ID      %s
    Application (client) ID    %s
    Client secret              %s
    Address of the API         %s
    Address of the authority   %[6]s
    Its certificates           %s

Stop with Ctrl-C.
`, tenant.Domain(), address, tenant.TenantID(), tenant.ClientID(), tenant.ClientSecret(), simulated.URL, ca)
	return err
}

// historyPatience is how long the address is held back for the history.
const historyPatience = 90 * time.Second

// awaitHistory waits until nearly all of the past is there to be looked at, so
// that who opens the address sees it. Whatever goes wrong is shown there too.
func awaitHistory(ctx context.Context, data string, records int) {
	ctx, cancel := context.WithTimeout(ctx, historyPatience)
	defer cancel()
	for {
		var status server.Status
		note, err := readServerNote(data)
		if err == nil {
			err = call(ctx, note, http.MethodGet, "/api/v1/status", nil, &status)
		}
		if err == nil {
			for _, t := range status.Lake.Tables {
				if t.Name == schema.UnifiedAuditLog && t.Rows >= int64(records*95/100) {
					return
				}
			}
		}
		if clock.Sleep(ctx, clock.System(), 200*time.Millisecond) != nil {
			return
		}
	}
}

// startTenant makes the tenant and serves it on a free port of loopback.
func startTenant(ctx context.Context, o demoOptions, export string, log *slog.Logger) (*tenantsim.Tenant, *tenantsim.Server, error) {
	settings := tenantsim.DefaultConfig(o.seed)
	settings.Attacks = o.attacks
	settings.History, settings.ExportDir, settings.Logger = o.history, export, log
	settings.StateFile = filepath.Join(export, "tenant.json")
	settings.Delay, settings.PublishEvery = 2*time.Second, 2*time.Second
	tenant, err := tenantsim.New(settings)
	if err != nil {
		return nil, nil, fmt.Errorf("make the simulated tenant: %w", err)
	}
	simulated, err := tenant.Start(ctx, "127.0.0.1:0")
	if err != nil {
		return nil, nil, fmt.Errorf("start the simulated tenant: %w", err)
	}
	return tenant, simulated, nil
}

// demoConfig is the configuration of a tenant like any other, except that its
// addresses are on loopback and its certificate authority is its own.
func demoConfig(o demoOptions, export string, tenant *tenantsim.Tenant, simulated *tenantsim.Server) (*config.Config, error) {
	if err := os.MkdirAll(o.data, 0o750); err != nil {
		return nil, err
	}
	ca := demoCA(o)
	if err := simulated.WriteCA(ca); err != nil {
		return nil, err
	}
	audit := activity.DefaultConfig()
	audit.TenantID, audit.ClientID, audit.ClientSecret = tenant.TenantID(), tenant.ClientID(), collect.NewSecret(tenant.ClientSecret())
	audit.BaseURL, audit.AuthorityURL, audit.CAFile = simulated.URL, simulated.URL, ca
	audit.PollEvery, audit.Overlap, audit.StartEvery = 3*time.Second, 10*time.Minute, 10*time.Second
	search := auditsearch.DefaultConfig()
	search.TenantID, search.BaseURL, search.PollFirst = tenant.TenantID(), simulated.URL, time.Second
	c := &config.Config{
		DataDir: o.data, ArchiveDir: o.data + "-archive", ArchiveOrigin: "demo.quoll.local/archive",
		FlushEvery: time.Minute, Lake: lake.DefaultConfig(""), ShippedRules: true, Server: server.DefaultConfig(),
		Tenants: []config.Tenant{{Name: tenant.Domain(), ID: tenant.TenantID(), Activity: &audit, AuditSearch: &search, DefenderExportDir: export, DefenderPollEvery: 2 * time.Second}},
	}
	c.Server.Listen = o.listen
	if o.unconnected {
		c.Tenants = nil
	}
	return c, c.AddStored(os.Getenv)
}

// demoPace is quick, since somebody is watching.
func demoPace() pace {
	p := defaultPace()
	p.sealAfter, p.reconcile = 5*time.Second, 2*time.Minute
	p.detect.Tick, p.detect.LateEvery, p.detect.LateMost = 3*time.Second, 6*time.Second, 6*time.Second
	return p
}
