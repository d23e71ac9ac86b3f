package server

import (
	"context"
	"net/http"
	"time"
)

// Library keeps watchlists and saved functions. Its errors that the user may
// read are *Failure; ErrNotFound where there is none of that name.
type Library interface {
	// Watchlists returns the newest version of each, without rows.
	Watchlists(ctx context.Context) ([]Watchlist, error)
	// Watchlist returns a version with its rows and the heads of all versions; 0
	// is the newest.
	Watchlist(ctx context.Context, alias string, version int64) (*Watchlist, error)
	ImportWatchlist(ctx context.Context, w WatchlistImport) (*Watchlist, error)
	RemoveWatchlist(ctx context.Context, alias, actor string) error
	Functions(ctx context.Context) ([]SavedFunction, error)
	Function(ctx context.Context, name string, version int64) (*SavedFunction, error)
	// SaveFunction refuses what does not compile with a *QueryError.
	SaveFunction(ctx context.Context, f SavedFunction) (*SavedFunction, error)
	RemoveFunction(ctx context.Context, name, actor string) error
}

// Watchlist is a table that somebody keeps by hand.
type Watchlist struct {
	Alias       string      `json:"alias"`
	Version     int64       `json:"version"`
	SearchKey   string      `json:"searchKey"`
	Description string      `json:"description"`
	Columns     []string    `json:"columns"`
	RowCount    int         `json:"rowCount"`
	Author      string      `json:"author"`
	Updated     time.Time   `json:"updated"`
	Removed     bool        `json:"removed,omitempty"`
	Rows        [][]string  `json:"rows,omitempty"`
	Versions    []Watchlist `json:"versions,omitempty"`
}

// WatchlistImport is a CSV to keep.
type WatchlistImport struct {
	Alias       string `json:"-"`
	SearchKey   string `json:"searchKey"`
	Description string `json:"description"`
	CSV         string `json:"csv"`
	Actor       string `json:"-"`
}

// SavedFunction is a KQL function that queries and rules can call.
type SavedFunction struct {
	Name        string          `json:"name"`
	Version     int64           `json:"version"`
	Parameters  string          `json:"parameters"`
	Body        string          `json:"body"`
	Description string          `json:"description"`
	Author      string          `json:"author"`
	Updated     time.Time       `json:"updated"`
	Removed     bool            `json:"removed,omitempty"`
	Versions    []SavedFunction `json:"versions,omitempty"`
}

// maxWatchlist bounds the body of an import, in bytes: the CSV as a JSON string.
const maxWatchlist = 40 << 20

func (s *Server) libraryEndpoints() []endpoint {
	return offered(s.services.Library != nil, "watchlists and functions",
		endpoint{"GET /api/v1/watchlists", RoleReader, s.handleWatchlists},
		endpoint{"GET /api/v1/watchlists/{name}", RoleReader, s.handleWatchlist},
		endpoint{"PUT /api/v1/watchlists/{name}", RoleContributor, s.handleWatchlistImport},
		endpoint{"DELETE /api/v1/watchlists/{name}", RoleContributor, s.handleWatchlistRemove},
		endpoint{"GET /api/v1/functions", RoleReader, s.handleFunctions},
		endpoint{"GET /api/v1/functions/{name}", RoleReader, s.handleFunction},
		endpoint{"PUT /api/v1/functions/{name}", RoleContributor, s.handleFunctionSave},
		endpoint{"DELETE /api/v1/functions/{name}", RoleContributor, s.handleFunctionRemove})
}

func (s *Server) handleWatchlists(w http.ResponseWriter, r *http.Request) error {
	lists, err := s.services.Library.Watchlists(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string][]Watchlist{"watchlists": notNil(lists)})
	return nil
}

func (s *Server) handleWatchlist(w http.ResponseWriter, r *http.Request) error {
	version, err := intParameter(r.URL.Query(), "version", 0, 1, 1<<31-1)
	if err != nil {
		return err
	}
	list, err := s.services.Library.Watchlist(r.Context(), r.PathValue("name"), int64(version))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, list)
	return nil
}

func (s *Server) handleWatchlistImport(w http.ResponseWriter, r *http.Request) error {
	var body WatchlistImport
	if err := s.decodeUpTo(maxWatchlist, w, r, &body); err != nil {
		return err
	}
	body.Alias, body.Actor = r.PathValue("name"), callerOf(r.Context()).person.Name
	list, err := s.services.Library.ImportWatchlist(r.Context(), body)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, list)
	return nil
}

func (s *Server) handleWatchlistRemove(w http.ResponseWriter, r *http.Request) error {
	if err := s.services.Library.RemoveWatchlist(r.Context(), r.PathValue("name"), callerOf(r.Context()).person.Name); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}

func (s *Server) handleFunctions(w http.ResponseWriter, r *http.Request) error {
	all, err := s.services.Library.Functions(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string][]SavedFunction{"functions": notNil(all)})
	return nil
}

func (s *Server) handleFunction(w http.ResponseWriter, r *http.Request) error {
	version, err := intParameter(r.URL.Query(), "version", 0, 1, 1<<31-1)
	if err != nil {
		return err
	}
	f, err := s.services.Library.Function(r.Context(), r.PathValue("name"), int64(version))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, f)
	return nil
}

// functionBody is the body of PUT /api/v1/functions/{name}.
type functionBody struct {
	Parameters  string `json:"parameters"`
	Body        string `json:"body"`
	Description string `json:"description"`
}

func (s *Server) handleFunctionSave(w http.ResponseWriter, r *http.Request) error {
	var body functionBody
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	f, err := s.services.Library.SaveFunction(r.Context(), SavedFunction{
		Name: r.PathValue("name"), Parameters: body.Parameters, Body: body.Body, Description: body.Description, Author: callerOf(r.Context()).person.Name,
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, f)
	return nil
}

func (s *Server) handleFunctionRemove(w http.ResponseWriter, r *http.Request) error {
	if err := s.services.Library.RemoveFunction(r.Context(), r.PathValue("name"), callerOf(r.Context()).person.Name); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}
