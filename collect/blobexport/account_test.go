package blobexport

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/quoll/quoll/tenantsim/storage"
)

// account is a storage account over TLS, in which everything happens within one
// second, and who is allowed to read.
type account struct {
	*storage.Account
	server *httptest.Server
	ca     string
	// allows looks at a request before it is answered; nil allows everything.
	allows func(*http.Request) bool

	mu    sync.Mutex
	calls []string
}

func newAccount(t *testing.T, page int) *account {
	t.Helper()
	now := time.Date(2026, 9, 18, 8, 0, 0, 0, time.UTC)
	a := &account{Account: storage.New(storage.Config{PageSize: page, Now: func() time.Time { return now }})}
	a.server = httptest.NewTLSServer(a)
	t.Cleanup(a.server.Close)
	a.ca = filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.server.Certificate().Raw})
	if err := os.WriteFile(a.ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, fmt.Sprint(r.Method, " ", r.URL.Path, " ", r.URL.Query().Get("prefix"), " ", r.Header.Get("x-ms-range")))
	if a.allows != nil && !a.allows(r) {
		storage.Refuse(w, http.StatusForbidden, "AuthorizationPermissionMismatch", "no, not with sig=c2VjcmV0")
		return
	}
	a.Account.ServeHTTP(w, r)
}
