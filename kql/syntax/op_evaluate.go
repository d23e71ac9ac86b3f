package syntax

import "github.com/quoll/quoll/kql/source"

// EvaluateOperator is `evaluate plugin(arguments) : (schema)`. A schema that
// begins with a star has all columns of the input before its own.
type EvaluateOperator struct {
	pos
	Properties []*Property // hints
	Plugin     *Call
	Schema     []*ColumnDecl // nil when absent
	AllColumns bool          // of the input
}

func (*EvaluateOperator) operator() {}

// evaluateOperator reads the call of a plugin and the schema of its result.
func (p *parser) evaluateOperator(name source.Span) Operator {
	o := &EvaluateOperator{Properties: p.properties()}
	call, ok := p.nameOrCall().(*Call)
	if !ok {
		p.expected("a plugin with its arguments, as in bag_unpack(Column)")
		call = &Call{Func: &Name{}}
	}
	o.Plugin = call
	if p.acceptSymbol(":") {
		p.outputSchema(o)
	}
	o.pos = p.to(name)
	return o
}

// outputSchema reads `(a:long, …)` and `(*, a:long, …)`.
func (p *parser) outputSchema(o *EvaluateOperator) {
	p.expectSymbol("(")
	o.AllColumns = p.acceptSymbol("*")
	if !o.AllColumns || p.acceptSymbol(",") {
		o.Schema = commaList(p, p.columnDeclaration)
	}
	p.expectSymbol(")")
}

func (o *EvaluateOperator) print(w *printer) {
	w.text("evaluate ")
	printProperties(w, o.Properties)
	w.node(o.Plugin)
	if len(o.Schema) > 0 || o.AllColumns {
		w.text(" : (")
		if o.AllColumns {
			w.text("*")
		}
		if o.AllColumns && len(o.Schema) > 0 {
			w.text(", ")
		}
		printList(w, o.Schema)
		w.text(")")
	}
}

// InvokeOperator is `invoke function(arguments)`: the table before it is the
// function's first argument.
type InvokeOperator struct {
	pos
	Function *Call
}

func (*InvokeOperator) operator() {}

// invokeOperator reads the call.
func (p *parser) invokeOperator(name source.Span) Operator {
	call, ok := p.nameOrCall().(*Call)
	if !ok {
		p.expected("a function with its arguments")
		call = &Call{Func: &Name{}}
	}
	return &InvokeOperator{pos: p.to(name), Function: call}
}

func (o *InvokeOperator) print(w *printer) {
	w.text("invoke ")
	w.node(o.Function)
}
