// Package storage is a simulated Azure Storage account, as far as the Defender
// export, copies of the archive and the lake need one: append blobs and block blobs
// in containers, listed by page, read by range, written once, anew or in the place
// of a known one, and removed, with version-level immutability, over the REST
// interface.
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
	// Immutable: containers have version-level immutability.
	Immutable bool
	Now       func() time.Time
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
	empty map[string]bool // containers made, with or without blobs
	count int             // of changes
	fault func(*http.Request) *Fault
}

type blob struct {
	text     string
	modified time.Time
	etag     string
	until    time.Time // of its locked policy
	block    bool
}

// New returns an empty account.
func New(cfg Config) *Account {
	return &Account{cfg: cfg, blobs: map[string]blob{}, empty: map[string]bool{}}
}

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
	a.blobs[path] = blob{text: text, modified: a.cfg.Now(), etag: fmt.Sprintf("%q", fmt.Sprintf("0x%016X", a.count))}
}

// ServeHTTP implements http.Handler.
func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query, path := r.URL.Query(), strings.Trim(r.URL.Path, "/")
	if a.broken(w, r) {
		return
	}
	switch {
	case r.Method == http.MethodPut && query.Get("comp") == "" && r.Header.Get("x-ms-blob-type") == "BlockBlob":
		a.write(w, r, path)
	case r.Method == http.MethodGet && query.Get("restype") == "container" && query.Get("comp") == "":
		a.properties(w, path)
	case r.Method == http.MethodDelete && query.Get("comp") == "" && query.Get("restype") == "":
		a.remove(w, path)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		Refuse(w, http.StatusMethodNotAllowed, "UnsupportedHttpVerb", "The resource doesn't support specified Http Verb.")
	case path == "" && query.Get("comp") == "list":
		a.page(w, "Containers", a.containers(query.Get("prefix")), query.Get("marker"))
	case query.Get("comp") == "list":
		a.list(w, path, query.Get("prefix"), query.Get("delimiter"), query.Get("marker"))
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
		if entry := "<Container><Name>" + name + "</Name></Container>"; strings.HasPrefix(name, prefix) && !slices.Contains(names, entry) {
			names = append(names, entry)
		}
	}
	return names
}

func (a *Account) list(w http.ResponseWriter, container, prefix, delimiter, marker string) {
	a.mu.Lock()
	var entries []string
	found := a.empty[container]
	folders := map[string]bool{}
	for path, b := range a.blobs {
		name, ok := strings.CutPrefix(path, container+"/")
		if found = found || ok; !ok || !strings.HasPrefix(name, prefix) {
			continue
		}
		if at := strings.Index(name[len(prefix):], delimiter); delimiter != "" && at >= 0 {
			folder := name[:len(prefix)+at+len(delimiter)]
			if !folders[folder] {
				folders[folder] = true
				entries = append(entries, "<BlobPrefix><Name>"+escaped(folder)+"</Name></BlobPrefix>")
			}
			continue
		}
		kind := "AppendBlob"
		if b.block {
			kind = "BlockBlob"
		}
		entries = append(entries, fmt.Sprintf("<Blob><Name>%s</Name><Properties><Last-Modified>%s</Last-Modified><Etag>%s</Etag><Content-Length>%d</Content-Length><BlobType>%s</BlobType></Properties></Blob>",
			escaped(name), b.modified.UTC().Format(http.TimeFormat), b.etag, len(b.text), kind))
	}
	a.mu.Unlock()
	if !found {
		Refuse(w, http.StatusNotFound, "ContainerNotFound", "The specified container does not exist.")
		return
	}
	a.page(w, "Blobs", entries, marker)
}

func escaped(name string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(name)) // a builder takes everything
	return b.String()
}

// page answers one page of entries; a marker is the number of what was given.
func (a *Account) page(w http.ResponseWriter, many string, entries []string, marker string) {
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
		fmt.Fprint(w, entry)
	}
	fmt.Fprintf(w, "</%s><NextMarker>%s</NextMarker></EnumerationResults>", many, next)
}

func (a *Account) read(w http.ResponseWriter, path, span string) {
	a.mu.Lock()
	b, ok := a.blobs[path]
	a.mu.Unlock()
	from, to, err := spanOf(span, len(b.text))
	switch {
	case !ok:
		Refuse(w, http.StatusNotFound, "BlobNotFound", "The specified blob does not exist.")
		return
	case ok && span == "":
		w.Header().Set("ETag", b.etag)
		w.Header().Set("Last-Modified", b.modified.UTC().Format(http.TimeFormat))
		w.Header().Set("Content-Length", fmt.Sprint(len(b.text)))
		fmt.Fprint(w, b.text)
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
