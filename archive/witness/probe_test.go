package witness

import (
	"errors"
	"net/http"
	"testing"

	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/internal/durable/durabletest"
)

// TestProbe asks witnesses whether they would cosign, which leaves them as they were.
func TestProbe(t *testing.T) {
	log, stranger := newTree(t, 7).grow(t, "a", "b", "c"), newTree(t, 8).grow(t, "a", "b")
	head := func(l *tree) *proof.Checkpoint {
		c, err := proof.OpenCheckpoint(l.Checkpoint(), l.key, nil)
		if err != nil {
			t.Fatal(err)
		}
		return &c
	}
	fsys := durabletest.New(nil)
	knows := mustOpen(t, config(t, fsys, log.key))
	if a := knows.add(log.request(t, 0)); a.status != http.StatusOK {
		t.Fatal(a)
	}
	handlers := direct{"w": knows, "other": mustOpen(t, config(t, durabletest.New(nil))), "page": http.NotFoundHandler()}
	_, key := newCosigner(t, 1)
	for _, tt := range []struct {
		name, host string
		head       *proof.Checkpoint
		known      bool
		want       error
	}{
		{"as cosigned", "w", head(log), true, nil},
		{"grown since", "w", head(log.clone().grow(t, "d")), true, nil},
		{"before the first checkpoint", "w", nil, false, nil},
		{"not told of the log", "other", head(log), false, ErrUnknown},
		{"no witness", "page", nil, false, ErrNoWitness},
		{"another key", "w", head(stranger), false, ErrKey},
	} {
		got, err := Probe(t.Context(), &http.Client{Transport: handlers}, Endpoint{"http://" + tt.host, key}, tt.head)
		if got.Known != tt.known || !errors.Is(err, tt.want) || !got.Ends.IsZero() {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
		if kept := alarms(t, fsys); (len(kept) > 0) != (tt.want == ErrKey) {
			t.Errorf("%s left alarms %+v", tt.name, kept)
		}
	}
	if c, err := proof.OpenCheckpoint(knows.Latest(origin), log.key, nil); err != nil || c.Size != 3 {
		t.Errorf("it has cosigned since: %+v, %v", c, err)
	}
}
