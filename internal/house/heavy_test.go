package house

import (
	"path"
	"strings"
	"testing"
)

// heavy are packages of others that bring much more than they are needed for into
// every binary and test, and what does the same without.
var heavy = map[string]string{
	"github.com/apache/arrow-go/v18/parquet/pqarrow": "it brings Arrow Flight and gRPC; internal/parquetrows reads, parquet/file writes",
	"github.com/apache/arrow-go/v18/arrow/flight":    "it brings gRPC",
	"github.com/apache/iceberg-go/table":             "it brings Substrait and a parser generator; internal/icebergtable reads and writes tables",
	"github.com/apache/iceberg-go/catalog":           "it brings iceberg-go/table; the lake has its catalogue",
}

// judges may import heavy packages: they hold our files against them.
var judges = []string{"lake/readback"}

func TestNobodyBringsInHeavyPackages(t *testing.T) {
	root := moduleRoot(t)
	for _, file := range goFiles(t, root) {
		if matchAny(judges, path.Dir(file)) {
			continue
		}
		for _, imported := range importsOf(t, root, file) {
			for pattern, instead := range heavy {
				if imported == pattern || strings.HasPrefix(imported, pattern+"/") {
					t.Errorf("%s imports %s: %s", file, imported, instead)
				}
			}
		}
	}
}
