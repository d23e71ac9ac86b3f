package house

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/quoll/quoll/"

// allowed says which packages of the module a package may import, besides
// internal/…, in the order of the river. A pattern that ends in /… covers the
// package and everything below it; the first rule that matches counts.
// "*" is everything.
var allowed = []struct {
	pkg string
	may []string
}{
	{"model", nil},
	{"schema", []string{"kql/types"}},
	{"kql/budget", nil},
	{"kql/source", []string{"kql/budget"}},
	{"kql/types", nil},
	{"kql/syntax", []string{"kql/source", "kql/types"}},
	{"kql/builtin", []string{"kql/types"}},
	{"kql/dynamic", nil},
	{"kql/native", []string{"kql/types"}},
	{"kql/native/all", []string{"kql/native/…"}},
	{"kql/native/steps", []string{"kql/types", "kql/dynamic", "kql/native", "kql/native/array"}},
	{"kql/native/…", []string{"kql/types", "kql/dynamic", "kql/native"}},
	{"kql/plan", []string{"kql/source", "kql/types", "kql/builtin"}},
	{"kql/bind", []string{"kql/source", "kql/types", "kql/builtin", "kql/syntax", "kql/plan", "kql/dynamic"}},
	{"kql/rewrite", []string{"kql/budget", "kql/types", "kql/builtin", "kql/native/…", "kql/plan"}},
	{"kql/sqlgen/…", []string{"kql/budget", "kql/types", "kql/builtin", "kql/native/…", "kql/plan"}},
	{"kql/kqltest", []string{"kql/…"}},
	{"kql/…", []string{"kql/…"}},
	{"collect/cloud", nil},
	{"collect/entra", []string{"collect", "collect/cloud"}},
	{"collect/graph", []string{"collect", "collect/entra"}},
	{"collect/…", []string{"model", "collect", "collect/cloud", "collect/entra", "collect/graph"}},
	{"preflight", []string{"collect", "collect/activity", "collect/cloud", "collect/entra"}},
	{"journal", []string{"model"}},
	{"normalise", []string{"model", "schema"}},
	{"drift", []string{"model", "normalise"}},
	{"retention", []string{"schema"}},
	{"lake", []string{"model", "schema", "kql/types", "retention"}},
	{"lake/readback", []string{"schema", "lake"}},
	{"reconcile", []string{"model", "schema", "normalise"}},
	{"pipeline", []string{"model", "schema", "collect/…", "journal", "normalise", "retention", "lake"}},
	{"query/duckdb/internal/…", nil},
	{"query/duckdb", []string{"query", "kql/…", "lake", "schema"}},
	{"query/external", []string{"kql/…"}},
	{"query/format", []string{"query", "kql/types"}},
	{"query", []string{"kql/…", "schema"}},
	{"detect/ruletest", []string{"model", "detect"}},
	{"detect", []string{"model", "kql/…", "query"}},
	{"incident", []string{"model"}},
	{"automation", []string{"model"}},
	{"silence", nil},
	{"notify", []string{"model"}},
	{"archive/proof/timestamp", nil},
	{"archive/proof/timestamp/timestamptest", nil},
	{"archive/proof", []string{"archive/proof/timestamp"}},
	{"archive/proof/command", []string{"archive/proof", "archive/proof/timestamp"}},
	{"archive/witness", []string{"archive/proof"}},
	{"archive/hold", nil},
	{"archive/operations", []string{"model", "schema", "normalise", "archive/proof"}},
	{"archive/mentions", []string{"model", "schema", "normalise"}},
	{"archive/copies", []string{"archive", "archive/proof/timestamp", "model"}},
	{"archive/stamps", []string{"archive", "archive/proof", "archive/proof/timestamp", "model"}},
	{"archive/rowfiles", []string{"archive", "lake", "model", "schema", "retention"}},
	{"archive", []string{"model", "archive/proof", "archive/proof/timestamp"}},
	{"access", []string{"model"}},
	{"notebook", nil},
	{"metrics", []string{"model", "collect"}},
	{"library", nil},
	{"intel", nil},
	{"investigate", []string{"query"}},
	{"assure", nil},
	{"server/servertest/…", []string{"server/…", "web", "kql/…", "assure", "automation"}},
	{"server", []string{"model", "schema", "kql/…", "query", "web", "assure"}},
	{"tenantsim/…", []string{"model", "tenantsim/…"}},
	{"web/…", []string{"server/…", "web"}},
	{"rules", nil},
	{"lookups", nil},
	{"dashboard", nil},
	{"dashboards", nil},
	{"config", []string{"*"}},
	{"cmd/quoll-verify", []string{"archive/proof/command"}},
	{"cmd/…", []string{"*"}},
	{"bench/archive", []string{"archive", "model"}},
	{"bench/lake", []string{"model", "schema", "journal", "normalise", "lake", "pipeline", "lookups", "kql/…", "query", "query/duckdb", "tenantsim/…"}},
	{"bench/rules", []string{"model", "lake", "kql/…", "query", "query/duckdb", "detect", "rules"}},
	{"bench/rows/year", []string{"model", "schema", "normalise", "lake", "kql/types", "tenantsim/…"}},
	{"bench/…", []string{"tenantsim/…", "bench/rows/…"}},
	{"conformance/…", []string{"*"}},
	{"internal/kqldoc", []string{"*"}},
	{"internal/objectstore/emulator", []string{"internal/…", "internal/loopback"}},
	{"simulate/…", []string{"*"}},
	{"internal/…", []string{"internal/…", "model"}},
}

