package witness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/durable/durabletest"
)

const origin = "quoll.example/archive"

// tree is a log in memory, with the hashes that tlog stores.
type tree struct {
	signer note.Signer
	key    note.Verifier
	size   int64
	hashes []tlog.Hash

	cosigned []byte
}

func newTree(t testing.TB, seed byte) *tree {
	t.Helper()
	private, public, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 64)), origin)
	if err != nil {
		t.Fatal(err)
	}
	l := &tree{}
	if l.signer, err = note.NewSigner(private); err != nil {
		t.Fatal(err)
	}
	if l.key, err = note.NewVerifier(public); err != nil {
		t.Fatal(err)
	}
	return l
}

// clone is the same log, to go another way.
func (l *tree) clone() *tree {
	c := *l
	c.hashes = append([]tlog.Hash(nil), l.hashes...)
	return &c
}

func (l *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		out[i] = l.hashes[index]
	}
	return out, nil
}

func (l *tree) grow(t testing.TB, leaves ...string) *tree {
	t.Helper()
	for _, leaf := range leaves {
		added, err := tlog.StoredHashes(l.size, []byte(leaf), l)
		if err != nil {
			t.Fatal(err)
		}
		l.hashes = append(l.hashes, added...)
		l.size++
	}
	return l
}

func (l *tree) Checkpoint() []byte {
	root, err := tlog.TreeHash(l.size, l)
	if err != nil {
		panic(err)
	}
	signed, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", origin, l.size, root)}, l.signer)
	if err != nil {
		panic(err)
	}
	return signed
}

func (l *tree) Consistency(older, newer int64) (tlog.TreeProof, error) {
	if older <= 0 || older >= newer {
		return nil, nil
	}
	return tlog.ProveTree(newer, older, l)
}

func (l *tree) KeepCosigned(signed []byte) error {
	l.cosigned = signed
	return nil
}

// request is the body that asks to cosign this log after an old size.
func (l *tree) request(t testing.TB, old int64) []byte {
	t.Helper()
	hashes, err := l.Consistency(old, l.size)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Appendf(nil, "old %d\n%s\n%s", old, proof.FormatHashes(hashes), l.Checkpoint())
}

