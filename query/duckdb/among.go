package duckdb

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/quoll/quoll/kql/plan"
	sqlgen "github.com/quoll/quoll/kql/sqlgen/duckdb"
)

// A table that is joined with few rows, or asked for few values, is looked through for
// those alone: so the few are computed first, into a table that stands for them in the
// statement, and their values are sought in the files of the other. The join stays what
// it is; what is sought leaves out what has no partner.

const (
	// maxFirst is the most rows that are gone through to compute a side of a join first,
	// and firstShare how many times as many it must spare.
	maxFirst   = 512 << 10
	firstShare = 4
	// maxFirstRows is the most rows that are kept of it, of which all may be different where
	// values are sought of a column itself. Of texts that are only a part of one, maxAmong
	// are sought: each is looked for in each row.
	maxFirstRows = 16 << 10
	maxAmong     = 512
)

// first is what was computed before the statement that it is a part of. The zero first is
// nothing.
type first struct {
	stored map[plan.Node]string // the tables that stand for nodes
	inside map[plan.Node]bool   // nodes of which the statement reads nothing any more
	values map[plan.Rows][]string
	uses   map[*plan.Shared]int // references to each shared table in the statement
}

// known gives the values of a column of a node that was computed first.
func (f *first) known(rows *plan.Rows) ([]string, bool) {
	values, ok := f.values[*rows]
	return values, ok
}

// table gives the table that stands for a node.
func (f *first) table(n plan.Node) (string, bool) {
	table, ok := f.stored[n]
	return table, ok
}

// among is values that scans seek, and what it is to find them.
type among struct {
	rows  plan.Rows
	cost  int64              // rows gone through to find them
	reads map[plan.Node]bool // all that is read for them
	scans []*plan.Scan       // that seek them
	most  int                // different values that are sought
	// shared counts the references to tables among what is read.
	shared map[*plan.Shared]int
}

// computeFirst computes the nodes of a statement that pay. What fails is left to the
// statement; the error is that of ctx.
func (r *reader) computeFirst(ctx context.Context, s *plan.Statement, careful bool, number int64) error {
	if r.options.Standing || r.engine.atOnce {
		return nil // what it reads is shared with others
	}
	r.first.uses = plan.References(s)
	for _, a := range r.amongs(ctx, s) {
		var err error
		if r.pays(ctx, a) {
			err = r.compute(ctx, s, a, careful, number)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			r.engine.logger.Debug("a part of a query was not computed first", "error", err)
		}
	}
	return nil
}

// amongs returns the values that scans of a statement seek, the cheapest first.
func (r *reader) amongs(ctx context.Context, s *plan.Statement) (sets []*among) {
	nodes := map[plan.Node]bool{}
	plan.Visit(s.Root, func(n plan.Node) { nodes[n] = true })
	plan.Visit(s.Root, func(n plan.Node) {
		scan, ok := n.(*plan.Scan)
		if !ok {
			return
		}
		scan.Sought.VisitAmong(func(s *plan.Sought) {
			rows := s.Among
			if !nodes[rows.Node] {
				return // another one stands there now
			}
			i := slices.IndexFunc(sets, func(a *among) bool { return a.rows == *rows })
			if i < 0 {
				i, sets = len(sets), append(sets, &among{rows: *rows, reads: map[plan.Node]bool{}, most: maxFirstRows})
			}
			if !s.Whole {
				sets[i].most = maxAmong
			}
			sets[i].scans = append(sets[i].scans, scan)
		})
	})
	for _, a := range sets {
		plan.Visit(a.rows.Node, func(n plan.Node) {
			a.reads[n] = true
			switch n := n.(type) {
			case *plan.Scan:
				a.cost += r.rowsOf(ctx, n)
			case *plan.Generate:
				a.cost += maxFirst + 1 // nobody knows how many
			case *plan.Reference:
				if a.shared == nil {
					a.shared = map[*plan.Shared]int{}
				}
				a.shared[n.Target]++
			}
		})
	}
	slices.SortStableFunc(sets, func(a, b *among) int { return cmp.Compare(a.cost, b.cost) })
	return sets
}

