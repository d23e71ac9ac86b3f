package copies

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/proof/timestamp"
	"github.com/quoll/quoll/archive/proof/timestamp/timestamptest"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/internal/objectstore"
	"github.com/quoll/quoll/model"
)

// memory is a store in memory. Faults are decided at every write.
type memory struct {
	mu      sync.Mutex
	objects map[string][]byte
	until   map[string]time.Time
	locking objectstore.Locking
	writes  int
	reads   int
	// fault returns an error for the nth write, and whether it is done all the same.
	fault func(n int) (error, bool)
	after func(m *memory) // every write, with the lock
	dead  error           // of everything
	held  bool            // nothing can be removed
}

func newMemory() *memory {
	return &memory{objects: map[string][]byte{}, until: map[string]time.Time{}, locking: objectstore.Locking{Can: true}}
}

func (m *memory) write(name string, data []byte, until time.Time, exclusive bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead != nil {
		return m.dead
	}
	m.writes++
	var err error
	done := true
	if m.fault != nil {
		err, done = m.fault(m.writes)
	}
	if !done {
		return err
	}
	if _, there := m.objects[name]; there && exclusive {
		return fmt.Errorf("create %s: %w", name, fs.ErrExist)
	}
	m.objects[name], m.until[name] = bytes.Clone(data), until
	if m.after != nil {
		m.after(m)
	}
	return err
}

func (m *memory) Create(_ context.Context, name string, data []byte, until time.Time) error {
	return m.write(name, data, until, true)
}

func (m *memory) Replace(_ context.Context, name string, data []byte, until time.Time) error {
	return m.write(name, data, until, false)
}

func (m *memory) Open(_ context.Context, name string, offset int64) (io.ReadCloser, objectstore.Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if m.dead != nil {
		return nil, objectstore.Info{}, m.dead
	}
	data, ok := m.objects[name]
	if !ok {
		return nil, objectstore.Info{}, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(data[offset:])), objectstore.Info{Name: name, Size: int64(len(data))}, nil
}

func (m *memory) Purge(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held {
		return errors.New("purge " + name + ": it is locked")
	}
	delete(m.objects, name)
	return m.dead
}

func (m *memory) Locking(context.Context) (objectstore.Locking, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.locking, m.dead
}

// folder is the store as it is now.
func (m *memory) folder() fs.FS {
	f := fstest.MapFS{}
	for name, data := range m.objects {
		f[name] = &fstest.MapFile{Data: data}
	}
	return f
}

// unsynced is the file system without the wait for the disk.
type unsynced struct{ durable.OS }

func (unsynced) SyncDir(string) error { return nil }

func (u unsynced) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := u.OS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return unsyncedFile{f}, nil
}

type unsyncedFile struct{ durable.File }

func (unsyncedFile) Sync() error { return nil }

// rig is an archive with the copier of one store.
type rig struct {
	t       *testing.T
	dir     string
	archive *archive.Archive
	prover  *archive.Prover
	store   *memory
	copier  *Copier
	next    uint64
	now     func() time.Time
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), store: newMemory(), next: 1, now: time.Now}
	r.open()
	return r
}

// fork is another archive that somebody signs with the same key.
func (r *rig) fork() *rig {
	r.t.Helper()
	f := &rig{t: r.t, dir: r.t.TempDir(), store: r.store, next: 1, now: func() time.Time { return r.now().Add(time.Hour) }}
	key, err := os.ReadFile(filepath.Join(r.dir, "keys", "archive.key"))
	if err == nil {
		err = os.Mkdir(filepath.Join(f.dir, "keys"), 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(f.dir, "keys", "archive.key"), key, 0o600)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	f.open()
	return f
}

func (r *rig) open() {
	r.t.Helper()
	cfg := r.config()
	var err error
	if r.archive, err = archive.Open(cfg); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { r.archive.Close() })
	if r.prover, err = archive.OpenProver(cfg.Dir, r.archive.VerifierKey(), nil); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { r.prover.Close() })
	r.restart()
}

func (r *rig) config() archive.Config {
	cfg := archive.DefaultConfig(filepath.Join(r.dir, "archive"), filepath.Join(r.dir, "keys", "archive.key"))
	cfg.Origin, cfg.Now, cfg.FS = "quoll.example/copies", r.now, unsynced{}
	return cfg
}

