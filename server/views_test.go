package server

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// bookOf keeps views.
type bookOf struct {
	views []View
	err   error
}

func (b *bookOf) Viewed(_ context.Context, v View) error {
	b.views = append(b.views, v)
	return b.err
}

// Every page whose looks are written down is there.
func TestViewedEndpointsAreThere(t *testing.T) {
	patterns := map[string]bool{}
	for _, e := range (&Server{}).endpoints() {
		patterns[e.pattern] = true
	}
	for pattern := range viewedEndpoints() {
		if !patterns[pattern] {
			t.Errorf("there is no %s", pattern)
		}
	}
}

// A look says of what, and is not granted where it cannot be written down.
func TestALookIsWrittenDownBeforeItIsGranted(t *testing.T) {
	looks, book := viewedEndpoints(), &bookOf{}
	s := &Server{services: Services{Views: book}}
	for pattern, url := range map[string]string{
		"GET /api/v1/incidents/{id}": "/api/v1/incidents/17",
		"GET /api/v1/entities":       "/api/v1/entities?kind=Account&value=ada@coast.example" + strings.Repeat("x", 3000),
		"GET /api/v1/people":         "/api/v1/people",
	} {
		granted := false
		next := func(_ http.ResponseWriter, _ *http.Request) error { granted = true; return nil }
		r := httptest.NewRequest("GET", url, nil)
		r.SetPathValue("id", "17")
		for _, err := range []error{nil, errors.New("the disk is full")} {
			granted, book.err = false, err
			if got := s.writeDown(looks[pattern], next)(httptest.NewRecorder(), r); !errors.Is(got, err) || granted != (err == nil) {
				t.Errorf("%s: %v, granted %v", pattern, got, granted)
			}
		}
	}
	seen := map[string]string{}
	for _, v := range book.views {
		seen[v.Page] = v.Object
	}
	if seen["incident"] != "17" || !strings.HasPrefix(seen["entity"], "Account ada@coast.example") || len(seen["entity"]) > maxViewed || seen["people"] != "" || len(book.views) != 6 {
		t.Errorf("%v", seen)
	}
}
