package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"
)

// Server answers HTTP requests. Make one with New.
type Server struct {
	config   Config
	services Services
	log      *slog.Logger
	clock    Clock
	token    string // configured; empty: none
	// metricsToken opens metrics and health alone; empty: none.
	metricsToken string
	// localToken is that of this run for programs on this machine.
	localToken string
	hosts      hostList
	assets     *assets
	running    chan struct{}
	handler    http.Handler
	live       live
	spool      string // as in Options
}

// Options are what a Server needs besides its Config.
type Options struct {
	Services Services
	// UI holds the built browser UI with index.html at its root; nil or
	// without index.html, a line that tells how to build it is served.
	UI fs.FS
	// LocalToken is a second bearer token, for programs that may read it where
	// the caller keeps it. It counts where people sign in only.
	LocalToken string
	// Spool is the folder for large answers that are on their way; empty is the
	// system's for temporary files. It is made when it is not there.
	Spool  string
	Logger *slog.Logger // nil discards
	Clock  Clock        // nil is the system's clock
}

// New checks the configuration, reads the bearer token, and builds the routes.
func New(cfg Config, opt Options) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("configure server: %w", err)
	}
	token, err := readToken(cfg.TokenFile)
	if err != nil {
		return nil, fmt.Errorf("configure server: %w", err)
	}
	metricsToken, err := readToken(cfg.MetricsTokenFile)
	if err != nil {
		return nil, fmt.Errorf("configure server: metrics: %w", err)
	}
	s := &Server{
		config: cfg, services: opt.Services, log: opt.Logger, clock: opt.Clock, token: token, metricsToken: metricsToken, localToken: opt.LocalToken, spool: opt.Spool,
		hosts:   newHostList(cfg),
		running: make(chan struct{}, cfg.MaxConcurrentQueries),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.assets, err = newAssets(opt.UI); err != nil {
		return nil, fmt.Errorf("configure server: %w", err)
	}
	s.handler = s.routes()
	return s, nil
}

// Handler is the whole surface: UI, API, and the checks in front of them.
func (s *Server) Handler() http.Handler { return s.handler }

func (s *Server) routes() http.Handler {
	api := http.NewServeMux()
	looks := viewedEndpoints()
	for _, route := range s.endpoints() {
		if v, ok := looks[route.pattern]; ok && s.services.Views != nil {
			route.handle = s.writeDown(v, route.handle)
		}
		api.Handle(route.pattern, s.api(allow(route.role, route.handle)))
	}
	api.Handle("/api/", s.api(func(http.ResponseWriter, *http.Request) error {
		return &Failure{CodeNotFound, "there is no such endpoint, or not with that method"}
	}))
	root := http.NewServeMux()
	root.Handle("GET /api/v1/sign-in", s.api(s.handleWays))
	root.Handle("POST /api/v1/sign-in", s.refuseCrossOrigin(s.api(s.handleSignIn)))
	root.Handle("GET /metrics", s.watchers(s.api(allow(RoleReader, s.handleMetrics))))
	root.Handle("GET /api/v1/health", s.watchers(s.api(allow(RoleReader, s.handleStates))))
	root.Handle("/api/", s.authenticate(s.refuseCrossOrigin(api)))
	root.HandleFunc("GET /healthz", handleHealth)
	root.Handle("/", s.assets)
	return s.identify(s.recoverPanic(s.headers(s.checkHost(root))))
}

// endpoint is one of the API's, and the least role that it takes.
type endpoint struct {
	pattern, role string
	handle        handlerFunc
}

// offered are the endpoints of a service, which a server may lack: they then say so.
func offered(there bool, what string, endpoints ...endpoint) []endpoint {
	if there {
		return endpoints
	}
	for i := range endpoints {
		endpoints[i].handle = func(http.ResponseWriter, *http.Request) error { return unavailable(what) }
	}
	return endpoints
}

