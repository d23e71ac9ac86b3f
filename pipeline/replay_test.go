package pipeline

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/schema"
)

// half is a normaliser that takes only the first record of a payload.
type half struct{ Normaliser }

func (h half) Payload(p model.Payload) normalise.Result {
	r := h.Normaliser.Payload(p)
	r.Records = r.Records[:1]
	return r
}

func TestReplayEndsTheQuarantine(t *testing.T) {
	dir := t.TempDir()
	r := openRiver(t, dir, func(p *Parts) { p.Normaliser = failing{p.Normaliser} })
	poison, nowhere := auditLines(0, 1), auditLines(1, 1)
	poison.Body = append(poison.Body, `{"poison":1}`...)
	nowhere.Body = append(nowhere.Body, `{"nowhere":1}`...)
	r.add(t, poison)
	r.add(t, nowhere)
	if err := r.Catchup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := r.Status(); s.Quarantined != 2 {
		t.Fatalf("status %+v", s)
	}
	parts := r.Parts
	parts.Normaliser = half{normalise.New(normalise.Config{})}
	r.lake.Close()
	if err := Replay(t.Context(), lake.DefaultConfig(filepath.Join(dir, "lake")), DefaultConfig(), parts, nil); err != nil {
		t.Fatal(err)
	}
	if list, err := r.Quarantine(t.Context(), 10); err != nil || len(list) != 0 {
		t.Errorf("still in quarantine: %+v, %v", list, err)
	}
}

func TestReplayBuildsTheLakeAnew(t *testing.T) {
	dir := t.TempDir()
	r := openRiver(t, dir, func(p *Parts) { p.Normaliser = half{p.Normaliser} })
	for i := range 4 {
		r.add(t, auditLines(i*10, 10))
	}
	if err := errors.Join(r.Catchup(t.Context()), r.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	if n := r.rows(t, schema.UnifiedAuditLog); n != 4 {
		t.Fatalf("%d rows of the first normaliser", n)
	}
	parts := r.Parts
	parts.Normaliser = normalise.New(normalise.Config{})
	config := lake.DefaultConfig(filepath.Join(dir, "lake"))
	if err := Replay(t.Context(), config, DefaultConfig(), parts, nil); !errors.Is(err, lake.ErrLocked) {
		t.Fatalf("replay into a lake in use: %v", err)
	}
	if err := r.lake.Close(); err != nil {
		t.Fatal(err)
	}
	var reached []uint64
	err := Replay(t.Context(), config, DefaultConfig(), parts, func(position, last uint64) {
		if last != 4 {
			t.Errorf("last is %d", last)
		}
		reached = append(reached, position)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(reached) != 4 || reached[3] != 4 {
		t.Errorf("progress %v", reached)
	}
	r.close()

	r = openRiver(t, dir, nil)
	if err := r.Catchup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, s := r.rows(t, schema.UnifiedAuditLog), r.Status(); n != 40 || s.Entries != 0 || s.Committed != 4 {
		t.Errorf("%d rows, status %+v", n, s)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "lake.") {
			t.Errorf("%s was left behind", e.Name())
		}
	}
}
