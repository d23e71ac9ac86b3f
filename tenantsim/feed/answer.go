package feed

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// apiError is an answer of the API that is not a success.
type apiError struct {
	status  int
	code    string
	message string
}

func refuse(code, format string, args ...any) *apiError {
	return &apiError{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

// write sends {"error":{"code":…,"message":…}}.
func (e *apiError) write(w http.ResponseWriter) {
	type detail struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	writeJSON(w, e.status, struct {
		Error detail `json:"error"`
	}{detail{e.code, e.message}})
}

// writeJSON sends an answer. That the client has gone is not the server's
// business.
func writeJSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "cannot word the answer", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// writeUnauthorised sends what the API says to a token it does not accept: no
// code of its own.
func writeUnauthorised(w http.ResponseWriter) {
	writeJSON(w, http.StatusUnauthorized, struct{ Message string }{"Authorization has been denied for this request."})
}

func writeHTML(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, htmlError, status)
}

const htmlError = "<!DOCTYPE html><html><head><title>%d</title></head><body><h2>Our services aren't available right now</h2><p>We're working to restore all services as soon as possible. Please check back soon.</p></body></html>"