func (s *Server) endpoints() []endpoint {
	return slices.Concat(s.libraryEndpoints(), s.exceptionEndpoints(), s.indicatorEndpoints(), s.retentionEndpoints(), s.incidentEndpoints(), s.custodyEndpoints(), s.backtestEndpoints(), s.tenantEndpoints(), s.archiveEndpoints(), s.holdEndpoints(), s.disposalEndpoints(), s.erasureEndpoints(), s.investigationEndpoints(), s.automationEndpoints(), []endpoint{
		{"GET /api/v1/session", RoleReader, s.handleSession},
		{"DELETE /api/v1/session", RoleReader, s.handleSignOut},
		{"PUT /api/v1/session/password", RoleReader, s.handlePassword},
		{"GET /api/v1/schema", RoleReader, s.handleSchema},
		{"POST /api/v1/query", RoleReader, s.handleQuery},
		{"POST /api/v1/query/export", RoleReader, s.handleExport},
		{"GET /api/v1/events", RoleReader, s.handleEvents},
	},
		offered(s.services.Drift != nil, "schema drift",
			endpoint{"GET /api/v1/schema/drift", RoleReader, s.handleDrift}),
		offered(s.services.Explainer != nil, "plans",
			endpoint{"POST /api/v1/query/plan", RoleReader, s.handlePlan}),
		offered(s.services.Rules != nil, "rules",
			endpoint{"GET /api/v1/rules", RoleReader, s.handleRules},
			endpoint{"POST /api/v1/rules", RoleContributor, s.handleRuleSave},
			endpoint{"POST /api/v1/rules/import", RoleContributor, s.handleRuleImport}),
		offered(s.services.Dashboards != nil, "dashboards",
			endpoint{"GET /api/v1/dashboards", RoleReader, s.handleDashboards},
			endpoint{"POST /api/v1/dashboards", RoleContributor, s.handleDashboardImport},
			endpoint{"GET /api/v1/dashboards/{id}", RoleReader, s.handleDashboard},
			endpoint{"DELETE /api/v1/dashboards/{id}", RoleContributor, s.handleDashboardRemove}),
		offered(s.services.Notebook != nil, "a notebook",
			endpoint{"GET /api/v1/notes", RoleReader, s.handleNotes},
			endpoint{"POST /api/v1/notes", RoleResponder, s.handleNoteAdd},
			endpoint{"DELETE /api/v1/notes/{id}", RoleResponder, s.handleNoteRemove}),
		offered(s.services.Connectors != nil, "connectors",
			endpoint{"GET /api/v1/connectors", RoleReader, s.handleConnectors}),
		offered(s.services.Coverage != nil, "the coverage of messages",
			endpoint{"GET /api/v1/messages/coverage", RoleReader, s.handleCoverage}),
		offered(s.services.Gaps != nil, "the calendar of gaps",
			endpoint{"GET /api/v1/gaps", RoleReader, s.handleGaps}),
		offered(s.services.Backfills != nil, "backfills",
			endpoint{"GET /api/v1/backfills", RoleReader, s.handleBackfills},
			endpoint{"POST /api/v1/backfills", RoleContributor, s.handleBackfillStart}),
		offered(s.services.Reporter != nil, "its status",
			endpoint{"GET /api/v1/status", RoleReader, s.handleStatus}),
		offered(s.services.Assurance != nil, "assurance",
			endpoint{"GET /api/v1/assurance", RoleReader, s.handleAssurance},
			endpoint{"GET /api/v1/assurance/report", RoleReader, s.handleAssuranceReport},
			endpoint{"PUT /api/v1/assurance/items/{id}", RoleContributor, s.handleAssess}),
		offered(s.services.Access != nil, "people",
			endpoint{"GET /api/v1/people", RoleAdministrator, s.handlePeople},
			endpoint{"POST /api/v1/people", RoleAdministrator, s.handleInvite},
			endpoint{"PATCH /api/v1/people/{id}", RoleAdministrator, s.handlePersonChange}),
		offered(s.services.Tokens != nil, "access tokens",
			endpoint{"GET /api/v1/tokens", RoleAdministrator, s.handleTokens},
			endpoint{"POST /api/v1/tokens", RoleAdministrator, s.handleTokenAdd},
			endpoint{"DELETE /api/v1/tokens/{id}", RoleAdministrator, s.handleTokenRevoke}),
		offered(s.services.Notifications != nil, "notifications",
			endpoint{"GET /api/v1/notifications", RoleReader, s.handleNotifications},
			endpoint{"POST /api/v1/notifications/{name}/test", RoleContributor, s.handleNotificationTest}),
	)
}

// handleHealth answers that the process is up; it says nothing else, so it
// needs no token.
func handleHealth(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte("ok\n"))
}

// Times within which a client must send its request. The time to write an
// answer follows from the time a query may run.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	writeTime         = time.Minute
	maxHeaderBytes    = 64 << 10
)

// Listen opens the configured address.
func (s *Server) Listen(ctx context.Context) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", s.config.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", s.config.Listen, err)
	}
	return l, nil
}

// Serve answers requests on l until ctx ends. Then it takes no new ones, lets
// running ones end within ShutdownGrace, cancels what is left, and returns nil.
// It closes l.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      s.config.QueryTimeout + writeTime,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	srv.RegisterOnShutdown(s.live.close)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.ShutdownGrace)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		// Closing the connections ends the contexts of their requests.
		_ = srv.Close()
	}
	if err := <-done; err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	return nil
}
