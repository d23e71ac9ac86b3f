package steps

import (
	"errors"
	"fmt"
)

// node is an expression.
type node interface{ eval(f *frame) any }

type (
	constant struct{ value any }
	fromRow  struct{ column int }
	fromStep struct{ step, column int }
	call     struct {
		of   string // the result's type
		fn   function
		args []node
	}
	choice struct {
		when, then []node
		otherwise  node
	}
)

func (n constant) eval(*frame) any  { return n.value }
func (n fromRow) eval(f *frame) any { return at(f.row, n.column) }

func (n fromStep) eval(f *frame) any {
	if n.step < len(f.held) && f.held[n.step] != nil {
		return at(f.held[n.step], n.column)
	}
	return at(f.empty, n.column)
}

func (n call) eval(f *frame) any {
	args := make([]any, len(n.args))
	for i, a := range n.args {
		args[i] = a.eval(f)
	}
	return n.fn(n.of, args)
}

func (n choice) eval(f *frame) any {
	for i, when := range n.when {
		if when.eval(f) == true {
			return n.then[i].eval(f)
		}
	}
	return n.otherwise.eval(f)
}

func at(values []any, i int) any {
	if i < 0 || i >= len(values) {
		return nil
	}
	return values[i]
}

// maxNodes bounds the depth of an expression.
const maxNodes = 1000

// readNode reads an expression as the binder writes it: an array that begins
// with what it is.
func readNode(v any, depth int) (node, error) {
	items, ok := v.([]any)
	if !ok || len(items) < 2 || depth > maxNodes {
		return nil, errors.New("an expression cannot be read")
	}
	rest := items[1:]
	switch kind, _ := items[0].(string); kind {
	case "value":
		return constant{rest[0]}, nil
	case "row":
		n, _ := rest[0].(int64)
		return fromRow{int(n)}, nil
	case "step":
		if len(rest) == 2 {
			n, _ := rest[0].(int64)
			column, _ := rest[1].(int64)
			return fromStep{int(n), int(column)}, nil
		}
	case "call":
		return readCall(rest, depth)
	case "case":
		return readChoice(rest, depth)
	}
	return nil, errors.New("an expression is of no known kind")
}

func readCall(items []any, depth int) (node, error) {
	if len(items) < 2 {
		return nil, errors.New("a call cannot be read")
	}
	name, _ := items[0].(string)
	of, _ := items[1].(string)
	fn, ok := lookup(name)
	if !ok {
		return nil, fmt.Errorf("no function %q", name)
	}
	args, err := readNodes(items[2:], depth)
	return call{of, fn, args}, err
}

// readChoice reads conditions and values in turn, and a last value.
func readChoice(items []any, depth int) (node, error) {
	nodes, err := readNodes(items, depth)
	if err != nil {
		return nil, err
	}
	var c choice
	for len(nodes) > 1 {
		c.when, c.then = append(c.when, nodes[0]), append(c.then, nodes[1])
		nodes = nodes[2:]
	}
	if len(nodes) == 0 {
		return nil, errors.New("a choice has no last value")
	}
	c.otherwise = nodes[0]
	return c, nil
}

func readNodes(items []any, depth int) ([]node, error) {
	nodes := make([]node, len(items))
	for i, item := range items {
		n, err := readNode(item, depth+1)
		if err != nil {
			return nil, err
		}
		nodes[i] = n
	}
	return nodes, nil
}
