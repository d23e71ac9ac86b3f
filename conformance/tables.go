package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	duckdriver "github.com/duckdb/duckdb-go/v2"

	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query/duckdb"
	"github.com/quoll/quoll/schema"
)

// tables is the catalogue that queries are bound against, and its rows. Its
// tables have the columns that the corpus says, in that order; the rows are
// those of Quoll's table of that name.
type tables struct {
	described map[string]*bind.Table
	lists     map[string]*bind.Table // watchlists
	files     map[string][]lake.File
	rows      map[string]int64
	latest    time.Time // of all rows; zero without rows
}

// Table implements bind.Catalog.
func (t *tables) Table(name string) (*bind.Table, bool) {
	d, ok := t.described[name]
	return d, ok
}

// Names implements bind.Catalog.
func (t *tables) Names() []string { return slices.Sorted(maps.Keys(t.described)) }

// Acquire implements duckdb.Source.
func (t *tables) Acquire(name string) (*duckdb.ReadSet, error) {
	return &duckdb.ReadSet{TimeColumn: "TimeGenerated", Files: t.files[name], Release: func() {}}, nil
}

func (t *tables) options(now time.Time) bind.Options {
	return bind.Options{Now: now, Watchlist: func(name string) (*bind.Table, bool) {
		d, ok := t.lists[name]
		return d, ok
	}}
}

// withEmpty returns the tables with more that are declared empty: those that
// Microsoft publishes with their columns, any other with what a query names.
func (t *tables) withEmpty(names []string) *tables {
	more := &tables{described: maps.Clone(t.described), lists: map[string]*bind.Table{}, files: t.files, rows: t.rows, latest: t.latest}
	for _, name := range names {
		switch known := published()[name]; {
		case more.described[name] != nil:
		case known != nil:
			more.described[name] = known
		default:
			more.described[name] = empty(name)
		}
	}
	return more
}

// openTables describes the tables of the corpus and fills them from a lake.
func openTables(ctx context.Context, corpus, data, work string) (*tables, error) {
	described, err := readSchema(filepath.Join(corpus, "schema-own-tables.json"))
	if errors.Is(err, fs.ErrNotExist) {
		described = ownSchema()
	} else if err != nil {
		return nil, err
	}
	t := &tables{described: described, files: map[string][]lake.File{}, rows: map[string]int64{}}
	if data == "" {
		return t, nil
	}
	return t, t.fill(ctx, filepath.Join(data, "lake"), work)
}

// readSchema reads {table: {column: type}}; the order of columns counts.
func readSchema(file string) (map[string]*bind.Table, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	all := map[string]*bind.Table{}
	d := json.NewDecoder(bytes.NewReader(text))
	var words []string
	for depth := 0; ; {
		token, err := d.Token()
		if err != nil {
			break // the end, or half a file, which the queries will show
		}
		switch v := token.(type) {
		case json.Delim:
			if depth += map[json.Delim]int{'{': 1, '}': -1}[v]; depth == 1 {
				words = nil
			}
		case string:
			words = append(words, v)
			if depth == 1 {
				all[v], words = &bind.Table{Name: v}, []string{v}
			}
			if len(words) < 3 {
				continue
			}
			typ, ok := types.ParseType(words[2])
			if !ok {
				return nil, fmt.Errorf("read %s: no type %q", file, words[2])
			}
			table := all[words[0]]
			table.Columns = append(table.Columns, bind.Column{Name: words[1], Type: typ})
			words = words[:1]
		}
	}
	return all, nil
}

// ownSchema is the schema of Quoll's tables, with Timestamp a column wherever
// it is an alias, as the corpus was bound.
func ownSchema() map[string]*bind.Table {
	all := map[string]*bind.Table{}
	for _, table := range schema.Tables() {
		d := &bind.Table{Name: table.Name}
		for _, c := range table.Columns {
			d.Columns = append(d.Columns, bind.Column{Name: c.Name, Type: c.Type})
		}
		for alias := range table.Aliases {
			d.Columns = append(d.Columns, bind.Column{Name: alias, Type: types.DateTime})
		}
		all[table.Name] = d
	}
	return all
}

// fill copies the rows of a lake into one file a table that has the columns of
// the corpus. A table without rows is an error: a query over it shows nothing.
func (t *tables) fill(ctx context.Context, dir, work string) (err error) {
	l, err := lake.Open(ctx, lake.DefaultConfig(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	connector, err := duckdriver.NewConnector("", nil)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer func() { err = errors.Join(err, db.Close()) }()
	for name, d := range t.described {
		own, ok := schema.Lookup(name)
		if !ok {
			continue
		}
		set, err := l.Acquire(name)
		if err != nil {
			return err
		}
		err = t.copyTable(ctx, db, d, own, set, filepath.Join(work, name+".parquet"))
		set.Release()
		if err != nil {
			return fmt.Errorf("copy table %s: %w", name, err)
		}
	}
	return nil
}

func (t *tables) copyTable(ctx context.Context, db *sql.DB, d *bind.Table, own *schema.Table, set *lake.ReadSet, file string) error {
	if len(set.Files) == 0 {
		return errors.New("it has no rows; take data of more days")
	}
	columns := make([]string, len(d.Columns))
	for i, c := range d.Columns {
		columns[i] = sourceOf(own, c) + ` AS "` + c.Name + `"`
	}
	paths := make([]string, len(set.Files))
	for i, f := range set.Files {
		paths[i] = "'" + strings.ReplaceAll(f.Path, "'", "''") + "'"
	}
	from := "read_parquet([" + strings.Join(paths, ", ") + "])"
	if _, err := db.ExecContext(ctx, "COPY (SELECT "+strings.Join(columns, ", ")+" FROM "+from+") TO '"+file+"'"); err != nil {
		return err
	}
	var latest time.Time
	var rows int64
	if err := db.QueryRowContext(ctx, "SELECT max(TimeGenerated), count(*) FROM "+from).Scan(&latest, &rows); err != nil {
		return err
	}
	if latest.After(t.latest) {
		t.latest = latest.UTC()
	}
	t.files[d.Name], t.rows[d.Name] = []lake.File{{Path: file}}, rows
	return nil
}

// sourceOf is the SQL of a column: that of Quoll's table, the column that it is
// an alias of, or null.
func sourceOf(own *schema.Table, c bind.Column) string {
	name := c.Name
	if of, ok := own.Aliases[name]; ok {
		name = of
	}
	for _, have := range own.Columns {
		if have.Name == name {
			return `"` + name + `"`
		}
	}
	switch c.Type {
	case types.String:
		return "''"
	case types.Int:
		return "CAST(NULL AS INTEGER)"
	case types.Long, types.TimeSpan:
		return "CAST(NULL AS BIGINT)"
	case types.DateTime:
		return "CAST(NULL AS TIMESTAMP)"
	case types.Bool:
		return "CAST(NULL AS BOOLEAN)"
	case types.Real:
		return "CAST(NULL AS DOUBLE)"
	}
	return "CAST(NULL AS VARCHAR)"
}
