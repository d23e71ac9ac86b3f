package journal

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/quoll/quoll/model"
)

func lentPayload(n, repeats int) model.Payload {
	return model.Payload{Name: fmt.Sprint(n), Body: []byte(strings.Repeat(fmt.Sprintf(`{"Id":"%d","Operation":"FileAccessed"},`, n), repeats))}
}

// What is lent is what was appended, also when memory that was given back is used for
// the next body, and what Read gives stays as it is meanwhile.
func TestMemoryOfLentBodiesComesBack(t *testing.T) {
	j, err := Open(DefaultConfig(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	sizes := []int{40, 90, 1, 200, 60, 0, 20_000, 30, 200_000, 10}
	var want []model.Payload
	for n, size := range sizes {
		want = append(want, lentPayload(n, size))
	}
	if _, err := j.Append(t.Context(), want...); err != nil {
		t.Fatal(err)
	}
	var kept []Entry
	if err := j.Read(t.Context(), 0, func(e Entry) error { kept = append(kept, e); return nil }); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		var held []Entry // some are given back late
		n := 0
		err := j.Lend(t.Context(), 0, func(e Entry) error {
			held = append(held, e)
			if len(held) < 3 {
				return nil
			}
			for i := range held {
				e := &held[i]
				if !bytes.Equal(e.Payload.Body, want[n].Body) || e.Payload.Name != want[n].Name || e.SHA256 != want[n].SHA256() {
					t.Errorf("entry %d is lent as %.40q of %d bytes", e.Position, e.Payload.Body, len(e.Payload.Body))
				}
				e.GiveBack()
				e.GiveBack() // has no effect
				n++
			}
			held = held[:0]
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, e := range kept {
		if !bytes.Equal(e.Payload.Body, want[i].Body) {
			t.Errorf("entry %d, which was not lent, has changed", e.Position)
		}
	}
}

// Every changed bit of a stored body is found without the checksum of the entry, which
// is right here: by that of the frame, or by SHA-256 where there is none. What is not
// found must be the body all the same.
func TestALentBodyIsCheckedBesidesTheEntrysChecksum(t *testing.T) {
	p := lentPayload(7, 30)
	before, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(false))
	if err != nil {
		t.Fatal(err)
	}
	c := newCodec()
	now, err := c.encode(&p)
	if err != nil {
		t.Fatal(err)
	}
	if !isSummed(now.stored) {
		t.Fatal("the frame has no checksum")
	}
	for name, stored := range map[string][]byte{"with a checksum": now.stored, "of before": before.EncodeAll(p.Body, nil)} {
		h := now.header
		h.storedSize = int64(len(stored))
		lend := func(stored []byte) (Entry, error) {
			e, _, err := c.lend(&h, slices.Concat(now.meta, stored))
			return e, err
		}
		if e, err := lend(stored); err != nil || !bytes.Equal(e.Payload.Body, p.Body) {
			t.Fatalf("frame %s: %v", name, err)
		}
		found := 0
		for bit := range 8 * len(stored) {
			changed := bytes.Clone(stored)
			changed[bit/8] ^= 1 << (bit % 8)
			e, err := lend(changed)
			if err == nil && !bytes.Equal(e.Payload.Body, p.Body) {
				t.Errorf("frame %s: bit %d has changed unseen", name, bit)
			}
			if err != nil {
				found++
			}
			e.GiveBack()
		}
		if found < 6*len(stored) {
			t.Errorf("frame %s: %d of %d bits were found", name, found, 8*len(stored))
		}
	}
	other := now.header
	other.sha256[0] ^= 1
	if _, _, err := c.lend(&other, slices.Concat(now.meta, before.EncodeAll(p.Body, nil))); err == nil {
		t.Error("a frame of before was not held against SHA-256")
	}
	other = now.header
	other.bodySize++
	if _, _, err := c.lend(&other, slices.Concat(now.meta, now.stored)); err == nil {
		t.Error("a body that is too short was lent")
	}
	other.bodySize -= 2
	if _, _, err := c.lend(&other, slices.Concat(now.meta, now.stored)); err == nil {
		t.Error("a body that is too long was lent")
	}
}
