package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/server"
)

// windowPatience is the longest run of one window's query in a backtest of a server.
const windowPatience = 20 * time.Second

// backtester runs one backtest at a time, beside everything else.
type backtester struct {
	node *node
	book *ruleBook

	mu sync.Mutex
}

// Backtest implements server.Backtester.
func (b *backtester) Backtest(ctx context.Context, r server.BacktestRequest) (*server.Backtest, error) {
	if !b.mu.TryLock() {
		return nil, &server.Failure{Code: server.CodeTooMany, Message: "another backtest runs; try again when it is done"}
	}
	defer b.mu.Unlock()
	rule, err := b.rule(r)
	if err != nil {
		return nil, err
	}
	found, err := backtestRule(ctx, b.node, rule, r.From, r.To, true, windowPatience, nil)
	if err != nil {
		return nil, err
	}
	view := &server.Backtest{From: r.From, To: r.To, Windows: found.Windows, Failed: found.Failed, Error: found.Error, Rows: found.Rows, Alerts: found.Alerts, Seconds: found.Seconds}
	for day := r.From.Truncate(24 * time.Hour); day.Before(r.To); day = day.AddDate(0, 0, 1) {
		name := day.Format(time.DateOnly)
		view.Days = append(view.Days, server.BacktestDay{Day: name, Alerts: found.Days[name]})
		delete(found.Days, name)
	}
	// A window that begins before the period may find what is older.
	for day, n := range found.Days {
		view.Days = append(view.Days, server.BacktestDay{Day: day, Alerts: n})
	}
	slices.SortFunc(view.Days, func(a, b server.BacktestDay) int {
		if a.Day < b.Day {
			return -1
		}
		return 1
	})
	return view, nil
}

// rule is the one that is asked about, checked as one that is saved.
func (b *backtester) rule(r server.BacktestRequest) (*detect.Rule, error) {
	if r.YAML != "" {
		return b.book.read(r.YAML)
	}
	rules := b.book.list()
	at := slices.IndexFunc(rules, func(one *detect.Rule) bool { return one.ID == r.ID })
	if at < 0 {
		return nil, server.ErrNotFound
	}
	rule := *rules[at]
	if r.Query != "" {
		rule.Query = r.Query
	}
	if err := b.book.compiles(rule.Query); err != nil {
		return nil, serverFailure(err)
	}
	return &rule, nil
}
