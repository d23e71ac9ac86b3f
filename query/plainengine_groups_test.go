package query_test

import (
	"slices"

	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
)

// aggregated computes one aggregate over the rows of a group.
func (r *plainRun) aggregated(e plan.Expr, group relation) any {
	c, ok := e.(*plan.Call)
	if !ok || len(c.Order) > 0 {
		r.decline("an aggregate over a %T, or in an order", e)
		return nil
	}
	condition := map[string]int{"countif": 0, "sumif": 1, "minif": 1, "maxif": 1, "dcountif": 1}
	name := c.Function.Name
	if i, ok := condition[name]; ok {
		name = name[:len(name)-len("if")]
		group.rows = slices.DeleteFunc(slices.Clone(group.rows), func(row []any) bool { return r.expr(c.Args[i], group, row) != true })
	}
	if name == "count" {
		return int64(len(group.rows))
	}
	var values []any
	for _, row := range group.rows {
		if v := r.expr(c.Args[0], group, row); v != nil {
			values = append(values, v)
		}
	}
	switch name {
	case "sum":
		return r.sum(values, c.Of)
	case "min":
		return r.extreme(values, c.Of, slices.MinFunc)
	case "max":
		return r.extreme(values, c.Of, slices.MaxFunc)
	case "dcount", "count_distinct":
		different := map[string]bool{}
		for _, v := range values {
			different[keyOf([]any{v})] = true
		}
		return int64(len(different))
	case "take_any":
		if len(values) > 0 {
			return values[0]
		}
		return nothing(relation{columns: []*plan.Column{{Type: c.Of}}})[0]
	case "arg_max", "arg_min":
		return r.argExtreme(c, group)
	}
	r.decline("aggregate %s", name)
	return nil
}

func (r *plainRun) sum(values []any, t types.Type) any {
	switch t {
	case types.Long, types.Int:
		total, fits := int64(0), true
		for _, v := range values {
			n, _ := integer(v)
			sum, ok := whole("+", total, n)
			total, fits = sum, fits && ok
		}
		if !fits {
			r.decline("a sum that overflows on its way")
			return nil
		}
		return r.fromInteger(total, t)
	case types.Real:
		total := 0.0
		for _, v := range values {
			total += v.(float64)
		}
		return total
	}
	r.decline("sum of %s", t)
	return nil
}

func (r *plainRun) extreme(values []any, t types.Type, of func([]any, func(x, y any) int) any) any {
	if len(values) > 0 {
		return of(values, r.compare)
	}
	return nothing(relation{columns: []*plan.Column{{Type: t}}})[0]
}

// argExtreme is the second argument in the row where the first is greatest or
// least; a null loses against every value.
func (r *plainRun) argExtreme(c *plan.Call, group relation) any {
	var best, found any
	for i, row := range group.rows {
		v := r.expr(c.Args[0], group, row)
		better := i == 0 || best == nil && v != nil
		if best != nil && v != nil {
			order := r.compare(v, best)
			better = better || order > 0 && c.Function.Name == "arg_max" || order < 0 && c.Function.Name == "arg_min"
		}
		if better {
			best, found = v, r.expr(c.Args[1], group, row)
		}
	}
	if found == nil && c.Of == types.String {
		return ""
	}
	return found
}
