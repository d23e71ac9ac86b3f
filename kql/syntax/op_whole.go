package syntax

import "github.com/quoll/quoll/kql/source"

// GetSchemaOperator is `getschema`, with `kind=csl` for one row of text.
type GetSchemaOperator struct {
	pos
	Properties []*Property
}

// getSchemaOperator reads the kind; Kusto takes it without "=" too.
func (p *parser) getSchemaOperator(name source.Span) Operator {
	o := &GetSchemaOperator{Properties: p.properties("kind")}
	if len(o.Properties) == 0 && p.isWord("kind") {
		start := p.i
		property := &Property{Name: p.name()}
		property.Value = p.name()
		property.pos = p.from(start)
		o.Properties = append(o.Properties, property)
	}
	o.pos = p.to(name)
	return o
}

func (o *GetSchemaOperator) print(w *printer) {
	w.text("getschema")
	if len(o.Properties) > 0 {
		w.text(" ")
		printList(w, o.Properties)
	}
}

// ConsumeOperator is `consume`: the rows are read and none is given.
type ConsumeOperator struct {
	pos
	Properties []*Property // decodeblocks
}

// consumeOperator reads the properties.
func (p *parser) consumeOperator(name source.Span) Operator {
	properties := p.properties("decodeblocks")
	return &ConsumeOperator{pos: p.to(name), Properties: properties}
}

func (o *ConsumeOperator) print(w *printer) {
	w.text("consume")
	if len(o.Properties) > 0 {
		w.text(" ")
		printList(w, o.Properties)
	}
}

// AssertSchemaOperator is `assert-schema (columns)`: another schema is a
// mistake.
type AssertSchemaOperator struct {
	pos
	Columns []*ColumnDecl
}

// assertSchemaOperator reads the columns.
func (p *parser) assertSchemaOperator(name source.Span) Operator {
	columns := p.columnDeclarations()
	return &AssertSchemaOperator{pos: p.to(name), Columns: columns}
}

func (o *AssertSchemaOperator) print(w *printer) {
	w.text("assert-schema (")
	printList(w, o.Columns)
	w.text(")")
}

// ExecuteAndCacheOperator is `execute-and-cache`, which changes no row.
type ExecuteAndCacheOperator struct{ pos }

func (o *ExecuteAndCacheOperator) print(w *printer) { w.text("execute-and-cache") }

func (*GetSchemaOperator) operator()       {}
func (*ConsumeOperator) operator()         {}
func (*AssertSchemaOperator) operator()    {}
func (*ExecuteAndCacheOperator) operator() {}
