package cluster

import "github.com/quoll/quoll/kql/dynamic"

// memberKinds lists the members of a bag, each as a letter for the kind of its
// value and its name: "lAge" is a long called Age.
func memberKinds(args []any) (any, error) {
	bag, ok := args[0].(*dynamic.Bag)
	if !ok {
		return []any{}, nil
	}
	kinds := make([]any, 0, bag.Len())
	for _, key := range bag.Keys() {
		value, _ := bag.Get(key)
		kinds = append(kinds, kindOf(value)+key)
	}
	return kinds, nil
}

func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "n"
	case bool:
		return "b"
	case int64:
		return "l"
	case float64:
		return "r"
	case string:
		return "s"
	}
	return "d"
}
