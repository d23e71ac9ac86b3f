package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/model"
)

const testOrigin = "quoll.example/test"

// clock is a clock that stands still until it is moved.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func memory(fsys *durabletest.FS) Config {
	cfg := DefaultConfig("/archive", "/keys/archive.key")
	c := &clock{now: time.Unix(1_750_000_000, 0)}
	cfg.FS, cfg.Origin, cfg.Now = fsys, testOrigin, c.Now
	cfg.Random = rand.NewChaCha8([32]byte{1}) // one key for all tests
	return cfg
}

func mustOpen(t testing.TB, cfg Config) *Archive {
	t.Helper()
	a, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// samplePayload makes the payload of a position; the same position gives the
// same payload.
func samplePayload(position uint64) model.Payload {
	rng := rand.New(rand.NewPCG(5, position))
	body := []byte(fmt.Sprintf(`[{"Id":"%d","Operation":"FileAccessed","Padding":"`, position))
	for range rng.IntN(200) {
		body = append(body, byte('a'+rng.IntN(26)))
	}
	body = append(body, `"}]`...)
	p := model.Payload{
		Tenant:      "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
		Source:      model.SourceActivity,
		Format:      model.FormatAuditArray,
		ContentType: "Audit.SharePoint",
		Name:        fmt.Sprintf("20260501%d$audit<&>", position),
		Received:    time.Unix(1_750_000_000+int64(position), 5e8).UTC(),
		Body:        body,
	}
	if position%4 == 0 {
		p.Name, p.Source, p.Line, p.Offset = string([]byte{'x', 0xff}), model.SourceFile, 7, 1<<40
	}
	if position%7 == 0 {
		p.Body, p.Received = nil, time.Time{}
	}
	if position%3 == 0 && p.Body != nil { // as the journal hands them over
		p.Packed = packed(p.Body)
	}
	return p
}

func packed(body []byte) []byte {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(false), zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err)
	}
	return encoder.EncodeAll(body, nil)
}

// fill adds the payloads from the last sealed one up to a position, and seals
// after every one that ends a batch.
func fill(t testing.TB, a *Archive, to, batch uint64) {
	t.Helper()
	fillWith(t, a, to, batch, samplePayload)
}

