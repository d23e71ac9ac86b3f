package feed

import (
	"net/http"
	"slices"

	"github.com/quoll/quoll/tenantsim/audit"
)

type subscriptionAnswer struct {
	ContentType string   `json:"contentType"`
	Status      string   `json:"status"`
	Webhook     *webhook `json:"webhook"`
}

// contentType reads the parameter of that name.
func contentType(r *http.Request) (string, *apiError) {
	given := r.URL.Query().Get("contentType")
	if given == "" {
		return "", refuse("AF20001", "Missing parameter: contentType.")
	}
	if !slices.Contains(audit.ContentTypes(), given) {
		return "", refuse("AF20020", "The specified content type is not valid.")
	}
	return given, nil
}

// start starts a subscription, or changes its webhook. A webhook that does not
// answer keeps either from taking effect.
func (s *Server) start(w http.ResponseWriter, r *http.Request) {
	name, refused := contentType(r)
	if refused != nil {
		refused.write(w)
		return
	}
	given, remove, refused := readWebhook(r, s.cfg.Now())
	if refused == nil && given != nil {
		refused = s.validate(r.Context(), given)
	}
	if refused != nil {
		refused.write(w)
		return
	}
	changed := given != nil && s.setHook(name, *given) || remove && s.LoseWebhook(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.subscriptions[name]
	switch {
	case known == nil:
		// At the very first start, content from before is offered too.
		s.subscriptions[name] = &subscription{status: "enabled"}
	case known.status == "enabled" && changed: // only the webhook
	case known.status == "enabled":
		refuse("AF20024", "The subscription is already enabled. No property change.").write(w)
		return
	default:
		known.restart(s.cfg.Now())
	}
	writeJSON(w, http.StatusOK, subscriptionAnswer{name, "enabled", s.hookOf(name)})
}

func (s *Server) stop(w http.ResponseWriter, r *http.Request) {
	name, refused := contentType(r)
	if refused != nil {
		refused.write(w)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.subscriptions[name]
	if known == nil || known.status == "vanished" {
		refuse("AF20022", "No subscription found for the specified content type.").write(w)
		return
	}
	known.end("disabled", s.cfg.Now())
	w.WriteHeader(http.StatusOK)
}

// Subscribe starts a subscription as another client of the tenant would.
func (s *Server) Subscribe(contentType string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.subscriptions[contentType] == nil {
		s.subscriptions[contentType] = &subscription{status: "enabled"}
	}
}

// Disable does what an administrator does who turns a subscription off behind
// the client's back. It does nothing to a content type never started.
func (s *Server) Disable(contentType string) { s.end(contentType, "disabled") }

// Vanish makes a subscription disappear as if it had never been started, which
// has been seen; what becomes available before the next start is lost all the
// same.
func (s *Server) Vanish(contentType string) { s.end(contentType, "vanished") }

func (s *Server) end(contentType, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.subscriptions[contentType]; known != nil {
		known.end(status, s.cfg.Now())
	}
}

// Enabled reports whether a subscription was started and not ended.
func (s *Server) Enabled(contentType string) bool {
	_, refused := s.enabled(contentType)
	return refused == nil
}

// Stops tells when the subscription of a content type was not enabled after
// its first start.
func (s *Server) Stops(contentType string) []Stop {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.subscriptions[contentType]
	if known == nil {
		return nil
	}
	return slices.Clone(known.stops)
}

func (s *Server) list(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []subscriptionAnswer{}
	for _, name := range audit.ContentTypes() {
		if known := s.subscriptions[name]; known != nil && known.status != "vanished" {
			all = append(all, subscriptionAnswer{name, known.status, s.hookOf(name)})
		}
	}
	writeJSON(w, http.StatusOK, all)
}

// enabled returns a copy of the subscription, or why there is none.
func (s *Server) enabled(name string) (subscription, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.subscriptions[name]
	switch {
	case known == nil || known.status == "vanished":
		return subscription{}, refuse("AF20022", "No subscription found for the specified content type.")
	case known.status != "enabled":
		return subscription{}, refuse("AF20023", "The subscription was disabled by a tenant admin or service admin.")
	}
	enabled := *known
	enabled.stops = slices.Clone(known.stops)
	return enabled, nil
}
