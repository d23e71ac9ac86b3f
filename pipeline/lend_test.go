package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

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
	flow := func(wrap func(*journal.Journal) Journal) (l left) {
		var seen []normalise.Sighting
		own := t.TempDir()
		r := openRiverWith(t, own, journal.DefaultConfig(filepath.Join(dir, "journal")), func(p *Parts) {
			p.Journal, p.Drift = wrap(p.Journal.(*journal.Journal)), sighted{&seen}
			p.Normaliser = failing{normalise.New(normalise.Config{WorkspaceID: "w", Known: knowsNothing{}})}
		})
		if err := errors.Join(r.Catchup(t.Context()), r.Flush(t.Context())); err != nil {
			t.Fatal(err)
		}
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
	want := flow(func(j *journal.Journal) Journal { return keeping{j} })
	got := flow(func(j *journal.Journal) Journal { return j })
	if len(want.rejects) == 0 || len(want.sightings) == 0 || want.status.Quarantined == 0 || len(want.status.Unknown.Fields) == 0 || want.status.Revisions == 0 {
		t.Fatalf("too little to compare: %d files of rejects, %d sightings, %+v", len(want.rejects), len(want.sightings), want.status)
	}
	if !maps.Equal(got.rows, want.rows) {
		t.Errorf("rows differ: %+v, want %+v", got.rows, want.rows)
	}
	if !reflect.DeepEqual(got.status, want.status) {
		t.Errorf("status %+v, want %+v", got.status, want.status)
	}
	if !maps.Equal(got.rejects, want.rejects) {
		t.Errorf("rejects %v, want %v", got.rejects, want.rejects)
	}
	if !reflect.DeepEqual(got.sightings, want.sightings) {
		t.Error("what was sighted differs")
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
			p.Body = append(p.Body, fmt.Sprintf(`{"poison":%d}`, i)...)
		}
		payloads = append(payloads, p)
	}
	return payloads
}
