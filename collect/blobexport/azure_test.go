package blobexport

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/simulate/directory"
)

const accountKey = "c2VjcmV0" // base64

// azureRig is a collector of a storage account.
type azureRig struct {
	*rig
	account *account
	azure   AzureConfig
}

// newAzureRig has an account that lists so many blobs at a time.
func newAzureRig(t *testing.T, page int) *azureRig {
	t.Helper()
	r := &azureRig{rig: newRig(t), account: newAccount(t, page)}
	r.azure = AzureConfig{URL: r.account.server.URL, Key: collect.NewSecret(accountKey), CAFile: r.account.ca}
	r.connect()
	return r
}

func (r *azureRig) connect() {
	r.t.Helper()
	store, err := NewAzure(r.azure, func() time.Time { return time.Now().UTC() })
	if err != nil {
		r.t.Fatal(err)
	}
	if r.c, err = New(r.t.Context(), r.cfg, Dependencies{DB: r.db, Store: store, Sink: r.sink}); err != nil {
		r.t.Fatal(err)
	}
}

func TestReadsAStorageAccountAsItGrows(t *testing.T) {
	r := newAzureRig(t, 3)
	r.poll()
	for h := range 8 { // several pages
		r.account.Replace(container+"/"+hour(h), fmt.Sprintf("{\"h\":%d}\r\n{\"h\"", h))
	}
	r.account.Replace("other-container/"+hour(1), "{}\r\n")
	r.poll()
	for h := range 8 {
		r.want(hour(h), fmt.Sprintf("{\"h\":%d}\r\n", h))
		r.account.Append(container+"/"+hour(h), ":0}\r\n")
	}
	r.connect() // after a restart
	r.poll()
	r.poll()
	for h := range 8 {
		r.want(hour(h), fmt.Sprintf("{\"h\":%d}\r\n{\"h\":0}\r\n", h))
	}
	if n := len(r.sink.payloads); n != 16 {
		t.Errorf("%d payloads, want 16", n)
	}
	for _, call := range r.account.calls[len(r.account.calls)-4:] {
		if !strings.Contains(call, " /"+container+" ") && !strings.Contains(call, "GET / ") {
			t.Errorf("nothing is new, but there was %q", call)
		}
	}
}

// TestReplacedBlobIsNoticedAtAnyMoment replaces blobs within the second, at the
// same size, and between the listing and the reading.
func TestReplacedBlobIsNoticedAtAnyMoment(t *testing.T) {
	for name, c := range map[string]struct {
		replacement string
		late        bool
	}{
		"shorter":                      {"new\r\n", false},
		"as long, in the same second":  {"ONE\r\nTWO\r\n", false},
		"longer":                       {"another beginning\r\nand more of it\r\n", false},
		"shorter, after the listing":   {"new\r\n", true},
		"longer, after the listing":    {"another beginning\r\nand more of it\r\n", true},
		"beyond what is there already": {"", true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newAzureRig(t, 3)
			r.account.Replace(container+"/"+hour(8), "one\r\ntwo\r\n")
			r.poll()
			if c.late {
				r.account.Append(container+"/"+hour(8), "three\r\n")
				var once sync.Once
				r.account.allows = func(q *http.Request) bool {
					if q.Header.Get("x-ms-range") != "" {
						once.Do(func() { r.account.Replace(container+"/"+hour(8), c.replacement) })
					}
					return true
				}
			} else {
				r.account.Replace(container+"/"+hour(8), c.replacement)
			}
			r.poll()
			r.poll()
			r.want(hour(8), "one\r\ntwo\r\n"+c.replacement)
		})
	}
}

