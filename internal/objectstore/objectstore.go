// Package objectstore keeps objects, bytes under a name, where a file system is
// none: what the stores have in common, a store that is a folder on another disk,
// and a store seen as a folder. S3 and Azure Blob Storage are packages below it,
// each behind the same methods; who uses a store declares the interface it needs.
//
// Objects are written once: Create and Upload refuse a name that is taken. Only
// Replace, for the few names that move on, overwrites, and Swap does so on the
// condition that nobody else did. Purge removes for good, from copies of the archive what was disposed
// of or erased, and fails as long as a store locks it; the lake's files go when
// nothing needs them.
//
// It must not know what the bytes mean, nor which of them are retried for how
// long: within a call a store tries a few times, and then gives the error.
package objectstore

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ErrChanged is the error of Swap where the object is not, or not any more, the one
// that was to be replaced.
var ErrChanged = errors.New("somebody else changed the object")

// Info is what a store says of an object.
type Info struct {
	Name string // without the store's prefix
	Size int64
	// ETag changes with the contents; empty where there is no such thing.
	ETag     string
	Modified time.Time
	Dir      bool // further names begin with Name and a slash; the rest is empty
}

// Locking is how far a store keeps objects from being changed or removed, by
// whoever has the rights to.
type Locking struct {
	// Can: objects are locked until the time that Create is given.
	Can bool
	// Unknown: the store would not say.
	Unknown bool
	// Found is in words what it is, and Remedy what to do for there to be locking.
	Found, Remedy string
}

// Error is what a store answered instead of what was asked for. It has no
// addresses of requests, as those may hold signatures. errors.Is takes it for
// fs.ErrExist, fs.ErrNotExist or fs.ErrPermission where that is the cause.
type Error struct {
	Operation string // "create objects/…"
	Status    int    // HTTP; 0 when no answer came
	Code      string // the store's own word ("SlowDown"); may be empty
	Cause     error  // nil when Status says it all
}

func (e *Error) Error() string {
	text := e.Operation
	if e.Status != 0 {
		text += ": " + strings.TrimSpace(fmt.Sprintf("HTTP %d %s", e.Status, e.Code))
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Cause }

// Is implements what errors.Is asks.
func (e *Error) Is(target error) bool {
	switch target {
	case fs.ErrPermission:
		return e.Status == http.StatusForbidden || e.Status == http.StatusUnauthorized
	case fs.ErrNotExist:
		return e.Status == http.StatusNotFound
	}
	return false
}

// Plain takes the address of a request out of an error.
func Plain(err error) error {
	var request *url.Error
	if errors.As(err, &request) {
		return request.Err
	}
	return err
}

// Broken says whether an error is that of a connection, and not an answer.
func Broken(err error) bool {
	var answered *Error
	var network net.Error
	return errors.As(err, &answered) && answered.Status == 0 || errors.As(err, &network)
}
