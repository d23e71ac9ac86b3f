package duckdb

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
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
	if err := k.room(ctx, s, kept.rows*s.width(len(kept.columns))); err != nil {
		return err
	}
	return k.create(ctx, conn, s, kept, from+where)
}

// create makes the table, and drops it if it is larger than it seemed.
func (k *keptRows) create(ctx context.Context, conn *sql.Conn, s *shelf, kept *keptFile, from string) error {
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
		err = k.room(ctx, s, bytes)
	}
	if err != nil {
		_, dropErr := conn.ExecContext(ctx, "DROP TABLE "+name)
		return errors.Join(err, dropErr)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	kept.name, kept.bytes = name, bytes
	k.bytes += bytes
	if s.key == "" {
		k.whole += bytes
	}
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
// is in use may leave none. Tables of all rows have a share of the room, so that they
// leave some to those of few rows, of which there are many.
func (k *keptRows) room(ctx context.Context, s *shelf, bytes int64) error {
	if bytes > k.most/largestShare {
		return errTooMuch
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for k.bytes+bytes > k.most {
		if !k.dropOldest(ctx, func(*shelf) bool { return true }) {
			return errNoRoom
		}
	}
	for s.key == "" && k.whole+bytes > k.most/wholeShare {
		if !k.dropOldest(ctx, func(of *shelf) bool { return of.key == "" }) {
			return errNoRoom
		}
	}
	return nil
}

// dropOldest drops the table that has not been used for longest among those of some
// shelves; false if all have been used lately. The caller holds the lock.
func (k *keptRows) dropOldest(ctx context.Context, of func(*shelf) bool) bool {
	var oldest *keptFile
	var on *shelf
	var at string
	for _, s := range k.shelves {
		if !of(s) {
			continue
		}
		for path, kept := range s.files {
			if kept.users > 0 || kept.bytes == 0 || k.now().Sub(kept.used) < idleAfter {
				continue
			}
			if oldest == nil || kept.used.Before(oldest.used) {
				oldest, on, at = kept, s, path
			}
		}
	}
	if oldest == nil {
		return false
	}
	k.drop(ctx, on, at)
	return true
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
	met, err := metBy(ctx, conn, item, s, interests, len(counts))
	if err != nil {
		return nil, 0, err
	}
	chosen, rows, left := choose(counts, met, k.most/mixedShare/s.width(len(kept.columns)))
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, i := range left {
		kept.left[interests[i].Text] = true
	}
	for value := range chosen {
		literals = append(literals, quoteText(value))
	}
	return literals, rows, nil
}

// metBy returns, by interest, the values of a key that it looks at.
func metBy(ctx context.Context, conn *sql.Conn, item string, s *shelf, interests []*query.Interest, values int) ([][]string, error) {
	scan := &plan.Scan{Table: s.table, Fields: []plan.Field{{Column: query.InterestKey, Source: s.key}}}
	each := &plan.Project{Input: scan, Pass: []*plan.Column{query.InterestKey}}
	output := []plan.Output{{Name: query.InterestKey.Name, Column: query.InterestKey}}
	for i, it := range interests {
		column := &plan.Column{ID: plan.ColumnID(i + 2), Name: fmt.Sprintf("c%d", i), Type: types.Bool}
		each.Define = append(each.Define, plan.Definition{Column: column, Expr: allOf(it)})
		output = append(output, plan.Output{Name: column.Name, Column: column})
	}
	generated, err := sqlgen.Generate(&plan.Statement{Root: each, Output: output}, sqlgen.Options{
		Scan:  func(*plan.Scan) (string, error) { return item, nil },
		Limit: values,
	})
	if err != nil {
		return nil, err
	}
	rows, err := conn.QueryContext(ctx, generated.Text, generated.Args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var value string
	holds := make([]bool, len(interests))
	cells := []any{&value}
	for i := range holds {
		cells = append(cells, &holds[i])
	}
	met := make([][]string, len(interests))
	for rows.Next() {
		if err := rows.Scan(cells...); err != nil {
			return nil, err
		}
		for i, holds := range holds {
			if holds {
				met[i] = append(met[i], value)
			}
		}
	}
	return met, rows.Err()
}

// choose returns the values of which rows are kept, and how many rows have them: those
// of as many interests as most rows leave room for, beginning with those that look at
// the fewest. left are the interests that it leaves out: each of them reads the file
// itself, so that none that looks at much keeps others from sharing.
func choose(counts map[string]int64, met [][]string, most int64) (chosen map[string]bool, rows int64, left []int) {
	all := func(i int) (n int64) {
		for _, value := range met[i] {
			n += counts[value]
		}
		return n
	}
	order := make([]int, len(met))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(all(a), all(b)) })
	chosen = map[string]bool{}
	for _, i := range order {
		var more int64
		for _, value := range met[i] {
			if !chosen[value] {
				more += counts[value]
			}
		}
		if rows+more > most {
			left = append(left, i)
			continue
		}
		rows += more
		for _, value := range met[i] {
			chosen[value] = true
		}
	}
	return chosen, rows, left
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

// allOf is true of a key for which all conditions of an interest hold.
func allOf(it *query.Interest) plan.Expr {
	all := truth(true)
	for _, c := range it.Conditions {
		all = &plan.Case{Branches: []plan.Branch{{When: c, Then: all}}, Else: truth(false), Of: types.Bool}
	}
	return all
}

func truth(value bool) plan.Expr { return &plan.Literal{Of: types.Bool, Value: value} }
