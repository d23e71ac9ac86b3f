// Package s3test is a small S3 for tests: one bucket, served over HTTP, with
// signatures (version 4) that are checked, conditional puts, versions, Object Lock,
// listings by page, and faults on demand. It answers what Amazon's reference says
// of these parts, and refuses the rest.
package s3test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"
)

// Config is a bucket and who may use it.
type Config struct {
	Bucket, Region string
	// Lock: the bucket has Object Lock, and so versions.
	Lock bool
	// Key and Secret sign requests; with a Session, its token comes along, and is
	// refused from Expires on.
	Key, Secret, Session string
	Expires              time.Time
	Now                  func() time.Time // nil is time.Now
	// PageSize is the most entries of a page of a listing; 1000 if zero.
	PageSize int
}

// Fault is what goes wrong with a request.
type Fault struct {
	// Status and Code are answered, instead of doing it or, with Kept, after it.
	Status int
	Code   string
	Kept   bool
	// Drop closes the connection, before or after; Cut after so many bytes of the
	// answer's body.
	Drop bool
	Cut  int
}

// Server implements http.Handler. It is safe for concurrent use.
type Server struct {
	cfg Config

	mu       sync.Mutex
	versions map[string][]Version
	count    int
	fault    func(*http.Request) *Fault
	requests []string
}

// Version is one version of an object.
type Version struct {
	ID       string
	Data     []byte
	Modified time.Time
	Mode     string // of its retention; empty without
	Until    time.Time
	Marker   bool // it was deleted with this one
}

// New returns a server with an empty bucket.
func New(cfg Config) *Server {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.PageSize == 0 {
		cfg.PageSize = 1000
	}
	return &Server{cfg: cfg, versions: map[string][]Version{}}
}

// Break sets what decides on faults; nil is none.
func (s *Server) Break(fault func(*http.Request) *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// Requests returns what was asked since the last time: "PUT key".
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.requests
	s.requests = nil
	return all
}

// Keys returns the names of the objects, sorted.
func (s *Server) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	for key := range s.versions {
		if s.current(key) != nil {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	return keys
}

// Versions returns those of an object, the newest last.
func (s *Server) Versions(key string) []Version {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.versions[key])
}

// Put makes an object whatever there is, as somebody else would.
func (s *Server) Put(key string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(key, Version{Data: data})
}

// Forget removes an object with all its versions, as only a test can.
func (s *Server) Forget(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.versions, key)
}

func (s *Server) put(key string, v Version) string {
	s.count++
	v.ID, v.Modified = fmt.Sprintf("v%08d", s.count), s.cfg.Now()
	if !s.cfg.Lock {
		s.versions[key] = nil
	}
	s.versions[key] = append(s.versions[key], v)
	return v.ID
}

func (s *Server) current(key string) *Version {
	all := s.versions[key]
	if len(all) == 0 || all[len(all)-1].Marker {
		return nil
	}
	return &all[len(all)-1]
}

// refusal is an error of S3.
type refusal struct {
	status        int
	code, message string
}

func (r refusal) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(r.status)
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>%s</Message><RequestId>1</RequestId></Error>`, r.code, r.message)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refusal{http.StatusBadRequest, "IncompleteBody", "The request body ended early."}.write(w)
		return
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, strings.TrimSpace(r.Method+" "+key))
	var fault Fault
	if s.fault != nil {
		if f := s.fault(r); f != nil {
			fault = *f
		}
	}
	answer := &recorder{header: http.Header{}, status: http.StatusOK}
	if fault == (Fault{}) || fault.Kept || fault.Cut > 0 {
		if refused := s.check(r, body); refused != nil {
			refused.write(answer)
		} else if bucket != s.cfg.Bucket {
			refusal{http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist"}.write(answer)
		} else {
			s.serve(answer, r, key, body)
		}
	}
	switch {
	case fault.Drop:
		panic(http.ErrAbortHandler)
	case fault.Status != 0:
		refusal{fault.Status, fault.Code, "It was asked to fail."}.write(w)
	default:
		answer.send(w, fault.Cut)
	}
}

// recorder keeps an answer until it is known what becomes of it.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

func (r *recorder) send(w http.ResponseWriter, cut int) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	if w.Header().Get("Content-Length") == "" {
		w.Header().Set("Content-Length", fmt.Sprint(r.body.Len()))
	}
	w.WriteHeader(r.status)
	data := r.body.Bytes()
	if cut > 0 && cut < len(data) {
		_, _ = w.Write(data[:cut]) // who reads it sees that it is short
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(data)
}

// unspoken is S3's own answer to a request that a server does not know, as Amazon
// gives it to If-None-Match with an ETag on a put. Here it keeps a client that goes
// beyond the parts above from passing a test by chance.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
var unspoken = refusal{http.StatusNotImplemented, "NotImplemented", "A header you provided implies functionality that is not implemented"}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	query := r.URL.Query()
	switch {
	case key == "" && r.Method == http.MethodGet && query.Has("location"):
		fmt.Fprintf(w, `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">%s</LocationConstraint>`, s.cfg.Region)
	case key == "" && r.Method == http.MethodGet && query.Has("object-lock"):
		if !s.cfg.Lock {
			refusal{http.StatusNotFound, "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket"}.write(w)
			return
		}
		fmt.Fprint(w, `<ObjectLockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>`)
	case key == "" && r.Method == http.MethodGet && query.Get("list-type") == "2":
		s.list(w, query.Get("prefix"), query.Get("delimiter"), max(query.Get("continuation-token"), query.Get("start-after")))
	case key != "" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		s.get(w, r, key)
	case key != "" && r.Method == http.MethodPut:
		s.store(w, r, key, body)
	case key != "" && r.Method == http.MethodDelete:
		s.remove(w, key, query.Get("versionId"))
	default:
		unspoken.write(w)
	}
}

