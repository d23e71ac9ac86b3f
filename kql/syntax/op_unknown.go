package syntax

import "github.com/quoll/quoll/kql/source"

// unknownOperator refuses an operator that is none.
func (p *parser) unknownOperator(name string, span source.Span) Operator {
	p.fail(source.Diagnostic{Span: span, Message: `no operator "` + name + `"`, Remedy: p.operatorRemedy(name)})
	return &BadOperator{pos: at(span)}
}

// OperatorNames returns the operators that Quoll has, in the order of their
// use, for completion and messages.
func OperatorNames() []string {
	return []string{
		"where", "summarize", "project", "extend", "sort", "order", "join", "render", "top", "mv-expand", "distinct", "take", "limit",
		"union", "project-reorder", "project-away", "project-keep", "project-rename", "count", "as", "print", "range", "lookup",
		"serialize", "filter", "mvexpand", "make-series", "parse", "parse-where", "mv-apply", "evaluate", "search", "invoke", "sample", "sample-distinct",
		"getschema", "parse-kv", "top-nested", "top-hitters", "partition", "reduce", "find", "consume", "assert-schema", "execute-and-cache",
		"project-by-names", "scan", "fork", "facet", "macro-expand",
		"make-graph", "graph-match", "graph-to-table", "graph-mark-components", "graph-shortest-paths",
	}
}

// nearestOperator returns the operator whose name differs from name by at most
// two letters, or "".
func nearestOperator(name string) string {
	best, least := "", 3
	for _, candidate := range OperatorNames() {
		if d := source.Distance(name, candidate, least); d < least && d < len(candidate) {
			best, least = candidate, d
		}
	}
	return best
}
