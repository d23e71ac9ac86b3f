package syntax

import "github.com/quoll/quoll/kql/source"

// RenderOperator is `render kind with (properties)`.
type RenderOperator struct {
	pos
	Visualization *Name
	Properties    []*Property
}

func (*RenderOperator) operator() {}

// renderOperator reads the visualization and its properties, which older
// queries write without `with (…)`.
func (p *parser) renderOperator(name source.Span) Operator {
	o := &RenderOperator{Visualization: p.name()}
	if p.acceptWord("with") {
		p.expectSymbol("(")
		for !p.isSymbol(")") && !p.failed {
			o.Properties = append(o.Properties, p.renderProperty())
			p.acceptSymbol(",")
		}
		p.expectSymbol(")")
	} else {
		for next := p.peek(1); p.peek(0).Kind == Identifier && next.Kind == Symbol && next.Text == "="; next = p.peek(1) {
			o.Properties = append(o.Properties, p.renderProperty())
		}
	}
	o.pos = p.to(name)
	return o
}

// renderProperty reads `name=value` or `name=a, b`.
func (p *parser) renderProperty() *Property {
	start := p.i
	property := p.property()
	first, ok := property.Value.(*Name)
	if !ok {
		return property
	}
	names := []*Name{first}
	for p.isSymbol(",") {
		end, ok := p.skipName(1)
		if after := p.peek(end); !ok || after.Kind == Symbol && after.Text == "=" {
			break
		}
		p.advance()
		names = append(names, p.name())
	}
	if len(names) > 1 {
		property.Value = &NameList{pos: at(first.span.Join(names[len(names)-1].span)), Names: names}
		property.pos = p.from(start)
	}
	return property
}

func (o *RenderOperator) print(w *printer) {
	w.text("render ")
	w.node(o.Visualization)
	if len(o.Properties) == 0 {
		return
	}
	w.text(" with (")
	printList(w, o.Properties)
	w.text(")")
}
