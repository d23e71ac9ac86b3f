package syntax

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/kql/types"
)

// Print returns the text of a tree in one style: one operator a line, current
// spellings, double quotes. Reading it gives the same tree.
func Print(n Node) string {
	var w printer
	w.node(n)
	return w.b.String()
}

type printer struct{ b strings.Builder }

func (w *printer) text(s string) { w.b.WriteString(s) }
func (w *printer) node(n Node)   { n.print(w) }

func printList[N Node](w *printer, nodes []N) {
	for i, n := range nodes {
		if i > 0 {
			w.text(", ")
		}
		w.node(n)
	}
}

func printProperties(w *printer, properties []*Property) {
	for _, property := range properties {
		w.node(property)
		w.text(" ")
	}
}

func (n *Query) print(w *printer) {
	for i, s := range n.Statements {
		if i > 0 {
			w.text(";\n")
		}
		w.node(s)
	}
}

func (n *LetStatement) print(w *printer) {
	w.text("let ")
	w.node(n.Name)
	w.text(" = ")
	w.node(n.Value)
}

func (n *SetStatement) print(w *printer) {
	w.text("set ")
	w.node(n.Name)
	if n.Value != nil {
		w.text(" = ")
		w.node(n.Value)
	}
}

func (n *ExpressionStatement) print(w *printer) { w.node(n.X) }
func (n *BadStatement) print(w *printer)        { w.text("bad") }

func (n *Pipe) print(w *printer) {
	if n.Source != nil {
		w.node(n.Source)
	}
	for i, op := range n.Operators {
		if i > 0 || n.Source != nil {
			w.text("\n| ")
		}
		w.node(op)
	}
}

func (n *Name) print(w *printer) {
	if !n.Quoted {
		w.text(n.Text)
		return
	}
	w.text("[")
	w.text(quoteString(n.Text))
	w.text("]")
}

func (n *NameList) print(w *printer) { printList(w, n.Names) }
func (n *Wildcard) print(w *printer) { w.text(n.Pattern) }
func (n *Star) print(w *printer)     { w.text("*") }
func (n *BadExpr) print(w *printer)  { w.text("bad") }

func (n *Literal) print(w *printer) {
	if n.Value == nil {
		w.text(n.Type.String() + "(null)")
		return
	}
	switch value := n.Value.(type) {
	case bool:
		w.text(strconv.FormatBool(value))
	case int64:
		if value < 0 {
			w.text("long(" + strconv.FormatInt(value, 10) + ")")
			return
		}
		w.text(strconv.FormatInt(value, 10))
	case float64:
		if value < 0 || math.Signbit(value) || math.IsNaN(value) || math.IsInf(value, 0) {
			w.text("real(" + strings.ToLower(strconv.FormatFloat(value, 'g', -1, 64)) + ")")
			return
		}
		w.text(formatReal(value))
	case int32:
		w.text("int(" + strconv.FormatInt(int64(value), 10) + ")")
	case time.Time:
		w.text("datetime(" + types.FormatDateTime(value) + ")")
	case types.ClockTime:
		w.text("datetime(" + types.Ticks(value).String() + ")")
	case types.Ticks:
		w.text("timespan(" + value.String() + ")")
	case string:
		if n.Type == types.String {
			w.text(quoteString(value))
			return
		}
		w.text(n.Type.String() + "(" + value + ")")
	}
}

// quoteString returns a string literal that the lexer reads back as s.
func quoteString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ':
			b.WriteString(`\x`)
			b.WriteString(strconv.FormatInt(int64(r)+0x100, 16)[1:])
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func (n *DynamicLiteral) print(w *printer) { w.text("dynamic(" + n.JSON + ")") }

func (n *Unary) print(w *printer) {
	w.text(string(n.Op))
	w.node(n.X)
}

func (n *Binary) print(w *printer) {
	w.node(n.X)
	w.text(" " + string(n.Op) + " ")
	w.node(n.Y)
}

func (n *InList) print(w *printer) {
	w.node(n.X)
	w.text(" " + string(n.Op) + " (")
	printList(w, n.Items)
	w.text(")")
}

func (n *Between) print(w *printer) {
	w.node(n.X)
	if n.Not {
		w.text(" !between (")
	} else {
		w.text(" between (")
	}
	w.node(n.Low)
	w.text(" .. ")
	w.node(n.High)
	w.text(")")
}

func (n *Call) print(w *printer) {
	w.node(n.Func)
	w.text("(")
	printList(w, n.Args)
	w.text(")")
}

func (n *Member) print(w *printer) {
	w.node(n.X)
	w.text(".")
	w.node(n.Name)
}

func (n *Index) print(w *printer) {
	w.node(n.X)
	w.text("[")
	w.node(n.Index)
	w.text("]")
}

func (n *Paren) print(w *printer) {
	w.text("(")
	w.node(n.X)
	w.text(")")
}

func (n *Named) print(w *printer) {
	if n.Tuple {
		w.text("(")
	}
	printList(w, n.Names)
	if n.Tuple {
		w.text(")")
	}
	w.text(" = ")
	w.node(n.X)
}

func (n *TypeOf) print(w *printer) {
	w.text("typeof(")
	if n.Columns != nil {
		printColumns(w, n.Columns)
	} else {
		w.text(n.Type.String())
	}
	w.text(")")
}

func printColumns(w *printer, columns []*ColumnDecl) {
	w.text("(")
	printList(w, columns)
	w.text(")")
}

func (n *Datatable) print(w *printer) {
	w.text("datatable ")
	printColumns(w, n.Columns)
	w.text(" [")
	printList(w, n.Values)
	w.text("]")
}

func (n *ExternalData) print(w *printer) {
	w.text("externaldata ")
	printColumns(w, n.Columns)
	w.text(" [")
	printList(w, n.Sources)
	w.text("]")
	if n.Properties != nil {
		w.text(" with (")
		printList(w, n.Properties)
		w.text(")")
	}
}

func (n *ColumnDecl) print(w *printer) {
	w.node(n.Name)
	w.text(": ")
	switch {
	case !n.Tabular:
		w.text(n.Type.String())
	case n.Columns == nil:
		w.text("(*)")
	default:
		printColumns(w, n.Columns)
	}
	if n.Default != nil {
		w.text(" = ")
		w.node(n.Default)
	}
}

func (n *FunctionLiteral) print(w *printer) {
	if n.View {
		w.text("view ")
	}
	printColumns(w, n.Params)
	w.text(" {\n")
	w.node(n.Body)
	w.text("\n}")
}
