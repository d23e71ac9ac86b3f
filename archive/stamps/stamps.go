// Package stamps has the archive's checkpoints stamped by time-stamping authorities
// (RFC 3161 section 3.4). Each has a stamper of its own, so that one that is slow, hangs
// or refuses holds up neither archiving nor the others.
//
// A stamp that came is on the disk before anything else is done with it; then it is
// kept in the archive, then journalled, so that the log promises it; then the note goes.
// After a crash these steps are done again.
//
// The package must not know what is in the archive, nor who looks at a status.
package stamps

import (
	"context"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/archive/proof/timestamp"
	"github.com/quoll/quoll/internal/address"
	"github.com/quoll/quoll/internal/backoff"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/model"
)

// Archive is what is stamped and where stamps are kept.
type Archive interface {
	// Checkpoint returns the present checkpoint, as it is published.
	Checkpoint() []byte
	// KeepStamp writes a stamp beside its checkpoint, and returns the payload that
	// promises it. Keeping one again does nothing.
	KeepStamp(s archive.Stamp) (model.Payload, error)
	// LastStamp returns the last stamp of an authority.
	LastStamp(authority string) (archive.Stamp, bool, error)
}

// Authority is a time-stamping authority.
type Authority struct {
	Name   string // in the archive; archive.ValidStampAuthority says which are
	URL    string
	Policy asn1.ObjectIdentifier // nil: the authority's own
	// Roots are what its certificate has to lead to.
	Roots *timestamp.Roots
	// Every is the time between two stamps, and Timeout that for one answer.
	Every, Timeout time.Duration
	Client         *http.Client
}

// Address is what of its URL may be shown and written down.
func (a *Authority) Address() string {
	return address.Shown(a.URL)
}

// Dependencies are what a stamper works with.
type Dependencies struct {
	Archive Archive
	Key     note.Verifier // of the log
	// Journal makes the payload of a stamp durable, to be archived.
	Journal func(ctx context.Context, p model.Payload) error
	// Dir is where a stamp is noted until it is journalled.
	Dir    string
	FS     durable.FS
	Clock  clock.Clock
	Random io.Reader      // of nonces
	Chance func() float64 // in [0, 1), for the waits between attempts
	Log    *slog.Logger
	// Told is called when an authority is late and when that is over; may be nil.
	Told func(ctx context.Context, s Status)
}

const (
	// lookEvery is how often it is looked whether a stamp is due.
	lookEvery = 10 * time.Second
	// maxSkew is by how much an authority's clock may differ from this machine's, beside
	// the accuracy that it states.
	maxSkew = 2 * time.Minute
	// lateAfter is how long after a stamp was due it is late, beside one interval.
	lateAfter = time.Hour
)

// waits are those after failures: some 15 attempts in a day in which nothing answers,
// and never more often than stamps are wanted at all.
var waits = backoff.Policy{First: 30 * time.Second, Max: 2 * time.Hour}

// Status says how far an authority has stamped.
type Status struct {
	Name, Address string // of the authority
	Every         time.Duration
	// Size is how many leaves are under its last stamp, and Time when that was made, by
	// its clock; 0 and zero before the first.
	Size            int64
	Time            time.Time
	Subject, Policy string // of the last stamp: who has signed, and under which policy
	// Trouble is why the last attempt failed, since when, and how many did; nil if it
	// succeeded.
	Trouble  *Trouble
	Since    time.Time
	Failures int
	Started  time.Time
}

// Late says whether a stamp is overdue by so much that somebody should look.
func (s *Status) Late(now time.Time) bool {
	from := s.Time
	if from.IsZero() {
		from = s.Started
	}
	return s.Trouble != nil && now.Sub(from) > 2*s.Every+lateAfter
}

// Stamper has checkpoints stamped by one authority.
type Stamper struct {
	authority Authority
	deps      Dependencies
	loaded    bool
	pending   *pending
	told      bool // that it is late

	mu     sync.Mutex
	status Status
}

// New returns the stamper of an authority. Nothing is sent before Run.
func New(a Authority, deps Dependencies) *Stamper {
	return &Stamper{authority: a, deps: deps, status: Status{Name: a.Name, Address: a.Address(), Every: a.Every, Started: deps.Clock.Now()}}
}

