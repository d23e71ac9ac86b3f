package main

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/quoll/quoll/internal/loopback"
	"github.com/quoll/quoll/tenantsim/audit"
)

// mock answers as the Management Activity API and Microsoft Entra do, without
// their checks: what is measured is the collector.
type mock struct {
	content  *content
	pageSize int
	gzip     bool

	mu       sync.Mutex
	fetched  map[int]int // times that each blob was sent whole
	requests int64
	bytes    int64
}

// mockNote is what the process says when it is ready.
type mockNote struct {
	URL     string // of the API and of Entra
	Control string // of the counts
	CAFile  string
}

// mockCounts is what a server has been asked for so far.
type mockCounts struct {
	Blobs, Fetched, Refetched int
	Records, Requests, Bytes  int64
}

// mockFlags are the flags that say what is served.
type mockFlags struct {
	records   string
	mebibytes int64
	blobBytes int64
	pageSize  int
	gzip      bool
	http1     bool
	newest    time.Duration
}

func (f *mockFlags) register(set *flag.FlagSet) {
	set.StringVar(&f.records, "records", "", "folder of records, one a line in files *.jsonl, to serve copies of; else they are invented")
	set.Int64Var(&f.mebibytes, "mebibytes", 2048, "size of all content")
	set.Int64Var(&f.blobBytes, "blob-bytes", 0, "size of a blob; 0 for about 180 records")
	set.IntVar(&f.pageSize, "page", 200, "blobs on a page of a listing")
	set.BoolVar(&f.gzip, "gzip", false, "compress bodies for whoever accepts that")
	set.BoolVar(&f.http1, "http1", false, "speak HTTP/1.1 only")
	set.DurationVar(&f.newest, "newest", time.Hour, "age of the newest blob; the oldest is 20 hours old")
}

func (f *mockFlags) args() []string {
	return []string{
		"-records", f.records, "-mebibytes", strconv.FormatInt(f.mebibytes, 10), "-blob-bytes", strconv.FormatInt(f.blobBytes, 10),
		"-page", strconv.Itoa(f.pageSize), "-gzip=" + strconv.FormatBool(f.gzip), "-http1=" + strconv.FormatBool(f.http1),
		"-newest", f.newest.String(),
	}
}

func (f *mockFlags) content(now time.Time) (*content, error) {
	source := inventedTemplates
	if f.records != "" {
		source = func() (templates, error) { return readTemplates(f.records) }
	}
	t, err := source()
	if err != nil {
		return nil, err
	}
	p := plan{bytes: f.mebibytes << 20, blobBytes: f.blobBytes, blobRecords: 180, oldest: 20 * time.Hour, newest: f.newest}
	return newContent(t, p, now), nil
}

// runMock serves until ctx ends. It writes its note to standard output once it
// answers.
func runMock(ctx context.Context, args []string) error {
	set := flag.NewFlagSet("mock", flag.ContinueOnError)
	var f mockFlags
	f.register(set)
	dir := set.String("dir", ".", "folder for the certificate of the authority")
	if err := set.Parse(args); err != nil {
		return err
	}
	c, err := f.content(time.Now())
	if err != nil {
		return err
	}
	m := &mock{content: c, pageSize: f.pageSize, gzip: f.gzip, fetched: map[int]int{}}
	own, authority, err := loopback.New()
	if err != nil {
		return err
	}
	caFile := filepath.Join(*dir, "ca.pem")
	if err := os.WriteFile(caFile, authority, 0o600); err != nil {
		return fmt.Errorf("write certificate: %w", err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12}
	if f.http1 {
		config.NextProtos = []string{"http/1.1"}
	}
	api, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	control, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, api.Close())
	}
	servers := []*http.Server{
		{Handler: http.HandlerFunc(m.serve), TLSConfig: config, ReadHeaderTimeout: time.Minute},
		{Handler: http.HandlerFunc(m.counts), ReadHeaderTimeout: time.Minute},
	}
	ended := make(chan error, 2)
	go func() { ended <- servers[0].ServeTLS(api, "", "") }()
	go func() { ended <- servers[1].Serve(control) }()
	note := mockNote{URL: "https://" + api.Addr().String(), Control: "http://" + control.Addr().String(), CAFile: caFile}
	if err := json.NewEncoder(os.Stdout).Encode(note); err != nil {
		return err
	}
	select {
	case err = <-ended:
	case <-ctx.Done():
	}
	return errors.Join(err, servers[0].Close(), servers[1].Close())
}

