package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/quoll/quoll/access"
	"github.com/quoll/quoll/automation"
	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/auditsearch"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/incident"
	"github.com/quoll/quoll/intel"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/heaplimit"
	"github.com/quoll/quoll/metrics"
	"github.com/quoll/quoll/notebook"
	"github.com/quoll/quoll/query/external"
	"github.com/quoll/quoll/server"
	"github.com/quoll/quoll/silence"
	"github.com/quoll/quoll/web"
)

func serveCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Collect, keep, answer, detect and archive until stopped",
		Example: `  quoll init quoll.yaml            write a configuration to fill in
  quoll serve --config quoll.yaml`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			loaded, err := config.Load(path)
			if err != nil {
				return usageError(err)
			}
			log := serverLog(slog.LevelInfo)
			heaplimit.Set(serverMemory)
			return serve(cmd.Context(), loaded, defaultPace(), log, func(address, link string) {
				log.Info("serving", "address", address)
				tellLink(cmd.OutOrStdout(), link, loaded.DataDir, outputKept(os.Getenv))
				if _, err := heaplimit.ForgetStart(); err != nil {
					log.Debug("the pages that the start needed stay in memory", "error", err)
				}
			})
		},
	}
	cmd.Flags().StringVarP(&path, "config", "c", "quoll.yaml", "configuration file")
	return cmd
}

// The memory of Go's part of the process, in bytes, that is not exceeded by
// garbage. A server is one of many on its machine; a command that brings in much
// is soon over.
const (
	serverMemory  = 128 << 20
	commandMemory = 384 << 20
)

// pace is what serve and demo do at different speeds.
type pace struct {
	sealAfter time.Duration // age at which a batch of payloads is archived
	reconcile time.Duration // after the start, before the first reconciliation and verification
	detect    detect.Config
}

func defaultPace() pace {
	return pace{sealAfter: time.Minute, reconcile: 15 * time.Minute, detect: detect.DefaultConfig()}
}

// serve runs everything until ctx ends, then stops in the order of the river:
// first what brings data and asks questions, then the pipeline, then the
// archive. ready is called with the web address once it answers, and with a link by
// which the first administrator signs in, or "" where there is one.
func serve(ctx context.Context, c *config.Config, pace pace, log *slog.Logger, ready func(address, link string)) (err error) {
	p := configuredPaths(c)
	if err := addressFree(ctx, c.Server.Listen, c.DataDir); err != nil {
		return err
	}
	n, err := openNode(ctx, p, nodeSettings{c.FlushEvery, pace.sealAfter, c.Lake}, log)
	if err != nil {
		return inUse(err, c.DataDir)
	}
	defer func() { err = errors.Join(err, n.close()) }()
	if len(c.ExternalHosts) > 0 {
		n.query.AllowExternal(external.New(external.DefaultConfig(c.ExternalHosts), nil))
	}
	n.askWitnesses(c.Witnesses)
	if err := n.catchUp(ctx); err != nil {
		return err
	}
	s, err := newService(ctx, n, c, pace, log)
	if err != nil {
		return err
	}
	return s.run(ctx, ready)
}

// addressFree refuses an address that somebody has before a data directory is
// made. Of one that is there its lock says more: who has the address is most
// often who has the directory.
func addressFree(ctx context.Context, address, data string) error {
	if _, err := os.Stat(data); !errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	return listener.Close()
}

// service is a node at work.
type service struct {
	*node
	config         *config.Config
	ledger         *collect.Ledger
	roster         *roster
	shared         *shared
	spool          *collect.Spool
	detector       *detect.Detector
	incidents      *incident.Store
	own            ownRows
	silence        *silence.Watcher
	server         *server.Server
	webhook        *webhookServer // nil where no notifications are taken
	backfills      *backfills
	keeper         *archiveKeeper
	indicators     *indicatorKeeper
	retention      *retentionKeeper
	investigations investigations
	automation     *automation.Engine
	access         *access.Store
	localToken     string
	log            *slog.Logger
}