func newCosigner(t testing.TB, seed byte) (*proof.Cosigner, note.Verifier) {
	t.Helper()
	private, err := proof.GenerateCosigner(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)), fmt.Sprintf("witness.example/w%d", seed))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := proof.NewCosigner(private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := proof.NewWitnessVerifier(signer.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	return signer, key
}

func config(t testing.TB, fsys *durabletest.FS, logs ...note.Verifier) Config {
	signer, _ := newCosigner(t, 1)
	return Config{Dir: "/witness", Logs: logs, Signer: signer, FS: fsys, Now: func() time.Time { return time.Unix(1_760_000_000, 0) }, Log: slog.New(slog.DiscardHandler)}
}

func mustOpen(t testing.TB, cfg Config) *Witness {
	t.Helper()
	w, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// alarms returns what a witness kept of the log.
func alarms(t testing.TB, fsys *durabletest.FS) []Alarm {
	t.Helper()
	var all []Alarm
	for name, file := range fsys.Snapshot("/witness") {
		if !strings.HasSuffix(name, alarmsFile) {
			continue
		}
		for line := range bytes.Lines(file.Data) {
			var a Alarm
			if err := json.Unmarshal(line, &a); err != nil {
				t.Fatal(err)
			}
			all = append(all, a)
		}
	}
	return all
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

// TestWitnessFollowsALog cosigns a log as it grows, over a restart, and keeps
// each checkpoint whole.
func TestWitnessFollowsALog(t *testing.T) {
	fsys := durabletest.New(nil)
	l := newTree(t, 7)
	w := mustOpen(t, config(t, fsys, l.key))
	_, key := newCosigner(t, 1)
	old := int64(0)
	for i := range 20 {
		a := w.add(l.request(t, old))
		if a.status != http.StatusOK {
			t.Fatalf("%d leaves: %v", l.size, a)
		}
		c, err := proof.OpenCheckpoint(append(l.Checkpoint(), a.body...), l.key, []note.Verifier{key})
		if err != nil || len(c.Cosignatures) != 1 || c.Cosignatures[0].Time.Unix() != 1_760_000_000 {
			t.Fatalf("%d leaves: cosignatures %v, error %v", l.size, c.Cosignatures, err)
		}
		// Asked again it signs again, and keeps nothing more.
		if again := w.add(l.request(t, l.size)); again.status != http.StatusOK {
			t.Fatalf("the same again: %v", again)
		}
		if i == 10 {
			_ = w.Close()
			w = mustOpen(t, config(t, fsys, l.key))
		}
		old = l.size
		l.grow(t, fmt.Sprint("leaf ", i), "another")
	}
	lines := 0
	for name, file := range fsys.Snapshot("/witness") {
		if strings.HasSuffix(name, checkpointsFile) {
			for line := range bytes.Lines(file.Data) {
				var k Kept
				if err := json.Unmarshal(line, &k); err != nil {
					t.Fatal(err)
				}
				c, err := proof.OpenCheckpoint([]byte(k.Checkpoint), l.key, []note.Verifier{key})
				if err != nil || c.Size != int64(2*lines) || len(c.Cosignatures) != 1 {
					t.Errorf("line %d: size %d, error %v", lines, c.Size, err)
				}
				lines++
			}
		}
	}
	if lines != 20 || len(alarms(t, fsys)) != 0 {
		t.Errorf("%d checkpoints kept, want 20; alarms %v", lines, alarms(t, fsys))
	}
}

// TestAttacksAreFoundAndKept tries to show a witness another history, an older
// one, and one under another key.
func TestAttacksAreFoundAndKept(t *testing.T) {
	common := newTree(t, 7).grow(t, "a", "b", "c")
	seen := common.clone().grow(t, "d", "e")
	other := newTree(t, 8).grow(t, "a", "b", "c", "d", "e", "f")
	tests := []struct {
		name    string
		offered *tree
		old     int64
		status  int
		alarm   string
	}{
		{"another tree of the same size", common.clone().grow(t, "d", "X"), 5, http.StatusConflict, AlarmSplit},
		{"a longer tree that has not grown out of it", common.clone().grow(t, "d", "X", "f"), 5, http.StatusUnprocessableEntity, AlarmSplit},
		{"an older tree", common.clone().grow(t, "d"), 4, http.StatusConflict, AlarmRollback},
		{"an older tree as if nothing had been signed", common.clone(), 0, http.StatusConflict, AlarmRollback},
		{"the tree emptied", newTree(t, 7), 0, http.StatusConflict, AlarmRollback},
		{"another key", other, 5, http.StatusForbidden, AlarmKey},
		{"a size that it did not sign, of an honest log", seen.clone().grow(t, "f"), 4, http.StatusConflict, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fsys := durabletest.New(nil)
			w := mustOpen(t, config(t, fsys, seen.key))
			if a := w.add(seen.request(t, 0)); a.status != http.StatusOK {
				t.Fatal(a)
			}
			known := w.Latest(origin)
			for range 3 { // it is tried again and again, and kept once
				if a := w.add(test.offered.request(t, test.old)); a.status != test.status {
					t.Fatalf("answer %v, want status %d", a, test.status)
				}
			}
			if !bytes.Equal(w.Latest(origin), known) {
				t.Error("the witness moved")
			}
			kept := alarms(t, fsys)
			if test.alarm == "" {
				if len(kept) != 0 {
					t.Errorf("alarms %v", kept)
				}
				return
			}
			if len(kept) != 1 || kept[0].What != test.alarm || kept[0].Offered != string(test.offered.Checkpoint()) || kept[0].Known != string(known) {
				t.Errorf("alarms %+v, want one of %s with both checkpoints", kept, test.alarm)
			}
			// The honest log goes on.
			if a := w.add(seen.clone().grow(t, "f").request(t, 5)); a.status != http.StatusOK {
				t.Errorf("the honest log: %v", a)
			}
		})
	}
}

// TestRequestsThatAreNone follows the statuses of C2SP tlog-witness.
func TestRequestsThatAreNone(t *testing.T) {
	l := newTree(t, 7).grow(t, "a", "b", "c")
	w := mustOpen(t, config(t, durabletest.New(nil), l.key))
	good := string(l.request(t, 0))
	if a := w.add([]byte(good)); a.status != http.StatusOK {
		t.Fatal(a)
	}
	l.grow(t, "d", "e")
	next := string(l.request(t, 3))
	tests := map[string]struct {
		body   string
		status int
	}{
		"nothing":                {"", http.StatusBadRequest},
		"no old size":            {"3" + next[5:], http.StatusBadRequest},
		"leading zero":           {"old 03" + next[5:], http.StatusBadRequest},
		"old size above the new": {"old 9" + next[5:], http.StatusBadRequest},
		"a hash that is none":    {strings.Replace(next, "\n", "\nnot a hash\n", 1), http.StatusBadRequest},
		"a hash too many":        {strings.Replace(next, "\n", "\n"+tlog.Hash{}.String()+"\n", 1), http.StatusUnprocessableEntity},
		"unknown log":            {strings.ReplaceAll(next, origin, "other.example/log"), http.StatusNotFound},
		"signature broken":       {next[:len(next)-5] + "AAA=\n", http.StatusForbidden},
		"no signature":           {next[:strings.Index(next, "—")], http.StatusForbidden},
	}
	for name, test := range tests {
		if a := w.add([]byte(test.body)); a.status != test.status {
			t.Errorf("%s: %v, want status %d", name, a, test.status)
		}
	}
	server := httptest.NewRecorder()
	w.ServeHTTP(server, httptest.NewRequest(http.MethodPost, "/add-checkpoint", strings.NewReader(good)))
	if server.Code != http.StatusConflict || server.Body.String() != "3\n" || server.Header().Get("Content-Type") != "text/x.tlog.size" {
		t.Errorf("old size 0 again: %d %q, %s", server.Code, server.Body, server.Header().Get("Content-Type"))
	}
	for method, path := range map[string]string{http.MethodGet: "/add-checkpoint", http.MethodPost: "/other"} {
		server = httptest.NewRecorder()
		w.ServeHTTP(server, httptest.NewRequest(method, path, strings.NewReader(next)))
		if server.Code < 400 {
			t.Errorf("%s %s: %d", method, path, server.Code)
		}
	}
	// Signatures of others are passed over.
	if a := w.add([]byte(next + "— other.example AAAAAAAA\n")); a.status != http.StatusOK {
		t.Errorf("with a signature of another: %v", a)
	}
}

// TestTwoHistoriesAtOnce offers both sides of a fork from many goroutines: one of
// them is signed.
func TestTwoHistoriesAtOnce(t *testing.T) {
	common := newTree(t, 7).grow(t, "a")
	w := mustOpen(t, config(t, durabletest.New(nil), common.key))
	if a := w.add(common.request(t, 0)); a.status != http.StatusOK {
		t.Fatal(a)
	}
	forks := []*tree{common.clone().grow(t, "b"), common.clone().grow(t, "X")}
	var wg sync.WaitGroup
	var mu sync.Mutex
	signed := map[int]bool{}
	for i := range 16 {
		body := forks[i%2].request(t, 1)
		wg.Go(func() {
			if w.add(body).status == http.StatusOK {
				mu.Lock()
				signed[i%2] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(signed) != 1 {
		t.Errorf("%d histories signed, want 1", len(signed))
	}
}

// TestWitnessFaults lets each write fail, lost or kept but reported failed, or
// stops the machine there. What was answered for stands afterwards, and nothing
// that contradicts it is ever signed.
func TestWitnessFaults(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, outcome := range []durabletest.Outcome{durabletest.FailLost, durabletest.FailKept, durabletest.Crash} {
		for n := 1; ; n++ {
			fsys := durabletest.New(nil)
			fsys.SetInject(durabletest.At(n, outcome))
			l := newTree(t, 7)
			answered, done := witnessLife(t, fsys, l)
			if done && fsys.Ops() < n {
				break
			}
			for _, keep := range []durabletest.Keep{durabletest.KeepNone, durabletest.KeepSome, durabletest.KeepAll} {
				after := fsys.AfterCrash(keep, rng)
				w := mustOpen(t, config(t, after, l.key))
				if got := w.logs[origin].size(); got < answered {
					t.Fatalf("outcome %d at %d: %d leaves after the restart, %d were answered for", outcome, n, got, answered)
				}
				fork := newTree(t, 7).grow(t, "X", "Y", "Z", "more", "and more")
				if a := w.add(fork.request(t, w.logs[origin].size())); answered > 0 && a.status == http.StatusOK {
					t.Fatalf("outcome %d at %d: two histories signed", outcome, n)
				}
				_ = w.Close()
			}
		}
	}
}

// witnessLife has a log cosigned a few times, and returns the last size for which
// the answer was yes, and whether the witness could be opened.
func witnessLife(t testing.TB, fsys *durabletest.FS, l *tree) (answered int64, opened bool) {
	w, err := Open(config(t, fsys, l.key))
	if err != nil {
		return 0, false
	}
	defer w.Close()
	for _, leaf := range []string{"a", "b", "c"} {
		l.grow(t, leaf)
		for range 3 {
			if w.add(l.request(t, answered)).status == http.StatusOK {
				answered = l.size
				break
			}
		}
	}
	return answered, true
}

// direct takes requests to witnesses without a network.
type direct map[string]http.Handler

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	handler := d[r.URL.Host]
	if handler == nil {
		return nil, errors.New("connection refused")
	}
	rec := httptest.NewRecorder()
	handler.ServeHTTP(rec, r)
	return rec.Result(), nil
}

func newCollector(l *tree, handlers direct, witnesses ...Endpoint) *Collector {
	return NewCollector(l, l.key, witnesses, &http.Client{Transport: handlers}, clock.System(), slog.New(slog.DiscardHandler))
}

// TestCollector gets cosignatures of those witnesses that can be had, and learns
// by itself where each stands.
func TestCollector(t *testing.T) {
	l := newTree(t, 7).grow(t, "a", "b")
	var endpoints []Endpoint
	var keys []note.Verifier
	handlers := direct{}
	for i := range byte(3) {
		signer, key := newCosigner(t, i+1)
		cfg := config(t, durabletest.New(nil), l.key)
		cfg.Signer = signer
		host := fmt.Sprintf("w%d.example", i)
		handlers[host] = mustOpen(t, cfg)
		endpoints = append(endpoints, Endpoint{"http://quoll:hunter2@" + host + "/prefix/", key})
		keys = append(keys, key)
	}
	away := handlers["w2.example"]
	delete(handlers, "w2.example")
	c := newCollector(l, handlers, endpoints...)
	cosigned := func(want int) {
		t.Helper()
		got, err := proof.OpenCheckpoint(l.cosigned, l.key, keys)
		if err != nil || got.Size != l.size || got.Witnesses() != want {
			t.Fatalf("cosigned: %d witnesses of %d leaves, error %v; want %d of %d", got.Witnesses(), got.Size, err, want, l.size)
		}
	}
	if err := c.Collect(t.Context()); err == nil || !strings.Contains(err.Error(), "ask http://w2.example: connection refused") {
		t.Errorf("a witness is away: %v", err)
	}
	for i, s := range c.Standing() {
		if s.Address != fmt.Sprintf("http://w%d.example", i) || s.Err != nil && strings.Contains(s.Err.Error(), "/prefix") {
			t.Errorf("more than the address is shown: %+v", s)
		}
	}
	cosigned(2)
	handlers["w2.example"] = away
	if err := c.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	cosigned(3)
	l.grow(t, "c", "d", "e")
	// A new process knows nothing of where the witnesses stand.
	c = newCollector(l, handlers, endpoints...)
	if err := c.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	cosigned(3)
	for _, s := range c.Standing() {
		if s.Size != 5 || s.Err != nil {
			t.Errorf("standing %+v", s)
		}
	}
}

// TestCollectorSaysWhatIsWrong goes to a witness with a log that is not the one
// it saw.
func TestCollectorSaysWhatIsWrong(t *testing.T) {
	seen := newTree(t, 7).grow(t, "a", "b", "c")
	tests := []struct {
		name string
		log  *tree
		want error
	}{
		{"put back", newTree(t, 7).grow(t, "a", "b"), ErrRollback},
		{"another tree of the same size", newTree(t, 7).grow(t, "a", "b", "X"), ErrSplit},
		{"another history", newTree(t, 7).grow(t, "a", "X", "c", "d"), ErrSplit},
		{"another key", newTree(t, 8).grow(t, "a", "b", "c", "d"), ErrKey},
		{"the same", seen.clone(), nil},
	}
	for _, test := range tests {
		w := mustOpen(t, config(t, durabletest.New(nil), seen.key))
		if a := w.add(seen.request(t, 0)); a.status != http.StatusOK {
			t.Fatal(a)
		}
		_, key := newCosigner(t, 1)
		err := newCollector(test.log, direct{"w": w}, Endpoint{"http://w", key}).Collect(context.Background())
		if !errors.Is(err, test.want) || test.want != nil && test.log.cosigned != nil {
			t.Errorf("%s: error %v, want %v", test.name, err, test.want)
		}
	}
	stranger := mustOpen(t, config(t, durabletest.New(nil)))
	_, key := newCosigner(t, 1)
	if err := newCollector(seen, direct{"w": stranger}, Endpoint{"http://w", key}).Collect(t.Context()); !errors.Is(err, ErrUnknown) {
		t.Errorf("a witness that was not told: %v", err)
	}
	_, wrong := newCosigner(t, 2)
	w := mustOpen(t, config(t, durabletest.New(nil), seen.key))
	if err := newCollector(seen, direct{"w": w}, Endpoint{"http://w", wrong}).Collect(t.Context()); err == nil || seen.cosigned != nil {
		t.Errorf("a witness under another key: %v", err)
	}
}
