package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/types"
)

// String prints the plan in a stable form for people and golden files: shared
// tables first, each under its name, then one node a line, inputs above.
//
//	scan T [y name]
//	| define y=y+10
//	| filter y!=11
//	| output [name y]
func (s *Statement) String() string {
	p := &printer{shared: map[*Shared]string{}}
	body := p.node(s.Root, "")
	var b strings.Builder
	for _, text := range p.tables {
		b.WriteString(text)
	}
	b.WriteString(body)
	if len(s.Order) > 0 {
		b.WriteString("| order " + sortKeys(s.Order) + "\n")
	}
	b.WriteString("| output [")
	for i, o := range s.Output {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(o.Name)
		if o.Name != o.Column.Name {
			b.WriteString("=" + o.Column.Name)
		}
	}
	b.WriteString("]\n")
	if s.Visualization != nil {
		b.WriteString("| render " + s.Visualization.Kind + "\n")
	}
	for _, further := range s.More {
		b.WriteString("further table " + further.Name + "\n" + further.String())
	}
	return b.String()
}

type printer struct {
	shared map[*Shared]string
	tables []string
}

func (p *printer) node(n Node, indent string) string {
	switch n := n.(type) {
	case *Scan:
		return indent + "scan " + n.Table + " " + names(n.Columns()) + scanBounds(n) + "\n"
	case *Values:
		return indent + fmt.Sprintf("values %s %d rows\n", names(n.Output), len(n.Rows))
	case *Generate:
		return indent + fmt.Sprintf("generate %s from %s to %s step %s\n", n.Output.Name, p.expr(n.From), p.expr(n.To), p.expr(n.Step))
	case *Reference:
		return indent + "table " + p.reference(n.Target) + " " + names(n.Output) + "\n"
	case *Join:
		return p.join(n, indent)
	case *Union:
		var b strings.Builder
		b.WriteString(indent + "union " + names(n.Output) + "\n")
		for i, from := range n.From {
			b.WriteString(indent + "(\n" + p.node(from, indent+"  ") + indent + "  | items [" + p.exprs(n.Items[i], " ") + "]\n" + indent + ")\n")
		}
		return b.String()
	}
	return p.node(n.Inputs()[0], indent) + indent + "| " + p.unary(n) + "\n"
}

func (p *printer) unary(n Node) string {
	switch n := n.(type) {
	case *Filter:
		return "filter " + p.expr(n.Predicate)
	case *Project:
		return "define " + p.definitions(n.Define)
	case *Aggregate:
		text := "aggregate [" + p.definitions(n.Aggregates) + "]"
		if len(n.Keys) > 0 {
			text += " by [" + p.definitions(n.Keys) + "]"
		}
		return text
	case *Sort:
		return "sort " + sortKeys(n.Keys)
	case *Limit:
		return fmt.Sprintf("limit %d", n.Count)
	case *Unnest:
		return p.unnest(n)
	case *Window:
		text := "window " + p.definitions(n.Define)
		if len(n.Partition) > 0 {
			text += " partition " + names(n.Partition)
		}
		if len(n.Order) > 0 {
			text += " order " + sortKeys(n.Order)
		}
		return text
	}
	return fmt.Sprintf("%T", n)
}

func (p *printer) unnest(n *Unnest) string {
	items := make([]string, len(n.Items))
	for i, item := range n.Items {
		items[i] = item.Column.Name + ":" + item.Column.Type.String() + "=" + p.expr(item.Array)
	}
	text := "unnest " + strings.Join(items, ", ")
	if n.Inner {
		text += " inner"
	}
	if n.Index != nil {
		text += " index " + n.Index.Name
	}
	if n.Limit > 0 {
		text += fmt.Sprintf(" limit %d", n.Limit)
	}
	return text
}

func (p *printer) join(n *Join, indent string) string {
	keys := make([]string, len(n.On))
	for i, k := range n.On {
		keys[i] = k.Left.Name + "==" + k.Right.Name
	}
	return p.node(n.Left, indent) + indent + "| join " + string(n.Kind) + " (\n" +
		p.node(n.Right, indent+"  ") + indent + ") on [" + strings.Join(keys, " ") + "]\n"
}

