package activity

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write docs/connector-errors.md anew")

const errorsPage = "../../docs/connector-errors.md"

// TestErrorsPageIsCurrent keeps the page for people equal to the table for the
// collector.
func TestErrorsPageIsCurrent(t *testing.T) {
	want := errorsText()
	if *update {
		if err := os.WriteFile(filepath.FromSlash(errorsPage), []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(filepath.FromSlash(errorsPage))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/connector-errors.md is not what the table says: run go test ./collect/activity -run ErrorsPage -update")
	}
}

func errorsText() string {
	var b strings.Builder
	b.WriteString(`# What the audit log connector's errors mean

This page is written from the table in collect/activity/behaviour.go by its test. The code in an answer's body counts more
than the HTTP status: throttling has been seen under 403, and argument errors come under 400. Whatever is not in this table
is tried again, ever more slowly. A blob that cannot be fetched never holds the others up, and the cursor never passes it:
it is journalled in the end, or recorded as a gap for ever.

| Code | What it means | What the collector does | What you can do |
|---|---|---|---|
`)
	for _, e := range Explanations() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", e.Code, e.Cause, e.Does(), e.Remedy)
	}
	return b.String()
}

func TestCodesAreExplainedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range Explanations() {
		if seen[e.Code] || e.Cause == "" || e.Remedy == "" || e.Does() == "" || strings.Contains(e.Cause+e.Remedy, "|") {
			t.Errorf("%s is explained twice or not in full", e.Code)
		}
		seen[e.Code] = true
	}
	// The codes of Microsoft's reference, and three that only the wire has.
	for _, code := range strings.Fields(`AF10001 AF20001 AF20002 AF20003 AF20010 AF20011 AF20012 AF20013 AF20020 AF20021 AF20022 AF20023 AF20024
		AF20030 AF20031 AF20050 AF20051 AF20052 AF20053 AF20054 AF20055 AF429 AF50000 AF50005 AF50006`) {
		if !seen[code] {
			t.Errorf("%s is not explained", code)
		}
	}
}

func TestAnswersAreUnderstood(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		code   string
		does   behaviour
	}{
		"code under any status":  {403, `{"error":{"code":"AF429","message":"Too many"}}`, "AF429", throttled},
		"code against status":    {401, `{"error":{"code":"AF10001","message":"no permission"}}`, "AF10001", blocked},
		"single quotes":          {400, `{'error':{'code':'AF20022','message':'No subscription'}}`, "AF20022", subscribe},
		"mentioned in HTML":      {500, `<html>The code may be AF20051</html>`, "", retry},
		"almost JSON":            {400, `error: {code: AF20051, message: has expired}`, "AF20051", expired},
		"HTML":                   {502, `<html>Bad Gateway</html>`, "", retry},
		"bare 401":               {401, ``, "401", unauthorised},
		"bare 429":               {429, ``, "429", throttled},
		"unknown code":           {400, `{"error":{"code":"AF29999","message":"new"}}`, "AF29999", retry},
		"auditing off":           {400, `{"error":{"code":"X","message":"Microsoft.Office.Compliance.Audit.DataServiceException: Tenant 1 does not exist"}}`, codeAuditOff, blocked},
		"error is not an object": {500, `{"error":"oops"}`, "", retry},
	} {
		f := answered("list content", &http.Response{StatusCode: c.status, Header: http.Header{}}, []byte(c.body), time.Now())
		if f.code != c.code || f.does != c.does {
			t.Errorf("%s: code %q, %s; want %q, %s", name, f.code, f.does, c.code, c.does)
		}
	}
}

func TestServersWordsAreHarmless(t *testing.T) {
	got := oneLine("a\r\nlevel=ERROR \x1b[31mred\x00\xff " + strings.Repeat("ü", 400))
	if strings.ContainsAny(got, "\r\n\x1b\x00") || len(got) > maxMessage+len("…") || !strings.HasPrefix(got, "a level=ERROR [31mred") {
		t.Errorf("%q", got)
	}
}
