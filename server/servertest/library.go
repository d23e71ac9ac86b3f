package servertest

import (
	"context"
	"encoding/csv"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quoll/quoll/server"
)

// library is watchlists and functions in memory.
type library struct {
	clock server.Clock

	mu        sync.Mutex
	lists     []server.Watchlist
	functions []server.SavedFunction
}

func newLibrary(clock server.Clock) *library {
	return &library{clock: clock, lists: []server.Watchlist{{
		Alias: "HighValueAssets", Version: 3, SearchKey: "Asset", Description: "Mailboxes and sites that matter most.", Columns: []string{"Asset", "Owner"}, RowCount: 2,
		Author: "ines.okafor", Updated: clock().UTC().Add(-50 * time.Hour), Rows: [][]string{{victim, "Finance"}, {"https://wattleworks.example/sites/finance", "Finance"}},
	}}}
}

func (l *library) find(alias string) int {
	return slices.IndexFunc(l.lists, func(w server.Watchlist) bool { return strings.EqualFold(w.Alias, alias) })
}

// Watchlists implements server.Library.
func (l *library) Watchlists(context.Context) ([]server.Watchlist, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	heads := slices.Clone(l.lists)
	for i := range heads {
		heads[i].Rows = nil
	}
	return heads, nil
}

// Watchlist implements server.Library.
func (l *library) Watchlist(_ context.Context, alias string, _ int64) (*server.Watchlist, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.find(alias)
	if i < 0 {
		return nil, server.ErrNotFound
	}
	w := l.lists[i]
	return &w, nil
}

// ImportWatchlist implements server.Library.
func (l *library) ImportWatchlist(_ context.Context, w server.WatchlistImport) (*server.Watchlist, error) {
	rows, err := csv.NewReader(strings.NewReader(w.CSV)).ReadAll()
	if err != nil || len(rows) < 2 {
		return nil, &server.Failure{Code: server.CodeBadRequest, Message: "the CSV has a header and at least one row"}
	}
	if !slices.Contains(rows[0], w.SearchKey) {
		return nil, &server.Failure{Code: server.CodeBadRequest, Message: "no column is called " + w.SearchKey}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	list := server.Watchlist{
		Alias: w.Alias, Version: 1, SearchKey: w.SearchKey, Description: w.Description, Columns: rows[0], RowCount: len(rows) - 1,
		Author: w.Actor, Updated: l.clock().UTC(), Rows: rows[1:],
	}
	if i := l.find(w.Alias); i >= 0 {
		list.Version = l.lists[i].Version + 1
		l.lists[i] = list
	} else {
		l.lists = append(l.lists, list)
	}
	return &list, nil
}

// RemoveWatchlist implements server.Library.
func (l *library) RemoveWatchlist(_ context.Context, alias, _ string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.find(alias)
	if i < 0 {
		return server.ErrNotFound
	}
	l.lists = slices.Delete(l.lists, i, i+1)
	return nil
}
