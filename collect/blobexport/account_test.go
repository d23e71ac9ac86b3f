package blobexport

import (
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// account is the few calls of Azure Storage's REST interface that are needed here,
// over TLS: listings by page and ranged reads.
type account struct {
	t      *testing.T
	server *httptest.Server
	ca     string
	// allows looks at a request before it is answered; nil allows everything.
	allows func(*http.Request) bool

	mu    sync.Mutex
	blobs map[string]stored // by container/name
	calls []string
	clock time.Time
	page  int
}

type stored struct {
	text     string
	modified time.Time
	etag     string
}

func newAccount(t *testing.T) *account {
	t.Helper()
	a := &account{t: t, blobs: map[string]stored{}, clock: time.Date(2026, 9, 18, 8, 0, 0, 0, time.UTC), page: 3}
	a.server = httptest.NewTLSServer(a)
	t.Cleanup(a.server.Close)
	a.ca = filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.server.Certificate().Raw})
	if err := os.WriteFile(a.ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

// put replaces a blob.
func (a *account) put(container, name, text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := container + "/" + name
	a.blobs[key] = stored{text, a.clock, fmt.Sprintf("\"%d\"", len(a.calls)*1000+len(a.blobs[key].etag)+len(text)+len(a.blobs))}
}

// add appends to a blob.
func (a *account) add(container, name, text string) {
	a.mu.Lock()
	old := a.blobs[container+"/"+name].text
	a.mu.Unlock()
	a.put(container, name, old+text)
}

func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	query := r.URL.Query()
	a.calls = append(a.calls, fmt.Sprint(r.Method, " ", r.URL.Path, " ", query.Get("prefix"), " ", r.Header.Get("x-ms-range")))
	path := strings.Trim(r.URL.Path, "/")
	switch {
	case a.allows != nil && !a.allows(r):
		a.refuse(w, http.StatusForbidden, "AuthorizationPermissionMismatch")
	case r.Method != http.MethodGet:
		a.refuse(w, http.StatusMethodNotAllowed, "UnsupportedHttpVerb")
	case path == "" && query.Get("comp") == "list":
		a.list(w, "Containers", "Container", a.containers(query.Get("prefix")), query.Get("marker"))
	case query.Get("comp") == "list":
		a.listBlobs(w, path, query.Get("prefix"), query.Get("marker"))
	default:
		a.read(w, path, r.Header.Get("x-ms-range"))
	}
}

func (a *account) refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("x-ms-error-code", code)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>no, not with sig=c2VjcmV0</Message></Error>", code)
}

func (a *account) containers(prefix string) []string {
	var names []string
	for key := range a.blobs {
		name, _, _ := strings.Cut(key, "/")
		if strings.HasPrefix(name, prefix) && !slices.Contains(names, "<Name>"+name+"</Name>") {
			names = append(names, "<Name>"+name+"</Name>")
		}
	}
	return names
}

func (a *account) listBlobs(w http.ResponseWriter, container, prefix, marker string) {
	var items []string
	found := false
	for key, b := range a.blobs {
		name, ok := strings.CutPrefix(key, container+"/")
		found = found || ok
		if !ok || !strings.HasPrefix(name, prefix) {
			continue
		}
		var escaped strings.Builder
		_ = xml.EscapeText(&escaped, []byte(name))
		items = append(items, fmt.Sprintf("<Name>%s</Name><Properties><Last-Modified>%s</Last-Modified><Etag>%s</Etag><Content-Length>%d</Content-Length><BlobType>AppendBlob</BlobType></Properties>",
			escaped.String(), b.modified.Format(http.TimeFormat), b.etag, len(b.text)))
	}
	if !found {
		a.refuse(w, http.StatusNotFound, "ContainerNotFound")
		return
	}
	a.list(w, "Blobs", "Blob", items, marker)
}

// list answers one page; a marker is the number of what was given.
func (a *account) list(w http.ResponseWriter, many, one string, items []string, marker string) {
	slices.Sort(items)
	from := 0
	_, _ = fmt.Sscan(marker, &from)
	to := min(from+a.page, len(items))
	next := ""
	if to < len(items) {
		next = fmt.Sprint(to)
	}
	w.Header().Set("Content-Type", "application/xml")
	fmt.Fprintf(w, "<?xml version=\"1.0\"?><EnumerationResults><%s>", many)
	for _, item := range items[from:to] {
		fmt.Fprintf(w, "<%s>%s</%s>", one, item, one)
	}
	fmt.Fprintf(w, "</%s><NextMarker>%s</NextMarker></EnumerationResults>", many, next)
}

func (a *account) read(w http.ResponseWriter, path, span string) {
	b, ok := a.blobs[path]
	var from, to int
	_, err := fmt.Sscanf(span, "bytes=%d-%d", &from, &to)
	switch {
	case !ok:
		a.refuse(w, http.StatusNotFound, "BlobNotFound")
		return
	case err != nil || from >= len(b.text):
		a.refuse(w, http.StatusRequestedRangeNotSatisfiable, "InvalidRange")
		return
	}
	to = min(to+1, len(b.text))
	w.Header().Set("ETag", b.etag)
	w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(b.text)))
	w.Header().Set("Content-Length", fmt.Sprint(to-from))
	w.WriteHeader(http.StatusPartialContent)
	fmt.Fprint(w, b.text[from:to])
}