// rowsOf returns how many rows of files are gone through for a scan.
func (r *reader) rowsOf(ctx context.Context, scan *plan.Scan) (rows int64) {
	set, err := r.acquire(ctx, scan.Table)
	if err != nil {
		return 0 // the statement says so
	}
	from, to := r.within(scan)
	narrow, asked, err := r.narrowed(ctx, set, scan, touched(set, scan, from, to))
	if err != nil {
		return 0
	}
	for _, f := range narrow {
		if f.all {
			rows += f.file.Rows
		}
		for _, p := range f.parts {
			rows += p.Rows()
		}
	}
	if quickToRead(scan, asked) {
		return rows
	}
	for _, f := range worthFinding(set, scan, narrow, asked) {
		for _, p := range f.parts {
			rows -= p.Rows() - p.Candidates()
		}
	}
	return rows
}

// pays reports whether to compute values first spares more than it costs.
func (r *reader) pays(ctx context.Context, a *among) bool {
	if a.cost > maxFirst || r.first.inside[a.rows.Node] || r.near.reads(a.reads) {
		return false
	}
	for n := range a.reads {
		if reference, ok := n.(*plan.Reference); ok && !r.apart(reference.Target, a) {
			return false // who else refers to it sees the same rows
		}
	}
	var spared int64
	for _, scan := range a.scans {
		if !a.reads[scan] && !r.first.inside[scan] {
			spared += r.rowsOf(ctx, scan)
		}
	}
	return spared > a.cost*firstShare
}

// apart reports whether a table may be computed for values that are sought, and again for
// whoever else refers to it.
func (r *reader) apart(target *plan.Shared, a *among) bool {
	return !target.Once && (r.first.uses[target] == a.shared[target] || settled(target.Node))
}

// compute makes a table of a node, and takes note of the values of its column.
func (r *reader) compute(ctx context.Context, s *plan.Statement, a *among, careful bool, number int64) error {
	node := a.rows.Node
	if _, ok := r.first.stored[node]; !ok {
		table, err := r.store(ctx, s, node, careful, number)
		if err != nil || table == "" {
			return err
		}
		r.first.stored[node] = table
		for n := range a.reads {
			r.first.inside[n] = n != node
		}
	}
	column := quoteName(sqlgen.StoredName(a.rows.Column))
	found, err := r.engine.db.QueryContext(ctx, fmt.Sprintf("SELECT DISTINCT coalesce(%s, '') FROM %s LIMIT %d", column, r.first.stored[node], a.most+1))
	if err != nil {
		return fmt.Errorf("read values to seek: %w", err)
	}
	defer found.Close()
	values := []string{}
	for found.Next() {
		var value string
		if err := found.Scan(&value); err != nil {
			return fmt.Errorf("read values to seek: %w", err)
		}
		values = append(values, value)
	}
	if err := found.Err(); err != nil {
		return fmt.Errorf("read values to seek: %w", err)
	}
	if len(values) <= a.most {
		r.first.values[a.rows] = values
	}
	return nil
}

// store makes a table of the rows of a node, which is there until the query ends. The
// name is empty if they are too many.
func (r *reader) store(ctx context.Context, s *plan.Statement, node plan.Node, careful bool, number int64) (string, error) {
	part := &plan.Statement{Root: node, Now: s.Now}
	for _, c := range node.Columns() {
		part.Output = append(part.Output, plan.Output{Name: sqlgen.StoredName(c), Column: c})
	}
	generated, err := r.engine.generate(ctx, r, part, careful, number, maxFirstRows+1, nil)
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("first_%d", r.engine.found.Add(1))
	r.releases = append(r.releases, func() { r.engine.dropFound(context.WithoutCancel(ctx), name) })
	if _, err := r.engine.db.ExecContext(ctx, "CREATE TABLE "+name+" AS "+generated.Text, generated.Args...); err != nil {
		return "", fmt.Errorf("compute first: %w", err)
	}
	var rows int64 // the driver says of such a statement that no row was affected
	if err := r.engine.db.QueryRowContext(ctx, "SELECT count(*) FROM "+name).Scan(&rows); err != nil {
		return "", fmt.Errorf("compute first: %w", err)
	}
	if rows > maxFirstRows {
		r.engine.dropFound(context.WithoutCancel(ctx), name)
		return "", nil
	}
	return name, nil
}
