package push

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/model"
)

const token = "0123456789abcdef-token"

type memorySink struct {
	mu       sync.Mutex
	payloads []model.Payload
	fail     error
	wait     chan struct{}
}

func (m *memorySink) Journal(_ context.Context, p model.Payload) (uint64, error) {
	if m.wait != nil {
		<-m.wait
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return 0, m.fail
	}
	m.payloads = append(m.payloads, p)
	return uint64(len(m.payloads)), nil
}

func (m *memorySink) text() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b strings.Builder
	for _, p := range m.payloads {
		b.Write(p.Body)
	}
	return b.String()
}

func config(t *testing.T) Config {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Listen, cfg.TokenFile, cfg.Tenant = "127.0.0.1:0", filepath.Join(t.TempDir(), "token"), "T"
	if err := os.WriteFile(cfg.TokenFile, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func newReceiver(t *testing.T, cfg Config) (*Receiver, *memorySink) {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	sink := &memorySink{}
	r, err := New(t.Context(), cfg, Dependencies{DB: db, Sink: sink})
	if err != nil {
		t.Fatal(err)
	}
	return r, sink
}

func post(body io.Reader, change func(*http.Request)) *http.Request {
	q := httptest.NewRequest(http.MethodPost, Path, body)
	q.Header.Set("Authorization", "Bearer "+token)
	if change != nil {
		change(q)
	}
	return q
}

func send(r *Receiver, q *http.Request) (int, string) {
	w := httptest.NewRecorder()
	r.ServeHTTP(w, q)
	return w.Code, w.Body.String()
}

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLinesAreJournalledAsTheyCome(t *testing.T) {
	cfg := config(t)
	cfg.ChunkBytes = 100
	r, sink := newReceiver(t, cfg)
	var text strings.Builder
	for n := range 60 {
		length := 5 + n%11
		if n == 30 {
			length = 900 // longer than a chunk
		}
		text.WriteString(strings.Repeat("x", length) + []string{"\n", "\r\n"}[n%2])
	}
	text.WriteString("the last line has no end")
	for _, zipped := range []bool{false, true} {
		sink.payloads = nil
		body, encoding := []byte(text.String()), ""
		if zipped {
			body, encoding = packed(t, text.String()), "gzip"
		}
		status, answer := send(r, post(bytes.NewReader(body), func(q *http.Request) { q.Header.Set("Content-Encoding", encoding) }))
		var got delivered
		if err := json.Unmarshal([]byte(answer), &got); err != nil || status != http.StatusOK || got.Lines != 61 || got.Bytes != int64(text.Len()) {
			t.Errorf("answer %d %s, %v", status, answer, err)
		}
		if sink.text() != text.String() {
			t.Errorf("journalled %q", sink.text())
		}
		offset, line := int64(0), int64(1)
		for i, p := range sink.payloads {
			if p.Offset != offset || p.Line != line || p.Tenant != "t" || p.Source != model.SourcePush || p.Format != model.FormatDefenderLines || p.Name != sink.payloads[0].Name {
				t.Errorf("payload %d is %+v, want offset %d and line %d", i, p, offset, line)
			}
			if i < len(sink.payloads)-1 && p.Body[len(p.Body)-1] != '\n' {
				t.Errorf("payload %d ends inside a line", i)
			}
			offset, line = offset+int64(len(p.Body)), line+int64(bytes.Count(p.Body, []byte{'\n'}))
		}
	}
	s := r.Status()
	if c := s.Streams[0].Counts; c.Records != 122 || c.Bytes != int64(2*text.Len()) || c.Journalled < 10 || s.Streams[0].LastJournalled.IsZero() {
		t.Errorf("status %+v", s)
	}
}

func TestRefusals(t *testing.T) {
	cfg := config(t)
	cfg.BodyBytes, cfg.LineBytes, cfg.ChunkBytes = 2000, 500, 100
	r, sink := newReceiver(t, cfg)
	for name, c := range map[string]struct {
		body   io.Reader
		change func(*http.Request)
		want   int
	}{
		"no token":       {strings.NewReader("a\n"), func(q *http.Request) { q.Header.Del("Authorization") }, 401},
		"wrong token":    {strings.NewReader("a\n"), func(q *http.Request) { q.Header.Set("Authorization", "Bearer "+token+"x") }, 401},
		"empty token":    {strings.NewReader("a\n"), func(q *http.Request) { q.Header.Set("Authorization", "Bearer ") }, 401},
		"another scheme": {strings.NewReader("a\n"), func(q *http.Request) { q.Header.Set("Authorization", token) }, 401},
		"path":           {strings.NewReader("a\n"), func(q *http.Request) { q.URL.Path = "/" }, 404},
		"method":         {strings.NewReader("a\n"), func(q *http.Request) { q.Method = http.MethodGet }, 405},
		"encoding":       {strings.NewReader("a\n"), func(q *http.Request) { q.Header.Set("Content-Encoding", "br") }, 415},
		"no gzip":        {strings.NewReader("a\n"), func(q *http.Request) { q.Header.Set("Content-Encoding", "gzip") }, 400},
		"large":          {strings.NewReader(strings.Repeat("a\n", 1001)), nil, 413},
		"bomb":           {bytes.NewReader(packed(t, strings.Repeat("\n", 1<<20))), func(q *http.Request) { q.Header.Set("Content-Encoding", "gzip") }, 413},
		"bomb of lines":  {bytes.NewReader(packed(t, strings.Repeat("{}\n", 1<<20))), func(q *http.Request) { q.Header.Set("Content-Encoding", "gzip") }, 413},
		"long line":      {strings.NewReader(strings.Repeat("x", 1500)), nil, 413},
		"cut":            {io.MultiReader(strings.NewReader("a\nb"), broken{}), nil, 400},
		"cut gzip":       {bytes.NewReader(packed(t, strings.Repeat("a\n", 400))[:20]), func(q *http.Request) { q.Header.Set("Content-Encoding", "gzip") }, 400},
	} {
		before := len(sink.text())
		if status, answer := send(r, post(c.body, c.change)); status != c.want || !strings.Contains(answer, `"error":`) || strings.Contains(answer, token) {
			t.Errorf("%s: %d %s, want %d", name, status, answer, c.want)
		}
		if grown := len(sink.text()) - before; int64(grown) > cfg.BodyBytes || c.want < 413 && c.want > 400 && grown > 0 {
			t.Errorf("%s: %d bytes were journalled", name, grown)
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("reset by peer") }

func TestNothingIsPromisedThatIsNotJournalled(t *testing.T) {
	r, sink := newReceiver(t, config(t))
	sink.fail = errors.New("disk full")
	if status, _ := send(r, post(strings.NewReader("a\n"), nil)); status != http.StatusServiceUnavailable {
		t.Errorf("answer %d to lines that were not stored", status)
	}
	if p := r.Status().Problem; p == nil || !strings.Contains(p.Detail, "disk full") {
		t.Errorf("problem %+v", p)
	}
	sink.fail = nil
	if status, _ := send(r, post(strings.NewReader("a\n"), nil)); status != http.StatusOK || sink.text() != "a\n" || r.Status().Problem != nil {
		t.Errorf("answer %d, journalled %q, problem %+v", status, sink.text(), r.Status().Problem)
	}
}

func TestTokenIsReadAnew(t *testing.T) {
	cfg := config(t)
	r, _ := newReceiver(t, cfg)
	if err := os.WriteFile(cfg.TokenFile, []byte("another token of enough letters"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _ := send(r, post(strings.NewReader("a\n"), nil)); status != http.StatusUnauthorized {
		t.Errorf("answer %d to the old token", status)
	}
	if err := os.Remove(cfg.TokenFile); err != nil {
		t.Fatal(err)
	}
	if status, _ := send(r, post(strings.NewReader("a\n"), nil)); status != http.StatusServiceUnavailable {
		t.Errorf("answer %d without a token to compare with", status)
	}
}

func TestMoreThanEnoughAtOnceComesAgain(t *testing.T) {
	cfg := config(t)
	cfg.AtOnce = 2
	r, sink := newReceiver(t, cfg)
	sink.wait = make(chan struct{})
	statuses := make(chan int, 3)
	for range 3 {
		go func() {
			status, _ := send(r, post(strings.NewReader("a\n"), nil))
			statuses <- status
		}()
	}
	if status := <-statuses; status != http.StatusServiceUnavailable {
		t.Errorf("answer %d to one too many", status)
	}
	close(sink.wait)
	if a, b := <-statuses, <-statuses; a != http.StatusOK || b != http.StatusOK {
		t.Errorf("answers %d and %d", a, b)
	}
}

// TestListens runs it as the server does: a port that is taken at first is had
// later, and the end is clean.
func TestListens(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := config(t)
	cfg.Listen = taken.Addr().String()
	r, sink := newReceiver(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	await(t, func() bool { s := r.Status(); return s.Health == collect.HealthDegraded && s.Problem != nil })
	taken.Close()
	await(t, func() bool { return r.Status().Health == collect.HealthRunning })
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+cfg.Listen+Path, strings.NewReader("one\n"))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(q)
	if err != nil || response.StatusCode != http.StatusOK || sink.text() != "one\n" {
		t.Errorf("%v, %v, journalled %q", response, err, sink.text())
	}
	response.Body.Close()
	cancel()
	if err := <-done; err != nil || r.Status().Health != collect.HealthStopped {
		t.Errorf("%v, %+v", err, r.Status())
	}
}

func await(t *testing.T, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(30 * time.Second); !holds(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it never came to this")
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"host:port":                            func(c *Config) { c.Listen = "here" },
		"without TLS":                          func(c *Config) { c.Listen = "0.0.0.0:8486" },
		"go together":                          func(c *Config) { c.KeyFile = "key.pem" },
		"token_file: missing":                  func(c *Config) { c.TokenFile = "" },
		fmt.Sprintf("fewer than %d", minToken): func(c *Config) { _ = os.WriteFile(c.TokenFile, []byte("short"), 0o600) },
		"at least 1 byte":                      func(c *Config) { c.ChunkBytes = 0 },
	} {
		cfg := config(t)
		change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
