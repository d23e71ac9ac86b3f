package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/schema"
)

// keeping gives bodies to keep, where the journal would lend them.
type keeping struct{ *journal.Journal }

func (k keeping) Lend(ctx context.Context, after journal.Position, yield func(journal.Entry) error) error {
	return k.Read(ctx, after, yield)
}

// sighted keeps what was sighted, as long as the river flows.
type sighted struct{ all *[]normalise.Sighting }

func (s sighted) Keep(_ context.Context, _ uint64, _ time.Time, sightings []normalise.Sighting) error {
	*s.all = append(*s.all, sightings...)
	return nil
}

type knowsNothing struct{}

func (knowsNothing) Has(uint64) bool { return false }

// Nothing that is left of a payload refers to its body once that was given back, when
// other payloads are in its place: not rows, counts, rejects or sightings.
func TestNothingRefersToABodyThatWasGivenBack(t *testing.T) {
	dir := t.TempDir()
	r := openRiver(t, dir, nil)
	for _, p := range variedPayloads() {
		r.add(t, p)
	}
	r.close()
	type left struct {
		rows      map[string]model.RowSum
		status    Status
		rejects   map[string]string
		sightings []string
	}
	flow := func(from journal.Config, wrap func(*journal.Journal) Journal, archive Archive, run func(*river)) (l left) {
		var seen []normalise.Sighting
		own := t.TempDir()
		r := openRiverWith(t, own, from, func(p *Parts) {
			p.Journal, p.Drift, p.Archive = wrap(p.Journal.(*journal.Journal)), sighted{&seen}, archive
			p.Normaliser = failing{normalise.New(normalise.Config{WorkspaceID: "w", Known: knowsNothing{}})}
		})
		run(r)
		l.status = r.Status()
		l.status.LastApplied, l.status.LastFlush, l.status.Lag = time.Time{}, time.Time{}, 0
		for _, s := range seen {
			l.sightings = append(l.sightings, fmt.Sprintf("%+v", s))
		}
		l.rows, l.rejects = map[string]model.RowSum{}, map[string]string{}
		for _, table := range schema.Tables() {
			var sum model.RowSum
			err := r.lake.Contents(t.Context(), table.Name, func(c lake.Content) error {
				addRow(&sum, c)
				return nil
			}, func(path string, err error) { t.Error(path, err) })
			if err != nil {
				t.Fatal(err)
			}
			l.rows[table.Name] = sum
		}
		files, err := filepath.Glob(filepath.Join(own, "rejects", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			l.rejects[filepath.Base(path)] = string(text)
		}
		r.close()
		return l
	}
	catchUp := func(r *river) {
		if err := errors.Join(r.Catchup(t.Context()), r.Flush(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	from := journal.DefaultConfig(filepath.Join(dir, "journal"))
	itself := func(j *journal.Journal) Journal { return j }
	want := flow(from, func(j *journal.Journal) Journal { return keeping{j} }, nil, catchUp)
	if len(want.rejects) == 0 || len(want.sightings) == 0 || want.status.Quarantined == 0 || len(want.status.Unknown.Fields) == 0 || want.status.Revisions == 0 {
		t.Fatalf("too little to compare: %d files of rejects, %d sightings, %+v", len(want.rejects), len(want.sightings), want.status)
	}
	compare := func(name string, got left) {
		if !maps.Equal(got.rows, want.rows) {
			t.Errorf("%s: rows differ: %+v, want %+v", name, got.rows, want.rows)
		}
		if !reflect.DeepEqual(got.status, want.status) {
			t.Errorf("%s: status %+v, want %+v", name, got.status, want.status)
		}
		if !maps.Equal(got.rejects, want.rejects) {
			t.Errorf("%s: rejects %v, want %v", name, got.rejects, want.rejects)
		}
		if !reflect.DeepEqual(got.sightings, want.sightings) {
			t.Errorf("%s: what was sighted differs", name)
		}
	}
	compare("read from disk", flow(from, itself, nil, catchUp))
	own := journal.DefaultConfig(filepath.Join(t.TempDir(), "journal"))
	own.RecentBytes = 64 << 10 // some five payloads: they come from memory and from disk
	archive := &packedArchive{packed: map[uint64][]byte{}}
	var freed atomic.Int64
	compare("journalled meanwhile", flow(own, itself, archive, func(r *river) { runWith(t, r, variedPayloads(), &freed) }))
	archive.compare(t, variedPayloads())
	if n := freed.Load(); n < 20 {
		t.Errorf("the memory of %d bodies came back", n)
	}
}

// runWith journals payloads while the river runs, and overwrites each body once it is free.
func runWith(t *testing.T, r *river, payloads []model.Payload, freed *atomic.Int64) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- r.Run(ctx) }()
	for _, p := range payloads {
		body := p.Body
		p.Free = func() {
			freed.Add(1)
			for i := range body {
				body[i] = '!'
			}
		}
		r.add(t, p)
	}
	for last := uint64(r.journal.Last()); r.lake.Applied() < last || r.Parts.Archive.(*packedArchive).last() < last; {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// packedArchive keeps what the archive does: the packed body, or the body where there is
// none, copied when all have come.
type packedArchive struct {
	mu     sync.Mutex
	bodies [][]byte // by position; nil where packed
	packed map[uint64][]byte
}

func (a *packedArchive) Add(_ context.Context, position uint64, p model.Payload) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	body := p.Body
	if p.Packed != nil {
		a.packed[position], body = p.Packed, nil
	}
	a.bodies = append(a.bodies, body)
	return nil
}

func (a *packedArchive) SealIfDue(context.Context) error { return nil }

func (a *packedArchive) Flush(context.Context) error { return nil }

func (a *packedArchive) Sealed() uint64 { return 0 }

func (a *packedArchive) last() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return uint64(len(a.bodies))
}

// compare holds what was kept against payloads.
func (a *packedArchive) compare(t *testing.T, payloads []model.Payload) {
	unpack, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer unpack.Close()
	for i, body := range a.bodies {
		if packed := a.packed[uint64(i+1)]; packed != nil {
			if body, err = unpack.DecodeAll(packed, nil); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(body, payloads[i].Body) {
			t.Errorf("position %d was archived as %.60q", i+1, body)
		}
	}
}

// variedPayloads are of several formats and sizes, with what is rejected, unknown,
// revised and quarantined among them.
func variedPayloads() (payloads []model.Payload) {
	received := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	for i := range 60 {
		p := auditLines(i*40, 30+i%7)
		p.Received = received
		switch i % 6 {
		case 1:
			p.Body = append(p.Body, fmt.Sprintf("{\"broken%d\n", i)...)
		case 2:
			p.Body = append(p.Body, fmt.Sprintf(`{"Id":"%d","CreationTime":"2026-03-14T12:00:00","Operation":"New%d","Field%d":{"A%d":["x%d"]},"Workload":"Exchange"}`, i, i, i, i, i)...)
		case 3:
			p.Body = fmt.Appendf(p.Body, `{"Id":"00000000-0000-4000-8000-%012d","CreationTime":"2026-03-14T12:00:00","Operation":"FileAccessed","OrganizationId":"11111111-2222-4333-8444-555555555555","Changed":%d}`, (i-1)*40, i)
		case 4:
			p.Body = fmt.Appendf(nil, `{"category":"AdvancedHunting-Unknown%d","properties":{"Timestamp":"2026-03-14T12:00:00Z","Text":"%0300d"}}`, i, i)
			p.Format = model.FormatDefenderLines
		case 5:
			if i%12 == 5 {
				p.Body = nil // so short that nobody packs it
			}
			p.Body = append(p.Body, fmt.Sprintf(`{"poison":%d}`, i)...)
		}
		payloads = append(payloads, p)
	}
	return payloads
}
