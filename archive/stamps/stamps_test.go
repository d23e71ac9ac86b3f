package stamps

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/proof/timestamp"
	"github.com/quoll/quoll/archive/proof/timestamp/timestamptest"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/model"
)

// rig is an archive with an authority, and a stamper between them.
type rig struct {
	t         *testing.T
	fs        *durabletest.FS
	config    archive.Config
	archive   *archive.Archive
	authority *timestamptest.Authority
	target    Authority
	deps      Dependencies
	stamper   *Stamper

	mu       sync.Mutex // of what the stamper hands over
	journal  []model.Payload
	journals error // of the next payload
	told     []Status
}

// handed is how much the stamper has journalled and told.
func (r *rig) handed() (journalled, told int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.journal), len(r.told)
}

func newRig(t *testing.T, o timestamptest.Options) *rig {
	t.Helper()
	r := &rig{t: t, fs: durabletest.New(nil)}
	r.config = archive.DefaultConfig("/archive", "/keys/archive.key")
	r.config.FS, r.config.Now = r.fs, time.Now
	r.open()
	var err error
	if r.authority, err = timestamptest.New(o); err != nil {
		t.Fatal(err)
	}
	roots, err := timestamp.ReadRoots(r.authority.Root())
	if err != nil {
		t.Fatal(err)
	}
	r.target = Authority{Name: "harbour", URL: "http://tsa.example/", Roots: roots, Every: 24 * time.Hour, Timeout: 10 * time.Second, Client: &http.Client{Transport: direct{r.authority}}}
	r.restart()
	return r
}

func (r *rig) open() {
	r.t.Helper()
	opened, err := archive.Open(r.config)
	if err != nil {
		r.t.Fatal(err)
	}
	r.archive = opened
}

func (r *rig) restart() {
	r.deps = Dependencies{
		Archive: r.archive, Key: r.archive.Verifier(), Dir: "/data/timestamps", FS: r.fs, Clock: clock.System(), Random: rand.Reader,
		Chance: func() float64 { return 0.5 }, Log: slog.New(slog.DiscardHandler),
		Journal: func(_ context.Context, p model.Payload) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.journals != nil {
				return r.journals
			}
			r.journal = append(r.journal, p)
			return nil
		},
		Told: func(_ context.Context, s Status) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.told = append(r.told, s)
		},
	}
	r.stamper = New(r.target, r.deps)
}

// seal archives what is journalled, or a payload where nothing is.
func (r *rig) seal() {
	r.t.Helper()
	r.mu.Lock()
	all := r.journal
	r.journal = nil
	r.mu.Unlock()
	if len(all) == 0 {
		all = []model.Payload{{Tenant: "t", Source: model.SourceActivity, Format: model.FormatAuditArray, ContentType: "Audit.Exchange", Name: "blob", Received: time.Now(), Body: []byte("[]")}}
	}
	for _, p := range all {
		if err := r.archive.Add(r.t.Context(), r.archive.Sealed()+1, p); err != nil {
			r.t.Fatal(err)
		}
		if err := r.archive.Flush(r.t.Context()); err != nil {
			r.t.Fatal(err)
		}
	}
}

// stamps verifies the archive and returns what stamps it has.
func (r *rig) stamps() *archive.Stamps {
	r.t.Helper()
	trust := archive.Trust{StampRoots: r.target.Roots}
	report, err := archive.VerifyFS(r.t.Context(), r.fs.Snapshot("/archive"), r.archive.VerifierKey(), trust, nil)
	if err != nil || !report.OK() {
		r.t.Fatalf("%v: %v", err, report.Problems)
	}
	return report.Stamps
}

// direct asks an authority without a network, for time that is virtual.
type direct struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

