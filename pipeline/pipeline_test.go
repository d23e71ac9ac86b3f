package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/schema"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// river is the real journal, normaliser and lake in one folder.
type river struct {
	*Pipeline
	journal *journal.Journal
	lake    *lake.Lake
	rejects *RejectDir
	close   func()
}

func openRiver(t testing.TB, dir string, change func(*Parts)) *river {
	t.Helper()
	return openRiverWith(t, dir, journal.DefaultConfig(filepath.Join(dir, "journal")), change)
}

func openRiverWith(t testing.TB, dir string, journalled journal.Config, change func(*Parts)) *river {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	j, err := journal.Open(journalled)
	must(err)
	l, err := lake.Open(ctx, lake.DefaultConfig(filepath.Join(dir, "lake")), quiet)
	must(err)
	db, err := state.Open(ctx, filepath.Join(dir, "state.db"))
	must(err)
	rejects, err := NewRejectDir(filepath.Join(dir, "rejects"))
	must(err)
	parts := Parts{
		Journal: j, Lake: l, Normaliser: normalise.New(normalise.Config{WorkspaceID: "w"}),
		Rejects: rejects, State: db, Clock: clock.System(), Logger: quiet,
	}
	if change != nil {
		change(&parts)
	}
	p, err := New(ctx, DefaultConfig(), parts)
	must(err)
	r := &river{Pipeline: p, journal: j, lake: l, rejects: rejects}
	r.close = sync.OnceFunc(func() { j.Close(); l.Close(); db.Close() })
	t.Cleanup(r.close)
	return r
}

func (r *river) rows(t testing.TB, table string) int64 {
	t.Helper()
	set, err := r.lake.Acquire(table)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Release()
	var n int64
	for _, f := range set.Files {
		n += f.Rows
	}
	for _, f := range set.Fresh {
		n += f.Batch.NumRows()
	}
	return n
}

// auditLines is a payload of that many audit records from that number on.
func auditLines(from, count int) model.Payload {
	var body strings.Builder
	for i := from; i < from+count; i++ {
		fmt.Fprintf(&body, `{"Id":"00000000-0000-4000-8000-%012d","RecordType":6,"CreationTime":"2026-03-14T12:%02d:00","Operation":"FileAccessed","OrganizationId":"11111111-2222-4333-8444-555555555555","UserType":0,"UserKey":"k","Workload":"OneDrive","UserId":"ada@example.org"}`+"\n", i, i%60)
	}
	return model.Payload{
		Source: model.SourceFile, Format: model.FormatAuditLines, Name: fmt.Sprintf("records-%d", from),
		Line: 1, Received: time.Now().UTC(), Body: []byte(body.String()),
	}
}

func (r *river) add(t testing.TB, p model.Payload) {
	t.Helper()
	if _, err := r.Journal(context.Background(), p); err != nil {
		t.Fatal(err)
	}
}

func TestCatchupMakesTheJournalVisible(t *testing.T) {
	dir := t.TempDir()
	r := openRiver(t, dir, nil)
	for i := range 5 {
		r.add(t, auditLines(i*10, 12)) // two records of each are repeated
	}
	if err := r.Catchup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := r.rows(t, schema.UnifiedAuditLog); n != 52 {
		t.Errorf("%d rows, want 52", n)
	}
	s := r.Status()
	if s.Applied != 5 || s.Committed != 0 || s.Journal != 5 || s.Added != 52 || s.Duplicates != 8 || s.Records != 60 || s.Rows[schema.OfficeActivity] != 52 {
		t.Errorf("status %+v", s)
	}
	r.close() // without a flush: everything is in memory only

	r = openRiver(t, dir, nil)
	if n := r.rows(t, schema.UnifiedAuditLog); n != 0 {
		t.Fatalf("%d rows before the journal is replayed", n)
	}
	if err := r.Catchup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.close()

	r = openRiver(t, dir, nil)
	if err := r.Catchup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, s := r.rows(t, schema.UnifiedAuditLog), r.Status(); n != 52 || s.Committed != 5 || s.Entries != 0 {
		t.Errorf("%d rows, status %+v", n, s)
	}
}

