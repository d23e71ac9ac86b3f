package journal

import (
	"bytes"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/quoll/quoll/model"
)

// freed is payloads whose bodies are overwritten when they are free, and how often each
// was.
type freed struct {
	times []atomic.Int32
	want  [][]byte
}

func (f *freed) payload(n int) model.Payload {
	p := model.Payload{Name: fmt.Sprint(n), Body: []byte(strings.Repeat(fmt.Sprintf(`{"Id":"%d"},`, n), 100))}
	f.want[n] = bytes.Clone(p.Body)
	body := p.Body
	p.Free = func() {
		f.times[n].Add(1)
		clear(body)
	}
	return p
}

func appendFreed(t *testing.T, recent int64, count int) (*Journal, *freed) {
	t.Helper()
	cfg := DefaultConfig(t.TempDir())
	cfg.RecentBytes = recent
	j, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	f := &freed{times: make([]atomic.Int32, count), want: make([][]byte, count)}
	for n := range count {
		if _, err := j.Append(t.Context(), f.payload(n)); err != nil {
			t.Fatal(err)
		}
	}
	return j, f
}

func (f *freed) expect(t *testing.T, when string, want func(n int) int32) {
	t.Helper()
	for n := range f.times {
		if got := f.times[n].Load(); got != want(n) {
			t.Errorf("%s: body %d was freed %d times, not %d", when, n, got, want(n))
		}
	}
}

// The memory of a body comes back once, and not before everybody who has it gave it back.
func TestTheMemoryOfAnAppendedBodyComesBackOnce(t *testing.T) {
	j, f := appendFreed(t, 1<<20, 6)
	f.expect(t, "in memory", func(int) int32 { return 0 })
	var lent, read, kept []Entry
	collect := func(into *[]Entry) func(Entry) error {
		return func(e Entry) error {
			if e.Payload.Free != nil {
				t.Error("a reader can free the body without asking others")
			}
			*into = append(*into, e)
			return nil
		}
	}
	for _, err := range []error{
		j.Lend(t.Context(), 0, collect(&lent)), j.Read(t.Context(), 1, collect(&read)), j.Read(t.Context(), 4, collect(&kept)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range lent {
		lent[i].GiveBack()
		lent[i].GiveBack() // has no effect
	}
	f.expect(t, "others have it", func(int) int32 { return 0 })
	for n := range 1200 { // they leave the memory
		if _, err := j.Append(t.Context(), lentPayload(n, 40)); err != nil {
			t.Fatal(err)
		}
	}
	if _, in := j.recently(6); in {
		t.Fatal("the first entries are in memory still")
	}
	f.expect(t, "nobody else has the first", func(n int) int32 {
		if n == 0 {
			return 1
		}
		return 0
	})
	for i := range read {
		if n := i + 1; !bytes.Equal(read[i].Payload.Body, f.want[n]) {
			t.Errorf("body %d changed while it was held", n)
		}
		read[i].GiveBack()
	}
	f.expect(t, "the last two are kept for good", func(n int) int32 {
		if n < 4 {
			return 1
		}
		return 0
	})
	n := 0
	err := j.Read(t.Context(), 0, func(e Entry) error {
		if n < len(f.want) && (!bytes.Equal(e.Payload.Body, f.want[n]) || e.Payload.SHA256() != e.SHA256) {
			t.Errorf("entry %d is another on disk", e.Position)
		}
		n++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A journal that keeps none in memory needs none when they are on disk.
func TestMemoryComesBackAtOnceWhereNothingIsKept(t *testing.T) {
	_, f := appendFreed(t, 0, 3)
	f.expect(t, "journalled", func(int) int32 { return 1 })
}

// What a lent body does not fill of its memory counts as well.
func TestMemoryThatABodyDoesNotFillCounts(t *testing.T) {
	cfg := DefaultConfig(t.TempDir())
	cfg.RecentBytes = 1 << 20
	j, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	for n := range 20 {
		p := lentPayload(n, 40)
		p.Body = append(make([]byte, 0, 100<<10), p.Body...)
		p.Free = func() {}
		if _, err := j.Append(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if _, in := j.recently(10); in {
		t.Error("eleven bodies that keep 100 KiB each are in memory, where a mebibyte is allowed")
	}
	if _, in := j.recently(11); !in {
		t.Error("ten bodies that keep 100 KiB each are not in memory")
	}
}