func (s *Server) store(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	sum := md5.Sum(body)
	given := r.Header.Get("Content-MD5")
	if given != "" && given != base64.StdEncoding.EncodeToString(sum[:]) {
		refusal{http.StatusBadRequest, "BadDigest", "The Content-MD5 you specified did not match what we received."}.write(w)
		return
	}
	v := Version{Data: body, Mode: r.Header.Get("X-Amz-Object-Lock-Mode")}
	if v.Mode != "" {
		var err error
		v.Until, err = time.Parse(time.RFC3339, r.Header.Get("X-Amz-Object-Lock-Retain-Until-Date"))
		switch {
		case !s.cfg.Lock:
			refusal{http.StatusBadRequest, "InvalidRequest", "Bucket is missing Object Lock Configuration"}.write(w)
			return
		case given == "":
			refusal{http.StatusBadRequest, "InvalidRequest", "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters"}.write(w)
			return
		case err != nil || !v.Until.After(s.cfg.Now()) || v.Mode != "COMPLIANCE" && v.Mode != "GOVERNANCE":
			refusal{http.StatusBadRequest, "InvalidArgument", "The retain until date must be in the future!"}.write(w)
			return
		}
	}
	if condition := r.Header.Get("If-None-Match"); condition != "" && condition != "*" {
		unspoken.write(w)
		return
	} else if condition == "*" && s.current(key) != nil {
		refusal{http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"}.write(w)
		return
	}
	if condition := r.Header.Get("If-Match"); condition != "" {
		switch there := s.current(key); {
		case there == nil:
			refusal{http.StatusNotFound, "NoSuchKey", "The specified key does not exist."}.write(w)
			return
		case condition != etag(there.Data):
			refusal{http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"}.write(w)
			return
		}
	}
	id := s.put(key, v)
	w.Header().Set("ETag", etag(body))
	if s.cfg.Lock {
		w.Header().Set("X-Amz-Version-Id", id)
	}
}

func etag(data []byte) string {
	sum := md5.Sum(data)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func (s *Server) get(w http.ResponseWriter, r *http.Request, key string) {
	v := s.current(key)
	if v == nil {
		refusal{http.StatusNotFound, "NoSuchKey", "The specified key does not exist."}.write(w)
		return
	}
	if s.cfg.Lock {
		w.Header().Set("X-Amz-Version-Id", v.ID)
	}
	w.Header().Set("ETag", etag(v.Data))
	w.Header().Set("Last-Modified", v.Modified.UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "application/octet-stream")
	data, from := v.Data, 0
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil {
		if from >= len(data) {
			refusal{http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable"}.write(w)
			return
		}
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
		w.WriteHeader(http.StatusPartialContent)
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(data)-from))
	if r.Method == http.MethodGet {
		_, _ = w.Write(data[from:])
	}
}

// remove takes a version away, unless it is locked, or puts a marker over all.
func (s *Server) remove(w http.ResponseWriter, key, id string) {
	if id == "" && s.cfg.Lock {
		s.put(key, Version{Marker: true})
	} else {
		for _, v := range s.versions[key] {
			if v.ID == id && v.Until.After(s.cfg.Now()) {
				refusal{http.StatusForbidden, "AccessDenied", "Access Denied because object protected by object lock."}.write(w)
				return
			}
		}
		s.versions[key] = slices.DeleteFunc(s.versions[key], func(v Version) bool { return id == "" || v.ID == id })
	}
	w.WriteHeader(http.StatusNoContent)
}

type listed struct {
	Key, LastModified, ETag string
	Size                    int
}

type prefixed struct{ Prefix string }

type listing struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name, Prefix          string
	KeyCount              int
	IsTruncated           bool
	NextContinuationToken string `xml:",omitempty"`
	Contents              []listed
	CommonPrefixes        []prefixed
}

// list answers a page of what comes after a name.
func (s *Server) list(w http.ResponseWriter, prefix, delimiter, after string) {
	names := map[string]*Version{} // nil for what names have in common
	for key := range s.versions {
		v := s.current(key)
		rest, ok := strings.CutPrefix(key, prefix)
		if v == nil || !ok {
			continue
		}
		if at := strings.Index(rest, delimiter); delimiter != "" && at >= 0 {
			names[prefix+rest[:at+len(delimiter)]] = nil
			continue
		}
		names[key] = v
	}
	var sorted []string
	for name := range names {
		if name > after {
			sorted = append(sorted, name)
		}
	}
	sort.Strings(sorted)
	page := listing{Name: s.cfg.Bucket, Prefix: prefix}
	if len(sorted) > s.cfg.PageSize {
		sorted = sorted[:s.cfg.PageSize]
		page.IsTruncated, page.NextContinuationToken = true, sorted[len(sorted)-1]
	}
	page.KeyCount = len(sorted)
	for _, name := range sorted {
		if v := names[name]; v != nil {
			page.Contents = append(page.Contents, listed{name, v.Modified.UTC().Format(time.RFC3339), etag(v.Data), len(v.Data)})
		} else {
			page.CommonPrefixes = append(page.CommonPrefixes, prefixed{name})
		}
	}
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(page) // into memory
}

func sum256(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
