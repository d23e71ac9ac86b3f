package copies

import (
	"context"
	"errors"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/internal/objectstore"
)

// Status says how far a copy follows the archive.
type Status struct {
	Name, Place        string
	Retain, AlarmAfter time.Duration
	// Published is the size of the log that the store's head has, and Time when it
	// was written; Size that of the archive when it was last looked at.
	Published, Size int64
	Time            time.Time
	// Objects and Bytes are what is not copied yet, and Oldest when the first
	// payload that is not under the store's head was received; zero if there is
	// none.
	Objects, Bytes int64
	Oldest         time.Time
	// Problem is why it does not follow, since then and for so many attempts;
	// Lasting that trying again will not end it.
	Problem  string
	Since    time.Time
	Failures int
	Lasting  bool
	// Stale is how many files the store still has, at most, that certificates of
	// disposal and erasure say should go, and StaleProblem why.
	Stale        int
	StaleProblem string
	// Locking is what the store says; nil before it was asked.
	Locking *objectstore.Locking
}

// Age is that of the oldest payload that is not under the store's head.
func (s Status) Age(now time.Time) time.Duration {
	if s.Oldest.IsZero() {
		return 0
	}
	return max(now.Sub(s.Oldest), 0)
}

// Late says whether that is more than it should be.
func (s Status) Late(now time.Time) bool { return s.Age(now) > s.AlarmAfter }

// Unlocked says whether there is to be a retention, and the store has no locking.
func (s Status) Unlocked() bool {
	return s.Retain > 0 && s.Locking != nil && !s.Locking.Can && !s.Locking.Unknown
}

// Status returns where the copy stands.
func (c *Copier) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// backlog counts what is not copied, without reading a leaf twice.
type backlog struct {
	scanned        int64 // size of the log up to which is counted
	objects, bytes int64
}

// measure reads the note, the first time, and counts what was sealed since the
// last time.
func (c *Copier) measure(ctx context.Context, s *archive.Snapshot) error {
	if err := c.readNote(s); err != nil {
		return err
	}
	counted := c.behind
	counted.scanned = max(counted.scanned, c.note.Size)
	err := s.Sealed(ctx, counted.scanned, func(o archive.SealedObject) error {
		counted.objects, counted.bytes = counted.objects+1, counted.bytes+o.Size
		return nil
	})
	if err != nil {
		return err
	}
	counted.scanned = s.Size()
	c.behind = counted
	oldest, err := c.oldest(ctx, s)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.Size, c.status.Published, c.status.Time = s.Size(), c.note.Published, c.note.Time
	c.status.Objects, c.status.Bytes, c.status.Oldest = counted.objects, counted.bytes, oldest
	return nil
}

var errFound = errors.New("found")

// oldest returns when the first payload beyond the store's head was received.
func (c *Copier) oldest(ctx context.Context, s *archive.Snapshot) (time.Time, error) {
	if s.Size() <= c.note.Published {
		return time.Time{}, nil
	}
	var at time.Time
	err := s.Sealed(ctx, c.note.Published, func(o archive.SealedObject) error {
		at = o.Received
		return errFound
	})
	if errors.Is(err, errFound) {
		err = nil
	}
	return at, err
}

// took counts what was copied.
func (c *Copier) took(objects int, size int64) {
	c.behind.objects, c.behind.bytes = max(c.behind.objects-int64(objects), 0), max(c.behind.bytes-size, 0)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.Objects, c.status.Bytes = c.behind.objects, c.behind.bytes
}

// published says that the store has the archive up to a new head.
func (c *Copier) published() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.Published, c.status.Time, c.status.Oldest = c.note.Published, c.note.Time, time.Time{}
}

// outcome keeps how an attempt ended.
func (c *Copier) outcome(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.status.Problem, c.status.Since, c.status.Failures, c.status.Lasting = "", time.Time{}, 0, false
		return
	}
	if c.status.Failures == 0 {
		c.status.Since = c.deps.Clock.Now().UTC()
	}
	c.status.Failures++
	c.status.Problem = err.Error()
	c.status.Lasting = errors.Is(err, ErrDifferent) || errors.Is(err, ErrHistory) || errors.Is(err, ErrLost) || errors.Is(err, archive.ErrDamaged)
}

// The kinds of trouble that are told, each once.
const (
	troubleLasting = "stopped"
	troubleLate    = "late"
)

// tell logs what begins and what ends.
func (c *Copier) tell(ctx context.Context) {
	s := c.Status()
	now := c.deps.Clock.Now()
	trouble := ""
	switch {
	case s.Lasting:
		trouble = troubleLasting
	case s.Late(now):
		trouble = troubleLate
	}
	if trouble == c.told {
		return
	}
	c.told = trouble
	log := c.deps.Log.With("copy", s.Name, "store", s.Place)
	switch trouble {
	case troubleLasting:
		log.Error("a copy of the archive cannot go on", "problem", s.Problem)
	case troubleLate:
		log.Error("a copy of the archive is late", "age", s.Age(now).Round(time.Second), "objects", s.Objects, "bytes", s.Bytes, "problem", s.Problem)
	default:
		log.Info("a copy of the archive follows again")
	}
	if c.deps.Told != nil {
		c.deps.Told(ctx, s)
	}
}

// askLocking asks the store once whether it locks, and says so where it does not.
func (c *Copier) askLocking(ctx context.Context) error {
	if c.Status().Locking != nil {
		return nil
	}
	found, err := c.target.Store.Locking(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.status.Locking = &found
	unlocked := c.status.Unlocked()
	c.mu.Unlock()
	if unlocked {
		c.deps.Log.Warn("a copy of the archive is kept without a lock", "copy", c.target.Name, "store", c.target.Place, "found", found.Found, "remedy", found.Remedy)
	}
	return nil
}

// locks says whether objects are written with a retention. A store that would not
// say is asked to, and answers if it cannot.
func (c *Copier) locks() bool {
	l := c.Status().Locking
	return l != nil && (l.Can || l.Unknown)
}
