package plan

// Constants gives, for each output of a statement, the constant that it is in
// every row, or nil. An engine may hold a constant with fewer digits than it has;
// what a result shows is the constant itself.
func Constants(s *Statement) []*Literal {
	all := make([]*Literal, len(s.Output))
	for i, o := range s.Output {
		all[i] = constantOf(s.Root, o.Column)
	}
	return all
}

// constantOf follows a column down to where it is defined.
func constantOf(n Node, c *Column) *Literal {
	for {
		switch node := n.(type) {
		case *Filter:
			n = node.Input
		case *Sort:
			n = node.Input
		case *Limit:
			n = node.Input
		case *Window:
			n = node.Input
		case *Project:
			for _, d := range node.Define {
				if d.Column == c {
					l, _ := d.Expr.(*Literal)
					return l
				}
			}
			n = node.Input
		case *Reference:
			i := 0
			for i < len(node.Output) && node.Output[i] != c {
				i++
			}
			if i == len(node.Output) {
				return nil
			}
			n, c = node.Target.Node, node.Source[i]
		default:
			return nil
		}
	}
}
