package feed

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/quoll/quoll/tenantsim/audit"
)

type webhook struct {
	Address    string `json:"address"`
	AuthID     string `json:"authId"`
	Expiration string `json:"expiration"`
}

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

// start starts a subscription. A webhook is refused: the simulated service
// calls nobody.
func (s *Server) start(w http.ResponseWriter, r *http.Request) {
	name, refused := contentType(r)
	if refused != nil {
		refused.write(w)
		return
	}
	if refused := refuseWebhook(r); refused != nil {
		refused.write(w)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.subscriptions[name]
	switch {
	case known == nil:
		// At the very first start, content from before is offered too.
		s.subscriptions[name] = &subscription{status: "enabled"}
	case known.status == "enabled":
		refuse("AF20024", "The subscription is already enabled. No property change.").write(w)
		return
	default:
		known.status, known.offeredFrom = "enabled", s.cfg.Now()
	}
	writeJSON(w, http.StatusOK, subscriptionAnswer{name, "enabled", nil})
}

func refuseWebhook(r *http.Request) *apiError {
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil || len(strings.TrimSpace(string(body))) == 0 {
		return nil
	}
	var given struct{ Webhook *webhook }
	if json.Unmarshal(body, &given) != nil {
		return refuse("AF20002", "Invalid parameter type: webhook. Expected type: object")
	}
	if given.Webhook != nil {
		return refuse("AF20021", "The webhook endpoint %s could not be validated.", given.Webhook.Address)
	}
	return nil
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
	if known == nil {
		refuse("AF20022", "No subscription found for the specified content type.").write(w)
		return
	}
	known.status = "disabled"
	w.WriteHeader(http.StatusOK)
}

// Disable does what an administrator does who turns a subscription off behind
// the client's back. It does nothing to a content type never started.
func (s *Server) Disable(contentType string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.subscriptions[contentType]; known != nil {
		known.status = "disabled"
	}
}

func (s *Server) list(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []subscriptionAnswer{}
	for _, name := range audit.ContentTypes() {
		if known := s.subscriptions[name]; known != nil {
			all = append(all, subscriptionAnswer{name, known.status, nil})
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
	case known == nil:
		return subscription{}, refuse("AF20022", "No subscription found for the specified content type.")
	case known.status != "enabled":
		return subscription{}, refuse("AF20023", "The subscription was disabled by a tenant admin or service admin.")
	}
	return *known, nil
}
