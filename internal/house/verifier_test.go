package house

import (
	"path"
	"strings"
	"testing"
)

// TestTheVerifierStandsAlone keeps quoll-verify, with all it imports, to the
// standard library and the log library, without cgo: whoever is to believe it
// must be able to read it.
func TestTheVerifierStandsAlone(t *testing.T) {
	root := moduleRoot(t)
	files := goFiles(t, root)
	seen := map[string]bool{}
	pending := []string{"cmd/quoll-verify"}
	for len(pending) > 0 {
		pkg := pending[0]
		pending = pending[1:]
		if seen[pkg] {
			continue
		}
		seen[pkg] = true
		for _, file := range files {
			if path.Dir(file) != pkg || strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, imported := range importsOf(t, root, file) {
				own, isOwn := strings.CutPrefix(imported, module)
				first, _, _ := strings.Cut(imported, "/")
				switch {
				case isOwn:
					pending = append(pending, own)
				case imported == "C":
					t.Errorf("%s uses cgo, and quoll-verify depends on it", file)
				case strings.Contains(first, ".") && !strings.HasPrefix(imported, "golang.org/x/mod/sumdb/"):
					t.Errorf("%s imports %s, and quoll-verify depends on it: it may use the standard library and golang.org/x/mod/sumdb", file, imported)
				}
			}
		}
	}
	if !seen["archive/proof"] {
		t.Error("quoll-verify does not use archive/proof: does this test still look at the right package?")
	}
}
