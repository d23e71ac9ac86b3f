package dashboard

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Entry is one file of a library: a dashboard, or why it is none.
type Entry struct {
	ID        string
	Own       bool // somebody's own, not one that ships
	Dashboard *Dashboard
	Problem   error
}

// MaxFiles bounds what is read of a folder.
const MaxFiles = 500

// Load reads the dashboards of folders, the first of which ships. A file takes the
// place of one of the same name in an earlier folder. A file that is wrong is an
// entry with a problem: it does not hide the others. Folders below are not read.
func Load(shipped fs.FS, own ...fs.FS) ([]Entry, error) {
	byID := map[string]Entry{}
	for i, folder := range append([]fs.FS{shipped}, own...) {
		names, err := Files(folder)
		if err != nil {
			return nil, err
		}
		if len(names) > MaxFiles {
			return nil, fmt.Errorf("read dashboards: more than %d files in one folder", MaxFiles)
		}
		for _, name := range names {
			id, _ := fileID(name)
			d, problem := readFile(folder, name)
			byID[id] = Entry{ID: id, Own: i > 0, Dashboard: d, Problem: problem}
		}
	}
	all := make([]Entry, 0, len(byID))
	for _, e := range byID {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b Entry) int { return strings.Compare(strings.ToLower(a.title()), strings.ToLower(b.title())) })
	return all, nil
}

// Files returns the names of the files of a folder that Load takes for dashboards;
// none if there is no folder.
func Files(folder fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read dashboards: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if _, ok := fileID(entry.Name()); ok && !entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

func (e Entry) title() string {
	if e.Dashboard != nil {
		return e.Dashboard.Title
	}
	return e.ID
}

// fileID is the name of a dashboard's file without its ending.
func fileID(name string) (id string, ok bool) {
	extension := path.Ext(name)
	id = strings.TrimSuffix(name, extension)
	return id, (extension == ".yaml" || extension == ".yml") && id != "" && !strings.HasPrefix(id, ".")
}

func readFile(folder fs.FS, name string) (*Dashboard, error) {
	file, err := folder.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read dashboard: %w", err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read dashboard %s: %w", name, err)
	}
	d, err := Parse(name, text)
	if err != nil {
		return nil, err
	}
	d.ID, _ = fileID(name)
	return d, nil
}
