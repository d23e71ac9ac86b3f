package cluster

import (
	"cmp"
	"slices"
)

// mergeSchemas joins the rows of several getschema: one row for each name. A
// name that stands at different places, or has different types, is an error in
// its row. Arguments: rows [name, ordinal, data type, type], preserve order.
func mergeSchemas(args []any) (any, error) {
	table, err := tableOf(args[0])
	if err != nil {
		return nil, err
	}
	preserve, _ := args[1].(bool)
	type column struct {
		ordinal        int64
		data, of       any
		moved, retyped bool
	}
	found, names := map[string]*column{}, []string{}
	for _, row := range table {
		if len(row) < 4 {
			continue
		}
		name, _ := row[0].(string)
		ordinal, _ := row[1].(int64)
		c := found[name]
		if c == nil {
			found[name] = &column{ordinal: ordinal, data: row[2], of: row[3]}
			names = append(names, name)
			continue
		}
		c.moved = c.moved || c.ordinal != ordinal
		c.retyped = c.retyped || c.of != row[3]
		c.ordinal = max(c.ordinal, ordinal)
	}
	broken := func(name string) int {
		if found[name].retyped || preserve && found[name].moved {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(broken(a), broken(b)), cmp.Compare(found[a].ordinal, found[b].ordinal))
	})
	out := []any{}
	for i, name := range names {
		c := found[name]
		why := ""
		switch {
		case c.retyped:
			why = "ERROR(columns have different types)"
		case preserve && c.moved:
			why = "ERROR(columns are out of order)"
		}
		if why != "" {
			out = append(out, []any{name, int64(-1), "ERROR(unknown CSL type:" + why + ")", why})
			continue
		}
		out = append(out, []any{name, int64(i), c.data, c.of})
	}
	return out, nil
}
