package hunting

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/graph"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
)

const opHunt = "run hunting query"

// table is the collection of one table.
type table struct {
	cfg    *Config
	name   string
	client *graph.Client
	turns  chan struct{} // held while a query is under way
	marks  *marks
	sink   collect.Sink
	clock  clock.Clock
	random func() float64
	log    *slog.Logger

	// span is the slice to ask for next, within the configured ones, and pass the
	// reading under way. They belong to the goroutine that reads.
	span time.Duration
	pass pass

	trouble *collect.Trouble

	mu      sync.Mutex
	polls   int
	refused bool
	problem *collect.Problem
}

// watch reads again and again until ctx ends.
func (t *table) watch(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; {
		err := t.poll(ctx)
		if ctx.Err() != nil {
			return
		}
		t.polled(err)
		wait := t.cfg.PollEvery
		if err == nil {
			failures = 0
		} else {
			failures++
			wait = max(pausePolicy.Delay(failures, t.random), graph.WaitAsked(err))
		}
		if clock.Sleep(ctx, t.clock, wait) != nil {
			return
		}
	}
}

func (t *table) polled(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.polls++
	now := t.clock.Now()
	if t.problem, t.refused = problem(err, now), blocked(err); err == nil {
		t.trouble.Works(now)
		return
	}
	t.trouble.Failed(t.problem, t.refused)
}

// pass is what is left of a reading from some time up to its own beginning.
type pass struct {
	from, to time.Time
	reread   bool
}

// poll reads what is new, and what may have come late. A reading that failed goes
// on where it failed before another begins: one of many slices, of which now and
// then one fails, would never come to its end.
func (t *table) poll(ctx context.Context) error {
	if err := t.knowTime(ctx); err != nil {
		return err
	}
	if t.pass.from.Before(t.pass.to) && !t.pass.from.Before(t.now().Add(-t.cfg.Lookback)) {
		m, err := t.marks.read(ctx, t.name)
		if err != nil {
			return fmt.Errorf("%w: %w", errStorage, err)
		}
		if err := t.finish(ctx, &m); err != nil {
			return err
		}
	}
	now := t.now().Truncate(time.Microsecond)
	floor := now.Add(-t.cfg.Lookback)
	m, err := t.marks.read(ctx, t.name)
	if err != nil {
		return fmt.Errorf("%w: %w", errStorage, err)
	}
	if m.through.After(now) { // by a clock that was wrong: what is not read before it is not known
		m.through, m.reread = now, time.Time{}
	}
	if !m.through.IsZero() && m.through.Before(floor) {
		gap := collect.Window{From: m.through, To: floor}
		if err := t.lost(ctx, &m, gap, "nobody asked for it within the 30 days that Microsoft keeps"); err != nil {
			return err
		}
	}
	from, reread := t.begin(m, now)
	if from.Before(floor) {
		from = floor
	}
	t.pass = pass{from, now, reread}
	return t.finish(ctx, &m)
}

// now is the time by Graph's clock, as far as it was heard.
func (t *table) now() time.Time { return t.client.Server().Now() }

// errTimeUnknown says that nothing was read, because it would have been recorded for
// ever by a clock that nobody has compared what is read and what is lost.
var errTimeUnknown = errors.New("the server's clock was not heard of yet")

// knowTime has Graph say what time it is, by a query of an instant, unless it did of
// late. Also a refusal says it.
func (t *table) knowTime(ctx context.Context) error {
	server := t.client.Server()
	if server.Known() > 0 {
		return nil
	}
	now := t.now().Truncate(time.Microsecond)
	_, _, err := t.ask(ctx, collect.Window{From: now.Add(-time.Second), To: now})
	if err == nil && server.Known() == 0 {
		err = &graph.Failure{Operation: opHunt, Cause: errTimeUnknown}
	}
	return err
}

// finish reads what is left of the pass.
func (t *table) finish(ctx context.Context, m *mark) error {
	p := &t.pass
	if m.through.IsZero() {
		m.first, m.through = p.from, p.from
	}
	for p.from.Before(p.to) {
		to := p.from.Add(t.span)
		if to.After(p.to) {
			to = p.to
		}
		read, err := t.read(ctx, m, collect.Window{From: p.from, To: to})
		if err != nil {
			return err
		}
		if read {
			p.from = to
		}
	}
	if p.reread {
		m.reread = p.to
	}
	m.lastSuccess = t.clock.Now()
	return t.save(ctx, m)
}

// begin returns where a poll at now begins to read, and whether that is further
// back than usual.
func (t *table) begin(m mark, now time.Time) (from time.Time, reread bool) {
	if m.through.IsZero() {
		return time.Time{}, true
	}
	if now.Sub(m.reread) >= t.cfg.RereadEvery {
		from = now.Add(-t.cfg.Reread)
		if overlap := m.through.Add(-t.cfg.Overlap); overlap.Before(from) {
			from = overlap
		}
		return from, true
	}
	return m.through.Add(-t.cfg.Overlap), false
}

