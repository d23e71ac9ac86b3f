package server

import (
	"context"
	"net/http"
	"time"
)

// Dashboards are the files of tiles that people look at.
type Dashboards interface {
	// Dashboards returns all, also those that cannot be read.
	Dashboards(ctx context.Context) ([]DashboardEntry, error)
	// Dashboard returns one; ErrNotFound when there is none, a *Failure when its
	// file is wrong.
	Dashboard(ctx context.Context, id string) (*Dashboard, error)
	// ImportDashboard keeps a file as a dashboard: a Sentinel workbook (.json) as far
	// as it goes, or a dashboard's own form (.yaml). A *Failure says what is wrong
	// with it, and with CodeConflict that there is one of that name.
	ImportDashboard(ctx context.Context, name, text string) (*ImportedDashboard, error)
	// RemoveDashboard removes one that was imported; a *Failure with CodeConflict
	// where it ships or is a file of another folder.
	RemoveDashboard(ctx context.Context, id string) error
}

// DashboardEntry is a dashboard in the list.
type DashboardEntry struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Own         bool   `json:"own"` // of a folder, not one that ships
	Tiles       int    `json:"tiles"`
	// Imported says that it is kept by the server itself, which can remove it.
	Imported bool `json:"imported"`
	// Problem says why its file is no dashboard, or is empty.
	Problem string `json:"problem,omitempty"`
}

// Dashboard is one with its tiles, in the form of docs/dashboards.md.
type Dashboard struct {
	DashboardEntry
	Range      string               `json:"range"` // ISO 8601
	Parameters []DashboardParameter `json:"parameters"`
	Contents   []DashboardTile      `json:"contents"`
}

// DashboardParameter is a value to choose. Values or ValuesQuery say among which.
type DashboardParameter struct {
	Name        string   `json:"name"`
	Label       string   `json:"label"`
	Type        string   `json:"type"`
	Default     string   `json:"default"`
	Values      []string `json:"values,omitempty"`
	ValuesQuery string   `json:"valuesQuery,omitempty"`
}

// DashboardTile is one of a query, a text and links.
type DashboardTile struct {
	Title  string `json:"title,omitempty"`
	Width  int    `json:"width"` // 1 to 4
	Height string `json:"height"`
	// Query is as POST /api/v1/query takes it, with its parameters declared.
	// Parameters are the names of those.
	Query      string          `json:"query,omitempty"`
	Parameters []string        `json:"parameters,omitempty"`
	Text       string          `json:"text,omitempty"`
	Links      []DashboardLink `json:"links,omitempty"`
}

// DashboardLink leads to a page of Quoll or elsewhere.
type DashboardLink struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

func (s *Server) handleDashboards(w http.ResponseWriter, r *http.Request) error {
	all, err := s.services.Dashboards.Dashboards(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		Now        time.Time        `json:"now"`
		Dashboards []DashboardEntry `json:"dashboards"`
	}{s.clock().UTC(), notNil(all)})
	return nil
}

func (s *Server) handleDashboard(w http.ResponseWriter, r *http.Request) error {
	d, err := s.services.Dashboards.Dashboard(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	d.Parameters, d.Contents = notNil(d.Parameters), notNil(d.Contents)
	writeJSON(w, http.StatusOK, d)
	return nil
}