// testOnly are packages that production code never imports.
var testOnly = []string{"tenantsim/…", "archive/proof/timestamp/timestamptest", "kql/kqltest", "server/servertest/…", "internal/durable/durabletest", "internal/state/statetest", "internal/objectstore/storetest", "internal/objectstore/s3/s3test", "internal/objectstore/emulator", "simulate/…", "internal/house"}

func TestImportsGoOneWay(t *testing.T) {
	root := moduleRoot(t)
	for _, file := range goFiles(t, root) {
		pkg := path.Dir(file)
		isTest := strings.HasSuffix(file, "_test.go")
		for _, imported := range importsOf(t, root, file) {
			rel, ok := strings.CutPrefix(imported, module)
			if !ok {
				continue
			}
			if isTest && matchAny(testOnly, rel) {
				continue
			}
			if isTest && match("kql/…", pkg) && match("kql/…", rel) {
				continue // a stage is tested on what the stages before it make
			}
			if err := check(pkg, rel); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

func check(pkg, imported string) error {
	if pkg == imported {
		return nil
	}
	if imported == "config" && !strings.HasPrefix(pkg, "cmd/") {
		return fmt.Errorf("imports config: a package takes its own Config type as an argument; only cmd/… knows config")
	}
	if matchAny(testOnly, imported) && !matchAny(testOnly, pkg) && !strings.HasPrefix(pkg, "cmd/") && !strings.HasPrefix(pkg, "bench/") {
		return fmt.Errorf("imports %s, which production code must not know", imported)
	}
	if strings.HasPrefix(imported, "internal/") {
		return nil
	}
	for _, rule := range allowed {
		if !match(rule.pkg, pkg) {
			continue
		}
		if matchAny(rule.may, imported) {
			return nil
		}
		return fmt.Errorf("imports %s, but %s may import only %v: declare an interface in %s and let cmd/quoll pass the real thing", imported, pkg, rule.may, pkg)
	}
	return fmt.Errorf("package %s has no import rule: add it to the table in internal/house and a paragraph to ARCHITECTURE.md", pkg)
}

func match(pattern, pkg string) bool {
	if pattern == "*" {
		return true
	}
	base, deep := strings.CutSuffix(pattern, "/…")
	return pkg == base || deep && strings.HasPrefix(pkg, base+"/")
}

func matchAny(patterns []string, pkg string) bool {
	for _, p := range patterns {
		if match(p, pkg) {
			return true
		}
	}
	return false
}

// moduleRoot returns the folder that holds go.mod.
func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = parent
	}
}

// goFiles returns the module's Go files as slash paths relative to root.
func goFiles(t *testing.T, root string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && p != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" || name == "bin") {
			return fs.SkipDir
		}
		if !d.IsDir() && strings.HasSuffix(name, ".go") {
			rel, err := filepath.Rel(root, p)
			if err != nil {
				return err
			}
			files = append(files, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(files)
	return files
}

func importsOf(t *testing.T, root, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var imports []string
	for _, spec := range parsed.Imports {
		value, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		imports = append(imports, value)
	}
	return imports
}
