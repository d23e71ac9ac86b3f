package blobexport

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/model"
)

const (
	tenant    = "11111111-2222-3333-4444-555555555555"
	container = "insights-logs-advancedhunting-emailevents"
)

// hour is the path of an hour's blob in a container.
func hour(h int) string {
	return fmt.Sprintf("tenantId=%s/y=2026/m=09/d=18/h=%02d/m=00/PT1H.json", tenant, h)
}

type memorySink struct {
	mu       sync.Mutex
	payloads []model.Payload
	fail     func(model.Payload) error
}

func (m *memorySink) Journal(_ context.Context, p model.Payload) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		if err := m.fail(p); err != nil {
			return 0, err
		}
	}
	m.payloads = append(m.payloads, p)
	return uint64(len(m.payloads)), nil
}

// text is everything journalled under a name, in order.
func (m *memorySink) text(name string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b strings.Builder
	for _, p := range m.payloads {
		if p.Name == name {
			b.Write(p.Body)
		}
	}
	return b.String()
}

type rig struct {
	t    *testing.T
	root string
	db   *sql.DB
	sink *memorySink
	cfg  Config
	c    *Collector
}

func newRig(t *testing.T) *rig {
	t.Helper()
	dir := t.TempDir()
	db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1) // one connection, so that the setting holds
	if _, err := db.ExecContext(t.Context(), "PRAGMA synchronous = OFF"); err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, root: filepath.Join(dir, "export"), db: db, sink: &memorySink{}, cfg: DefaultConfig("local")}
	r.restart()
	return r
}

func (r *rig) restart() {
	r.t.Helper()
	c, err := New(r.t.Context(), r.cfg, Dependencies{DB: r.db, Store: NewFolder(r.root), Sink: r.sink})
	if err != nil {
		r.t.Fatal(err)
	}
	r.c = c
}

// write appends to a blob, at a modification time of its own.
func (r *rig) write(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.root, container, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		r.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) poll() {
	r.t.Helper()
	if err := r.c.poll(r.t.Context()); err != nil {
		r.t.Errorf("poll: %v", err)
	}
}

func (r *rig) want(name, text string) {
	r.t.Helper()
	if got := r.sink.text(container + "/" + name); got != text {
		r.t.Errorf("journalled of %s:\n%q\nwant\n%q", name, got, text)
	}
}

func TestReadsCompleteLinesAsTheyGrow(t *testing.T) {
	r := newRig(t)
	r.poll() // there is no folder yet
	if s := r.c.Status(); s.Health == collect.HealthDegraded || len(s.Streams) != 0 {
		t.Errorf("status %+v before any data, want no trouble", s)
	}
	r.write(hour(8), "{\"a\":1}\r\n{\"a\":2}\r\n{\"a\"")
	r.poll()
	r.want(hour(8), "{\"a\":1}\r\n{\"a\":2}\r\n")
	r.write(hour(8), ":3}\r\n")
	r.write(hour(9), "{\"b\":1}\r\n")
	r.poll()
	r.restart()
	r.poll()
	r.want(hour(8), "{\"a\":1}\r\n{\"a\":2}\r\n{\"a\":3}\r\n")
	r.want(hour(9), "{\"b\":1}\r\n")
	r.write(hour(8), "{\"a\":4}\r\n") // an hour that closed long ago
	r.poll()
	r.want(hour(8), "{\"a\":1}\r\n{\"a\":2}\r\n{\"a\":3}\r\n{\"a\":4}\r\n")

	last := r.sink.payloads[len(r.sink.payloads)-1]
	want := model.Payload{Tenant: tenant, Source: model.SourceBlobExport, Format: model.FormatDefenderLines, ContentType: "EmailEvents",
		Name: container + "/" + hour(8), Offset: 27, Line: 4, Received: last.Received, Body: []byte("{\"a\":4}\r\n")}
	if fmt.Sprint(last) != fmt.Sprint(want) || last.Received.IsZero() {
		t.Errorf("payload %+v\nwant %+v", last, want)
	}
	for _, p := range r.sink.payloads { // who keeps a payload keeps the buffer that it lies in
		if cap(p.Body) > 100 {
			t.Errorf("a payload of %d bytes keeps %d", len(p.Body), cap(p.Body))
		}
	}
	s := r.c.Status().Streams[0]
	if s.ContentType != "EmailEvents" || s.Counts.Records != 5 || s.Counts.Bytes != 45 || s.Counts.Journalled != 4 || s.LastBlob.IsZero() || s.Problem != nil {
		t.Errorf("status %+v", s)
	}
}

func TestChunksAreBoundedAndLinesWhole(t *testing.T) {
	r := newRig(t)
	r.cfg.ChunkBytes, r.cfg.MaxLineBytes = 100, 1000
	r.restart()
	var text strings.Builder
	for n := range 50 {
		length := 9 + n%7
		if n == 30 {
			length = 450 // longer than a chunk
		}
		text.WriteString(strings.Repeat("x", length) + "\r\n")
	}
	r.write(hour(8), text.String())
	r.poll()
	r.want(hour(8), text.String())
	offset, line := int64(0), int64(1)
	for _, p := range r.sink.payloads {
		lines := int64(bytes.Count(p.Body, []byte("\n")))
		if p.Offset != offset || p.Line != line || p.Body[len(p.Body)-1] != '\n' || len(p.Body) > 100 && lines > 40 {
			t.Errorf("payload at %d, line %d with %d bytes; want offset %d, line %d and whole lines", p.Offset, p.Line, len(p.Body), offset, line)
		}
		offset, line = offset+int64(len(p.Body)), line+lines
	}
}

