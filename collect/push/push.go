// Package push takes records of Microsoft Defender XDR from relays: one a line,
// by HTTP, on a listener of its own.
//
// A request is answered with success when every line of it is in the journal.
// What a relay sends again, since it saw no answer, is dropped downstream by the
// identity of the records. It must not know what a line says.
package push

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/backoff"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
)

// Path is where lines are taken.
const Path = "/v1/defender"

// minToken is the shortest token that is believed to be one.
const minToken = 16

// Config says where lines are taken, and from whom.
type Config struct {
	// Listen is host:port. Beyond loopback it needs a certificate.
	Listen string
	// TokenFile holds what relays have to present; a change counts at once.
	TokenFile string
	// CertificateFile and KeyFile are PEM files for TLS.
	CertificateFile, KeyFile string
	// Tenant is the Entra tenant (a GUID) of records that do not say theirs.
	Tenant string
	// BodyBytes bounds what one request holds, unpacked; LineBytes bounds a line.
	BodyBytes, LineBytes int64
	// ChunkBytes is the size of a payload; only a line that is longer makes a larger
	// one.
	ChunkBytes int
	// AtOnce is how many requests are read side by side; others are told to come
	// again.
	AtOnce int
}

// DefaultConfig returns the defaults, without address and token.
func DefaultConfig() Config {
	return Config{BodyBytes: 256 << 20, LineBytes: 16 << 20, ChunkBytes: 4 << 20, AtOnce: 4}
}

// Validate reports everything that is wrong, joined.
func (c *Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	c.Tenant = strings.ToLower(c.Tenant)
	host, _, err := net.SplitHostPort(c.Listen)
	switch {
	case err != nil:
		bad("listen: %q is not of the form host:port", c.Listen)
	case (c.CertificateFile == "") != (c.KeyFile == ""):
		bad("certificate_file and key_file go together")
	case c.CertificateFile == "" && host != "localhost" && !net.ParseIP(host).IsLoopback():
		bad("listen: %s is reachable from other machines without TLS; give certificate_file and key_file, or listen on loopback behind a proxy", c.Listen)
	}
	if _, err := readToken(c.TokenFile); err != nil {
		bad("token_file: %w", err)
	}
	if c.BodyBytes < 1 || c.LineBytes < 1 || c.ChunkBytes < 1 || c.AtOnce < 1 {
		bad("bodies, lines and chunks need at least 1 byte, and one request at once")
	}
	return errors.Join(errs...)
}

func readToken(path string) (collect.Secret, error) {
	if path == "" {
		return collect.Secret{}, errors.New("missing; make one with: umask 077; openssl rand -hex 24 > push-token")
	}
	token, err := collect.ReadSecretFile(path)
	if err == nil && len(token.Reveal()) < minToken {
		err = fmt.Errorf("%s holds fewer than %d characters; make a token with openssl rand -hex 24", path, minToken)
	}
	return token, err
}

// Dependencies are what a receiver works with. DB and Sink are needed.
type Dependencies struct {
	DB     *sql.DB // of internal/state; holds the totals
	Sink   collect.Sink
	Clock  clock.Clock    // clock.System() when nil
	Random func() float64 // numbers in [0, 1); half when nil
	Logger *slog.Logger   // discards when nil
}

// Receiver takes lines. It implements collect.Collector and http.Handler.
type Receiver struct {
	cfg    Config
	sink   collect.Sink
	clock  clock.Clock
	random func() float64
	logger *slog.Logger
	totals *totals
	turns  chan struct{}

	mu        sync.Mutex
	listening bool
	stopped   bool
	problem   *collect.Problem
	trouble   *collect.Trouble
}

var (
	_ collect.Collector = (*Receiver)(nil)
	_ http.Handler      = (*Receiver)(nil)
)

// streamName is the one stream of a listener.
const streamName = "push"

// noteEvery is how often the time of listening is counted.
const noteEvery = time.Minute

// listenPolicy spaces out attempts to listen.
var listenPolicy = backoff.Policy{First: time.Second, Max: time.Minute}

