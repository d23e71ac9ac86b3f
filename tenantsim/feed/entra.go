package feed

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// hosts are the resources that a token for the API can be asked for, one for
// each of Microsoft's clouds.
func hosts() []string {
	return []string{"manage.office.com", "manage-gcc.office.com", "manage.office365.us", "manage.protection.apps.mil", "manage.office365.cn"}
}

// isResource says whether tokens are issued for a host: the API, Graph, Azure
// Storage, and any namespace of Event Hubs.
func (s *Server) isResource(host, own string) bool {
	return slices.Contains(append(hosts(), own, "graph.microsoft.com", "storage.azure.com"), host) || strings.HasSuffix(host, ".servicebus.windows.net")
}

// serveEntra answers what a client of Microsoft Entra asks for on its way to a
// token.
func (s *Server) serveEntra(w http.ResponseWriter, r *http.Request, tenant, path string) {
	switch {
	case path == "v2.0/.well-known/openid-configuration" && r.Method == http.MethodGet:
		if !strings.EqualFold(tenant, s.cfg.TenantID) && !strings.EqualFold(tenant, s.cfg.Domain) {
			s.entraError(w, http.StatusBadRequest, "invalid_tenant", 90002, "Tenant '"+tenant+"' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.")
			return
		}
		writeJSON(w, http.StatusOK, s.discovery(baseURL(r)))
	case path == "oauth2/v2.0/token" && r.Method == http.MethodPost:
		if !s.faults.tokenFails(w, r) {
			s.token(w, r, tenant)
		}
	default:
		http.NotFound(w, r)
	}
}

func (s *Server) discovery(base string) map[string]any {
	tenant := base + "/" + s.cfg.TenantID
	return map[string]any{
		"token_endpoint":                        tenant + "/oauth2/v2.0/token",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"jwks_uri":                              tenant + "/discovery/v2.0/keys",
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"response_types_supported":              []string{"code", "id_token", "code id_token", "id_token token"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"issuer":                                tenant + "/v2.0",
		"authorization_endpoint":                tenant + "/oauth2/v2.0/authorize",
		"device_authorization_endpoint":         tenant + "/oauth2/v2.0/devicecode",
		"tenant_region_scope":                   "OC",
		"tenant_region_sub_scope":               s.cfg.SubScope,
	}
}

// token is the client credentials flow.
func (s *Server) token(w http.ResponseWriter, r *http.Request, tenant string) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		s.entraError(w, http.StatusBadRequest, "invalid_request", 900144, "The request body cannot be read.")
		return
	}
	client, scope := r.PostForm.Get("client_id"), r.PostForm.Get("scope")
	unproved := s.proof(r)
	host, _ := strings.CutSuffix(strings.Fields(scope + " -")[0], "/.default")
	resource, err := url.Parse(host)
	switch {
	case !strings.EqualFold(tenant, s.cfg.TenantID):
		s.entraError(w, http.StatusBadRequest, "invalid_request", 90002, "Tenant '"+tenant+"' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.")
	case r.PostForm.Get("grant_type") != "client_credentials":
		s.entraError(w, http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '"+r.PostForm.Get("grant_type")+"'.")
	case !strings.EqualFold(client, s.cfg.ClientID):
		s.entraError(w, http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier '"+client+"' was not found in the directory.")
	case unproved != nil:
		s.entraError(w, http.StatusUnauthorized, "invalid_client", unproved.code, unproved.words)
	case !strings.Contains(scope, "/.default"):
		s.entraError(w, http.StatusBadRequest, "invalid_scope", 1002012, "The provided value for scope "+scope+" is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).")
	case err != nil || resource.Scheme != "https" || !s.isResource(resource.Host, r.Host):
		s.entraError(w, http.StatusBadRequest, "invalid_resource", 500011, "The resource principal named "+host+" was not found in the tenant.")
	default:
		token, err := s.tokens.issue(resource.Host, s.cfg.Now())
		if err != nil {
			http.Error(w, "cannot issue", http.StatusInternalServerError)
			return
		}
		seconds := int(s.cfg.TokenLifetime / time.Second)
		w.Header().Set("Cache-Control", "no-store, no-cache")
		writeJSON(w, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token})
	}
}

// proof judges what the client shows: a secret, or what a certificate or another
// issuer signed. Nil is good.
func (s *Server) proof(r *http.Request) *refusal {
	now := s.cfg.Now()
	secret := r.PostForm.Get("client_secret")
	switch {
	case r.PostForm.Has("client_assertion"):
		return s.checkAssertion(r, now)
	case subtle.ConstantTimeCompare([]byte(secret), []byte(s.cfg.ClientSecret)) != 1:
		return &refusal{7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID."}
	case !s.cfg.SecretExpires.IsZero() && !now.Before(s.cfg.SecretExpires):
		return &refusal{7000222, "The provided client secret keys for app '" + s.cfg.ClientID + "' are expired."}
	}
	return nil
}

// entraError sends an error in Entra's shape. The words never hold a secret.
func (s *Server) entraError(w http.ResponseWriter, status int, kind string, code int, text string) {
	stamp := s.cfg.Now().UTC().Format("2006-01-02 15:04:05Z")
	trace, correlation := traceID(), traceID()
	writeJSON(w, status, map[string]any{
		"error":             kind,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", code, text, trace, correlation, stamp),
		"error_codes":       []int{code},
		"timestamp":         stamp,
		"trace_id":          trace,
		"correlation_id":    correlation,
		"error_uri":         "https://login.microsoftonline.com/error?code=" + strconv.Itoa(code),
	})
}

func traceID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, says crypto/rand
	text := hex.EncodeToString(b[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}
