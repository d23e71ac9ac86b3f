package bind

import (
	"slices"

	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

func (b *binder) principalDetails() *dynamic.Bag {
	details := dynamic.NewBag()
	details.Set("UserPrincipalName", b.options.Principal)
	details.Set("FQN", b.options.Principal)
	return details
}

// isPrincipal binds current_principal_is_member_of(): constants, each a
// principal or an array of them.
func (b *binder) isPrincipal(x *syntax.Call, r *rowScope) plan.Expr {
	var names []string
	for _, a := range x.Args {
		e := b.scalar(a, r)
		if bad(e) {
			return unknown
		}
		l, ok := e.(*plan.Literal)
		if !ok || l.Of != types.String && l.Of != types.Dynamic {
			b.errorf(a.Span(), "%s() takes constant strings, or an array of them", x.Func.Text)
			return unknown
		}
		names = append(names, principals(l)...)
	}
	if len(names) == 0 {
		b.errorf(x.Span(), "%s() takes one principal or more", x.Func.Text)
		return unknown
	}
	is := b.options.Principal != "" && slices.Contains(names, b.options.Principal)
	return &plan.Literal{Of: types.Bool, Value: is}
}

func principals(l *plan.Literal) []string {
	text, _ := l.Value.(string)
	if l.Of == types.String {
		return []string{text}
	}
	v, err := dynamic.Parse(text)
	if err != nil {
		return nil
	}
	array, ok := v.([]any)
	if !ok {
		array = []any{v}
	}
	var names []string
	for _, e := range array {
		if name, ok := e.(string); ok {
			names = append(names, name)
		}
	}
	return names
}