// New checks cfg, brings the tables in deps.DB up to date and returns a receiver;
// nothing is taken before Run.
func New(ctx context.Context, cfg Config, deps Dependencies) (*Receiver, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("push: %w", err)
	}
	totals, err := openTotals(ctx, deps.DB, cfg.Listen, cfg.Tenant)
	if err != nil {
		return nil, err
	}
	r := &Receiver{cfg: cfg, sink: deps.Sink, clock: deps.Clock, random: deps.Random, logger: deps.Logger, totals: totals, turns: make(chan struct{}, cfg.AtOnce)}
	if r.clock == nil {
		r.clock = clock.System()
	}
	if r.random == nil {
		r.random = func() float64 { return 0.5 }
	}
	if r.logger == nil {
		r.logger = slog.New(slog.DiscardHandler)
	}
	r.trouble = collect.NewTrouble("taking pushed lines", r.logger)
	return r, nil
}

// Run implements collect.Collector: it listens until ctx ends. A port that is
// taken, or a certificate that cannot be read, is tried again.
func (r *Receiver) Run(ctx context.Context) error {
	defer r.update(func() { r.stopped = true })
	for failures := 1; ctx.Err() == nil; failures++ {
		err := r.serve(ctx)
		if ctx.Err() != nil {
			break
		}
		r.update(func() { r.listening = false })
		r.failed(&collect.Problem{Time: r.clock.Now(), Cause: "Nothing can be pushed: the listener does not work.", Detail: err.Error(),
			Remedy: "Is " + r.cfg.Listen + " taken by another program, or the certificate gone?"})
		if clock.Sleep(ctx, r.clock, listenPolicy.Delay(failures, r.random)) != nil {
			break
		}
	}
	return nil
}

func (r *Receiver) serve(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", r.cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen for pushed lines on %s: %w", r.cfg.Listen, err)
	}
	if r.cfg.CertificateFile != "" {
		certificate, err := tls.LoadX509KeyPair(r.cfg.CertificateFile, r.cfg.KeyFile)
		if err != nil {
			return errors.Join(fmt.Errorf("certificate for pushed lines: %w", err), listener.Close())
		}
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	}
	server := &http.Server{
		Handler: r, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(r.logger.Handler(), slog.LevelDebug),
	}
	r.logger.Info("taking pushed lines", "listen", listener.Addr().String(), "path", Path)
	r.update(func() { r.listening = true })
	r.works()
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		// What is being read is read to its end, for a while: its relay waits for
		// the answer.
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if server.Shutdown(limited) != nil {
			_ = server.Close()
		}
	})
	noting, stopNoting := context.WithCancel(ctx)
	var note sync.WaitGroup
	note.Go(func() { r.noteListening(noting) })
	err = server.Serve(listener)
	stopNoting()
	note.Wait()
	if !stop() {
		<-ended
	}
	return fmt.Errorf("serve pushed lines: %w", err)
}

// noteListening counts, until ctx ends, the minutes for which the listener is
// there, for the calendar.
func (r *Receiver) noteListening(ctx context.Context) {
	for clock.Sleep(ctx, r.clock, noteEvery) == nil {
		if err := r.totals.listened(ctx, noteEvery, r.clock.Now()); err != nil && ctx.Err() == nil {
			r.logger.Warn("the time of listening is not counted", "error", err)
		}
	}
}

func (r *Receiver) update(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

// failed notes trouble, works that there is none.
func (r *Receiver) failed(p *collect.Problem) {
	r.update(func() { r.problem = p })
	r.trouble.Failed(p, false)
}

func (r *Receiver) works() {
	r.update(func() { r.problem = nil })
	r.trouble.Works(r.clock.Now())
}

// Status implements collect.Collector. There is one stream.
func (r *Receiver) Status() collect.Status {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	counts, last, err := r.totals.read(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	status := collect.Status{Name: "push/" + r.cfg.Listen, Source: model.SourcePush, Tenant: r.cfg.Tenant, Health: collect.HealthStarting, Problem: r.problem}
	if err != nil {
		status.Problem = storageProblem(err, r.clock.Now())
	}
	switch {
	case r.stopped:
		status.Health = collect.HealthStopped
	case status.Problem != nil:
		status.Health = collect.HealthDegraded
	case r.listening:
		status.Health = collect.HealthRunning
	}
	status.Streams = []collect.StreamStatus{{
		ContentType: streamName, Health: status.Health, LastSuccess: last, LastBlob: last, LastJournalled: last, Counts: counts, Problem: status.Problem,
	}}
	status.Streams[0].Failures, status.Streams[0].Errors = r.trouble.Failures()
	return status
}

func storageProblem(err error, now time.Time) *collect.Problem {
	return &collect.Problem{Time: now, Cause: "Quoll could not store what was pushed.", Detail: err.Error(),
		Remedy: "Check the disk of this machine: is it full, or not writable? Relays are told to send again."}
}
