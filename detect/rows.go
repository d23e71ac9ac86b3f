package detect

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
)

// rowKey is the identity of a row of a result: of its cells, and of how many rows
// like it come before it, so that two equal rows are two.
type rowKey [16]byte

func keyOf(cells []json.RawMessage, occurrence int) (key rowKey) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%d", occurrence)
	for _, cell := range cells {
		fmt.Fprintf(sum, "\x00%d:", len(cell))
		sum.Write(cell)
	}
	copy(key[:], sum.Sum(nil))
	return key
}

// counter numbers rows that are equal.
type counter map[rowKey]int

// key returns the key of the next row.
func (c counter) key(cells []json.RawMessage) rowKey {
	first := keyOf(cells, 0)
	n := c[first]
	c[first]++
	if n == 0 {
		return first
	}
	return keyOf(cells, n)
}

// cellsOf gives a row of a result as it is kept.
func cellsOf(row []any) []json.RawMessage {
	cells := make([]json.RawMessage, len(row))
	for i, value := range row {
		cells[i] = cellJSON(value)
	}
	return cells
}

// keysOf returns the keys of rows, in their order.
func keysOf(rows [][]any) []rowKey {
	keys, seen := make([]rowKey, len(rows)), counter{}
	for i, row := range rows {
		keys[i] = seen.key(cellsOf(row))
	}
	return keys
}

// digest hashes the rows of a finding, in whatever order they came.
func (f finding) digest() string {
	sorted := slices.Clone(f.keys)
	slices.SortFunc(sorted, func(a, b rowKey) int { return bytes.Compare(a[:], b[:]) })
	sum := sha256.New()
	for _, key := range sorted {
		sum.Write(key[:])
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// standsOn takes out of fresh the rows that an alert stands on, and returns how many
// it stands on in all. It holds the rows of one evaluation at a time. none says that
// nothing was kept of the alert's rows.
func (s *store) standsOn(ctx context.Context, alert string, fresh map[rowKey]bool) (total int, none bool, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT keys FROM detect_rows WHERE alert=?`, alert)
	if err != nil {
		return 0, false, fmt.Errorf("read the rows of alert %s: %w", alert, err)
	}
	defer func() { _ = rows.Close() }()
	none = true
	for rows.Next() {
		var keys sql.RawBytes
		if err := rows.Scan(&keys); err != nil {
			return 0, false, fmt.Errorf("read the rows of alert %s: %w", alert, err)
		}
		none = false
		total += len(keys) / len(rowKey{})
		for key := range slices.Chunk(keys, len(rowKey{})) {
			delete(fresh, rowKey(key))
		}
	}
	return total, none, rows.Err()
}

// saveRows notes that an alert stands on further rows.
func saveRows(ctx context.Context, tx *sql.Tx, alert string, w Window, fresh map[rowKey]bool) error {
	if len(fresh) == 0 {
		return nil
	}
	keys := make([]byte, 0, len(fresh)*len(rowKey{}))
	for key := range fresh {
		keys = append(keys, key[:]...)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO detect_rows (alert, ended, keys) VALUES (?,?,?)`, alert, micro(w.End), keys)
	return err
}

// asLiteral writes a text as KQL has it between double quotes.
var asLiteral = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

// queryOf is the query that brings the rows of a finding back: that of the rule,
// and, where its rows are divided by entities, those of these rows.
func (r *Rule) queryOf(columns []query.Column, rows [][]any) string {
	// Behind render nothing can stand.
	if r.EventGrouping.AggregationKind != "AlertPerResult" || len(rows) == 0 || strings.Contains(strings.ToLower(r.Query), "render ") {
		return r.Query
	}
	var terms []string
	for _, mapping := range r.EntityMappings {
		for _, f := range mapping.FieldMappings {
			i := slices.IndexFunc(columns, func(c query.Column) bool { return c.Name == f.ColumnName })
			if i < 0 || columns[i].Type != types.String {
				continue
			}
			name, text := "['"+columns[i].Name+"']", cellText(columns, rows[0], f.ColumnName)
			term := name + ` =~ "` + asLiteral.Replace(text) + `"`
			if text == "" {
				term = "isempty(" + name + ")"
			}
			if !slices.Contains(terms, term) {
				terms = append(terms, term)
			}
		}
	}
	if len(terms) == 0 {
		return r.Query
	}
	return strings.TrimRight(r.Query, " \t\r\n;") + "\n| where " + strings.Join(terms, " and ")
}
