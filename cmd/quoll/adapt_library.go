package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/library"
	"github.com/quoll/quoll/server"
)

// queryLibrary is the queries' view of the library.
type queryLibrary struct{ store *library.Store }

// Watchlist implements query.Library, with the columns that Sentinel's
// _GetWatchlist has.
func (q queryLibrary) Watchlist(ctx context.Context, alias string) (*bind.Table, bool, error) {
	w, err := q.store.Watchlist(ctx, alias, 0)
	if errors.Is(err, library.ErrUnknown) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	table := &bind.Table{Name: alias, Columns: []bind.Column{{Name: "_DTItemId", Type: types.String}, {Name: "LastUpdatedTimeUTC", Type: types.DateTime}, {Name: "SearchKey", Type: types.String}}, Rows: [][]any{}}
	key := 0
	for i, name := range w.Columns {
		table.Columns = append(table.Columns, bind.Column{Name: name, Type: types.String})
		if name == w.SearchKey {
			key = i
		}
	}
	updated := w.At.Format(time.RFC3339Nano)
	for i, cells := range w.Rows {
		row := []any{watchlistItem(w, i), updated, cells[key]}
		for _, cell := range cells {
			row = append(row, cell)
		}
		table.Rows = append(table.Rows, row)
	}
	return table, true, nil
}

// watchlistItem is an identifier of a row.
func watchlistItem(w *library.Watchlist, row int) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s %d %d", w.Alias, w.Number, row)).String()
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Function implements query.Library.
func (q queryLibrary) Function(ctx context.Context, name string) (bind.Saved, bool, error) {
	f, err := q.store.Function(ctx, name, 0)
	if errors.Is(err, library.ErrUnknown) {
		return bind.Saved{}, false, nil
	}
	if err != nil {
		return bind.Saved{}, false, err
	}
	return bind.Saved{Parameters: f.Parameters, Body: f.Body}, true, nil
}

// libraryDesk is the server's view of the library.
type libraryDesk struct {
	store *library.Store
	acts  *acts
}

func libraryFailure(err error) error {
	switch {
	case errors.Is(err, library.ErrUnknown):
		return server.ErrNotFound
	case errors.Is(err, library.ErrInvalid):
		return &server.Failure{Code: server.CodeBadRequest, Message: err.Error()}
	}
	return err
}

func viewWatchlist(w library.Watchlist) server.Watchlist {
	return server.Watchlist{
		Alias: w.Alias, Version: w.Number, SearchKey: w.SearchKey, Description: w.Description, Columns: w.Columns, RowCount: w.RowCount,
		Author: w.Author, Updated: w.At, Removed: w.Removed, Rows: w.Rows,
	}
}

// Watchlists implements server.Library.
func (d libraryDesk) Watchlists(ctx context.Context) ([]server.Watchlist, error) {
	all, err := d.store.Watchlists(ctx)
	if err != nil {
		return nil, err
	}
	var views []server.Watchlist
	for _, w := range all {
		views = append(views, viewWatchlist(w))
	}
	return views, nil
}

// Watchlist implements server.Library.
func (d libraryDesk) Watchlist(ctx context.Context, alias string, version int64) (*server.Watchlist, error) {
	w, err := d.store.Watchlist(ctx, alias, version)
	if err != nil {
		return nil, libraryFailure(err)
	}
	view := viewWatchlist(*w)
	versions, err := d.store.WatchlistVersions(ctx, alias)
	if err != nil {
		return nil, err
	}
	for _, v := range versions {
		view.Versions = append(view.Versions, viewWatchlist(v))
	}
	return &view, nil
}

// ImportWatchlist implements server.Library.
func (d libraryDesk) ImportWatchlist(ctx context.Context, i server.WatchlistImport) (*server.Watchlist, error) {
	columns, rows, err := library.ParseCSV([]byte(i.CSV))
	var kept library.Watchlist
	if err == nil {
		kept, err = d.store.ImportWatchlist(ctx, library.Watchlist{
			Version: library.Version{Author: i.Actor}, Alias: i.Alias, SearchKey: i.SearchKey, Description: i.Description, Columns: columns, Rows: rows,
		})
	}
	what := act{operation: "Import watchlist", kind: "Watchlist", id: i.Alias, name: i.Alias, description: "kept a version of a watchlist",
		properties: map[string]any{"Version": kept.Number, "Rows": kept.RowCount, "SearchKey": i.SearchKey, "SHA256": hash(i.CSV)}}
	if err := d.acts.done(ctx, what, libraryFailure(err)); err != nil {
		return nil, err
	}
	kept.Rows = nil
	view := viewWatchlist(kept)
	return &view, nil
}