func (p *printer) reference(s *Shared) string {
	if name, ok := p.shared[s]; ok {
		return name
	}
	name := s.Name
	if name == "" {
		name = fmt.Sprintf("table%d", len(p.shared)+1)
	}
	p.shared[s] = name
	word := "let "
	if s.Once {
		word = "let once "
	}
	p.tables = append(p.tables, word+name+" =\n"+p.node(s.Node, "  "))
	return name
}

func scanBounds(n *Scan) string {
	text := bounds(n.From, n.To)
	for _, r := range n.Ranges {
		text += " " + r.Source + bounds(r.From, r.To)
	}
	return text
}

func bounds(from, to time.Time) string {
	text := ""
	if !from.IsZero() {
		text += " from " + from.Format(time.RFC3339Nano)
	}
	if !to.IsZero() {
		text += " to " + to.Format(time.RFC3339Nano)
	}
	return text
}

func names(columns []*Column) string {
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = c.Name
	}
	return "[" + strings.Join(all, " ") + "]"
}

func sortKeys(keys []SortKey) string {
	all := make([]string, len(keys))
	for i, k := range keys {
		all[i] = k.Column.Name + " asc"
		if k.Descending {
			all[i] = k.Column.Name + " desc"
		}
		if k.NullsFirst == k.Descending {
			all[i] += map[bool]string{true: " nulls first", false: " nulls last"}[k.NullsFirst]
		}
	}
	return strings.Join(all, ", ")
}

func (p *printer) definitions(define []Definition) string {
	all := make([]string, len(define))
	for i, d := range define {
		if ref, ok := d.Expr.(*Ref); ok && ref.Column == d.Column {
			all[i] = d.Column.Name
			continue
		}
		all[i] = d.Column.Name + "=" + p.expr(d.Expr)
	}
	return strings.Join(all, ", ")
}

func (p *printer) exprs(all []Expr, separator string) string {
	texts := make([]string, len(all))
	for i, e := range all {
		texts[i] = p.expr(e)
	}
	return strings.Join(texts, separator)
}

func (p *printer) expr(e Expr) string {
	switch e := e.(type) {
	case *Ref:
		return e.Column.Name
	case *Literal:
		return literalText(e)
	case *Convert:
		return "to" + e.To.String() + "(" + p.expr(e.X) + ")"
	case *Case:
		var b strings.Builder
		b.WriteString("case(")
		for _, branch := range e.Branches {
			b.WriteString(p.expr(branch.When) + ", " + p.expr(branch.Then) + ", ")
		}
		return b.String() + p.expr(e.Else) + ")"
	case *Scalar:
		return "scalar(" + inline(p.node(e.Node, "")) + ")." + e.Column.Name
	case *Rows:
		return "rows(" + inline(p.node(e.Node, "")) + ")." + e.Column.Name
	case *Call:
		return p.call(e)
	}
	return fmt.Sprintf("%T", e)
}

func inline(text string) string {
	return strings.Join(strings.Fields(text), " ")
}

func (p *printer) call(e *Call) string {
	name := e.Function.Name
	if e.Function.Kind == builtin.Operator && len(e.Args) == 2 {
		if first := name[0]; first < 'a' || first > 'z' {
			return p.operand(e.Args[0]) + name + p.operand(e.Args[1])
		}
		return p.operand(e.Args[0]) + " " + name + " " + p.operand(e.Args[1])
	}
	text := name + "(" + p.exprs(e.Args, ", ") + ")"
	if len(e.Order) > 0 {
		text += " order " + sortKeys(e.Order)
	}
	return text
}

// operand puts an operator inside an operator in parentheses.
func (p *printer) operand(e Expr) string {
	text := p.expr(e)
	if c, ok := e.(*Call); ok && c.Function.Kind == builtin.Operator && len(c.Args) == 2 {
		return "(" + text + ")"
	}
	return text
}

func literalText(e *Literal) string {
	switch v := e.Value.(type) {
	case nil:
		return e.Of.String() + "(null)"
	case string:
		if e.Of == types.String {
			return fmt.Sprintf("%q", v)
		}
		return e.Of.String() + "(" + v + ")"
	case time.Time:
		return "datetime(" + types.FormatDateTime(v) + ")"
	case types.Ticks:
		return "time(" + v.String() + ")"
	}
	return fmt.Sprint(e.Value)
}
