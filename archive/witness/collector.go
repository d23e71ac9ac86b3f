package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/internal/address"
	"github.com/quoll/quoll/internal/clock"
)

// Log is the archive whose checkpoints are to be cosigned.
type Log interface {
	// Checkpoint returns the present checkpoint, as it is published.
	Checkpoint() []byte
	// Consistency proves that the tree of a size is the beginning of that of
	// another, which is at most the present one.
	Consistency(older, newer int64) (tlog.TreeProof, error)
	// KeepCosigned publishes a checkpoint with its cosignatures.
	KeepCosigned(signed []byte) error
}

// Endpoint is a witness as an archive knows it.
type Endpoint struct {
	URL string // the submission prefix, without /add-checkpoint
	Key note.Verifier
}

// Address is what of its URL may be shown and written down.
func (e *Endpoint) Address() string {
	return address.Shown(e.URL)
}

// Standing says how far a witness has cosigned.
type Standing struct {
	Name, Address string    // of the witness
	Size          int64     // leaves under the last cosignature; 0 before the first
	Time          time.Time // of that cosignature, by the witness's clock
	Err           error     // of the last attempt; nil if it succeeded
}

// Collector asks witnesses to cosign the checkpoints of a log.
type Collector struct {
	log       Log
	key       note.Verifier
	witnesses []Endpoint
	client    *http.Client
	clock     clock.Clock
	logger    *slog.Logger

	mu       sync.Mutex
	standing []Standing
	lines    [][]byte // the cosignature that each Standing is of
}

const (
	// patience is how long one witness may take to answer.
	patience = 20 * time.Second
	// refreshAfter is the age of a cosignature from which a witness is asked again
	// although the log has not grown: it says that this was the newest tree then.
	refreshAfter = time.Hour
)

// NewCollector returns a collector for a log with a verifier key.
func NewCollector(log Log, logKey note.Verifier, witnesses []Endpoint, client *http.Client, c clock.Clock, logger *slog.Logger) *Collector {
	s := make([]Standing, len(witnesses))
	for i, w := range witnesses {
		s[i] = Standing{Name: w.Key.Name(), Address: w.Address()}
	}
	return &Collector{log: log, key: logKey, witnesses: witnesses, client: client, clock: c, logger: logger, standing: s, lines: make([][]byte, len(s))}
}

// Standing returns how far each witness has come.
func (c *Collector) Standing() []Standing {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Standing(nil), c.standing...)
}

// Run collects cosignatures until ctx ends, and then returns nil. A witness that
// cannot be reached is asked again with the next round; nothing waits for it.
func (c *Collector) Run(ctx context.Context, every time.Duration) error {
	for {
		_ = c.Collect(ctx) // it is in Standing, and in the log
		if clock.Sleep(ctx, c.clock, every) != nil {
			return nil
		}
	}
}

// Collect asks each witness that has not cosigned the present checkpoint within
// the hour, and publishes what they sign. The errors of all are joined.
func (c *Collector) Collect(ctx context.Context) error {
	head, err := proof.OpenCheckpoint(c.log.Checkpoint(), c.key, nil)
	if err != nil {
		return fmt.Errorf("collect cosignatures: the log's own checkpoint: %w", err)
	}
	var lines []byte
	var errs []error
	asked := false
	for i := range c.witnesses {
		if line := c.fresh(i, &head); line != nil {
			lines = append(lines, line...)
			continue
		}
		line, err := c.ask(ctx, i, &head)
		asked = asked || line != nil
		lines = append(lines, line...)
		errs = append(errs, err)
	}
	if asked {
		errs = append(errs, c.log.KeepCosigned(append(bytes.Clone(head.Signed), lines...)))
	}
	return errors.Join(errs...)
}

// fresh returns the cosignature of a witness that need not be asked again.
func (c *Collector) fresh(i int, head *proof.Checkpoint) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.standing[i]
	if s.Err != nil || s.Size != head.Size || c.clock.Now().Sub(s.Time) >= refreshAfter {
		return nil
	}
	return c.lines[i]
}