func TestACheckpointIsStamped(t *testing.T) {
	r := newRig(t, timestamptest.Options{})
	server := httptest.NewServer(r.authority)
	defer server.Close()
	r.target.URL, r.target.Client = server.URL+"/tsr", server.Client()
	r.restart()
	if wait := r.stamper.Once(t.Context()); wait > 0 || r.authority.Requests() != 0 {
		t.Fatalf("an empty log: %v, %d requests", wait, r.authority.Requests())
	}
	r.seal()
	r.stamper.Once(t.Context())
	s := r.stamper.Status()
	if s.Trouble != nil || s.Size != 2 || s.Subject != "CN=tsa.example,O=Stamps" || s.Policy != timestamptest.Policy || time.Since(s.Time) > time.Minute || len(r.journal) != 1 {
		t.Fatalf("%+v, trouble %+v, %d journalled", s, s.Trouble, len(r.journal))
	}
	if found := r.stamps(); found.Pending != 1 || found.Trusted != 1 {
		t.Errorf("before it is under the log: %+v", found)
	}
	r.seal()
	if found := r.stamps(); found.Pending != 0 || found.Trusted != 1 || found.Authorities[0].Name != "harbour" {
		t.Errorf("under the log: %+v", found)
	}
	// Not again before its time, after a restart either.
	r.restart()
	r.stamper.Once(t.Context())
	if again := r.stamper.Status(); r.authority.Requests() != 1 || again.Size != 2 || !again.Time.Equal(s.Time) {
		t.Errorf("%d requests, %+v", r.authority.Requests(), again)
	}
}

// TestTroubleIsNamed asks authorities over loopback that do all that one should not.
func TestTroubleIsNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		fault      timestamptest.Fault
		code, says string
	}{
		"html":            {timestamptest.HTML, "stamp-answer", `it answers "text/html; charset=utf-8" and not application/timestamp-reply: "<!doctype html><title>Sign in to the proxy`},
		"unavailable":     {timestamptest.Unavailable, "stamp-refused", "status 503: come back later"},
		"garbage":         {timestamptest.Garbage, "stamp-answer", "not a time stamp"},
		"large":           {timestamptest.Large, "stamp-answer", "more than 65536 bytes"},
		"hangs":           {timestamptest.Hang, "stamp-unreachable", "no answer within 200ms"},
		"refuses":         {timestamptest.Refuse, "stamp-refused", "no stamps for you"},
		"another nonce":   {timestamptest.OtherNonce, "stamp-wrong", "its nonce"},
		"another imprint": {timestamptest.OtherImprint, "stamp-wrong", "its imprint"},
		"another time":    {timestamptest.OtherTime, "stamp-clock", "this machine"},
		"expired":         {timestamptest.ExpiredCertificate, "stamp-untrusted", "expired"},
		"another usage":   {timestamptest.OtherUsage, "stamp-wrong", "not for time stamps alone"},
		"bad signature":   {timestamptest.OtherSignature, "stamp-wrong", "does not hold"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, timestamptest.Options{Fault: tt.fault})
			server := httptest.NewServer(r.authority)
			defer server.Close()
			r.target.URL, r.target.Client, r.target.Timeout = server.URL+"/tsr?key=hunter2", server.Client(), 5*time.Second
			if tt.fault == timestamptest.Hang {
				r.target.Timeout = 200 * time.Millisecond
			}
			r.restart()
			r.seal()
			wait := r.stamper.Once(t.Context())
			s := r.stamper.Status()
			if s.Trouble == nil || s.Trouble.Code != tt.code || !strings.Contains(s.Trouble.Cause, tt.says) || s.Trouble.Remedy == "" || wait <= 0 || s.Failures != 1 {
				t.Fatalf("wait %v, trouble %+v, want %s: %s", wait, s.Trouble, tt.code, tt.says)
			}
			if s.Address != server.URL || strings.Contains(s.Trouble.Cause, "hunter2") {
				t.Errorf("what stands behind the host is told: %s, %s", s.Address, s.Trouble.Cause)
			}
			if len(r.journal) != 0 || r.stamps() != nil {
				t.Errorf("something was kept")
			}
		})
	}
	r := newRig(t, timestamptest.Options{})
	other := newRig(t, timestamptest.Options{})
	r.target.Roots = other.target.Roots
	r.restart()
	r.seal()
	r.stamper.Once(t.Context())
	if s := r.stamper.Status(); s.Trouble == nil || s.Trouble.Code != "stamp-untrusted" {
		t.Errorf("another root: %+v", s.Trouble)
	}
}

