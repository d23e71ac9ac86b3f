package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/quoll/quoll/dashboard"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/server"
)

// dashboardDesk keeps the dashboards that people bring to the server, as files of
// the data directory, and writes down who brought and removed which.
type dashboardDesk struct {
	dashboardBook
	dir  string
	acts *acts

	mu sync.Mutex // over what is there and what is written and removed
}

// newDashboardDesk returns a desk over the dashboards that ship, those of folders and
// those of saved, the folder of what is imported.
func newDashboardDesk(folders []string, saved string, acts *acts) *dashboardDesk {
	return &dashboardDesk{dashboardBook: dashboardBook{append(slices.Clone(folders), saved)}, dir: saved, acts: acts}
}

// longestDashboardID is in bytes: file systems bound the names of files.
const longestDashboardID = 100

// Dashboards implements server.Dashboards.
func (d *dashboardDesk) Dashboards(ctx context.Context) ([]server.DashboardEntry, error) {
	all, err := d.dashboardBook.Dashboards(ctx)
	for i := range all {
		_, all[i].Imported = d.file(all[i].ID)
	}
	return all, err
}

// file is that of a dashboard which the server keeps, if there is one.
func (d *dashboardDesk) file(id string) (string, bool) {
	if id == "" || id != path.Base(id) || strings.HasPrefix(id, ".") {
		return "", false
	}
	for _, extension := range []string{".yaml", ".yml"} {
		file := filepath.Join(d.dir, id+extension)
		if info, err := os.Lstat(file); err == nil && info.Mode().IsRegular() {
			return file, true
		}
	}
	return "", false
}

// ImportDashboard implements server.Dashboards.
func (d *dashboardDesk) ImportDashboard(ctx context.Context, name, text string) (*server.ImportedDashboard, error) {
	made, err := d.keep(name, text)
	what := act{operation: "Import dashboard", kind: "Dashboard", description: "made a dashboard of a file", properties: map[string]any{"File": name}}
	if err == nil {
		what.id, what.name = made.ID, made.Title
	}
	if err := d.acts.done(ctx, what, err); err != nil {
		return nil, err
	}
	return made, nil
}

func (d *dashboardDesk) keep(name, text string) (*server.ImportedDashboard, error) {
	refuse := func(err error) error {
		return &server.Failure{Code: server.CodeBadRequest, Message: err.Error()}
	}
	title := nameOfFile(path.Base(name))
	id := dashboardID(title)
	if id == "" {
		return nil, refuse(fmt.Errorf("name: %q has no letter or digit of ASCII, of which the file's name is made here; give it another", name))
	}
	if len(id) > longestDashboardID {
		return nil, refuse(fmt.Errorf("name: has %d letters and digits of ASCII, of which the file's name is made here; at most %d are taken", len(id), longestDashboardID))
	}
	made := &server.ImportedDashboard{ID: id}
	var read *dashboard.Dashboard
	var err error
	switch strings.ToLower(path.Ext(name)) {
	case ".json":
		var omitted []dashboard.Omission
		if read, omitted, err = dashboard.ImportWorkbook(title, []byte(text)); err != nil {
			return nil, refuse(err)
		}
		for _, o := range omitted {
			made.Omitted = append(made.Omitted, server.OmittedStep{Step: o.Step, Reason: o.Reason})
		}
	case ".yaml", ".yml":
		if read, err = dashboard.Parse(path.Base(name), []byte(text)); err != nil {
			return nil, refuse(err)
		}
	default:
		return nil, refuse(fmt.Errorf("name: %q; a workbook ends in .json, a dashboard in .yaml", name))
	}
	written, err := dashboardText(read)
	if err != nil {
		return nil, refuse(err)
	}
	made.Title, made.Tiles, made.Mistakes = read.Title, len(read.Tiles), dashboardMistakes(read)
	return made, d.add(id, written)
}

// add writes the file of a dashboard that is not there yet.
func (d *dashboardDesk) add(id string, text []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, there := d.file(id); there {
		return conflict("a dashboard %q was imported before: remove it first, or give the file another name", id)
	}
	if full, err := dashboardsFull(d.dir); err != nil {
		return err
	} else if full {
		return conflict("%d dashboards were imported, which is the most: remove one first", dashboard.MaxFiles)
	}
	return writeDashboard(text, filepath.Join(d.dir, id+".yaml"))
}

// RemoveDashboard implements server.Dashboards.
func (d *dashboardDesk) RemoveDashboard(ctx context.Context, id string) error {
	err := d.remove(id)
	return d.acts.done(ctx, act{operation: "Remove dashboard", kind: "Dashboard", id: id, description: "removed a dashboard that was imported"}, err)
}

func (d *dashboardDesk) remove(id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	file, ok := d.file(id)
	if !ok {
		all, err := d.load()
		if err != nil {
			return err
		}
		for _, e := range all {
			if e.ID == id {
				return conflict("the dashboard %q was not imported: it ships, or is a file of a folder of the configuration", id)
			}
		}
		return server.ErrNotFound
	}
	err := os.Remove(file)
	if err == nil {
		err = durable.OS{}.SyncDir(d.dir)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove dashboard %s: %w", id, err)
	}
	return nil
}
