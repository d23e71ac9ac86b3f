package servertest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/server"
)

// Functions implements server.Library.
func (l *library) Functions(context.Context) ([]server.SavedFunction, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.functions), nil
}

// Function implements server.Library. A function has no text of its own for each
// version.
func (l *library) Function(_ context.Context, name string, version int64) (*server.SavedFunction, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.functions, func(f server.SavedFunction) bool { return f.Name == name })
	if i < 0 {
		return nil, server.ErrNotFound
	}
	f := l.functions[i]
	for v := f.Version; v > 0; v-- {
		f.Versions = append(f.Versions, server.SavedFunction{Name: f.Name, Version: v, Author: f.Author, Updated: f.Updated})
	}
	if version > 0 {
		f.Version = version
	}
	return &f, nil
}

// SaveFunction implements server.Library. It knows the mistake that the querier
// knows.
func (l *library) SaveFunction(_ context.Context, f server.SavedFunction) (*server.SavedFunction, error) {
	if strings.Contains(f.Body, UnknownColumn) {
		return nil, &server.Failure{Code: server.CodeBadRequest, Message: `line 1, column 25: no column "` + UnknownColumn + `" in table OfficeActivity`}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f.Version, f.Updated = 1, l.clock().UTC()
	if i := slices.IndexFunc(l.functions, func(o server.SavedFunction) bool { return o.Name == f.Name }); i >= 0 {
		f.Version = l.functions[i].Version + 1
		l.functions[i] = f
	} else {
		l.functions = append(l.functions, f)
	}
	return &f, nil
}

// RemoveFunction implements server.Library.
func (l *library) RemoveFunction(_ context.Context, name, _ string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := len(l.functions)
	l.functions = slices.DeleteFunc(l.functions, func(f server.SavedFunction) bool { return f.Name == name })
	if len(l.functions) == before {
		return server.ErrNotFound
	}
	return nil
}

// Exceptions implements server.Exceptions: one that holds, one that waits for a
// second person, and those that were made.
func (c *Canned) Exceptions(context.Context) ([]server.Exception, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.exceptions == nil {
		now := c.clock().UTC()
		c.exceptions = []server.Exception{
			{ID: "e-1", Rule: "r-2", Kind: "Account", Value: "svc.scanner@wattleworks.example", Why: "The scanner forwards by design; see change 4711.", By: "ines.okafor", Created: now.Add(-240 * time.Hour), Expires: now.Add(480 * time.Hour), Active: true, Held: 14},
			{ID: "e-2", Rule: "r-1", Kind: "IP", Value: "203.0.113.9", Why: "The red team works from there this week.", By: "kai.whitford", Created: now.Add(-2 * time.Hour), Expires: now.Add(120 * time.Hour)},
		}
	}
	return slices.Clone(c.exceptions), nil
}

func (c *Canned) exception(ctx context.Context, id string, change func(*server.Exception)) (*server.Exception, error) {
	if _, err := c.Exceptions(ctx); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.exceptions, func(e server.Exception) bool { return e.ID == id })
	if i < 0 {
		return nil, server.ErrNotFound
	}
	change(&c.exceptions[i])
	e := c.exceptions[i]
	return &e, nil
}

// Exception implements server.Exceptions.
func (c *Canned) Exception(ctx context.Context, id string) (*server.Exception, error) {
	return c.exception(ctx, id, func(*server.Exception) {})
}

// AddException implements server.Exceptions.
func (c *Canned) AddException(ctx context.Context, e server.Exception) (*server.Exception, error) {
	if _, err := c.Exceptions(ctx); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e.ID, e.Created, e.Active = "e-"+e.Value, c.clock().UTC(), true
	c.exceptions = append(c.exceptions, e)
	return &e, nil
}

// AgreeException implements server.Exceptions.
func (c *Canned) AgreeException(ctx context.Context, id, actor string) (*server.Exception, error) {
	return c.exception(ctx, id, func(e *server.Exception) { e.Agreed, e.Active = actor, true })
}

// RemoveException implements server.Exceptions.
func (c *Canned) RemoveException(ctx context.Context, id, _ string) error {
	now := c.clock().UTC()
	_, err := c.exception(ctx, id, func(e *server.Exception) { e.Active, e.Expires = false, now })
	return err
}

// Indicators implements server.Indicators.
func (c *Canned) Indicators(context.Context, int) (*server.IndicatorList, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sure, until := 85, c.clock().UTC().Add(720*time.Hour)
	list := []server.Indicator{
		{ID: "i-1", Source: "acsc", Key: "ipv4-addr:value", Value: badIP, Confidence: &sure, Description: "Hosts the portal of a phish", ValidUntil: &until},
		{ID: "i-2", Source: "acsc", Key: "url:value", Value: badURL, Description: "A false sign-in page"},
	}
	return &server.IndicatorList{Indicators: append(list, c.imported...), Unmatched: 1}, nil
}

// ImportIndicators implements server.Indicators: each line but the first of a CSV is
// one, and a line without a comma is none.
func (c *Canned) ImportIndicators(_ context.Context, in server.IndicatorImport) (*server.IndicatorsTaken, error) {
	if in.Format != "csv" {
		return nil, &server.Failure{Code: server.CodeBadRequest, Message: "that is no STIX 2.1 bundle"}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := &server.IndicatorsTaken{}
	for i, text := range strings.Split(strings.TrimSpace(in.Text), "\n") {
		value, key, ok := strings.Cut(strings.TrimSpace(text), ",")
		switch {
		case i == 0:
		case !ok:
			taken.Skipped = append(taken.Skipped, server.IndicatorSkipped{ID: text, Why: "it has no type"})
		default:
			c.imported = append(c.imported, server.Indicator{ID: in.Source + "/" + value, Source: in.Source, Key: key, Value: value})
			taken.Changed++
		}
	}
	taken.Found = taken.Changed + len(taken.Skipped)
	return taken, nil
}

// MatchBackwards implements server.Indicators.
func (c *Canned) MatchBackwards(context.Context, time.Time, string) (int, error) { return 1, nil }