// ask gets the cosignature of one witness and notes how that went.
func (c *Collector) ask(ctx context.Context, i int, head *proof.Checkpoint) ([]byte, error) {
	w := c.witnesses[i]
	before := c.Standing()[i]
	line, at, err := c.cosign(ctx, w, before.Size, head)
	if err != nil {
		err = fmt.Errorf("witness %s: %w", w.Key.Name(), err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.standing[i]
	s.Err = err
	if err == nil {
		s.Size, s.Time, c.lines[i] = head.Size, at, line
		return line, nil
	}
	if ctx.Err() == nil && (before.Err == nil || before.Err.Error() != err.Error()) {
		c.logger.Error("a witness does not cosign the archive", "error", err)
	}
	return nil, err
}

// attempts bounds how often a witness is told another old size.
const attempts = 3

func (c *Collector) cosign(ctx context.Context, w Endpoint, old int64, head *proof.Checkpoint) (line []byte, at time.Time, err error) {
	for range attempts {
		if old > head.Size {
			return nil, at, fmt.Errorf("%w: %d leaves, there are %d: the archive was put back to an older state", ErrRollback, old, head.Size)
		}
		hashes, err := c.log.Consistency(old, head.Size)
		if err != nil {
			return nil, at, err
		}
		status, body, err := c.post(ctx, w, old, hashes, head)
		if err != nil {
			return nil, at, err
		}
		if status != http.StatusConflict {
			return c.answered(w, status, body, head)
		}
		known, err := strconv.ParseInt(strings.TrimSpace(string(body)), 10, 64)
		if err != nil || known < 0 {
			return nil, at, fmt.Errorf("a conflict without a size: %.100q", body)
		}
		if known == old {
			return nil, at, fmt.Errorf("%w: its tree of %d leaves has another root", ErrSplit, old)
		}
		old = known
	}
	return nil, at, errors.New("its size changes with every answer: does another archive use the same key?")
}

func (c *Collector) post(ctx context.Context, w Endpoint, old int64, hashes tlog.TreeProof, head *proof.Checkpoint) (int, []byte, error) {
	body := fmt.Appendf(nil, "old %d\n%s\n%s", old, proof.FormatHashes(hashes), head.Signed)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a, err := post(ctx, c.client, &w, body)
	return a.status, a.body, err
}

// answered is what a witness answered.
type answered struct {
	status int
	body   []byte
	ends   time.Time // when its server's certificate ends; zero without https
}

func post(ctx context.Context, client *http.Client, w *Endpoint, body []byte) (answered, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(w.URL, "/")+"/add-checkpoint", bytes.NewReader(body))
	if err != nil {
		return answered{}, fmt.Errorf("ask %s: %w", w.Address(), address.WithoutURL(err))
	}
	answer, err := client.Do(r)
	if err != nil {
		return answered{}, fmt.Errorf("ask %s: %w", w.Address(), address.WithoutURL(err))
	}
	defer answer.Body.Close()
	a := answered{status: answer.StatusCode}
	if answer.TLS != nil && len(answer.TLS.PeerCertificates) > 0 {
		a.ends = answer.TLS.PeerCertificates[0].NotAfter
	}
	a.body, err = io.ReadAll(io.LimitReader(answer.Body, proof.MaxCheckpoint))
	return a, err
}

// answered reads an answer that is no conflict.
func (c *Collector) answered(w Endpoint, status int, body []byte, head *proof.Checkpoint) ([]byte, time.Time, error) {
	var zero time.Time
	switch status {
	case http.StatusOK:
	case http.StatusUnprocessableEntity:
		return nil, zero, fmt.Errorf("%w: %.200s", ErrSplit, body)
	case http.StatusForbidden:
		return nil, zero, fmt.Errorf("%w: %.200s", ErrKey, body)
	case http.StatusNotFound:
		return nil, zero, fmt.Errorf("%w: give it the verifier key of %s", ErrUnknown, head.Origin)
	default:
		return nil, zero, fmt.Errorf("status %d: %.200s", status, body)
	}
	// Signatures of other keys are dropped: one line of this witness is taken.
	for line := range bytes.Lines(body) {
		signed := append(bytes.Clone(head.Signed), line...)
		opened, err := proof.OpenCheckpoint(signed, c.key, []note.Verifier{w.Key})
		if err == nil && len(opened.Cosignatures) == 1 {
			return line, opened.Cosignatures[0].Time, nil
		}
	}
	return nil, zero, fmt.Errorf("its answer has no signature of its key: %.200q", body)
}
