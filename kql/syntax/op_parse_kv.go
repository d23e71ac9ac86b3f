package syntax

import "github.com/quoll/quoll/kql/source"

// ParseKVOperator is `parse-kv x as (columns) with (options)`.
type ParseKVOperator struct {
	pos
	X       Expr
	Columns []*ColumnDecl
	Options []*Property // pair_delimiter, kv_delimiter, quote, escape, greedy, regex
}

func (*ParseKVOperator) operator() {}

// parseKVOperator reads the expression, the keys with their types and the
// options.
func (p *parser) parseKVOperator(name source.Span) Operator {
	o := &ParseKVOperator{X: p.expression()}
	p.expectWord("as")
	o.Columns = p.columnDeclarations()
	if p.acceptWord("with") {
		p.expectSymbol("(")
		o.Options = commaList(p, p.property)
		p.expectSymbol(")")
	}
	o.pos = p.to(name)
	return o
}

func (o *ParseKVOperator) print(w *printer) {
	w.text("parse-kv ")
	w.node(o.X)
	w.text(" as (")
	printList(w, o.Columns)
	w.text(")")
	if len(o.Options) > 0 {
		w.text(" with (")
		printList(w, o.Options)
		w.text(")")
	}
}