func newService(ctx context.Context, n *node, c *config.Config, pace pace, log *slog.Logger) (*service, error) {
	s := &service{node: n, config: c, roster: newRoster(), log: log}
	if err := s.addCollectors(ctx); err != nil {
		return nil, err
	}
	if err := s.watchSilence(ctx); err != nil {
		return nil, err
	}
	store, err := incident.Open(ctx, n.state, time.Now)
	if err != nil {
		return nil, err
	}
	rules, err := loadRules(c.ShippedRules, withSaved(c.DataDir, c.RuleDirs))
	if err != nil {
		return nil, err
	}
	if s.detector, err = detect.New(ctx, pace.detect, n.state, rules, ruleQuerier{n.query}, store, clock.System(), log); err != nil {
		return nil, err
	}
	kept, err := auditsearch.OpenRequests(ctx, n.state)
	if err != nil {
		return nil, err
	}
	notifier, err := openNotifier(ctx, n, c.Notifications, log)
	if err != nil {
		return nil, err
	}
	s.incidents, s.own = store, ownRows{journal: n.pipeline, notifier: notifier, clock: clock.System(), log: log}
	s.detector.RecordHealth(s.own.take)
	audit := &acts{journal: n.journal, workspace: n.workspace, clock: clock.System(), log: log}
	if s.automation, err = openAutomation(ctx, n, c.AutomationDirs, store, s.detector.Rules, s.own, audit); err != nil {
		return nil, err
	}
	s.backfills = &backfills{node: n, tenants: s.roster, ledger: s.ledger, kept: kept, now: time.Now, log: log, searches: map[string]*auditsearch.Search{}}
	ui, err := web.Files()
	if err != nil {
		return nil, fmt.Errorf("open the web UI: %w", err)
	}
	if s.access, err = access.Open(ctx, n.state, time.Now, rand.Reader); err != nil {
		return nil, err
	}
	book, err := notebook.Open(ctx, n.state, time.Now)
	if err != nil {
		return nil, err
	}
	s.localToken = rand.Text() + rand.Text()
	if err := audit.serverStarts(ctx, c, rules); err != nil {
		return nil, err
	}
	if err := automationFiles(ctx, s.automation, s.own); err != nil {
		return nil, err
	}
	if err := n.keepStamps(c.ArchiveTimestamps, audit); err != nil {
		return nil, err
	}
	if err := n.keepCopies(c.ArchiveCopies, audit); err != nil {
		return nil, err
	}
	report := &reporter{node: n, roster: s.roster, webhook: s.webhook, started: time.Now().UTC()}
	s.keeper = &archiveKeeper{node: n, reporter: report, names: s.roster, audit: audit, indexer: newOperationsIndexer(n, clock.System()), after: pace.reconcile, verifyEvery: c.ArchiveVerifyEvery, clock: clock.System(), log: log}
	figures := &measured{node: n, roster: s.roster, detector: s.detector, automation: s.automation, now: time.Now}
	scraped, err := metrics.Handler(figures.read, log)
	if err != nil {
		return nil, fmt.Errorf("prepare metrics: %w", err)
	}
	indicators, err := intel.Open(ctx, n.state, time.Now)
	if err != nil {
		return nil, err
	}
	s.indicators = &indicatorKeeper{desk: indicatorDesk{indicators, n, s.detector, audit}, sources: c.Indicators, clock: clock.System(), log: log}
	if s.investigations, err = newInvestigations(ctx, n.state, n.query, audit); err != nil {
		return nil, err
	}
	loaded := newRuleBook(savedRules(c.DataDir), rules, s.detector, ruleQuerier{n.query})
	evidence := s.assurance(c, report, loaded, audit)
	holds, err := newHoldDesk(ctx, n, audit)
	if err != nil {
		return nil, err
	}
	evidence.gatherer.holds = holds
	s.retention = &retentionKeeper{node: n, policy: c.Retention, holds: holds, audit: audit, clock: clock.System(), log: log}
	figures.retention = s.retention
	s.server, err = server.New(c.Server, server.Options{
		UI: ui, Logger: log, LocalToken: s.localToken, Spool: s.paths.spool(),
		Services: server.Services{
			Querier: auditedQuerier{querier{n.query}, audit}, Catalogue: catalogue{}, Incidents: auditedIncidents{incidents{store, n.query}, audit},
			Connectors:     &connectors{roster: s.roster, query: n.query, lags: n.lags, now: time.Now, log: log},
			Backfills:      auditedBackfills{s.backfills, audit},
			Rules:          auditedRules{loaded, audit},
			Notebook:       notes{book},
			Library:        libraryDesk{n.library, audit},
			Exceptions:     exceptionDesk{db: n.state, rules: s.detector.Rules, acts: audit, now: time.Now},
			Indicators:     s.indicators.desk,
			Investigations: s.investigations,
			Automation:     automationDesk{s.automation, store, audit},
			Explainer:      querier{n.query},
			Metrics:        scraped,
			States:         figures,
			Exporter:       auditedExporter{exporter{}, audit},
			Coverage:       &coverage{query: n.query, now: time.Now},
			Dashboards:     newDashboardDesk(c.DashboardDirs, savedDashboards(c.DataDir), audit),
			Access:         auditedPeople{people{s.access}, audit},
			Gaps:           &gaps{ledger: s.ledger, state: n.state, names: s.roster, now: time.Now},
			Drift:          driftLists{n.drift},
			Reporter:       report,
			Archive:        s.keeper,
			Custodian:      &custodian{n, incidents{store, n.query}, loaded.list, audit, s.keeper.settle, clock.System()},
			Backtester:     &backtester{node: n, book: loaded},
			Tenants:        &tenantDesk{roster: s.roster, collectors: s.collectorsOf, data: c.DataDir, archive: c.ArchiveDir, audit: audit, log: log},
			Holds:          holds,
			Disposals:      disposalDesk{holds, n, s.keeper.awaitSealed},
			Views:          newViewBook(audit),
			Erasures:       erasureDesk{holds: holds, node: n, seal: s.keeper.awaitSealed, detached: true},
			Retention:      s.retention,
			Assurance:      evidence,
			Notifications:  notifications{notifier, audit},
			Tokens:         auditedTokens{tokens{s.access}, audit},
		},
	})
	return s, err
}

