package cluster

import "github.com/quoll/quoll/kql/dynamic"

// memberKinds lists the members of a bag, each as a letter for the kind of its
// value and its name: "lAge" is a long called Age. It is given the shape of the
// bag, in which each value is the name of its type, as DuckDB's json_structure()
// has it, or the shape of an array or a bag.
func memberKinds(args []any) (any, error) {
	shape, ok := args[0].(*dynamic.Bag)
	if !ok {
		return []any{}, nil
	}
	kinds := make([]any, 0, shape.Len())
	for _, key := range shape.Keys() {
		value, _ := shape.Get(key)
		kinds = append(kinds, kindOf(value)+key)
	}
	return kinds, nil
}

func kindOf(value any) string {
	switch value {
	case "NULL":
		return "n"
	case "BOOLEAN":
		return "b"
	case "BIGINT", "UBIGINT", "HUGEINT":
		return "l"
	case "DOUBLE":
		return "r"
	case "VARCHAR":
		return "s"
	}
	return "d"
}
