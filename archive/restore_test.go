package archive

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/quoll/quoll/model"
)

func restored(t *testing.T, p *Prover, to uint64) ([]model.Payload, error) {
	t.Helper()
	var all []model.Payload
	err := p.Payloads(t.Context(), to, func(payload model.Payload, leaf PayloadLeaf) error {
		if leaf.Position != uint64(len(all)+1) {
			return fmt.Errorf("position %d after %d", leaf.Position, len(all))
		}
		all = append(all, payload)
		return nil
	})
	return all, err
}

// TestPayloadsAreRestored gives back every payload, byte for byte and with its
// envelope.
func TestPayloadsAreRestored(t *testing.T) {
	files, key, last := tallArchive(t)
	p := proverOf(t, files, key)
	if got, err := p.Last(t.Context()); err != nil || got != last {
		t.Fatalf("last %d, error %v; want %d", got, err, last)
	}
	for _, to := range []uint64{0, 1, 4, 5, 261, last, last + 9} {
		all, err := restored(t, p, to)
		if err != nil {
			t.Fatal(err)
		}
		want := last
		if to > 0 {
			want = min(to, last)
		}
		if uint64(len(all)) != want {
			t.Fatalf("up to %d: %d payloads, want %d", to, len(all), want)
		}
		for i, got := range all {
			sample := samplePayload(uint64(i + 1))
			if !bytes.Equal(got.Body, sample.Body) || !got.Received.Equal(sample.Received) {
				t.Fatalf("position %d: %+v, want %+v", i+1, got, sample)
			}
			got.Body, sample.Body, sample.Packed, got.Received = nil, nil, nil, sample.Received
			if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", sample) {
				t.Fatalf("position %d: %+v, want %+v", i+1, got, sample)
			}
		}
	}
}

// TestNothingDamagedIsRestored flips bytes of objects and of the log: what is
// handed over is always what was archived, and the rest is an error.
func TestNothingDamagedIsRestored(t *testing.T) {
	files, key, last := smallArchive(t)
	p := proverOf(t, files, key)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f := files[name]
		for at := 0; at < len(f.Data); at += stride(13) {
			f.Data[at] ^= 1 << (at % 8)
			all, err := restored(t, p, 0)
			if err == nil && uint64(len(all)) != last {
				t.Fatalf("byte %d of %s: %d payloads and no error", at, name, len(all))
			}
			for i := range all {
				if !bytes.Equal(all[i].Body, samplePayload(uint64(i+1)).Body) {
					t.Fatalf("byte %d of %s: position %d was handed over changed", at, name, i+1)
				}
			}
			f.Data[at] ^= 1 << (at % 8)
		}
	}
	whole := files[objectPath(5, 8)]
	delete(files, objectPath(5, 8))
	if all, err := restored(t, p, 0); !errors.Is(err, ErrDamaged) || len(all) != 4 {
		t.Errorf("an object missing: %d payloads, error %v", len(all), err)
	}
	files[objectPath(5, 8)] = whole
}

// TestPayloadsBesideAServer reads an archive that grows meanwhile, so that the
// tiles at the edge of the checkpoint that was read first are gone.
func TestPayloadsBesideAServer(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, DefaultConfig(filepath.Join(dir, "archive"), filepath.Join(dir, "keys", "archive.key")))
	defer a.Close()
	fill(t, a, 300, 100)
	p, err := OpenProver(filepath.Join(dir, "archive"), a.VerifierKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	read := 0
	err = p.Payloads(t.Context(), 300, func(model.Payload, PayloadLeaf) error {
		if read++; read == 5 {
			fill(t, a, 310, 10)
		}
		return nil
	})
	if err != nil || read != 300 {
		t.Errorf("%d payloads, error %v", read, err)
	}
}
