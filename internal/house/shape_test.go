package house

import (
	"bytes"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// maxLines bounds a hand-written, non-test Go file: past it, split by
// operator, source or state.
const maxLines = 500

func TestFilesStaySmall(t *testing.T) {
	root := moduleRoot(t)
	for _, file := range goFiles(t, root) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(content, []byte("\n")); lines > maxLines && !bytes.Contains(content, []byte("// Code generated ")) {
			t.Errorf("%s has %d lines, the bound is %d: split it by operator, source or state", file, lines, maxLines)
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	root := moduleRoot(t)
	documented := map[string]bool{}
	for _, file := range goFiles(t, root) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		pkg := path.Dir(file)
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		documented[pkg] = documented[pkg] || parsed.Doc.Text() != ""
	}
	architecture, err := os.ReadFile(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	for pkg, ok := range documented {
		if !ok {
			t.Errorf("package %s has no package comment: say what it is for and what it must not know", pkg)
		}
		if !bytes.Contains(architecture, []byte("`"+pkg+"`")) {
			t.Errorf("ARCHITECTURE.md does not mention `%s`: give it a paragraph or a place in one", pkg)
		}
	}
}
