package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/quoll/quoll/kql/plan"
	sqlgen "github.com/quoll/quoll/kql/sqlgen/duckdb"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
)

var (
	// errTooMuch says that what is looked at in a file is too much to keep, and
	// errNoRoom that it is so at the moment.
	errTooMuch = errors.New("too much to keep")
	errNoRoom  = errors.New("no room to keep it")
)

// read fills what is kept of a file. Where that fails, queries read the file
// itself, and say what is wrong with it.
func (k *keptRows) read(ctx context.Context, s *shelf, kept *keptFile, set *ReadSet, file lake.File) {
	var err error
	if set.Fetch != nil {
		err = set.Fetch(ctx, []lake.File{file})
	}
	if err == nil {
		err = k.fill(ctx, s, kept, file)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case err == nil:
		kept.ok = true
		k.counts.Reads++
	case errors.Is(err, errNoRoom):
		k.counts.Refused++
		kept.until = k.now().Add(idleAfter)
	case errors.Is(err, errTooMuch):
		k.counts.Refused++
	default:
		k.counts.Failed++
		k.logger.Warn("a file is not read for several queries at once", "file", file.Path, "error", err)
	}
}

func (k *keptRows) fill(ctx context.Context, s *shelf, kept *keptFile, file lake.File) error {
	conn, err := k.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	from := "read_parquet([" + quoteText(file.Path) + "], hive_partitioning = false)"
	where := ""
	kept.rows = file.Rows
	if s.key != "" {
		values, rows, err := k.wanted(ctx, conn, s, kept, from)
		if err != nil || rows == 0 {
			kept.rows = 0
			return err
		}
		if kept.rows = rows; rows < file.Rows {
			where = " WHERE " + quoteName(s.key) + " IN (" + strings.Join(values, ", ") + ")"
		}
	}
	width := int64(16 * len(kept.columns))
	if s.wide {
		width += documentBytes
	}
	if err := k.room(ctx, kept.rows*width); err != nil {
		return err
	}
	return k.create(ctx, conn, kept, from+where)
}

// create makes the table, and drops it if it is larger than it seemed.
func (k *keptRows) create(ctx context.Context, conn *sql.Conn, kept *keptFile, from string) error {
	k.mu.Lock()
	k.last++
	name := fmt.Sprintf("kept_%d", k.last)
	k.mu.Unlock()
	columns := make([]string, len(kept.columns))
	for i, c := range kept.columns {
		columns[i] = quoteName(c)
	}
	if _, err := conn.ExecContext(ctx, "CREATE TABLE "+name+" AS SELECT "+strings.Join(columns, ", ")+" FROM "+from); err != nil {
		return err
	}
	bytes, err := tableBytes(ctx, conn, name, columns, kept.rows)
	if err == nil {
		err = k.room(ctx, bytes)
	}
	if err != nil {
		_, dropErr := conn.ExecContext(ctx, "DROP TABLE "+name)
		return errors.Join(err, dropErr)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	kept.name, kept.bytes = name, bytes
	k.bytes += bytes
	return nil
}

// tableBytes is about what a table takes: sixteen bytes a value, and texts that
// are longer than what fits into them.
func tableBytes(ctx context.Context, conn *sql.Conn, name string, columns []string, rows int64) (int64, error) {
	lengths := make([]string, len(columns))
	for i, c := range columns {
		lengths[i] = "coalesce(sum(strlen(" + c + "::VARCHAR)), 0)"
	}
	var texts sql.NullFloat64
	err := conn.QueryRowContext(ctx, "SELECT ("+strings.Join(lengths, " + ")+")::DOUBLE FROM "+name).Scan(&texts)
	return int64(texts.Float64) + rows*int64(len(columns))*16, err
}

// room makes room for a table by dropping what has not been used for longest. What
// is in use may leave none.
func (k *keptRows) room(ctx context.Context, bytes int64) error {
	if bytes > k.most/largestShare {
		return errTooMuch
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for k.bytes+bytes > k.most {
		var oldest *keptFile
		var of *shelf
		var at string
		for _, s := range k.shelves {
			for path, kept := range s.files {
				if kept.users > 0 || kept.bytes == 0 || k.now().Sub(kept.used) < idleAfter {
					continue
				}
				if oldest == nil || kept.used.Before(oldest.used) {
					oldest, of, at = kept, s, path
				}
			}
		}
		if oldest == nil {
			return errNoRoom
		}
		k.drop(ctx, of, at)
	}
	return nil
}

// wanted returns the values of the key that interests look at, as SQL literals,
// and how many rows of the file have them.
func (k *keptRows) wanted(ctx context.Context, conn *sql.Conn, s *shelf, kept *keptFile, from string) (literals []string, rows int64, err error) {
	counts, err := countKeys(ctx, conn, quoteName(s.key), from)
	if err != nil {
		return nil, 0, err
	}
	k.mu.Lock()
	var interests []*query.Interest
	for _, it := range s.interests {
		if kept.texts[it.Text] {
			interests = append(interests, it.Interest)
		}
	}
	k.mu.Unlock()
	if len(counts) == 0 || len(interests) == 0 {
		return nil, 0, nil
	}
	values := make([]string, 0, len(counts))
	for value := range counts {
		values = append(values, "("+quoteText(value)+")")
	}
	item := "(SELECT * FROM (VALUES " + strings.Join(values, ", ") + ") AS keys(" + quoteName(s.key) + "))"
	scan := &plan.Scan{Table: s.table, Fields: []plan.Field{{Column: query.InterestKey, Source: s.key}}}
	generated, err := sqlgen.Generate(&plan.Statement{
		Root:   &plan.Filter{Input: scan, Predicate: anyOf(interests)},
		Output: []plan.Output{{Name: query.InterestKey.Name, Column: query.InterestKey}},
	}, sqlgen.Options{
		Scan:  func(*plan.Scan) (string, error) { return item, nil },
		Limit: len(counts),
	})
	if err != nil {
		return nil, 0, err
	}
	met, err := conn.QueryContext(ctx, generated.Text, generated.Args...)
	if err != nil {
		return nil, 0, err
	}
	defer met.Close()
	for met.Next() {
		var value string
		if err := met.Scan(&value); err != nil {
			return nil, 0, err
		}
		literals = append(literals, quoteText(value))
		rows += counts[value]
	}
	return literals, rows, met.Err()
}

// countKeys says how many rows of a file have each value of its key.
func countKeys(ctx context.Context, conn *sql.Conn, key, from string) (map[string]int64, error) {
	rows, err := conn.QueryContext(ctx, fmt.Sprintf("SELECT %s, count(*) FROM %s GROUP BY ALL LIMIT %d", key, from, mostKeys+1))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	counts := map[string]int64{}
	for rows.Next() {
		var value string // a null is an error: what a condition says of it is not asked
		var n int64
		if err := rows.Scan(&value, &n); err != nil {
			return nil, err
		}
		counts[value] = n
	}
	if len(counts) > mostKeys {
		return nil, errTooMuch
	}
	return counts, rows.Err()
}

// anyOf is true of a key for which all conditions of an interest hold.
func anyOf(interests []*query.Interest) plan.Expr {
	either := &plan.Case{Else: truth(false), Of: types.Bool}
	for _, it := range interests {
		all := truth(true)
		for _, c := range it.Conditions {
			all = &plan.Case{Branches: []plan.Branch{{When: c, Then: all}}, Else: truth(false), Of: types.Bool}
		}
		either.Branches = append(either.Branches, plan.Branch{When: all, Then: truth(true)})
	}
	return either
}

func truth(value bool) plan.Expr { return &plan.Literal{Of: types.Bool, Value: value} }
