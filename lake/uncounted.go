package lake

import (
	"slices"
	"sync"
)

// uncounted are the columns of a file by which its rows are not counted: they are not
// there, have nulls, or, of those that groups have, values that are in no dictionary. It is shared by the copies of a
// File, which never changes.
type uncounted struct {
	mu      sync.Mutex
	columns []string
}

// add notes that rows are not counted by a column.
func (u *uncounted) add(column string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !slices.Contains(u.columns, column) {
		u.columns = append(u.columns, column)
	}
}

// allow says whether nothing is known by which rows cannot be counted.
func (u *uncounted) allow(asked *Counting) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for column := range asked.columns() {
		if slices.Contains(u.columns, column) {
			return false
		}
	}
	return !slices.ContainsFunc(asked.By, func(b By) bool { return slices.Contains(u.columns, b.Column) })
}
