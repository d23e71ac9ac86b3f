package azure

import (
	"encoding/base64"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/objectstore"
	"github.com/quoll/quoll/internal/objectstore/storetest"
	"github.com/quoll/quoll/tenantsim/storage"
)

var accountKey = base64.StdEncoding.EncodeToString([]byte("a key that nobody may see"))

func serve(t *testing.T, immutable bool) (*storage.Account, *Store) {
	t.Helper()
	cfg := storage.DefaultConfig()
	cfg.PageSize, cfg.Immutable = 2, immutable
	account := storage.New(cfg)
	account.AddContainer("archive")
	listener := httptest.NewServer(account)
	t.Cleanup(listener.Close)
	location, err := objectstore.ParseLocation("az://contoso/archive/some/prefix?endpoint=" + listener.URL)
	if err != nil {
		t.Fatal(err)
	}
	store, err := New(Config{Location: location, Key: func() (string, error) { return accountKey, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return account, store
}

func TestStore(t *testing.T) {
	for _, immutable := range []bool{false, true} {
		account, store := serve(t, immutable)
		until := time.Time{}
		if immutable {
			until = time.Now().Add(time.Hour).UTC().Truncate(time.Second)
		}
		storetest.Run(t, store, until)
		storetest.RunMutable(t, store)
		if got := account.LockedUntil("archive/some/prefix/tile/0/x001/234"); !got.Equal(until) {
			t.Errorf("locked until %s, want %s", got, until)
		}
		if l, err := store.Locking(t.Context()); err != nil || l.Can != immutable || l.Unknown {
			t.Errorf("locking of the container: %+v, %v", l, err)
		}
	}
}

func TestFaults(t *testing.T) {
	account, store := serve(t, false)
	done := false
	once := func(f storage.Fault) func(*http.Request) *storage.Fault {
		done = false
		return func(*http.Request) *storage.Fault {
			if done {
				return nil
			}
			done = true
			return &f
		}
	}
	account.Break(once(storage.Fault{Status: 503, Code: "ServerBusy"}))
	if err := store.Create(t.Context(), "busy", []byte("busy"), time.Time{}); err != nil {
		t.Errorf("busy once: %v", err)
	}
	account.Break(once(storage.Fault{Status: 500, Code: "OperationTimedOut", Kept: true}))
	if err := store.Create(t.Context(), "kept", []byte("kept"), time.Time{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("kept, but reported as failed: %v", err)
	}
	account.Break(func(*http.Request) *storage.Fault {
		return &storage.Fault{Status: 403, Code: "AuthorizationPermissionMismatch"}
	})
	err := store.Create(t.Context(), "denied", nil, time.Time{})
	if !errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrExist) || strings.Contains(err.Error(), "http") || strings.Contains(err.Error(), accountKey) {
		t.Errorf("denied: %v", err)
	}
	if l, err := store.Locking(t.Context()); err != nil || !l.Unknown {
		t.Errorf("when it may not be asked: %+v, %v", l, err)
	}
	account.Break(nil)
	if err := store.Create(t.Context(), "a", nil, time.Now().Add(time.Hour)); err == nil {
		t.Error("locked in a container that locks nothing")
	}
}

func TestASignatureIsInNoError(t *testing.T) {
	location := objectstore.Location{Account: "contoso", Bucket: "archive", Endpoint: "http://127.0.0.1:1"}
	store, err := New(Config{Location: location, SAS: func() (string, error) { return "sv=2024&sig=hidden", nil }})
	if err != nil {
		t.Fatal(err)
	}
	store.transport = &http.Client{Transport: refusing{}}
	if _, _, err := store.Open(t.Context(), "a", 0); err == nil || strings.Contains(err.Error(), "hidden") {
		t.Fatalf("%v", err)
	}
}

// refusing is a network that has nobody.
type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("nobody is there")
}
