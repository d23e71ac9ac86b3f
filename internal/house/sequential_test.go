package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSequentialPackagesStartNoGoroutine holds what the Makefile tests without the
// race detector to its reason: neither such a package, nor its tests, nor what it
// imports of Quoll starts a goroutine, so that there is none to race with.
func TestSequentialPackagesStartNoGoroutine(t *testing.T) {
	root := moduleRoot(t)
	packages := map[string][]string{}
	for _, file := range goFiles(t, root) {
		packages[path.Dir(file)] = append(packages[path.Dir(file)], file)
	}
	for _, pkg := range sequential(t, root) {
		files := packages[pkg]
		if len(files) == 0 {
			t.Errorf("the Makefile tests %s without the race detector, and there is no such package", pkg)
		}
		for _, file := range slices.Concat(files, importedFiles(t, root, packages, files)) {
			for _, place := range concurrent(t, root, file) {
				t.Errorf("%s runs beside others; the Makefile must test %s with the race detector", place, pkg)
			}
		}
	}
}

// sequential is the packages that the Makefile lists.
func sequential(t *testing.T, root string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^SEQUENTIAL := ((?:.*\\\n)*.*)$`).FindSubmatch(text)
	if found == nil {
		t.Fatal("the Makefile has no list SEQUENTIAL")
	}
	var packages []string
	for _, word := range strings.Fields(strings.ReplaceAll(string(found[1]), "\\\n", " ")) {
		packages = append(packages, strings.TrimPrefix(word, "./"))
	}
	return packages
}

// importedFiles is the files, without tests, of all packages of Quoll that the files
// import, directly or not.
func importedFiles(t *testing.T, root string, packages map[string][]string, files []string) []string {
	t.Helper()
	seen := map[string]bool{}
	var all []string
	for queue := files; len(queue) > 0; queue = queue[1:] {
		for _, imported := range importsOf(t, root, queue[0]) {
			pkg, ours := strings.CutPrefix(imported, module)
			if !ours || seen[pkg] {
				continue
			}
			seen[pkg] = true
			for _, file := range packages[pkg] {
				if !strings.HasSuffix(file, "_test.go") {
					all = append(all, file)
					queue = append(queue, file)
				}
			}
		}
	}
	return all
}

// concurrent is where a file starts a goroutine, or lets tests run beside each other.
func concurrent(t *testing.T, root, file string) []string {
	t.Helper()
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, filepath.Join(root, file), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var places []string
	ast.Inspect(parsed, func(node ast.Node) bool {
		starts := false
		switch n := node.(type) {
		case *ast.GoStmt:
			starts = true
		case *ast.SelectorExpr:
			// Of a sync.WaitGroup or an errgroup, of time and context, of a test.
			starts = slices.Contains([]string{"Go", "AfterFunc", "Parallel"}, n.Sel.Name)
		}
		if starts {
			position := set.Position(node.Pos())
			places = append(places, file+":"+position.String()[strings.LastIndex(position.String(), ".go:")+4:])
		}
		return true
	})
	return places
}
