package server_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/server"
	"github.com/quoll/quoll/server/servertest"
)

// pipe is an answer that is read while it is written.
type pipe struct {
	*io.PipeWriter
	header http.Header
	status int
}

func (p *pipe) Header() http.Header                 { return p.header }
func (p *pipe) WriteHeader(status int)              { p.status = status }
func (p *pipe) Flush()                              {}
func (p *pipe) SetWriteDeadline(at time.Time) error { return nil }

// heard collects a stream in the background.
type heard struct {
	mu   sync.Mutex
	text string
	done bool
}

func (h *heard) get() (string, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text, h.done
}

// listen opens a stream; cancel ends it.
func listen(s *server.Server, change ...func(*http.Request)) (*heard, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	r := httptest.NewRequestWithContext(ctx, "GET", "/api/v1/events", nil)
	r.Host = "127.0.0.1:8484"
	for _, f := range change {
		f(r)
	}
	reader, writer := io.Pipe()
	h := &heard{}
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := reader.Read(buffer)
			h.mu.Lock()
			h.text, h.done = h.text+string(buffer[:n]), err != nil
			h.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	go func() {
		s.Handler().ServeHTTP(&pipe{PipeWriter: writer, header: http.Header{}}, r)
		_ = writer.Close()
	}()
	return h, cancel
}

func TestWhoListensHearsWhatChangesAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		canned := servertest.New(time.Now)
		s := newServer(t, func(_ *server.Config, o *server.Options) { o.Services, o.Clock = canned.Services(), time.Now })
		h, cancel := listen(s)
		synctest.Wait()
		text, _ := h.get()
		if !strings.HasPrefix(text, ": quoll\n\n") || strings.Count(text, "event: incidents\n") != 1 || strings.Count(text, "event: sources\n") != 1 {
			t.Errorf("at first it heard %q", text)
		}
		status := "Active"
		if _, err := canned.Update(t.Context(), "inc-0007", server.IncidentChange{Status: &status}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if text, _ := h.get(); strings.Count(text, "event: incidents\n") != 2 {
			t.Errorf("after a change it heard %q", text)
		}
		// One who comes later is told what is, at once.
		late, cancelLate := listen(s)
		synctest.Wait()
		if text, _ := late.get(); strings.Count(text, "event: incidents\n") != 1 {
			t.Errorf("one who came late heard %q", text)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if text, done := h.get(); done || strings.Count(text, "event: incidents\n") != 2 {
			t.Errorf("of nothing it heard %q", text)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if _, done := h.get(); !done {
			t.Error("a stream does not end")
		}
		cancel()
		cancelLate()
		time.Sleep(time.Minute) // nobody looks any more, or the bubble would not end
	})
}

// goneAccess knows nobody after a while.
type goneAccess struct {
	server.Access
	until time.Time
}

func (g goneAccess) Who(context.Context, string) (*server.Person, error) {
	if time.Now().After(g.until) {
		return nil, server.ErrNotFound
	}
	return &server.Person{Name: "ines", Role: server.RoleReader}, nil
}

func TestWhoIsSignedOutHearsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, func(_ *server.Config, o *server.Options) {
			o.Services, o.Clock = server.Services{Access: goneAccess{until: time.Now().Add(20 * time.Second)}}, time.Now
		})
		h, cancel := listen(s, func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "quoll_session_8484", Value: "x"}) })
		defer cancel()
		time.Sleep(16 * time.Second)
		synctest.Wait()
		if text, done := h.get(); done || !strings.Contains(text, ": still here") {
			t.Errorf("after a while: %q, done %v", text, done)
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if _, done := h.get(); !done {
			t.Error("the stream of who was signed out goes on")
		}
		time.Sleep(time.Minute)
	})
}

func TestStreamsAreBoundedAndEndWithTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, func(_ *server.Config, o *server.Options) {
			o.Services, o.Clock = servertest.New(time.Now).Services(), time.Now
		})
		var all []*heard
		for range 100 {
			h, cancel := listen(s)
			defer cancel()
			all = append(all, h)
		}
		synctest.Wait()
		if w := call(s, "GET", "/api/v1/events", ""); w.Code != http.StatusTooManyRequests {
			t.Errorf("one more: status %d", w.Code)
		}
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		l := &deafListener{closed: make(chan struct{})}
		go func() { served <- s.Serve(ctx, l) }()
		synctest.Wait()
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		for _, h := range all {
			if _, done := h.get(); !done {
				t.Fatal("a stream outlives the server")
			}
		}
		time.Sleep(time.Minute)
	})
}