// RemoveWatchlist implements server.Library.
func (d libraryDesk) RemoveWatchlist(ctx context.Context, alias, actor string) error {
	err := libraryFailure(d.store.RemoveWatchlist(ctx, alias, actor))
	return d.acts.done(ctx, act{operation: "Remove watchlist", kind: "Watchlist", id: alias, name: alias, description: "took a watchlist away"}, err)
}

func viewFunction(f library.Function) server.SavedFunction {
	return server.SavedFunction{Name: f.Name, Version: f.Number, Parameters: f.Parameters, Body: f.Body, Description: f.Description, Author: f.Author, Updated: f.At, Removed: f.Removed}
}

// Functions implements server.Library.
func (d libraryDesk) Functions(ctx context.Context) ([]server.SavedFunction, error) {
	all, err := d.store.Functions(ctx)
	if err != nil {
		return nil, err
	}
	var views []server.SavedFunction
	for _, f := range all {
		views = append(views, viewFunction(f))
	}
	return views, nil
}

// Function implements server.Library.
func (d libraryDesk) Function(ctx context.Context, name string, version int64) (*server.SavedFunction, error) {
	f, err := d.store.Function(ctx, name, version)
	if err != nil {
		return nil, libraryFailure(err)
	}
	view := viewFunction(*f)
	versions, err := d.store.FunctionVersions(ctx, name)
	if err != nil {
		return nil, err
	}
	for _, v := range versions {
		view.Versions = append(view.Versions, viewFunction(v))
	}
	return &view, nil
}

// SaveFunction implements server.Library. What does not compile is not kept.
func (d libraryDesk) SaveFunction(ctx context.Context, f server.SavedFunction) (*server.SavedFunction, error) {
	kept, err := library.Function{}, d.check(ctx, f)
	if err == nil {
		kept, err = d.store.SaveFunction(ctx, library.Function{Version: library.Version{Author: f.Author}, Name: f.Name, Parameters: f.Parameters, Body: f.Body, Description: f.Description})
	}
	what := act{operation: "Save function", kind: "Function", id: f.Name, name: f.Name, description: "kept a version of a function",
		properties: map[string]any{"Version": kept.Number, "Parameters": f.Parameters, "Body": f.Body}}
	if err := d.acts.done(ctx, what, libraryFailure(err)); err != nil {
		return nil, err
	}
	view := viewFunction(kept)
	return &view, nil
}

func (d libraryDesk) check(ctx context.Context, f server.SavedFunction) error {
	if !library.IsName(f.Name) {
		return nil // the library says so better
	}
	var failed error
	others := queryLibrary{d.store}
	err := kql.CheckFunction(f.Name, bind.Saved{Parameters: f.Parameters, Body: f.Body}, tables, bind.Options{
		Now: time.Now(), Interrupted: ctx.Err,
		Function: func(name string) (bind.Saved, bool) {
			saved, ok, err := others.Function(ctx, name)
			failed = errors.Join(failed, err)
			return saved, ok
		},
		Watchlist: func(alias string) (*bind.Table, bool) {
			table, ok, err := others.Watchlist(ctx, alias)
			failed = errors.Join(failed, err)
			return table, ok
		},
	})
	var mistakes *source.Error
	if errors.As(err, &mistakes) && failed == nil {
		return &server.Failure{Code: server.CodeBadRequest, Message: "the function does not compile: " + err.Error()}
	}
	return errors.Join(failed, err)
}

// RemoveFunction implements server.Library.
func (d libraryDesk) RemoveFunction(ctx context.Context, name, actor string) error {
	err := libraryFailure(d.store.RemoveFunction(ctx, name, actor))
	return d.acts.done(ctx, act{operation: "Remove function", kind: "Function", id: name, name: name, description: "took a function away"}, err)
}