// TestAnAuthorityThatHangs is asked within a budget for days, is late, and stamps again.
func TestAnAuthorityThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, timestamptest.Options{Fault: timestamptest.Hang})
		r.seal()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.stamper.Run(ctx) }()
		pass := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
		}
		pass(24 * time.Hour)
		if n := r.authority.Requests(); n < 10 || n > 30 {
			t.Errorf("%d requests in a day", n)
		}
		r.seal() // nothing waits for it
		if _, told := r.handed(); told != 0 {
			t.Errorf("told %d after a day", told)
		}
		if s := r.stamper.Status(); s.Trouble == nil || s.Late(time.Now()) {
			t.Errorf("after a day: %+v", s.Trouble)
		}
		pass(28 * time.Hour)
		_, told := r.handed()
		if s := r.stamper.Status(); !s.Late(time.Now()) || told != 1 || s.Since.IsZero() {
			t.Errorf("after two days: %+v, told %d", s, told)
		}
		r.authority.Break(timestamptest.None)
		pass(2*time.Hour + time.Minute)
		journalled, told := r.handed()
		if s := r.stamper.Status(); s.Trouble != nil || s.Failures != 0 || s.Size == 0 || told != 2 || journalled != 1 {
			t.Errorf("when it answers again: %+v, told %d, %d journalled", s, told, journalled)
		}
		// One stamp a day from then on, as long as the log grows.
		before := r.authority.Requests()
		for range 5 {
			r.seal()
			pass(24 * time.Hour)
		}
		if n := r.authority.Requests() - before; n < 4 || n > 6 {
			t.Errorf("%d stamps in five days", n)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestACrashBetweenTheSteps stops the machine at each operation of the disk between the
// answer and the journal, and then the journal itself: the stamp that came is kept once
// the machine is back, and the authority is not asked again for it.
func TestACrashBetweenTheSteps(t *testing.T) {
	crashed := 0
	for n := 1; ; n++ {
		r := newRig(t, timestamptest.Options{})
		r.seal()
		r.fs.SetInject(durabletest.At(r.fs.Ops()+n, durabletest.Crash))
		r.stamper.Once(t.Context())
		if !r.fs.Crashed() {
			if n < 10 || crashed == 0 {
				t.Errorf("%d operations, %d of them with a stamp", n, crashed)
			}
			break
		}
		came := len(r.journal)
		r.fs = r.fs.AfterCrash(durabletest.KeepAll, nil)
		r.config.FS = r.fs
		r.open()
		r.restart()
		r.stamper.Once(t.Context())
		if s := r.stamper.Status(); s.Trouble != nil || s.Size != 2 {
			t.Fatalf("operation %d: %+v", n, s.Trouble)
		}
		if r.authority.Requests() == 1 {
			crashed++
		}
		if len(r.journal) < 1 || came == 1 && len(r.journal) > 2 {
			t.Fatalf("operation %d: %d payloads journalled", n, len(r.journal))
		}
		r.seal()
		if s := r.stamps(); s.Count != 1 || s.Pending != 0 {
			t.Fatalf("operation %d: %+v", n, s)
		}
	}
	// The journal refuses, as when the disk is full.
	r := newRig(t, timestamptest.Options{})
	r.seal()
	r.journals = errors.New("no space left on device")
	r.stamper.Once(t.Context())
	if s := r.stamper.Status(); s.Trouble == nil || s.Trouble.Code != "stamp-kept" || s.Size != 0 {
		t.Fatalf("%+v", s)
	}
	r.journals = nil
	r.stamper.Once(t.Context())
	if s := r.stamper.Status(); s.Trouble != nil || s.Size != 2 || r.authority.Requests() != 1 || len(r.journal) != 1 {
		t.Fatalf("%+v, %d requests", s, r.authority.Requests())
	}
}

// TestANoteOfAnotherLog gives up a stamp that came for an archive that is no more.
func TestANoteOfAnotherLog(t *testing.T) {
	r := newRig(t, timestamptest.Options{})
	r.seal()
	r.journals = errors.New("no space left on device")
	r.stamper.Once(t.Context())
	r.journals = nil
	if _, err := r.fs.Stat("/data/timestamps/harbour.json"); err != nil {
		t.Fatal(err)
	}
	r.config.Dir, r.config.KeyFile = "/new", "/keys/new.key"
	r.open()
	r.restart()
	r.seal()
	r.stamper.Once(t.Context())
	r.stamper.Once(t.Context())
	if s := r.stamper.Status(); s.Trouble != nil || s.Size != 2 || len(r.journal) != 1 {
		t.Fatalf("%+v, %+v, %d journalled", s, s.Trouble, len(r.journal))
	}
	if _, err := r.fs.Stat("/data/timestamps/harbour.json"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the note: %v", err)
	}
}
