// Package storage is a simulated Azure Storage account, as far as the Defender
// export needs one: append blobs in containers, listed by page and read by range
// over the REST interface.
//
// It must not know what a line says, nor when it is due. It does not check
// signatures: who may read is for whoever serves it to say.
package storage

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Config says how an account answers.
type Config struct {
	// PageSize is how many entries one page of a listing has.
	PageSize int
	Now      func() time.Time
}

// DefaultConfig returns what Azure does.
func DefaultConfig() Config {
	return Config{PageSize: 5000, Now: func() time.Time { return time.Now().UTC() }}
}

// Account implements http.Handler. It is safe for concurrent use.
type Account struct {
	cfg Config

	mu    sync.Mutex
	blobs map[string]blob // by container/name
	count int             // of changes
}

type blob struct {
	text     string
	modified time.Time
	etag     string
}

// New returns an empty account.
func New(cfg Config) *Account { return &Account{cfg: cfg, blobs: map[string]blob{}} }

// Append adds text to a blob and makes it if need be. path is container/name.
func (a *Account) Append(path, text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.put(path, a.blobs[path].text+text)
}

// Replace makes a blob anew.
func (a *Account) Replace(path, text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.put(path, text)
}

func (a *Account) put(path, text string) {
	a.count++
	a.blobs[path] = blob{text, a.cfg.Now(), fmt.Sprintf("%q", fmt.Sprintf("0x%016X", a.count))}
}

// ServeHTTP implements http.Handler.
func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query, path := r.URL.Query(), strings.Trim(r.URL.Path, "/")
	switch {
	case r.Method != http.MethodGet:
		Refuse(w, http.StatusMethodNotAllowed, "UnsupportedHttpVerb", "The resource doesn't support specified Http Verb.")
	case path == "" && query.Get("comp") == "list":
		a.page(w, "Containers", "Container", a.containers(query.Get("prefix")), query.Get("marker"))
	case query.Get("comp") == "list":
		a.list(w, path, query.Get("prefix"), query.Get("marker"))
	default:
		a.read(w, path, r.Header.Get("x-ms-range"))
	}
}

// Refuse answers with one of the errors of Azure Storage.
func Refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("x-ms-error-code", code)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
}

func (a *Account) containers(prefix string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var names []string
	for path := range a.blobs {
		name, _, _ := strings.Cut(path, "/")
		if entry := "<Name>" + name + "</Name>"; strings.HasPrefix(name, prefix) && !slices.Contains(names, entry) {
			names = append(names, entry)
		}
	}
	return names
}

func (a *Account) list(w http.ResponseWriter, container, prefix, marker string) {
	a.mu.Lock()
	var entries []string
	found := false
	for path, b := range a.blobs {
		name, ok := strings.CutPrefix(path, container+"/")
		if found = found || ok; !ok || !strings.HasPrefix(name, prefix) {
			continue
		}
		var escaped strings.Builder
		_ = xml.EscapeText(&escaped, []byte(name)) // a builder takes everything
		entries = append(entries, fmt.Sprintf("<Name>%s</Name><Properties><Last-Modified>%s</Last-Modified><Etag>%s</Etag><Content-Length>%d</Content-Length><BlobType>AppendBlob</BlobType></Properties>",
			escaped.String(), b.modified.UTC().Format(http.TimeFormat), b.etag, len(b.text)))
	}
	a.mu.Unlock()
	if !found {
		Refuse(w, http.StatusNotFound, "ContainerNotFound", "The specified container does not exist.")
		return
	}
	a.page(w, "Blobs", "Blob", entries, marker)
}

// page answers one page of entries; a marker is the number of what was given.
func (a *Account) page(w http.ResponseWriter, many, one string, entries []string, marker string) {
	slices.Sort(entries)
	from := 0
	_, _ = fmt.Sscan(marker, &from) // without a marker from the start
	from = min(max(from, 0), len(entries))
	to := min(from+a.cfg.PageSize, len(entries))
	next := ""
	if to < len(entries) {
		next = fmt.Sprint(to)
	}
	w.Header().Set("Content-Type", "application/xml")
	fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults><%s>", many)
	for _, entry := range entries[from:to] {
		fmt.Fprintf(w, "<%s>%s</%s>", one, entry, one)
	}
	fmt.Fprintf(w, "</%s><NextMarker>%s</NextMarker></EnumerationResults>", many, next)
}

func (a *Account) read(w http.ResponseWriter, path, span string) {
	a.mu.Lock()
	b, ok := a.blobs[path]
	a.mu.Unlock()
	var from, to int
	_, err := fmt.Sscanf(span, "bytes=%d-%d", &from, &to)
	switch {
	case !ok:
		Refuse(w, http.StatusNotFound, "BlobNotFound", "The specified blob does not exist.")
		return
	case err != nil || from < 0 || to < from || from >= len(b.text):
		Refuse(w, http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The range specified is invalid for the current size of the resource.")
		return
	}
	to = min(to+1, len(b.text))
	w.Header().Set("ETag", b.etag)
	w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(b.text)))
	w.Header().Set("Content-Length", fmt.Sprint(to-from))
	w.WriteHeader(http.StatusPartialContent)
	fmt.Fprint(w, b.text[from:to])
}
