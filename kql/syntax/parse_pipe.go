package syntax

import "github.com/quoll/quoll/kql/source"

// pipe reads an expression and the operators behind it, or a pipeline that
// begins with an operator. Without operators it gives the expression itself.
func (p *parser) pipe() Expr {
	start := p.i
	if !p.enter() {
		return &BadExpr{pos: p.from(start)}
	}
	defer p.leave()
	var pipe Pipe
	if p.startsWithOperator() {
		pipe.Operators = append(pipe.Operators, p.operator())
	} else {
		pipe.Source = p.expression()
		p.endOfSource(start)
	}
	for p.acceptSymbol("|") {
		if len(pipe.Operators) == MaxOperators {
			p.fail(source.Diagnostic{Span: p.current().Span, Message: "the pipeline has too many operators"})
			break
		}
		pipe.Operators = append(pipe.Operators, p.operator())
	}
	if len(pipe.Operators) == 0 {
		return pipe.Source
	}
	pipe.pos = p.from(start)
	return &pipe
}

// endOfSource lets a mistake in a pipeline's source hide only the source: the
// operators behind it are read and checked too.
func (p *parser) endOfSource(start int) {
	if p.failed {
		p.recoverOperator(start)
	}
}

// startsWithOperator reports whether the pipeline begins with an operator that
// needs no source. The names are not reserved: `range(1, 3)` is a function,
// and a column may be called print.
func (p *parser) startsWithOperator() bool {
	word, next := p.peek(0), p.peek(1)
	if word.Kind != Identifier {
		return false
	}
	begins := next.Kind == Identifier || next.Kind == Constant || next.Kind == Symbol && (next.Text == "(" || next.Text == "[")
	switch word.Text {
	case "range":
		from := p.peek(2)
		return next.Kind == Identifier && from.Kind == Identifier && from.Text == "from"
	case "print":
		return begins && !isInfix(next) || next.Kind == Symbol && (next.Text == "-" || next.Text == "+")
	case "search", "find":
		named := p.peek(2)
		if next.Kind == Identifier && next.Text == "in" && named.Kind == Symbol && named.Text == "(" {
			return true
		}
		fallthrough
	case "union":
		return begins && !isInfix(next) || next.Kind == Symbol && next.Text == "*"
	case "evaluate":
		return next.Kind == Identifier && !isInfix(next)
	case "macro":
		return next.Kind == Symbol && next.Text == "-" && p.adjacent(p.i+1) && p.peek(2).Text == "expand"
	}
	return false
}

// isInfix reports whether t is a word that joins two operands.
func isInfix(t *Token) bool {
	return t.Kind == Identifier && infixWords[t.Text]
}

// operator reads one operator, from its name to the next pipe. It recovers
// from its own mistakes.
func (p *parser) operator() Operator {
	start := p.i
	name, span, ok := p.operatorName()
	if !ok {
		p.expected("an operator")
		p.recoverOperator(start)
		return &BadOperator{pos: p.from(start)}
	}
	op := p.namedOperator(name, span)
	if !p.failed && !p.isOperatorEnd() {
		p.expected(`"|" or the end of "` + name + `"`)
	}
	if p.failed {
		p.recoverOperator(start)
		return &BadOperator{pos: p.from(start)}
	}
	return op
}

// recoverOperator moves to the pipe, semicolon or bracket that ends the
// operator.
func (p *parser) recoverOperator(start int) {
	p.recover(start, func(t *Token) bool { return t.Kind == Symbol && (t.Text == "|" || t.Text == ";") })
}

func (p *parser) isOperatorEnd() bool {
	t := p.peek(0)
	if t.Kind != Symbol {
		return t.Kind == EndOfText
	}
	switch t.Text {
	case "|", ";", ")", "]", "}", ",":
		return true
	}
	return false
}

// operatorName reads a name that can have dashes in it, as project-away has.
func (p *parser) operatorName() (name string, span source.Span, ok bool) {
	t := p.peek(0)
	if t.Kind != Identifier {
		return "", t.Span, false
	}
	name, span = t.Text, t.Span
	p.advance()
	for p.isSymbol("-") && p.adjacent(p.i) && p.peek(1).Kind == Identifier && p.adjacent(p.i+1) {
		p.advance()
		part := p.advance()
		name, span = name+"-"+part.Text, span.Join(part.Span)
	}
	return name, span, true
}

// namedOperator reads what stands behind an operator's name.
func (p *parser) namedOperator(name string, span source.Span) Operator {
	switch name {
	case "where", "filter":
		return p.whereOperator(span)
	case "extend":
		return p.extendOperator(span)
	case "project", "project-away", "project-keep", "project-rename", "project-reorder", "project-by-names":
		return p.projectOperator(span, ProjectKind(name))
	case "summarize":
		return p.summarizeOperator(span)
	case "count":
		return p.countOperator(span)
	case "distinct":
		return p.distinctOperator(span)
	case "sort", "order":
		return p.sortOperator(span)
	case "top":
		return p.topOperator(span)
	case "take", "limit":
		return p.takeOperator(span)
	case "join":
		return p.joinOperator(span, false)
	case "lookup":
		return p.joinOperator(span, true)
	case "union":
		return p.unionOperator(span)
	case "mv-expand", "mvexpand":
		return p.mvExpandOperator(span)
	case "render":
		return p.renderOperator(span)
	case "as":
		return p.asOperator(span)
	case "print":
		return p.printOperator(span)
	case "range":
		return p.rangeOperator(span)
	case "serialize":
		return p.serializeOperator(span)
	case "make-series":
		return p.makeSeriesOperator(span)
	case "mv-apply":
		return p.mvApplyOperator(span)
	case "parse", "parse-where":
		return p.parseOperator(span, name == "parse-where")
	case "evaluate":
		return p.evaluateOperator(span)
	case "invoke":
		return p.invokeOperator(span)
	case "sample", "sample-distinct":
		return p.sampleOperator(span, name == "sample-distinct")
	case "search":
		return p.searchOperator(span)
	}
	return p.furtherOperator(name, span)
}

// furtherOperator reads what stands behind the names that are not among the
// most used.
func (p *parser) furtherOperator(name string, span source.Span) Operator {
	switch name {
	case "getschema":
		return p.getSchemaOperator(span)
	case "make-graph":
		return p.makeGraphOperator(span)
	case "graph-match", "graph-shortest-paths":
		return p.graphMatchOperator(span, name == "graph-shortest-paths")
	case "graph-to-table":
		return p.graphToTableOperator(span)
	case "graph-mark-components":
		return p.graphComponentsOperator(span)
	case "fork":
		return p.forkOperator(span)
	case "facet":
		return p.facetOperator(span)
	case "scan":
		return p.scanOperator(span)
	case "parse-kv":
		return p.parseKVOperator(span)
	case "top-nested":
		return p.topNestedOperator(span)
	case "top-hitters":
		return p.topHittersOperator(span)
	case "partition":
		return p.partitionOperator(span)
	case "reduce":
		return p.reduceOperator(span)
	case "find":
		return p.findOperator(span)
	case "macro-expand":
		return p.macroExpandOperator(span)
	case "consume":
		return p.consumeOperator(span)
	case "assert-schema":
		return p.assertSchemaOperator(span)
	case "execute-and-cache":
		return &ExecuteAndCacheOperator{pos: at(span)}
	}
	return p.unknownOperator(name, span)
}

// to returns the position of an operator whose name is at span and that ends
// before the current token.
func (p *parser) to(span source.Span) pos {
	return at(span.Join(source.Span{Start: span.Start, End: p.tokens[max(p.i-1, 0)].Span.End}))
}