func (m *mock) counts(w http.ResponseWriter, _ *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	counts := mockCounts{Blobs: len(m.content.blobs), Fetched: len(m.fetched), Records: m.content.records, Requests: m.requests, Bytes: m.bytes}
	for _, times := range m.fetched {
		counts.Refetched += times - 1
	}
	answer(w, counts)
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(body) // that the client has gone is its own business
}

func (m *mock) serve(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	m.requests++
	m.mu.Unlock()
	path := r.URL.Path
	switch {
	case strings.HasSuffix(path, "/.well-known/openid-configuration"):
		authority := "https://" + r.Host + "/" + tenantID
		answer(w, map[string]any{
			"issuer": authority + "/v2.0", "authorization_endpoint": authority + "/oauth2/v2.0/authorize",
			"token_endpoint": authority + "/oauth2/v2.0/token", "jwks_uri": authority + "/discovery/v2.0/keys",
		})
	case strings.HasSuffix(path, "/token"):
		expires := strconv.FormatInt(time.Now().Add(24*time.Hour).Unix(), 10)
		answer(w, map[string]any{
			"token_type": "Bearer", "expires_in": 86399, "expires_on": expires, "not_before": "0",
			"resource": "https://manage.office.com", "access_token": "token",
		})
	case strings.HasSuffix(path, "/subscriptions/start"):
		answer(w, subscription(r.URL.Query().Get("contentType")))
	case strings.HasSuffix(path, "/subscriptions/list"):
		var all []any
		for _, name := range audit.ContentTypes() {
			all = append(all, subscription(name))
		}
		answer(w, all)
	case strings.HasSuffix(path, "/subscriptions/content"):
		m.list(w, r)
	case strings.Contains(path, "/activity/feed/audit/"):
		m.fetch(w, r, path[strings.LastIndex(path, "/")+1:])
	default:
		http.NotFound(w, r)
	}
}

func subscription(contentType string) any {
	return map[string]any{"contentType": contentType, "status": "enabled", "webhook": nil}
}

// list answers a page of the blobs created in a window.
func (m *mock) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	const layout = "2006-01-02T15:04:05"
	start, startErr := time.Parse(layout, query.Get("startTime"))
	end, endErr := time.Parse(layout, query.Get("endTime"))
	if startErr != nil || endErr != nil {
		http.Error(w, "startTime and endTime have the form "+layout, http.StatusBadRequest)
		return
	}
	after, _ := strconv.Atoi(query.Get("nextPage")) // absent is 0, the first
	type entry struct {
		ContentURI        string `json:"contentUri"`
		ContentID         string `json:"contentId"`
		ContentType       string `json:"contentType"`
		ContentCreated    string `json:"contentCreated"`
		ContentExpiration string `json:"contentExpiration"`
	}
	entries := []entry{}
	const instant = "2006-01-02T15:04:05.000Z"
	base := "https://" + r.Host + "/api/v1.0/" + tenantID + "/activity/feed/"
	for i := after; i < len(m.content.blobs); i++ {
		b := &m.content.blobs[i]
		if b.contentType != query.Get("contentType") || b.created.Before(start) || !b.created.Before(end) {
			continue
		}
		if m.pageSize > 0 && len(entries) == m.pageSize {
			query.Set("nextPage", strconv.Itoa(i))
			w.Header().Set("NextPageUri", base+"subscriptions/content?"+query.Encode())
			break
		}
		entries = append(entries, entry{base + "audit/" + b.id(), b.id(), b.contentType, b.created.UTC().Format(instant), b.created.Add(7 * 24 * time.Hour).UTC().Format(instant)})
	}
	answer(w, entries)
}

func (m *mock) fetch(w http.ResponseWriter, r *http.Request, id string) {
	b, ok := m.content.find(id)
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		answer(w, map[string]any{"error": map[string]string{"code": "AF20050", "message": "The specified content (" + id + ") does not exist."}})
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	n, err := m.send(w, r, b)
	if err != nil {
		return // the client has gone
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fetched[b.number]++
	m.bytes += n
}

func (m *mock) send(w http.ResponseWriter, r *http.Request, b *blob) (int64, error) {
	var to io.Writer = w
	if m.gzip && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
		if err != nil {
			return 0, err
		}
		n, err := m.content.write(z, b)
		return n, errors.Join(err, z.Close())
	}
	return m.content.write(to, b)
}
