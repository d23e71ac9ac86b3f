package main

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/quoll/quoll/dashboard"
	"github.com/quoll/quoll/dashboards"
	"github.com/quoll/quoll/server"
)

// savedDashboards is the folder of a data directory with the dashboards that
// were imported.
func savedDashboards(data string) string { return filepath.Join(data, "dashboards") }

// dashboardBook is the server's view of the dashboards. It reads the files each
// time, so that whoever edits one sees it at the next look.
type dashboardBook struct{ dirs []string }

func (b dashboardBook) load() ([]dashboard.Entry, error) {
	own := make([]fs.FS, len(b.dirs))
	for i, dir := range b.dirs {
		own[i] = os.DirFS(dir)
	}
	return dashboard.Load(dashboards.Files, own...)
}

// Dashboards implements server.Dashboards.
func (b dashboardBook) Dashboards(context.Context) ([]server.DashboardEntry, error) {
	all, err := b.load()
	if err != nil {
		return nil, err
	}
	entries := make([]server.DashboardEntry, len(all))
	for i, e := range all {
		entries[i] = viewEntry(e)
	}
	return entries, nil
}

func viewEntry(e dashboard.Entry) server.DashboardEntry {
	if e.Problem != nil {
		return server.DashboardEntry{ID: e.ID, Title: e.ID, Own: e.Own, Problem: e.Problem.Error()}
	}
	return server.DashboardEntry{ID: e.ID, Title: e.Dashboard.Title, Description: e.Dashboard.Description, Own: e.Own, Tiles: len(e.Dashboard.Tiles)}
}

// Dashboard implements server.Dashboards.
func (b dashboardBook) Dashboard(_ context.Context, id string) (*server.Dashboard, error) {
	all, err := b.load()
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(all, func(e dashboard.Entry) bool { return e.ID == id })
	if at < 0 {
		return nil, server.ErrNotFound
	}
	e := all[at]
	if e.Problem != nil {
		return nil, &server.Failure{Code: server.CodeConflict, Message: e.Problem.Error()}
	}
	d := e.Dashboard
	view := &server.Dashboard{DashboardEntry: viewEntry(e), Range: cmp.Or(d.Range, "P1D")}
	for _, p := range d.Parameters {
		view.Parameters = append(view.Parameters, server.DashboardParameter{
			Name: p.Name, Label: cmp.Or(p.Label, p.Name), Type: p.TypeOf(), Default: p.Default, Values: p.Values, ValuesQuery: d.Declare(p.Query),
		})
	}
	for _, t := range d.Tiles {
		view.Contents = append(view.Contents, viewTile(d, t))
	}
	return view, nil
}

func viewTile(d *dashboard.Dashboard, t dashboard.Tile) server.DashboardTile {
	width := 2
	if t.Query == "" {
		width = 4
	}
	view := server.DashboardTile{Title: t.Title, Width: cmp.Or(t.Width, width), Height: cmp.Or(t.Height, "medium"), Text: t.Text}
	if t.Query != "" {
		view.Query = d.Declare(t.Query)
		for _, p := range d.Used(t.Query) {
			view.Parameters = append(view.Parameters, p.Name)
		}
	}
	for _, l := range t.Links {
		view.Links = append(view.Links, server.DashboardLink{Title: l.Title, URL: l.URL})
	}
	return view
}
