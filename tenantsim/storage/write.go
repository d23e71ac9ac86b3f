package storage

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Fault is what goes wrong with a request: an error instead of what was asked for
// or, if Kept, after it was done.
type Fault struct {
	Status int
	Code   string
	Kept   bool
}

// Break sets what decides on faults; nil is none.
func (a *Account) Break(fault func(*http.Request) *Fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fault = fault
}

// AddContainer makes an empty container.
func (a *Account) AddContainer(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.empty[name] = true
}

// LockedUntil returns when the policy of a blob ends; the zero time without one.
// path is container/name.
func (a *Account) LockedUntil(path string) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.blobs[path].until
}

// broken answers with a fault, if there is to be one.
func (a *Account) broken(w http.ResponseWriter, r *http.Request) bool {
	a.mu.Lock()
	decide := a.fault
	a.mu.Unlock()
	if decide == nil {
		return false
	}
	fault := decide(r)
	if fault == nil {
		return false
	}
	if fault.Kept {
		if path := strings.Trim(r.URL.Path, "/"); r.Method == http.MethodDelete {
			a.remove(discard{http.Header{}}, path)
		} else {
			a.write(discard{http.Header{}}, r, path)
		}
	}
	Refuse(w, fault.Status, fault.Code, "It was asked to fail.")
	return true
}

// discard is an answer that never arrives.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

// write is Put Blob.
func (a *Account) write(w http.ResponseWriter, r *http.Request, path string) {
	body, err := io.ReadAll(r.Body)
	sum := md5.Sum(body)
	given := r.Header.Get("Content-MD5")
	container, _, _ := strings.Cut(path, "/")
	a.mu.Lock()
	defer a.mu.Unlock()
	before, there := a.blobs[path]
	until, locked, refused := a.policy(r)
	switch {
	case err != nil:
		Refuse(w, http.StatusBadRequest, "InvalidInput", "The body ended early.")
	case !a.empty[container]:
		Refuse(w, http.StatusNotFound, "ContainerNotFound", "The specified container does not exist.")
	case given != "" && given != base64.StdEncoding.EncodeToString(sum[:]):
		Refuse(w, http.StatusBadRequest, "Md5Mismatch", "The MD5 value specified in the request did not match with the MD5 value calculated by the server.")
	case refused:
		Refuse(w, http.StatusBadRequest, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format.")
	case locked && !a.cfg.Immutable:
		Refuse(w, http.StatusConflict, "FeatureNotYetSupportedForHierarchicalNamespaceAccounts", "Version level immutability is not enabled on the container.")
	case r.Header.Get("If-None-Match") == "*" && there:
		Refuse(w, http.StatusConflict, "BlobAlreadyExists", "The specified blob already exists.")
	case r.Header.Get("If-Match") != "" && (!there || r.Header.Get("If-Match") != before.etag):
		Refuse(w, http.StatusPreconditionFailed, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.")
	case there && !before.until.IsZero() && !a.cfg.Immutable:
		Refuse(w, http.StatusConflict, "BlobImmutableDueToPolicy", "This operation is not permitted as the blob is immutable due to a policy.")
	default:
		a.put(path, string(body))
		made := a.blobs[path]
		made.until, made.block = until, true
		a.blobs[path] = made
		w.Header().Set("ETag", made.etag)
		w.Header().Set("Last-Modified", made.modified.UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusCreated)
	}
}

// remove is Delete Blob.
func (a *Account) remove(w http.ResponseWriter, path string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch b, there := a.blobs[path]; {
	case !there:
		Refuse(w, http.StatusNotFound, "BlobNotFound", "The specified blob does not exist.")
	case !b.until.IsZero():
		Refuse(w, http.StatusConflict, "BlobImmutableDueToPolicy", "This operation is not permitted as the blob is immutable due to a policy.")
	default:
		delete(a.blobs, path)
		w.WriteHeader(http.StatusAccepted)
	}
}

// policy reads the time-based policy of a request.
func (a *Account) policy(r *http.Request) (until time.Time, locked, refused bool) {
	mode := r.Header.Get("x-ms-immutability-policy-mode")
	text := r.Header.Get("x-ms-immutability-policy-until-date")
	if mode == "" && text == "" {
		return until, false, false
	}
	until, err := time.Parse(http.TimeFormat, text)
	return until, true, err != nil || !until.After(a.cfg.Now()) || !strings.EqualFold(mode, "locked") && !strings.EqualFold(mode, "unlocked")
}

// properties is Get Container Properties.
func (a *Account) properties(w http.ResponseWriter, container string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.empty[container] {
		Refuse(w, http.StatusNotFound, "ContainerNotFound", "The specified container does not exist.")
		return
	}
	w.Header().Set("x-ms-has-immutability-policy", "false")
	w.Header().Set("x-ms-immutable-storage-with-versioning-enabled", fmt.Sprint(a.cfg.Immutable))
}

// spanOf reads a range, which may be open at its end.
func spanOf(span string, size int) (from, to int, err error) {
	if _, err = fmt.Sscanf(span, "bytes=%d-%d", &from, &to); err != nil {
		to = size
		_, err = fmt.Sscanf(span, "bytes=%d-", &from)
	}
	return from, to, err
}