func TestLineBeyondTheBoundStopsItsBlobAlone(t *testing.T) {
	r := newRig(t)
	r.cfg.ChunkBytes, r.cfg.MaxLineBytes = 50, 100
	r.restart()
	r.write(hour(8), "first\r\n"+strings.Repeat("x", 101)+"\r\nlast\r\n")
	r.write(hour(9), "other\r\n")
	if err := r.c.poll(t.Context()); err == nil || !strings.Contains(err.Error(), "longer than 100 bytes") {
		t.Errorf("error %v, want one about the long line", err)
	}
	r.want(hour(8), "first\r\n")
	r.want(hour(9), "other\r\n")
	if s := r.c.Status().Streams[0]; s.Health != collect.HealthDegraded || s.Problem == nil {
		t.Errorf("status %+v, want a problem", s)
	}
}

func TestReplacedBlobIsReadAgain(t *testing.T) {
	for name, replacement := range map[string]string{"shorter": "new\r\n", "longer": "another beginning\r\nand more of it\r\n", "as long": "ONE\r\nTWO\r\n"} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.write(hour(8), "one\r\ntwo\r\n")
			r.poll()
			path := filepath.Join(r.root, container, hour(8))
			if err := os.WriteFile(path, []byte(replacement), 0o644); err != nil {
				t.Fatal(err)
			}
			later := time.Now().Add(time.Minute) // whatever the file system's resolution
			if err := os.Chtimes(path, later, later); err != nil {
				t.Fatal(err)
			}
			r.poll()
			r.poll()
			r.want(hour(8), "one\r\ntwo\r\n"+replacement)
			last := r.sink.payloads[len(r.sink.payloads)-1]
			if last.Offset != 0 || last.Line != 1 {
				t.Errorf("the replacement was read from %d, line %d", last.Offset, last.Line)
			}
		})
	}
}

func TestCrashBeforeTheOffsetRepeatsTheChunk(t *testing.T) {
	r := newRig(t)
	r.write(hour(8), "one\r\n")
	// The sink keeps the payload and then the process dies: the offset is never
	// saved.
	r.sink.fail = func(p model.Payload) error {
		r.sink.payloads = append(r.sink.payloads, p)
		return errors.New("killed")
	}
	if err := r.c.poll(t.Context()); !errors.Is(err, errStorage) {
		t.Errorf("error %v, want the sink's", err)
	}
	r.sink.fail = nil
	r.restart()
	r.poll()
	r.want(hour(8), "one\r\none\r\n")
}

func TestOtherThingsInTheFolderAreLeftAlone(t *testing.T) {
	r := newRig(t)
	outside := filepath.Join(t.TempDir(), "PT1H.json")
	if err := os.WriteFile(outside, []byte("secret\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.write(hour(8), "one\r\n")
	r.write("notes.txt", "no export\r\n")
	r.write("tenantId=99999999-2222-3333-4444-555555555555/y=2026/PT1H.json", "another tenant\r\n")
	if err := os.Symlink(outside, filepath.Join(r.root, container, "link.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(outside), filepath.Join(r.root, "insights-logs-advancedhunting-x")); err != nil {
		t.Fatal(err)
	}
	r.cfg.Tenant = strings.ToUpper(tenant)
	r.restart()
	r.poll()
	if len(r.sink.payloads) != 1 || string(r.sink.payloads[0].Body) != "one\r\n" {
		t.Errorf("journalled %+v, want the export's line alone", r.sink.payloads)
	}
}

// TestEveryLineOnceOverRandomGrowth appends whole and broken lines to many
// blobs, with sinks that fail and restarts, and expects what was written.
func TestEveryLineOnceOverRandomGrowth(t *testing.T) {
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 1))
		r := newRig(t)
		r.cfg.ChunkBytes, r.cfg.MaxLineBytes = 200, 4000
		r.restart()
		written := map[string]string{}
		r.sink.fail = func(model.Payload) error {
			if random.IntN(10) == 0 {
				return errors.New("disk full")
			}
			return nil
		}
		for range 60 {
			name := hour(random.IntN(6))
			text := strings.Repeat(fmt.Sprint(random.Uint32()), 1+random.IntN(60))
			if random.IntN(4) > 0 {
				text += "\r\n"
			}
			r.write(name, text)
			written[name] += text
			if random.IntN(8) == 0 {
				r.restart()
			}
			_ = r.c.poll(t.Context()) // a full disk is part of the game
		}
		r.sink.fail = nil
		for name := range written {
			r.write(name, "end\r\n")
			written[name] += "end\r\n"
		}
		r.poll()
		for name, text := range written {
			if got := r.sink.text(container + "/" + name); got != text {
				t.Fatalf("seed %d: %s has %d bytes journalled of %d written", seed, name, len(got), len(text))
			}
		}
	}
}

func TestRunPollsUntilItIsStopped(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		db, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		r := &rig{t: t, root: filepath.Join(dir, "export"), db: db, sink: &memorySink{}, cfg: DefaultConfig("local")}
		r.restart()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.c.Run(ctx) }()
		time.Sleep(time.Minute)
		if s := r.c.Status(); s.Health != collect.HealthRunning {
			t.Errorf("health %q after a minute without data, want running", s.Health)
		}
		r.write(hour(8), "one\r\n")
		time.Sleep(11 * time.Second)
		r.want(hour(8), "one\r\n")
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if s := r.c.Status(); s.Health != collect.HealthStopped {
			t.Errorf("health %q after the end", s.Health)
		}
	})
}
