package main

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/internal/objectstore/s3/s3test"
	"github.com/quoll/quoll/server"
	"github.com/quoll/quoll/tenantsim/storage"
)

const lakeSecret = "a secret that nobody may see"

// TestALakeInAStore configures a lake in S3 and one in Azure Blob Storage, and does
// what one does with a lake by commands that know the data directory alone.
func TestALakeInAStore(t *testing.T) {
	bucket := s3test.New(s3test.Config{Bucket: "rows", Region: "ap-southeast-2", Key: "AKIATEST", Secret: lakeSecret})
	s3 := httptest.NewServer(bucket)
	defer s3.Close()
	account := storage.New(storage.DefaultConfig())
	account.AddContainer("rows")
	azure := httptest.NewServer(account)
	defer azure.Close()
	t.Setenv("LAKE_SECRET", lakeSecret)
	t.Setenv("LAKE_ACCOUNT_KEY", base64.StdEncoding.EncodeToString([]byte(lakeSecret)))
	t.Run("s3", func(t *testing.T) {
		data := configured(t, "url: s3://rows/quoll?region=ap-southeast-2&path_style=true&endpoint="+s3.URL+
			"\n    access_key_id_file: id\n    secret_access_key_env: LAKE_SECRET", "s3://rows/quoll/lake-")
		imported(t, data)
		// Somebody removes a file of the store.
		for _, key := range bucket.Keys() {
			if strings.Contains(key, "/UnifiedAuditLog/data/") {
				bucket.Forget(key)
			}
		}
		var exit *exitError
		out, err := quoll(t, "lake", "check", "--data", data, "--quick")
		if !errors.As(err, &exit) || exit.code != exitFound || !strings.Contains(out, "is missing") {
			t.Fatalf("check: %v\n%s", err, out)
		}
		if out, err := quoll(t, "lake", "check", "--data", data, "--repair"); err != nil || !strings.Contains(out, "whole again, rebuilt from the journal") {
			t.Fatalf("repair: %v\n%s", err, out)
		}
		bucket.Break(func(*http.Request) *s3test.Fault { return &s3test.Fault{Status: 403, Code: "AccessDenied"} })
		_, err = quoll(t, "query", "--data", data, "UnifiedAuditLog | count")
		if err == nil || !strings.Contains(err.Error(), "HTTP 403 AccessDenied") || strings.Contains(err.Error(), lakeSecret) {
			t.Fatalf("a store that refuses: %v", err)
		}
	})
	t.Run("azure", func(t *testing.T) {
		imported(t, configured(t, "url: az://contoso/rows/quoll?endpoint="+azure.URL+"\n    account_key_env: LAKE_ACCOUNT_KEY",
			"abfss://rows@contoso.dfs.core.windows.net/quoll/lake-"))
	})
}

// configured makes a data directory with a configuration, as quoll serve does, and
// returns it. The health of its lake is what the store's is.
func configured(t *testing.T, store, uri string) string {
	t.Helper()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	text := "data_dir: data\nlake:\n  store:\n    " + store + "\n    cache_mib: 64\n"
	for name, text := range map[string]string{"quoll.yaml": text, "id": "AKIATEST\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Load(filepath.Join(dir, "quoll.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := openNode(t.Context(), configuredPaths(c), commandSettings(), commandLog())
	if err != nil {
		t.Fatal(err)
	}
	m := &measured{node: n}
	if s := m.lake(""); s.State != server.StateOK {
		t.Errorf("%+v", s)
	}
	if s := m.lake("HTTP 503"); s.State != server.StateDegraded || s.Code != "lake_store" || !strings.Contains(s.Remedy, uri) {
		t.Errorf("%+v", s)
	}
	if err := n.close(); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(data, workspaceFile))
	if err != nil || strings.Contains(string(written), lakeSecret) {
		t.Fatalf("%s, %v", written, err)
	}
	return data
}

// imported imports a record, asks for it from the store alone and checks the lake.
func imported(t *testing.T, data string) {
	t.Helper()
	record := `{"Id":"11111111-0000-4000-8000-000000000001","CreationTime":"2026-05-01T10:00:00","Operation":"New-InboxRule","OrganizationId":"` + keeperTenant + `","RecordType":1,"UserId":"a@contoso.example","Workload":"Exchange"}` + "\n"
	file := filepath.Join(t.TempDir(), "records.jsonl")
	if err := os.WriteFile(file, []byte(record), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := quoll(t, "import", "--data", data, file); err != nil {
		t.Fatalf("import: %v\n%s", err, out)
	}
	if err := os.RemoveAll(filepath.Join(data, "lake", "quoll")); err != nil { // the cache
		t.Fatal(err)
	}
	out, err := quoll(t, "query", "--data", data, "-o", "csv", "UnifiedAuditLog | project Operation, UserId")
	if err != nil || !strings.Contains(out, "New-InboxRule,a@contoso.example") {
		t.Fatalf("query: %v\n%s", err, out)
	}
	if out, err := quoll(t, "lake", "check", "--data", data); err != nil || !strings.Contains(out, "the lake is whole: 2 rows") {
		t.Fatalf("check: %v\n%s", err, out)
	}
}