// restart makes the copier anew, as a process that was killed does.
func (r *rig) restart() {
	r.copier = New(Target{Name: "second", Place: "memory://", Store: r.store, Retain: 24 * time.Hour, AlarmAfter: 10 * time.Minute}, Dependencies{
		Source: r.prover, VerifierKey: r.archive.VerifierKey(), Dir: filepath.Join(r.dir, "copies"), FS: unsynced{},
		Clock: clock.System(), Random: func() float64 { return 0 }, Log: slog.New(slog.DiscardHandler),
	})
}

// seal archives some payloads in one object.
func (r *rig) seal(count int) {
	r.t.Helper()
	for range count {
		p := model.Payload{Tenant: "t", Source: "activity", Format: "audit-array", ContentType: "Audit.Exchange", Name: fmt.Sprintf("blob %d", r.next), Received: r.now(), Body: fmt.Appendf(nil, "payload %d", r.next)}
		if err := r.archive.Add(r.t.Context(), r.next, p); err != nil {
			r.t.Fatal(err)
		}
		r.next++
	}
	if err := r.archive.Flush(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// rows archives a data file of the lake with a row of each position.
func (r *rig) rows() {
	r.t.Helper()
	data := fmt.Appendf(nil, "rows up to %d", r.next-1)
	sum := sha256.Sum256(data)
	file := archive.DataFile{Data: data, RowsLeaf: archive.RowsLeaf{File: fmt.Sprintf("quoll/T/data/%d.parquet", r.next), SHA256: hex.EncodeToString(sum[:]), Size: int64(len(data)), Rows: int64(r.next - 1), First: 1, Last: r.next - 1}}
	look := archive.TableLook{Table: "T", Position: r.next - 1, Files: []archive.DataFile{file}, Whole: true}
	standing, _, _, err := r.archive.Standing("T")
	for _, f := range standing {
		look.Gone = append(look.Gone, f.Number)
	}
	if err == nil {
		err = r.archive.SealRows(r.t.Context(), []archive.TableLook{look})
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) copy() {
	r.t.Helper()
	if err := r.copier.Once(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// whole says what is wrong with the copy; it has to reach a position.
func (r *rig) whole(last uint64) error {
	report, err := archive.VerifyFS(context.Background(), r.store.folder(), r.archive.VerifierKey(), archive.Trust{}, nil)
	switch {
	case err != nil:
		return err
	case !report.OK():
		return errors.New(report.Problems[0].String())
	case report.Last < last:
		return fmt.Errorf("it reaches position %d, not %d", report.Last, last)
	}
	return nil
}

func (r *rig) mustBeWhole() {
	r.t.Helper()
	if err := r.whole(r.next - 1); err != nil {
		r.t.Fatal(err)
	}
}

func TestACopyIsWholeAtEveryInstant(t *testing.T) {
	r := newRig(t)
	looks, ahead := 0, false
	r.store.after = func(m *memory) {
		if m.objects[archive.HeadFile] == nil {
			return
		}
		looks++
		report, err := archive.VerifyFS(t.Context(), m.folder(), r.archive.VerifierKey(), archive.Trust{}, nil)
		if err != nil || !report.OK() {
			t.Fatalf("after write %d: %v %v", m.writes, err, report.Problems)
		}
		ahead = ahead || report.Ahead > 0
	}
	r.copy() // of an archive with nothing in it
	for _, count := range []int{1, 100, 180, 5, 1} {
		r.seal(count)
		r.rows()
		r.copy()
		r.mustBeWhole()
	}
	if report, err := archive.VerifyFS(t.Context(), r.store.folder(), r.archive.VerifierKey(), archive.Trust{}, nil); err != nil || report.DataFiles != 5 || len(report.Standing) != 1 {
		t.Errorf("data files in the copy: %d, %v", report.DataFiles, err)
	}
	if looks < 10 || !ahead {
		t.Fatalf("%d looks, of which some met what was ahead of the head: %v", looks, ahead)
	}
	for name := range r.store.objects {
		if strings.Contains(name, ".p/") || name == "checkpoint" {
			t.Errorf("%s should be in the head alone", name)
		}
		if name != archive.HeadFile && r.store.until[name].IsZero() {
			t.Errorf("%s has no lock", name)
		}
	}
	if s := r.copier.Status(); s.Published != s.Size || s.Objects != 0 || s.Bytes != 0 || !s.Oldest.IsZero() || s.Problem != "" {
		t.Errorf("at the end: %+v", s)
	}
}

// What was disposed of before a copy had it is not missing from it: the head has the
// certificate. A copy that had it keeps it.
func TestACopyAfterADisposal(t *testing.T) {
	r := newRig(t)
	r.seal(4)
	r.copy()
	r.seal(4)
	r.rows()
	r.seal(4)
	r.dispose()
	r.copy()
	report, err := archive.VerifyFS(t.Context(), r.store.folder(), r.archive.VerifierKey(), archive.Trust{}, nil)
	if err != nil || !report.OK() || report.Disposed != 8 || report.Payloads != 5 {
		t.Fatalf("%v: %+v", err, report)
	}
	if report.Payloads+report.Disposed != r.next-1 {
		t.Errorf("%d payloads and %d disposed of %d", report.Payloads, report.Disposed, r.next-1)
	}
	r.seal(1)
	r.copy()
	r.mustBeWhole()
}

// What is erased in the archive goes from a copy: what stands for an object comes
// before the head that says so, the object goes after it, and where a lock keeps it
// the copy verifies, says so, and tries again.
func TestACopyAfterAnErasure(t *testing.T) {
	r := newRig(t)
	r.seal(4)
	r.seal(4)
	r.copy()
	r.erase(2, 6)
	r.store.held = true
	r.copy()
	verify := func() archive.Report {
		t.Helper()
		report, err := archive.VerifyFS(t.Context(), r.store.folder(), r.archive.VerifierKey(), archive.Trust{}, nil)
		if err != nil || !report.OK() {
			t.Fatalf("%v: %v", err, report.Problems)
		}
		return report
	}
	if report := verify(); report.Lingering != 2 || report.Erased != 0 || report.Payloads != 9 {
		t.Errorf("locked: %+v", report)
	}
	if s := r.copier.Status(); s.Stale != 2 || !strings.Contains(s.StaleProblem, "locked") || s.Problem != "" {
		t.Errorf("locked: %+v", s)
	}
	r.store.held = false
	r.restart() // which asks at once, and not in an hour
	r.copy()
	if report := verify(); report.Lingering != 0 || report.Erased != 2 || report.Payloads != 7 {
		t.Errorf("unlocked: %+v", report)
	}
	if s := r.copier.Status(); s.Stale != 0 || s.StaleProblem != "" {
		t.Errorf("unlocked: %+v", s)
	}
	r.seal(1)
	r.copy()
	verify()
}

// erase erases payloads.
func (r *rig) erase(positions ...uint64) {
	r.t.Helper()
	at := r.now().UTC()
	word := func(by string) archive.Word { return archive.Word{By: by, At: at} }
	made, err := r.prover.Rewrite(r.t.Context(), r.config(), 1, positions)
	d := &archive.Disposal{Sequence: 1, Reason: "she asked for it", Minimum: "none is set", Proposed: word("ines"), Confirmed: word("bo"), Issued: at, Subject: strings.Repeat("ab", 32), Erased: made}
	var signed []byte
	if err == nil {
		signed, err = archive.SignDisposal(r.config(), d)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	r.order(signed)
}

// dispose lets go of all objects but those of the first and the last seal.
func (r *rig) dispose() {
	r.t.Helper()
	objects, err := r.prover.Disposable(r.t.Context(), r.now().Add(time.Hour), func(l archive.PayloadLeaf) bool { return l.Position <= 4 })
	at := r.now().UTC()
	word := func(by string) archive.Word { return archive.Word{By: by, At: at} }
	d := &archive.Disposal{Sequence: 1, Reason: "its class has passed", Minimum: "7 years", Before: at, Proposed: word("ines"), Confirmed: word("bo"), Issued: at, Objects: objects}
	var signed []byte
	if err == nil {
		signed, err = archive.SignDisposal(r.config(), d)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	r.order(signed)
}

// order archives a certificate and does what it says.
func (r *rig) order(signed []byte) {
	r.t.Helper()
	err := r.archive.Add(r.t.Context(), r.next, model.Payload{Source: model.SourceLedger, Format: model.FormatCertificate, ContentType: "Disposal", Received: r.now(), Body: signed})
	r.next++
	if err == nil {
		err = r.archive.Flush(r.t.Context())
	}
	if err == nil {
		err = r.archive.Dispose(r.t.Context(), signed)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

func TestACopyServesAsAnArchive(t *testing.T) {
	r := newRig(t)
	for range 3 {
		r.seal(120)
	}
	r.copy()
	prover, err := archive.NewProver(r.store.folder(), r.archive.VerifierKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer prover.Close()
	count := uint64(0)
	err = prover.Payloads(t.Context(), 0, func(p model.Payload, _ archive.PayloadLeaf) error {
		count++
		if want := fmt.Sprintf("payload %d", count); string(p.Body) != want {
			return fmt.Errorf("%q, want %q", p.Body, want)
		}
		return nil
	})
	if err != nil || count != r.next-1 {
		t.Fatalf("%d payloads, %v", count, err)
	}
	if proved, err := prover.Payload(t.Context(), 359); err != nil || string(proved.Body) != "payload 359" {
		t.Fatalf("prove: %v", err)
	}
	// The head unpacked over the rest is the archive's folder, byte for byte.
	read, err := prover.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if head, _, err := read.Head(); err != nil || !bytes.Equal(head, r.store.objects[archive.HeadFile]) {
		t.Fatalf("the head of the copy's copy is another one: %v", err)
	}
}

// stamp has the checkpoint stamped and the stamp archived.
func (r *rig) stamp() {
	r.t.Helper()
	authority, err := timestamptest.New(timestamptest.Options{Now: r.now})
	if err != nil {
		r.t.Fatal(err)
	}
	roots, err := timestamp.ReadRoots(authority.Root())
	if err != nil {
		r.t.Fatal(err)
	}
	over := r.archive.Checkpoint()
	request, err := timestamp.NewRequest(rand.Reader, over, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	query, err := request.Encode()
	if err != nil {
		r.t.Fatal(err)
	}
	answer, err := authority.Answer(r.t.Context(), query)
	if err != nil {
		r.t.Fatal(err)
	}
	_, token, err := request.Accept(answer, roots)
	if err != nil {
		r.t.Fatal(err)
	}
	p, err := r.archive.KeepStamp(archive.Stamp{Authority: "harbour", Checkpoint: over, Token: token})
	if err != nil {
		r.t.Fatal(err)
	}
	p.Received = r.now()
	if err := errors.Join(r.archive.Add(r.t.Context(), r.next, p), r.archive.Flush(r.t.Context())); err != nil {
		r.t.Fatal(err)
	}
	r.next++
}

// A copy has the time stamps before the head that promises them, and proves with them.
func TestACopyHasStamps(t *testing.T) {
	r := newRig(t)
	r.seal(4)
	r.stamp()
	whole := func() *archive.Stamps {
		t.Helper()
		report, err := archive.VerifyFS(t.Context(), r.store.folder(), r.archive.VerifierKey(), archive.Trust{}, nil)
		if err != nil || !report.OK() {
			t.Fatalf("%v: %v", err, report.Problems)
		}
		return report.Stamps
	}
	r.copy()
	if s := whole(); s == nil || s.Count != 1 || s.Pending != 0 {
		t.Fatalf("%+v", s)
	}
	// As if the copier had died before the head.
	before := r.store.objects[archive.HeadFile]
	r.seal(4)
	r.stamp()
	r.copy()
	after := r.store.objects[archive.HeadFile]
	r.store.objects[archive.HeadFile] = before
	if s := whole(); s.Count != 1 {
		t.Errorf("beyond its head: %+v", s)
	}
	r.store.objects[archive.HeadFile] = after
	if s := whole(); s.Count != 2 {
		t.Errorf("%+v", s)
	}
	prover, err := archive.NewProver(r.store.folder(), r.archive.VerifierKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer prover.Close()
	for position, stamped := range map[uint64]bool{2: true, 7: true, 10: false} {
		proved, err := prover.Payload(t.Context(), position)
		if err != nil || (proved.Stamped != nil) != stamped {
			t.Errorf("position %d: %v, stamped %v", position, err, proved.Stamped != nil)
		}
	}
	for name := range maps.Clone(r.store.objects) {
		if strings.HasPrefix(name, "stamps/") {
			data := r.store.objects[name]
			delete(r.store.objects, name)
			if report, err := archive.VerifyFS(t.Context(), r.store.folder(), r.archive.VerifierKey(), archive.Trust{}, nil); err != nil || len(report.Problems) != 1 || report.Problems[0].File != name || report.Problems[0].What != archive.Missing {
				t.Errorf("%s removed: %v, %v", name, err, report.Problems)
			}
			r.store.objects[name] = data
		}
	}
}

// Every write is lost, kept but reported as failed, or answered with an error.
func TestFaultsAtEveryWrite(t *testing.T) {
	r := newRig(t)
	for range 3 {
		r.seal(90)
		r.rows()
	}
	r.stamp()
	r.seal(1)
	for _, kept := range []bool{false, true} {
		for n := 1; ; n++ {
			r.store.objects, r.store.writes = map[string][]byte{}, 0
			os.RemoveAll(filepath.Join(r.dir, "copies"))
			r.restart()
			met := false
			r.store.fault = func(write int) (error, bool) {
				if write != n {
					return nil, true
				}
				met = true
				return errors.New("no answer came"), kept
			}
			err := r.copier.Once(t.Context())
			if !met {
				break
			}
			if err == nil || r.copier.Status().Lasting {
				t.Fatalf("write %d: %v", n, err)
			}
			r.restart()
			r.copy()
			r.mustBeWhole()
		}
	}
	if r.store.writes < 6 {
		t.Fatalf("only %d writes were broken", r.store.writes)
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	r := newRig(t)
	r.seal(10)
	o := "objects/0000000000000000/00000000000000000001-00000000000000000010.tar.zst"
	r.store.objects[o] = []byte("something else")
	if err := r.copier.Once(t.Context()); !errors.Is(err, ErrDifferent) || !r.copier.Status().Lasting {
		t.Fatalf("another object under the name: %v", err)
	}
	if string(r.store.objects[o]) != "something else" || r.store.objects[archive.HeadFile] != nil {
		t.Fatal("it was overwritten, or a head was written over it")
	}
}

func TestOtherHistoriesAreRefused(t *testing.T) {
	r, other := newRig(t), newRig(t)
	r.seal(300)
	r.copy()
	before := maps.Clone(r.store.objects)
	other.store = r.store
	other.seal(500)
	other.restart()
	if err := other.copier.Once(t.Context()); !errors.Is(err, ErrHistory) {
		t.Fatalf("another archive: %v", err)
	}
	forked := r.fork()
	forked.seal(400)
	if err := forked.copier.Once(t.Context()); !errors.Is(err, ErrHistory) || !strings.Contains(err.Error(), "another root") {
		t.Fatalf("another history under the same key: %v", err)
	}
	r.seal(300)
	r.copy()
	newer := maps.Clone(r.store.objects)
	// The store was put back, or emptied.
	for name, objects := range map[string]map[string][]byte{"put back": before, "emptied": {}} {
		r.store.objects = maps.Clone(objects)
		r.restart()
		if err := r.copier.Once(t.Context()); !errors.Is(err, ErrLost) || !r.copier.Status().Lasting {
			t.Fatalf("%s: %v", name, err)
		}
	}
	// That was meant: without the note all is copied again.
	if err := os.Remove(r.copier.noteFile()); err != nil {
		t.Fatal(err)
	}
	r.restart()
	r.copy()
	r.mustBeWhole()
	r.store.objects = newer
	delete(r.store.objects, archive.HeadFile)
	r.store.objects[archive.HeadFile] = before[archive.HeadFile][:50]
	if err := r.copier.Once(t.Context()); err != nil {
		t.Fatalf("nothing to do, and not yet time to look: %v", err)
	}
	r.restart()
	if err := r.copier.Once(t.Context()); err == nil {
		t.Fatal("a head that is cut is taken")
	}
}

func TestItGoesOnWhereItWas(t *testing.T) {
	r := newRig(t)
	for range 100 {
		r.seal(1)
	}
	ctx, kill := context.WithCancel(t.Context())
	r.store.after = func(m *memory) {
		if m.writes == 80 { // in the second chunk
			kill()
		}
	}
	if err := r.copier.Once(ctx); err == nil {
		t.Fatal("it was not killed")
	}
	r.store.after = nil
	written := r.store.writes
	r.restart()
	r.store.reads = 0
	r.copy()
	r.mustBeWhole()
	// The second chunk's objects that were there are compared, and no others.
	if again := r.store.writes - written; again > 40 || r.store.reads > 40 {
		t.Fatalf("%d writes and %d reads after %d writes", again, r.store.reads, written)
	}
	// Nothing but the head is asked for when nothing is new.
	r.restart()
	r.store.reads, r.store.writes = 0, 0
	r.copy()
	if r.store.reads != 1 || r.store.writes != 0 {
		t.Fatalf("%d reads, %d writes at a start with nothing to do", r.store.reads, r.store.writes)
	}
	// Nor when the note is lost: the store's head says what it has.
	os.Remove(r.copier.noteFile())
	r.restart()
	r.copy()
	if r.store.writes != 0 || r.copier.Status().Objects != 0 {
		t.Fatalf("%d writes without the note, %d objects waiting", r.store.writes, r.copier.Status().Objects)
	}
}

func TestDamageIsNotCopied(t *testing.T) {
	r := newRig(t)
	r.seal(10)
	name := filepath.Join(r.dir, "archive", "objects/0000000000000000/00000000000000000001-00000000000000000010.tar.zst")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.copier.Once(t.Context()); !errors.Is(err, archive.ErrDamaged) || !r.copier.Status().Lasting {
		t.Fatalf("a damaged object: %v", err)
	}
	if len(r.store.objects) != 0 {
		t.Fatalf("it was copied: %d objects", len(r.store.objects))
	}
}

// sleep lets others do what they do in a time, and waits for them.
func sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// A store that does not answer is told when it is late, and the other one is not
// held up.
func TestADeadStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		alive := newMemory()
		deps := r.copier.deps
		told := make(chan Status, 10)
		deps.Told = func(_ context.Context, s Status) { told <- s }
		second := New(Target{Name: "alive", Place: "alive://", Store: alive, AlarmAfter: 10 * time.Minute}, deps)
		first := New(r.copier.target, deps)
		r.store.dead = &objectstore.Error{Operation: "open head.tar.zst", Status: 503, Code: "SlowDown"}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		go func() { ended <- first.Run(ctx) }()
		go func() { ended <- second.Run(ctx) }()
		r.seal(10)
		sleep(time.Minute)
		r.seal(5)
		sleep(time.Minute)
		s := first.Status()
		if s.Objects != 2 || s.Bytes == 0 || s.Age(time.Now()) < 110*time.Second || s.Late(time.Now()) || s.Failures < 3 || !strings.Contains(s.Problem, "SlowDown") {
			t.Fatalf("the dead store after two minutes: %+v, %s", s, s.Age(time.Now()))
		}
		if s := second.Status(); s.Objects != 0 || s.Published != 17 || len(alive.objects) != 3 {
			t.Fatalf("the store that lives: %+v", s)
		}
		if len(told) != 0 {
			t.Fatalf("told too soon: %+v", <-told)
		}
		sleep(9 * time.Minute)
		if s := <-told; len(told) != 0 || s.Name != "second" || !s.Late(time.Now()) {
			t.Fatalf("told after eleven minutes: %+v", s)
		}
		failures := first.Status().Failures
		r.store.mu.Lock()
		r.store.dead = nil
		r.store.mu.Unlock()
		sleep(6 * time.Minute)
		if s := first.Status(); s.Objects != 0 || !s.Oldest.IsZero() || s.Problem != "" || len(told) != 1 {
			t.Fatalf("when it lives again: %+v", s)
		}
		if failures > 20 {
			t.Fatalf("%d attempts in eleven minutes", failures)
		}
		stop()
		for range 2 {
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
		}
	})
}
