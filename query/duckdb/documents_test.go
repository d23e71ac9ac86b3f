package duckdb

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// What a stored text of JSON says of the document as the engine writes it: nothing is
// left out that it has, and nothing taken that it has not, whatever the text is.
func TestStoredDocumentsSayWhatTheEngineWrites(t *testing.T) {
	e := openEngine(t, DefaultConfig(), nil)
	if _, err := e.db.Exec("CREATE TABLE t (document VARCHAR, needle VARCHAR)"); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(9, 26))
	for range 2_000 {
		text := pieced(r, 8)
		whole := document(r, text, pieced(r, 4))
		switch r.IntN(8) {
		case 0:
			whole = whole[:r.IntN(len(whole))]
		case 1:
			whole += "}"
		case 2:
			whole = strings.ReplaceAll(whole, `"list"`, `'list'`)
		}
		needle := cut(r, text)
		if strings.ContainsAny(needle, "\",{}[]\\") || strings.Trim(needle, "0123456789.e+-: ") == "" {
			needle = "contoso" // others are never looked for as they are stored
		}
		if _, err := e.db.Exec("INSERT INTO t VALUES (?, ?)", strings.ToValidUTF8(whole, "?"), needle); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range documentFunctions {
		short := strings.TrimPrefix(name, "quoll_")
		var left, taken, sure int
		row := e.db.QueryRow(fmt.Sprintf(`SELECT count(*) FILTER (found AND NOT stored), count(*) FILTER (surely AND NOT found), count(*) FILTER (surely)
			FROM (SELECT quoll_stored_%[1]s(document, needle) AS stored, quoll_surely_%[1]s(document, needle) AS surely,
				%[2]s(coalesce(json_extract_string(CASE WHEN json_valid(document) THEN document END, '$'), ''), needle) AS found FROM t)`, short, name))
		if err := row.Scan(&left, &taken, &sure); err != nil {
			t.Fatal(err)
		}
		if left > 0 || taken > 0 || sure < 20 {
			t.Errorf("%s: %d documents are left out, %d are taken that do not have it, %d are certain", name, left, taken, sure)
		}
	}
}