// assurance gathers evidence from what this server answers its pages with.
func (s *service) assurance(c *config.Config, report *reporter, rules *ruleBook, audit *acts) *assurer {
	return &assurer{data: c.DataDir, workspace: s.workspace, audit: audit, gatherer: &evidenceGatherer{
		reporter: report, querier: querier{s.query}, connectors: &connectors{roster: s.roster, query: s.query, lags: s.lags, now: time.Now, log: s.log},
		gaps: &gaps{ledger: s.ledger, state: s.state, names: s.roster, now: time.Now}, rules: rules,
		incidents: incidents{s.incidents, s.query}, access: people{s.access}, drift: driftLists{s.drift}, now: time.Now,
		setting: evidenceSetting{dataDir: c.DataDir, archiveDir: c.ArchiveDir, recipients: len(c.ArchiveEncryption.Recipients), minimum: c.ArchiveMinimum, retention: len(c.Retention.Rules()), loopback: c.Server.OnLoopback(), notifications: len(c.Notifications)},
	}}
}

// takeNotifications answers the audit log's notifications until ctx ends. An
// address that cannot be had ends the process, as that of the web server does:
// somebody has configured it.
func (s *service) takeNotifications(ctx context.Context) error {
	listener, err := s.webhook.listen(ctx)
	if err != nil {
		return err
	}
	return s.webhook.serve(ctx, listener)
}

// run starts everything and waits for the end.
func (s *service) run(ctx context.Context, ready func(address, link string)) error {
	first, err := s.access.FirstLink(ctx)
	if err != nil {
		return err
	}
	listener, err := s.server.Listen(ctx)
	if err != nil {
		return err
	}
	address := "http://" + listener.Addr().String()
	if first != "" {
		first = signInAddress(address, first)
	}
	if err := writeServerNote(s.paths.data, serverNote{Address: address, Token: s.localToken}); err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { _ = os.Remove(filepath.Join(s.paths.data, serverFile)) }()

	keep, stopKeeping := context.WithCancel(context.WithoutCancel(ctx))
	defer stopKeeping()
	kept := make(chan error, 1)
	go func() { kept <- s.pipeline.Run(keep) }()

	work, workCtx := errgroup.WithContext(ctx)
	s.backfills.ctx = workCtx
	work.Go(func() error { return s.server.Serve(workCtx, listener) })
	work.Go(func() error { return s.backfills.run(workCtx) })
	work.Go(func() error { return s.detector.Run(workCtx) })
	work.Go(func() error { return s.own.follow(workCtx, s.incidents) })
	work.Go(func() error { return s.automation.Run(workCtx) })
	work.Go(func() error { return s.indicators.run(workCtx) })
	work.Go(func() error { return s.retention.run(workCtx) })
	work.Go(func() error {
		return (&pressureWatch{s.pipeline, s.retention.audit, clock.System(), s.log}).run(workCtx)
	})
	work.Go(func() error { return s.investigations.runs.Serve(workCtx) })
	if s.own.notifier != nil {
		work.Go(func() error { return s.own.notifier.Run(workCtx) })
	}
	work.Go(func() error { return s.silence.Run(workCtx) })
	if s.archive != nil { // it has the key
		certifier := &certifier{issuer: newIssuer(s.ledger, s.paths, false), data: s.paths.data, sink: s.pipeline, clock: clock.System(), log: s.log}
		work.Go(func() error { return certifier.run(workCtx) })
		work.Go(func() error { return s.keeper.run(workCtx) })
		work.Go(func() error { return s.keeper.indexer.run(workCtx) })
		work.Go(func() error { return s.rowFiles.Run(workCtx) })
	}
	for _, stamper := range s.stampers {
		work.Go(func() error { return stamper.Run(workCtx) })
	}
	for _, copier := range s.copiers {
		work.Go(func() error { return copier.Run(workCtx) })
	}
	if s.witnesses != nil {
		work.Go(func() error { return s.witnesses.Run(workCtx, cosignEvery) })
	}
	if s.webhook != nil {
		work.Go(func() error { return s.takeNotifications(workCtx) })
	}
	s.roster.start(workCtx, work)
	work.Go(func() error {
		select {
		case err := <-kept:
			kept <- err
			return errors.Join(errors.New("the pipeline ended"), err)
		case <-workCtx.Done():
			return nil
		}
	})
	ready(address, first)
	err = work.Wait()
	stopKeeping()
	return errors.Join(err, <-kept)
}
