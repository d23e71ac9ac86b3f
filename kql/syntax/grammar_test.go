package syntax_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// production finds the names that the grammar defines.
var production = regexp.MustCompile(`(?m)^([a-zA-Z]+)\s+=`)

// Each production of the grammar is read by the parser's method of that name,
// and each method that reads tokens and builds something is in the grammar.
func TestGrammarNamesTheParser(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "kql.ebnf"))
	if err != nil {
		t.Fatal(err)
	}
	methods := parserMethods(t)
	defined := map[string]bool{}
	for _, match := range production.FindAllStringSubmatch(string(text), -1) {
		defined[match[1]] = true
		if !methods[match[1]] {
			t.Errorf("docs/kql.ebnf defines %s, but the parser has no method of that name", match[1])
		}
	}
	for method := range methods {
		tool := method == "recoverOperator" || method == "startsWithOperator"
		if !defined[method] && strings.HasSuffix(method, "Operator") && !tool {
			t.Errorf("the parser has the method %s, which docs/kql.ebnf does not define", method)
		}
	}
}

func parserMethods(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	methods := map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv == nil {
				continue
			}
			if star, ok := f.Recv.List[0].Type.(*ast.StarExpr); ok && star.X.(*ast.Ident).Name == "parser" {
				methods[f.Name.Name] = true
			}
		}
	}
	return methods
}
