package auditsearch

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/quoll/quoll/collect/graph"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
)

// errTooMuch says that a slice is to be asked for in smaller pieces.
var errTooMuch = errors.New("too much for one query")

const (
	// brokenTries is how often a page that is not whole is read before it is
	// taken for one that never will be.
	brokenTries = 3
	// maxPages bounds one reading, against a server whose pages never end.
	maxPages = 1_000_000
	// tolerance is the share by which a reading may fall short of what Graph
	// announced, which is approximate by its name.
	tolerance = 100
)

// advance brings a slice from where it is to its end: submitted, searched by
// Graph, read. What it reaches is stored at every step.
func (r *run) advance(ctx context.Context, c *slice) error {
	if c.query == "" {
		if err := r.submit(ctx, c); err != nil {
			return err
		}
	}
	if !c.succeeded {
		if err := r.wait(ctx, c); err != nil {
			return err
		}
	}
	return r.readAll(ctx, c)
}

// submit has Graph begin a query. After a crash before its id is stored the
// query runs for nobody, and another is submitted.
func (r *run) submit(ctx context.Context, c *slice) error {
	q, err := r.client.submit(ctx, c.Window, r.request)
	if err != nil {
		return err
	}
	r.report(func(p *Progress) { p.Queries++; p.Problem = "" })
	c.query, c.submitted = q.ID, r.now()
	c.succeeded, c.expected, c.next, c.pages, c.records, c.readings, c.shortfall = false, 0, "", 0, 0, 0, ""
	return r.save(ctx, c)
}

func (r *run) save(ctx context.Context, c *slice) error {
	if err := r.store.save(ctx, c); err != nil {
		return fmt.Errorf("%w: %w", errStorage, err)
	}
	return nil
}

// wait returns when Graph has the records of a slice.
func (r *run) wait(ctx context.Context, c *slice) error {
	r.report(func(p *Progress) { p.Running++ })
	defer r.report(func(p *Progress) { p.Running-- })
	for pause := r.cfg.PollFirst; ; pause = min(pause*3/2, r.cfg.PollMax) {
		q, err := r.client.look(ctx, c.query)
		if err != nil {
			if is(err, gone) {
				return errors.Join(err, r.forget(ctx, c))
			}
			return err
		}
		switch {
		case q.Status == statusSucceeded:
			return r.succeeded(ctx, c, q)
		case q.Status == statusFailed, q.Status == statusCancelled:
			return r.failed(ctx, c, "the query "+q.Status)
		case r.now().Sub(c.submitted) > r.cfg.StuckAfter:
			return r.failed(ctx, c, fmt.Sprintf("the query is %s after %v", q.Status, r.cfg.StuckAfter))
		}
		if err := clock.Sleep(ctx, r.clock, pause); err != nil {
			return err
		}
	}
}

// succeeded notes that Graph has the records, unless it stopped at its limit
// and a shorter slice can be asked for.
func (r *run) succeeded(ctx context.Context, c *slice, q query) error {
	if q.LimitExceeded && r.canCut(c) {
		return fmt.Errorf("%w: Graph gives only the first %d records", errTooMuch, q.Returned)
	}
	if q.LimitExceeded {
		c.shortfall = fmt.Sprintf("it holds more records than the %d that Graph gives for one query; search for fewer record types or operations at a time", q.Returned)
	}
	c.succeeded, c.expected = true, q.Returned
	return r.save(ctx, c)
}

// failed gives a query up. What fails as a whole may be had in parts.
func (r *run) failed(ctx context.Context, c *slice, what string) error {
	if err := r.forget(ctx, c); err != nil {
		return err
	}
	if r.canCut(c) {
		return fmt.Errorf("%w: %s", errTooMuch, what)
	}
	return &graph.Failure{Operation: opLook, Message: what}
}

// forget lets the next try begin with a new query.
func (r *run) forget(ctx context.Context, c *slice) error {
	c.query, c.succeeded, c.next = "", false, ""
	return r.save(ctx, c)
}

// readAll reads the pages of a slice from where it is to the end, again while
// they hold fewer records than Graph announced: the same query has been seen to
// give different numbers of records within minutes.
func (r *run) readAll(ctx context.Context, c *slice) error {
	for {
		if err := r.readPages(ctx, c); err != nil {
			return err
		}
		c.readings++
		if c.expected-c.records <= c.expected/tolerance {
			break
		}
		if c.readings >= r.cfg.Readings {
			c.shortfall = fmt.Sprintf("Graph announced about %d records, and gave %d the last of %d times its pages were read", c.expected, c.records, c.readings)
			break
		}
		r.restart(c)
		if err := r.save(ctx, c); err != nil {
			return err
		}
		if err := clock.Sleep(ctx, r.clock, r.cfg.PollFirst); err != nil {
			return err
		}
	}
	return r.finish(ctx, c)
}