func fillWith(t testing.TB, a *Archive, to, batch uint64, payload func(uint64) model.Payload) {
	t.Helper()
	for position := a.Sealed() + 1; position <= to; position++ {
		if err := a.Add(t.Context(), position, payload(position)); err != nil {
			t.Fatal(err)
		}
		if position%batch == 0 || position == to {
			if err := a.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func mustVerify(t testing.TB, fsys fs.FS, key string, want uint64) Report {
	t.Helper()
	r, err := verifyFS(context.Background(), fsys, key, Trust{}, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Problems {
		t.Error(p)
	}
	if t.Failed() {
		t.FailNow()
	}
	if r.Last != want || r.Payloads != want {
		t.Fatalf("verify: %d payloads, last position %d; want %d", r.Payloads, r.Last, want)
	}
	return r
}

// TestGrowth verifies the whole archive after each of many batches: over the
// edge of the first tiles and bundles, in batches of different sizes.
func TestGrowth(t *testing.T) {
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	mustVerify(t, fsys.Snapshot("/archive"), a.VerifierKey(), 0)
	position := uint64(0)
	for _, n := range []uint64{1, 1, 2, 7, 100, 140, 1, 3, 300, 255, 1, 600} {
		position += n
		fill(t, a, position, 10_000)
		if a.Sealed() != position {
			t.Fatalf("sealed %d, want %d", a.Sealed(), position)
		}
		mustVerify(t, fsys.Snapshot("/archive"), a.VerifierKey(), position)
		if n%2 == 1 { // go on in another process
			a.Close()
			a = mustOpen(t, memory(fsys))
			if a.Sealed() != position {
				t.Fatalf("sealed %d after reopening, want %d", a.Sealed(), position)
			}
		}
	}
	for name := range fsys.Snapshot("/archive") {
		if strings.HasSuffix(name, ".tmp") {
			t.Error("left behind:", name)
		}
	}
}

// TestRealFileSystem goes through the exported functions on a real disk.
func TestRealFileSystem(t *testing.T) {
	dir := t.TempDir()
	cfg := DefaultConfig(filepath.Join(dir, "archive"), filepath.Join(dir, "data", "keys", "archive.key"))
	a := mustOpen(t, cfg)
	fill(t, a, 30, 9)
	if _, err := Open(cfg); !errors.Is(err, ErrLocked) {
		t.Errorf("second Open: %v, want ErrLocked", err)
	}
	info, err := os.Stat(cfg.KeyFile)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: mode %v, error %v", info.Mode(), err)
	}
	public, err := os.ReadFile(filepath.Join(dir, "data", "keys", "archive.pub"))
	if err != nil || strings.TrimSpace(string(public)) != a.VerifierKey() {
		t.Errorf("public key file %q, error %v", public, err)
	}
	var last int64
	r, err := Verify(t.Context(), cfg.Dir, string(public), func(done, total int64) {
		if done < last || done > total {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last = done
	})
	if err != nil || !r.OK() || r.Last != 30 || r.Objects != 4 || last != r.Bytes {
		t.Errorf("verify: %+v, error %v, progress to %d", r, err, last)
	}
	a.Close()
	if err := os.Symlink("/etc/hostname", filepath.Join(cfg.Dir, "link")); err != nil {
		t.Fatal(err)
	}
	r, err = Verify(t.Context(), cfg.Dir, string(public), nil)
	if err != nil || len(r.Problems) != 1 || r.Problems[0].File != "link" {
		t.Errorf("verify with a symbolic link: %+v, error %v", r, err)
	}
}

func TestBatching(t *testing.T) {
	cfg := memory(durabletest.New(nil))
	now := &clock{now: time.Unix(1_750_000_000, 0)}
	cfg.Now, cfg.MaxPayloads, cfg.MaxBytes, cfg.MaxAge = now.Now, 5, 1000, time.Minute
	a := mustOpen(t, cfg)
	add := func(position uint64, size int) {
		t.Helper()
		if err := a.Add(t.Context(), position, model.Payload{Body: make([]byte, size)}); err != nil {
			t.Fatal(err)
		}
	}
	sealed := func(want uint64) {
		t.Helper()
		if a.Sealed() != want {
			t.Fatalf("sealed %d, want %d", a.Sealed(), want)
		}
	}
	for n := range uint64(5) {
		sealed(0)
		add(1+n, 1)
	}
	sealed(5) // by number
	add(6, 999)
	sealed(5)
	add(7, 1)
	sealed(7) // by bytes
	add(8, 1)
	now.now = now.now.Add(59 * time.Second)
	if err := a.SealIfDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	sealed(7)
	now.now = now.now.Add(time.Second)
	if err := a.SealIfDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	sealed(8) // by age
	now.now = now.now.Add(time.Hour)
	if err := errors.Join(a.SealIfDue(t.Context()), a.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	add(9, 1)
	sealed(8) // an empty batch does not age
	if err := a.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	sealed(9)
}

func TestAddOrder(t *testing.T) {
	a := mustOpen(t, memory(durabletest.New(nil)))
	if err := a.Add(t.Context(), 2, samplePayload(2)); !errors.Is(err, ErrGap) {
		t.Errorf("position 2 first: %v, want ErrGap", err)
	}
	fill(t, a, 4, 4)
	for _, again := range []uint64{1, 4} {
		if err := a.Add(t.Context(), again, samplePayload(again)); err != nil {
			t.Errorf("position %d again: %v", again, err)
		}
	}
	if err := a.Add(t.Context(), 6, samplePayload(6)); !errors.Is(err, ErrGap) {
		t.Errorf("position 6 after 4: %v, want ErrGap", err)
	}
	long := model.Payload{Name: strings.Repeat("\x01", 20_000)}
	if err := a.Add(t.Context(), 5, long); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a name that no leaf holds: %v, want ErrTooLarge", err)
	}
	if err := a.Add(t.Context(), 5, samplePayload(5)); err != nil {
		t.Errorf("after a refused payload: %v", err)
	}
	a.Close()
	if err := a.Add(t.Context(), 6, samplePayload(6)); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v, want ErrClosed", err)
	}
}

// What the journal takes, the archive must take.
func TestLongestDescriptionFits(t *testing.T) {
	a := mustOpen(t, memory(durabletest.New(nil)))
	label := strings.Repeat("\x01", 256) // journal.MaxLabel, six bytes each in JSON
	for i, name := range []string{strings.Repeat("\x01", 4096), strings.Repeat("\xff", 4096), strings.Repeat("\u2028", 1365)} {
		p := model.Payload{Name: name, Tenant: label, Source: model.Source(label), Format: model.Format(label), ContentType: label}
		if err := a.Add(t.Context(), uint64(i+1), p); err != nil {
			t.Error(err)
		}
	}
}

func TestKeys(t *testing.T) {
	fsys := durabletest.New(nil)
	cfg := memory(fsys)
	a := mustOpen(t, cfg)
	fill(t, a, 3, 3)
	key := a.VerifierKey()
	a.Close()

	inside := cfg
	inside.KeyFile = "/archive/keys/archive.key"
	if _, err := Open(inside); !errors.Is(err, ErrKey) {
		t.Errorf("key below the archive: %v, want ErrKey", err)
	}
	otherOrigin := cfg
	otherOrigin.Origin = "quoll.example/other"
	if _, err := Open(otherOrigin); !errors.Is(err, ErrKey) {
		t.Errorf("another origin: %v, want ErrKey", err)
	}
	noKey := cfg
	noKey.KeyFile = "/keys/none.key"
	if _, err := Open(noKey); !errors.Is(err, ErrKey) {
		t.Errorf("no key for an archive that has one: %v, want ErrKey", err)
	}
	otherKey := cfg
	otherKey.Dir, otherKey.KeyFile, otherKey.Random = "/other", "/keys/other.key", rand.NewChaCha8([32]byte{2})
	b := mustOpen(t, otherKey)
	b.Close()
	otherKey.Dir = cfg.Dir
	if _, err := Open(otherKey); !errors.Is(err, ErrKey) {
		t.Errorf("another key: %v, want ErrKey", err)
	}
	mustVerify(t, fsys.Snapshot("/archive"), key, 3)

	r, err := verifyFS(t.Context(), fsys.Snapshot("/archive"), b.VerifierKey(), Trust{}, nil, 0)
	if err != nil || r.OK() {
		t.Errorf("verified with another key: %+v, %v", r, err)
	}
	if _, err := Verify(t.Context(), t.TempDir(), "no key", nil); err == nil {
		t.Error("no error for what is no key")
	}
	for name, f := range fsys.Snapshot("/archive") {
		if strings.Contains(string(f.Data), "PRIVATE") {
			t.Errorf("%s holds the private key", name)
		}
	}
}

// TestRollback puts the folder back to an older state, as a whole. Verify cannot
// know; the machine that signs does.
func TestRollback(t *testing.T) {
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	fill(t, a, 5, 5)
	older := fsys.Snapshot("/archive")
	fill(t, a, 9, 4)
	a.Close()
	for name := range fsys.Snapshot("/archive") {
		if older[name] == nil {
			if err := fsys.Remove("/archive/" + name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, f := range older {
		if err := a.writeFile(name, f.Data); err != nil {
			t.Fatal(err)
		}
	}
	mustVerify(t, fsys.Snapshot("/archive"), a.VerifierKey(), 5)
	if _, err := Open(memory(fsys)); !errors.Is(err, ErrBehind) {
		t.Errorf("Open: %v, want ErrBehind", err)
	}
	mustVerify(t, fsys.Snapshot("/archive"), a.VerifierKey(), 5) // untouched
}

// TestOlderDataDirectory restores the keys as they were before the last batch:
// the archive's own checkpoint has the right signature and is gone on from.
func TestOlderDataDirectory(t *testing.T) {
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	fill(t, a, 5, 5)
	older := fsys.Snapshot("/keys")
	fill(t, a, 9, 4)
	a.Close()
	for name, f := range older {
		w, err := fsys.OpenFile("/keys/"+name, os.O_WRONLY|os.O_TRUNC, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.Data); err != nil {
			t.Fatal(err)
		}
	}
	a = mustOpen(t, memory(fsys))
	fill(t, a, 12, 3)
	mustVerify(t, fsys.Snapshot("/archive"), a.VerifierKey(), 12)
}

// TestOpenDamaged damages what is needed to go on: it is not gone on from, and
// nothing in the folder is touched.
func TestOpenDamaged(t *testing.T) {
	fsys := durabletest.New(nil)
	a := mustOpen(t, memory(fsys))
	fill(t, a, 255, 255) // 256 leaves: full tile and bundle, partial tile on level 1
	full := start(fsys)
	fill(t, a, 260, 5)
	a.Close()
	for what, from := range map[string]*durabletest.FS{"full": full, "partial": fsys} {
		for name, f := range from.Snapshot("/archive") {
			first, _, isObject := parseObjectPath(name)
			if isObject && first > 0 || name == PublicKeyFile || what == "partial" && strings.HasSuffix(name, "/000") {
				continue // not read when it is opened, or written again
			}
			damaged := start(from)
			w, err := damaged.OpenFile("/archive/"+name, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.WriteAt([]byte{f.Data[9] ^ 1}, 9); err != nil {
				t.Fatal(err)
			}
			before := damaged.Snapshot("/archive")
			_, err = Open(memory(damaged))
			if !errors.Is(err, ErrDamaged) && !(name == checkpointFile && errors.Is(err, ErrKey)) {
				t.Errorf("%s, %s damaged: %v", what, name, err)
			}
			after := damaged.Snapshot("/archive")
			for name := range before {
				if after[name] == nil || string(after[name].Data) != string(before[name].Data) {
					t.Errorf("%s, %s damaged: Open changed it", what, name)
				}
			}
		}
	}
}
