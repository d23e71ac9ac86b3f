package auditsearch

import (
	"errors"
	"net/http"

	"github.com/quoll/quoll/collect/graph"
)

// behaviour is what a search does about an error.
type behaviour int

const (
	retry     behaviour = iota // try again later
	throttled                  // stand back, then try again
	gone                       // the query or the page is no longer there
	broken                     // the page is not whole, and may never be
	blocked                    // a person has to act; the search ends
)

// ErrBlocked is wrapped by errors that a person has to mend before a search
// can go on.
var ErrBlocked = errors.New("the search cannot go on")

// errBroken says that a page is not whole.
var errBroken = errors.New("the page is not whole")

// remedied is an error with what to do about it.
type remedied struct {
	error
	remedy string
}

func (r *remedied) Error() string { return r.error.Error() + "\n" + r.remedy }
func (r *remedied) Unwrap() error { return r.error }

const (
	permissions = "In the Microsoft Entra admin center open App registrations, the application, API permissions; add the application permission AuditLogsQuery.Read.All of \"Microsoft Graph\" (or AuditLogsQuery-Exchange.Read.All and its like for single services) and grant admin consent."
	useBeta     = "Some tenants are only served by Graph's beta: set audit_search.api_version to beta in the configuration. Microsoft offers the search of the audit log in the commercial cloud and GCC only."
	checkNames  = "Graph does not accept the query: check the names given as record types and operations."
)

// behaviourOf says what to do about an error, and what a person could.
func behaviourOf(err error) (does behaviour, remedy string) {
	submitting := operationOf(err) == opSubmit
	switch status := graph.StatusOf(err); {
	case errors.Is(err, graph.ErrForeignHost), errors.Is(err, graph.ErrCredential):
		return blocked, ""
	case errors.Is(err, errBroken):
		return broken, ""
	case graph.Throttled(err):
		return throttled, ""
	case status == http.StatusForbidden:
		return blocked, permissions
	case status == http.StatusNotFound || status == http.StatusGone:
		if submitting {
			return blocked, useBeta
		}
		return gone, ""
	case status == http.StatusBadRequest:
		// A link to a page that is no longer valid is answered like this; a query
		// that Graph does not accept will not be accepted later either.
		if submitting {
			return blocked, checkNames
		}
		return gone, ""
	}
	return retry, ""
}

func operationOf(err error) string {
	var f *graph.Failure
	if errors.As(err, &f) {
		return f.Operation
	}
	return ""
}

// is reports whether there is an error that calls for a behaviour.
func is(err error, b behaviour) bool {
	does, _ := behaviourOf(err)
	return err != nil && does == b
}
