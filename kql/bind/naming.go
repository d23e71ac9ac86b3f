package bind

import (
	"slices"
	"strconv"

	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// autoName returns the name that Kusto gives a column written as the bare
// expression x; ok is false when it has none and becomes Column1 and so on.
func (b *binder) autoName(x syntax.Expr, r *rowScope) (name string, ok bool) {
	switch x := x.(type) {
	case *syntax.Paren:
		return b.autoName(x.X, r)
	case *syntax.Name:
		return x.Text, true
	case *syntax.Named:
		return x.Names[0].Text, true
	case *syntax.Member:
		if sideOf(x.X, r) != nil && r.match == nil {
			return x.Name.Text, true
		}
		return b.pathName(x.X, x.Name.Text, true, r)
	case *syntax.Index:
		selector, ok := selectorName(x.Index)
		return b.pathName(x.X, selector, ok, r)
	case *syntax.Call:
		return b.callName(x, r)
	}
	return "", false
}

// pathName joins the name of what a member was taken of with the member's:
// `a.b` is a_b. A selector that is no literal adds nothing after the dash.
func (b *binder) pathName(of syntax.Expr, selector string, known bool, r *rowScope) (string, bool) {
	if left, ok := b.autoName(of, r); ok && left != "" {
		return left + "_" + selector, true
	}
	return selector, known
}

func selectorName(x syntax.Expr) (string, bool) {
	l, ok := x.(*syntax.Literal)
	if !ok {
		return "", false
	}
	switch v := l.Value.(type) {
	case string:
		return v, l.Type == types.String
	case int64:
		return strconv.FormatInt(v, 10), true
	case int32:
		return strconv.Itoa(int(v)), true
	}
	return "", false
}

func (b *binder) callName(x *syntax.Call, r *rowScope) (string, bool) {
	if v := r.scope.find(x.Func.Text); v != nil && v.function != nil {
		return "", false
	}
	f, ok := b.functions.Lookup(x.Func.Text)
	if !ok {
		return "", false
	}
	if f.Canonical() == "column_ifexists" && len(x.Args) > 0 {
		if l, ok := x.Args[0].(*syntax.Literal); ok {
			if name, ok := l.Value.(string); ok && r.rel.find(name) != nil {
				return name, true
			}
		}
		return "", false
	}
	if m, ok := merges[f.Canonical()]; ok && len(x.Args) > 1 {
		return m.column, true
	}
	first := ""
	named := false
	if len(x.Args) > 0 {
		first, named = b.autoName(x.Args[0], r)
	}
	switch f.Naming {
	case builtin.FirstArgument:
		return first, named
	case builtin.OnlyArgument:
		return first, named && len(x.Args) == 1
	case builtin.PrefixFirstArgument:
		return f.Prefix + "_" + first, true
	case builtin.PrefixOnly:
		return f.Prefix, true
	}
	return "", false
}

// defaultNames gives Column1, Column2 and so on to the columns that have no name.
// Numbers go on through a whole query; the body of a function begins with 1 again.
type defaultNames struct{ last int }

// number gives the next name, which may be taken.
func (d *defaultNames) number() string {
	d.last++
	return "Column" + strconv.Itoa(d.last)
}

// next gives the next name that is not taken.
func (d *defaultNames) next(taken func(string) bool) string {
	for {
		if name := d.number(); !taken(name) {
			return name
		}
	}
}

// openBag is what bag_unpack leaves behind: columns that only the data knows.
// A name that is no column means a member of the bag. A column of nil means
// that nothing is known of the table, because it has a mistake.
type openBag struct {
	column *plan.Column
	prefix string
	// named are the members that the query has named so far, in order; they
	// are columns of the result unless the data has said which there are.
	named []string
	known bool
}

func (o *openBag) rebase(fresh map[*plan.Column]*plan.Column) *openBag {
	if o == nil || o.column == nil {
		return o
	}
	return &openBag{column: fresh[o.column], prefix: o.prefix, named: o.named, known: o.known}
}

// close ends the openness of a table whose columns an operator has fixed. What
// is unknown because of a mistake stays so.
func (r *relation) close() {
	if r.open != nil && r.open.column != nil {
		r.open = nil
	}
}

// openMember takes a name that is no column for a member of the unpacked bag.
func (b *binder) openMember(name string, rel *relation) plan.Expr {
	bag := rel.open
	if bag.column == nil {
		return unknown
	}
	if !slices.Contains(bag.named, name) {
		bag.named = append(bag.named, name)
	}
	if len(name) > len(bag.prefix) && name[:len(bag.prefix)] == bag.prefix {
		name = name[len(bag.prefix):]
	}
	return b.callBuiltin("member", types.Dynamic, &plan.Ref{Column: bag.column}, &plan.Literal{Of: types.String, Value: name})
}
