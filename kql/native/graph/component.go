package graph

// components gives, for an array of nodes, the number of the component of each,
// from 0 in the order of the nodes. Its arguments are the nodes, the edges, and
// whether components are strong.
func components(args []any) (any, error) {
	nodes, _ := args[0].([]any)
	edges, err := readEdges(args[1])
	if err != nil {
		return nil, err
	}
	after, before := map[int64][]int64{}, map[int64][]int64{}
	for _, e := range edges {
		after[e.from] = append(after[e.from], e.to)
		before[e.to] = append(before[e.to], e.from)
	}
	ids := make([]int64, len(nodes))
	for i, n := range nodes {
		ids[i], _ = n.(int64)
	}
	owner := map[int64]int64{}
	order := ids
	if args[2] == true {
		order = finished(ids, after)
	} else {
		for n, others := range before {
			after[n] = append(after[n], others...)
		}
		before = after
	}
	for _, n := range order {
		mark(n, before, owner)
	}
	numbers := map[int64]int64{}
	result := make([]any, len(ids))
	for i, n := range ids {
		number, ok := numbers[owner[n]]
		if !ok {
			number = int64(len(numbers))
			numbers[owner[n]] = number
		}
		result[i] = number
	}
	return result, nil
}

// mark gives the nodes that can be reached from root, and have no owner yet, to
// it.
func mark(root int64, next map[int64][]int64, owner map[int64]int64) {
	if _, ok := owner[root]; ok {
		return
	}
	owner[root] = root
	for stack := []int64{root}; len(stack) > 0; {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, to := range next[n] {
			if _, ok := owner[to]; !ok {
				owner[to] = root
				stack = append(stack, to)
			}
		}
	}
}

// finished lists the nodes in the reverse of the order in which a walk in depth
// leaves them, which is Kosaraju's first pass.
func finished(ids []int64, next map[int64][]int64) []int64 {
	type visit struct {
		node int64
		i    int
	}
	seen := set{}
	var order []int64
	for _, root := range ids {
		if seen[root] {
			continue
		}
		seen[root] = true
		for stack := []visit{{node: root}}; len(stack) > 0; {
			top := &stack[len(stack)-1]
			if top.i == len(next[top.node]) {
				order = append(order, top.node)
				stack = stack[:len(stack)-1]
				continue
			}
			to := next[top.node][top.i]
			top.i++
			if !seen[to] {
				seen[to] = true
				stack = append(stack, visit{node: to})
			}
		}
	}
	for i, j := 0, len(order)-1; i < j; i, j = i+1, j-1 {
		order[i], order[j] = order[j], order[i]
	}
	return order
}
