package bind

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// relation is a table under construction: the plan so far and what the query
// may say about it.
type relation struct {
	node   plan.Node
	name   string  // of the table, for messages; empty once it is no longer one
	fields []field // the visible columns, in order
	// aliases are further names, each valid while its column is visible.
	aliases map[string]*plan.Column
	// order is how the rows are ordered, and empty when they are not. Its
	// columns are columns of node, visible or not.
	order         []plan.SortKey
	serialized    bool
	ingestion     *plan.Column // what ingestion_time() reads; may be nil
	open          *openBag     // set after bag_unpack
	partition     []*plan.Column
	visualization *plan.Visualization
	graph         *graph // set for a graph, which is no table
	// numbers are the numbers that unique gave a name last, where it goes on.
	numbers map[string]int
}

// field is a visible column under its present name.
type field struct {
	name   string
	column *plan.Column
}

// find returns the visible column of that name, or the one an alias means.
func (r *relation) find(name string) *plan.Column {
	for _, f := range r.fields {
		if f.name == name {
			return f.column
		}
	}
	if c := r.aliases[name]; c != nil && r.shows(c) {
		return c
	}
	return nil
}

func (r *relation) shows(c *plan.Column) bool {
	return slices.ContainsFunc(r.fields, func(f field) bool { return f.column == c })
}

func (r *relation) index(name string) int {
	return slices.IndexFunc(r.fields, func(f field) bool { return f.name == name })
}

// derive returns a copy that shares nothing that an operator changes in place.
// A rendering ends with the next operator.
func (r *relation) derive() *relation {
	c := *r
	c.fields = slices.Clone(r.fields)
	c.visualization = nil
	c.numbers = nil
	return &c
}

func (r *relation) names() []string {
	all := make([]string, len(r.fields))
	for i, f := range r.fields {
		all[i] = f.name
	}
	return all
}

// unique returns name, or name followed by the least number from 1 that makes
// it differ from all the fields.
func (r *relation) unique(name string) string {
	if r.index(name) < 0 {
		return name
	}
	if r.numbers == nil {
		r.numbers = map[string]int{}
	}
	for i := max(r.numbers[name], 1); ; i++ {
		if numbered := name + strconv.Itoa(i); r.index(numbered) < 0 {
			r.numbers[name] = i
			return numbered
		}
	}
}

// uniqueBeside is unique for the columns of a join's right side, whose own
// names are kept before any is numbered.
func (r *relation) uniqueBeside(name string, right *relation) string {
	if r.index(name) < 0 {
		return name
	}
	for i := 1; ; i++ {
		if numbered := name + strconv.Itoa(i); r.index(numbered) < 0 && right.index(numbered) < 0 {
			return numbered
		}
	}
}

// set replaces the field of that name or adds it at the end.
func (r *relation) set(name string, c *plan.Column) {
	if i := r.index(name); i >= 0 {
		r.fields[i].column = c
		return
	}
	r.fields = append(r.fields, field{name, c})
}

// scope holds what let statements, function parameters and `as` have named. A
// name hides one of the same name further out.
type scope struct {
	parent *scope
	values map[string]*value
	load   func(name string) *value // finds what values do not have; may be nil
}

func newScope(parent *scope) *scope { return &scope{parent: parent, values: map[string]*value{}} }

// value is what a name means: one of the fields is set.
type value struct {
	scalar   plan.Expr
	size     int // of scalar, charged wherever the name is used
	table    *letTable
	function *function
	pattern  *declaredPattern
}

// letTable is a tabular let: a shared plan and the names of its columns.
type letTable struct {
	shared *plan.Shared
	rel    *relation
}

// function is a let function and the scope that it was written in.
type function struct {
	literal *syntax.FunctionLiteral
	scope   *scope
	name    string
	gives   gives
	text    *source.Text // of a saved function; nil: the query's
}

// gives says what a function gives, once that was asked.
type gives uint8

const (
	givesNotAsked gives = iota
	givesScalar
	givesRows
)

func (s *scope) find(name string) *value {
	for ; s != nil; s = s.parent {
		if v := s.values[name]; v != nil {
			return v
		}
		if s.load != nil {
			if v := s.load(name); v != nil {
				return v
			}
		}
	}
	return nil
}

func (s *scope) names() []string {
	var all []string
	for ; s != nil; s = s.parent {
		for name := range s.values {
			all = append(all, name)
		}
	}
	sort.Strings(all)
	return all
}

// reference returns a relation with fresh columns for a reference to a shared table.
func (b *binder) reference(t *letTable) *relation {
	columns := t.shared.Node.Columns()
	ref := &plan.Reference{Target: t.shared, Output: make([]*plan.Column, len(columns)), Source: columns}
	fresh := make(map[*plan.Column]*plan.Column, len(columns))
	for i, c := range columns {
		ref.Output[i] = b.newColumn(c.Name, c.Type)
		fresh[c] = ref.Output[i]
	}
	r := t.rel.derive()
	r.node = ref
	for i := range r.fields {
		r.fields[i].column = fresh[r.fields[i].column]
	}
	r.aliases = make(map[string]*plan.Column, len(t.rel.aliases))
	for name, c := range t.rel.aliases {
		r.aliases[name] = fresh[c]
	}
	r.order = slices.Clone(t.rel.order)
	for i := range r.order {
		r.order[i].Column = fresh[r.order[i].Column]
	}
	r.partition = nil
	for _, c := range t.rel.partition {
		r.partition = append(r.partition, fresh[c])
	}
	r.ingestion = fresh[t.rel.ingestion]
	r.open = t.rel.open.rebase(fresh)
	return r
}

// typesOf returns the types of expressions, for messages.
func typesOf(args []plan.Expr) string {
	all := make([]string, len(args))
	for i, a := range args {
		all[i] = a.Type().String()
	}
	return strings.Join(all, ", ")
}

var unknown = &plan.Literal{Of: types.Unknown}

// bad reports whether an expression failed to bind, which was reported then.
func bad(e plan.Expr) bool { return e == nil || e.Type() == types.Unknown }
