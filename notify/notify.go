// Package notify tells people and systems outside of incidents: by signed
// webhook, Teams-style webhook, mail and syslog with CEF. What is to be told is
// in a queue in the state, so that a crash loses nothing; what was told, what
// failed and what a rate limit held back stays there as the log of deliveries.
//
// It must not know how an incident came about, nor who asks for what to be told.
package notify

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/quoll/quoll/internal/backoff"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/model"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Message is what is told. Key is its identity: one that comes again is told
// once.
type Message struct {
	Key            string         `json:"key"`
	Number         int64          `json:"incident"`
	Title          string         `json:"title"`
	Severity       model.Severity `json:"severity"`
	Status         string         `json:"status"`
	Owner          string         `json:"owner,omitempty"`
	Classification string         `json:"classification,omitempty"`
	Alerts         int            `json:"alerts"`
	ModifiedBy     string         `json:"modifiedBy"`
	Time           time.Time      `json:"time"` // UTC, of the change
	// HeldBack are the titles of what a rate limit held back before; at most
	// twenty, and HeldCount is how many there are.
	HeldBack  []string `json:"heldBack,omitempty"`
	HeldCount int      `json:"heldCount,omitempty"`
}

// Kinds of targets.
const (
	Webhook = "webhook"
	Teams   = "teams"
	Mail    = "mail"
	Syslog  = "syslog"
)

// Target is where messages go.
type Target struct {
	Name string
	Kind string
	// Address is an https or http URL (webhook, teams), host:port of a mail
	// server, or tcp://, tls:// or udp:// host:port of a syslog receiver.
	Address string
	// Secret signs webhooks (HMAC-SHA256), or is the password of User at the
	// mail server.
	Secret, User string
	// Authorities are certificates in PEM that mail and syslog servers are trusted by,
	// besides those of the system.
	Authorities []byte
	// InClear lets mail go to a server that offers no STARTTLS, over a network that
	// everybody on it may read. Without it such a server is sent nothing: the offer is
	// not protected, and whoever is in between can take it out.
	InClear bool
	From    string
	To      []string
	// Least is the least severity that is told; empty is all. OnlyNew tells of
	// an incident once, not of its changes.
	Least   model.Severity
	OnlyNew bool
	// PerHour bounds messages in an hour; zero is 60. What is above is held back,
	// and the next message says what it was.
	PerHour int
	// Template is the text of a message as text/template has it, over Message;
	// empty is DefaultTemplate.
	Template string
}

// DefaultTemplate is the text of a message.
const DefaultTemplate = `{{.Severity}} incident {{.Number}}: {{.Title}}
Status {{.Status}}{{if .Owner}}, owner {{.Owner}}{{end}}, {{.Alerts}} alerts, changed by {{.ModifiedBy}} at {{.Time.Format "2006-01-02 15:04:05"}} UTC.
{{- if .HeldCount}}
{{.HeldCount}} earlier messages were held back by the rate limit:{{range .HeldBack}}
- {{.}}{{end}}{{end}}
`

// Validate says what is wrong with the target.
func (t Target) Validate() error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("notification target %q: "+format, append([]any{t.Name}, args...)...)
	}
	switch {
	case t.Name == "":
		return errors.New("a notification target has no name")
	case t.Address == "":
		return wrong("address is missing")
	case t.PerHour < 0:
		return wrong("per_hour is %d, below zero", t.PerHour)
	case t.Least != "" && t.Least.Rank() == 0:
		return wrong("severity %q: it is Informational, Low, Medium or High", t.Least)
	case t.Kind == Mail && (t.From == "" || len(t.To) == 0):
		return wrong("mail needs from and to")
	case (t.Kind == Webhook || t.Kind == Teams) && !strings.HasPrefix(t.Address, "https://") && !strings.HasPrefix(t.Address, "http://"):
		return wrong("address %q is no http or https URL", t.Address)
	case t.Kind != Webhook && t.Kind != Teams && t.Kind != Mail && t.Kind != Syslog:
		return wrong("kind %q: it is webhook, teams, mail or syslog", t.Kind)
	}
	if _, err := template.New(t.Name).Parse(t.Template); err != nil {
		return wrong("template: %w", err)
	}
	return nil
}

