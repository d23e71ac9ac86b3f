package feed

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

const applications = "/v1.0/applications(appId='"

// HandlesApplication reports whether a path is Graph's for an application.
func HandlesApplication(path string) bool { return strings.HasPrefix(path, applications) }

// ServeApplication answers as Microsoft Graph does to who asks for the client
// secrets of an application: their first characters and their ends.
func (s *Server) ServeApplication(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.cfg.Now().UTC().Format(http.TimeFormat))
	roles, ok := s.Roles(bearer(r), "graph.microsoft.com")
	id, _ := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, applications), "')")
	switch {
	case !ok:
		(&apiError{http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token validation failure."}).write(w)
	case !slices.Contains(roles, "Application.Read.All"):
		(&apiError{http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."}).write(w)
	case !strings.EqualFold(id, s.cfg.ClientID):
		(&apiError{http.StatusNotFound, "Request_ResourceNotFound", "Resource '" + id + "' does not exist or one of its queried reference-property objects are not present."}).write(w)
	default:
		ends := s.cfg.SecretExpires
		if ends.IsZero() {
			ends = s.cfg.Now().Add(2 * 365 * 24 * time.Hour)
		}
		writeJSON(w, http.StatusOK, map[string]any{"passwordCredentials": []map[string]any{
			{"displayName": "of another program", "hint": "zzz", "endDateTime": s.cfg.Now().Add(time.Hour).UTC().Format(time.RFC3339), "secretText": nil},
			{"displayName": "quoll", "hint": s.cfg.ClientSecret[:min(3, len(s.cfg.ClientSecret))], "endDateTime": ends.UTC().Format(time.RFC3339), "secretText": nil},
		}})
	}
}
