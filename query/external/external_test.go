package external

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/types"
)

var columns = []bind.Column{{Name: "name", Type: types.String}, {Name: "n", Type: types.Long}, {Name: "more", Type: types.Dynamic}}

// files is a host with files of every kind, and some that misbehave.
func files(t *testing.T) (*httptest.Server, string) {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	fmt.Fprint(w, "a,1\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{
		"/a.csv":      "\xef\xbb\xbfname,n,more\r\n\"x, y\",1,\"{\"\"k\"\":2}\"\nz,,\n",
		"/a.tsv":      "x\t1\t[1]\t4\n",
		"/a.txt":      "one, two\nthree\n",
		"/a.json":     "{\"name\":\"x\",\"n\":1,\"more\":{\"k\":2}}\n{\"name\":null,\"other\":1}\n",
		"/a.multi":    "[{\"name\":\"x\"},\n{\"n\":2}]",
		"/broken":     "{\"name\":",
		"/a.csv.gz":   packed.String(),
		"/large":      strings.Repeat("x\n", 600),
		"/reflective": "x",
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, "https://elsewhere.example/x", http.StatusFound)
		case "/down":
			http.Redirect(w, r, "http://"+r.Host+"/a.txt", http.StatusFound)
		case "/on":
			http.Redirect(w, r, "/a.txt", http.StatusFound)
		case "/slow":
			<-r.Context().Done()
		default:
			text, ok := texts[r.URL.Path]
			if !ok {
				http.NotFound(w, r)
				return
			}
			fmt.Fprint(w, text)
		}
	}))
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return server, address.Host
}

func reader(server *httptest.Server, hosts ...string) *Reader {
	return New(Config{Hosts: hosts, MaxBytes: 1000, Timeout: time.Minute}, server.Client().Transport)
}

func printed(rows [][]any) string {
	var b strings.Builder
	for _, row := range rows {
		for _, cell := range row {
			switch v := cell.(type) {
			case nil:
				b.WriteString("- ")
			case json.RawMessage:
				b.WriteString("json:" + string(v) + " ")
			default:
				fmt.Fprintf(&b, "%q ", v)
			}
		}
		b.WriteString("; ")
	}
	return b.String()
}

func TestFilesOfEveryFormat(t *testing.T) {
	server, host := files(t)
	for _, test := range []struct {
		path, format string
		ignore       bool
		want         string
	}{
		{"/a.csv", "", true, `"x, y" "1" json:{"k":2} ; "z" "" - ; `},
		{"/a.tsv", "", false, `"x" "1" json:[1] ; `},
		{"/a.txt", "", false, `"one, two" - - ; "three" - - ; `},
		{"/a.txt", "csv", true, `"three" - - ; `},
		{"/a.txt", "raw", false, `"one, two\nthree\n" - - ; `},
		{"/a.json", "", false, `json:"x" json:1 json:{"k":2} ; - - - ; `},
		{"/a.multi", "multijson", false, `json:"x" - - ; - json:2 - ; `},
		{"/a.csv.gz", "", false, `"a" "1" - ; `},
		{"/on", "txt", false, `"one, two" - - ; "three" - - ; `},
	} {
		asked := bind.External{Columns: columns, Sources: []string{"https://" + host + test.path + "?sig=secret"}, Format: test.format, IgnoreFirstRecord: test.ignore}
		rows, err := reader(server, strings.ToUpper(host)).Read(context.Background(), asked)
		if err != nil {
			t.Errorf("%s as %q: %v", test.path, test.format, err)
			continue
		}
		if got := printed(rows); got != test.want {
			t.Errorf("%s as %q gives\n%s, not\n%s", test.path, test.format, got, test.want)
		}
	}
}

// Whatever a query names, nothing is asked for but what the list has, and no
// message holds what may be a secret.
func TestWhatIsRefused(t *testing.T) {
	server, host := files(t)
	for _, test := range []struct{ address, format, want string }{
		{"https://elsewhere.example/a.csv", "", "may not read from"},
		{"https://elsewhere." + host + "/a.csv", "", "may not read from"},
		{"http://" + host + "/a.csv", "", "https only"},
		{"file:///etc/passwd", "", "no address"},
		{"/etc/passwd", "", "no address"},
		{"https://user:secret@" + host + "/a.csv", "", "no keys"},
		{"https://" + host + "/a.csv;secret", "", "no keys"},
		{"https://" + host + "/away?sig=secret", "", "another host"},
		{"https://" + host + "/down?sig=secret", "", "https only"},
		{"https://" + host + "/none?sig=secret", "", "404"},
		{"https://" + host + "/large?sig=secret", "", "larger than 1000 bytes"},
		{"https://" + host + "/broken?sig=secret", "json", "no JSON"},
		{"https://" + host + "/a.csv?sig=secret", "parquet", "format"},
	} {
		_, err := reader(server, host).Read(context.Background(), bind.External{Columns: columns, Sources: []string{test.address}, Format: test.format})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.address, err, test.want)
			continue
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the message %q holds a secret", test.address, err)
		}
	}
	hasty := reader(server, host)
	hasty.config.Timeout = 50 * time.Millisecond
	_, err := hasty.Read(context.Background(), bind.External{Columns: columns, Sources: []string{"https://" + host + "/slow?sig=secret"}})
	if err == nil || !strings.Contains(err.Error(), "took longer") || strings.Contains(err.Error(), "secret") {
		t.Errorf("what takes long: %v", err)
	}
	_, err = reader(server).Read(context.Background(), bind.External{Columns: columns, Sources: []string{"https://" + host + "/a.csv"}})
	var refusal *Refusal
	if !errors.As(err, &refusal) || !strings.Contains(refusal.Remedy(), "external_hosts") {
		t.Errorf("without a list: %v", err)
	}
}