// Sender delivers a message to a target. An error asks for another attempt.
type Sender interface {
	Send(ctx context.Context, t Target, m Message, text string) error
}

// Notifier is safe for use by one Run and several Tell at once.
type Notifier struct {
	db      *sql.DB
	targets []Target
	sender  Sender
	clock   clock.Clock
	random  func() float64
	log     *slog.Logger
}

// retries spaces attempts out: the last of them is about a day after the first.
var retries = backoff.Policy{First: 10 * time.Second, Max: 4 * time.Hour, Tries: 16}

// New returns a notifier. Its queue lives in db.
func New(ctx context.Context, db *sql.DB, targets []Target, sender Sender, clk clock.Clock, random func() float64, log *slog.Logger) (*Notifier, error) {
	if err := state.Migrate(ctx, db, "notify", migrations); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, t := range targets {
		if err := t.Validate(); err != nil {
			return nil, err
		}
		if seen[t.Name] {
			return nil, fmt.Errorf("two notification targets are named %q", t.Name)
		}
		seen[t.Name] = true
	}
	return &Notifier{db: db, targets: targets, sender: sender, clock: clk, random: random, log: log}, nil
}

// Tell puts a message into the queue of each target that wants it. It is safe to
// repeat.
func (n *Notifier) Tell(ctx context.Context, m Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("tell of incident %d: %w", m.Number, err)
	}
	for _, t := range n.targets {
		if m.Severity.Rank() < t.Least.Rank() || t.OnlyNew && (m.Status != string(model.IncidentNew) || m.Alerts > 1) {
			continue
		}
		if err := n.queue(ctx, t, m, body); err != nil {
			return err
		}
	}
	return nil
}

// TellTargets is Tell for the targets of those names alone, whatever severity they
// want. Where one of them is unknown, none is told.
func (n *Notifier) TellTargets(ctx context.Context, names []string, m Message) error {
	var targets []Target
	for _, name := range names {
		i := slices.IndexFunc(n.targets, func(t Target) bool { return t.Name == name })
		if i < 0 {
			return fmt.Errorf("%w: %q", ErrUnknownTarget, name)
		}
		targets = append(targets, n.targets[i])
	}
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("tell of incident %d: %w", m.Number, err)
	}
	for _, t := range targets {
		if err := n.queue(ctx, t, m, body); err != nil {
			return err
		}
	}
	return nil
}

func (n *Notifier) queue(ctx context.Context, t Target, m Message, body []byte) error {
	if _, err := n.db.ExecContext(ctx, `INSERT OR IGNORE INTO notify_delivery (target, key, sequence, message, state, due)
		VALUES (?,?,(SELECT coalesce(max(sequence),0)+1 FROM notify_delivery),?,'waiting',?)`, t.Name, m.Key, string(body), n.clock.Now().UnixMicro()); err != nil {
		return fmt.Errorf("tell %s of incident %d: %w", t.Name, m.Number, err)
	}
	return nil
}

// lookEvery is how often the queue is looked at.
const lookEvery = 2 * time.Second

// Run delivers until ctx ends.
func (n *Notifier) Run(ctx context.Context) error {
	for {
		if err := n.Deliver(ctx); err != nil && ctx.Err() == nil {
			n.log.Error("notifications wait", "error", err)
		}
		if clock.Sleep(ctx, n.clock, lookEvery) != nil {
			return nil
		}
	}
}

func (t Target) text(m Message) (string, error) {
	format := t.Template
	if format == "" {
		format = DefaultTemplate
	}
	parsed, err := template.New(t.Name).Parse(format)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = parsed.Execute(&b, m)
	return b.String(), err
}
