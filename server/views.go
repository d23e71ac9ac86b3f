package server

import (
	"context"
	"net/http"
	"strings"
)

// Views writes down who looks at what.
type Views interface {
	// Viewed is called before a page's data are given. What it cannot write down is
	// not given.
	Viewed(ctx context.Context, v View) error
}

// View is a look at a page: what kind it is of, and at which of them. Object is
// empty for a list.
type View struct{ Page, Object string }

// viewed says of an endpoint which page it is of, and how its object is found.
type viewed struct {
	page   string
	object func(r *http.Request) string
}

func ofPath(r *http.Request) string { return r.PathValue("id") }

func ofList(*http.Request) string { return "" }

// maxViewed bounds what is written down of an object, in bytes.
const maxViewed = 512

// ofEntity is the entity that is asked for.
func ofEntity(r *http.Request) string {
	q := r.URL.Query()
	object := q.Get("kind") + " " + q.Get("value")
	return strings.ToValidUTF8(object[:min(len(object), maxViewed)], "")
}

// viewedEndpoints are those that show what somebody did, what is known of somebody, or
// what is said of them. Queries, exports, evidence and exposure reports that are read or
// taken away are acts of their own.
func viewedEndpoints() map[string]viewed {
	return map[string]viewed{
		"GET /api/v1/incidents":               {"incidents", ofList},
		"GET /api/v1/incidents/{id}":          {"incident", ofPath},
		"GET /api/v1/incidents/{id}/register": {"incident register", ofPath},
		"GET /api/v1/incidents/{id}/report":   {"incident report", ofPath},
		"GET /api/v1/entities":                {"entity", ofEntity},
		"GET /api/v1/dashboards/{id}":         {"dashboard", ofPath},
		"GET /api/v1/messages/coverage":       {"coverage of messages", ofList},
		"GET /api/v1/notes":                   {"notes", ofList},
		"GET /api/v1/archive":                 {"archive", ofList},
		"GET /api/v1/archive/holds":           {"legal holds", ofList},
		"GET /api/v1/archive/disposals":       {"disposals", ofList},
		"GET /api/v1/archive/erasures":        {"erasures", ofList},
		"GET /api/v1/investigations":          {"exposure reports", ofList},
		"GET /api/v1/assurance":               {"assurance", ofList},
		"GET /api/v1/assurance/report":        {"assurance report", ofList},
		"GET /api/v1/people":                  {"people", ofList},
	}
}

// writeDown has a view written down before it is given.
func (s *Server) writeDown(v viewed, next handlerFunc) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := s.services.Views.Viewed(r.Context(), View{v.page, v.object(r)}); err != nil {
			return err
		}
		return next(w, r)
	}
}