func TestWaysToSignInToAStorageAccount(t *testing.T) {
	for name, c := range map[string]struct {
		sign   func(*azureRig)
		allows func(*http.Request) bool
	}{
		"key": {func(*azureRig) {}, func(q *http.Request) bool {
			return strings.HasPrefix(q.Header.Get("Authorization"), "SharedKey 127:")
		}},
		"signature": {func(r *azureRig) {
			r.azure.Key, r.azure.SAS = collect.Secret{}, collect.NewSecret("?sv=2026-01-01&sp=rl&sig=c2VjcmV0")
		}, func(q *http.Request) bool {
			return q.URL.Query().Get("sig") == "c2VjcmV0" && q.Header.Get("Authorization") == ""
		}},
		"application": {func(r *azureRig) {
			r.azure.Key = collect.Secret{}
			r.azure.Application, r.azure.CAFile = directory.Start(r.t, r.azure.CAFile)
		}, func(q *http.Request) bool {
			return strings.HasPrefix(q.Header.Get("Authorization"), "Bearer ") && len(q.Header.Get("Authorization")) > 20
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newAzureRig(t, 3)
			c.sign(r)
			r.connect()
			r.account.Replace(container+"/"+hour(8), "one\r\n")
			r.account.allows = c.allows
			r.poll()
			r.want(hour(8), "one\r\n")

			r.account.allows = func(*http.Request) bool { return false }
			err := r.c.poll(t.Context())
			p := problem(err, time.Now())
			if p == nil || p.Code != "AuthorizationPermissionMismatch" || !strings.Contains(p.Remedy, "Storage Blob Data Reader") || strings.Contains(fmt.Sprint(p, err), "c2VjcmV0") {
				t.Errorf("problem %+v of %v", p, err)
			}
			r.account.server.Close()
			err = r.c.poll(t.Context())
			if p := problem(err, time.Now()); p == nil || !strings.Contains(p.Cause, "cannot be reached") || strings.Contains(fmt.Sprint(p, err), "c2VjcmV0") {
				t.Errorf("problem %+v of %v", p, err)
			}
		})
	}
}

func TestNewKeyCountsWithoutARestart(t *testing.T) {
	r := newAzureRig(t, 3)
	r.azure.SASFile = filepath.Join(t.TempDir(), "sas")
	r.azure.Key, r.azure.SAS = collect.Secret{}, collect.NewSecret("sig=old")
	write := func(text string) {
		if err := os.WriteFile(r.azure.SASFile, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("sig=old")
	r.connect()
	r.account.Replace(container+"/"+hour(8), "one\r\n")
	r.account.allows = func(q *http.Request) bool { return q.URL.Query().Get("sig") == "new" }
	if err := r.c.poll(t.Context()); err == nil {
		t.Error("the old signature is taken")
	}
	write("sig=new")
	r.poll()
	r.want(hour(8), "one\r\n")
}

// TestLargeContainersAreMostlyLookedAtInPart counts what is asked for, and
// back-fills an old hour.
func TestLargeContainersAreMostlyLookedAtInPart(t *testing.T) {
	r := newAzureRig(t, 100)
	now := time.Date(2026, 9, 18, 9, 30, 0, 0, time.UTC)
	r.cfg.WholeUpTo = 2
	r.connect()
	r.c.clock = at{&now}
	old := strings.Replace(hour(8), "d=18", "d=02", 1)
	r.account.Replace(container+"/"+old, "old\r\n")
	for h := range 9 {
		r.account.Replace(container+"/"+hour(h), "one\r\n")
	}
	r.poll()
	now = now.Add(time.Minute)
	r.account.calls = nil
	r.account.Append(container+"/"+old, "late\r\n")
	r.account.Append(container+"/"+hour(8), "two\r\n")
	r.account.Replace(container+"/"+hour(9), "new\r\n")
	r.poll()
	r.want(hour(8), "one\r\ntwo\r\n")
	r.want(hour(9), "new\r\n")
	r.want(old, "old\r\n")
	for _, call := range r.account.calls {
		if strings.Contains(call, container+"  ") {
			t.Errorf("the whole container was listed: %q", call)
		}
	}
	now = now.Add(time.Hour)
	r.poll()
	r.want(old, "old\r\nlate\r\n")
}

// at is a clock that stands at a time.
type at struct{ now *time.Time }

func (a at) Now() time.Time                       { return *a.now }
func (a at) NewTimer(d time.Duration) clock.Timer { return clock.System().NewTimer(d) }

func TestAccountConfigIsChecked(t *testing.T) {
	key := collect.NewSecret(accountKey)
	for want, cfg := range map[string]AzureConfig{
		"not of the form https":   {URL: "http://contoso.blob.core.windows.net", Key: key},
		"not of the form":         {URL: "https://contoso.blob.core.windows.net?sig=c2VjcmV0", Key: key},
		"give one of":             {URL: "https://contoso.blob.core.windows.net"},
		"certificate authorities": {URL: "https://contoso.blob.core.windows.net", Key: key, CAFile: "none.pem"},
	} {
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if both := (AzureConfig{URL: "https://contoso.blob.core.windows.net", Key: key, SAS: key}); both.Validate() == nil {
		t.Error("two ways to sign in are taken")
	}
}
