package archive

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/quoll/quoll/model"
)

// heldIn are the positions that Held hands over of those between two.
func heldIn(t *testing.T, p *Prover, first, last uint64, size int64, wanted func(uint64) bool) (held []uint64, err error) {
	t.Helper()
	err = p.Held(t.Context(), first, last, size, wanted, func(l PayloadLeaf) error {
		held = append(held, l.Position)
		return nil
	})
	return held, err
}

func everyOne(uint64) bool { return true }

func positions(first, last uint64) (all []uint64) {
	for p := first; p <= last; p++ {
		all = append(all, p)
	}
	return all
}

func TestHeld(t *testing.T) {
	files, key, last := tallArchive(t)
	p := proverOf(t, files, key)
	for _, c := range []struct {
		first, last uint64
		size        int64
		want        []uint64
	}{
		{1, last, -1, positions(1, last)},
		{3, 9, -1, positions(3, 9)},
		{250, 265, -1, positions(250, 265)},
		{1, 12, 11, positions(1, 8)}, // the third object's leaf is not under the copy's head
		{1, last, 0, nil},
		{last, last + 9, -1, []uint64{last}},
		{last + 1, last + 9, -1, nil},
	} {
		if got, err := heldIn(t, p, c.first, c.last, c.size, everyOne); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%d to %d under %d leaves: %v, %v; want %v", c.first, c.last, c.size, got, err, c.want)
		}
	}
	odd := func(p uint64) bool { return p%2 == 1 }
	if got, err := heldIn(t, p, 1, 6, -1, odd); err != nil || !slices.Equal(got, []uint64{1, 3, 5}) {
		t.Errorf("%v, %v", got, err)
	}
	stop := errors.New("stop")
	if err := p.Held(t.Context(), 1, 6, -1, everyOne, func(PayloadLeaf) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}

// An object that is damaged or not there is told, unless nothing of it is wanted.
func TestHeldOfADamagedArchive(t *testing.T) {
	files, key, _ := tallArchive(t)
	name := objectPath(5, 8)
	whole := files[name].Data
	for what, change := range map[string]func(){
		"a byte": func() {
			files[name] = &fstest.MapFile{Data: append(slices.Clone(whole[:40]), append([]byte{whole[40] ^ 1}, whole[41:]...)...)}
		},
		"another": func() { files[name] = files[objectPath(1, 4)] },
		"none":    func() { delete(files, name) },
	} {
		change()
		p := proverOf(t, files, key)
		if got, err := heldIn(t, p, 1, 12, -1, everyOne); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), name) || !slices.Equal(got, positions(1, 4)) {
			t.Errorf("%s: %v, %v", what, got, err)
		}
		if got, err := heldIn(t, p, 1, 12, -1, func(p uint64) bool { return p < 5 || p > 8 }); err != nil || len(got) != 8 {
			t.Errorf("%s, not wanted: %v, %v", what, got, err)
		}
		files[name] = &fstest.MapFile{Data: whole}
	}
}

// What was erased or disposed of is not there. Without a key the file is compared.
func TestHeldOfWhatWent(t *testing.T) {
	fsys, a, signed := erasable(t, nil, nil)
	defer a.Close()
	if err := a.Dispose(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	if got, err := heldIn(t, mustProver(t, fsys.Snapshot("/archive"), a.VerifierKey()), 1, 12, -1, everyOne); err != nil || fmt.Sprint(got) != "[1 4 5 6 8 9 10 11 12]" {
		t.Errorf("erased: %v, %v", got, err)
	}
	fsys, a, signed = disposedArchive(t)
	defer a.Close()
	if err := a.Dispose(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	got, err := heldIn(t, mustProver(t, fsys.Snapshot("/archive"), a.VerifierKey()), 1, 12, -1, everyOne)
	if err != nil || slices.Contains(got, 1) || !slices.Contains(got, 12) {
		t.Errorf("disposed of: %v, %v", got, err)
	}
	identity, to := keyPair(t)
	fsys, a, signed = erasable(t, recipients(t, to), Identities{identity})
	defer a.Close()
	if err := a.Dispose(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	files := fsys.Snapshot("/archive")
	if got, err := heldIn(t, mustProver(t, files, a.VerifierKey()), 1, 12, -1, everyOne); err != nil || fmt.Sprint(got) != "[9 10 11 12]" {
		t.Errorf("without a key, of two objects things were erased: %v, %v", got, err)
	}
	name := objectPath(9, 12) + encryptedSuffix
	files[name] = &fstest.MapFile{Data: append(slices.Clone(files[name].Data), 0)}
	if _, err := heldIn(t, mustProver(t, files, a.VerifierKey()), 1, 12, -1, everyOne); !errors.Is(err, ErrDamaged) {
		t.Errorf("without a key, a file that grew: %v", err)
	}
}

// ObjectOf hands over what an object has now, with the bodies that the log says.
func TestObjectOf(t *testing.T) {
	fsys, a, signed := erasable(t, nil, nil)
	defer a.Close()
	object := func(position uint64) (o ObjectLeaf, got []uint64, err error) {
		t.Helper()
		p := mustProver(t, fsys.Snapshot("/archive"), a.VerifierKey())
		o, err = p.ObjectOf(t.Context(), position, func(payload model.Payload, l PayloadLeaf) {
			if proved, err := p.Payload(t.Context(), l.Position); err != nil || !bytes.Equal(proved.Body, payload.Body) {
				t.Errorf("position %d: %q, %v", l.Position, payload.Body, err)
			}
			got = append(got, l.Position)
		})
		return o, got, err
	}
	if o, got, err := object(7); err != nil || o.First != 5 || o.Last != 8 || !slices.Equal(got, positions(5, 8)) {
		t.Errorf("%+v, %v, %v", o, got, err)
	}
	if err := a.Dispose(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	if o, got, err := object(7); err != nil || o.First != 5 || o.Last != 8 || !slices.Equal(got, []uint64{5, 6, 8}) {
		t.Errorf("erased: %+v, %v, %v", o, got, err)
	}
	if _, _, err := object(99); !errors.Is(err, ErrNotFound) {
		t.Errorf("not there: %v", err)
	}
	fsys, a, signed = disposedArchive(t)
	defer a.Close()
	if err := a.Dispose(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	if o, got, err := object(1); err != nil || o.First != 1 || o.Last < 1 || len(got) != 0 {
		t.Errorf("disposed of: %+v, %v, %v", o, got, err)
	}
}