// read asks for one slice and brings its rows to the sink. read is false when
// the slice is to be asked for in smaller pieces.
func (t *table) read(ctx context.Context, m *mark, w collect.Window) (read bool, err error) {
	body, rows, err := t.ask(ctx, w)
	length := w.To.Sub(w.From)
	switch {
	case err != nil && tooMuch(err) && length/2 >= t.cfg.MinSlice:
		t.span = length / 2
		t.log.Info("hunting asks for less at a time", "span", t.span, "reason", err)
		return false, nil
	case err != nil:
		return false, err
	case rows >= t.cfg.RowLimit && length/2 >= t.cfg.MinSlice:
		t.span = length / 2
		return false, nil
	}
	if rows > 0 {
		if err := t.keep(ctx, m, w, body, rows); err != nil {
			return false, err
		}
	}
	if rows >= t.cfg.RowLimit {
		if err := t.lost(ctx, m, w, fmt.Sprintf("it holds more rows than the %d that Microsoft gives for one query", rows)); err != nil {
			return false, err
		}
	}
	if 4*rows < t.cfg.RowLimit {
		t.span = min(2*t.span, t.cfg.Slice)
	}
	return true, t.passed(ctx, m, w)
}

// passed moves the mark behind a window that follows on what was read before.
func (t *table) passed(ctx context.Context, m *mark, w collect.Window) error {
	if !w.From.After(m.through) && w.To.After(m.through) {
		m.through = w.To
	}
	return t.save(ctx, m)
}

func (t *table) save(ctx context.Context, m *mark) error {
	if err := t.marks.save(ctx, t.name, *m); err != nil {
		return fmt.Errorf("%w: %w", errStorage, err)
	}
	return nil
}

// lost records a gap and passes it.
func (t *table) lost(ctx context.Context, m *mark, w collect.Window, reason string) error {
	t.log.Error("rows of advanced hunting are lost", "from", w.From, "to", w.To, "reason", reason)
	m.gaps++
	if w.To.After(m.through) {
		m.through = w.To
	}
	if err := t.marks.gap(ctx, t.name, *m, w, t.now(), reason); err != nil {
		return fmt.Errorf("%w: %w", errStorage, err)
	}
	return nil
}

// ask runs one query and counts its rows.
func (t *table) ask(ctx context.Context, w collect.Window) (body []byte, rows int, err error) {
	select {
	case t.turns <- struct{}{}:
		defer func() { <-t.turns }()
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	const layout = "2006-01-02T15:04:05.0000000Z"
	text := fmt.Sprintf("%s | where Timestamp >= datetime(%s) and Timestamp < datetime(%s)", t.name, w.From.UTC().Format(layout), w.To.UTC().Format(layout))
	request, err := json.Marshal(struct {
		Query    string
		Timespan string
	}{text, w.From.UTC().Format(time.RFC3339Nano) + "/" + w.To.UTC().Format(time.RFC3339Nano)})
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", opHunt, err)
	}
	body, err = t.client.Do(ctx, graph.Request{
		Operation: opHunt, Method: http.MethodPost, URL: t.client.URL("v1.0", "security", "runHuntingQuery"), Body: request, Limit: t.cfg.MaxBodyBytes,
	})
	if err != nil {
		return nil, 0, err
	}
	var answer struct {
		Results *[]json.RawMessage `json:"results"`
	}
	switch err := json.Unmarshal(body, &answer); {
	case err != nil:
		return nil, 0, &graph.Failure{Operation: opHunt, Cause: fmt.Errorf("the answer is not whole: %w", err)}
	case answer.Results == nil:
		code, message := graph.ErrorBody(body)
		return nil, 0, &graph.Failure{Operation: opHunt, Code: code, Message: message, Cause: errors.New("the answer has no rows")}
	}
	return body, len(*answer.Results), nil
}

// ofMeans are the words for a query that ran out of time or means. Nobody lists
// what Microsoft says then; other refusals must not be taken for it.
var ofMeans = regexp.MustCompile(`(?i)exceed|too large|too many|time[d ]*out|out of memory|limit`)

// tooMuch reports whether a shorter slice may be answered where this one was
// not: an answer beyond the bound, or a query that ran out of time or means.
func tooMuch(err error) bool {
	var f *graph.Failure
	if !errors.As(err, &f) {
		return false
	}
	switch f.Status {
	case http.StatusRequestEntityTooLarge, http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return true
	case http.StatusBadRequest:
		return ofMeans.MatchString(f.Message)
	}
	return errors.Is(err, graph.ErrTooLarge)
}

// keep hands an answer to the sink. After a crash before the mark is saved it is
// asked for and journalled again, and its rows are dropped downstream as
// repeats.
func (t *table) keep(ctx context.Context, m *mark, w collect.Window, body []byte, rows int) error {
	_, err := t.sink.Journal(ctx, model.Payload{
		Tenant:      t.cfg.TenantID,
		Source:      model.SourceHunting,
		Format:      model.FormatHuntingResults,
		ContentType: t.name,
		Name:        t.name + "/" + w.From.UTC().Format(time.RFC3339Nano) + "/" + w.To.UTC().Format(time.RFC3339Nano),
		Received:    t.clock.Now().UTC(),
		Body:        body,
	})
	if err != nil {
		return fmt.Errorf("%w: %w", errStorage, err)
	}
	m.queries++
	m.rows += int64(rows)
	m.bytes += int64(len(body))
	m.lastJournalled = t.clock.Now()
	return nil
}
