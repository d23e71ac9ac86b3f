package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/apache/iceberg-go"

	"github.com/quoll/quoll/internal/icebergtable"
)

// relocate registers a table anew when its folder is not where its metadata
// says: Iceberg stores absolute locations, and a restored backup or a moved
// disk must still open. Nothing at the old place is read or changed, because
// it may belong to another lake. The data files and the journal position are
// taken over in one snapshot; the history of snapshots is not.
func (l *Lake) relocate(ctx context.Context, t *tableState, location string) error {
	dir := l.tableDir(t)
	here := l.files.locate(dir)
	if strings.HasPrefix(location, here+"/") {
		return nil
	}
	// Before its metadata is read, the table is known by the name of the file.
	was, err := icebergtable.Load(movedFS{files: l.files, root: dir}, location)
	if err != nil {
		return fmt.Errorf("read metadata of moved table: %w", err)
	}
	moved := movedFS{files: l.files, root: dir, from: was.Location()}
	was = icebergtable.Of(moved, was.Metadata(), location)
	files, err := moved.dataFiles(was)
	if err != nil {
		return fmt.Errorf("list files of moved table: %w", err)
	}
	position, err := committedPosition(was)
	if err != nil {
		return err
	}
	l.logger.Info("the lake was moved; registering its files anew", "table", t.schema.Name, "from", was.Location(), "files", len(files))
	next := icebergtable.Change{Added: files, Summary: summaryOf(was, position)}
	if len(files) > 0 || position > 0 {
		next.Operation = icebergtable.Append
	}
	pending, err := icebergtable.Of(l.files, was.Metadata().At(here), location).Prepare(&next, l.config.Clock.Now())
	if err != nil {
		return fmt.Errorf("register moved table: %w", err)
	}
	return l.finish(ctx, t, pending)
}

// movedFS reads locations below from in root instead. Before from is known it
// finds a metadata file by its name alone.
type movedFS struct {
	files syncedFS
	from  string
	root  string
}

var errMovedReadOnly = errors.New("the old place of a moved table is not changed")

func (m movedFS) path(location string) (string, error) {
	if m.from == "" {
		return filepath.Join(m.root, "metadata", path.Base(location)), nil
	}
	rest, ok := strings.CutPrefix(location, strings.TrimSuffix(m.from, "/")+"/")
	if !ok || !filepath.IsLocal(filepath.FromSlash(rest)) {
		return "", fmt.Errorf("%q is not below %q: %w", location, m.from, fs.ErrNotExist)
	}
	// Locations are URIs: a day's folder has '=' in it, which stays as it is,
	// but other bytes may be escaped.
	return m.files.pathOf(m.files.locate(m.root) + "/" + rest)
}

func (m movedFS) Open(location string) (io.ReadCloser, error) {
	p, err := m.path(location)
	if err != nil {
		return nil, err
	}
	return m.files.open(p)
}

func (m movedFS) WriteFile(string, func(io.Writer) error) error { return errMovedReadOnly }

func (m movedFS) Remove(string) error { return errMovedReadOnly }

// dataFiles describes the files of the current snapshot at their new locations.
func (m movedFS) dataFiles(t *icebergtable.Table) ([]iceberg.DataFile, error) {
	var files []iceberg.DataFile
	err := t.DataFiles(func(f iceberg.DataFile) error {
		p, err := m.path(f.FilePath())
		if err != nil {
			return err
		}
		moved, err := icebergtable.Moved(t.Spec(), f, m.files.locate(p))
		files = append(files, moved)
		return err
	})
	return files, err
}