// Status returns how far it has come.
func (s *Stamper) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// Run stamps until ctx ends, and then returns nil. Trouble is in Status and tried again.
func (s *Stamper) Run(ctx context.Context) error {
	for {
		wait := s.Once(ctx)
		if ctx.Err() != nil {
			return nil
		}
		s.tell(ctx)
		if clock.Sleep(ctx, s.deps.Clock, max(wait, lookEvery)) != nil {
			return nil
		}
	}
}

// Once stamps the present checkpoint if that is due, and returns for how long there is
// nothing to do: until the next is due, or because of trouble.
func (s *Stamper) Once(ctx context.Context) time.Duration {
	err := s.step(ctx)
	if ctx.Err() != nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.status.Trouble, s.status.Failures, s.status.Since = nil, 0, time.Time{}
		// Not all at once: clocks are set.
		return min(s.status.Time.Add(s.authority.Every).Sub(s.deps.Clock.Now()), time.Hour)
	}
	trouble := TroubleOf(err)
	if s.status.Trouble == nil {
		s.status.Since = s.deps.Clock.Now()
	}
	if s.status.Trouble == nil || s.status.Trouble.Cause != trouble.Cause {
		s.deps.Log.Warn("a checkpoint was not time-stamped; archiving goes on", "authority", s.authority.Name, "error", err)
	}
	s.status.Trouble = trouble
	s.status.Failures++
	wait := max(waits.Delay(s.status.Failures, s.deps.Chance), min(trouble.after, waits.Max))
	return min(wait, max(s.authority.Every, lookEvery))
}

// step does what is next: what a crash left first, then what is due.
func (s *Stamper) step(ctx context.Context) error {
	if err := s.load(); err != nil {
		return err
	}
	if s.pending != nil {
		return s.keep(ctx)
	}
	last := s.Status()
	if s.deps.Clock.Now().Before(last.Time.Add(s.authority.Every)) {
		return nil
	}
	head, err := proof.OpenCheckpoint(s.deps.Archive.Checkpoint(), s.deps.Key, nil)
	if err != nil {
		return fmt.Errorf("%w: the log's own checkpoint: %w", errKeep, err)
	}
	if head.Size <= last.Size {
		return nil
	}
	token, err := s.ask(ctx, head.Signed)
	if err != nil {
		return err
	}
	if err := s.note(&pending{Checkpoint: head.Signed, Token: token}); err != nil {
		return err
	}
	return s.keep(ctx)
}

// keep brings the stamp that is noted into the archive and under the log.
func (s *Stamper) keep(ctx context.Context) error {
	p := s.pending
	payload, err := s.deps.Archive.KeepStamp(archive.Stamp{Authority: s.authority.Name, Checkpoint: p.Checkpoint, Token: p.Token})
	if errors.Is(err, fs.ErrExist) || errors.Is(err, archive.ErrStamp) {
		// Archive or data directory were put back since, or are others: what is there
		// stays, and the next checkpoint is stamped.
		s.deps.Log.Warn("a time stamp that came before is given up", "authority", s.authority.Name, "error", err)
		s.loaded = false
		return s.forget()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errKeep, err)
	}
	payload.Received = s.deps.Clock.Now().UTC()
	if err := s.deps.Journal(ctx, payload); err != nil {
		return fmt.Errorf("%w: %w", errKeep, err)
	}
	if err := s.forget(); err != nil {
		return err
	}
	return s.learn(p.Checkpoint, p.Token)
}

// learn takes the last stamp into the status.
func (s *Stamper) learn(checkpoint, token []byte) error {
	c, err := proof.OpenCheckpoint(checkpoint, s.deps.Key, nil)
	if err != nil {
		return err
	}
	stamp, err := timestamp.Open(token)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Size, s.status.Time, s.status.Subject, s.status.Policy = c.Size, stamp.Time, stamp.Authority, stamp.Policy
	return nil
}

// tell says when an authority has become late, and when it is no more.
func (s *Stamper) tell(ctx context.Context) {
	now := s.Status()
	if late := now.Late(s.deps.Clock.Now()); late != s.told && s.deps.Told != nil {
		s.told = late
		s.deps.Told(ctx, now)
	}
}
