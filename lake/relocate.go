package lake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
)

// relocate registers a table anew when its folder is not where its metadata
// says: Iceberg stores absolute locations, and a restored backup or a moved
// disk must still open. Nothing at the old place is read or changed, because
// it may belong to another lake. The data files and the journal position are
// taken over in one snapshot; the history of snapshots is not.
func (l *Lake) relocate(ctx context.Context, t *tableState, location string) error {
	dir := l.tableDir(t)
	here := fileURI(dir)
	if strings.HasPrefix(location, here+"/") {
		return nil
	}
	moved := movedFS{files: l.files, root: dir}
	content, err := moved.ReadFile(location)
	if err != nil {
		return fmt.Errorf("read metadata of moved table: %w", err)
	}
	old, err := table.ParseMetadataBytes(content)
	if err != nil {
		return fmt.Errorf("read metadata of moved table: %w", err)
	}
	moved.from = old.Location()
	was := table.New(table.Identifier{namespace, t.schema.Name}, old, location,
		func(context.Context) (icebergio.IO, error) { return moved, nil }, l.cat)
	files, err := moved.dataFiles(ctx, was)
	if err != nil {
		return fmt.Errorf("list files of moved table: %w", err)
	}
	position, err := committedPosition(was)
	if err != nil {
		return err
	}
	base, err := withoutHistory(content, here)
	if err != nil {
		return fmt.Errorf("rewrite metadata of moved table: %w", err)
	}
	l.logger.Info("the lake was moved; registering its files anew", "table", t.schema.Name, "from", old.Location(), "files", len(files))
	return registerMoved(ctx, &relocation{catalog: l.cat, base: base, previous: location}, t.schema.Name, files, position)
}

// registerMoved commits files to the table that starts from r.base.
func registerMoved(ctx context.Context, r *relocation, name string, files []string, position uint64) error {
	if len(files) == 0 {
		_, _, err := r.CommitTable(ctx, table.Identifier{namespace, name}, nil, nil)
		return err
	}
	current, err := r.LoadTable(ctx, table.Identifier{namespace, name})
	if err != nil {
		return err
	}
	_, err = appendFiles(ctx, current, files, iceberg.Properties{
		PropertyPosition: fmt.Sprint(position), PropertyFlush: "from " + r.previous,
	})
	return err
}

// relocation is the catalogue during a move: it commits on top of metadata that
// was never stored, and points the table from the old place to the new.
type relocation struct {
	*catalog
	base     table.Metadata
	previous string // metadata location that the catalogue has
}

func (r *relocation) LoadTable(_ context.Context, ident table.Identifier) (*table.Table, error) {
	location := strings.TrimSuffix(r.base.Location(), "/") + "/metadata/" + path.Base(r.previous)
	return table.New(ident, r.base, location, r.files.load, r), nil
}

func (r *relocation) CommitTable(ctx context.Context, ident table.Identifier, reqs []table.Requirement, updates []table.Update) (table.Metadata, string, error) {
	for _, q := range reqs {
		if err := q.Validate(r.base); err != nil {
			return nil, "", err
		}
	}
	next := r.base
	if len(updates) > 0 {
		var err error
		if next, err = table.UpdateTableMetadata(r.base, updates, ""); err != nil {
			return nil, "", err
		}
	}
	location, err := r.files.writeMetadata(next, metadataVersion(r.previous)+1)
	if err != nil {
		return nil, "", err
	}
	return next, location, r.swap(ctx, ident[len(ident)-1], r.previous, location)
}

// rebase starts the history of a table anew, as a move does, because the
// machine's clock was set back: Iceberg refuses a snapshot that is more than a
// minute older than the last change of the table, and rows must not wait in
// memory until the clock has caught up.
func (l *Lake) rebase(ctx context.Context, t *tableState) error {
	location := t.iceberg.MetadataLocation()
	content, err := l.files.ReadFile(location)
	if err != nil {
		return fmt.Errorf("start history anew: %w", err)
	}
	base, err := withoutHistory(content, t.iceberg.Location())
	if err != nil {
		return fmt.Errorf("start history anew: %w", err)
	}
	files := make([]string, len(t.files.files))
	for i, f := range t.files.files {
		files[i] = fileURI(f.Path)
	}
	if err := registerMoved(ctx, &relocation{catalog: l.cat, base: base, previous: location}, t.schema.Name, files, t.committed); err != nil {
		return fmt.Errorf("start history anew: %w", err)
	}
	t.iceberg, err = l.cat.LoadTable(ctx, t.iceberg.Identifier())
	return err
}

// withoutHistory returns table metadata as it would be at that location
// without any snapshot. Schemas, ids and the sequence number stay.
func withoutHistory(content []byte, location string) (table.Metadata, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(content, &fields); err != nil {
		return nil, err
	}
	for _, name := range []string{"snapshots", "snapshot-log", "metadata-log", "refs", "statistics", "partition-statistics", "current-snapshot-id"} {
		delete(fields, name)
	}
	quoted, err := json.Marshal(location)
	if err != nil {
		return nil, err
	}
	fields["location"] = quoted
	// The machine's own clock, because the Iceberg library compares with it.
	fields["last-updated-ms"] = strconv.AppendInt(nil, time.Now().UnixMilli(), 10)
	rewritten, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	return table.ParseMetadataBytes(rewritten)
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
	return localPath(fileURI(m.root) + "/" + rest)
}

func (m movedFS) Open(location string) (icebergio.File, error) {
	p, err := m.path(location)
	if err != nil {
		return nil, err
	}
	return m.files.Open(p)
}

func (m movedFS) ReadFile(location string) ([]byte, error) {
	p, err := m.path(location)
	if err != nil {
		return nil, err
	}
	return m.files.ReadFile(p)
}

func (m movedFS) Remove(string) error { return errMovedReadOnly }

// dataFiles returns the new locations of the files of the current snapshot.
func (m movedFS) dataFiles(ctx context.Context, t *table.Table) ([]string, error) {
	tasks, err := t.Scan().PlanFiles(ctx)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var locations []string
	for _, task := range tasks {
		p, err := m.path(task.File.FilePath())
		if err != nil {
			return nil, err
		}
		if !seen[p] {
			seen[p] = true
			locations = append(locations, fileURI(p))
		}
	}
	return locations, nil
}