// restart lets the next reading begin at the first page.
func (r *run) restart(c *slice) { c.next, c.pages, c.records = "", 0, 0 }

func (r *run) finish(ctx context.Context, c *slice) error {
	c.done, c.next, c.failures = true, "", 0
	if err := r.save(ctx, c); err != nil {
		return err
	}
	if c.shortfall != "" {
		r.lacks(c, c.shortfall)
	}
	if err := r.covers(ctx, *c); err != nil {
		return err
	}
	r.report(func(p *Progress) { p.Done += r.part(c.Window) })
	return nil
}

// covers tells of a slice that brought everything.
func (r *run) covers(ctx context.Context, c slice) error {
	whole := c.done && c.shortfall == "" && !c.submitted.Before(c.To.Add(r.cfg.Settle))
	if r.deps.Coverage == nil || !whole || len(r.request.RecordTypes)+len(r.request.Operations) > 0 {
		return nil
	}
	if err := r.deps.Coverage.Searched(ctx, r.cfg.TenantID, c.Window, r.now()); err != nil {
		return fmt.Errorf("%w: %w", errStorage, err)
	}
	return nil
}

func (r *run) readPages(ctx context.Context, c *slice) error {
	read := map[[sha256.Size]byte]bool{} // links followed: pages in a circle are journalled again and again
	for range maxPages {
		read[sha256.Sum256([]byte(c.next))] = true
		p, err := r.client.read(ctx, c.query, c.next)
		switch {
		case err == nil:
		case is(err, gone):
			return errors.Join(err, r.lost(ctx, c))
		case is(err, broken) && c.failures+1 >= brokenTries:
			return r.unreadable(ctx, c, p, err)
		default:
			return err
		}
		if p.next != "" && read[sha256.Sum256([]byte(p.next))] {
			// Reading again would go round again, and each page that is kept counts as
			// progress. The next search asks anew.
			c.shortfall, c.readings, c.expected = "its pages lead in a circle", r.cfg.Readings, 0
			p.next = ""
		}
		if err := r.keep(ctx, c, p); err != nil {
			return err
		}
		if p.next == "" {
			return nil
		}
	}
	r.restart(c)
	return &graph.Failure{Operation: opRead, Message: "the pages do not end"}
}

// lost goes back to the first page when a link has become invalid, and to a new
// query when the first page is not there either.
func (r *run) lost(ctx context.Context, c *slice) error {
	if c.next == "" {
		return r.forget(ctx, c)
	}
	r.restart(c)
	return r.save(ctx, c)
}

// unreadable deals with a page that is never whole: a record in it cannot be
// written by Graph, as has been seen. Shorter slices keep the damage to the
// record's neighbours; in the shortest one the page is kept as it came.
func (r *run) unreadable(ctx context.Context, c *slice, p page, why error) error {
	if r.canCut(c) {
		return fmt.Errorf("%w: %w", errTooMuch, why)
	}
	c.shortfall = why.Error()
	p.next = ""
	if err := r.keep(ctx, c, p); err != nil {
		return err
	}
	c.readings, c.expected = r.cfg.Readings, 0
	return nil
}

// keep hands a page to the sink and, when it is durable there, moves on to the
// next. After a crash in between the page is read and journalled again, and its
// records are dropped downstream as repeats.
func (r *run) keep(ctx context.Context, c *slice, p page) error {
	_, err := r.sink.Journal(ctx, model.Payload{
		Tenant:   r.cfg.TenantID,
		Source:   model.SourceAuditSearch,
		Format:   model.FormatAuditSearchPage,
		Name:     fmt.Sprintf("%s/%d", c.query, c.pages+1),
		Received: r.clock.Now().UTC(),
		Body:     p.body,
	})
	if err != nil {
		return fmt.Errorf("%w: %w", errStorage, err)
	}
	c.pages, c.records, c.next, c.failures = c.pages+1, c.records+p.records, p.next, 0
	if err := r.save(ctx, c); err != nil {
		return err
	}
	r.report(func(t *Progress) {
		t.Pages++
		t.Records += p.records
		t.Bytes += int64(len(p.body))
		t.Problem = ""
	})
	return nil
}
