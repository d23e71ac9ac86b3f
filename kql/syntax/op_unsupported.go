package syntax

import "github.com/quoll/quoll/kql/source"

// unsupported names the operators that Kusto defines and Quoll lacks, with the
// nearest thing that works.
var unsupported = map[string]string{
	"macro-expand": "union of the tables",
}

// unsupportedOperator refuses an operator by name.
func (p *parser) unsupportedOperator(name string, span source.Span) Operator {
	d := source.Diagnostic{Span: span, Message: `no operator "` + name + `"`}
	if remedy, ok := unsupported[name]; ok {
		d.Message = `the operator "` + name + `" is not supported yet`
		d.Remedy = "instead: " + remedy
	} else {
		d.Remedy = p.operatorRemedy(name)
	}
	p.fail(d)
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
		"project-by-names", "scan", "fork", "facet",
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