func TestALakeAheadOfTheJournalIsRefused(t *testing.T) {
	dir := t.TempDir()
	r := openRiver(t, dir, nil)
	r.add(t, auditLines(0, 1))
	if err := errors.Join(r.Catchup(t.Context()), r.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	r.close()
	if err := os.RemoveAll(filepath.Join(dir, "journal")); err != nil {
		t.Fatal(err)
	}
	r = openRiver(t, dir, nil)
	if err := r.Catchup(t.Context()); err == nil || !strings.Contains(err.Error(), "not of one data folder") {
		t.Errorf("got %v", err)
	}
}

// TestRunFollowsTheJournal starts the river, adds payloads while it flows and
// stops it: everything is flushed then.
func TestRunFollowsTheJournal(t *testing.T) {
	archive := &fakeArchive{added: make(chan uint64, 10)}
	r := openRiver(t, t.TempDir(), func(p *Parts) { p.Archive = archive })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	for i := range 3 {
		r.add(t, auditLines(i*10, 10))
		if got := <-archive.added; got != uint64(i+1) {
			t.Errorf("archived position %d, want %d", got, i+1)
		}
		if err := r.Catchup(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := r.rows(t, schema.UnifiedAuditLog); n != int64(i*10+10) {
			t.Errorf("%d rows after %d payloads", n, i+1)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if s := r.Status(); s.Committed != 3 || s.LastFlush.IsZero() {
		t.Errorf("status after the end: %+v", s)
	}
}

type fakeArchive struct {
	mu    sync.Mutex
	added chan uint64
	last  uint64
	fail  int // so many calls
	asked int // whether a checkpoint is due
	seals int
}

func (a *fakeArchive) SealIfDue(context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked++
	return nil
}

func (a *fakeArchive) Flush(context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seals++
	return nil
}

func (a *fakeArchive) Add(_ context.Context, position uint64, _ model.Payload) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fail > 0 {
		a.fail--
		return errors.New("the other disk is full")
	}
	if position != a.last+1 {
		return fmt.Errorf("position %d after %d", position, a.last)
	}
	a.last = position
	a.added <- position
	return nil
}

// counts returns the last position added, how often it was asked for a
// checkpoint and how often it was told to make one.
func (a *fakeArchive) counts() (last uint64, asked, seals int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last, a.asked, a.seals
}

func (a *fakeArchive) Sealed() uint64 { return 0 }

// failing panics, or makes rows for no table, on payloads that say so.
type failing struct{ Normaliser }

func (n failing) Payload(p model.Payload) normalise.Result {
	switch {
	case strings.Contains(string(p.Body), "poison"):
		panic("index out of range")
	case strings.Contains(string(p.Body), "nowhere"):
		return normalise.Result{Records: []schema.Record{{Rows: []schema.Row{{Table: &schema.Table{Name: "Nowhere"}}}}}}
	}
	return n.Normaliser.Payload(p)
}

func TestWhatCannotBeTakenIsQuarantined(t *testing.T) {
	r := openRiver(t, t.TempDir(), func(p *Parts) { p.Normaliser = failing{p.Normaliser} })
	r.add(t, auditLines(0, 1))
	bad := auditLines(1, 1)
	bad.Body = []byte("poison \xff")
	r.add(t, bad)
	r.add(t, auditLines(2, 1))
	nowhere := auditLines(3, 1)
	nowhere.Body = []byte("nowhere")
	r.add(t, nowhere)
	if err := r.Catchup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := r.rows(t, schema.UnifiedAuditLog); n != 2 {
		t.Errorf("%d rows, want those before and after", n)
	}
	s := r.Status()
	if s.Quarantined != 2 || s.Rejected != 2 || s.Applied != 4 {
		t.Errorf("status %+v", s)
	}
	list, err := r.Quarantine(t.Context(), 10)
	if err != nil || len(list) != 2 || list[0].Position != 2 || !strings.Contains(list[0].Reason, "index out of range") || !strings.Contains(list[1].Reason, "Nowhere") {
		t.Errorf("quarantine %+v, %v", list, err)
	}
	content, err := os.ReadFile(r.rejects.Path(2))
	if err != nil || !strings.Contains(string(content), "raw_base64") || !strings.Contains(string(content), `"position":2`) {
		t.Errorf("reject file: %s, %v", content, err)
	}
}

// TestTimesOfTheRiver runs in virtual time: a payload is visible long before
// two seconds are over, the lake is flushed at its interval, and a lake and an
// archive that fail are tried again.
func TestTimesOfTheRiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		j := &memoryJournal{wake: make(chan struct{})}
		l := &memoryLake{fail: 1}
		archive := &fakeArchive{added: make(chan uint64, 10), fail: 2}
		config := DefaultConfig()
		p, err := New(t.Context(), config, Parts{
			Journal: j, Lake: l, Archive: archive, State: db, Clock: clock.System(), Logger: quiet,
			Normaliser: normalise.New(normalise.Config{}),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- p.Run(ctx) }()

		start := time.Now()
		if _, err := p.Journal(ctx, auditLines(0, 3)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if l.Applied() != 0 {
			t.Error("the lake failed and yet has rows")
		}
		time.Sleep(config.RetryAfter)
		synctest.Wait()
		if l.Applied() != 1 || p.Status().FlushError == "" {
			t.Errorf("not tried again: position %d", l.Applied())
		}
		if _, err := p.Journal(ctx, auditLines(3, 3)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if took := p.Status().Lag; l.Applied() != 2 || took > 0 {
			t.Errorf("position %d after %v; no time should pass", l.Applied(), took)
		}
		time.Sleep(3 * config.RetryAfter)
		synctest.Wait()
		if last, _, _ := archive.counts(); last != 2 || p.Status().ArchiveError != "" {
			t.Errorf("archived up to %d, error %q", last, p.Status().ArchiveError)
		}
		if l.flushes() != 0 {
			t.Errorf("flushed after %v", time.Since(start))
		}
		time.Sleep(config.FlushEvery)
		synctest.Wait()
		if n := l.flushes(); n != 1 {
			t.Errorf("flushed %d times after %v", n, time.Since(start))
		}
		want := int(time.Since(start) / config.SealEvery)
		if _, asked, seals := archive.counts(); asked < want-1 || seals != 0 {
			t.Errorf("the archive was asked %d times in %v, sealed %d times", asked, time.Since(start), seals)
		}
		cancel()
		err = <-done
		if _, _, seals := archive.counts(); err != nil || l.flushes() != 2 || seals != 1 {
			t.Errorf("end: %v, flushed %d times, sealed %d times", err, l.flushes(), seals)
		}
	})
}

// memoryJournal and memoryLake are the least that the pipeline can run on.
type memoryJournal struct {
	mu      sync.Mutex
	entries []journal.Entry
	wake    chan struct{}
}

func (j *memoryJournal) Append(_ context.Context, payloads ...model.Payload) (journal.Position, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, p := range payloads {
		j.entries = append(j.entries, journal.Entry{Position: journal.Position(len(j.entries) + 1), Payload: p})
	}
	close(j.wake)
	j.wake = make(chan struct{})
	return journal.Position(len(j.entries)), nil
}

func (j *memoryJournal) Last() journal.Position {
	j.mu.Lock()
	defer j.mu.Unlock()
	return journal.Position(len(j.entries))
}

func (j *memoryJournal) Wait(ctx context.Context, after journal.Position) error {
	for {
		j.mu.Lock()
		last, wake := journal.Position(len(j.entries)), j.wake
		j.mu.Unlock()
		if last > after {
			return nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (j *memoryJournal) Read(_ context.Context, after journal.Position, yield func(journal.Entry) error) error {
	j.mu.Lock()
	entries := j.entries[after:]
	j.mu.Unlock()
	for _, e := range entries {
		if err := yield(e); err != nil {
			return err
		}
	}
	return nil
}

func (j *memoryJournal) Lend(ctx context.Context, after journal.Position, yield func(journal.Entry) error) error {
	return j.Read(ctx, after, yield)
}

type memoryLake struct {
	mu      sync.Mutex
	applied uint64
	flushed int
	fail    int
}

func (l *memoryLake) Apply(_ context.Context, b lake.Batch) (lake.Applied, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail > 0 {
		l.fail--
		return lake.Applied{}, errors.New("no space left on device")
	}
	if b.Position != l.applied+1 {
		return lake.Applied{}, fmt.Errorf("%w: position %d after %d", lake.ErrUncertain, b.Position, l.applied)
	}
	l.applied = b.Position
	return lake.Applied{Records: len(b.Records), Added: len(b.Records)}, nil
}

func (l *memoryLake) Flush(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flushed++
	return nil
}

func (l *memoryLake) Maintain(context.Context) error { return nil }

func (l *memoryLake) flushes() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.flushed
}

func (l *memoryLake) Applied() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.applied
}

func (l *memoryLake) Position() uint64 { return 0 }
