package s3

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/objectstore"
	"github.com/quoll/quoll/internal/objectstore/s3/s3test"
	"github.com/quoll/quoll/internal/objectstore/storetest"
)

const secret = "a secret that nobody may see"

func serve(t *testing.T, cfg s3test.Config) (*s3test.Server, *Store) {
	t.Helper()
	cfg.Bucket, cfg.Region, cfg.Key, cfg.Secret = "archive", "ap-southeast-2", "AKIATEST", secret
	server := s3test.New(cfg)
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	return server, open(t, listener.URL, cfg.Session)
}

func open(t *testing.T, address, session string) *Store {
	t.Helper()
	location, err := objectstore.ParseLocation("s3://archive/some/prefix?region=ap-southeast-2&path_style=true&endpoint=" + address)
	if err != nil {
		t.Fatal(err)
	}
	store, err := New(Config{Location: location, Keys: func() (string, string, string, error) { return "AKIATEST", secret, session, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestStore(t *testing.T) {
	for _, locked := range []bool{false, true} {
		server, store := serve(t, s3test.Config{Lock: locked, PageSize: 2, Session: "token"})
		until := time.Time{}
		if locked {
			until = time.Now().Add(time.Hour).Truncate(time.Second)
		}
		storetest.Run(t, store, until)
		storetest.RunMutable(t, store)
		for _, key := range server.Keys() {
			if !strings.HasPrefix(key, "some/prefix/") {
				t.Fatalf("%q is outside of the prefix", key)
			}
			for _, v := range server.Versions(key) {
				if strings.HasPrefix(key, "some/prefix/m") {
					continue // of the lake, which locks nothing
				}
				if locked && (v.Mode != "COMPLIANCE" || !v.Until.Equal(until)) || !locked && v.Mode != "" {
					t.Fatalf("%s has the retention %q until %s, want %s", key, v.Mode, v.Until, until)
				}
			}
		}
	}
}

func TestLocking(t *testing.T) {
	_, with := serve(t, s3test.Config{Lock: true})
	if l, err := with.Locking(t.Context()); err != nil || !l.Can || l.Unknown {
		t.Fatalf("with Object Lock: %+v, %v", l, err)
	}
	server, without := serve(t, s3test.Config{})
	if l, err := without.Locking(t.Context()); err != nil || l.Can || l.Unknown || l.Remedy == "" {
		t.Fatalf("without: %+v, %v", l, err)
	}
	// A retention that the bucket cannot keep is no copy at all.
	if err := without.Create(t.Context(), "a", nil, time.Now().Add(time.Hour)); err == nil || !strings.Contains(err.Error(), "missing Object Lock") {
		t.Fatalf("locked in a bucket without: %v", err)
	}
	server.Break(func(*http.Request) *s3test.Fault { return &s3test.Fault{Status: 403, Code: "AccessDenied"} })
	if l, err := without.Locking(t.Context()); err != nil || !l.Unknown {
		t.Fatalf("when it may not be asked: %+v, %v", l, err)
	}
}

func TestFaults(t *testing.T) {
	once := func(f s3test.Fault) func(*http.Request) *s3test.Fault {
		done := false
		return func(*http.Request) *s3test.Fault {
			if done {
				return nil
			}
			done = true
			return &f
		}
	}
	server, store := serve(t, s3test.Config{})
	for name, fault := range map[string]s3test.Fault{
		"SlowDown": {Status: 503, Code: "SlowDown"}, "lost": {Drop: true}, "an error of the server": {Status: 500, Code: "InternalError"},
	} {
		server.Break(once(fault))
		if err := store.Create(t.Context(), name, []byte(name), time.Time{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Done, and reported as failed: the second attempt finds it there.
	server.Break(once(s3test.Fault{Status: 503, Code: "SlowDown", Kept: true}))
	if err := store.Create(t.Context(), "kept", []byte("kept"), time.Time{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("kept, but reported as failed: %v", err)
	}
	server.Break(func(*http.Request) *s3test.Fault { return &s3test.Fault{Status: 403, Code: "AccessDenied"} })
	if err := store.Create(t.Context(), "denied", nil, time.Time{}); !errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrExist) {
		t.Errorf("denied: %v", err)
	}
	server.Break(func(*http.Request) *s3test.Fault {
		return &s3test.Fault{Status: 409, Code: "ConditionalRequestConflict"}
	})
	if err := store.Create(t.Context(), "conflict", nil, time.Time{}); err == nil || errors.Is(err, fs.ErrExist) {
		t.Errorf("two at once, of which nobody won: %v", err)
	}
}

func TestABrokenAnswerIsResumed(t *testing.T) {
	server, store := serve(t, s3test.Config{})
	text := strings.Repeat("what is archived ", 1<<12)
	server.Put("some/prefix/a", []byte(text))
	folder := objectstore.NewFS(t.Context(), store, clock.System(), func() float64 { return 0 })
	cuts := 0
	server.Break(func(*http.Request) *s3test.Fault {
		if cuts++; cuts > 2 {
			return nil
		}
		return &s3test.Fault{Cut: 20000}
	})
	got, err := fs.ReadFile(folder, "a")
	if err != nil || string(got) != text {
		t.Fatalf("%d of %d bytes, %v", len(got), len(text), err)
	}
	// What was replaced meanwhile is not glued together.
	cuts = 0
	server.Break(func(*http.Request) *s3test.Fault {
		if cuts++; cuts > 1 {
			return nil
		}
		return &s3test.Fault{Cut: 20000}
	})
	f, err := folder.Open("a")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	server.Put("some/prefix/a", []byte(strings.ToUpper(text)))
	if _, err := io.ReadAll(f); err == nil || !strings.Contains(err.Error(), "replaced") {
		t.Fatalf("replaced while it was read: %v", err)
	}
}

func TestCredentials(t *testing.T) {
	now := time.Now()
	for name, cfg := range map[string]s3test.Config{
		"ExpiredToken":         {Session: "token", Expires: now.Add(-time.Minute)},
		"RequestTimeTooSkewed": {Now: func() time.Time { return now.Add(16 * time.Minute) }},
	} {
		_, store := serve(t, cfg)
		err := store.Create(t.Context(), "a", []byte("a"), time.Time{})
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
	server, _ := serve(t, s3test.Config{})
	listener := httptest.NewServer(server)
	defer listener.Close()
	wrong, err := New(Config{
		Location: objectstore.Location{Bucket: "archive", Region: "ap-southeast-2", Endpoint: listener.URL, PathStyle: true},
		Keys:     func() (string, string, string, error) { return "AKIATEST", "another secret", "", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := wrong.Create(t.Context(), "a", nil, time.Time{}); err == nil || !strings.Contains(err.Error(), "SignatureDoesNotMatch") || strings.Contains(err.Error(), "another secret") {
		t.Errorf("the wrong secret: %v", err)
	}
}
